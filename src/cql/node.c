#include "cql/node.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "cql/client_private.h"
#include "cql/retry.h"
#include "cql/wire/message.h"

struct node *node_new(struct cql_client *c)
{
    if (c->node_count == c->node_capacity) {
        int capacity = c->node_capacity ? c->node_capacity * 2 : 8;
        struct node **nodes = realloc(c->nodes, (size_t)capacity * sizeof *nodes);
        if (!nodes)
            return NULL;
        c->nodes = nodes;
        c->node_capacity = capacity;
    }
    struct node *n = calloc(1, sizeof *n);
    if (!n)
        return NULL;
    n->client = c;
    in_flight_init(&n->in_flight, c->o.in_flight);
    retry_budget_init(&n->retries);
    n->number = c->node_count;
    c->nodes[c->node_count++] = n;
    return n;
}

void node_free(struct node *n)
{
    cql_conn_free(n->conn);
    free(n->statements);
    free(n);
}

int node_busy(const struct node *n)
{
    return n->sent.count - n->probe_count + n->delayed_count;
}

const char *node_name(const struct node *n, char text[CQL_HOST_MAX + 8])
{
    char ip[CQL_IP_TEXT_MAX];
    const char *host = n->address.host;
    int port = n->address.port;
    if (!host[0] && n->contact.host[0]) {
        host = n->contact.host;
        port = n->contact.port;
    } else if (!host[0]) {
        host = cql_ip_text(&n->member.ip, ip);
        port = n->member.port;
    }
    snprintf(text, CQL_HOST_MAX + 8, strchr(host, ':') ? "[%s]:%d" : "%s:%d", host, port);
    return text;
}

struct node_statement *node_statement(struct node *n, const struct cql_statement *s)
{
    if (s->number >= n->statement_count) {
        int count = s->number + 16;
        struct node_statement *more = realloc(n->statements, (size_t)count * sizeof *more);
        if (!more)
            return NULL;
        memset(more + n->statement_count, 0, (size_t)(count - n->statement_count) * sizeof *more);
        n->statements = more;
        n->statement_count = count;
    }
    return &n->statements[s->number];
}

static void on_ready(void *context)
{
    struct node *n = context;
    struct cql_client *c = n->client;
    n->link = NODE_READY;
    n->ready_since_ms = n->quiet_since_ms = c->clock_ms;
    n->received_bytes = cql_conn_received_bytes(n->conn);
    n->is_asked = n->is_reaching = false;
    if (!c->running)
        cql_conn_hold(n->conn);
    client_node_ready(n);
}

static void on_answered(void *context, void *owner, const struct cql_reply *reply)
{
    struct node *n = context;
    struct cql_client *c = n->client;
    if (owner == &c->control)
        control_answer(c, reply);
    else
        client_answer(n, owner, reply);
}

static void on_drained(void *context)
{
    struct node *n = context;
    client_pump(n->client);
}

static void on_event(void *context, const struct cql_event *e)
{
    control_event(context, e);
}

/* Gives up the connection; the client says what is next. */
static void ended(struct node *n, enum cql_conn_end end, const struct fault *f)
{
    struct cql_client *c = n->client;
    struct fault why = *f; /* it may be inside what is freed now */
    bool was_ready = n->link == NODE_READY;
    bool was_steady = was_ready && c->clock_ms - n->ready_since_ms >= NODE_STEADY_MS;
    n->culprit = n->conn ? cql_conn_culprit(n->conn) : NULL;
    cql_conn_free(n->conn);
    n->conn = NULL;
    n->fault = why;
    n->is_reaching = false;
    n->link = NODE_RESTING;
    /* One that comes and goes is not tried more often than one that stays away. */
    if (was_steady)
        n->tries = 0;
    n->due_ms = c->clock_ms + (n->tries ? cql_backoff_ms(n->tries - 1) : 0);
    n->tries++;
    client_node_ended(n, was_ready, end, &why);
}

static const struct cql_conn_events *conn_events(void);

static void on_closed(void *context, enum cql_conn_end end, int lower, const struct fault *f)
{
    struct node *n = context;
    struct cql_client *c = n->client;
    bool may_choose = !c->is_open && c->o.version == 0;
    struct fault why = *f;
    if (end == CQL_END_VERSION && may_choose && lower >= CQL_VERSION_MIN) {
        cql_conn_free(n->conn);
        n->conn_options.version = lower;
        n->conn = cql_conn_open(c->loop, &n->conn_options, conn_events(), n, &why);
        if (!n->conn)
            ended(n, CQL_END_LOST, &why);
        return;
    }
    if (end == CQL_END_VERSION) {
        fault_set(&why, FAULT_UNSUPPORTED,
                  "the server does not speak version %d of the protocol: %.300s",
                  n->conn_options.version, f->text);
        fault_subject(&why, "%s:%d", n->conn_options.host, n->conn_options.port);
        fault_hint(&why, may_choose ? "Cassandra 3.11 or newer is needed"
                                    : "leave the choice of the protocol version to the program");
    }
    ended(n, end, &why);
}

