/* The client against a scripted cluster. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "cql/client.h"
#include "cql/in_flight.h"
#include "scripted_cluster.h"

static struct loop *loop;
static struct fault fault;
static struct cql_client *client;

static bool try_to_open(const char *contact, const char *dc)
{
    struct cql_address address = {.port = cluster.port};
    snprintf(address.host, sizeof address.host, "%s", contact);
    struct cql_client_options o = {
        .addresses = &address,
        .address_count = 1,
        .local_dc = dc,
        .user = "mover",
        .password = "secret",
        .version = 4,
        .in_flight = 32,
        .timeout_ms = 400,
        .max_retries = 6,
        .patience_ms = 1500,
        .consistency = CQL_LOCAL_QUORUM,
        .serial_consistency = CQL_LOCAL_SERIAL,
    };
    client = cql_client_open(loop, &o, &fault);
    return client != NULL;
}

static void open_client(void)
{
    assert_true(try_to_open("127.0.0.1", NULL));
}

/* Runs the client for so long, whatever happens. */
static bool is_over;
static void on_over(void *unused)
{
    (void)unused;
    is_over = true;
}

static void run_for(unsigned ms)
{
    struct timer *t = timer_new(loop, on_over, NULL);
    assert_non_null(t);
    is_over = false;
    timer_start(t, ms, 0);
    cql_client_run(client, &is_over);
    timer_free(t);
}

enum { LANES = 8, LANES_MANY = 64, LANES_MAX = 256 };

/* Requests of one test: |left| more to be told, one after the other in each of some lanes. */
static struct {
    struct cql_request requests[LANES_MAX];
    int active, left, told, answered;
    enum cql_outcome last;
    struct fault fault;
    bool finished;
    int64_t token;
    bool has_token;
} load;

static void send_next(struct cql_request *r)
{
    if (load.left == 0 || !cql_client_send(client, r, NULL)) {
        if (--load.active == 0)
            load.finished = true;
        return;
    }
    load.left--;
}

static void on_done(struct cql_request *r)
{
    load.told++;
    load.answered += r->outcome == CQL_ANSWERED;
    if (r->outcome != CQL_ANSWERED) {
        load.last = r->outcome;
        load.fault = r->fault;
    }
    send_next(r);
}

static void begin_lanes(int lanes, int count, const int64_t *token)
{
    memset(&load, 0, sizeof load);
    load.left = count;
    load.active = lanes;
    for (int i = 0; i < lanes; i++) {
        struct cql_request *r = &load.requests[i];
        r->statement = cql_client_statement(client, bytes_of("UPDATE t"), &fault);
        r->purpose = CQL_FOR_ROW;
        r->done = on_done;
        if (token) {
            r->keyspace = "ks";
            r->token = *token;
        }
        send_next(r);
    }
}

static void begin_load(int count, const int64_t *token)
{
    begin_lanes(LANES, count, token);
}

/* Every one of them is told exactly once. */
static void do_load(int count, const int64_t *token)
{
    begin_load(count, token);
    cql_client_run(client, &load.finished);
    assert_int_equal(load.told, count);
}

static int executes_of(int number)
{
    return cluster.peers[number - 1].executes;
}

static const int64_t tokens_of[PEERS] = {INT64_MAX, 0, 5000000000000000000};

/* A client with connections to all, and the statement prepared everywhere. */
static void open_warm(void)
{
    open_client();
    cql_client_reach(client);
    for (int i = 0; i < PEERS; i++)
        do_load(16, &tokens_of[i]);
    for (int i = 0; i < PEERS; i++)
        cluster.peers[i].executes = 0;
}

static int set_up(void **state)
{
    (void)state;
    memset(&cluster, 0, sizeof cluster);
    cluster.size = 3;
    cluster.has_peers_v2 = true;
    loop = loop_new(&fault);
    for (int i = 1; i <= PEERS; i++)
        start_peer(i);
    return loop ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    cql_client_free(client);
    client = NULL;
    loop_poll(loop);
    for (int i = 1; i <= PEERS; i++)
        if (cluster.peers[i - 1].listener >= 0)
            stop_peer(i);
    loop_free(loop);
    return 0;
}

