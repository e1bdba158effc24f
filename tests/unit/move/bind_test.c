#include "fixture.h"

#include "move/expression.h"

#define HEAD "rules:\n  - rule: x\n    table: sunbird.t\n"

static bool bind(struct bound_rule *b, const char *rule, const char *columns)
{
    struct rule *r = parse_rule(rule);
    struct table *t = table_of("t", columns);
    memset(&fault, 0, sizeof fault);
    return rule_bind(b, r, t, &old_tenant, &new_tenant, &arena, &fault);
}

static void check_schema(const char *rule, const char *columns, const char *part)
{
    struct bound_rule b;
    assert_false(bind(&b, rule, columns));
    assert_int_equal(fault.code, FAULT_SCHEMA);
    if (!strstr(fault.text, part))
        fail_msg("\"%s\" has no \"%s\"", fault.text, part);
}

static void names_become_numbers_and_values_bytes(void **state)
{
    (void)state;
    struct bound_rule *b = bind_to(builtin_rule("user"), table_of("user", USER));
    assert_int_equal(b->find_column, table_column(b->table, "rootorgid"));
    assert_text(b->find_value, "01old");
    assert_int_equal(b->set_count, 2);
    assert_text(b->set_value[1], "rj");
    assert_int_equal(b->sync_id, 0);
    assert_int_equal(b->sync_course_id, -1);
    assert_false(b->moves_row);
    assert_string_equal(b->missing, "");
    b = bind_to(builtin_rule("membership"), table_of("user_organisation", MEMBERSHIP));
    assert_true(b->moves_row);
    assert_int_equal(b->merge_live, table_column(b->table, "isdeleted"));
    assert_int_equal(b->merge_union_count, 1);
    b = bind_to(builtin_rule("batch"), table_of("course_batch", BATCH));
    assert_text(b->replace_to, "01new");
    assert_int_equal(b->sync_course_id, table_column(b->table, "courseid"));
}

static void a_literal_takes_the_type_of_its_column(void **state)
{
    (void)state;
    static const struct {
        const char *type, *text;
        const char *raw;
        size_t n;
    } good[] = {{"int", "0", "\0\0\0\0", 4},
                {"int", "-1", "\xff\xff\xff\xff", 4},
                {"int", "2147483647", "\x7f\xff\xff\xff", 4},
                {"bigint", "-9223372036854775808", "\x80\0\0\0\0\0\0\0", 8},
                {"smallint", "258", "\1\2", 2},
                {"tinyint", "-128", "\x80", 1},
                {"boolean", "true", "\1", 1},
                {"boolean", "false", "\0", 1},
                {"text", "0", "0", 1},
                {"text", "", "", 0},
                {"uuid", "01234567-89AB-cdef-0123-456789abcdef",
                 "\x01\x23\x45\x67\x89\xab\xcd\xef\x01\x23\x45\x67\x89\xab\xcd\xef", 16}};
    static const char *const bad[][2] = {{"int", "2147483648"},
                                         {"int", ""},
                                         {"int", "-"},
                                         {"int", "1x"},
                                         {"bigint", "9223372036854775808"},
                                         {"tinyint", "128"},
                                         {"boolean", "yes"},
                                         {"boolean", "1"},
                                         {"uuid", "123"},
                                         {"uuid", "01234567x89AB-cdef-0123-456789abcdef"},
                                         {"list<text>", "a"},
                                         {"timestamp", "now"},
                                         {"int", "99999999999999999999999"}};
    struct type t;
    struct bytes out;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(type_parse(&t, bytes_of(good[i].type), &fault));
        assert_true(expression_serialize(&t, bytes_of(good[i].text), &arena, &out, &fault));
        assert_bytes(out, ((struct bytes){(const uint8_t *)good[i].raw, good[i].n}));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_true(type_parse(&t, bytes_of(bad[i][0]), &fault));
        assert_false(expression_serialize(&t, bytes_of(bad[i][1]), &arena, &out, &fault));
        assert_int_equal(fault.code, FAULT_SCHEMA);
    }
}

