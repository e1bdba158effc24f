#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "store/cassandra_statement.h"

enum { ID, C, ST, L, QUOTED, V, COLUMNS };

/* ks."T" (id text, c int, st text static, l list<text>, "a""b" text, v text, PRIMARY KEY (id, c)) */
static struct column columns[COLUMNS] = {
    [ID] = {.name = "id", .role = COLUMN_PARTITION, .type = {.kind = TYPE_TEXT, .text = "text"}},
    [C] = {.name = "c", .role = COLUMN_CLUSTERING, .type = {.kind = TYPE_INT, .text = "int"}},
    [ST] = {.name = "st",
            .role = COLUMN_STATIC,
            .position = -1,
            .type = {.kind = TYPE_TEXT, .text = "text"}},
    [L] = {.name = "l",
           .role = COLUMN_REGULAR,
           .position = -1,
           .type = {.kind = TYPE_LIST, .text = "list<text>"}},
    [QUOTED] = {.name = "a\"b",
                .role = COLUMN_REGULAR,
                .position = -1,
                .type = {.kind = TYPE_TEXT, .text = "text"}},
    [V] = {.name = "v",
           .role = COLUMN_REGULAR,
           .position = -1,
           .type = {.kind = TYPE_TEXT, .text = "text"}},
};
static const struct table table = {.keyspace = "ks",
                                   .name = "T",
                                   .columns = columns,
                                   .column_count = COLUMNS,
                                   .partition_count = 1,
                                   .key_count = 2};

static const uint8_t three[4] = {0, 0, 0, 3};
static const struct bytes key[] = {{(const uint8_t *)"k", 1}, {three, 4}};
static const struct bytes static_key[] = {{(const uint8_t *)"k", 1}, {NULL, 0}};
static struct buf text;
static struct bytes values[16];
static struct statement_integers integers;
static int value_count;

static int set_up(void **state)
{
    (void)state;
    buf_init(&text, 65536);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    buf_fini(&text);
    return 0;
}

static const char *text_of(struct store_op op)
{
    op.table = &table;
    if (!op.key)
        op.key = key;
    buf_clear(&text);
    statement_of(&text, &op);
    value_count = statement_values(&op, &integers, values);
    assert_true(value_count <= statement_values_max(&op));
    /* The law: as many values as markers. */
    const char *written = buf_text(&text);
    int markers = 0;
    for (const char *p = written; *p; p++)
        markers += *p == '?';
    assert_int_equal(markers, value_count);
    return written;
}

static const struct store_cell v_x[] = {{V, {(const uint8_t *)"x", 1}}};
static const struct store_cell two[] = {{V, {NULL, 0}}, {QUOTED, {(const uint8_t *)"y", 1}}};
static const struct store_cell st_z[] = {{ST, {(const uint8_t *)"z", 1}}};

static void a_scan_reads_writetimes_where_there_are_any(void **state)
{
    (void)state;
    statement_scan(&text, &table, NULL, true, NULL);
    assert_string_equal(
        buf_text(&text),
        "SELECT \"id\", \"c\", \"st\", WRITETIME(\"st\"), TTL(\"st\"), \"l\", "
        "\"a\"\"b\", WRITETIME(\"a\"\"b\"), TTL(\"a\"\"b\"), \"v\", WRITETIME(\"v\"), TTL(\"v\") "
        "FROM \"ks\".\"T\" WHERE token(\"id\") >= ? AND token(\"id\") <= ?");
    assert_int_equal(statement_width(&table, NULL), 12);
}

static void a_scan_of_some_columns_reads_the_key_too(void **state)
{
    (void)state;
    const bool selected[COLUMNS] = {[V] = true};
    statement_scan(&text, &table, selected, false, NULL);
    assert_string_equal(
        buf_text(&text),
        "SELECT \"id\", \"c\", \"v\", WRITETIME(\"v\"), TTL(\"v\") FROM \"ks\".\"T\" "
        "WHERE token(\"id\") > ? AND token(\"id\") <= ?");
    assert_int_equal(statement_width(&table, selected), 5);
}

static void a_scan_can_leave_the_filter_to_the_server(void **state)
{
    (void)state;
    const bool selected[COLUMNS] = {0};
    struct store_find find = {.column = V};
    statement_scan(&text, &table, selected, false, &find);
    assert_string_equal(buf_text(&text),
                        "SELECT \"id\", \"c\" FROM \"ks\".\"T\" WHERE token(\"id\") > ? AND "
                        "token(\"id\") <= ? AND \"v\" = ? ALLOW FILTERING");
    find = (struct store_find){.column = L, .is_element = true};
    buf_clear(&text);
    statement_scan(&text, &table, selected, true, &find);
    assert_string_equal(buf_text(&text),
                        "SELECT \"id\", \"c\" FROM \"ks\".\"T\" WHERE token(\"id\") >= ? AND "
                        "token(\"id\") <= ? AND \"l\" CONTAINS ? ALLOW FILTERING");
}

