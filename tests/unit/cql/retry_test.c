#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "cql/retry.h"

static void the_wait_doubles_up_to_five_seconds(void **state)
{
    (void)state;
    assert_int_equal(cql_backoff_max_ms(0), 50);
    assert_int_equal(cql_backoff_max_ms(1), 100);
    assert_int_equal(cql_backoff_max_ms(6), 3200);
    assert_int_equal(cql_backoff_max_ms(7), 5000);
    assert_int_equal(cql_backoff_max_ms(1000), 5000);
}

static void the_wait_is_a_random_part_of_the_longest(void **state)
{
    (void)state;
    uint32_t least = UINT32_MAX, most = 0;
    for (int i = 0; i < 500; i++) {
        uint32_t ms = cql_backoff_ms(3);
        least = ms < least ? ms : least;
        most = ms > most ? ms : most;
    }
    assert_true(most <= 400);
    assert_true(least < 100 && most > 300);
}

static enum cql_action decide(int32_t code, enum cql_purpose purpose, int tries)
{
    struct cql_error e = {.code = code};
    return cql_retry_decide(&e, purpose, tries, 8);
}

static void a_write_that_timed_out_is_sent_again_until_retries_are_used_up(void **state)
{
    (void)state;
    assert_int_equal(decide(CQL_WRITE_TIMEOUT, CQL_FOR_ROW, 0), CQL_RETRY_HERE);
    assert_int_equal(decide(CQL_WRITE_TIMEOUT, CQL_FOR_ROW, 7), CQL_RETRY_HERE);
    assert_int_equal(decide(CQL_WRITE_TIMEOUT, CQL_FOR_ROW, 8), CQL_FAIL_ROW);
}

static void a_failed_write_is_tried_only_as_often_as_the_table_says(void **state)
{
    (void)state;
    int most = cql_error_rule(CQL_WRITE_FAILURE)->retries;
    assert_true(most >= 0 && most < 8);
    assert_int_equal(decide(CQL_WRITE_FAILURE, CQL_FOR_ROW, most), CQL_FAIL_ROW);
}

static void an_overloaded_server_gets_less_work(void **state)
{
    (void)state;
    assert_int_equal(decide(CQL_OVERLOADED, CQL_FOR_ROW, 0), CQL_SLOW_DOWN);
    assert_int_equal(decide(CQL_OVERLOADED, CQL_FOR_ROW, 8), CQL_FAIL_ROW);
}

static void a_scan_that_timed_out_asks_for_less_however_often(void **state)
{
    (void)state;
    assert_int_equal(decide(CQL_READ_TIMEOUT, CQL_FOR_SCAN, 0), CQL_SPLIT_RANGE);
    assert_int_equal(decide(CQL_READ_TIMEOUT, CQL_FOR_SCAN, 100), CQL_SPLIT_RANGE);
}

static void missing_rights_end_the_run_at_once(void **state)
{
    (void)state;
    assert_int_equal(decide(CQL_UNAUTHORIZED, CQL_FOR_ROW, 0), CQL_FAIL_RUN);
    assert_int_equal(decide(CQL_SYNTAX_ERROR, CQL_FOR_SCAN, 0), CQL_FAIL_RUN);
}

static void a_forgotten_statement_is_prepared_again(void **state)
{
    (void)state;
    assert_int_equal(decide(CQL_UNPREPARED, CQL_FOR_ROW, 0), CQL_REPREPARE);
    assert_int_equal(decide(CQL_UNPREPARED, CQL_FOR_SCAN, 8), CQL_REPREPARE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_wait_doubles_up_to_five_seconds),
        cmocka_unit_test(the_wait_is_a_random_part_of_the_longest),
        cmocka_unit_test(a_write_that_timed_out_is_sent_again_until_retries_are_used_up),
        cmocka_unit_test(a_failed_write_is_tried_only_as_often_as_the_table_says),
        cmocka_unit_test(an_overloaded_server_gets_less_work),
        cmocka_unit_test(a_scan_that_timed_out_asks_for_less_however_often),
        cmocka_unit_test(missing_rights_end_the_run_at_once),
        cmocka_unit_test(a_forgotten_statement_is_prepared_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
