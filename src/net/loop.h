/* net/loop.h: the one event loop: time, signals, descriptors, TCP. The only module that knows
 * libuv.
 *
 * Everything runs on one thread. A call that takes time gets one |done| callback, called exactly
 * once and never before the call returned.
 */
#ifndef NET_LOOP_H
#define NET_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/fault.h"

struct loop;

/* Also makes the program ignore SIGPIPE. */
struct loop *loop_new(struct fault *f);
/* After everything that was made on it has been freed. */
void loop_free(struct loop *l);

/* Runs callbacks until *finished is true. It never returns before, not even when interrupted; never
 * call it from a callback. */
void loop_run_until(struct loop *l, const bool *finished);

/* Runs what is ready now, without waiting. */
void loop_poll(struct loop *l);

/* Milliseconds that only go forward; microseconds since 1970. */
uint64_t loop_now_ms(struct loop *l);
uint64_t loop_now_us(const struct loop *l);
int64_t clock_now_us(void);

/* When what is being told now came in, in loop_now_us's time. While this program was busy itself it
 * cannot see what comes; then it is the earliest time that it can have been. */
uint64_t loop_arrived_us(const struct loop *l);

/* A uniform random number in [0, below): for jitter. */
uint32_t random_below(uint32_t below);

/* After loop_catch_signals, SIGINT and SIGTERM set a flag; a second one within the run ends the
 * process with exit code 4 at once. loop_interrupted is looked at by every part that takes new
 * work. */
bool loop_catch_signals(struct loop *l, struct fault *f);
bool loop_interrupted(const struct loop *l);
/* The same, but even while loop_hold_interrupt holds it back. */
bool loop_is_asked_to_stop(const struct loop *l);
/* While held, loop_interrupted says false: for a batch that must be brought to its end before anything stops. A second
 * signal ends the process even then. */
void loop_hold_interrupt(struct loop *l, bool hold);
void loop_interrupt(struct loop *l); /* as if a signal had come: for tests */

/* A timer: one-shot or repeating. timer_stop may be called from its own callback. */
struct timer;
struct timer *timer_new(struct loop *l, void (*fired)(void *context), void *context);
void timer_start(struct timer *t, uint64_t after_ms, uint64_t repeat_ms);
void timer_stop(struct timer *t);
void timer_free(struct timer *t);

/* Waits |ms| while the loop runs; returns early, false, when interrupted. */
bool loop_sleep(struct loop *l, uint64_t ms);

/* Watches a descriptor that somebody else owns (libcurl's sockets). */
enum { WATCH_READ = 1, WATCH_WRITE = 2, WATCH_ERROR = 4 };
struct watch;
struct watch *watch_new(struct loop *l, int fd, void (*ready)(void *context, int events),
                        void *context);
bool watch_start(struct watch *w, int events);
void watch_free(struct watch *w);

/* A TCP connection. Exactly one of opened/closed comes first; after |closed| nothing else comes. */
struct tcp;
struct tcp_events {
    void (*opened)(void *context);
    void (*received)(void *context, const uint8_t *p, size_t n); /* bytes live until it returns */
    void (*closed)(void *context,
                   const struct fault *f); /* f: why; FAULT_UNREACHABLE before |opened| */
};
/* Resolves and connects, trying every address of the name within |timeout_ms| in all. |host| may be
 * a name or an address. What is written before |opened| is sent then. NULL: FAULT_MEMORY, or
 * FAULT_USAGE for an empty or too long name or a port out of range. */
struct tcp *tcp_open(struct loop *l, const char *host, int port, unsigned timeout_ms,
                     const struct tcp_events *events, void *context, struct fault *f);
/* Copies |p| into the output buffer; it is flushed when the loop has drained its ready work.
 * False: closed, or the output buffer's maximum (64 MiB) is reached. */
bool tcp_write(struct tcp *t, const void *p, size_t n);
size_t tcp_unsent_bytes(const struct tcp *t);
/* Closes and frees; no more events. Needed after |closed| too; may be called from its callbacks. */
void tcp_close(struct tcp *t);
/* "10.0.0.5:9042" */
const char *tcp_peer(const struct tcp *t);

#endif
