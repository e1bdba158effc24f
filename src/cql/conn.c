#include "cql/conn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cql/wire/input.h"
#include "cql/wire/message.h"
#include "cql/wire/segment.h"
#include "net/stream.h"

#define DRIVER_VERSION "0.1"

enum {
    OUTPUT_MAX = 48 << 20, /* below the socket's own maximum */
    CONGESTED_BYTES = 4 << 20,
    KNOCK_TIMEOUT_MS = 500,
};

enum conn_state {
    CONN_CONNECTING,
    CONN_OPTIONS, /* asked what it supports */
    CONN_STARTUP, /* sent STARTUP */
    CONN_LOGIN,   /* sent user and password */
    CONN_READY,
    CONN_KNOCKING, /* it was silent for too long: is it an HTTP server, which waits for a line? */
    CONN_CLOSED,
};

struct cql_conn {
    const struct cql_conn_options *o;
    struct cql_conn_events events;
    void *context;
    enum conn_state state;
    struct stream *stream;
    struct timer *patience; /* runs until ready */
    struct cql_dialect dialect;
    struct cql_input input;
    struct buf output;   /* whole envelopes */
    struct buf segments; /* v5: the same, wrapped */
    bool wraps;          /* v5, after READY or AUTHENTICATE */
    bool held;
    bool draining;
    bool doomed; /* freed while draining */
    uint64_t received_bytes;
    void *owners[CQL_CONN_STREAMS];
    void *culprit;
    int16_t free_streams[CQL_CONN_STREAMS];
    int free_count;
};

static char abandoned; /* its address marks a stream whose answer nobody wants */

static void end(struct cql_conn *c, enum cql_conn_end why, int lower, const struct fault *f)
{
    if (c->state == CONN_CLOSED)
        return;
    c->state = CONN_CLOSED;
    timer_stop(c->patience);
    stream_close(c->stream);
    c->stream = NULL;
    c->events.closed(c->context, why, lower, f);
}

/* Like the socket's own faults, each names the node. */
static void end_about(struct cql_conn *c, enum cql_conn_end why, struct fault *f)
{
    fault_subject(f, "%s:%d", c->o->host, c->o->port);
    end(c, why, 0, f);
}

static void end_not_cassandra(struct cql_conn *c)
{
    struct fault f;
    fault_set(&f, FAULT_UNSUPPORTED, "what answers at %s:%d is not Cassandra", c->o->host,
              c->o->port);
    fault_hint(&f, "check the port: Cassandra's native protocol is on 9042 as a rule");
    end_about(c, CQL_END_REFUSED, &f);
}

static void end_wants_tls(struct cql_conn *c)
{
    struct fault f;
    fault_set(&f, FAULT_UNSUPPORTED, "what answers at %s:%d wants TLS", c->o->host, c->o->port);
    fault_hint(&f, "set cassandra-tls: yes");
    end_about(c, CQL_END_REFUSED, &f);
}

static void end_too_old(struct cql_conn *c)
{
    struct fault f;
    fault_set(&f, FAULT_UNSUPPORTED, "this server speaks no native protocol that is new enough");
    fault_hint(&f, "Cassandra 3.11 or newer is needed");
    end_about(c, CQL_END_REFUSED, &f);
}

static bool send_startup(struct cql_conn *c, const struct cql_reply *supported, struct fault *f)
{
    c->dialect.lz4 = c->o->lz4 && cql_supports(supported, "COMPRESSION", "lz4");
    c->state = CONN_STARTUP;
    return cql_message_startup(&c->output, c->dialect, 0, DRIVER_VERSION, f) &&
           cql_conn_flush(c, f);
}

