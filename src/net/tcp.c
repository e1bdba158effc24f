#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "net/loop_private.h"

enum { TCP_OUTPUT_MAX = 64 * 1024 * 1024, TCP_KEEPALIVE_S = 60 };

enum tcp_state {
    TCP_RESOLVING,
    TCP_CONNECTING,
    TCP_NEXT, /* the socket of one address is being closed before the next one is tried */
    TCP_OPEN,
    TCP_CLOSED, /* the owner was told, or does not want to know any more */
};

struct tcp {
    struct loop *loop;
    enum tcp_state state;
    struct tcp_events events;
    void *context;
    char name[272]; /* host:port as asked */
    char peer[80];  /* address:port once known, else empty */
    unsigned timeout_ms;
    uint64_t started_ms;
    uv_getaddrinfo_t lookup;
    struct addrinfo *addresses, *next_address;
    uv_connect_t connect;
    uv_tcp_t socket;
    uv_timer_t timer;
    bool socket_is_open; /* the handle must be closed */
    bool timed_out;
    int last_error; /* of the address tried last */
    int held;       /* by libuv: handles not closed and the lookup; freed at 0 once released */
    bool released;  /* by the owner */
    struct buf out; /* collected, not yet given to the kernel */
    struct buf sending;
    size_t sent; /* of |sending| */
    bool writing;
    uv_write_t write;
    bool is_unflushed;
    struct tcp *next_unflushed;
};

static void drop(struct tcp *t)
{
    if (--t->held > 0 || !t->released)
        return;
    uv_freeaddrinfo(t->addresses);
    buf_fini(&t->out);
    buf_fini(&t->sending);
    free(t);
}

static void on_timer_closed(uv_handle_t *handle)
{
    drop(handle->data);
}

static void on_socket_closed(uv_handle_t *handle);

static void close_handles(struct tcp *t)
{
    if (t->state == TCP_RESOLVING)
        uv_cancel((uv_req_t *)&t->lookup); /* one that runs already ends by itself */
    t->state = TCP_CLOSED;
    if (t->socket_is_open) {
        t->socket_is_open = false;
        uv_close((uv_handle_t *)&t->socket, on_socket_closed);
    }
    if (!uv_is_closing((uv_handle_t *)&t->timer))
        uv_close((uv_handle_t *)&t->timer, on_timer_closed);
}

static void close_with(struct tcp *t, const struct fault *f)
{
    close_handles(t);
    t->events.closed(t->context, f);
}

static void fail(struct tcp *t, const char *what, int error)
{
    struct fault f;
    if (error)
        fault_set(&f, FAULT_UNREACHABLE, "%s: %s", what, uv_strerror(error));
    else
        fault_set(&f, FAULT_UNREACHABLE, "%s", what);
    fault_subject(&f, "%s", t->name);
    close_with(t, &f);
}

static void fail_to_connect(struct tcp *t)
{
    struct fault f;
    if (t->timed_out)
        fault_set(&f, FAULT_UNREACHABLE, "no connection within %u ms", t->timeout_ms);
    else
        fault_set(&f, FAULT_UNREACHABLE, "could not connect: %s", uv_strerror(t->last_error));
    fault_subject(&f, "%s", t->name);
    fault_hint(&f, t->last_error == UV_ECONNREFUSED && !t->timed_out
                       ? "nothing listens on that port: check the port, and that the server runs"
                       : "check the address, the port and the firewall");
    close_with(t, &f);
}

/* Time left, cut evenly among the addresses not tried yet, so that one dead address does not use it
 * all up. */
static uint64_t time_for_one(const struct tcp *t)
{
    uint64_t gone = loop_now_ms(t->loop) - t->started_ms;
    uint64_t left = gone < t->timeout_ms ? t->timeout_ms - gone : 0;
    uint64_t count = 0;
    for (const struct addrinfo *a = t->next_address; a; a = a->ai_next)
        count++;
    return count ? left / count : left;
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    (void)suggested;
    const struct tcp *t = handle->data;
    *out = uv_buf_init(t->loop->read_buffer, LOOP_READ_BYTES);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *b)
{
    struct tcp *t = stream->data;
    if (t->state != TCP_OPEN || n == 0)
        return;
    loop_note_arrival(t->loop);
    if (n > 0)
        t->events.received(t->context, (const uint8_t *)b->base, (size_t)n);
    else if (n == UV_EOF)
        fail(t, "the server closed the connection", 0);
    else
        fail(t, "the connection broke", (int)n);
}

