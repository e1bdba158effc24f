/* The governor against a cluster that is only a formula: the p99 grows as the load comes near what it can do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "phase/governor.h"

enum { MAX_US = 20000, BASE_US = 2000, PROBES = 100 };

struct cluster {
    double capacity; /* rows per second */
    double others;
    double wanted; /* what the run does without a limit */
    uint64_t now_us, spent;
    double ours; /* now */
    int bad_ms;  /* of the last second: how long the others suffered */
};

static uint32_t p99(const struct cluster *c)
{
    double load = (c->ours + c->others) / c->capacity;
    return (uint32_t)(load < 0.99 ? BASE_US / (1 - load) : BASE_US * 100.0);
}

/* One second: the run does what it may, the probes are answered, the governor looks every 10 ms. */
static void second(struct governor *g, struct cluster *c)
{
    c->bad_ms = 0;
    for (int i = 0; i < PROBES; i++) {
        c->ours = g->rate > 0 && g->rate < c->wanted ? g->rate : c->wanted;
        c->bad_ms += p99(c) > MAX_US ? 10 : 0;
        c->now_us += 10000;
        c->spent += (uint64_t)(c->ours / PROBES);
        governor_answer(g, p99(c) / 4);
        if (i % 20 == 0) /* five in a hundred are slow */
            governor_answer(g, p99(c));
        governor_look(g, c->now_us, c->spent, NULL, 0);
    }
}

static void begin(struct governor *g, struct cluster *c)
{
    governor_init(g);
    governor_set(g, MAX_US);
    *c = (struct cluster){.capacity = 100000, .wanted = 300000, .now_us = 1};
}

/* How long of |n| seconds the others suffered, in seconds, rounded up. */
static int bad_seconds(struct governor *g, struct cluster *c, int n, double *rows)
{
    int bad_ms = 0;
    *rows = 0;
    for (int i = 0; i < n; i++) {
        second(g, c);
        bad_ms += c->bad_ms;
        *rows += c->ours / n;
    }
    return (bad_ms + 999) / 1000;
}

static void without_a_threshold_nothing_is_decided(void **state)
{
    (void)state;
    struct governor g;
    struct cluster c;
    double rows;
    begin(&g, &c);
    governor_set(&g, 0);
    bad_seconds(&g, &c, 10, &rows);
    assert_int_equal(g.state, GOVERNOR_FREE);
    assert_false(g.has_decided);
    assert_true(g.rate == 0);
}

static void a_cluster_that_suffers_is_left_alone_within_seconds(void **state)
{
    (void)state;
    struct governor g;
    struct cluster c;
    double rows;
    begin(&g, &c);
    bad_seconds(&g, &c, 8, &rows);
    assert_int_equal(bad_seconds(&g, &c, 60, &rows) > 12, 0);
    /* 90,000 rows/s are what this cluster gives without suffering. */
    assert_in_range((uint64_t)rows, 55000, 90000);
}

static void a_run_begins_slowly_and_soon_uses_what_there_is(void **state)
{
    (void)state;
    struct governor g;
    struct cluster c;
    double rows;
    begin(&g, &c);
    governor_start(&g);
    second(&g, &c);
    assert_true(c.ours <= GOVERNOR_RATE_FIRST);
    assert_true(bad_seconds(&g, &c, 12, &rows) <= 2);
    assert_true(c.ours > 40000);
}

static void it_makes_room_for_others_and_takes_it_back_when_they_leave(void **state)
{
    (void)state;
    struct governor g;
    struct cluster c;
    double rows;
    begin(&g, &c);
    bad_seconds(&g, &c, 30, &rows);
    c.others = 70000;
    bad_seconds(&g, &c, 10, &rows);
    bad_seconds(&g, &c, 20, &rows);
    assert_true(rows < 25000);
    assert_true(rows > 5000);
    c.others = 0;
    bad_seconds(&g, &c, 120, &rows);
    assert_true(c.ours > 55000);
}

static void it_is_never_slower_than_the_floor(void **state)
{
    (void)state;
    struct governor g;
    struct cluster c;
    double rows;
    begin(&g, &c);
    c.others = 100000;
    bad_seconds(&g, &c, 60, &rows);
    assert_true(g.rate == GOVERNOR_RATE_LEAST);
    char reason[GOVERNOR_REASON_MAX];
    governor_reason(&g, reason);
    /* Of eleven answers, one may be slower than the p99 of the whole window would have been. */
    assert_string_equal(reason, "p99 of probe reads 50 ms > max-latency 20 ms");
}