static const struct cql_conn_events *conn_events(void)
{
    static const struct cql_conn_events events = {on_ready, on_answered, on_event, on_drained,
                                                  on_closed};
    return &events;
}

/* What the operator wrote comes first: the address that the node tells may be one that is not
 * reached from here. When it fails, the other is tried in turn. */
static void choose_address(struct node *n)
{
    bool has_contact = n->contact.host[0] != '\0';
    if (!n->is_member || (has_contact && n->tries % 2 == 0) || n->member.ip.n == 0) {
        n->address = n->contact;
    } else {
        cql_ip_text(&n->member.ip, n->address.host);
        n->address.port = n->member.port;
    }
}

/* The password may have been changed since the first login: then one refusal ends the run, where
 * one from each node at once may lock the account. */
static bool must_wait(const struct cql_client *c)
{
    for (int i = 0; c->doubts_login && i < c->node_count; i++)
        if (c->nodes[i]->link == NODE_OPENING)
            return true;
    return false;
}

void node_connect(struct node *n)
{
    struct cql_client *c = n->client;
    struct fault f;
    if (n->link == NODE_OPENING || n->link == NODE_READY || c->is_lost)
        return;
    if (must_wait(c)) {
        n->link = NODE_RESTING; /* until the next tick */
        return;
    }
    n->link = NODE_OPENING;
    n->opening_since_ms = c->clock_ms;
    choose_address(n);
    n->conn_options = (struct cql_conn_options){
        .host = n->address.host,
        .port = n->address.port,
        .version = c->is_open     ? c->version
                   : c->o.version ? c->o.version
                                  : CQL_VERSION_MAX,
        .lz4 = c->o.lz4,
        .user = c->user,
        .password = c->password,
        .tls = c->o.tls,
    };
    n->conn = cql_conn_open(c->loop, &n->conn_options, conn_events(), n, &f);
    if (!n->conn)
        ended(n, CQL_END_LOST, &f);
}

void node_drop(struct node *n, const struct fault *f)
{
    if (n->conn)
        ended(n, CQL_END_LOST, f);
}

void node_leave(struct node *n)
{
    cql_conn_free(n->conn);
    n->conn = NULL;
    n->link = NODE_GONE;
    n->is_member = n->is_usable = n->is_reaching = false;
}

void node_knock(struct node *n)
{
    uint64_t soon = n->client->clock_ms + cql_backoff_ms(1);
    if (n->link == NODE_RESTING && n->due_ms > soon)
        n->due_ms = soon;
}

void node_ask(struct node *n)
{
    struct fault f;
    if (n->link != NODE_READY || n->is_asked)
        return;
    int stream = cql_conn_stream_take(n->conn, n);
    if (stream < 0)
        return;
    struct cql_dialect d = cql_conn_dialect(n->conn);
    /* Nobody waits for the answer: that bytes come is all that it has to say. */
    cql_conn_stream_abandon(n->conn, stream);
    if (!cql_message_options(cql_conn_output(n->conn), d, (int16_t)stream, &f) ||
        !cql_conn_flush(n->conn, &f)) {
        node_drop(n, &f);
        return;
    }
    n->is_asked = true;
    n->quiet_since_ms = n->client->clock_ms;
}

static void listen_for(struct node *n)
{
    struct cql_client *c = n->client;
    uint64_t received = cql_conn_received_bytes(n->conn);
    if (received != n->received_bytes) {
        n->received_bytes = received;
        n->quiet_since_ms = c->clock_ms;
        n->is_asked = false;
    } else if (n->is_asked && c->clock_ms - n->quiet_since_ms >= (uint64_t)c->o.timeout_ms) {
        struct fault f;
        char name[CQL_HOST_MAX + 8];
        fault_set(&f, FAULT_TIMEOUT, "the server is silent");
        fault_subject(&f, "%s", node_name(n, name));
        node_drop(n, &f);
    } else if (!n->is_asked && c->clock_ms - n->quiet_since_ms >= NODE_QUIET_MS) {
        node_ask(n);
    }
}

void node_tick(struct node *n)
{
    if (n->link == NODE_READY)
        listen_for(n);
    else if (n->link == NODE_RESTING && n->due_ms <= n->client->clock_ms)
        node_connect(n);
}