static bool send_login(struct cql_conn *c, struct bytes authenticator, struct fault *f)
{
    if (!c->o->user || !c->o->user[0]) {
        fault_set(f, FAULT_DENIED, "the server wants a login, and no user was given (%.*s)",
                  (int)(authenticator.n < 100 ? authenticator.n : 100),
                  (const char *)authenticator.p);
        return fault_hint(f, "give the user, and the password in a file or the environment");
    }
    c->state = CONN_LOGIN;
    bool sent = cql_message_auth_plain(&c->output, c->dialect, 0, c->o->user,
                                       c->o->password ? c->o->password : "", f) &&
                cql_conn_flush(c, f);
    explicit_bzero(c->output.p, c->output.capacity);
    if (c->segments.p)
        explicit_bzero(c->segments.p, c->segments.capacity);
    return sent;
}

static void become_ready(struct cql_conn *c)
{
    c->state = CONN_READY;
    timer_stop(c->patience);
    c->events.ready(c->context);
}

static void take_opening_error(struct cql_conn *c, const struct cql_envelope *e,
                               const struct cql_error *error)
{
    struct fault f;
    cql_error_fault(error, &f);
    if (c->state != CONN_LOGIN && cql_error_action(error, CQL_FOR_STARTUP) == CQL_NEXT_VERSION) {
        int lower = c->o->version - 1;
        if (e->version < lower)
            lower = e->version;
        fault_subject(&f, "%s:%d", c->o->host, c->o->port);
        end(c, CQL_END_VERSION, lower, &f);
        return;
    }
    if (error->code == CQL_BAD_CREDENTIALS) {
        char text[160];
        snprintf(text, sizeof text, "%.*s", (int)error->text.n, (const char *)error->text.p);
        /* Said while a server that has just started cannot read its roles yet: no wrong password.
         */
        if (strstr(text, "Unable to perform authentication")) {
            f.code = FAULT_UNAVAILABLE;
            end_about(c, CQL_END_LOST, &f);
            return;
        }
        fault_set(&f, FAULT_DENIED, "the server refused the login of \"%s\": %s", c->o->user, text);
        fault_hint(
            &f, "check the user, and the file or the variable that the password comes from; then "
                "start the same command again");
        end_about(c, CQL_END_REFUSED, &f);
        return;
    }
    end_about(c,
              cql_error_action(error, CQL_FOR_STARTUP) == CQL_FAIL_RUN ? CQL_END_REFUSED
                                                                       : CQL_END_LOST,
              &f);
}

static void unexpected(struct cql_conn *c, int opcode)
{
    struct fault f;
    fault_set(&f, FAULT_PROTOCOL, "the server answered %s, which fits no request of ours",
              cql_opcode_name(opcode));
    end_about(c, CQL_END_LOST, &f);
}