static void a_fenced_update_binds_timestamp_cells_and_key(void **state)
{
    (void)state;
    struct store_op op = {
        .kind = STORE_UPDATE, .cells = two, .cell_count = 2, .timestamp = 0x0102030405060708};
    assert_string_equal(text_of(op),
                        "UPDATE \"ks\".\"T\" USING TIMESTAMP ? SET \"v\" = ?, \"a\"\"b\" = ? "
                        "WHERE \"id\" = ? AND \"c\" = ?");
    assert_memory_equal(values[0].p, "\1\2\3\4\5\6\7\10", 8);
    assert_true(bytes_are_null(values[1]));
    assert_true(bytes_are(values[2], "y"));
    assert_ptr_equal(values[4].p, three);
    op.ttl = 258;
    assert_string_equal(
        text_of(op),
        "UPDATE \"ks\".\"T\" USING TIMESTAMP ? AND TTL ? SET \"v\" = ?, \"a\"\"b\" = ? "
        "WHERE \"id\" = ? AND \"c\" = ?");
    assert_memory_equal(values[1].p, "\0\0\1\2", 4);
}

static void an_insert_binds_key_cells_then_timestamp(void **state)
{
    (void)state;
    struct store_op op = {
        .kind = STORE_INSERT, .cells = v_x, .cell_count = 1, .timestamp = 1, .ttl = 9};
    assert_string_equal(text_of(op),
                        "INSERT INTO \"ks\".\"T\" (\"id\", \"c\", \"v\") VALUES (?, ?, ?) "
                        "USING TIMESTAMP ? AND TTL ?");
    assert_int_equal(values[3].n, 8);
    assert_int_equal(values[4].n, 4);
    op.kind = STORE_INSERT_IF_NOT_EXISTS;
    assert_string_equal(text_of(op),
                        "INSERT INTO \"ks\".\"T\" (\"id\", \"c\", \"v\") VALUES (?, ?, ?) "
                        "IF NOT EXISTS USING TTL ?");
}

static void deletes_name_cells_or_the_whole_row(void **state)
{
    (void)state;
    struct store_op op = {
        .kind = STORE_DELETE_CELLS, .cells = two, .cell_count = 2, .timestamp = 1};
    assert_string_equal(text_of(op), "DELETE \"v\", \"a\"\"b\" FROM \"ks\".\"T\" USING TIMESTAMP ? "
                                     "WHERE \"id\" = ? AND \"c\" = ?");
    assert_int_equal(value_count, 3);
    op = (struct store_op){.kind = STORE_DELETE_ROW, .timestamp = 1};
    assert_string_equal(
        text_of(op), "DELETE FROM \"ks\".\"T\" USING TIMESTAMP ? WHERE \"id\" = ? AND \"c\" = ?");
}

static void conditions_come_after_the_key(void **state)
{
    (void)state;
    struct store_op op = {.kind = STORE_UPDATE_IF,
                          .cells = v_x,
                          .cell_count = 1,
                          .conditions = two,
                          .condition_count = 2};
    assert_string_equal(text_of(op),
                        "UPDATE \"ks\".\"T\" SET \"v\" = ? WHERE \"id\" = ? AND \"c\" = ? "
                        "IF \"v\" = ? AND \"a\"\"b\" = ?");
    assert_true(bytes_are(values[0], "x"));
    assert_true(bytes_are_null(values[3]));
    op = (struct store_op){.kind = STORE_DELETE_IF, .conditions = v_x, .condition_count = 1};
    assert_string_equal(text_of(op),
                        "DELETE FROM \"ks\".\"T\" WHERE \"id\" = ? AND \"c\" = ? IF \"v\" = ?");
    op.condition_count = 0;
    assert_string_equal(text_of(op),
                        "DELETE FROM \"ks\".\"T\" WHERE \"id\" = ? AND \"c\" = ? IF EXISTS");
}

static void an_update_of_static_columns_names_the_partition_only(void **state)
{
    (void)state;
    struct store_op op = {.kind = STORE_UPDATE, .cells = st_z, .cell_count = 1, .timestamp = 1};
    assert_string_equal(text_of(op),
                        "UPDATE \"ks\".\"T\" USING TIMESTAMP ? SET \"st\" = ? WHERE \"id\" = ?");
}

static void a_row_of_statics_is_read_by_its_partition(void **state)
{
    (void)state;
    const bool selected[COLUMNS] = {[ST] = true};
    struct store_op op = {.kind = STORE_READ, .key = static_key, .selected = selected};
    assert_string_equal(
        text_of(op),
        "SELECT \"id\", \"c\", \"st\", WRITETIME(\"st\"), TTL(\"st\") FROM \"ks\".\"T\" "
        "WHERE \"id\" = ? LIMIT 1");
}