static void a_limit_that_is_not_needed_any_more_is_lifted(void **state)
{
    (void)state;
    struct governor g;
    struct cluster c;
    double rows;
    begin(&g, &c);
    bad_seconds(&g, &c, 5, &rows);
    assert_true(g.rate > 0);
    c.wanted = 1000;
    bad_seconds(&g, &c, GOVERNOR_UNUSED_WINDOWS + 1, &rows);
    assert_int_equal(g.state, GOVERNOR_FREE);
    assert_true(g.rate == 0);
}

static void between_calm_and_over_the_rate_stays(void **state)
{
    (void)state;
    struct governor g;
    governor_init(&g);
    governor_set(&g, MAX_US);
    g.state = GOVERNOR_RECOVERING;
    g.rate = 5000;
    governor_look(&g, 1, 0, NULL, 0);
    for (int i = 0; i < 20; i++)
        governor_answer(&g, MAX_US * 9 / 10);
    assert_true(governor_look(&g, 1 + GOVERNOR_WINDOW_US, 5000, NULL, 0));
    assert_true(g.rate == 5000);
    assert_int_equal(g.state, GOVERNOR_SLOWED);
}

/* The first window begins at one microsecond. */
static void begin_window(struct governor *g)
{
    governor_init(g);
    governor_set(g, MAX_US);
    governor_look(g, 1, 0, NULL, 0);
}

static void few_probes_decide_nothing(void **state)
{
    (void)state;
    struct governor g;
    begin_window(&g);
    for (int i = 1; i < GOVERNOR_PROBES_LEAST; i++)
        governor_answer(&g, MAX_US * 2);
    assert_false(governor_look(&g, 1 + GOVERNOR_WINDOW_US, 1000, NULL, 0));
    governor_answer(&g, MAX_US * 2);
    assert_true(governor_look(&g, 2 + GOVERNOR_WINDOW_US, 1000, NULL, 0));
    assert_int_equal(g.state, GOVERNOR_SLOWED);
}

static void slow_answers_are_not_waited_for(void **state)
{
    (void)state;
    struct governor g;
    struct cluster c;
    begin(&g, &c);
    c.wanted = 50000;
    second(&g, &c);
    assert_int_equal(g.state, GOVERNOR_FREE);
    c.others = 49000;
    second(&g, &c);
    assert_in_range(c.bad_ms, 10, 300);
    assert_int_equal(g.state, GOVERNOR_SLOWED);
}

static void one_slow_answer_of_a_hundred_is_no_p99(void **state)
{
    (void)state;
    struct governor g;
    begin_window(&g);
    for (int i = 1; i <= 100; i++) {
        governor_answer(&g, i == 50 ? MAX_US * 3 : BASE_US);
        assert_int_equal(governor_look(&g, 1 + (uint64_t)i * 10000, 100, NULL, 0), i == 100);
    }
    assert_int_equal(g.p99_us, BASE_US);
    assert_int_equal(g.state, GOVERNOR_FREE);
}

static void what_was_sent_too_fast_is_not_counted_against_the_new_rate(void **state)
{
    (void)state;
    struct governor g;
    uint64_t now_us = 1;
    begin_window(&g);
    for (int i = 0; i < 10; i++)
        governor_answer(&g, MAX_US + 1);
    now_us += GOVERNOR_EARLY_US;
    assert_true(governor_look(&g, now_us, 1000, NULL, 0));
    double rate = g.rate;
    for (int i = 0; i < 10; i++)
        governor_answer(&g, MAX_US + 1);
    assert_false(governor_look(&g, now_us + GOVERNOR_REST_US, 1000, NULL, 0));
    now_us += GOVERNOR_REST_US + GOVERNOR_EARLY_US;
    assert_false(governor_look(&g, now_us, 1000, NULL, 0));
    assert_true(g.rate == rate);
}

static void a_window_with_a_gap_is_begun_anew(void **state)
{
    (void)state;
    struct governor g;
    begin_window(&g);
    for (int i = 0; i < 50; i++)
        governor_answer(&g, MAX_US * 2);
    assert_false(governor_look(&g, 2 + GOVERNOR_GAP_US, 1000, NULL, 0));
    assert_int_equal(g.count, 0);
}

