#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "cql/topology.h"
#include "system_rows.h"

static struct fault fault;
static struct buf body;
static struct cql_topology topology;

static const struct node_row local = {
    .id = 1, .address = {10, 0, 0, 1}, .token = "-9223372036854775808 5", .schema = 7};

static int set_up(void **state)
{
    (void)state;
    buf_init(&body, 1 << 20);
    cql_topology_init(&topology);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    buf_fini(&body);
    cql_topology_fini(&topology);
    return 0;
}

static struct cql_rows rows_of_body(void)
{
    struct cql_reader r;
    struct cql_rows rows;
    cql_reader_init(&r, (struct bytes){body.p + 4, body.n - 4}); /* behind the kind */
    assert_true(cql_rows_decode(&r, 4, &rows, &fault));
    return rows;
}

static bool take_local(const struct node_row *row)
{
    buf_clear(&body);
    rows_of_local(&body, row);
    struct cql_rows rows = rows_of_body();
    return cql_topology_take_local(&topology, &rows, 9042, &fault);
}

static bool take_peers(const struct node_row *peers, uint32_t count, bool is_v2)
{
    buf_clear(&body);
    rows_of_peers(&body, peers, count, is_v2);
    struct cql_rows rows = rows_of_body();
    return cql_topology_take_peers(&topology, &rows, is_v2, 9042, &fault);
}

static void assert_ip(int i, const char *wanted)
{
    char text[CQL_IP_TEXT_MAX];
    assert_string_equal(cql_ip_text(&topology.members[i].ip, text), wanted);
}

static void the_node_that_is_asked_comes_first(void **state)
{
    (void)state;
    const struct node_row peer = {.id = 2, .address = {10, 0, 0, 2}, .token = "6", .dc = "dc2"};
    assert_true(take_local(&local));
    assert_true(take_peers(&peer, 1, false));
    assert_int_equal(topology.count, 2);
    assert_string_equal(topology.version, "5.0.9");
    assert_string_equal(topology.members[0].data_center, "dc1");
    assert_string_equal(topology.members[0].rack, "r1");
    assert_string_equal(topology.members[1].data_center, "dc2");
    assert_int_equal(topology.members[0].token_count, 2);
    assert_true(topology.tokens[0] == INT64_MIN && topology.tokens[1] == 5);
    assert_int_equal(topology.members[1].first_token, 2);
    assert_ip(0, "10.0.0.1");
    assert_int_equal(cql_topology_find(&topology, topology.members[1].host_id), 1);
}

static void an_address_that_means_any_is_replaced_by_the_peer_s(void **state)
{
    (void)state;
    const struct node_row peer = {.id = 2, .peer = {10, 0, 0, 2}, .token = "6"};
    assert_true(take_local(&local));
    assert_true(take_peers(&peer, 1, true));
    assert_ip(1, "10.0.0.2");
}

static void ports_are_those_of_peers_v2(void **state)
{
    (void)state;
    const struct node_row peers[] = {
        {.id = 2, .address = {10, 0, 0, 2}, .token = "6", .port = 19042},
        {.id = 3, .address = {10, 0, 0, 3}, .token = "7"},
    };
    assert_true(take_local(&local));
    assert_true(take_peers(peers, 2, true));
    assert_int_equal(topology.members[0].port, 9042);
    assert_int_equal(topology.members[1].port, 19042);
    assert_int_equal(topology.members[2].port, 9042);
}

static void nodes_that_are_no_members_yet_are_left_out(void **state)
{
    (void)state;
    const struct node_row peers[] = {
        {.id = 0, .address = {10, 0, 0, 2}, .token = "6"},
        {.id = 3, .address = {10, 0, 0, 3}, .token = NULL},
        {.id = 4, .address = {10, 0, 0, 4}, .token = ""},
        {.id = 5, .address = {10, 0, 0, 5}, .token = "7", .dc = ""},
        {.id = 6, .address = {10, 0, 0, 6}, .token = "8", .rack = ""},
        {.id = 7, .token = "9"},                           /* no address at all */
        {.id = 1, .address = {10, 0, 0, 7}, .token = "9"}, /* the same as the local one */
        {.id = 8, .address = {10, 0, 0, 8}, .token = "10"},
    };
    assert_true(take_local(&local));
    assert_true(take_peers(peers, 8, true));
    assert_int_equal(topology.count, 2);
    assert_int_equal(topology.skipped, 7);
    assert_int_equal(topology.token_count, 3);
    assert_ip(1, "10.0.0.8");
}

static void a_node_that_joins_cannot_be_the_one_that_is_asked(void **state)
{
    (void)state;
    struct node_row joins = local;
    joins.token = NULL;
    assert_false(take_local(&joins));
    assert_int_equal(fault.code, FAULT_UNAVAILABLE);
}

static void another_partitioner_is_refused(void **state)
{
    (void)state;
    struct node_row random = local;
    random.partitioner = "org.apache.cassandra.dht.RandomPartitioner";
    assert_false(take_local(&random));
    assert_int_equal(fault.code, FAULT_UNSUPPORTED);
}

static void tokens_that_are_no_numbers_are_refused(void **state)
{
    (void)state;
    static const char *const tokens[] = {"x", "5 6x", "123456789012345678901234",
                                         "9223372036854775808"};
    for (size_t i = 0; i < 4; i++) {
        struct node_row bad = local;
        bad.token = tokens[i];
        assert_false(take_local(&bad));
        assert_int_equal(fault.code, FAULT_PROTOCOL);
        cql_topology_fini(&topology);
    }
}

static void a_schema_that_differs_is_seen(void **state)
{
    (void)state;
    struct node_row peer = {.id = 2, .address = {10, 0, 0, 2}, .token = "6", .schema = 7};
    assert_true(take_local(&local));
    assert_true(take_peers(&peer, 1, true));
    assert_true(cql_topology_schema_agrees(&topology));
    peer.id = 3;
    peer.schema = 8;
    assert_true(take_peers(&peer, 1, true));
    assert_false(cql_topology_schema_agrees(&topology));
}

static void rows_that_are_cut_off_are_refused(void **state)
{
    (void)state;
    const struct node_row peer = {.id = 2, .address = {10, 0, 0, 2}, .token = "6 7"};
    rows_of_peers(&body, &peer, 1, true);
    size_t whole = body.n;
    for (size_t n = 16; n < whole; n++) {
        struct cql_reader r;
        struct cql_rows rows;
        cql_reader_init(&r, (struct bytes){body.p + 4, n - 4});
        if (cql_rows_decode(&r, 4, &rows, &fault))
            assert_false(cql_topology_take_peers(&topology, &rows, true, 9042, &fault));
        assert_int_equal(fault.code, FAULT_PROTOCOL);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_node_that_is_asked_comes_first),
        TEST(an_address_that_means_any_is_replaced_by_the_peer_s),
        TEST(ports_are_those_of_peers_v2),
        TEST(nodes_that_are_no_members_yet_are_left_out),
        TEST(a_node_that_joins_cannot_be_the_one_that_is_asked),
        TEST(another_partitioner_is_refused),
        TEST(tokens_that_are_no_numbers_are_refused),
        TEST(a_schema_that_differs_is_seen),
        TEST(rows_that_are_cut_off_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
