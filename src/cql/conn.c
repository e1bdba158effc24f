#include "cql/conn_private.h"

#include <stdlib.h>

#include "cql/wire/segment.h"

enum {
    OUTPUT_MAX = 48 << 20, /* below the socket's own maximum */
    CONGESTED_BYTES = 4 << 20,
};

static char abandoned; /* its address marks a stream whose answer nobody wants */

void conn_end(struct cql_conn *c, enum cql_conn_end why, int lower, const struct fault *f)
{
    if (c->state == CONN_CLOSED)
        return;
    c->state = CONN_CLOSED;
    timer_stop(c->patience);
    stream_close(c->stream);
    c->stream = NULL;
    c->events.closed(c->context, why, lower, f);
}

void conn_end_about(struct cql_conn *c, enum cql_conn_end why, struct fault *f)
{
    fault_subject(f, "%s:%d", c->o->host, c->o->port);
    conn_end(c, why, 0, f);
}

/* Of nothing that was asked. A server says so when it could not read what came: that may have been
 * changed on the way, so that another connection may do. */
static void end_unasked(struct cql_conn *c, const struct cql_reply *r)
{
    struct fault f, said;
    if (r->opcode == CQL_ERROR) {
        cql_error_fault(&r->error, &said);
        fault_set(&f, FAULT_PROTOCOL, "%s; that is about no request of ours", said.text);
        fault_hint(&f,
                   "the server's log may say more; something between here and it may change bytes");
    } else {
        fault_set(&f, FAULT_PROTOCOL, "the server answered a request that was never sent");
    }
    conn_end_about(c, CQL_END_LOST, &f);
}

static void *owner_of(const struct cql_conn *c, const struct cql_envelope *e)
{
    return e->is_response && e->stream >= 0 && e->stream < CQL_CONN_STREAMS ? c->owners[e->stream]
                                                                            : NULL;
}

static void end_wrong_answer(struct cql_conn *c, const struct cql_envelope *e, struct fault *f)
{
    void *owner = owner_of(c, e);
    c->culprit = owner != &abandoned ? owner : NULL;
    conn_end_about(c, CQL_END_LOST, f);
}

static void take_envelope(struct cql_conn *c, const struct cql_envelope *e)
{
    struct fault f;
    struct cql_reply reply;
    if (!cql_reply_decode(e, &reply, &f)) {
        end_wrong_answer(c, e, &f);
        return;
    }
    if (e->stream == CQL_EVENT_STREAM && reply.opcode == CQL_EVENT) {
        if (c->state == CONN_READY)
            c->events.happened(c->context, &reply.event);
        return;
    }
    if (c->state != CONN_READY && (e->stream == 0 || reply.opcode == CQL_ERROR)) {
        conn_opening_take(c, e, &reply);
        return;
    }
    void *owner = owner_of(c, e);
    if (!owner) {
        end_unasked(c, &reply);
        return;
    }
    if (e->version != c->dialect.version) {
        fault_set(&f, FAULT_PROTOCOL, "the server changed the protocol version in the middle");
        end_wrong_answer(c, e, &f);
        return;
    }
    c->owners[e->stream] = NULL;
    c->free_streams[c->free_count++] = e->stream;
    if (owner != &abandoned)
        c->events.answered(c->context, owner, &reply);
}

static void release(struct cql_conn *c)
{
    timer_free(c->patience);
    stream_close(c->stream);
    cql_input_fini(&c->input);
    buf_fini(&c->output);
    buf_fini(&c->segments);
    free(c);
}

static void drain(struct cql_conn *c)
{
    if (c->draining || c->state == CONN_CLOSED)
        return;
    c->draining = true;
    while (!(c->held && c->state == CONN_READY) && c->state != CONN_CLOSED) {
        struct cql_envelope e;
        struct fault f;
        int got = cql_input_next(&c->input, &e, &f);
        if (got < 0 && c->state != CONN_READY && f.code == FAULT_PROTOCOL) {
            f.code = FAULT_UNSUPPORTED; /* who greets like that never was a Cassandra */
            fault_hint(&f, "check that the address is that of Cassandra's native protocol (9042)");
        }
        if (got < 0)
            end_wrong_answer(c, &e, &f);
        if (got <= 0)
            break;
        take_envelope(c, &e);
    }
    c->draining = false;
    if (c->doomed) {
        release(c);
        return;
    }
    if (!c->held && c->state == CONN_READY)
        c->events.drained(c->context);
}

static void on_received(void *context, const uint8_t *p, size_t n)
{
    struct cql_conn *c = context;
    struct fault f;
    if (c->received_bytes == 0 && !conn_opening_knows(c, p[0]))
        return;
    c->received_bytes += n;
    if (!cql_input_feed(&c->input, p, n, &f))
        conn_end_about(c, CQL_END_LOST, &f);
    else
        drain(c);
}