static void learn_peer(struct tcp *t)
{
    struct sockaddr_storage address;
    int length = sizeof address;
    char text[64];
    if (uv_tcp_getpeername(&t->socket, (struct sockaddr *)&address, &length))
        return;
    if (address.ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)&address;
        if (!uv_ip4_name(v4, text, sizeof text))
            snprintf(t->peer, sizeof t->peer, "%s:%u", text, ntohs(v4->sin_port));
    } else {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&address;
        if (!uv_ip6_name(v6, text, sizeof text))
            snprintf(t->peer, sizeof t->peer, "[%s]:%u", text, ntohs(v6->sin6_port));
    }
}

static void queue_flush(struct tcp *t)
{
    if (t->is_unflushed || t->writing)
        return; /* after a write in flight its callback comes back here */
    t->is_unflushed = true;
    t->next_unflushed = t->loop->unflushed;
    t->loop->unflushed = t;
}

static void give_up_address(struct tcp *t, int error)
{
    t->last_error = error;
    t->state = TCP_NEXT;
    t->socket_is_open = false;
    uv_timer_stop(&t->timer);
    uv_close((uv_handle_t *)&t->socket, on_socket_closed);
}

static void on_connect(uv_connect_t *request, int error)
{
    struct tcp *t = request->data;
    if (t->state != TCP_CONNECTING)
        return; /* given up meanwhile: the answer is the cancellation */
    if (error) {
        give_up_address(t, error);
        return;
    }
    uv_timer_stop(&t->timer);
    t->state = TCP_OPEN;
    uv_tcp_nodelay(&t->socket, 1);
    uv_tcp_keepalive(&t->socket, 1, TCP_KEEPALIVE_S);
    learn_peer(t);
    error = uv_read_start((uv_stream_t *)&t->socket, on_alloc, on_read);
    if (error) {
        fail(t, "could not read from the connection", error);
        return;
    }
    if (t->out.n)
        queue_flush(t);
    t->events.opened(t->context);
}

static void on_timer(uv_timer_t *handle)
{
    struct tcp *t = handle->data;
    t->timed_out = true;
    if (t->state == TCP_CONNECTING)
        give_up_address(t, UV_ETIMEDOUT);
    else if (t->state == TCP_RESOLVING)
        fail(t, "the name was not resolved in time", 0);
}

static void connect_next(struct tcp *t)
{
    while (t->next_address) {
        uint64_t wait_ms = time_for_one(t);
        const struct addrinfo *a = t->next_address;
        t->next_address = a->ai_next;
        int error = uv_tcp_init(&t->loop->uv, &t->socket);
        if (error) {
            t->last_error = error;
            continue;
        }
        t->held++;
        t->socket_is_open = true;
        t->timed_out = false;
        t->state = TCP_CONNECTING;
        error = uv_tcp_connect(&t->connect, &t->socket, a->ai_addr, on_connect);
        if (error)
            give_up_address(t, error);
        else
            uv_timer_start(&t->timer, on_timer, wait_ms, 0);
        return;
    }
    fail_to_connect(t);
}

static void on_socket_closed(uv_handle_t *handle)
{
    struct tcp *t = handle->data;
    if (t->state == TCP_NEXT) {
        t->held--; /* the timer still holds it */
        connect_next(t);
    } else {
        drop(t);
    }
}

static void on_resolved(uv_getaddrinfo_t *request, int error, struct addrinfo *addresses)
{
    struct tcp *t = request->data;
    t->addresses = addresses;
    if (t->state == TCP_RESOLVING && error) {
        struct fault f;
        fault_set(&f, FAULT_UNREACHABLE, "the name does not resolve: %s", uv_strerror(error));
        fault_subject(&f, "%s", t->name);
        fault_hint(&f, "check the host name");
        close_with(t, &f);
    } else if (t->state == TCP_RESOLVING) {
        uv_timer_stop(&t->timer);
        uv_update_time(&t->loop->uv);
        t->next_address = addresses;
        connect_next(t);
    }
    drop(t);
}

