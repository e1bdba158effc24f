/* The limit against a node that is only a formula: it does so many at once, and the others wait. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cql/in_flight.h"

static struct in_flight f;
static struct answer_best best;
static uint64_t now_us;

/* Answers |n| requests of a node that has |at_once| workers, each busy |work_us| with one. */
static void serve(int n, int at_once, uint32_t work_us)
{
    for (int i = 0; i < n; i++) {
        int busy = f.limit;
        uint32_t waits =
            busy > at_once ? (uint32_t)(busy - at_once) * work_us / (uint32_t)at_once : 0;
        /* Not all take the same: a third of it more or less. */
        uint32_t took = waits + work_us * (uint32_t)(2 + i % 3) / 3;
        in_flight_sent(&f, busy);
        in_flight_answered(&f, &best, took, now_us / 1000);
        now_us += took / (uint32_t)busy;
    }
}

static int begin(void **state)
{
    (void)state;
    best = (struct answer_best){0};
    now_us = 1000000000;
    in_flight_init(&f, 0);
    return 0;
}

static void a_node_that_keeps_up_gets_all_there_may_be(void **state)
{
    (void)state;
    assert_int_equal(f.limit, IN_FLIGHT_LEAST);
    serve(600, 200, 2000); /* it doubles */
    assert_int_equal(f.limit, 128);
    serve(20000, 200, 2000);
    assert_int_equal(f.limit, 128);
}

static void a_node_that_cannot_gets_less(void **state)
{
    (void)state;
    serve(20000, 4, 5000);
    /* Slow are answers over 4 times the best (3.3 ms), that is over 13 ms: about 11 at once. */
    assert_in_range(f.limit, IN_FLIGHT_LEAST, 20);
    /* Nor does it forget that, however long its own queue is all it sees: here a quarter of an hour. */
    for (int i = 0; i < 4500; i++) {
        serve(400, 4, 5000);
        assert_in_range(f.limit, 1, 32);
    }
}

static void it_finds_its_way_back(void **state)
{
    (void)state;
    serve(20000, 4, 2000);
    serve(60000, 200, 2000);
    assert_int_equal(f.limit, 128);
}

static void quick_answers_are_never_slow(void **state)
{
    (void)state;
    serve(20000, 4, 100); /* 128 of them wait 3 ms, thirty times the best */
    assert_int_equal(f.limit, 128);
}

static void a_node_that_became_slower_is_not_starved(void **state)
{
    (void)state;
    serve(10000, 200, 2000);
    for (int i = 0; i < 400; i++)
        serve(100, 200, 30000);
    assert_int_equal(f.limit, 128);
}

static void what_is_not_used_neither_grows_nor_shrinks(void **state)
{
    (void)state;
    for (int i = 0; i < 1000; i++) {
        in_flight_sent(&f, 3);
        in_flight_answered(&f, &best, i % 2 ? 1000 : 100000, 1000);
    }
    assert_int_equal(f.limit, IN_FLIGHT_LEAST);
}

static void a_given_limit_moves_only_for_overloaded(void **state)
{
    (void)state;
    in_flight_init(&f, 64);
    assert_int_equal(f.limit, 64);
    serve(20000, 4, 2000);
    assert_int_equal(f.limit, 64);
    in_flight_overloaded(&f);
    assert_int_equal(f.limit, 32);
    serve(20000, 4, 2000);
    assert_int_equal(f.limit, 64);
}

static void overloaded_halves_it_down_to_a_few(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++)
        in_flight_overloaded(&f);
    assert_int_equal(f.limit, IN_FLIGHT_LEAST);
}

static void answers_that_cannot_be_timed_only_count(void **state)
{
    (void)state;
    for (int i = 0; i < IN_FLIGHT_LEAST; i++) {
        in_flight_sent(&f, f.limit);
        in_flight_answered(&f, &best, 0, 1000);
    }
    assert_int_equal(f.limit, 2 * IN_FLIGHT_LEAST);
    assert_int_equal(best.now_us, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_node_that_keeps_up_gets_all_there_may_be, begin),
        cmocka_unit_test_setup(a_node_that_cannot_gets_less, begin),
        cmocka_unit_test_setup(it_finds_its_way_back, begin),
        cmocka_unit_test_setup(quick_answers_are_never_slow, begin),
        cmocka_unit_test_setup(a_node_that_became_slower_is_not_starved, begin),
        cmocka_unit_test_setup(what_is_not_used_neither_grows_nor_shrinks, begin),
        cmocka_unit_test_setup(a_given_limit_moves_only_for_overloaded, begin),
        cmocka_unit_test_setup(overloaded_halves_it_down_to_a_few, begin),
        cmocka_unit_test_setup(answers_that_cannot_be_timed_only_count, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