static void what_the_table_cannot_do_is_refused(void **state)
{
    (void)state;
    const char *plain =
        HEAD "    find: { column: a, equals: $source.id }\n    set: { a: $target.id }\n";
    const char *key = HEAD "    find: { key: a, equals: $source.id }\n    set: { a: $target.id }\n";
    const char *list =
        HEAD "    find: { list: a, contains: x }\n    replace: { list: a, from: x, to: y }\n";
    check_schema(plain, "p text pk", "is not there");
    check_schema(plain, "a text pk", "find it by `key`");
    check_schema(plain, "p text pk; a int", "type int cannot hold the value");
    check_schema(plain, "p text pk; a text; n counter", "counters");
    check_schema(plain, "p text pk; c text ck; a text static", "static");
    check_schema(key, "p text pk; a text", "find it by `column`");
    check_schema(key, "p text pk; a text ck; s text static", "static");
    check_schema(list, "p text pk; a text", "not a list or set of text");
    check_schema(list, "p text pk; a list<int>", "not a list or set of text");
    check_schema(HEAD "    find: { key: a, equals: x }\n    set: { b: y }\n",
                 "a text pk; b text ck", "must be set too");
    check_schema(HEAD "    find: { key: a, equals: x }\n    set: { b: y }\n", "a text pk",
                 "is not there");
    check_schema(HEAD "    find: { key: a, equals: x }\n    set: { a: '' }\n", "a text pk",
                 "cannot be empty");
    check_schema(HEAD "    find: { key: a, equals: x }\n    set: { a: y }\n    collision: merge\n  "
                      "  merge: { live: b }\n",
                 "a text pk; b text", "not boolean");
    check_schema(HEAD "    find: { key: a, equals: x }\n    set: { a: y }\n    collision: merge\n  "
                      "  merge: { union: [b] }\n",
                 "a text pk; b text", "as `union` needs it");
    check_schema(HEAD "    find: { key: a, equals: x }\n    set: { a: y }\n    collision: merge\n  "
                      "  merge: { earliest: [b] }\n",
                 "a text pk; b int", "as `earliest` needs it");
    check_schema(HEAD "    find: { column: a, equals: x }\n    set: { a: y, p: z }\n",
                 "p text pk; a text", "is not in the key");
    check_schema(HEAD "    find: { column: a, equals: x }\n    set: { a: y }\n    sync: { object: "
                      "user, id: b }\n",
                 "p text pk; a text", "`sync` needs it");
}

static void a_column_that_this_generation_lacks_is_left_out_and_named(void **state)
{
    (void)state;
    struct bound_rule b;
    assert_true(
        bind(&b,
             HEAD "    find: { key: a, equals: x }\n    set: { a: y, hashtagid: z, channel: c }\n"
                  "    collision: merge\n    merge: { live: isdeleted, union: [roles] }\n",
             "a text pk; channel text"));
    assert_int_equal(b.set_count, 2);
    assert_string_equal(b.missing, "hashtagid, isdeleted, roles");
    assert_int_equal(b.merge_live, -1);
    assert_int_equal(b.merge_union_count, 0);
}

static void an_empty_value_of_a_tenant_is_refused(void **state)
{
    (void)state;
    struct tenant empty = new_tenant;
    struct bound_rule b;
    struct bound_node n;
    empty.channel = bytes_of("");
    empty.hashtagid = bytes_null();
    assert_false(rule_bind(&b, builtin_rule("user"), table_of("user", USER), &old_tenant, &empty,
                           &arena, &fault));
    assert_int_equal(fault.code, FAULT_REFUSED);
    assert_non_null(strstr(fault.text, "$target.channel"));
    assert_string_equal(fault.subject, "organisation 01new");
    assert_false(rule_bind_node(&n, builtin_rule("content"), &old_tenant, &empty, &fault));
    assert_int_equal(fault.code, FAULT_REFUSED);
    assert_non_null(strstr(fault.text, "$target.hashtagid"));
}

static void a_scan_reads_the_keys_and_what_the_rule_needs(void **state)
{
    (void)state;
    bool selected[16];
    struct bound_rule *b = bind_to(builtin_rule("user"), table_of("user", USER));
    rule_select(b, selected);
    assert_true(selected[table_column(b->table, "id")]);
    assert_true(selected[table_column(b->table, "rootorgid")]);
    assert_true(selected[table_column(b->table, "channel")]);
    assert_false(selected[table_column(b->table, "email")]);
    b = bind_to(builtin_rule("membership"), table_of("user_organisation", MEMBERSHIP));
    rule_select(b, selected);
    for (int i = 0; i < b->table->column_count; i++)
        assert_true(selected[i]);
    b = bind_to(builtin_rule("batch"), table_of("course_batch", BATCH));
    rule_select(b, selected);
    assert_true(selected[table_column(b->table, "createdfor")]);
    assert_false(selected[table_column(b->table, "name")]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(names_become_numbers_and_values_bytes),
        TEST(a_literal_takes_the_type_of_its_column),
        TEST(what_the_table_cannot_do_is_refused),
        TEST(a_column_that_this_generation_lacks_is_left_out_and_named),
        TEST(an_empty_value_of_a_tenant_is_refused),
        TEST(a_scan_reads_the_keys_and_what_the_rule_needs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