struct tcp *tcp_open(struct loop *l, const char *host, int port, unsigned timeout_ms,
                     const struct tcp_events *events, void *context, struct fault *f)
{
    if (port < 1 || port > 65535 || !host[0] || strlen(host) > 255) {
        fault_set(f, FAULT_USAGE, "not a host and port: \"%.200s\", %d", host, port);
        return NULL;
    }
    struct tcp *t = calloc(1, sizeof *t);
    if (!t)
        return fault_memory(f), NULL;
    t->loop = l;
    t->events = *events;
    t->context = context;
    t->timeout_ms = timeout_ms;
    t->started_ms = loop_now_ms(l);
    t->lookup.data = t->connect.data = t->socket.data = t->timer.data = t->write.data = t;
    buf_init(&t->out, TCP_OUTPUT_MAX);
    buf_init(&t->sending, TCP_OUTPUT_MAX);
    snprintf(t->name, sizeof t->name, strchr(host, ':') ? "[%s]:%d" : "%s:%d", host, port);

    char service[8];
    snprintf(service, sizeof service, "%d", port);
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    int error = uv_getaddrinfo(&l->uv, &t->lookup, on_resolved, host, service, &hints);
    if (error) {
        free(t);
        fault_set(f, FAULT_UNREACHABLE, "could not look up the name: %s", uv_strerror(error));
        fault_subject(f, "%.255s", host);
        return NULL;
    }
    uv_timer_init(&l->uv, &t->timer);
    uv_update_time(&l->uv);
    uv_timer_start(&t->timer, on_timer, timeout_ms, 0);
    t->held = 2;
    return t;
}

static void unqueue_flush(struct tcp *t)
{
    struct tcp **at = &t->loop->unflushed;
    while (*at && *at != t)
        at = &(*at)->next_unflushed;
    if (*at)
        *at = t->next_unflushed;
    t->is_unflushed = false;
}

bool tcp_write(struct tcp *t, const void *p, size_t n)
{
    if (t->state == TCP_CLOSED || n > TCP_OUTPUT_MAX - tcp_unsent_bytes(t))
        return false;
    if (!buf_append(&t->out, p, n)) {
        t->out.failed = false; /* what is collected stays whole: nothing of |p| went in */
        return false;
    }
    if (t->state == TCP_OPEN)
        queue_flush(t);
    return true;
}

static void on_written(uv_write_t *request, int error)
{
    struct tcp *t = request->data;
    t->writing = false;
    if (t->state != TCP_OPEN)
        return;
    if (error) {
        fail(t, "the connection broke", error);
        return;
    }
    buf_clear(&t->sending);
    t->sent = 0;
    if (t->out.n)
        queue_flush(t);
}

static void flush(struct tcp *t)
{
    struct buf empty = t->sending;
    t->sending = t->out;
    t->out = empty;
    t->sent = 0;
    uv_stream_t *stream = (uv_stream_t *)&t->socket;
    uv_buf_t b = uv_buf_init((char *)t->sending.p, (unsigned)t->sending.n);
    int n = uv_try_write(stream, &b, 1);
    if (n > 0)
        t->sent = (size_t)n;
    if (t->sent == t->sending.n) {
        buf_clear(&t->sending);
        t->sent = 0;
        return;
    }
    if (n < 0 && n != UV_EAGAIN) {
        fail(t, "the connection broke", n);
        return;
    }
    b = uv_buf_init((char *)t->sending.p + t->sent, (unsigned)(t->sending.n - t->sent));
    int error = uv_write(&t->write, stream, &b, 1, on_written);
    if (error)
        fail(t, "could not write to the connection", error);
    else
        t->writing = true;
}

void tcp_flush_all(struct loop *l)
{
    while (l->unflushed) {
        struct tcp *t = l->unflushed;
        unqueue_flush(t);
        if (t->state == TCP_OPEN && t->out.n && !t->writing)
            flush(t);
    }
}

size_t tcp_unsent_bytes(const struct tcp *t)
{
    return t->out.n + t->sending.n - t->sent;
}

void tcp_close(struct tcp *t)
{
    if (!t)
        return;
    if (t->is_unflushed)
        unqueue_flush(t);
    t->released = true;
    t->held++; /* over close_handles, which may find nothing left to close */
    close_handles(t);
    drop(t);
}

const char *tcp_peer(const struct tcp *t)
{
    return t->peer[0] ? t->peer : t->name;
}
