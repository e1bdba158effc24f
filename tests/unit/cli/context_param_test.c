#include "cli/context_param.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct context_params p;
static struct fault fault;

/* Parses words that are separated by '|'. */
static bool parse(const char *line)
{
    static char text[4096];
    char *words[64];
    int n = 0;
    context_params_fini(&p);
    fault = (struct fault){0};
    snprintf(text, sizeof text, "%s", line);
    for (char *at = text; at && n < 64;) {
        words[n++] = at;
        at = strchr(at, '|');
        if (at)
            *at++ = '\0';
    }
    return context_params_parse(&p, n, words, &fault);
}

static int tear_down(void **state)
{
    (void)state;
    context_params_fini(&p);
    return 0;
}

static void has(const char *key, const char *value)
{
    const char *got = context_params_get(&p, key);
    assert_non_null(got);
    assert_string_equal(got, value);
}

static void the_pages_migration_command_is_read(void **state)
{
    (void)state;
    /* As a shell hands on step 2 of the page, with its missing blank. */
    assert_true(parse(
        "--context_param|dry_run=true|--context_param|sunbird_cassandra_server=198.168.1.1|"
        "--context_param|sunbird_cassandra_port=9042|--context_param|sunbird_cassandra_username=|"
        "--context_param|sunbird_cassandra_password=|--context_param|"
        "sunbird_cassandra_keyspace=sunbird--context_param|sunbird_output_file=/out/"
        "user_migration.csv"));
    assert_int_equal(p.count, 7);
    has("dry_run", "true");
    has("sunbird_cassandra_username", "");
    has("sunbird_cassandra_password", "");
    has("sunbird_cassandra_keyspace", "sunbird");
    has("sunbird_output_file", "/out/user_migration.csv");
}

static void the_pages_status_command_is_read(void **state)
{
    (void)state;
    assert_true(parse("--context_param|--context_param|sunbird_cassandra_server=h|--context_param|"
                      "sunbird_cassandra_keyspace=sunbird--context_param|status=0"));
    assert_int_equal(p.count, 3);
    has("sunbird_cassandra_server", "h");
    has("status", "0");
}

static void equals_may_join_flag_and_pair(void **state)
{
    (void)state;
    assert_true(parse("--context_param=a=1|b=2|c=3--context_param=d=4|--context=Default"));
    assert_int_equal(p.count, 4);
    has("a", "1");
    has("b", "2");
    has("c", "3");
    has("d", "4");
    assert_int_equal(p.ignored, 1);
}

static void a_value_may_hold_equals_signs_and_dashes(void **state)
{
    (void)state;
    assert_true(parse("--context_param|sunbird_cassandra_password=a=b--c--context_paramx"));
    has("sunbird_cassandra_password", "a=b--c--context_paramx");
}

static void the_last_of_two_values_counts(void **state)
{
    (void)state;
    assert_true(parse("--context_param|dry_run=true|--context_param|dry_run=false"));
    has("dry_run", "false");
}

static void what_is_not_key_and_value_is_refused(void **state)
{
    (void)state;
    assert_false(parse("--context_param|sunbird_cassandra_password=my|secret"));
    assert_int_equal(fault.code, FAULT_USAGE);
    assert_null(strstr(fault.text, "secret"));
    assert_non_null(strstr(fault.text, "sunbird_cassandra_password"));
    assert_false(parse("--context_param|a=1|--context_param"));
    assert_false(parse("a=1--context_param"));
    assert_false(parse("--context_param|=1"));
    assert_false(parse("--help"));
    assert_false(parse(""));
}

static void a_placeholder_of_the_page_is_refused(void **state)
{
    (void)state;
    assert_false(parse("--context_param|sunbird_cassandra_server={cassandra-server-host}"));
    assert_non_null(strstr(fault.text, "sunbird_cassandra_server"));
    assert_false(parse("--context_param|sunbird_sync_api_endpoint={app_base_url}/v1/data/sync"));
    assert_true(parse("--context_param|sunbird_cassandra_password={x}"));
}

static void nothing_at_all_is_no_parameter(void **state)
{
    (void)state;
    context_params_fini(&p);
    assert_true(context_params_parse(&p, 0, NULL, &fault));
    assert_int_equal(p.count, 0);
    assert_null(context_params_get(&p, "dry_run"));
}

static void more_parameters_than_there_is_room_for_are_refused(void **state)
{
    (void)state;
    char *words[CONTEXT_PARAMS_MAX + 1];
    static char word[] = "a=1";
    for (int i = 0; i <= CONTEXT_PARAMS_MAX; i++)
        words[i] = word;
    context_params_fini(&p);
    assert_false(context_params_parse(&p, CONTEXT_PARAMS_MAX + 1, words, &fault));
}

static void booleans_are_read_in_any_case_and_never_guessed(void **state)
{
    (void)state;
    bool b = false;
    assert_true(context_param_boolean("dry_run", "True", &b, &fault) && b);
    assert_true(context_param_boolean("dry_run", "FALSE", &b, &fault) && !b);
    assert_true(context_param_boolean("dry_run", "true", &b, &fault) && b);
    assert_false(context_param_boolean("dry_run", "", &b, &fault));
    assert_false(context_param_boolean("dry_run", "ture", &b, &fault));
    assert_false(context_param_boolean("dry_run", "1", &b, &fault));
}

static void secrets_vanish_from_the_arguments(void **state)
{
    (void)state;
    char one[] = "sunbird_cassandra_password=secret",
         two[] = "--context_param=sunbird_sync_api_key=key--context_param",
         three[] = "sunbird_cassandra_username=name",
         four[] = "sunbird_cassandra_keyspace=sunbird--context_param=sunbird_sync_api_key=glued";
    char *words[] = {one, two, three, four};
    context_params_wipe(4, words);
    assert_string_equal(one, "sunbird_cassandra_password=");
    assert_null(memmem(one, sizeof one, "secret", 6));
    assert_null(memmem(two, sizeof two, "key--", 5));
    assert_string_equal(three, "sunbird_cassandra_username=name");
    assert_null(memmem(four, sizeof four, "glued", 5));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(the_pages_migration_command_is_read, tear_down),
        cmocka_unit_test_teardown(the_pages_status_command_is_read, tear_down),
        cmocka_unit_test_teardown(equals_may_join_flag_and_pair, tear_down),
        cmocka_unit_test_teardown(a_value_may_hold_equals_signs_and_dashes, tear_down),
        cmocka_unit_test_teardown(the_last_of_two_values_counts, tear_down),
        cmocka_unit_test_teardown(what_is_not_key_and_value_is_refused, tear_down),
        cmocka_unit_test_teardown(a_placeholder_of_the_page_is_refused, tear_down),
        cmocka_unit_test_teardown(nothing_at_all_is_no_parameter, tear_down),
        cmocka_unit_test_teardown(more_parameters_than_there_is_room_for_are_refused, tear_down),
        cmocka_unit_test_teardown(booleans_are_read_in_any_case_and_never_guessed, tear_down),
        cmocka_unit_test_teardown(secrets_vanish_from_the_arguments, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
