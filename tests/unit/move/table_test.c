#include "fixture.h"

static void columns_stand_in_the_fixed_order(void **state)
{
    (void)state;
    struct table *t = table_of("t", "z text; s text static; c2 int ck; b int; p text pk");
    /* A second clustering column put before the first by name. */
    struct table *u = table_of("u", "zz int ck; aa int ck; p2 int pk; p1 int pk");
    struct buf out;
    buf_init(&out, 1000);
    table_shape(t, &out);
    assert_string_equal(buf_text(&out),
                        "sunbird.t(p text pk0, c2 int ck0, s text static, b int, z text)");
    buf_clear(&out);
    table_shape(u, &out);
    assert_string_equal(buf_text(&out),
                        "sunbird.u(p2 int pk0, p1 int pk1, zz int ck0, aa int ck1)");
    buf_fini(&out);
    assert_int_equal(t->partition_count, 1);
    assert_int_equal(t->key_count, 2);
    assert_int_equal(u->key_count, 4);
    assert_int_equal(table_column(t, "b"), 3);
    assert_int_equal(table_column(t, "x"), -1);
}

static void a_table_without_a_key_or_with_a_name_twice_is_refused(void **state)
{
    (void)state;
    struct table *t = table_of("t", "p text pk; a text");
    t->columns[0].role = COLUMN_REGULAR;
    assert_false(table_finish(t, &fault));
    assert_int_equal(fault.code, FAULT_SCHEMA);
    assert_string_equal(fault.subject, "sunbird.t");
    t = table_of("t", "p text pk; a text");
    strcpy(t->columns[1].name, "p");
    assert_false(table_finish(t, &fault));
    t->column_count = TABLE_COLUMNS_MAX + 1;
    assert_false(table_finish(t, &fault));
}

static void counters_are_noticed(void **state)
{
    (void)state;
    assert_true(table_of("t", "p text pk; n counter")->has_counter);
    assert_false(table_of("t", "p text pk; n int")->has_counter);
}

static void a_copy_has_its_own_columns(void **state)
{
    (void)state;
    struct table *t = table_of("t", "p text pk; a text"), *copy = table_copy(&arena, t);
    strcpy(t->columns[1].name, "b");
    assert_int_equal(table_column(copy, "a"), 1);
    char name[2 * NAME_TEXT_MAX];
    table_full_name(copy, name, sizeof name);
    assert_string_equal(name, "sunbird.t");
}

static void a_row_knows_its_newest_cell_and_whether_it_has_any(void **state)
{
    (void)state;
    struct row r = row_of(table_of("t", "p text pk; a text; b text"));
    put_key(&r, "p", "1");
    assert_true(row_is_keys_only(&r));
    assert_true(row_writetime_max(&r) == WRITETIME_NONE);
    put(&r, "a", "", 5);
    put(&r, "b", "x", 9);
    assert_false(row_is_keys_only(&r));
    assert_int_equal(row_writetime_max(&r), 9);
    cell_of(&r, "b")->selected = false;
    assert_int_equal(row_writetime_max(&r), 5);
    struct row copy = row_copy(&arena, &r);
    assert_bytes(cell_of(&copy, "a")->value, bytes_of(""));
    assert_true(cell_of(&copy, "b")->value.p != cell_of(&r, "b")->value.p);
    assert_false(cell_of(&copy, "b")->selected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(columns_stand_in_the_fixed_order),
        TEST(a_table_without_a_key_or_with_a_name_twice_is_refused),
        TEST(counters_are_noticed),
        TEST(a_copy_has_its_own_columns),
        TEST(a_row_knows_its_newest_cell_and_whether_it_has_any),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
