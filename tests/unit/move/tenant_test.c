#include "fixture.h"

static void a_tenant_is_read_from_its_row(void **state)
{
    (void)state;
    struct row r = row_of(table_of("organisation", ORGANISATION));
    struct tenant t;
    put_key(&r, "id", "01new");
    put(&r, "orgname", "राजस्थान", 1);
    put(&r, "channel", "rj", 1);
    put(&r, "hashtagid", "01newtag", 1);
    put_bytes(&r, "status", int_of(1), 1);
    put_bytes(&r, "isrootorg", boolean(true), 1);
    assert_true(tenant_from_row(&t, &r, &arena, &fault));
    assert_text(t.id, "01new");
    assert_text(t.name, "राजस्थान");
    assert_text(t.channel, "rj");
    assert_text(t.hashtagid, "01newtag");
    assert_true(t.has_status && t.status == 1 && t.is_root && !t.is_custodian);
    put_bytes(&r, "istenant", boolean(false), 1);
    assert_true(tenant_from_row(&t, &r, &arena, &fault));
    assert_false(t.is_root);
}

static void columns_that_the_table_does_not_have_count_as_null(void **state)
{
    (void)state;
    struct row r = row_of(table_of("organisation", "id text pk; istenant boolean"));
    struct tenant t;
    put_key(&r, "id", "x");
    put_bytes(&r, "istenant", boolean(true), 1);
    assert_true(tenant_from_row(&t, &r, &arena, &fault));
    assert_true(bytes_are_null(t.channel) && !t.has_status && t.is_root);
    r = row_of(table_of("organisation", "id text pk; status text"));
    put(&r, "status", "active", 1);
    assert_false(tenant_from_row(&t, &r, &arena, &fault));
    assert_int_equal(fault.code, FAULT_SCHEMA);
}

static void a_status_has_a_name(void **state)
{
    (void)state;
    struct tenant t = {.has_status = true, .status = 3};
    assert_string_equal(tenant_status_name(&t), "retired");
    t.status = 0;
    assert_string_equal(tenant_status_name(&t), "inactive");
    t.status = -7;
    assert_string_equal(tenant_status_name(&t), "status -7");
    t.has_status = false;
    assert_string_equal(tenant_status_name(&t), "without status");
}

static void an_id_is_letters_digits_and_two_signs(void **state)
{
    (void)state;
    char longest[66];
    memset(longest, '1', 65);
    longest[65] = '\0';
    assert_false(tenant_id_check("source", longest, &fault));
    assert_int_equal(fault.code, FAULT_USAGE);
    assert_true(tenant_id_check("source", longest + 1, &fault));
    assert_true(tenant_id_check("source", "ORG_001-x", &fault));
    const char *bad[] = {"", "a b", "a'b", "a\"b", "a/b", "ज", "a\n", NULL};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(tenant_id_check("source", bad[i], &fault));
}

static void check_refused(struct tenant source, struct tenant target, const char *part)
{
    fault.text[0] = '\0';
    assert_false(tenants_check(&source, &target, &fault));
    assert_int_equal(fault.code, FAULT_REFUSED);
    assert_non_null(strstr(fault.text, part));
    assert_string_not_equal(fault.hint, "");
    assert_non_null(strstr(fault.subject, "organisation 01"));
}

static void what_stops_a_move_is_said_first_reason_first(void **state)
{
    (void)state;
    struct tenant s = old_tenant, t = new_tenant;
    assert_true(tenants_check(&s, &t, &fault));
    s.has_status = false; /* an inactive source may still be moved */
    assert_true(tenants_check(&s, &t, &fault));
    t.hashtagid = bytes_of("");
    check_refused(s, t, "no hashtagid");
    t.channel = bytes_null();
    check_refused(s, t, "no channel");
    t.status = 2;
    check_refused(s, t, "blocked");
    t.status = 1; /* a number that was never read */
    t.has_status = false;
    check_refused(s, t, "without status");
    t.is_root = false;
    check_refused(s, t, "target is not a root");
    s.is_root = false;
    check_refused(s, t, "source is not a root");
    t.is_custodian = true;
    check_refused(s, t, "target is the custodian");
    s.is_custodian = true;
    check_refused(s, t, "source is the custodian");
    t.id = s.id;
    check_refused(s, t, "same organisation");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_tenant_is_read_from_its_row),
        TEST(columns_that_the_table_does_not_have_count_as_null),
        TEST(a_status_has_a_name),
        TEST(an_id_is_letters_digits_and_two_signs),
        TEST(what_stops_a_move_is_said_first_reason_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
