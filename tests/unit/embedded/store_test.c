/* The embedded store through the interface that the phases use. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "embedded/file.h"
#include "move/type.h"
#include "store/store.h"

static const char schema[] =
    "CREATE TABLE k.user (id text PRIMARY KEY, channel text, rootorgid text, tags list<text>);"
    "CREATE TABLE k.member (userid text, orgid text, role text, PRIMARY KEY (userid, orgid));"
    "CREATE TABLE k.other (a text, s text static, c text, v text, PRIMARY KEY (a, c));";

static char dir[64], path[128];
static struct arena arena;
static struct store *store;
static struct table *users, *members;
static struct fault fault;

static int begin(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/embedded-test.XXXXXX");
    if (!mkdtemp(dir))
        return 1;
    snprintf(path, sizeof path, "%s/store", dir);
    arena_init(&arena, (size_t)64 * 1024 * 1024);
    struct embedded *e = embedded_open(path, true, &fault);
    bool ok = e && embedded_schema(e, bytes_of(schema), &fault);
    embedded_free(e);
    store = ok ? store_embedded_open(path, &fault) : NULL;
    return !(store && store_table(store, "k", "user", &arena, &users, &fault) &&
             store_table(store, "k", "member", &arena, &members, &fault));
}

static int end(void **state)
{
    (void)state;
    store_free(store);
    arena_fini(&arena);
    unlink(path);
    return rmdir(dir);
}

/* What |done| found, copied out. */
struct answer {
    int called;
    enum store_outcome outcome;
    struct row row; /* .cells NULL: none */
};

static void told(struct store_op *op)
{
    struct answer *a = op->context;
    a->called++;
    a->outcome = op->outcome;
    if (op->row)
        a->row = row_copy(&arena, op->row);
}

static struct answer run(struct store_op op)
{
    struct answer a = {0};
    op.done = told;
    op.context = &a;
    assert_true(store_submit(store, &op, &fault));
    assert_int_equal(a.called, 0);
    assert_true(store_drive(store, 0, &fault));
    assert_int_equal(a.called, 1);
    return a;
}

static struct store_cell cell(const struct table *t, const char *name, const char *value)
{
    return (struct store_cell){table_column(t, name), bytes_of(value)};
}

static void insert_user(const char *id, const char *root, const char *channel, int64_t timestamp)
{
    struct bytes key = bytes_of(id);
    struct store_cell cells[] = {cell(users, "rootorgid", root), cell(users, "channel", channel)};
    struct answer a = run((struct store_op){.kind = STORE_INSERT,
                                            .table = users,
                                            .key = &key,
                                            .cells = cells,
                                            .cell_count = 2,
                                            .timestamp = timestamp});
    assert_int_equal(a.outcome, STORE_OK);
}

static struct answer read_user(const char *id)
{
    struct bytes key = bytes_of(id);
    return run((struct store_op){.kind = STORE_READ, .table = users, .key = &key});
}

static bool value_is(const struct answer *a, const char *name, const char *value)
{
    return a->row.cells &&
           bytes_equal(a->row.cells[table_column(a->row.table, name)].value, bytes_of(value));
}

static void what_is_inserted_is_read_back_with_its_writetime(void **state)
{
    (void)state;
    insert_user("u1", "old", NULL, 1234);
    struct answer a = read_user("u1");
    assert_int_equal(a.outcome, STORE_OK);
    assert_true(value_is(&a, "id", "u1"));
    assert_true(value_is(&a, "rootorgid", "old"));
    assert_true(value_is(&a, "channel", NULL));
    assert_int_equal(a.row.cells[table_column(users, "rootorgid")].writetime, 1234);
    assert_null(read_user("u2").row.cells);
}

static void what_is_committed_is_there_when_the_file_is_opened_again(void **state)
{
    (void)state;
    insert_user("u1", "old", "o", 1234);
    store_free(store);
    store = store_embedded_open(path, &fault);
    assert_non_null(store);
    struct answer a = read_user("u1");
    assert_true(value_is(&a, "rootorgid", "old"));
}

static void a_deleted_row_stays_deleted_under_a_fenced_update(void **state)
{
    struct bytes key = bytes_of("u1");
    (void)state;
    insert_user("u1", "old", "o", 100);
    run((struct store_op){.kind = STORE_DELETE_ROW, .table = users, .key = &key, .timestamp = 500});
    struct store_cell cells[] = {cell(users, "rootorgid", "new"), cell(users, "channel", "n")};
    struct answer a = run((struct store_op){.kind = STORE_UPDATE,
                                            .table = users,
                                            .key = &key,
                                            .cells = cells,
                                            .cell_count = 2,
                                            .timestamp = 101});
    assert_int_equal(a.outcome, STORE_OK);
    assert_null(read_user("u1").row.cells);
}