static void no_delete_of_a_row_ever_names_a_whole_partition(void **state)
{
    (void)state;
    struct store_op op = {.kind = STORE_DELETE_ROW, .key = static_key, .timestamp = 1};
    assert_non_null(strstr(text_of(op), "\"c\" = ?"));
    op = (struct store_op){
        .kind = STORE_DELETE_IF, .key = static_key, .conditions = st_z, .condition_count = 1};
    assert_non_null(strstr(text_of(op), "\"c\" = ?"));
    op = (struct store_op){.kind = STORE_DELETE_IF, .conditions = st_z, .condition_count = 1};
    assert_non_null(strstr(text_of(op), "\"c\" = ?"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

static const char *text_of_many(struct store_op op, int count)
{
    op.table = &table;
    op.key = key;
    buf_clear(&text);
    statement_of_many(&text, &op, count);
    return buf_text(&text);
}

static void writes_in_one_request_keep_their_own_timestamps(void **state)
{
    (void)state;
    struct store_op op = {.kind = STORE_UPDATE, .cells = v_x, .cell_count = 1};
    assert_string_equal(text_of_many(op, 2), "BEGIN UNLOGGED BATCH "
                                             "UPDATE \"ks\".\"T\" USING TIMESTAMP ? SET \"v\" = ? "
                                             "WHERE \"id\" = ? AND \"c\" = ?; "
                                             "UPDATE \"ks\".\"T\" USING TIMESTAMP ? SET \"v\" = ? "
                                             "WHERE \"id\" = ? AND \"c\" = ?; "
                                             "APPLY BATCH");
}

static void reads_in_one_request_differ_in_the_partition_key_alone(void **state)
{
    (void)state;
    static const uint8_t other[4] = {0, 0, 0, 4};
    const struct bytes second[] = {{(const uint8_t *)"k2", 2}, {other, 4}};
    bool selected[COLUMNS] = {false};
    struct store_op op = {.kind = STORE_READ, .selected = selected};
    assert_string_equal(
        text_of_many(op, 3),
        "SELECT \"id\", \"c\" FROM \"ks\".\"T\" WHERE \"id\" IN (?, ?, ?) AND \"c\" = ?");
    op.table = &table;
    op.key = key;
    struct store_op another = op;
    another.key = second;
    assert_int_equal(statement_values_of_reads((struct store_op *[]){&op, &another}, 2, values), 3);
    assert_true(bytes_are(values[0], "k") && bytes_are(values[1], "k2"));
    assert_true(bytes_equal(values[2], key[1]));
}

static bool may_share(struct store_op op, const struct bytes *of)
{
    op.table = &table;
    op.key = of;
    return statement_may_share(&op);
}

/* A list that is written twice has everything twice; a condition is decided row by row; a batch with
 * a part of a clustering key, or a partition of statics, is none of our rows. */
static void what_must_stand_alone_does(void **state)
{
    (void)state;
    static const struct store_cell list[] = {{L, {(const uint8_t *)"x", 1}}};
    assert_true(
        may_share((struct store_op){.kind = STORE_UPDATE, .cells = v_x, .cell_count = 1}, key));
    assert_true(may_share((struct store_op){.kind = STORE_READ}, key));
    assert_true(may_share((struct store_op){.kind = STORE_DELETE_ROW}, key));
    assert_false(may_share((struct store_op){.kind = STORE_READ}, static_key));
    assert_false(
        may_share((struct store_op){.kind = STORE_UPDATE, .cells = list, .cell_count = 1}, key));
    assert_false(
        may_share((struct store_op){.kind = STORE_INSERT, .cells = list, .cell_count = 1}, key));
    assert_false(
        may_share((struct store_op){.kind = STORE_UPDATE_IF, .cells = v_x, .cell_count = 1}, key));
    assert_false(may_share((struct store_op){.kind = STORE_INSERT_IF_NOT_EXISTS}, key));
    assert_false(may_share((struct store_op){.kind = STORE_DELETE_IF}, key));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(writes_in_one_request_keep_their_own_timestamps, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(reads_in_one_request_differ_in_the_partition_key_alone,
                                        set_up, tear_down),
        cmocka_unit_test(what_must_stand_alone_does),
        TEST(a_scan_reads_writetimes_where_there_are_any),
        TEST(a_scan_of_some_columns_reads_the_key_too),
        TEST(a_scan_can_leave_the_filter_to_the_server),
        TEST(a_fenced_update_binds_timestamp_cells_and_key),
        TEST(an_insert_binds_key_cells_then_timestamp),
        TEST(deletes_name_cells_or_the_whole_row),
        TEST(conditions_come_after_the_key),
        TEST(an_update_of_static_columns_names_the_partition_only),
        TEST(a_row_of_statics_is_read_by_its_partition),
        TEST(no_delete_of_a_row_ever_names_a_whole_partition),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