static void on_opened(void *context)
{
    conn_opening_begin(context);
}

static void on_closed(void *context, const struct fault *why)
{
    struct cql_conn *c = context;
    struct fault f = *why;
    if (c->state == CONN_KNOCKING) {
        conn_opening_silent(c);
        return;
    }
    bool may_work_later = f.code == FAULT_UNREACHABLE;
    if (c->state == CONN_OPTIONS && c->received_bytes == 0 && !c->o->tls)
        fault_hint(&f, "it may want TLS (cassandra-tls: yes), or not be Cassandra: check the port");
    conn_end(c, may_work_later ? CQL_END_LOST : CQL_END_REFUSED, 0, &f);
}

static void on_impatient(void *context)
{
    conn_opening_late(context);
}

struct cql_conn *cql_conn_open(struct loop *loop, const struct cql_conn_options *o,
                               const struct cql_conn_events *events, void *context, struct fault *f)
{
    static const struct tcp_events stream_events = {on_opened, on_received, on_closed};
    struct cql_conn *c = calloc(1, sizeof *c);
    if (!c)
        return fault_memory(f), NULL;
    c->o = o;
    c->events = *events;
    c->context = context;
    c->dialect.version = o->version;
    cql_input_init(&c->input, o->body_max);
    buf_init(&c->output, OUTPUT_MAX);
    buf_init(&c->segments, OUTPUT_MAX);
    while (c->free_count < CQL_CONN_STREAMS - 1) {
        c->free_streams[c->free_count] = (int16_t)(CQL_CONN_STREAMS - 1 - c->free_count);
        c->free_count++;
    }
    c->patience = timer_new(loop, on_impatient, c);
    if (!c->patience) {
        release(c);
        return fault_memory(f), NULL;
    }
    timer_start(c->patience, CQL_OPEN_TIMEOUT_MS, 0);
    c->stream =
        stream_open(loop, o->host, o->port, CQL_OPEN_TIMEOUT_MS, o->tls, &stream_events, c, f);
    if (!c->stream) {
        release(c);
        return NULL;
    }
    return c;
}

void cql_conn_free(struct cql_conn *c)
{
    if (!c)
        return;
    c->state = CONN_CLOSED;
    if (c->draining)
        c->doomed = true;
    else
        release(c);
}

struct cql_dialect cql_conn_dialect(const struct cql_conn *c)
{
    return c->dialect;
}

const char *cql_conn_peer(const struct cql_conn *c)
{
    return c->stream ? stream_peer(c->stream) : c->o->host;
}

bool cql_conn_is_ready(const struct cql_conn *c)
{
    return c->state == CONN_READY;
}

void *cql_conn_culprit(const struct cql_conn *c)
{
    return c->culprit;
}

uint64_t cql_conn_received_bytes(const struct cql_conn *c)
{
    return c->received_bytes;
}

int cql_conn_stream_take(struct cql_conn *c, void *owner)
{
    if (c->free_count == 0)
        return -1;
    int stream = c->free_streams[--c->free_count];
    c->owners[stream] = owner;
    return stream;
}

void cql_conn_stream_return(struct cql_conn *c, int stream)
{
    c->owners[stream] = NULL;
    c->free_streams[c->free_count++] = (int16_t)stream;
}

void cql_conn_stream_abandon(struct cql_conn *c, int stream)
{
    c->owners[stream] = &abandoned;
}

struct buf *cql_conn_output(struct cql_conn *c)
{
    return &c->output;
}

bool cql_conn_flush(struct cql_conn *c, struct fault *f)
{
    if (c->output.n == 0)
        return true;
    bool whole = true;
    struct bytes out = buf_view(&c->output);
    if (c->wraps) {
        buf_clear(&c->segments);
        whole = cql_segments_append(&c->segments, out, c->dialect.lz4, f);
        out = buf_view(&c->segments);
    }
    bool written = whole && c->stream && stream_write(c->stream, out.p, out.n);
    buf_clear(&c->output);
    if (whole && !written)
        fault_set(f, FAULT_UNREACHABLE,
                  "the connection takes no more requests: it is closed, or memory ran out");
    return written;
}

bool cql_conn_is_congested(const struct cql_conn *c)
{
    return c->free_count == 0 || c->output.n > CONGESTED_BYTES || !c->stream ||
           stream_unsent_bytes(c->stream) > CONGESTED_BYTES;
}

void cql_conn_hold(struct cql_conn *c)
{
    c->held = true;
}

void cql_conn_resume(struct cql_conn *c)
{
    c->held = false;
    drain(c);
}