static void a_request_goes_to_the_replica_of_its_token(void **state)
{
    (void)state;
    static const int64_t tokens[] = {INT64_MIN, 0, 5000000000000000000, INT64_MAX};
    static const int owners[] = {1, 2, 3, 1};
    open_warm();
    for (int i = 0; i < 4; i++) {
        int before = executes_of(owners[i]);
        do_load(50, &tokens[i]);
        assert_int_equal(load.answered, 50);
        assert_int_equal(executes_of(owners[i]) - before, 50);
    }
}

static void a_statement_is_prepared_once_per_node(void **state)
{
    (void)state;
    open_client();
    cql_client_reach(client);
    do_load(300, NULL);
    for (int i = 0; i < PEERS; i++) {
        assert_int_equal(cluster.peers[i].prepares, 1);
        assert_true(cluster.peers[i].executes > 0);
    }
}

static void connections_are_opened_when_they_are_wanted(void **state)
{
    (void)state;
    const int64_t token = 0;
    open_client();
    assert_int_equal(cluster.peers[1].connections, 0);
    do_load(50, &token);
    run_for(300);
    do_load(50, &token); /* prepares it there */
    int before = executes_of(2);
    do_load(50, &token);
    assert_int_equal(cluster.peers[1].connections, 1);
    assert_int_equal(executes_of(2) - before, 50);
    assert_int_equal(cluster.peers[2].connections, 0);
}

static void only_the_control_connection_registers_for_events(void **state)
{
    (void)state;
    open_client();
    cql_client_reach(client);
    do_load(50, NULL);
    assert_int_equal(cluster.peers[0].registers, 1);
    assert_int_equal(cluster.peers[1].registers + cluster.peers[2].registers, 0);
    stop_peer(1);
    for (int i = 0; i < 50 && cluster.peers[1].snapshots + cluster.peers[2].snapshots == 0; i++)
        run_for(100);
    assert_int_equal(cluster.peers[1].registers + cluster.peers[2].registers, 1);
    assert_int_equal(cluster.peers[1].snapshots + cluster.peers[2].snapshots, 1);
}

static void a_lost_node_s_requests_go_to_others(void **state)
{
    (void)state;
    const int64_t token = 0;
    open_warm();
    stop_peer(2);
    do_load(200, &token);
    assert_int_equal(load.answered, 200);
    start_peer(2);
    run_for(2500);
    int before = executes_of(2);
    do_load(50, &token);
    assert_int_equal(executes_of(2) - before, 50);
}

static void a_node_that_comes_and_goes_stops_nothing(void **state)
{
    (void)state;
    const int64_t token = 0;
    open_warm();
    cluster.peers[1].script = HANG_UP;
    do_load(2000, &token);
    assert_int_equal(load.answered, 2000);
    /* Nor is it tried without end. */
    assert_true(cluster.peers[1].connections < 30);
}

static void a_silent_node_is_left(void **state)
{
    (void)state;
    const int64_t token = 0;
    open_warm();
    cluster.peers[1].script = SILENT;
    do_load(200, &token);
    assert_int_equal(load.answered, 200);
}

static void an_overloaded_node_slows_down_alone(void **state)
{
    (void)state;
    open_warm();
    cluster.peers[2].script = OVERLOADED;
    do_load(300, NULL);
    assert_int_equal(load.answered, 300);
    assert_int_equal(cluster.peers[2].connections, 1);
}

static int at_once(void)
{
    int most;
    cql_client_in_flight(client, &most);
    return most;
}

