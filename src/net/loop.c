#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "net/loop_private.h"

/* A handler of sigaction, not libuv's: with embedded stores the loop may not run for a long time,
 * and the flag must be seen there too. A handler can reach nothing but statics. */
static volatile sig_atomic_t signals_seen;
static struct loop *signal_loop;
static struct sigaction previous_int;
static struct sigaction previous_term;

enum { EXIT_INTERRUPTED = 4 };

static void on_signal(int number)
{
    (void)number;
    int saved = errno;
    if (signals_seen)
        _exit(EXIT_INTERRUPTED);
    signals_seen = 1;
    if (signal_loop)
        uv_async_send(&signal_loop->wake); /* async-signal-safe: uv_async.html */
    errno = saved;
}

static void on_wake(uv_async_t *handle)
{
    (void)handle; /* its only purpose is that the wait ended */
}

/* libuv runs the timers that are due, then this, then waits. A timer may have brought what the run
 * waits for, and then no event might ever end that wait. */
static void on_before(uv_prepare_t *handle)
{
    struct loop *l = handle->data;
    tcp_flush_all(l);
    l->waits_us = loop_now_us(l);
    l->arrived_us = 0;
    if (l->awaited && *l->awaited)
        uv_stop(&l->uv);
}

static void on_after(uv_check_t *handle)
{
    struct loop *l = handle->data;
    l->looked_us = l->arrived_us ? l->arrived_us : loop_now_us(l);
    tcp_flush_all(l);
}

struct loop *loop_new(struct fault *f)
{
    struct loop *l = calloc(1, sizeof *l);
    if (!l)
        return fault_memory(f), NULL;
    l->read_buffer = malloc(LOOP_READ_BYTES);
    if (!l->read_buffer) {
        free(l);
        return fault_memory(f), NULL;
    }
    int error = uv_loop_init(&l->uv);
    if (!error) {
        error = uv_async_init(&l->uv, &l->wake, on_wake);
        if (error)
            uv_loop_close(&l->uv);
    }
    if (error) {
        free(l->read_buffer);
        free(l);
        fault_set(f, FAULT_INTERNAL, "could not start the event loop: %s", uv_strerror(error));
        return NULL;
    }
    uv_prepare_init(&l->uv, &l->before);
    uv_check_init(&l->uv, &l->after);
    l->before.data = l;
    l->after.data = l;
    uv_prepare_start(&l->before, on_before);
    uv_check_start(&l->after, on_after);
    signal(
        SIGPIPE,
        SIG_IGN); /* a peer that went away is an error of the write, not the end of the program */
    return l;
}

static void close_handle(uv_handle_t *handle, void *context)
{
    (void)context;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

void loop_free(struct loop *l)
{
    if (!l)
        return;
    if (l->catches_signals) {
        sigaction(SIGINT, &previous_int, NULL);
        sigaction(SIGTERM, &previous_term, NULL);
        signal_loop = NULL;
    }
    uv_walk(&l->uv, close_handle, NULL);
    uv_run(&l->uv,
           UV_RUN_DEFAULT); /* the close callbacks, and a name lookup that cannot be cancelled */
    uv_loop_close(&l->uv);
    free(l->read_buffer);
    free(l);
}

static void run(struct loop *l, uv_run_mode mode, const bool *awaited)
{
    assert(!l->running); /* a callback must not wait: libuv cannot be nested */
    l->running = true;
    l->awaited = awaited;
    uv_run(&l->uv, mode);
    l->awaited = NULL;
    l->running = false;
}

void loop_run_until(struct loop *l, const bool *finished)
{
    while (!*finished)
        run(l, UV_RUN_ONCE, finished);
}

void loop_poll(struct loop *l)
{
    run(l, UV_RUN_NOWAIT, NULL);
}

uint64_t loop_now_ms(struct loop *l)
{
    (void)l;
    return uv_hrtime() / 1000000;
}

uint64_t loop_now_us(const struct loop *l)
{
    (void)l;
    return uv_hrtime() / 1000;
}

/* A wait that is shorter was none: what came was there before. */
enum { WAITED_US = 20 };

void loop_note_arrival(struct loop *l)
{
    if (!l->arrived_us)
        l->arrived_us = loop_now_us(l);
}

uint64_t loop_arrived_us(const struct loop *l)
{
    bool waited = l->arrived_us > l->waits_us + WAITED_US;
    return waited ? l->arrived_us : l->looked_us;
}

int64_t clock_now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

uint32_t random_below(uint32_t below)
{
    if (below < 2)
        return 0;
    /* Numbers at the top that do not fill a whole round of |below| are drawn again, else small ones
     * would be likelier. */
    uint32_t whole = UINT32_MAX - UINT32_MAX % below;
    for (;;) {
        uint32_t drawn;
        if (getrandom(&drawn, sizeof drawn, 0) != (ssize_t)sizeof drawn)
            continue; /* EINTR before the pool is ready, the only reason for so few bytes */
        if (drawn < whole)
            return drawn % below;
    }
}

bool loop_catch_signals(struct loop *l, struct fault *f)
{
    if (l->catches_signals)
        return true;
    if (signal_loop)
        return fault_set(f, FAULT_INTERNAL, "a second loop asked for the signals");
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    signals_seen = 0;
    signal_loop = l;
    if (sigaction(SIGINT, &action, &previous_int)) {
        signal_loop = NULL;
        return fault_errno(f, errno, "catch SIGINT", "");
    }
    if (sigaction(SIGTERM, &action, &previous_term)) {
        int error = errno;
        sigaction(SIGINT, &previous_int, NULL);
        signal_loop = NULL;
        return fault_errno(f, error, "catch SIGTERM", "");
    }
    l->catches_signals = true;
    return true;
}

void loop_hold_interrupt(struct loop *l, bool hold)
{
    l->holds_interrupt = hold;
}

bool loop_is_asked_to_stop(const struct loop *l)
{
    return l->interrupted || (l->catches_signals && signals_seen);
}

bool loop_interrupted(const struct loop *l)
{
    return !l->holds_interrupt && loop_is_asked_to_stop(l);
}

void loop_interrupt(struct loop *l)
{
    l->interrupted = true;
    uv_async_send(&l->wake);
}

static void on_slept(void *context)
{
    *(bool *)context = true;
}

bool loop_sleep(struct loop *l, uint64_t ms)
{
    bool slept = false;
    struct timer *t = timer_new(l, on_slept, &slept);
    if (!t)
        return !loop_interrupted(l); /* no memory for a pause: go on without */
    timer_start(t, ms, 0);
    while (!slept && !loop_interrupted(l))
        run(l, UV_RUN_ONCE, &slept);
    timer_free(t);
    return slept && !loop_interrupted(l);
}
