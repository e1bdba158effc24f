#include <string.h>

#include "phase/pass_private.h"

/* One graph rule's scan. */
struct graph_pass {
    struct move *m;
    struct bound_node bound;
    struct rule_total total;
    struct arena scratch;
};

enum { GRAPH_SCRATCH_MAX = 64 * 1024 * 1024 };

static void find_of(const struct bound_node *b, struct graph_find *out)
{
    *out = (struct graph_find){
        .label = b->rule->table,
        .id_property = b->rule->node_id,
        .property = b->property,
        .equals = b->find_value,
        .list = b->list,
        .contains = b->replace_from,
    };
}

bool pass_graph_find(struct move *m, int place, struct graph_find *out, struct fault *f)
{
    struct bound_node b;
    if (!rule_bind_node(&b, &m->profile.rules[place], &m->source, &m->target, f))
        return false;
    find_of(&b, out);
    return true;
}

static struct bytes property_value(const struct node *n, const char *name)
{
    for (int i = 0; name && i < n->property_count; i++)
        if (strcmp(n->properties[i].name, name) == 0)
            return n->properties[i].value;
    return bytes_null();
}

static bool on_node(void *context, const struct node *n, struct fault *f)
{
    struct graph_pass *g = context;
    struct change c = {0};
    bool known = false;
    arena_reset(&g->scratch);
    g->total.matched++;
    if (g->total.matched % 1024 == 0) {
        move_progress(g->m, &(struct progress){.phase = g->total.pass > 1 ? "apply" : "plan",
                                               .part = g->total.table,
                                               .unit = "nodes",
                                               .done = g->total.matched,
                                               .done_here = g->total.matched});
        if (move_interrupted(g->m, f))
            return false;
    }
    switch (decide_node(&g->bound, n->uid, n->id, property_value(n, g->bound.property),
                        property_value(n, g->bound.list), clock_now_us(), &g->scratch, &c, f)) {
    case DECIDE_NOTHING: return true;
    case DECIDE_CHANGE:
    case DECIDE_NEED_TARGET:
        c.state = CHANGE_PLANNED;
        g->total.changes++;
        break;
    case DECIDE_REJECT:
        if (g->total.pass > 1 && !ledger_has_rejected(g->m->ledger, g->bound.rule->name, &c.key,
                                                      g->total.pass, &known, f))
            return false;
        if (known)
            return true;
        c.state = CHANGE_REJECTED;
        g->total.rejected++;
        break;
    case DECIDE_FAILED: return false;
    }
    c.pass = g->total.pass;
    c.rule = bytes_of(g->bound.rule->name);
    c.kind = CHANGE_NODE;
    return ledger_add(g->m->ledger, &c, f);
}

bool pass_run_graph(struct move *m, int place, struct rule_total *total, struct fault *f)
{
    const struct rule *r = &m->profile.rules[place];
    struct graph_pass g = {.m = m, .total = *total};
    struct graph_find find;
    uint64_t matching = 0, all = 0, repeats = 0;
    struct change_counts c;
    int64_t started = clock_now_us();
    if (!rule_bind_node(&g.bound, r, &m->source, &m->target, f))
        return false;
    find_of(&g.bound, &find);
    arena_init(&g.scratch, GRAPH_SCRATCH_MAX);
    bool ok = ledger_put_rule(m->ledger, r->name, r->phase, place, f) &&
              ledger_count(m->ledger, r->name, r->phase, total->pass, &c, f) &&
              graph_count(m->graph, &find, &matching, &all, f) &&
              graph_scan(m->graph, &find, on_node, &g, f);
    arena_fini(&g.scratch);
    ok = ok && ledger_flush(m->ledger, f);
    /* A run that was cut short left some: they have come again. */
    if (ok && c.all)
        ok = ledger_drop_repeats(m->ledger, r->name, total->pass, &repeats, f) &&
             ledger_count(m->ledger, r->name, r->phase, total->pass, &c, f);
    if (ok && repeats) {
        g.total.changes = c.by_state[CHANGE_PLANNED];
        g.total.rejected = c.by_state[CHANGE_REJECTED];
    }
    g.total.scanned = all;
    g.total.duration_us = (uint64_t)(clock_now_us() - started);
    ok = ok && ledger_put_total(m->ledger, &g.total, f) && ledger_flush(m->ledger, f);
    if (ok && m->observer.rule)
        m->observer.rule(m->observer.context, &g.total);
    *total = g.total;
    return ok;
}