/* One step of the opening; the states and what may come in each are native_protocol_v5.spec 4.1. */
static void take_opening_reply(struct cql_conn *c, const struct cql_envelope *e,
                               const struct cql_reply *r)
{
    struct fault f;
    if (r->opcode == CQL_ERROR) {
        take_opening_error(c, e, &r->error);
        return;
    }
    bool starts =
        c->state == CONN_STARTUP && (r->opcode == CQL_READY || r->opcode == CQL_AUTHENTICATE);
    if (starts && c->dialect.version >= 5) {
        c->wraps = true;
        cql_input_segments(&c->input, c->dialect.lz4);
    }
    if (c->state == CONN_OPTIONS && r->opcode == CQL_SUPPORTED) {
        if (!send_startup(c, r, &f))
            end_about(c, CQL_END_LOST, &f);
    } else if (starts && r->opcode == CQL_AUTHENTICATE) {
        if (!send_login(c, r->authenticator, &f))
            end_about(c, f.code == FAULT_DENIED ? CQL_END_REFUSED : CQL_END_LOST, &f);
    } else if (starts || (c->state == CONN_LOGIN && r->opcode == CQL_AUTH_SUCCESS)) {
        become_ready(c);
    } else if (c->state == CONN_LOGIN && r->opcode == CQL_AUTH_CHALLENGE) {
        fault_set(&f, FAULT_UNSUPPORTED, "the server wants more than user and password");
        fault_hint(&f, "only logins by user and password are supported");
        end_about(c, CQL_END_REFUSED, &f);
    } else {
        unexpected(c, r->opcode);
    }
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
    end_about(c, CQL_END_LOST, &f);
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
    end_about(c, CQL_END_LOST, f);
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
        take_opening_reply(c, e, &reply);
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

static void end_silent(struct cql_conn *c)
{
    struct fault f;
    if (c->state == CONN_CONNECTING && stream_is_shaking_hands(c->stream)) {
        fault_set(&f, FAULT_UNREACHABLE,
                  "it took the connection, but not TLS's greeting, within %d s",
                  CQL_OPEN_TIMEOUT_MS / 1000);
        fault_hint(&f,
                   "check that the port is Cassandra's with TLS, and that it is not overloaded");
        end_about(c, CQL_END_LOST, &f);
        return;
    }
    if (c->state == CONN_CONNECTING)
        fault_set(&f, FAULT_UNREACHABLE, "no connection within %d s", CQL_OPEN_TIMEOUT_MS / 1000);
    else
        fault_set(&f, FAULT_UNREACHABLE, "it took the connection, but gave no answer within %d s",
                  CQL_OPEN_TIMEOUT_MS / 1000);
    fault_hint(&f, c->o->tls ? "check that it is Cassandra, and not overloaded"
                             : "check that it is Cassandra, and not overloaded; one that wants TLS "
                               "(cassandra-tls: yes) is silent too");
    end_about(c, CQL_END_LOST, &f);
}

/* The first byte that ever comes tells who is there: a response has the high bit, then the version.
 */
static bool first_byte_fits(struct cql_conn *c, uint8_t first)
{
    bool is_silent = c->state == CONN_KNOCKING;
    bool is_tls = first == 0x15 || first == 0x16; /* an alert, or its side of a handshake */
    bool is_old = first == 0x81 || first == 0x82;
    bool is_cql = first >= (0x80 | CQL_VERSION_MIN) && first <= (0x80 | (CQL_VERSION_MAX + 1));
    if (is_old)
        end_too_old(c);
    else if (is_tls && !c->o->tls)
        end_wants_tls(c);
    else if (!is_cql)
        end_not_cassandra(c);
    else if (is_silent)
        end_silent(c);
    return is_cql && !is_silent;
}

static void on_received(void *context, const uint8_t *p, size_t n)
{
    struct cql_conn *c = context;
    struct fault f;
    if (c->received_bytes == 0 && !first_byte_fits(c, p[0]))
        return;
    c->received_bytes += n;
    if (!cql_input_feed(&c->input, p, n, &f))
        end_about(c, CQL_END_LOST, &f);
    else
        drain(c);
}

static void on_opened(void *context)
{
    struct cql_conn *c = context;
    struct fault f;
    c->state = CONN_OPTIONS;
    if (!cql_message_options(&c->output, c->dialect, 0, &f) || !cql_conn_flush(c, &f))
        end_about(c, CQL_END_LOST, &f);
}

static void on_closed(void *context, const struct fault *why)
{
    struct cql_conn *c = context;
    struct fault f = *why;
    if (c->state == CONN_KNOCKING) {
        end_silent(c);
        return;
    }
    bool may_work_later = f.code == FAULT_UNREACHABLE;
    if (c->state == CONN_OPTIONS && c->received_bytes == 0 && !c->o->tls)
        fault_hint(&f, "it may want TLS (cassandra-tls: yes), or not be Cassandra: check the port");
    end(c, may_work_later ? CQL_END_LOST : CQL_END_REFUSED, 0, &f);
}

static void on_impatient(void *context)
{
    static const char knock[] = "\r\n\r\n";
    struct cql_conn *c = context;
    if (c->state == CONN_OPTIONS && c->received_bytes == 0 &&
        stream_write(c->stream, knock, sizeof knock - 1)) {
        c->state = CONN_KNOCKING;
        timer_start(c->patience, KNOCK_TIMEOUT_MS, 0);
    } else {
        end_silent(c);
    }
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
