#include <stdio.h>

#include "base/log.h"
#include "cql/client_private.h"
#include "cql/retry.h"
#include "cql/wire/message.h"

enum {
    SETTLE_MS = 1000, /* after an event: the system tables of the node that tells it lag behind */
    FAILURES_MAX = 3,
};

static void refuse(struct cql_client *c, const struct fault *f);

static bool write_step(struct cql_client *c, struct fault *f)
{
    static const char *const events[] = {"TOPOLOGY_CHANGE", "STATUS_CHANGE", "SCHEMA_CHANGE"};
    struct control *k = &c->control;
    struct cql_dialect d = cql_conn_dialect(k->node->conn);
    struct buf *out = cql_conn_output(k->node->conn);
    const struct cql_parameters p = {.consistency = CQL_ONE};
    const char *query = NULL;
    switch (k->step) {
    case CONTROL_REGISTER: return cql_message_register(out, d, (int16_t)k->stream, events, 3, f);
    case CONTROL_LOCAL: query = cql_topology_local; break;
    case CONTROL_PEERS_V2: query = cql_topology_peers_v2; break;
    case CONTROL_PEERS: query = cql_topology_peers; break;
    case CONTROL_KEYSPACES: query = cql_placement_query; break;
    case CONTROL_NONE:
    case CONTROL_WATCHES:
        return fault_set(f, FAULT_INTERNAL, "the control connection asks nothing");
    }
    return cql_message_query(out, d, (int16_t)k->stream, bytes_of(query), &p, f);
}

static void ask(struct cql_client *c, enum control_step step)
{
    struct control *k = &c->control;
    struct node *n = k->node;
    struct fault f;
    k->step = step;
    k->due_ms = c->clock_ms + (uint64_t)c->o.timeout_ms;
    k->stream = cql_conn_stream_take(n->conn, k);
    if (k->stream < 0) {
        fault_set(&f, FAULT_UNAVAILABLE, "too many requests wait for their answer");
        refuse(c, &f);
    } else if (!write_step(c, &f) || !cql_conn_flush(n->conn, &f)) {
        node_drop(n, &f);
    }
}

void control_begin(struct node *n)
{
    struct cql_client *c = n->client;
    struct control *k = &c->control;
    if (k->node || n->link != NODE_READY)
        return;
    k->node = n;
    k->failures = 0;
    ask(c, CONTROL_REGISTER);
}

void control_fini(struct control *k)
{
    cql_topology_fini(&k->topology);
    k->node = NULL;
    k->step = CONTROL_NONE;
    k->is_stale = false;
}

void control_lost(struct node *n)
{
    struct cql_client *c = n->client;
    if (c->control.node != n)
        return;
    control_fini(&c->control);
    for (int i = 0; c->is_open && i < c->usable_count && !c->control.node; i++)
        control_begin(c->usable[i]);
}

/* What was asked could not be had. */
static void refuse(struct cql_client *c, const struct fault *f)
{
    struct control *k = &c->control;
    struct node *n = k->node;
    struct fault why = *f;
    char name[CQL_HOST_MAX + 8];
    if (!why.subject[0])
        fault_subject(&why, "%s", node_name(n, name));
    bool is_final = why.code == FAULT_USAGE || why.code == FAULT_DENIED ||
                    why.code == FAULT_MEMORY || (why.code == FAULT_UNSUPPORTED && !c->is_open);
    if (is_final) {
        client_lose(c, &why);
        return;
    }
    log_write(LOG_WARN, "cql", "%s does not tell what the cluster looks like: %s",
              node_name(n, name), why.text);
    if (!c->is_open || ++k->failures >= FAILURES_MAX) {
        node_drop(n, &why);
        return;
    }
    k->step = CONTROL_WATCHES;
    k->is_stale = true;
    k->stale_due_ms = c->clock_ms + SETTLE_MS + cql_backoff_ms(k->failures);
}

/* The last rows: from now on requests go by what was read. */
static bool finish(struct cql_client *c, struct cql_rows *rows, struct fault *f)
{
    struct control *k = &c->control;
    struct node *told_by = k->node;
    struct cql_placement placement;
    cql_placement_init(&placement);
    if (!client_choose_data_center(c, &k->topology, f) ||
        !cql_placement_take(&placement, rows, c->local_dc, f) ||
        !client_take_topology(c, told_by, &k->topology, f)) {
        cql_placement_fini(&placement);
        return false;
    }
    cql_placement_fini(&c->placement);
    c->placement = placement;
    c->is_open = c->is_finished = true;
    if (k->node == told_by) {
        k->step = CONTROL_WATCHES;
        k->failures = 0;
    }
    client_note_alone(c);
    client_pump(c);
    return true;
}

