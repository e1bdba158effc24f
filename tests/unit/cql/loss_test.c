/* Requests under which connections are lost: how often, and how soon, they are sent again, and who is
 * to blame. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "conversation.h"

enum { LANES_MAX = 2048, EXECUTES_PER_LIFE = 200 };

static struct cql_client *client;

/* Requests that are sent one after the other in each of some lanes; the first may be another one. */
static struct {
    struct cql_request requests[LANES_MAX];
    int active, left, answered, lost, run_lost;
    struct fault fault; /* of the last that was not answered */
    bool finished;
} load;

static void send_next(struct cql_request *r)
{
    if (load.left == 0 || !cql_client_send(client, r, NULL)) {
        load.finished = --load.active == 0;
        return;
    }
    load.left--;
}

static void on_done(struct cql_request *r)
{
    load.answered += r->outcome == CQL_ANSWERED;
    load.lost += r->outcome == CQL_REQUEST_LOST;
    load.run_lost += r->outcome == CQL_RUN_LOST;
    if (r->outcome != CQL_ANSWERED)
        load.fault = r->fault;
    /* What kills is sent once, the others as long as there are more. */
    if (r == &load.requests[0] && r->outcome == CQL_REQUEST_LOST)
        load.finished = --load.active == 0;
    else
        send_next(r);
}

/* |count| requests, the first of which is |first|. */
static void do_load(int lanes, int count, const char *first)
{
    memset(&load, 0, sizeof load);
    load.left = count;
    load.active = lanes;
    for (int i = 0; i < lanes; i++) {
        struct cql_request *r = &load.requests[i];
        r->statement = cql_client_statement(
            client, bytes_of(i == 0 ? first : "UPDATE ks.t SET v = 'x' WHERE k = 1"), &talk.fault);
        r->purpose = CQL_FOR_ROW;
        r->done = on_done;
        send_next(r);
    }
    cql_client_run(client, &load.finished);
}

static struct loop *loop;
static int executes, limit;

static int set_up(void **state)
{
    (void)state;
    talk_patience_ms = CQL_PATIENCE_MS;
    server_start(4, false, false);
    executes = 0;
    loop = loop_new(&talk.fault);
    client = loop ? open_client(loop, 4, false) : NULL;
    if (client)
        cql_client_set_in_flight(client, LANES_MAX);
    return client ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    cql_client_free(client);
    loop_free(loop);
    return net.live;
}

static bool kills(struct server_conn *c, int16_t stream, enum cql_opcode opcode, struct bytes body)
{
    (void)stream;
    bool does = strstr(server_text_of(opcode, body), "killer") != NULL;
    if (does)
        net_close(c->t);
    return does;
}

static void what_kills_its_connection_takes_no_other_with_it(void **state)
{
    (void)state;
    server.twist = kills;
    do_load(32, 400, "UPDATE ks.killer");
    assert_int_equal(load.answered, 399);
    assert_int_equal(load.lost, 1);
    assert_non_null(strstr(load.fault.text, "the connection was cut"));
    assert_true(net.connections < 30);
}

static bool lies(struct server_conn *c, int16_t stream, enum cql_opcode opcode, struct bytes body)
{
    bool does = strstr(server_text_of(opcode, body), "killer") != NULL;
    if (does)
        server_reply(c, stream, CQL_READY, (struct bytes){body.p, 0});
    return does;
}

static void what_is_answered_with_a_lie_takes_no_other_with_it(void **state)
{
    (void)state;
    server.twist = lies;
    do_load(32, 400, "UPDATE ks.killer");
    assert_int_equal(load.answered, 399);
    assert_int_equal(load.lost, 1);
    assert_int_equal(load.fault.code, FAULT_PROTOCOL);
    assert_in_range(net.connections, 3, 4);
}

/* A page that is too large, or the like: less is asked for at once. */
static void a_page_that_is_a_lie_is_split(void **state)
{
    (void)state;
    server.twist = lies;
    struct cql_request *r = &load.requests[0];
    memset(&load, 0, sizeof load);
    *r = (struct cql_request){.purpose = CQL_FOR_SCAN, .done = on_done};
    r->statement = cql_client_statement(client, bytes_of("SELECT killer"), &talk.fault);
    load.left = load.active = 1;
    send_next(r);
    cql_client_run(client, &load.finished);
    assert_int_equal(r->outcome, CQL_SPLIT);
    assert_int_equal(load.fault.code, FAULT_PROTOCOL);
    assert_int_equal(net.connections, 1);
}

/* Counts EXECUTEs; every |limit|th of them ends the connection. */
static bool flaps(struct server_conn *c, int16_t stream, enum cql_opcode opcode, struct bytes body)
{
    (void)stream, (void)body;
    if (opcode != CQL_EXECUTE || ++executes % limit != 0)
        return false;
    net_close(c->t);
    return true;
}

static void a_node_that_flaps_for_hours_stops_nothing(void **state)
{
    (void)state;
    uint64_t began = net.now_ms;
    server.twist = flaps;
    limit = EXECUTES_PER_LIFE;
    do_load(64, 400000, "UPDATE ks.t");
    assert_int_equal(load.answered, 400000);
    assert_true(net.now_ms - began > 3600 * 1000);
}

static bool is_over;
static void on_over(void *unused)
{
    (void)unused;
    is_over = load.finished = true;
}

/* Lost for the first time it is sent again at once; then the retry budget counts. Without it they
 * are sent at each of about ten connections. */
static void what_is_lost_again_counts_for_the_retry_budget(void **state)
{
    (void)state;
    struct timer *t = timer_new(loop, on_over, NULL);
    assert_non_null(t);
    server.twist = flaps;
    limit = 1;
    is_over = false;
    timer_start(t, 10000, 0);
    do_load(LANES_MAX, LANES_MAX, "UPDATE ks.t");
    assert_true(is_over);
    timer_free(t);
    assert_in_range(executes, 2 * LANES_MAX, 2 * LANES_MAX + 200 + 10 * 100 + 3 * LANES_MAX / 10);
    server.twist = NULL;
    load.finished = false;
    cql_client_run(client, &load.finished);
    assert_int_equal(load.answered, LANES_MAX);
}

/* Not one request after the other: the nodes are to blame, and the same command goes on later. */
static void nothing_answered_for_as_long_as_the_patience_loses_the_run(void **state)
{
    (void)state;
    uint64_t began = net.now_ms;
    server.twist = flaps;
    limit = 1;
    do_load(8, 1000, "UPDATE ks.t");
    assert_int_equal(load.lost, 0);
    assert_int_equal(load.run_lost, 8);
    assert_int_equal(load.fault.code, FAULT_UNREACHABLE);
    assert_non_null(strstr(load.fault.text, "no request was answered for 120 s"));
    assert_string_equal(load.fault.subject, "10.0.0.5:9042");
    assert_in_range(net.now_ms - began, CQL_PATIENCE_MS, 2 * CQL_PATIENCE_MS);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_kills_its_connection_takes_no_other_with_it),
        TEST(what_is_answered_with_a_lie_takes_no_other_with_it),
        TEST(a_page_that_is_a_lie_is_split),
        TEST(a_node_that_flaps_for_hours_stops_nothing),
        TEST(what_is_lost_again_counts_for_the_retry_budget),
        TEST(nothing_answered_for_as_long_as_the_patience_loses_the_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
