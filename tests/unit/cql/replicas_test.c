#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "cql/placement.h"
#include "replicas_vectors.h"
#include "system_rows.h"

static struct fault fault;
static struct buf body;

static int set_up(void **state)
{
    (void)state;
    buf_init(&body, 1 << 20);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    buf_fini(&body);
    return 0;
}

static struct bytes map_of(const char *const *replication)
{
    buf_clear(&body);
    rows_keyspace(&body, "", replication);
    /* Behind the empty name and the cell's length. */
    return (struct bytes){body.p + 8, body.n - 8};
}

static void topology_of(const struct vector *v, struct cql_topology *t)
{
    cql_topology_init(t);
    t->members = calloc((size_t)v->node_count, sizeof *t->members);
    t->tokens = calloc((size_t)v->node_count * VECTOR_TOKENS, sizeof *t->tokens);
    assert_true(t->members && t->tokens);
    t->count = v->node_count;
    for (int i = 0; i < v->node_count; i++) {
        struct cql_member *m = &t->members[i];
        snprintf(m->data_center, sizeof m->data_center, "%s", v->nodes[i].dc);
        snprintf(m->rack, sizeof m->rack, "%s", v->nodes[i].rack);
        m->first_token = t->token_count;
        m->token_count = VECTOR_TOKENS;
        for (int j = 0; j < VECTOR_TOKENS; j++)
            t->tokens[t->token_count++] = v->nodes[i].tokens[j];
    }
}

static int ascending(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

/* The order of the others is not told by the driver's algorithm where racks are passed over. */
static void assert_same(const int *wanted, const uint16_t *members, int count)
{
    int a[VECTOR_REPLICAS_MAX], b[VECTOR_REPLICAS_MAX];
    int n = 0;
    for (; wanted[n] >= 0; n++)
        a[n] = wanted[n];
    assert_int_equal(count, n);
    if (n == 0)
        return;
    assert_int_equal(members[0], wanted[0]); /* the primary */
    for (int i = 0; i < n; i++)
        b[i] = members[i];
    qsort(a, (size_t)n, sizeof a[0], ascending);
    qsort(b, (size_t)n, sizeof b[0], ascending);
    assert_memory_equal(a, b, (size_t)n * sizeof a[0]);
}

static void replicas_are_where_the_python_driver_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        const struct vector *v = &vectors[i];
        struct cql_replication replication = {
            .strategy = v->is_network ? CQL_STRATEGY_NETWORK : CQL_STRATEGY_SIMPLE,
            .factor = v->factor,
        };
        struct cql_topology t;
        struct cql_replicas r;
        topology_of(v, &t);
        assert_true(cql_replicas_make(&r, &t, replication, "dc1", &fault));
        for (int p = 0; p < VECTOR_PROBES; p++) {
            int count;
            const uint16_t *members = cql_replicas_of(&r, v->probes[p].token, &count);
            assert_same(v->probes[p].replicas, members, count);
        }
        cql_replicas_fini(&r);
        cql_topology_fini(&t);
    }
}

static void a_replication_is_read_for_one_data_center(void **state)
{
    (void)state;
    static const struct {
        const char *map[9];
        enum cql_strategy strategy;
        int factor;
    } cases[] = {
        {{"class", "org.apache.cassandra.locator.SimpleStrategy", "replication_factor", "3"},
         CQL_STRATEGY_SIMPLE,
         3},
        {{"class", "org.apache.cassandra.locator.NetworkTopologyStrategy", "dc1", "2", "dc2", "5"},
         CQL_STRATEGY_NETWORK,
         2},
        {{"dc1", "3/1", "class", "NetworkTopologyStrategy"}, CQL_STRATEGY_NETWORK, 2},
        {{"class", "NetworkTopologyStrategy", "dc2", "2"}, CQL_STRATEGY_NETWORK, 0},
        {{"class", "NetworkTopologyStrategy", "dc1", "many"}, CQL_STRATEGY_NETWORK, 0},
        {{"class", "SimpleStrategy", "replication_factor", "99999999999999999999"},
         CQL_STRATEGY_SIMPLE,
         0},
        {{"class", "org.apache.cassandra.locator.LocalStrategy"}, CQL_STRATEGY_OTHER, 0},
        {{"class", "EverywhereStrategy", "dc1", "1"}, CQL_STRATEGY_OTHER, 0},
        {{NULL}, CQL_STRATEGY_OTHER, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cql_replication r = cql_replication_of(map_of(cases[i].map), "dc1");
        assert_int_equal(r.strategy, cases[i].strategy);
        assert_int_equal(r.factor, cases[i].factor);
    }
}

static void a_damaged_replication_means_any_node(void **state)
{
    (void)state;
    const char *const whole[] = {"class", "SimpleStrategy", "replication_factor", "3", NULL};
    struct bytes map = map_of(whole);
    for (size_t n = 0; n < map.n; n++)
        assert_int_equal(cql_replication_of((struct bytes){map.p, n}, "dc1").strategy,
                         CQL_STRATEGY_OTHER);
    assert_int_equal(cql_replication_of(bytes_null(), "dc1").strategy, CQL_STRATEGY_OTHER);
}

static void a_keyspace_is_found_by_its_name(void **state)
{
    (void)state;
    static const char *const one[] = {"class", "NetworkTopologyStrategy", "dc1", "1", NULL};
    static const char *const other[] = {"class", "LocalStrategy", NULL};
    struct cql_placement p;
    struct cql_topology t;
    struct cql_rows rows;
    struct cql_reader reader;
    int count;
    cql_placement_init(&p);
    topology_of(&vectors[1], &t);
    buf_clear(&body);
    rows_begin(&body, 2, 2);
    rows_keyspace(&body, "system", other);
    rows_keyspace(&body, "Sunbird", one);
    cql_reader_init(&reader, (struct bytes){body.p + 4, body.n - 4});
    assert_true(cql_rows_decode(&reader, 4, &rows, &fault));
    assert_true(cql_placement_take(&p, &rows, "dc1", &fault));
    for (int i = 0; i < 2; i++) {
        assert_non_null(cql_placement_find(&p, &t, "dc1", "Sunbird", 5, &count));
        assert_int_equal(count, 1);
        cql_placement_find(&p, &t, "dc1", "system", 5, &count);
        assert_int_equal(count, 0);
        cql_placement_find(&p, &t, "dc1", "sunbird", 5, &count);
        assert_int_equal(count, 0);
    }
    cql_placement_fini(&p);
    cql_topology_fini(&t);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(replicas_are_where_the_python_driver_says),
        TEST(a_replication_is_read_for_one_data_center),
        TEST(a_damaged_replication_means_any_node),
        TEST(a_keyspace_is_found_by_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
