/* The embedded graph through the interface that the phases use. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "embedded/nodes.h"
#include "graph/graph.h"
#include "move/type.h"

static char dir[64], path[128];
static struct graph *graph;
static struct fault fault;
static struct buf both; /* the list ["old", "x"] */
static int64_t by_property, by_list, neither;

static bool add(struct embedded *e, const char *label, const char *uid, const char *channel,
                struct bytes list, int64_t *id)
{
    const struct kept_property p[] = {{"uid", false, bytes_of(uid)},
                                      {"channel", false, bytes_of(channel)},
                                      {"createdFor", true, list}};
    return nodes_add(e, label, p, 3, id, &fault);
}

static int begin(void **state)
{
    int64_t ignored;
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/embedded-test.XXXXXX");
    if (!mkdtemp(dir))
        return 1;
    snprintf(path, sizeof path, "%s/store", dir);
    buf_init(&both, 100);
    size_t start = list_begin(&both);
    list_add(&both, bytes_of("old"));
    list_add(&both, bytes_of("x"));
    list_end(&both, start, 2);
    struct embedded *e = embedded_open(path, true, &fault);
    bool ok = e && add(e, "domain", "n1", "old", bytes_null(), &by_property) &&
              add(e, "domain", "n2", "other", buf_view(&both), &by_list) &&
              add(e, "domain", "n3", "other", bytes_null(), &neither) &&
              add(e, "another", "n4", "old", bytes_null(), &ignored);
    embedded_free(e);
    graph = ok ? graph_embedded_open(path, &fault) : NULL;
    return graph == NULL;
}

static int end(void **state)
{
    (void)state;
    graph->adapter->free(graph);
    buf_fini(&both);
    unlink(path);
    return rmdir(dir);
}

static const struct graph_find find = {.label = "domain",
                                       .id_property = "uid",
                                       .property = "channel",
                                       .equals = {(const uint8_t *)"old", 3},
                                       .list = "createdFor",
                                       .contains = {(const uint8_t *)"old", 3}};

struct found {
    int64_t ids[8];
    int count;
};

static bool keep(void *context, const struct node *n, struct fault *f)
{
    struct found *x = context;
    (void)f;
    assert_int_equal(n->property_count, 2);
    assert_string_equal(n->properties[0].name, "channel");
    assert_true(n->properties[1].is_list);
    assert_false(bytes_are_null(n->uid));
    x->ids[x->count++] = n->id;
    return true;
}

static void nodes_are_found_by_property_or_by_list_element(void **state)
{
    struct found x = {0};
    uint64_t matching, all;
    (void)state;
    assert_true(graph->adapter->scan(graph, &find, keep, &x, &fault));
    assert_int_equal(x.count, 2);
    assert_int_equal(x.ids[0], by_property);
    assert_int_equal(x.ids[1], by_list);
    assert_true(graph->adapter->count(graph, &find, &matching, &all, &fault));
    assert_int_equal(matching, 2);
    assert_int_equal(all, 3);
}

static enum node_outcome write_channel(int64_t id, const char *uid, const char *from,
                                       const char *to)
{
    struct property before = {.name = "channel", .value = bytes_of(from)},
                    after = {.name = "channel", .value = bytes_of(to)};
    struct node_write w = {.uid = bytes_of(uid),
                           .id = id,
                           .before = &before,
                           .after = &after,
                           .property_count = 1,
                           .outcome = NODE_GONE};
    assert_true(graph->adapter->write(graph, "domain", "uid", &w, 1, &fault));
    return w.outcome;
}

static void a_node_is_written_only_from_what_the_plan_saw(void **state)
{
    (void)state;
    assert_int_equal(write_channel(by_property, "n1", "old", "new"), NODE_DONE);
    assert_int_equal(write_channel(by_property, "n1", "old", "new"), NODE_WAS);
    assert_int_equal(write_channel(by_property, "n1", "old", "newer"), NODE_CONFLICT);
    assert_int_equal(write_channel(by_property, "n9", "new", "newer"), NODE_GONE);
    assert_int_equal(write_channel(999, "n1", "new", "newer"), NODE_GONE);
    assert_int_equal(write_channel(by_property, "n1", "new", "old"), NODE_DONE);
}

struct read_back {
    int calls;
    bool gone[2];
    bool right;
};

static bool look(void *context, int i, const struct node *n, struct fault *f)
{
    struct read_back *x = context;
    (void)f;
    assert_int_equal(i, x->calls);
    x->calls++;
    x->gone[i] = n == NULL;
    if (n)
        x->right = bytes_equal(n->properties[0].value, buf_view(&both));
    return true;
}

static void nodes_are_read_back_and_a_missing_one_is_told(void **state)
{
    struct property list = {.name = "createdFor", .is_list = true};
    struct node_write keys[2] = {
        {.uid = bytes_of("gone"), .id = 999, .before = &list, .after = &list, .property_count = 1},
        {.uid = bytes_of("n2"),
         .id = by_list,
         .before = &list,
         .after = &list,
         .property_count = 1}};
    struct read_back x = {0};
    (void)state;
    assert_true(graph->adapter->read(graph, "domain", "uid", keys, 2, look, &x, &fault));
    assert_int_equal(x.calls, 2);
    assert_true(x.gone[0]);
    assert_false(x.gone[1]);
    assert_true(x.right);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nodes_are_found_by_property_or_by_list_element, begin, end),
        cmocka_unit_test_setup_teardown(a_node_is_written_only_from_what_the_plan_saw, begin, end),
        cmocka_unit_test_setup_teardown(nodes_are_read_back_and_a_missing_one_is_told, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
