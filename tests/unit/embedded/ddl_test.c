#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "embedded/ddl.h"

struct seen {
    const struct table *tables[64];
    bool if_not_exists[64];
    int count;
};

static bool keep(void *context, const struct table *t, bool if_not_exists, struct fault *f)
{
    struct seen *s = context;
    (void)f;
    assert_true(s->count < 64);
    s->if_not_exists[s->count] = if_not_exists;
    s->tables[s->count++] = t;
    return true;
}

static struct arena arena;
static struct seen seen;
static struct fault fault;

static int begin(void **state)
{
    (void)state;
    arena_init(&arena, (size_t)256 * 1024 * 1024);
    seen = (struct seen){0};
    fault = (struct fault){0};
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_fini(&arena);
    return 0;
}

static bool read_text(const char *text)
{
    return ddl_read(bytes_of(text), &arena, keep, &seen, &fault);
}

static const struct column *column(int i, const char *name)
{
    int place = table_column(seen.tables[i], name);
    assert_true(place >= 0);
    return &seen.tables[i]->columns[place];
}

static void a_table_with_every_kind_of_column_is_read(void **state)
{
    (void)state;
    assert_true(read_text("-- a comment\n"
                          "CREATE KEYSPACE ks WITH replication = {'class': 'SimpleStrategy'};\n"
                          "/* two\nlines */ create table if not exists ks.T1 (\n"
                          "  a text, B int, c varchar, \"Odd Name\" text, s timestamp static,\n"
                          "  l list<text>, m map<text,frozen<list<int>>>, u frozen<address>,\n"
                          "  PRIMARY KEY ((a, b), c)\n"
                          ") WITH CLUSTERING ORDER BY (c DESC) AND comment = 'it''s; so';\n"
                          "CREATE INDEX i ON ks.t1 (l); // the end"));
    assert_int_equal(seen.count, 1);
    assert_true(seen.if_not_exists[0]);
    assert_string_equal(seen.tables[0]->keyspace, "ks");
    assert_string_equal(seen.tables[0]->name, "t1");
    assert_int_equal(seen.tables[0]->column_count, 8);
    assert_int_equal(seen.tables[0]->partition_count, 2);
    assert_int_equal(seen.tables[0]->key_count, 3);
    assert_int_equal(column(0, "b")->position, 1);
    assert_int_equal(column(0, "c")->role, COLUMN_CLUSTERING);
    assert_int_equal(column(0, "c")->type.kind, TYPE_TEXT);
    assert_int_equal(column(0, "s")->role, COLUMN_STATIC);
    assert_int_equal(column(0, "Odd Name")->role, COLUMN_REGULAR);
    assert_string_equal(column(0, "m")->type.text, "map<text, frozen<list<int>>>");
    assert_true(column(0, "u")->type.frozen);
}

static void every_form_of_primary_key_is_read(void **state)
{
    (void)state;
    assert_true(read_text("USE k; CREATE TABLE a (x int PRIMARY KEY, y int);"
                          "CREATE TABLE b (x int, y int, PRIMARY KEY (x));"
                          "CREATE TABLE c (x int, y int, z int, PRIMARY KEY (y, x));"
                          "CREATE TABLE d (x int, y int, PRIMARY KEY ((y, x)))"));
    assert_int_equal(seen.count, 4);
    assert_int_equal(seen.tables[0]->key_count, 1);
    assert_int_equal(seen.tables[1]->partition_count, 1);
    assert_int_equal(seen.tables[2]->partition_count, 1);
    assert_int_equal(seen.tables[2]->key_count, 2);
    assert_string_equal(seen.tables[2]->columns[0].name, "y");
    assert_int_equal(seen.tables[3]->partition_count, 2);
    assert_string_equal(seen.tables[3]->columns[0].name, "y");
}

static void a_broken_schema_names_its_line(void **state)
{
    static const struct {
        const char *text;
        const char *line;
    } cases[] = {
        {"\n\nDROP TABLE a;", "line 3"},
        {"CREATE TABLE ks.t (a text,\n PRIMARY KEY (b));", "line 2"},
        {"CREATE TABLE t (a text PRIMARY KEY);", "line 1"},
        {"CREATE TABLE ks.t (a list<text PRIMARY KEY);", "line 1"},
        {"CREATE TABLE ks.t (a text", "line 1"},
        {"CREATE TABLE ks.t (a \"text", "line 1"},
        {"CREATE TABLE ks.t (a text, PRIMARY KEY (a, a));", "line 1"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_false(read_text(cases[i].text));
        assert_string_equal(fault.subject, cases[i].line);
    }
    assert_false(read_text("CREATE TABLE ks.t (a text);"));
    assert_int_equal(fault.code, FAULT_SCHEMA);
    assert_int_equal(seen.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_table_with_every_kind_of_column_is_read, begin, end),
        cmocka_unit_test_setup_teardown(every_form_of_primary_key_is_read, begin, end),
        cmocka_unit_test_setup_teardown(a_broken_schema_names_its_line, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
