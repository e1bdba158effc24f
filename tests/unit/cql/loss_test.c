/* Requests under which connections are lost: how often, and how soon, they are sent again, and who is
 * to blame. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "conversation.h"

enum { LANES_MAX = 32 };

static struct cql_client *client;

/* Requests that are sent one after the other in each of some lanes; the first may be another one. */
static struct {
    struct cql_request requests[LANES_MAX];
    int active, left, answered, lost;
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

static int set_up(void **state)
{
    (void)state;
    talk_patience_ms = CQL_PATIENCE_MS;
    server_start(4, false, false);
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

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_answered_with_a_lie_takes_no_other_with_it),
        TEST(a_page_that_is_a_lie_is_split),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
