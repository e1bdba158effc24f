#include "cql/client.h"

#include <stdlib.h>
#include <string.h>

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
    if (client_stopped(c) && c->link != LINK_READY && c->link != LINK_LOST) {
        struct fault f;
        fault_set(&f, FAULT_INTERRUPTED, "interrupted");
        client_lose(c, &f);
        return;
    }
    if (c->link == LINK_RESTING && c->link_due_ms <= c->clock_ms)
        client_connect(c);
    client_time_out(c);
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
    c->limit = o->in_flight;
    c->user = copy_text(o->user);
    c->password = copy_text(o->password);
    memcpy(c->addresses, o->addresses, (size_t)o->address_count * sizeof c->addresses[0]);
    c->o.addresses = NULL;
    c->o.user = c->o.password = NULL;
    c->timer = timer_new(loop, on_tick, c);
    bool copied =
        (!o->user || !o->user[0] || c->user) && (!o->password || !o->password[0] || c->password);
    if (!c->timer || !copied) {
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
    client_connect(c);
    cql_client_run(c, &c->is_finished);
    if (c->link == LINK_LOST) {
        if (f)
            *f = c->lost;
        cql_client_free(c);
        return NULL;
    }
    return c;
}

void cql_client_free(struct cql_client *c)
{
    if (!c)
        return;
    cql_conn_free(c->conn);
    if (c->timer)
        timer_free(c->timer);
    cql_statements_fini(&c->statements);
    if (c->password)
        explicit_bzero(c->password, strlen(c->password));
    free(c->password);
    free(c->user);
    free(c);
}

struct cql_statement *cql_client_statement(struct cql_client *c, struct bytes text, struct fault *f)
{
    return cql_statements_find(&c->statements, text, f);
}

static bool may_send(struct cql_client *c, struct fault *f)
{
    if (c->link == LINK_LOST) {
        if (f)
            *f = c->lost;
        return false;
    }
    return !loop_interrupted(c->loop) || fault_set(f, FAULT_INTERRUPTED, "interrupted");
}

static void begin(struct cql_request *r, enum cql_request_list list)
{
    r->list = list;
    r->result = NULL;
    r->preparing = false;
    r->tries = r->losses = r->repreparations = 0;
}

bool cql_client_send(struct cql_client *c, struct cql_request *r, struct fault *f)
{
    if (!may_send(c, f))
        return false;
    begin(r, CQL_QUEUED);
    list_append(&c->queued, r);
    return true;
}

bool cql_client_send_later(struct cql_client *c, struct cql_request *r, int n, struct fault *f)
{
    if (!may_send(c, f))
        return false;
    begin(r, CQL_DELAYED);
    r->due_ms = c->clock_ms + cql_backoff_ms(n);
    list_append(&c->delayed, r);
    return true;
}

static void enter(struct cql_client *c)
{
    if (c->running++ == 0) {
        c->seen_ms = loop_now_ms(c->loop);
        timer_start(c->timer, CLIENT_TICK_MS, CLIENT_TICK_MS);
        if (c->link == LINK_READY)
            cql_conn_resume(c->conn);
    }
    if (c->link == LINK_LOST)
        client_fail_waiting(c, &c->lost);
    client_pump(c);
}

static void leave(struct cql_client *c)
{
    if (--c->running > 0)
        return;
    timer_stop(c->timer);
    if (c->conn)
        cql_conn_hold(c->conn);
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
    return c->link == LINK_LOST ? &c->lost : NULL;
}

int cql_client_version(const struct cql_client *c)
{
    return c->version;
}

bool cql_client_compresses(const struct cql_client *c)
{
    return c->conn && cql_conn_dialect(c->conn).lz4;
}

const char *cql_client_peer(const struct cql_client *c)
{
    return c->conn ? cql_conn_peer(c->conn) : c->addresses[c->address].host;
}