static void an_update_makes_a_row_that_goes_with_its_last_cell(void **state)
{
    struct bytes key = bytes_of("u1");
    struct store_cell c = cell(users, "rootorgid", "x");
    struct store_op op = {.kind = STORE_UPDATE,
                          .table = users,
                          .key = &key,
                          .cells = &c,
                          .cell_count = 1,
                          .timestamp = 10};
    (void)state;
    run(op);
    assert_non_null(read_user("u1").row.cells);
    op.kind = STORE_DELETE_CELLS;
    op.timestamp = 11;
    run(op);
    assert_null(read_user("u1").row.cells);
    insert_user("u1", NULL, NULL, 12);
    struct answer a = read_user("u1");
    assert_non_null(a.row.cells);
    assert_true(row_is_keys_only(&a.row));
}

static void a_conditional_update_says_what_it_found(void **state)
{
    struct bytes key = bytes_of("u1"), none = bytes_of("u2");
    struct store_cell c = cell(users, "channel", "new"), other = cell(users, "channel", "other"),
                      right = cell(users, "channel", "c");
    struct store_op op = {.kind = STORE_UPDATE_IF,
                          .table = users,
                          .key = &key,
                          .cells = &c,
                          .cell_count = 1,
                          .conditions = &other,
                          .condition_count = 1};
    (void)state;
    insert_user("u1", "r", "c", 10);
    struct answer a = run(op);
    assert_int_equal(a.outcome, STORE_NOT_APPLIED);
    assert_true(value_is(&a, "channel", "c"));
    assert_int_equal(a.row.cells[table_column(users, "channel")].writetime, WRITETIME_NONE);
    op.conditions = &right;
    assert_int_equal(run(op).outcome, STORE_OK);
    a = read_user("u1");
    assert_true(value_is(&a, "channel", "new"));
    assert_true(a.row.cells[table_column(users, "channel")].writetime > 1000000);
    op.key = &none;
    a = run(op);
    assert_int_equal(a.outcome, STORE_NOT_APPLIED);
    assert_null(a.row.cells);
}

static void a_conditional_insert_and_delete_look_before_they_write(void **state)
{
    struct bytes key = bytes_of("u1");
    struct store_cell c = cell(users, "channel", "n"), null = cell(users, "channel", NULL);
    struct store_op op = {.kind = STORE_INSERT_IF_NOT_EXISTS,
                          .table = users,
                          .key = &key,
                          .cells = &c,
                          .cell_count = 1};
    (void)state;
    assert_int_equal(run(op).outcome, STORE_OK);
    struct answer a = run(op);
    assert_int_equal(a.outcome, STORE_NOT_APPLIED);
    assert_true(value_is(&a, "channel", "n"));
    op = (struct store_op){.kind = STORE_DELETE_IF,
                           .table = users,
                           .key = &key,
                           .conditions = &null,
                           .condition_count = 1};
    assert_int_equal(run(op).outcome, STORE_NOT_APPLIED);
    op.conditions = &c;
    assert_int_equal(run(op).outcome, STORE_OK);
    assert_null(read_user("u1").row.cells);
}

static void a_ttl_counts_down_from_the_write(void **state)
{
    struct bytes key = bytes_of("u1");
    struct store_cell c = cell(users, "channel", "n");
    (void)state;
    run((struct store_op){.kind = STORE_UPDATE,
                          .table = users,
                          .key = &key,
                          .cells = &c,
                          .cell_count = 1,
                          .timestamp = 10,
                          .ttl = 1000});
    struct answer a = read_user("u1");
    int32_t left = a.row.cells[table_column(users, "channel")].ttl;
    assert_in_range(left, 990, 1000);
}

static void a_bad_key_fails_its_own_row_only(void **state)
{
    struct bytes bad = bytes_of(""), good = bytes_of("u1");
    struct store_cell c = cell(users, "channel", "n");
    struct answer a = {0}, b = {0};
    struct store_op op = {.kind = STORE_INSERT,
                          .table = users,
                          .key = &bad,
                          .cells = &c,
                          .cell_count = 1,
                          .timestamp = 10,
                          .done = told,
                          .context = &a},
                    other = op;
    (void)state;
    other.key = &good;
    other.context = &b;
    assert_true(store_submit(store, &op, &fault) && store_submit(store, &other, &fault));
    assert_true(store_drive(store, 0, &fault));
    assert_int_equal(a.outcome, STORE_ROW_FAILED);
    assert_int_equal(b.outcome, STORE_OK);
    assert_true(a.called == 1 && b.called == 1);
    assert_non_null(read_user("u1").row.cells);
}

/* ---- scans ---- */

enum { ROWS = 700 };

struct counted {
    int rows, ranges, total;
    int by_user[ROWS];
    uint64_t by_ranges;
};

static bool count_row(void *context, const struct row *r, struct fault *f)
{
    struct counted *c = context;
    (void)f;
    int i = atoi((const char *)r->cells[0].value.p);
    assert_in_range(i, 0, ROWS - 1);
    c->by_user[i]++;
    c->rows++;
    return true;
}

