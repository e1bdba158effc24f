/* net/loop_private.h: what the files of this folder share, and nobody else sees: the loop's own
 * handles.
 *
 * libuv frees a handle only after its close callback, so everything here that holds one is heap
 * storage that the callback frees; the owner's pointer is dead as soon as it called timer_free,
 * watch_free or tcp_close.
 */
#ifndef NET_LOOP_PRIVATE_H
#define NET_LOOP_PRIVATE_H

#include <uv.h>

#include "net/loop.h"

enum { LOOP_READ_BYTES = 256 * 1024 };

struct loop {
    uv_loop_t uv;
    uv_async_t wake;     /* ends a wait; also keeps the loop waiting when nothing else is active */
    uv_prepare_t before; /* flushes output that was written outside callbacks or in timers */
    uv_check_t after;    /* flushes output that was written while bytes were received */
    struct tcp *unflushed; /* connections with output to hand to the kernel, a list */
    const bool *awaited;   /* what the run in hand waits for, or NULL */
    uint64_t waits_us;     /* when it began to wait for what may come */
    uint64_t arrived_us;   /* when that wait brought something; 0: not yet */
    uint64_t looked_us;    /* when the wait before that ended */
    bool running;
    bool interrupted;
    bool holds_interrupt;
    bool catches_signals;
    char *read_buffer; /* LOOP_READ_BYTES; one is enough, since bytes live only until |received|
                          returns */
};

/* Something came: to be called before it is told. */
void loop_note_arrival(struct loop *l);

/* In tcp.c: hands the collected output of every connection to the kernel. */
void tcp_flush_all(struct loop *l);

#endif