static bool take_rows(struct cql_client *c, struct cql_rows *rows, struct fault *f)
{
    struct control *k = &c->control;
    int port = k->node->address.port;
    if (k->step == CONTROL_LOCAL) {
        cql_topology_fini(&k->topology);
        if (!cql_topology_take_local(&k->topology, rows, port, f))
            return false;
        ask(c, CONTROL_PEERS_V2);
    } else if (k->step == CONTROL_PEERS_V2 || k->step == CONTROL_PEERS) {
        bool is_v2 = k->step == CONTROL_PEERS_V2;
        if (!cql_topology_take_peers(&k->topology, rows, is_v2, port, f))
            return false;
        ask(c, CONTROL_KEYSPACES);
    } else {
        return finish(c, rows, f);
    }
    return true;
}

void control_answer(struct cql_client *c, const struct cql_reply *reply)
{
    struct control *k = &c->control;
    struct fault f;
    bool is_error = reply->opcode == CQL_ERROR;
    if (is_error && k->step == CONTROL_PEERS_V2 && reply->error.code == CQL_INVALID) {
        ask(c, CONTROL_PEERS);
    } else if (k->step == CONTROL_REGISTER && (is_error || reply->opcode == CQL_READY)) {
        if (is_error)
            log_write(LOG_WARN, "cql", "the server tells no events (%.*s)",
                      (int)(reply->error.text.n < 200 ? reply->error.text.n : 200),
                      (const char *)reply->error.text.p);
        ask(c, CONTROL_LOCAL);
    } else if (is_error) {
        cql_error_fault(&reply->error, &f);
        refuse(c, &f);
    } else if (reply->opcode != CQL_RESULT || reply->result.kind != CQL_RESULT_ROWS ||
               k->step == CONTROL_REGISTER) {
        fault_set(&f, FAULT_PROTOCOL, "the server answered %s, which fits no request of ours",
                  cql_opcode_name(reply->opcode));
        refuse(c, &f);
    } else {
        struct cql_rows rows = reply->result.rows;
        if (!take_rows(c, &rows, &f))
            refuse(c, &f);
    }
}

static void read_again(struct cql_client *c)
{
    c->control.is_stale = true;
    c->control.stale_due_ms = c->clock_ms + SETTLE_MS;
}

/* Events are hints: a node is up when it answers. An event about a node or keyspace that is being
 * read just now makes it be read once more after that, so that nothing is missed in between. */
void control_event(struct node *n, const struct cql_event *e)
{
    struct cql_client *c = n->client;
    struct cql_ip ip;
    char text[CQL_IP_TEXT_MAX];
    if (n != c->control.node)
        return;
    if (bytes_are(e->type, "SCHEMA_CHANGE")) {
        const struct cql_schema_change *s = &e->schema_change;
        log_write(LOG_INFO, "cql", "schema: %.*s %.*s %.*s %.*s", (int)s->change.n,
                  (const char *)s->change.p, (int)s->target.n, (const char *)s->target.p,
                  (int)s->keyspace.n, (const char *)s->keyspace.p, (int)s->name.n,
                  s->name.p ? (const char *)s->name.p : "");
        /* A statement over a table that was changed tells so itself when it is prepared again. */
        if (bytes_are(s->target, "KEYSPACE"))
            read_again(c);
        return;
    }
    if (!cql_ip_of(e->node.address, &ip))
        return;
    log_write(LOG_INFO, "cql", "event: %s is %.*s", cql_ip_text(&ip, text), (int)e->change.n,
              (const char *)e->change.p);
    struct node *about = client_find_ip(c, &ip, e->node.port);
    if (!bytes_are(e->type, "STATUS_CHANGE") || !about)
        read_again(c);
    else if (bytes_are(e->change, "UP"))
        node_knock(about);
    else
        node_ask(about);
}

void control_tick(struct cql_client *c)
{
    struct control *k = &c->control;
    if (k->step == CONTROL_NONE)
        return;
    if (k->step == CONTROL_WATCHES && k->is_stale && k->stale_due_ms <= c->clock_ms) {
        k->is_stale = false;
        ask(c, CONTROL_LOCAL);
    } else if (k->step != CONTROL_WATCHES && k->due_ms <= c->clock_ms) {
        struct fault f;
        char name[CQL_HOST_MAX + 8];
        fault_set(&f, FAULT_TIMEOUT, "it does not tell what the cluster looks like within %d ms",
                  c->o.timeout_ms);
        fault_subject(&f, "%s", node_name(k->node, name));
        node_drop(k->node, &f);
    }
}