static bool count_range(void *context, const struct store_progress *p, struct fault *f)
{
    struct counted *c = context;
    (void)f;
    assert_true(p->is_done && p->covered.start < p->covered.end);
    c->by_ranges += p->rows;
    assert_int_equal(p->done, ++c->ranges);
    c->total = p->total;
    return true;
}

static void fill_members(void)
{
    struct store_op ops[ROWS];
    struct bytes keys[ROWS][2];
    char names[ROWS][8];
    static struct answer ignored;
    struct store_cell c = cell(members, "role", "r");
    for (int i = 0; i < ROWS; i++) {
        snprintf(names[i], sizeof names[i], "%d", i);
        keys[i][0] = bytes_of(names[i]);
        keys[i][1] = bytes_of(""); /* a clustering key may be empty */
        ops[i] = (struct store_op){.kind = STORE_INSERT,
                                   .table = members,
                                   .key = keys[i],
                                   .cells = &c,
                                   .cell_count = 1,
                                   .timestamp = 10,
                                   .done = told,
                                   .context = &ignored};
        assert_true(store_submit(store, &ops[i], &fault));
    }
    assert_true(store_drive(store, 0, &fault));
}

static void ranges_of_any_split_and_page_give_every_row_once(void **state)
{
    static const int splits[] = {1, 3, 16, 1000}, pages[] = {1, 7, 1000};
    (void)state;
    fill_members();
    for (size_t s = 0; s < sizeof splits / sizeof splits[0]; s++)
        for (size_t p = 0; p < sizeof pages / sizeof pages[0]; p++) {
            struct counted c = {0};
            struct store_scan scan = {.table = members,
                                      .page_rows = pages[p],
                                      .split = splits[s],
                                      .row = count_row,
                                      .progress = count_range,
                                      .context = &c};
            assert_true(store_scan(store, &scan, &fault));
            assert_int_equal(c.rows, ROWS);
            assert_int_equal(c.by_ranges, ROWS);
            assert_int_equal(c.ranges, splits[s]);
            assert_int_equal(c.total, splits[s]);
            for (int i = 0; i < ROWS; i++)
                assert_int_equal(c.by_user[i], 1);
        }
}

static bool stop(void *context, const struct row *r, struct fault *f)
{
    (void)context;
    (void)r;
    return fault_set(f, FAULT_INTERRUPTED, "stopped");
}

static void a_row_callback_that_fails_stops_the_scan(void **state)
{
    (void)state;
    insert_user("u1", "r", "c", 10);
    struct store_scan scan = {.table = users, .row = stop};
    assert_false(store_scan(store, &scan, &fault));
    assert_int_equal(fault.code, FAULT_INTERRUPTED);
}

static bool count_table(void *context, const char *keyspace, const char *name)
{
    int *count = context;
    assert_string_equal(keyspace, "k");
    assert_true(name[0] != '\0');
    (*count)++;
    return true;
}

static void tables_that_are_not_there_are_null_and_the_others_are_listed(void **state)
{
    struct table *t = users;
    int count = 0, none = 0;
    (void)state;
    assert_true(store_table(store, "k", "nothing", &arena, &t, &fault));
    assert_null(t);
    assert_true(store_table(store, "K", "user", &arena, &t, &fault));
    assert_null(t);
    assert_true(store_tables(store, NULL, count_table, &count, &fault));
    assert_int_equal(count, 3);
    assert_true(store_tables(store, "x", count_table, &none, &fault));
    assert_int_equal(none, 0);
    assert_true(type_is_multicell(&users->columns[table_column(users, "tags")].type));
}

static void only_an_embedded_file_is_opened(void **state)
{
    char text[160];
    (void)state;
    assert_null(store_embedded_open("/tmp/there-is-no-such-file", &fault));
    assert_int_equal(fault.code, FAULT_UNREACHABLE);
    snprintf(text, sizeof text, "%s/text", dir);
    FILE *file = fopen(text, "w");
    assert_non_null(file);
    for (int i = 0; i < 400; i++)
        fputs("this is a text, not a database\n", file);
    fclose(file);
    assert_null(store_embedded_open(text, &fault));
    assert_int_equal(fault.code, FAULT_UNSUPPORTED);
    unlink(text);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_is_inserted_is_read_back_with_its_writetime),
        CASE(what_is_committed_is_there_when_the_file_is_opened_again),
        CASE(a_deleted_row_stays_deleted_under_a_fenced_update),
        CASE(an_update_makes_a_row_that_goes_with_its_last_cell),
        CASE(a_conditional_update_says_what_it_found),
        CASE(a_conditional_insert_and_delete_look_before_they_write),
        CASE(a_ttl_counts_down_from_the_write),
        CASE(a_bad_key_fails_its_own_row_only),
        CASE(ranges_of_any_split_and_page_give_every_row_once),
        CASE(a_row_callback_that_fails_stops_the_scan),
        CASE(tables_that_are_not_there_are_null_and_the_others_are_listed),
        CASE(only_an_embedded_file_is_opened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
