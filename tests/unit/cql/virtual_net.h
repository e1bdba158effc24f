/* tests/unit/cql/virtual_net.h: net/loop.h without a network. Time is a number that jumps to the next
 * timer, a connection is two buffers, and the server is a function: a conversation of minutes takes
 * microseconds and goes the same way each time. Connections can be cut after any byte.
 *
 * A program that includes this has it in place of the real loop. Include it in one file.
 */
#ifndef TESTS_CQL_VIRTUAL_NET_H
#define TESTS_CQL_VIRTUAL_NET_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "net/loop.h"

enum { VIRTUAL_NEVER = -1, VIRTUAL_BUFFER_MAX = 512 << 20, VIRTUAL_DAY_MS = 24 * 3600 * 1000 };

struct timer {
    void (*fired)(void *context);
    void *context;
    uint64_t due_ms, repeat_ms;
    bool runs;
    struct timer *next;
};

struct tcp {
    struct tcp_events events;
    void *context;
    char peer[280];
    int number; /* from 1, in the order of opening */
    struct buf up, down;
    long up_bytes, down_bytes; /* handed over so far */
    bool refused, opened, ended /* by the server or a cut */, told, freed;
    void *server; /* the server's own */
    struct tcp *next;
};

/* What the test sets, and sees. */
static struct virtual_net {
    /* The server. |connected| false: refused. */
    bool (*connected)(struct tcp *t);
    void (*received)(struct tcp *t, const uint8_t *p, size_t n);
    void (*disconnected)(struct tcp *t); /* frees t->server */
    /* Cuts: connections 1 … |cuts| end when so many bytes went that way. */
    long cut_down, cut_up;
    int cuts;
    size_t piece; /* bytes at most that arrive at once; 0: all */

    int connections;           /* opened so far */
    int live;                  /* connections and timers that are not freed */
    long up_bytes, down_bytes; /* of the connection that was opened last */
    uint64_t now_ms;
    uint64_t random;
    bool interrupted;
    volatile bool allocates; /* memory of the net itself, in this moment */
    struct tcp *tcps;
    struct timer *timers;
} net;

struct loop {
    int unused;
};

static void net_reset(void)
{
    net = (struct virtual_net){
        .cut_down = VIRTUAL_NEVER, .cut_up = VIRTUAL_NEVER, .now_ms = 1000, .random = 1};
}

/* ---- for the server ---- */

static void net_send(struct tcp *t, const void *p, size_t n)
{
    if (!t->ended)
        buf_append(&t->down, p, n);
}

/* What was sent still arrives. */
static void net_close(struct tcp *t)
{
    t->ended = true;
}

/* ---- the loop ---- */

static bool is_cut(const struct tcp *t, long cut, long bytes)
{
    return cut != VIRTUAL_NEVER && t->number <= net.cuts && bytes >= cut;
}

/* How many of |waiting| bytes may go over before the cut. */
static size_t before_cut(const struct tcp *t, long cut, long bytes, size_t waiting)
{
    size_t n = net.piece && waiting > net.piece ? net.piece : waiting;
    if (cut != VIRTUAL_NEVER && t->number <= net.cuts && bytes + (long)n > cut)
        n = (size_t)(cut - bytes);
    return n;
}

static void tell_closed(struct tcp *t)
{
    struct fault f;
    t->told = true;
    fault_set(&f, FAULT_UNREACHABLE, t->refused ? "connection refused" : "the connection was cut");
    fault_subject(&f, "%s", t->peer);
    t->events.closed(t->context, &f);
}

static void hand_down(struct tcp *t)
{
    size_t n = before_cut(t, net.cut_down, t->down_bytes, t->down.n);
    net.allocates = true;
    uint8_t *alone = malloc(n ? n : 1);
    net.allocates = false;
    if (!alone)
        abort();
    memcpy(alone, t->down.p, n);
    buf_consume(&t->down, n);
    net.down_bytes = t->down_bytes += (long)n;
    if (n > 0)
        t->events.received(t->context, alone, n);
    free(alone);
}

static void hand_up(struct tcp *t)
{
    size_t n = before_cut(t, net.cut_up, t->up_bytes, t->up.n);
    net.up_bytes = t->up_bytes += (long)n;
    if (n > 0)
        net.received(t, t->up.p, n);
    buf_consume(&t->up, n);
}

/* One thing that can happen now on |t|. */
static bool happen_on(struct tcp *t)
{
    if (t->freed || t->told)
        return false;
    if (!t->opened && !t->refused) {
        t->refused = !net.connected(t);
        t->opened = !t->refused;
        if (t->opened)
            t->events.opened(t->context);
        return true;
    }
    bool cut = is_cut(t, net.cut_down, t->down_bytes) || is_cut(t, net.cut_up, t->up_bytes);
    if (t->refused || cut || (t->ended && t->down.n == 0))
        tell_closed(t);
    else if (t->down.n > 0)
        hand_down(t);
    else if (t->up.n > 0)
        hand_up(t);
    else
        return false;
    return true;
}

