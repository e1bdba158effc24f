#include "cql/client.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "cql/client_private.h"
#include "cql/retry.h"

static void move_clock(struct cql_client *c)
{
    uint64_t now = loop_now_ms(c->loop);
    uint64_t gone = now - c->seen_ms;
    c->seen_ms = now;
    /* A longer gap is our own work, or a stopped process: answers may lie unread in the socket. */
    c->clock_ms += gone < CLIENT_STALL_MS ? gone : CLIENT_STALL_MS;
}

static void on_tick(void *context)
{
    struct cql_client *c = context;
    move_clock(c);
    if (client_stopped(c) && !c->is_lost && (!c->is_open || !client_has_ready(c))) {
        struct fault f;
        fault_set(&f, FAULT_INTERRUPTED, "interrupted");
        client_lose(c, &f);
        return;
    }
    for (int i = 0; i < c->node_count; i++)
        node_tick(c->nodes[i]);
    control_tick(c);
    client_time_out(c);
    /* Nobody waits for them: servers may well be down for as long as a pause lasts. */
    if (c->o.pace && c->o.pace->is_paused)
        c->alone_since_ms = c->clock_ms;
    client_look_around(c);
    client_pump(c);
}

static char *copy_text(const char *text)
{
    return text && text[0] ? strdup(text) : NULL;
}

static struct cql_client *client_new(struct loop *loop, const struct cql_client_options *o)
{
    struct cql_client *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->loop = loop;
    c->o = *o;
    c->user = copy_text(o->user);
    c->wished_dc = copy_text(o->local_dc);
    c->password = copy_text(o->password);
    memcpy(c->addresses, o->addresses, (size_t)o->address_count * sizeof c->addresses[0]);
    c->o.addresses = NULL;
    c->o.user = c->o.password = c->o.local_dc = NULL;
    c->timer = timer_new(loop, on_tick, c);
    c->contact = node_new(c);
    bool copied = (!o->user || !o->user[0] || c->user) &&
                  (!o->password || !o->password[0] || c->password) &&
                  (!o->local_dc || !o->local_dc[0] || c->wished_dc);
    if (!c->timer || !c->contact || !copied) {
        cql_client_free(c);
        return NULL;
    }
    return c;
}

struct cql_client *cql_client_open(struct loop *loop, const struct cql_client_options *o,
                                   struct fault *f)
{
    struct cql_client *c = client_new(loop, o);
    if (!c)
        return fault_memory(f), NULL;
    c->contact->contact = c->addresses[0];
    node_connect(c->contact);
    cql_client_run(c, &c->is_finished);
    if (c->is_lost) {
        if (f)
            *f = c->lost;
        cql_client_free(c);
        return NULL;
    }
    return c;
}

static void log_requests(const struct cql_client *c)
{
    char name[CQL_HOST_MAX + 8];
    for (int i = 0; i < c->node_count; i++) {
        const struct node *n = c->nodes[i];
        if (n->request_count)
            log_write(
                LOG_INFO, "cql",
                "%s took %llu requests, %llu of them as a replica; at most %d at once in the end",
                node_name(n, name), (unsigned long long)n->request_count,
                (unsigned long long)n->replica_count, n->in_flight.limit);
    }
}

void cql_client_free(struct cql_client *c)
{
    if (!c)
        return;
    log_requests(c);
    for (int i = 0; i < c->node_count; i++)
        node_free(c->nodes[i]);
    free(c->nodes);
    free(c->usable);
    free(c->of_member);
    control_fini(&c->control);
    cql_topology_fini(&c->topology);
    cql_placement_fini(&c->placement);
    if (c->timer)
        timer_free(c->timer);
    cql_statements_fini(&c->statements);
    if (c->password)
        explicit_bzero(c->password, strlen(c->password));
    free(c->password);
    free(c->user);
    free(c->wished_dc);
    free(c);
}

struct cql_statement *cql_client_statement(struct cql_client *c, struct bytes text, struct fault *f)
{
    return cql_statements_find(&c->statements, text, f);
}

static bool may_send(struct cql_client *c, struct fault *f)
{
    if (c->is_lost) {
        if (f)
            *f = c->lost;
        return false;
    }
    return !loop_interrupted(c->loop) || fault_set(f, FAULT_INTERRUPTED, "interrupted");
}

void client_begin(struct cql_request *r, enum cql_request_list list)
{
    r->list = list;
    r->result = NULL;
    r->node = NULL;
    r->tried = 0;
    r->preparing = r->is_probe = false;
    r->owed = 0;
    r->tries = r->losses = r->lies = r->repreparations = 0;
}

