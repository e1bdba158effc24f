#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/loop.h"

static int make_loop(void **state)
{
    struct fault f;
    *state = loop_new(&f);
    return *state ? 0 : -1;
}

static int free_loop(void **state)
{
    loop_free(*state);
    return 0;
}

struct ticks {
    struct timer *timer;
    int count, stop_at;
    bool finished;
};

static void on_tick(void *context)
{
    struct ticks *t = context;
    if (++t->count == t->stop_at) {
        timer_stop(t->timer);
        t->finished = true;
    }
}

static void a_timer_fires_once_and_not_early(void **state)
{
    struct loop *l = *state;
    struct ticks t = {.stop_at = 1};
    t.timer = timer_new(l, on_tick, &t);
    uint64_t start = loop_now_ms(l);
    timer_start(t.timer, 30, 0);
    assert_int_equal(t.count, 0);
    loop_run_until(l, &t.finished);
    assert_true(loop_now_ms(l) - start >= 29);
    loop_sleep(l, 40);
    assert_int_equal(t.count, 1);
    timer_free(t.timer);
}

/* libuv runs timers that are due before it waits: the wait must not begin when one of them finished the run. */
static void a_timer_that_is_due_already_ends_the_run(void **state)
{
    struct loop *l = *state;
    alarm(20); /* a failure would wait for ever */
    for (int i = 0; i < 50; i++) {
        struct ticks t = {.stop_at = 1};
        t.timer = timer_new(l, on_tick, &t);
        timer_start(t.timer, i % 2 ? 1 : 0, 0);
        if (i % 2)
            usleep(3000); /* due before the loop looks */
        loop_run_until(l, &t.finished);
        timer_free(t.timer);
    }
    alarm(0);
}

static void a_sleep_of_nothing_ends(void **state)
{
    struct loop *l = *state;
    alarm(20);
    for (int i = 0; i < 200; i++)
        assert_true(loop_sleep(l, (uint64_t)(i % 2)));
    alarm(0);
}

static void a_repeating_timer_may_stop_itself(void **state)
{
    struct loop *l = *state;
    struct ticks t = {.stop_at = 3};
    t.timer = timer_new(l, on_tick, &t);
    timer_start(t.timer, 1, 5);
    loop_run_until(l, &t.finished);
    loop_sleep(l, 30);
    assert_int_equal(t.count, 3);
    timer_free(t.timer);
}

static void polling_does_not_wait(void **state)
{
    struct loop *l = *state;
    struct ticks t = {.stop_at = 1};
    t.timer = timer_new(l, on_tick, &t);
    timer_start(t.timer, 5000, 0);
    uint64_t start = loop_now_ms(l);
    loop_poll(l);
    assert_true(loop_now_ms(l) - start < 1000);
    assert_int_equal(t.count, 0);
    timer_free(t.timer);
}

static void a_sleep_ends_in_time_or_when_interrupted(void **state)
{
    struct loop *l = *state;
    uint64_t start = loop_now_ms(l);
    assert_true(loop_sleep(l, 20));
    assert_true(loop_now_ms(l) - start >= 19);
    loop_interrupt(l);
    assert_false(loop_sleep(l, 60000));
    assert_true(loop_now_ms(l) - start < 10000);
}

static void kill_self(void *context)
{
    (void)context;
    kill(getpid(), SIGINT);
}

static void a_signal_sets_the_flag_and_wakes_the_loop(void **state)
{
    struct loop *l = *state;
    struct fault f;
    assert_true(loop_catch_signals(l, &f));
    assert_false(loop_interrupted(l));
    struct timer *t = timer_new(l, kill_self, NULL);
    timer_start(t, 10, 0);
    assert_false(loop_sleep(l, 60000));
    assert_true(loop_interrupted(l));
    timer_free(t);
}

static void the_flag_is_seen_without_running_the_loop(void **state)
{
    struct loop *l = *state;
    struct fault f;
    assert_true(loop_catch_signals(l, &f));
    kill(getpid(), SIGTERM);
    assert_true(loop_interrupted(l));
}

static void a_second_signal_ends_the_program_with_4(void **state)
{
    struct loop *l = *state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (!loop_catch_signals(l, NULL))
            _exit(90);
        kill(getpid(), SIGINT);
        kill(getpid(), SIGINT);
        _exit(91);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 4);
}

struct readiness {
    int events;
    bool finished;
};

static void on_ready(void *context, int events)
{
    struct readiness *r = context;
    r->events = events;
    r->finished = true;
}

static void a_watch_reports_what_it_was_asked_for(void **state)
{
    struct loop *l = *state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    struct readiness r = {0};
    struct watch *w = watch_new(l, ends[0], on_ready, &r);
    assert_true(watch_start(w, WATCH_READ));
    loop_poll(l);
    assert_false(r.finished);
    assert_int_equal(write(ends[1], "x", 1), 1);
    loop_run_until(l, &r.finished);
    assert_int_equal(r.events, WATCH_READ);
    watch_free(w);
    close(ends[0]);
    close(ends[1]);
}

static void random_numbers_stay_below_and_vary(void **state)
{
    (void)state;
    int seen[7] = {0};
    for (int i = 0; i < 2000; i++) {
        uint32_t n = random_below(7);
        assert_true(n < 7);
        seen[n]++;
    }
    for (int i = 0; i < 7; i++)
        assert_true(seen[i] > 100);
    assert_int_equal(random_below(1), 0);
    assert_int_equal(random_below(0), 0);
}

int main(void)
{
#define ON_A_LOOP(name) cmocka_unit_test_setup_teardown(name, make_loop, free_loop)
    const struct CMUnitTest tests[] = {
        ON_A_LOOP(a_timer_fires_once_and_not_early),
        ON_A_LOOP(a_timer_that_is_due_already_ends_the_run),
        ON_A_LOOP(a_sleep_of_nothing_ends),
        ON_A_LOOP(a_repeating_timer_may_stop_itself),
        ON_A_LOOP(polling_does_not_wait),
        ON_A_LOOP(a_sleep_ends_in_time_or_when_interrupted),
        ON_A_LOOP(a_signal_sets_the_flag_and_wakes_the_loop),
        ON_A_LOOP(the_flag_is_seen_without_running_the_loop),
        ON_A_LOOP(a_second_signal_ends_the_program_with_4),
        ON_A_LOOP(a_watch_reports_what_it_was_asked_for),
        cmocka_unit_test(random_numbers_stay_below_and_vary),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