static void nodes_that_cannot_keep_up_get_fewer_at_once(void **state)
{
    (void)state;
    open_warm();
    assert_int_equal(at_once(), 3 * 32); /* what was asked for */
    cql_client_set_in_flight(client, 0);
    begin_lanes(LANES_MANY, 3000, NULL);
    cql_client_run(client, &load.finished);
    assert_true(at_once() >= 3 * 8);
    cql_client_set_in_flight(client, 0); /* it begins again, and knows how quick they can be */
    for (int i = 0; i < PEERS; i++)
        cluster.peers[i].script = SLOW;
    begin_lanes(LANES_MANY, 600, NULL);
    cql_client_run(client, &load.finished);
    assert_int_equal(load.answered, 600);
    assert_in_range(at_once(), 3 * IN_FLIGHT_LEAST, 3 * 6);
}

static void a_sick_node_is_not_asked_more_and_more(void **state)
{
    (void)state;
    cluster.size = 1;
    open_client();
    cql_client_set_in_flight(client, LANES_MAX);
    do_load(16, NULL);
    cluster.peers[0].script = UNAVAILABLE;
    cluster.peers[0].executes = 0;
    uint64_t began = loop_now_ms(loop);
    begin_lanes(LANES_MAX, LANES_MAX, NULL);
    run_for(1000);
    /* 256, and retries: the 200 that are saved up, 100 a second, a tenth of the requests. Without a
     * budget they are more than 1,000. */
    int gone = (int)(loop_now_ms(loop) - began);
    assert_in_range(executes_of(1), LANES_MAX + 200, LANES_MAX + 200 + gone / 10 + 40);
    cluster.peers[0].script = ANSWER;
    cql_client_run(client, &load.finished);
    assert_int_equal(load.answered, LANES_MAX);
}

static void what_a_coordinator_cannot_do_another_one_may(void **state)
{
    (void)state;
    const int64_t token = 0;
    open_warm();
    cluster.peers[1].script = UNAVAILABLE;
    do_load(20, &token);
    assert_int_equal(load.answered, 20);
    assert_int_equal(executes_of(2), 20); /* each of them once */
}

static void the_run_is_lost_when_no_node_can_be_had(void **state)
{
    (void)state;
    open_client();
    cql_client_reach(client);
    begin_load(1000000, NULL);
    run_for(50);
    for (int i = 1; i <= PEERS; i++)
        stop_peer(i);
    uint64_t before = loop_now_ms(loop);
    cql_client_run(client, &load.finished);
    assert_true(loop_now_ms(loop) - before >= 1400);
    assert_int_equal(load.last, CQL_RUN_LOST);
    assert_int_equal(load.fault.code, FAULT_UNREACHABLE);
    assert_non_null(strstr(load.fault.text, "none of the 3 nodes"));
}

static void a_password_that_was_changed_costs_one_refused_login(void **state)
{
    (void)state;
    cluster.wants_login = true;
    open_warm();
    assert_int_equal(cluster.logins, PEERS);
    begin_load(1000000, NULL);
    run_for(50);
    cluster.refuses_login = true;
    for (int i = 0; i < PEERS; i++)
        shutdown(cluster.peers[i].fd, SHUT_RDWR);
    cql_client_run(client, &load.finished);
    assert_int_equal(load.last, CQL_RUN_LOST);
    assert_int_equal(load.fault.code, FAULT_DENIED);
    run_for(300);
    assert_int_equal(cluster.logins, PEERS + 1);
}

static void all_come_back_after_a_login_is_accepted(void **state)
{
    (void)state;
    cluster.wants_login = true;
    open_warm();
    begin_load(20000, NULL);
    run_for(50);
    for (int i = 0; i < PEERS; i++)
        shutdown(cluster.peers[i].fd, SHUT_RDWR);
    cql_client_run(client, &load.finished);
    assert_int_equal(load.answered, 20000);
    run_for(300);
    for (int i = 0; i < PEERS; i++)
        assert_int_equal(cluster.peers[i].connections, 2);
}

static void a_node_that_joins_while_the_cluster_is_read_is_not_missed(void **state)
{
    (void)state;
    cluster.size = 2;
    cluster.event_at_keyspaces = 1;
    open_client();
    assert_int_equal(cql_client_topology(client)->count, 2);
    run_for(1500);
    assert_int_equal(cql_client_topology(client)->count, 3);
}

