#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/pace.h"

/* Reads pages of |page| rows as fast as |p| lets it, for |seconds|; returns the rows. */
static uint64_t run(struct pace *p, uint64_t *now_us, int page, int seconds)
{
    uint64_t end = *now_us + (uint64_t)seconds * 1000000, before = p->spent;
    while (*now_us < end) {
        uint64_t wait = pace_wait_us(p, *now_us);
        if (wait) {
            *now_us += wait;
            continue;
        }
        pace_spend(p, (uint64_t)page);
        *now_us += 100; /* a page's answer */
    }
    return p->spent - before;
}

static void without_a_rate_nothing_waits(void **state)
{
    (void)state;
    struct pace p = {0};
    pace_spend(&p, 1000000);
    assert_int_equal(pace_wait_us(&p, 5), 0);
    assert_int_equal(p.spent, 1000000);
    assert_int_equal(pace_share(&p, 5000, 1), 5000);
}

static void a_rate_holds_for_rows_and_for_pages(void **state)
{
    (void)state;
    static const int pages[] = {1, 7, 100, 5000};
    for (int i = 0; i < 4; i++) {
        struct pace p = {0};
        uint64_t now = 1000;
        pace_set_rate(&p, 1000, now);
        uint64_t rows = run(&p, &now, pages[i], 60);
        assert_in_range(rows, 59000, 60000 + (uint64_t)pages[i] + 250);
    }
}

static void what_was_not_used_is_not_saved_up(void **state)
{
    (void)state;
    struct pace p = {0};
    uint64_t now = 1;
    pace_set_rate(&p, 1000, now);
    now += 3600000000;
    assert_in_range(run(&p, &now, 1, 1), 1000, 1252);
    p.is_even = true;
    now += 3600000000;
    assert_in_range(run(&p, &now, 1, 1), 1000, 1022);
}

static void what_is_asked_for_counts_before_it_comes(void **state)
{
    (void)state;
    struct pace p = {0};
    uint64_t now = 1;
    pace_owe(&p, 1000);
    assert_int_equal(pace_wait_us(&p, now), 0);
    pace_set_rate(&p, 1000, now);
    pace_owe(&p, 101);
    assert_in_range(pace_wait_us(&p, now), 99000, 101000);
    /* Half of them came. */
    pace_owe(&p, -101);
    pace_spend(&p, 51);
    assert_in_range(pace_wait_us(&p, now), 49000, 51000);
    assert_int_equal(p.spent, 51);
}

static void a_new_rate_holds_at_once_and_a_debt_stays(void **state)
{
    (void)state;
    struct pace p = {0};
    uint64_t now = 1;
    pace_set_rate(&p, 10, now);
    pace_spend(&p, 1001);
    assert_in_range(pace_wait_us(&p, now), 99900000, 100100000);
    pace_set_rate(&p, 1000, now);
    assert_in_range(pace_wait_us(&p, now), 990000, 1010000);
    pace_set_rate(&p, 0, now);
    assert_int_equal(pace_wait_us(&p, now), 0);
    pace_set_rate(&p, 10, now);
    assert_int_equal(pace_wait_us(&p, now), 0);
}

static void after_an_interrupt_nothing_waits(void **state)
{
    (void)state;
    struct pace p = {0};
    pace_set_rate(&p, 1, 1);
    pace_spend(&p, 100);
    assert_true(pace_wait_us(&p, 1) > 0);
    p.is_lifted = true;
    assert_int_equal(pace_wait_us(&p, 1), 0);
}

static void a_share_is_small_when_the_pace_is_slow(void **state)
{
    (void)state;
    struct pace p = {0};
    pace_set_rate(&p, 1000, 1);
    assert_int_equal(pace_share(&p, 5000, 1), 100);
    assert_int_equal(pace_share(&p, 5000, 4), 25);
    assert_int_equal(pace_share(&p, 20, 1), 20);
    pace_set_rate(&p, 1, 1);
    assert_int_equal(pace_share(&p, 5000, 1), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_rate_nothing_waits),
        cmocka_unit_test(a_rate_holds_for_rows_and_for_pages),
        cmocka_unit_test(what_was_not_used_is_not_saved_up),
        cmocka_unit_test(what_is_asked_for_counts_before_it_comes),
        cmocka_unit_test(a_new_rate_holds_at_once_and_a_debt_stays),
        cmocka_unit_test(after_an_interrupt_nothing_waits),
        cmocka_unit_test(a_share_is_small_when_the_pace_is_slow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
