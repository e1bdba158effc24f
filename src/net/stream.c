#include "net/stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct stream {
    struct tcp *tcp; /* NULL once it is closed */
    struct tls *tls; /* NULL: plain */
    struct tcp_events events;
    void *context;
    char name[300]; /* host:port as asked */
    bool is_connected;
    bool is_open;
    bool busy;     /* in an event: stream_close only marks it */
    bool released; /* while busy */
};

static void release(struct stream *s)
{
    tcp_close(s->tcp);
    tls_free(s->tls);
    free(s);
}

/* |f| names no host yet. */
static void fail(struct stream *s, struct fault *f)
{
    fault_subject(f, "%s", s->name);
    tcp_close(s->tcp);
    s->tcp = NULL;
    s->events.closed(s->context, f);
}

/* Tells what came of the bytes that were fed; stops as soon as the owner let go. */
static void tell(struct stream *s)
{
    struct fault f;
    struct bytes plain;
    enum tls_event e;
    s->busy = true;
    do {
        e = tls_next(s->tls, &plain, &f);
        switch (e) {
        case TLS_OPENED:
            s->is_open = true;
            s->events.opened(s->context);
            break;
        case TLS_RECEIVED: s->events.received(s->context, plain.p, plain.n); break;
        case TLS_FAILED: fail(s, &f); break;
        case TLS_WAITS: break;
        }
    } while (e > TLS_WAITS && !s->released && s->tcp);
    s->busy = false;
    if (s->released)
        release(s);
}

static void on_opened(void *context)
{
    struct stream *s = context;
    struct fault f;
    s->is_connected = true;
    if (!tls_start(s->tls, &f))
        fail(s, &f);
}

static void on_received(void *context, const uint8_t *p, size_t n)
{
    struct stream *s = context;
    tls_feed(s->tls, p, n);
    tell(s);
}

static void on_closed(void *context, const struct fault *why)
{
    struct stream *s = context;
    struct fault f = *why;
    if (s->is_connected)
        tls_cut(s->tls, &f);
    fail(s, &f);
}

static bool send_sealed(void *context, const void *p, size_t n)
{
    struct stream *s = context;
    return s->tcp && tcp_write(s->tcp, p, n);
}

struct stream *stream_open(struct loop *l, const char *host, int port, unsigned timeout_ms,
                           struct tls_context *tls, const struct tcp_events *events, void *context,
                           struct fault *f)
{
    static const struct tcp_events own = {on_opened, on_received, on_closed};
    struct stream *s = calloc(1, sizeof *s);
    if (!s)
        return fault_memory(f), NULL;
    s->events = *events;
    s->context = context;
    snprintf(s->name, sizeof s->name, strchr(host, ':') ? "[%s]:%d" : "%s:%d", host, port);
    if (tls)
        s->tls = tls_new(tls, host, send_sealed, s, f);
    if (!tls || s->tls)
        s->tcp = tcp_open(l, host, port, timeout_ms, tls ? &own : events, tls ? s : context, f);
    if (s->tcp)
        return s;
    release(s);
    return NULL;
}

bool stream_write(struct stream *s, const void *p, size_t n)
{
    struct fault ignored; /* the same as a full socket: the owner gives it up */
    if (!s->tcp)
        return false;
    return s->tls ? tls_write(s->tls, p, n, &ignored) : tcp_write(s->tcp, p, n);
}

size_t stream_unsent_bytes(const struct stream *s)
{
    return s->tcp ? tcp_unsent_bytes(s->tcp) : 0;
}

void stream_close(struct stream *s)
{
    if (!s)
        return;
    if (s->busy)
        s->released = true;
    else
        release(s);
}

const char *stream_peer(const struct stream *s)
{
    return s->tcp ? tcp_peer(s->tcp) : s->name;
}

bool stream_is_shaking_hands(const struct stream *s)
{
    return s->tls && s->is_connected && !s->is_open;
}
