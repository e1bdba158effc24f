#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "cql/client_private.h"

static bool no_such_data_center(const struct cql_topology *t, const char *name, struct fault *f)
{
    char seen[200] = "";
    size_t n = 0;
    for (int i = 0; i < t->count && n < sizeof seen; i++) {
        bool is_new = true;
        for (int j = 0; j < i && is_new; j++)
            is_new = strcmp(t->members[i].data_center, t->members[j].data_center) != 0;
        if (is_new)
            n += (size_t)snprintf(seen + n, sizeof seen - n, "%s%s", n ? ", " : "",
                                  t->members[i].data_center);
    }
    fault_set(f, FAULT_USAGE, "the cluster has no data center %s", name);
    return fault_hint(f, "it has %s; names are case-sensitive", seen);
}

bool client_choose_data_center(struct cql_client *c, const struct cql_topology *t, struct fault *f)
{
    if (c->local_dc[0])
        return true;
    const char *wish = c->wished_dc ? c->wished_dc : t->members[0].data_center;
    for (int i = 0; i < t->count; i++) {
        if (strcmp(t->members[i].data_center, wish) == 0) {
            snprintf(c->local_dc, sizeof c->local_dc, "%s", wish);
            return true;
        }
    }
    return no_such_data_center(t, wish, f);
}

static struct node *find_member(const struct cql_client *c, const uint8_t host_id[16])
{
    for (int i = 0; i < c->node_count; i++)
        if (c->nodes[i]->is_member && memcmp(c->nodes[i]->member.host_id, host_id, 16) == 0)
            return c->nodes[i];
    return NULL;
}

/* The contact point said who it is: somebody who is known already. That one is reached by its
 * address from now on. */
static void merge_contact(struct node *known, struct node *contact)
{
    struct cql_client *c = known->client;
    known->contact = contact->contact;
    known->tries = 0;
    c->contact = NULL;
    node_leave(contact);
    control_lost(contact);
    node_connect(known);
}

/* Node of the |i|th member; NULL: no memory. */
static struct node *node_of_member(struct cql_client *c, struct node *told_by,
                                   const struct cql_topology *t, int i)
{
    struct node *n = find_member(c, t->members[i].host_id);
    if (!n && i == 0)
        n = told_by; /* also one that was replaced under its address */
    if (!n)
        n = node_new(c);
    if (!n)
        return NULL;
    n->member = t->members[i];
    n->is_member = true;
    n->is_usable = strcmp(n->member.data_center, c->local_dc) == 0;
    if (n->link == NODE_GONE)
        n->link = NODE_IDLE;
    return n;
}

static bool has(struct node *const *nodes, int count, const struct node *n)
{
    for (int i = 0; i < count; i++)
        if (nodes[i] == n)
            return true;
    return false;
}

static void leave(struct node *n)
{
    struct fault f;
    char name[CQL_HOST_MAX + 8];
    fault_set(&f, FAULT_UNREACHABLE, "the node left the cluster");
    fault_subject(&f, "%s", node_name(n, name));
    log_write(LOG_INFO, "cql", "%s left the cluster", name);
    node_leave(n);
    control_lost(n);
    client_requeue_sent(n, &f);
}

bool client_take_topology(struct cql_client *c, struct node *told_by, struct cql_topology *t,
                          struct fault *f)
{
    struct node **of_member = calloc((size_t)t->count, sizeof *of_member);
    struct node **usable = calloc((size_t)t->count, sizeof *usable);
    bool whole = of_member && usable;
    int usable_count = 0;
    for (int i = 0; whole && i < t->count; i++) {
        of_member[i] = node_of_member(c, told_by, t, i);
        whole = of_member[i] != NULL;
        if (whole && of_member[i]->is_usable)
            usable[usable_count++] = of_member[i];
    }
    if (!whole) {
        free(of_member);
        free(usable);
        return fault_memory(f);
    }
    if (c->topology.count != t->count)
        log_write(LOG_INFO, "cql", "the cluster has %d node%s, %d of them in data center %s",
                  t->count, t->count == 1 ? "" : "s", usable_count, c->local_dc);
    free(c->of_member);
    free(c->usable);
    c->of_member = of_member;
    c->usable = usable;
    c->usable_count = usable_count;
    cql_topology_fini(&c->topology);
    c->topology = *t;
    cql_topology_init(t);
    if (c->contact == told_by && of_member[0] == told_by)
        c->contact = NULL;
    for (int i = 0; i < c->node_count; i++)
        if (c->nodes[i]->is_member && !has(of_member, c->topology.count, c->nodes[i]))
            leave(c->nodes[i]);
    if (!told_by->is_member)
        merge_contact(of_member[0], told_by);
    client_note_reached(c);
    return true;
}

struct node *client_find_ip(struct cql_client *c, const struct cql_ip *ip, int port)
{
    struct node *found = NULL;
    for (int i = 0; i < c->node_count; i++) {
        struct node *n = c->nodes[i];
        if (!n->is_member || !cql_ip_equal(&n->member.ip, ip))
            continue;
        if (n->member.port == port)
            return n;
        found = n; /* old servers tell a port of their own */
    }
    return found;
}

bool client_is_named(const struct node *n, const struct cql_address *a)
{
    char ip[CQL_IP_TEXT_MAX];
    if (!n->is_member)
        return false;
    return (n->contact.port == a->port && strcmp(n->contact.host, a->host) == 0) ||
           (n->member.port == a->port && strcmp(cql_ip_text(&n->member.ip, ip), a->host) == 0);
}

static bool is_known(const struct cql_client *c, const struct cql_address *a)
{
    for (int i = 0; i < c->node_count; i++)
        if (client_is_named(c->nodes[i], a))
            return true;
    return false;
}

const struct cql_address *client_next_contact(struct cql_client *c)
{
    for (int i = 0; i < c->o.address_count; i++) {
        const struct cql_address *a = &c->addresses[c->next_address];
        c->next_address = (c->next_address + 1) % c->o.address_count;
        if (!is_known(c, a))
            return a;
    }
    return NULL;
}
