/* Whether anybody can be reached: the opening, what nodes tell, and when the run is lost. */
#include "base/log.h"
#include "cql/client_private.h"

/* How long members are waited for before the contact points are tried too. */
enum { CONTACT_AFTER_MS = 3000 };

bool client_has_ready(const struct cql_client *c)
{
    for (int i = 0; i < c->usable_count; i++)
        if (c->usable[i]->link == NODE_READY)
            return true;
    return false;
}

void client_note_alone(struct cql_client *c)
{
    bool is_alone = c->is_open && !client_has_ready(c);
    if (is_alone && !c->is_alone)
        c->alone_since_ms = c->clock_ms;
    c->is_alone = is_alone;
    if (!is_alone && c->contact && c->is_open) {
        struct node *contact = c->contact;
        c->contact = NULL;
        node_leave(contact);
        control_lost(contact);
    }
}

/* The addresses of all members may have changed: ask whom the operator named. */
static void try_contacts(struct cql_client *c)
{
    const struct cql_address *a = c->contact ? NULL : client_next_contact(c);
    if (!a)
        return;
    for (int i = 0; i < c->node_count && !c->contact; i++)
        if (c->nodes[i]->link == NODE_GONE && !c->nodes[i]->is_member)
            c->contact = c->nodes[i];
    if (!c->contact)
        c->contact = node_new(c);
    if (!c->contact)
        return; /* no memory: at the next tick */
    c->contact->contact = *a;
    c->contact->link = NODE_IDLE;
    node_connect(c->contact);
}

static void lose_patience(struct cql_client *c)
{
    const struct fault *last = NULL;
    struct fault lost;
    for (int i = 0; i < c->usable_count && !last; i++)
        if (c->usable[i]->fault.code != FAULT_NONE)
            last = &c->usable[i]->fault;
    if (c->usable_count == 1)
        fault_set(&lost, FAULT_UNREACHABLE,
                  "the connection was lost, and %d s of trying did not bring it back: %.300s",
                  c->o.patience_ms / 1000, last ? last->text : "");
    else
        fault_set(&lost, FAULT_UNREACHABLE,
                  "none of the %d nodes of data center %s could be reached for %d s; one of them: "
                  "%.200s",
                  c->usable_count, c->local_dc, c->o.patience_ms / 1000, last ? last->text : "");
    fault_subject(&lost, "%s", last ? last->subject : "");
    fault_hint(&lost, "see that the server runs; then start the same command again, it goes on");
    client_lose(c, &lost);
}

void client_look_around(struct cql_client *c)
{
    uint64_t alone_ms = c->clock_ms - c->alone_since_ms;
    if (c->is_alone && !c->is_lost && alone_ms >= CONTACT_AFTER_MS)
        try_contacts(c);
    if (c->is_alone && !c->is_lost && alone_ms >= (uint64_t)c->o.patience_ms)
        lose_patience(c);
}

void client_lose(struct cql_client *c, const struct fault *f)
{
    struct fault kept = *f; /* |f| may be inside what is freed now */
    if (!c->is_lost)
        c->lost = kept;
    c->is_lost = c->is_finished = c->is_reached = true;
    control_fini(&c->control);
    for (int i = 0; i < c->node_count; i++) {
        struct node *n = c->nodes[i];
        cql_conn_free(n->conn);
        n->conn = NULL;
        n->link = NODE_GONE;
    }
    if (!c->running)
        return;
    for (int i = 0; i < c->node_count; i++)
        client_requeue_sent(c->nodes[i], &kept);
    client_fail_waiting(c, &kept);
}

void client_note_reached(struct cql_client *c)
{
    for (int i = 0; i < c->usable_count; i++)
        if (c->usable[i]->is_reaching)
            return;
    c->is_reached = true;
}

void client_node_ready(struct node *n)
{
    struct cql_client *c = n->client;
    c->doubts_login = false;
    if (!c->is_open)
        c->version = n->conn_options.version;
    if (n->is_member)
        log_write(LOG_INFO, "cql", "connected to %s (data center %s, rack %s)",
                  cql_conn_peer(n->conn), n->member.data_center, n->member.rack);
    if (n->is_usable)
        client_note_alone(c);
    control_begin(n);
    client_note_reached(c);
    client_pump(c);
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

static void contact_ended(struct node *n, const struct fault *f)
{
    struct cql_client *c = n->client;
    if (c->is_open) {
        const struct cql_address *a = client_next_contact(c);
        if (a)
            n->contact = *a;
        return;
    }
    c->next_address = (c->next_address + 1) % c->o.address_count;
    if (++c->address_tries >= c->o.address_count) {
        give_up_opening(c, f);
        return;
    }
    n->contact = c->addresses[c->next_address];
    n->tries = 0;
    node_connect(n);
}

void client_node_ended(struct node *n, bool was_ready, enum cql_conn_end end, const struct fault *f)
{
    struct cql_client *c = n->client;
    control_lost(n);
    if (was_ready) {
        log_write(LOG_WARN, "cql", "the connection to %s was lost: %s", f->subject, f->text);
        client_requeue_sent(n, f);
        c->doubts_login = c->user != NULL;
    }
    if (c->is_lost)
        return;
    if (end == CQL_END_REFUSED && f->code == FAULT_DENIED) {
        client_lose(c, f);
        return;
    }
    if (n == c->contact)
        contact_ended(n, f);
    else if (!n->is_usable)
        n->link = NODE_IDLE; /* it was a contact point in another data center */
    else if (!was_ready && n->tries == 1)
        log_write(LOG_WARN, "cql", "no connection to %s: %s", f->subject, f->text);
    client_note_alone(c);
    client_note_reached(c);
}

void cql_client_reach(struct cql_client *c)
{
    c->is_reached = false;
    for (int i = 0; i < c->usable_count; i++) {
        c->usable[i]->is_reaching = c->usable[i]->link != NODE_READY;
        node_connect(c->usable[i]);
    }
    client_note_reached(c);
    cql_client_run(c, &c->is_reached);
}
