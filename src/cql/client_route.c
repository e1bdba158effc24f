#include "cql/client_private.h"

enum {
    OPENINGS_AT_ONCE = 3,
    WAIT_MS = 200, /* for a replica that is about to be able to: less than a detour costs in all */
};

static bool was_tried(const struct node *n, const struct cql_request *r)
{
    return r->tried >> (n->number % 64) & 1;
}

static bool can_take(struct node *n, const struct cql_request *r)
{
    if (n->link != NODE_READY || node_busy(n) >= n->in_flight.limit ||
        cql_conn_is_congested(n->conn))
        return false;
    /* A statement that is being prepared there waits for that, or goes elsewhere. */
    struct node_statement *s = node_statement(n, r->statement);
    return !s || s->is_ready || !s->is_preparing;
}

/* The one with the least to do; of equals the first. */
static struct node *least_busy(struct node *best, struct node *n, const struct cql_request *r)
{
    return (!best || node_busy(n) < node_busy(best)) && !was_tried(n, r) && can_take(n, r) ? n
                                                                                           : best;
}

/* Its first connection is being opened, or the statement prepared: it will take |r| in a moment. */
static bool will_take(struct node *n, const struct cql_request *r)
{
    uint64_t now = n->client->clock_ms;
    if (was_tried(n, r))
        return false;
    if (n->link == NODE_OPENING)
        return n->tries == 0 && now - n->opening_since_ms < WAIT_MS;
    struct node_statement *s = n->link == NODE_READY ? node_statement(n, r->statement) : NULL;
    return s && s->is_preparing && now - s->preparing_ms < WAIT_MS;
}

/* |*waits|: none can take it now, but one will soon. */
static struct node *best_replica(struct cql_client *c, const struct cql_request *r, bool *waits)
{
    struct node *best = NULL;
    int count;
    const uint16_t *members =
        cql_placement_find(&c->placement, &c->topology, c->local_dc, r->keyspace, r->token, &count);
    for (int i = 0; i < count; i++) {
        struct node *n = c->of_member[members[i]];
        if (n->link == NODE_IDLE)
            node_connect(n);
        best = least_busy(best, n, r);
        *waits = *waits || will_take(n, r);
    }
    if (best)
        best->replica_count++;
    return best;
}

int cql_client_home(struct cql_client *c, const char *keyspace, int64_t token)
{
    int count;
    const uint16_t *members =
        cql_placement_find(&c->placement, &c->topology, c->local_dc, keyspace, token, &count);
    return count > 0 ? members[0] : -1;
}

/* No node at all is there to take anything: wake some that were never needed. */
static void open_more(struct cql_client *c)
{
    int at_once = 0;
    for (int i = 0; i < c->usable_count; i++) {
        if (c->usable[i]->link == NODE_READY)
            return;
        at_once += c->usable[i]->link == NODE_OPENING;
    }
    for (int i = 0; i < c->usable_count && at_once < OPENINGS_AT_ONCE; i++) {
        if (c->usable[i]->link == NODE_IDLE) {
            at_once++;
            node_connect(c->usable[i]);
        }
    }
}

static struct node *best_of_all(struct cql_client *c, const struct cql_request *r)
{
    struct node *best = NULL;
    for (int i = 0; i < c->usable_count; i++)
        best = least_busy(best, c->usable[i], r);
    return best;
}

struct node *client_route(struct cql_client *c, struct cql_request *r)
{
    if (c->usable_count == 1) {
        struct node *only = c->usable[0];
        if (only->link == NODE_IDLE)
            node_connect(only);
        return can_take(only, r) ? only : NULL;
    }
    struct node *k = c->control.node;
    if (r->is_local && k && k->is_usable && !was_tried(k, r) && can_take(k, r))
        return k; /* what one node says of the cluster agrees with itself */
    bool waits = false;
    struct node *best = r->keyspace ? best_replica(c, r, &waits) : NULL;
    if (!best && waits)
        return NULL;
    if (!best)
        best = best_of_all(c, r);
    if (!best && r->tried) {
        /* All that can take it had their turn. */
        r->tried = 0;
        best = best_of_all(c, r);
    }
    if (!best)
        open_more(c);
    return best;
}
