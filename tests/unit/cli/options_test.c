#include "cli/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cli/text.h"

static void every_default_is_a_value_that_its_own_row_takes(void **state)
{
    (void)state;
    int count;
    const struct option_row *table = option_table(&count);
    struct values v = {0};
    for (int i = 0; i < count; i++) {
        struct fault f = {0};
        if (!option_set(&table[i], &v, table[i].otherwise, &f))
            fail_msg("%s: %s", table[i].name, f.text);
        if (table[i].example && !option_set(&table[i], &v, table[i].example, &f) &&
            table[i].kind == OPTION_INT)
            fail_msg("%s: example: %s", table[i].name, f.text);
    }
}

static void no_two_rows_have_one_name_or_one_place(void **state)
{
    (void)state;
    int count;
    const struct option_row *table = option_table(&count);
    for (int i = 0; i < count; i++) {
        for (int j = 0; j < i; j++) {
            assert_string_not_equal(table[i].name, table[j].name);
            if (table[i].offset == table[j].offset)
                fail_msg("%s and %s fill the same field", table[i].name, table[j].name);
        }
    }
}

static void every_field_of_the_settings_has_an_option(void **state)
{
    (void)state;
    struct values v;
    memset(&v, 0xa5, sizeof v);
    const struct values before = v;
    int count;
    const struct option_row *table = option_table(&count);
    for (int i = 0; i < count; i++)
        option_set(&table[i], &v, table[i].otherwise, NULL);
    /* Texts: no pointer may still have the pattern that was there. */
    const char *const *was = (const char *const *)(const void *)&before.settings;
    const char *const *is = (const char *const *)(const void *)&v.settings;
    for (size_t i = 0; i < sizeof v.settings / sizeof *is; i++)
        assert_ptr_not_equal(is[i], was[i]);
}

static void numbers_outside_their_limits_are_refused(void **state)
{
    (void)state;
    struct values v = {0};
    struct fault f = {0};
    const struct option_row *port = option_find("cassandra-port");
    static const char *const bad[] = {"0", "65536", "", "9042x", "x", "99999999999999999999",
                                      " ", "1e3"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(option_set(port, &v, bad[i], &f));
    assert_int_equal(f.code, FAULT_USAGE);
    assert_true(option_set(port, &v, "65535", &f));
    assert_int_equal(v.settings.cassandra_port, 65535);
}

static void choices_are_whole_words(void **state)
{
    (void)state;
    struct values v = {0};
    const struct option_row *o = option_find("consistency");
    assert_true(option_set(o, &v, "ONE", NULL));
    assert_true(option_set(o, &v, "local_quorum", NULL));
    assert_false(option_set(o, &v, "LOCAL", NULL));
    assert_false(option_set(o, &v, "NE", NULL));
    assert_false(option_set(o, &v, "", NULL));
    assert_false(option_set(o, &v, "ONE TWO", NULL));
}

static void names_for_the_environment_and_for_secrets_follow_from_the_row(void **state)
{
    (void)state;
    char name[80];
    option_environment_name(option_find("cassandra-port"), name);
    assert_string_equal(name, "TENANTMOVE_CASSANDRA_PORT");
    option_secret_name(option_find("sync-key-file"), name);
    assert_string_equal(name, "sync-key");
}

static void a_slip_of_the_finger_finds_what_was_meant(void **state)
{
    (void)state;
    assert_string_equal(option_nearest("casandra", COMMANDS_ALL), "cassandra");
    assert_string_equal(option_nearest("cassandra_port", COMMANDS_ALL), "cassandra-port");
    assert_string_equal(option_nearest("tagret", COMMANDS_ALL), "target");
    assert_string_equal(option_nearest("verify-timeout", COMMANDS_ALL), "verify-timeout-s");
    assert_null(option_nearest("zzzzzz", COMMANDS_ALL));
}

static void numbers_and_times_are_written_for_people(void **state)
{
    (void)state;
    char t[TEXT_COUNT_MAX];
    assert_string_equal(text_count(t, 0), "0");
    assert_string_equal(text_count(t, 999), "999");
    assert_string_equal(text_count(t, 6515), "6,515");
    assert_string_equal(text_count(t, UINT64_MAX), "18,446,744,073,709,551,615");
    assert_string_equal(text_duration(t, 120000), "0.1 s");
    assert_string_equal(text_duration(t, 12300000), "12 s");
    assert_string_equal(text_duration(t, 187000000), "3:07");
    assert_string_equal(text_duration(t, 7509000000), "2:05:09");
}

static void text_from_servers_cannot_steer_a_terminal(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 1000);
    text_plain(&b, bytes_of("a\x1b[31mb\n\xff\xc2\x9b\xe0\xa4\x95"));
    assert_string_equal(buf_text(&b), "a?[31mb????\xe0\xa4\x95");
    buf_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_default_is_a_value_that_its_own_row_takes),
        cmocka_unit_test(no_two_rows_have_one_name_or_one_place),
        cmocka_unit_test(every_field_of_the_settings_has_an_option),
        cmocka_unit_test(numbers_outside_their_limits_are_refused),
        cmocka_unit_test(choices_are_whole_words),
        cmocka_unit_test(names_for_the_environment_and_for_secrets_follow_from_the_row),
        cmocka_unit_test(a_slip_of_the_finger_finds_what_was_meant),
        cmocka_unit_test(numbers_and_times_are_written_for_people),
        cmocka_unit_test(text_from_servers_cannot_steer_a_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
