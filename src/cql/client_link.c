#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "cql/client_private.h"
#include "cql/retry.h"

static void on_ready(void *context)
{
    struct cql_client *c = context;
    if (c->was_ready)
        log_write(LOG_INFO, "cql", "connected again to %s", cql_conn_peer(c->conn));
    c->version = c->conn_options.version;
    c->link = LINK_READY;
    c->tries = 0;
    c->was_ready = true;
    c->is_finished = true;
    if (!c->running)
        cql_conn_hold(c->conn);
    client_pump(c);
}

static void on_drained(void *context)
{
    client_pump(context);
}

static void rest(struct cql_client *c, const struct fault *f)
{
    if (c->clock_ms - c->lost_at_ms >= (uint64_t)c->o.patience_ms) {
        struct fault lost;
        fault_set(&lost, FAULT_UNREACHABLE,
                  "the connection was lost, and %d s of trying did not bring it back: %.300s",
                  c->o.patience_ms / 1000, f->text);
        fault_subject(&lost, "%s", f->subject);
        fault_hint(&lost,
                   "see that the server runs; then start the same command again, it goes on");
        client_lose(c, &lost);
        return;
    }
    c->link = LINK_RESTING;
    bool all_tried = c->tries % c->o.address_count == 0;
    c->link_due_ms = c->clock_ms + (all_tried ? cql_backoff_ms(c->tries / c->o.address_count) : 0);
}

/* Every address was tried once, at the start: say what happened to the last one. */
static void give_up_opening(struct cql_client *c, const struct fault *f)
{
    struct fault all = *f;
    if (c->o.address_count > 1)
        fault_set(&all, f->code, "none of the %d contact points can be used; the last one: %.300s",
                  c->o.address_count, f->text);
    if (all.subject[0] == '\0' || c->o.address_count > 1) {
        fault_subject(&all, "%s", f->subject);
        fault_hint(&all, "%s", f->hint);
    }
    client_lose(c, &all);
}

static void link_ended(struct cql_client *c, enum cql_conn_end end, const struct fault *f)
{
    cql_conn_free(c->conn);
    c->conn = NULL;
    bool was_ready = c->link == LINK_READY;
    c->link = LINK_RESTING;
    if (was_ready) {
        log_write(LOG_WARN, "cql", "the connection to %s was lost: %s", f->subject, f->text);
        c->lost_at_ms = c->clock_ms;
        c->tries = 0;
        c->link_due_ms = c->clock_ms;
        client_requeue_sent(c, f);
    }
    if (end == CQL_END_REFUSED && f->code == FAULT_DENIED) {
        client_lose(c, f);
        return;
    }
    c->tries++;
    c->address = (c->address + 1) % c->o.address_count;
    if (!c->was_ready && c->tries >= c->o.address_count)
        give_up_opening(c, f);
    else if (!c->was_ready)
        client_connect(c);
    else
        rest(c, f);
}

static void on_closed(void *context, enum cql_conn_end end, int lower, const struct fault *f)
{
    struct cql_client *c = context;
    bool may_choose = c->version == 0 && c->o.version == 0;
    if (end == CQL_END_VERSION && may_choose && lower >= CQL_VERSION_MIN) {
        cql_conn_free(c->conn);
        c->conn_options.version = lower;
        c->conn = cql_conn_open(c->loop, &c->conn_options, cql_client_conn_events(), c, &c->lost);
        if (!c->conn)
            link_ended(c, CQL_END_LOST, &c->lost);
        return;
    }
    struct fault version = *f;
    if (end == CQL_END_VERSION) {
        fault_set(&version, FAULT_UNSUPPORTED,
                  "the server does not speak version %d of the protocol: %.300s",
                  c->conn_options.version, f->text);
        fault_subject(&version, "%s:%d", c->conn_options.host, c->conn_options.port);
        fault_hint(&version, may_choose
                                 ? "Cassandra 3.11 or newer is needed"
                                 : "leave the choice of the protocol version to the program");
    }
    link_ended(c, end, &version);
}

const struct cql_conn_events *cql_client_conn_events(void)
{
    static const struct cql_conn_events events = {on_ready, client_answer, on_drained, on_closed};
    return &events;
}

void client_connect(struct cql_client *c)
{
    struct fault f;
    c->link = LINK_OPENING;
    c->conn_options = (struct cql_conn_options){
        .host = c->addresses[c->address].host,
        .port = c->addresses[c->address].port,
        .version = c->version     ? c->version
                   : c->o.version ? c->o.version
                                  : CQL_VERSION_MAX,
        .lz4 = c->o.lz4,
        .user = c->user,
        .password = c->password,
        .tls = c->o.tls,
    };
    c->conn = cql_conn_open(c->loop, &c->conn_options, cql_client_conn_events(), c, &f);
    if (!c->conn)
        link_ended(c, CQL_END_LOST, &f);
}

void client_drop_link(struct cql_client *c, const struct fault *f)
{
    if (c->conn)
        link_ended(c, CQL_END_LOST, f);
}

void client_lose(struct cql_client *c, const struct fault *f)
{
    struct fault kept = *f; /* |f| may be inside what is freed now */
    cql_conn_free(c->conn);
    c->conn = NULL;
    if (c->link != LINK_LOST)
        c->lost = kept;
    c->link = LINK_LOST;
    c->is_finished = true;
    if (c->running) {
        client_requeue_sent(c, &kept);
        client_fail_waiting(c, &kept);
    }
}
