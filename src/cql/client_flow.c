#include "cql/client_private.h"

bool client_pace_allows(const struct cql_client *c, const struct cql_request *r)
{
    struct pace *p = c->o.pace;
    if (!p || r->is_local)
        return true;
    return (!p->is_paused || p->is_lifted || r->purpose != CQL_FOR_SCAN) &&
           (p->rate <= 0 || pace_wait_us(p, loop_now_us(c->loop)) == 0);
}

uint32_t client_took_us(const struct cql_client *c, const struct cql_request *r)
{
    /* One that was sent in an earlier run may have lain in the socket since. */
    if (r->sent_in != c->run_number)
        return 0;
    uint64_t arrived_us = loop_arrived_us(c->loop);
    return arrived_us > r->sent_us ? (uint32_t)(arrived_us - r->sent_us) : 1;
}

/* Each in turn: one node that suffers is seen among many that do not. */
static struct node *next_probed(struct cql_client *c)
{
    for (int i = 0; i < c->usable_count; i++) {
        struct node *n = c->usable[c->probe_number++ % (unsigned)c->usable_count];
        if (n->link == NODE_READY && !cql_conn_is_congested(n->conn))
            return n;
    }
    return NULL;
}

bool cql_client_probe(struct cql_client *c, struct cql_request *r)
{
    struct fault f;
    struct node *n = c->running && !c->is_lost ? next_probed(c) : NULL;
    struct node_statement *s = n ? node_statement(n, r->statement) : NULL;
    if (!s || s->is_preparing)
        return false;
    client_begin(r, CQL_NOWHERE);
    r->is_probe = true;
    if (!client_send(n, r, &f))
        return false;
    cql_conn_flush(n->conn, &f); /* one that broke says so itself, later */
    return true;
}

uint32_t cql_client_run_number(const struct cql_client *c)
{
    return c->running ? c->run_number : 0;
}

int cql_client_in_flight(const struct cql_client *c, int *most)
{
    int busy = 0;
    *most = 0;
    for (int i = 0; i < c->usable_count; i++) {
        busy += node_busy(c->usable[i]);
        *most += c->usable[i]->link == NODE_READY ? c->usable[i]->in_flight.limit : 0;
    }
    return busy;
}

void cql_client_set_in_flight(struct cql_client *c, int most)
{
    c->o.in_flight = most;
    for (int i = 0; i < c->node_count; i++)
        in_flight_init(&c->nodes[i]->in_flight, most);
}