static void sweep(void)
{
    for (struct tcp **at = &net.tcps, *t; (t = *at) != NULL;) {
        if (!t->freed) {
            at = &t->next;
            continue;
        }
        *at = t->next;
        if (net.disconnected && t->opened)
            net.disconnected(t);
        buf_fini(&t->up);
        buf_fini(&t->down);
        free(t);
        net.live--;
    }
}

static bool happen(void)
{
    bool did = false;
    for (struct tcp *t = net.tcps; t && !did; t = t->next)
        did = happen_on(t);
    sweep();
    return did;
}

static struct timer *next_timer(void)
{
    struct timer *first = NULL;
    for (struct timer *t = net.timers; t; t = t->next)
        if (t->runs && (!first || t->due_ms < first->due_ms))
            first = t;
    return first;
}

static void fire(struct timer *t)
{
    if (t->due_ms > net.now_ms)
        net.now_ms = t->due_ms;
    t->runs = t->repeat_ms > 0;
    t->due_ms += t->repeat_ms;
    t->fired(t->context);
}

struct loop *loop_new(struct fault *f)
{
    struct loop *l = calloc(1, sizeof *l);
    return l ? l : (fault_memory(f), NULL);
}

void loop_free(struct loop *l)
{
    sweep();
    free(l);
}

void loop_run_until(struct loop *l, const bool *finished)
{
    (void)l;
    uint64_t begin = net.now_ms;
    while (!*finished) {
        if (happen())
            continue;
        struct timer *t = next_timer();
        if (!t || net.now_ms - begin > VIRTUAL_DAY_MS) {
            fputs("virtual_net: what is waited for never comes\n", stderr);
            abort();
        }
        fire(t);
    }
}

void loop_poll(struct loop *l)
{
    (void)l;
    while (happen())
        ;
}

uint64_t loop_now_ms(struct loop *l)
{
    (void)l;
    return net.now_ms;
}

uint64_t loop_now_us(const struct loop *l)
{
    (void)l;
    return net.now_ms * 1000;
}

bool loop_sleep(struct loop *l, uint64_t ms)
{
    net.now_ms += ms;
    return !loop_interrupted(l);
}

uint64_t loop_arrived_us(const struct loop *l)
{
    return loop_now_us(l);
}

int64_t clock_now_us(void)
{
    return INT64_C(1700000000000000) + (int64_t)net.now_ms * 1000;
}

uint32_t random_below(uint32_t below)
{
    net.random = net.random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return below ? (uint32_t)(net.random >> 33) % below : 0;
}

bool loop_interrupted(const struct loop *l)
{
    (void)l;
    return net.interrupted;
}

void loop_interrupt(struct loop *l)
{
    (void)l;
    net.interrupted = true;
}

struct timer *timer_new(struct loop *l, void (*fired)(void *context), void *context)
{
    (void)l;
    struct timer *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    *t = (struct timer){.fired = fired, .context = context, .next = net.timers};
    net.timers = t;
    net.live++;
    return t;
}

void timer_start(struct timer *t, uint64_t after_ms, uint64_t repeat_ms)
{
    if (!t)
        abort();
    t->due_ms = net.now_ms + after_ms;
    t->repeat_ms = repeat_ms;
    t->runs = true;
}

void timer_stop(struct timer *t)
{
    t->runs = false;
}

void timer_free(struct timer *t)
{
    struct timer **at = &net.timers;
    if (!t)
        return;
    while (*at != t)
        at = &(*at)->next;
    *at = t->next;
    free(t);
    net.live--;
}

struct tcp *tcp_open(struct loop *l, const char *host, int port, unsigned timeout_ms,
                     const struct tcp_events *events, void *context, struct fault *f)
{
    (void)l;
    (void)timeout_ms;
    struct tcp *t = calloc(1, sizeof *t);
    if (!t)
        return fault_memory(f), NULL;
    t->events = *events;
    t->context = context;
    t->number = ++net.connections;
    snprintf(t->peer, sizeof t->peer, "%.255s:%d", host, port);
    buf_init(&t->up, VIRTUAL_BUFFER_MAX);
    buf_init(&t->down, VIRTUAL_BUFFER_MAX);
    t->next = net.tcps;
    net.tcps = t;
    net.live++;
    return t;
}

bool tcp_write(struct tcp *t, const void *p, size_t n)
{
    return !t->told && buf_append(&t->up, p, n);
}

size_t tcp_unsent_bytes(const struct tcp *t)
{
    return t->up.n;
}

void tcp_close(struct tcp *t)
{
    if (t)
        t->freed = true;
}

const char *tcp_peer(const struct tcp *t)
{
    return t->peer;
}

#endif