static void a_moment_at_which_nothing_went_through_is_not_what_the_run_can_do(void **state)
{
    (void)state;
    struct governor g;
    struct cluster c;
    uint32_t ages[20];
    begin(&g, &c);
    c.wanted = 20000;
    for (int i = 0; i < 3; i++)
        second(&g, &c);
    assert_int_equal(g.state, GOVERNOR_FREE);
    for (int i = 0; i < 20; i++)
        ages[i] = MAX_US * 3;
    do {
        c.now_us += 10000;
        c.spent += 200;
    } while (!governor_look(&g, c.now_us, c.spent, NULL, 0));
    assert_true(governor_look(&g, c.now_us + GOVERNOR_EARLY_US, c.spent, ages, 20));
    assert_int_equal(g.state, GOVERNOR_SLOWED);
    assert_in_range((uint64_t)g.rate, 9000, 11000);
}

static void a_cluster_that_stands_still_is_seen(void **state)
{
    (void)state;
    struct governor g;
    begin_window(&g);
    uint32_t ages[64];
    for (int i = 0; i < 64; i++)
        ages[i] = i < 20 ? 900000 : 100;
    assert_false(governor_look(&g, 1 + GOVERNOR_WINDOW_US, 40000, ages + 1, 63));
    assert_true(governor_look(&g, 2 + GOVERNOR_WINDOW_US, 40000, ages, 64));
    assert_int_equal(g.probes, 20);
    assert_int_equal(g.state, GOVERNOR_SLOWED);
    assert_in_range((uint64_t)g.rate, 19990, 20000);
}

static void probes_that_fail_slow_it_too(void **state)
{
    (void)state;
    struct governor g;
    char reason[GOVERNOR_REASON_MAX];
    governor_init(&g);
    governor_set(&g, MAX_US);
    governor_reason(&g, reason);
    assert_string_equal(reason, "");
    governor_look(&g, 1, 0, NULL, 0);
    for (int i = 0; i < 80; i++) {
        if (i < 6)
            governor_failed(&g);
        else
            governor_answer(&g, 500);
    }
    assert_true(governor_look(&g, 1 + GOVERNOR_WINDOW_US, 10000, NULL, 0));
    governor_reason(&g, reason);
    assert_string_equal(reason, "6 of 80 probe reads failed");
    assert_int_equal(g.state, GOVERNOR_SLOWED);
}

static void a_threshold_that_is_taken_back_takes_the_limit_with_it(void **state)
{
    (void)state;
    struct governor g;
    struct cluster c;
    double rows;
    begin(&g, &c);
    bad_seconds(&g, &c, 5, &rows);
    assert_true(g.rate > 0);
    governor_set(&g, 0);
    assert_true(g.rate == 0);
    assert_int_equal(g.state, GOVERNOR_FREE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_threshold_nothing_is_decided),
        cmocka_unit_test(a_cluster_that_suffers_is_left_alone_within_seconds),
        cmocka_unit_test(a_run_begins_slowly_and_soon_uses_what_there_is),
        cmocka_unit_test(it_makes_room_for_others_and_takes_it_back_when_they_leave),
        cmocka_unit_test(it_is_never_slower_than_the_floor),
        cmocka_unit_test(a_limit_that_is_not_needed_any_more_is_lifted),
        cmocka_unit_test(between_calm_and_over_the_rate_stays),
        cmocka_unit_test(few_probes_decide_nothing),
        cmocka_unit_test(slow_answers_are_not_waited_for),
        cmocka_unit_test(one_slow_answer_of_a_hundred_is_no_p99),
        cmocka_unit_test(what_was_sent_too_fast_is_not_counted_against_the_new_rate),
        cmocka_unit_test(a_window_with_a_gap_is_begun_anew),
        cmocka_unit_test(a_moment_at_which_nothing_went_through_is_not_what_the_run_can_do),
        cmocka_unit_test(a_cluster_that_stands_still_is_seen),
        cmocka_unit_test(probes_that_fail_slow_it_too),
        cmocka_unit_test(a_threshold_that_is_taken_back_takes_the_limit_with_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
