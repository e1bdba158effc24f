#include <stdio.h>
#include <string.h>

#include "cql/conn_private.h"
#include "cql/wire/message.h"

#define DRIVER_VERSION "0.1"

enum { KNOCK_TIMEOUT_MS = 500 };

static void end_not_cassandra(struct cql_conn *c)
{
    struct fault f;
    fault_set(&f, FAULT_UNSUPPORTED, "what answers at %s:%d is not Cassandra", c->o->host,
              c->o->port);
    fault_hint(&f, "check the port: Cassandra's native protocol is on 9042 as a rule");
    conn_end_about(c, CQL_END_REFUSED, &f);
}

static void end_wants_tls(struct cql_conn *c)
{
    struct fault f;
    fault_set(&f, FAULT_UNSUPPORTED, "what answers at %s:%d wants TLS", c->o->host, c->o->port);
    fault_hint(&f, "set cassandra-tls: yes");
    conn_end_about(c, CQL_END_REFUSED, &f);
}

static void end_too_old(struct cql_conn *c)
{
    struct fault f;
    fault_set(&f, FAULT_UNSUPPORTED, "this server speaks no native protocol that is new enough");
    fault_hint(&f, "Cassandra 3.11 or newer is needed");
    conn_end_about(c, CQL_END_REFUSED, &f);
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

static void take_error(struct cql_conn *c, const struct cql_envelope *e,
                       const struct cql_error *error)
{
    struct fault f;
    cql_error_fault(error, &f);
    if (c->state != CONN_LOGIN && cql_error_action(error, CQL_FOR_STARTUP) == CQL_NEXT_VERSION) {
        int lower = c->o->version - 1;
        if (e->version < lower)
            lower = e->version;
        fault_subject(&f, "%s:%d", c->o->host, c->o->port);
        conn_end(c, CQL_END_VERSION, lower, &f);
        return;
    }
    if (error->code == CQL_BAD_CREDENTIALS && !cql_error_is_of_auth(error)) {
        char text[160];
        snprintf(text, sizeof text, "%.*s", (int)error->text.n, (const char *)error->text.p);
        fault_set(&f, FAULT_DENIED, "the server refused the login of \"%s\": %s", c->o->user, text);
        fault_hint(
            &f, "check the user, and the file or the variable that the password comes from; then "
                "start the same command again");
        conn_end_about(c, CQL_END_REFUSED, &f);
        return;
    }
    conn_end_about(c,
                   cql_error_action(error, CQL_FOR_STARTUP) == CQL_FAIL_RUN ? CQL_END_REFUSED
                                                                            : CQL_END_LOST,
                   &f);
}

static void unexpected(struct cql_conn *c, int opcode)
{
    struct fault f;
    fault_set(&f, FAULT_PROTOCOL, "the server answered %s, which fits no request of ours",
              cql_opcode_name(opcode));
    conn_end_about(c, CQL_END_LOST, &f);
}

/* The states and what may come in each are native_protocol_v5.spec 4.1. */
void conn_opening_take(struct cql_conn *c, const struct cql_envelope *e, const struct cql_reply *r)
{
    struct fault f;
    if (r->opcode == CQL_ERROR) {
        take_error(c, e, &r->error);
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
            conn_end_about(c, CQL_END_LOST, &f);
    } else if (starts && r->opcode == CQL_AUTHENTICATE) {
        if (!send_login(c, r->authenticator, &f))
            conn_end_about(c, f.code == FAULT_DENIED ? CQL_END_REFUSED : CQL_END_LOST, &f);
    } else if (starts || (c->state == CONN_LOGIN && r->opcode == CQL_AUTH_SUCCESS)) {
        become_ready(c);
    } else if (c->state == CONN_LOGIN && r->opcode == CQL_AUTH_CHALLENGE) {
        fault_set(&f, FAULT_UNSUPPORTED, "the server wants more than user and password");
        fault_hint(&f, "only logins by user and password are supported");
        conn_end_about(c, CQL_END_REFUSED, &f);
    } else {
        unexpected(c, r->opcode);
    }
}

void conn_opening_silent(struct cql_conn *c)
{
    struct fault f;
    if (c->state == CONN_CONNECTING && stream_is_shaking_hands(c->stream)) {
        fault_set(&f, FAULT_UNREACHABLE,
                  "it took the connection, but not TLS's greeting, within %d s",
                  CQL_OPEN_TIMEOUT_MS / 1000);
        fault_hint(&f,
                   "check that the port is Cassandra's with TLS, and that it is not overloaded");
        conn_end_about(c, CQL_END_LOST, &f);
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
    conn_end_about(c, CQL_END_LOST, &f);
}

/* A response has the high bit, then the version. */
bool conn_opening_knows(struct cql_conn *c, uint8_t first)
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
        conn_opening_silent(c);
    return is_cql && !is_silent;
}

void conn_opening_begin(struct cql_conn *c)
{
    struct fault f;
    c->state = CONN_OPTIONS;
    if (!cql_message_options(&c->output, c->dialect, 0, &f) || !cql_conn_flush(c, &f))
        conn_end_about(c, CQL_END_LOST, &f);
}

void conn_opening_late(struct cql_conn *c)
{
    static const char knock[] = "\r\n\r\n";
    if (c->state == CONN_OPTIONS && c->received_bytes == 0 &&
        stream_write(c->stream, knock, sizeof knock - 1)) {
        c->state = CONN_KNOCKING;
        timer_start(c->patience, KNOCK_TIMEOUT_MS, 0);
    } else {
        conn_opening_silent(c);
    }
}
