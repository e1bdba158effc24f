#include "phase/write_private.h"

#include <string.h>

/* Nodes of one graph rule, at most GRAPH_BATCH_MAX: one transaction. */
struct node_group {
    struct batch *b;
    const struct rule *rule;
    struct work *works[GRAPH_BATCH_MAX];
    struct node_write writes[GRAPH_BATCH_MAX];
    bool right[GRAPH_BATCH_MAX];
    int count;
};

static struct property *properties(const struct named_cells *cells, const struct named_cells *names,
                                   const struct rule *r, struct arena *a)
{
    struct property *p = arena_array(a, (size_t)(names->n ? names->n : 1), sizeof *p);
    for (int i = 0; p && i < names->n; i++) {
        struct bytes name = names->v[i].name;
        if (name.n >= sizeof p[i].name)
            return NULL;
        memcpy(p[i].name, name.p, name.n);
        p[i].is_list = r->has_replace && bytes_are(name, r->replace_list);
        for (int k = 0; k < cells->n; k++)
            if (bytes_equal(cells->v[k].name, name))
                p[i].value = cells->v[k].value;
    }
    return p;
}

bool node_write_fill(const struct batch *b, const struct work *work, struct node_write *w,
                     struct fault *f)
{
    const struct change *c = work->change;
    const struct named_cell *uid = named_cells_find(&c->key, work->rule->node_id);
    *w = (struct node_write){.property_count = c->after.n};
    if (!change_node_id(c, &w->id) || c->after.n > GRAPH_PROPERTIES_MAX)
        return fault_set(f, FAULT_DAMAGED, "a node change in the ledger is not complete");
    w->uid = uid ? uid->value : bytes_null();
    w->before = properties(&c->before, &c->after, work->rule, b->arena);
    w->after = properties(&c->after, &c->after, work->rule, b->arena);
    return (w->before && w->after) || fault_memory(f);
}

static bool read_back(void *context, int i, const struct node *n, struct fault *f)
{
    struct node_group *g = context;
    const struct node_write *w = &g->writes[i];
    (void)f;
    g->right[i] = n != NULL;
    for (int k = 0; n && k < w->property_count; k++) {
        struct bytes now = bytes_null();
        for (int p = 0; p < n->property_count; p++)
            if (strcmp(n->properties[p].name, w->after[k].name) == 0)
                now = n->properties[p].value;
        g->right[i] = g->right[i] && bytes_equal(now, w->after[k].value);
    }
    return true;
}

static bool judge(struct node_group *g, int i, struct fault *f)
{
    switch (g->writes[i].outcome) {
    case NODE_GONE:
        return settle(g->b, g->works[i], CHANGE_CONFLICT, f, "the node was deleted since the plan");
    case NODE_CONFLICT:
        return settle(g->b, g->works[i], CHANGE_CONFLICT, f,
                      "the node was changed by someone else since the plan: theirs stays");
    case NODE_DONE:
    case NODE_WAS: break;
    }
    if (g->right[i])
        return settle(g->b, g->works[i], CHANGE_READ, f, "%s", "");
    return settle(g->b, g->works[i], CHANGE_CONFLICT, f,
                  "the node was changed by someone else right after the write");
}

static bool write_group(struct node_group *g, struct fault *f)
{
    struct move *m = g->b->move;
    for (int i = 0; i < g->count; i++)
        if (!node_write_fill(g->b, g->works[i], &g->writes[i], f))
            return false;
    if (!m->graph) {
        fault_set(f, FAULT_REFUSED, "the plan changes nodes of a graph, and no graph is set");
        return fault_hint(f, "give --neo4j, as when the plan was made");
    }
    if (!graph_write(m->graph, g->rule->table, g->rule->node_id, g->writes, g->count, f) ||
        !graph_read(m->graph, g->rule->table, g->rule->node_id, g->writes, g->count, read_back, g,
                    f))
        return false;
    for (int i = 0; i < g->count; i++)
        if (!judge(g, i, f))
            return false;
    return true;
}

bool write_nodes(struct batch *b, struct fault *f)
{
    struct node_group *g = arena_alloc(b->arena, sizeof *g);
    if (!g)
        return fault_memory(f);
    g->b = b;
    for (int i = 0; i < b->count; i++) {
        struct work *w = &b->works[i];
        if (w->change->kind != CHANGE_NODE)
            continue;
        if (g->count == GRAPH_BATCH_MAX || (g->count && g->rule != w->rule)) {
            if (!write_group(g, f))
                return false;
            g->count = 0;
        }
        g->rule = w->rule;
        g->works[g->count++] = w;
    }
    return g->count == 0 || write_group(g, f);
}