bool cql_client_send(struct cql_client *c, struct cql_request *r, struct fault *f)
{
    if (!may_send(c, f))
        return false;
    client_begin(r, CQL_QUEUED);
    list_append(&c->queued, r);
    return true;
}

bool cql_client_send_later(struct cql_client *c, struct cql_request *r, int n, struct fault *f)
{
    if (!may_send(c, f))
        return false;
    client_begin(r, CQL_DELAYED);
    r->due_ms = c->clock_ms + cql_backoff_ms(n);
    list_append(&c->delayed, r);
    return true;
}

static void enter(struct cql_client *c)
{
    if (c->running++ == 0) {
        c->run_number++;
        uint64_t now = loop_now_ms(c->loop);
        bool was_away = now - c->seen_ms >= NODE_QUIET_MS;
        c->seen_ms = now;
        timer_start(c->timer, CLIENT_TICK_MS, CLIENT_TICK_MS);
        for (int i = 0; i < c->node_count; i++) {
            if (was_away)
                node_ask(c->nodes[i]); /* a firewall may have forgotten the connection */
            if (c->nodes[i]->conn)
                cql_conn_resume(c->nodes[i]->conn);
        }
    }
    if (c->is_lost)
        client_fail_waiting(c, &c->lost);
    client_pump(c);
}

static void leave(struct cql_client *c)
{
    if (--c->running > 0)
        return;
    timer_stop(c->timer);
    for (int i = 0; i < c->node_count; i++)
        if (c->nodes[i]->conn)
            cql_conn_hold(c->nodes[i]->conn);
}

void cql_client_run(struct cql_client *c, const bool *finished)
{
    enter(c);
    loop_run_until(c->loop, finished);
    leave(c);
}

void cql_client_push(struct cql_client *c)
{
    if (c->queued.count < PUSH_LEAST)
        return;
    enter(c);
    loop_poll(c->loop);
    leave(c);
}

void cql_client_cancel(struct cql_client *c, const struct fault *f)
{
    struct fault kept = *f;
    client_fail_waiting(c, &kept);
}

struct ask {
    bool finished;
    bool took;
    bool (*each)(void *context, struct cql_result *result, struct fault *f);
    void *context;
    struct fault *f;
};

static void on_asked(struct cql_request *r)
{
    struct ask *a = r->context;
    a->finished = true;
    if (r->outcome != CQL_ANSWERED) {
        if (a->f)
            *a->f = r->fault;
        return;
    }
    a->took = !a->each || a->each(a->context, r->result, a->f);
}

bool cql_client_ask(struct cql_client *c, struct cql_request *r,
                    bool (*each)(void *context, struct cql_result *result, struct fault *f),
                    void *context, struct fault *f)
{
    struct ask a = {.each = each, .context = context, .f = f};
    r->done = on_asked;
    r->context = &a;
    if (!cql_client_send(c, r, f))
        return false;
    cql_client_run(c, &a.finished);
    return a.took;
}

const struct fault *cql_client_lost(const struct cql_client *c)
{
    return c->is_lost ? &c->lost : NULL;
}

int cql_client_version(const struct cql_client *c)
{
    return c->version;
}

/* The one that speaks for all. */
static const struct node *speaker(const struct cql_client *c)
{
    if (c->control.node)
        return c->control.node;
    for (int i = 0; i < c->node_count; i++)
        if (c->nodes[i]->link == NODE_READY)
            return c->nodes[i];
    return c->nodes[0];
}

bool cql_client_compresses(const struct cql_client *c)
{
    const struct node *n = speaker(c);
    return n->conn && cql_conn_dialect(n->conn).lz4;
}

const char *cql_client_peer(const struct cql_client *c)
{
    const struct node *n = speaker(c);
    return n->conn ? cql_conn_peer(n->conn) : n->address.host;
}

const struct cql_topology *cql_client_topology(const struct cql_client *c)
{
    return &c->topology;
}

const char *cql_client_local_dc(const struct cql_client *c)
{
    return c->local_dc;
}

bool cql_client_has_choice(const struct cql_client *c)
{
    return c->usable_count > 1;
}

struct cql_node_view cql_client_node(const struct cql_client *c, int i)
{
    const struct node *n = c->of_member[i];
    struct cql_node_view v = {
        .data_center = n->member.data_center,
        .rack = n->member.rack,
        .is_local = n->is_usable,
        .state = n->link == NODE_READY                         ? CQL_NODE_UP
                 : n->is_usable && n->fault.code != FAULT_NONE ? CQL_NODE_DOWN
                                                               : CQL_NODE_NOT_ASKED,
        .why = n->fault.text,
    };
    for (int k = 0; k < c->o.address_count && !v.is_contact; k++)
        v.is_contact = client_is_named(n, &c->addresses[k]);
    node_name(n, v.address);
    return v;
}