static void a_node_that_leaves_gets_nothing_any_more(void **state)
{
    (void)state;
    const int64_t token = 5000000000000000000;
    open_warm();
    do_load(50, &token);
    assert_int_equal(executes_of(3), 50);
    cluster.size = 2;
    send_event(cluster.peers[0].fd, "TOPOLOGY_CHANGE", "REMOVED_NODE", 3);
    run_for(1500);
    do_load(50, &token);
    assert_int_equal(load.answered, 50);
    assert_int_equal(executes_of(3), 50);
}

static void nodes_of_another_data_center_are_not_asked(void **state)
{
    (void)state;
    cluster.dc_of_third = "dc2";
    open_client();
    cql_client_reach(client);
    do_load(100, NULL);
    assert_int_equal(cluster.peers[2].connections, 0);
    assert_int_equal(cql_client_node(client, 2).state, CQL_NODE_NOT_ASKED);
    assert_int_equal(cql_client_node(client, 1).state, CQL_NODE_UP);
}

static void the_local_data_center_may_be_named(void **state)
{
    (void)state;
    cluster.dc_of_third = "dc2";
    assert_true(try_to_open("127.0.0.1", "dc2"));
    do_load(100, NULL);
    assert_int_equal(load.answered, 100);
    assert_int_equal(executes_of(3), 100);
}

static void a_data_center_that_is_not_there_is_refused(void **state)
{
    (void)state;
    assert_false(try_to_open("127.0.0.1", "DC1"));
    assert_int_equal(fault.code, FAULT_USAGE);
    assert_non_null(strstr(fault.text, "DC1"));
    assert_non_null(strstr(fault.hint, "dc1"));
}

static void an_old_server_has_no_peers_v2(void **state)
{
    (void)state;
    cluster.has_peers_v2 = false;
    open_client();
    cql_client_reach(client);
    assert_int_equal(cql_client_topology(client)->count, 3);
    do_load(100, NULL);
    assert_int_equal(load.answered, 100);
}

static void nodes_that_were_replaced_are_known_anew(void **state)
{
    (void)state;
    const int64_t token = 0;
    open_client();
    cql_client_reach(client);
    do_load(50, &token);
    cluster.renumbers = true;
    send_event(cluster.peers[0].fd, "TOPOLOGY_CHANGE", "NEW_NODE", 1);
    run_for(1500);
    cql_client_reach(client);
    do_load(16, &token);
    int before = executes_of(2);
    do_load(50, &token);
    assert_int_equal(load.answered, 50);
    assert_int_equal(executes_of(2) - before, 50);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_request_goes_to_the_replica_of_its_token),
        TEST(a_statement_is_prepared_once_per_node),
        TEST(connections_are_opened_when_they_are_wanted),
        TEST(only_the_control_connection_registers_for_events),
        TEST(a_lost_node_s_requests_go_to_others),
        TEST(a_node_that_comes_and_goes_stops_nothing),
        TEST(a_silent_node_is_left),
        TEST(an_overloaded_node_slows_down_alone),
        TEST(nodes_that_cannot_keep_up_get_fewer_at_once),
        TEST(a_sick_node_is_not_asked_more_and_more),
        TEST(what_a_coordinator_cannot_do_another_one_may),
        TEST(the_run_is_lost_when_no_node_can_be_had),
        TEST(a_password_that_was_changed_costs_one_refused_login),
        TEST(all_come_back_after_a_login_is_accepted),
        TEST(a_node_that_joins_while_the_cluster_is_read_is_not_missed),
        TEST(a_node_that_leaves_gets_nothing_any_more),
        TEST(nodes_of_another_data_center_are_not_asked),
        TEST(the_local_data_center_may_be_named),
        TEST(a_data_center_that_is_not_there_is_refused),
        TEST(an_old_server_has_no_peers_v2),
        TEST(nodes_that_were_replaced_are_known_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
