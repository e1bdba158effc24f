#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cql/retry_budget.h"

static struct retry_budget b;

/* |n| milliseconds with so many requests in each, each of which fails and asks for another try; how many got it. */
static int sick(uint64_t *now_ms, int n, int requests)
{
    int retries = 0;
    for (int i = 0; i < n; i++) {
        ++*now_ms;
        for (int k = 0; k < requests; k++) {
            retry_budget_request(&b);
            retries += retry_budget_take(&b, *now_ms);
        }
    }
    return retries;
}

static int begin(void **state)
{
    (void)state;
    retry_budget_init(&b);
    return 0;
}

static void a_few_failures_never_wait(void **state)
{
    (void)state;
    for (int i = 0; i < RETRY_BUDGET_MOST; i++)
        assert_true(retry_budget_take(&b, 1000));
    assert_false(retry_budget_take(&b, 1000));
}

static void one_request_in_ten_may_be_sent_again(void **state)
{
    (void)state;
    uint64_t now = 1000;
    for (int i = 0; i < 100000; i++) {
        for (int k = 0; k < RETRY_BUDGET_REQUESTS; k++)
            retry_budget_request(&b);
        assert_true(retry_budget_take(&b, now++));
    }
    assert_false(b.is_short);
}

static void a_sick_cluster_is_asked_for_a_tenth_more_at_most(void **state)
{
    (void)state;
    uint64_t now = 1000;
    int retries = sick(&now, 10000, 10); /* 100,000 requests in ten seconds */
    assert_in_range(retries, 10000, 10000 + RETRY_BUDGET_MOST + 11 * RETRY_BUDGET_PER_SECOND);
    assert_true(b.is_short);
}

static void one_that_answers_nothing_well_is_asked_so_often_a_second(void **state)
{
    (void)state;
    int retries = 0;
    for (uint64_t now = 1; now < 100000; now++)
        retries += retry_budget_take(&b, now);
    assert_in_range(retries, 99 * RETRY_BUDGET_PER_SECOND,
                    100 * RETRY_BUDGET_PER_SECOND + RETRY_BUDGET_MOST);
}

static void one_that_is_well_again_is_not_kept_waiting(void **state)
{
    (void)state;
    uint64_t now = 1000;
    int waiting = 500;
    while (retry_budget_take(&b, now))
        ;
    /* Each is sent again as soon as it may, and succeeds 25 ms later. */
    int sent = 0;
    for (; waiting > 0 && now < 60000; now += 25) {
        for (; sent > 0; sent--)
            retry_budget_succeeded(&b);
        for (; sent < waiting && retry_budget_take(&b, now); sent++)
            ;
        waiting -= sent;
    }
    assert_int_equal(waiting, 0);
    assert_true(now < 1000 + 1000);
}

static void it_is_short_until_enough_is_saved_up_again(void **state)
{
    (void)state;
    uint64_t now = 1000;
    sick(&now, 1000, 10);
    assert_true(b.is_short);
    for (int i = 0; i < RETRY_BUDGET_MOST; i++)
        retry_budget_request(&b);
    assert_true(b.is_short);
    for (int i = 0; i < RETRY_BUDGET_MOST * RETRY_BUDGET_REQUESTS / 2; i++)
        retry_budget_request(&b);
    assert_false(b.is_short);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_few_failures_never_wait, begin),
        cmocka_unit_test_setup(one_request_in_ten_may_be_sent_again, begin),
        cmocka_unit_test_setup(a_sick_cluster_is_asked_for_a_tenth_more_at_most, begin),
        cmocka_unit_test_setup(one_that_answers_nothing_well_is_asked_so_often_a_second, begin),
        cmocka_unit_test_setup(one_that_is_well_again_is_not_kept_waiting, begin),
        cmocka_unit_test_setup(it_is_short_until_enough_is_saved_up_again, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
