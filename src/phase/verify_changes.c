#include "phase/write_private.h"

#include <stdlib.h>
#include <string.h>

#include "phase/verify_private.h"

/* Reads every change that was carried out back once more, as the proof's second witness. A row that
 * somebody changed since then is theirs; whether it names the source again is what the scan tells.
 */

enum { VERIFY_BATCH = 1024, VERIFY_ARENA_MAX = 512 * 1024 * 1024 };

struct witness {
    struct batch batch;
    struct row_op **ops; /* per change: the row as it should be; NULL for nodes */
    bool *right;
};

static bool cells_hold(const struct change *c, const struct row *r)
{
    for (int i = 0; i < c->after.n; i++) {
        const struct cell *now = row_cell(r, c->after.v[i].name);
        if (!now || !bytes_equal(now->value, c->after.v[i].value))
            return false;
    }
    return true;
}

static bool read_rows(struct witness *w, struct fault *f)
{
    struct op_list reads;
    if (!op_list_init(&reads, w->batch.count, w->batch.arena, f))
        return false;
    for (int i = 0; i < w->batch.count; i++) {
        const struct change *c = w->batch.works[i].change;
        if (c->kind == CHANGE_NODE)
            continue;
        w->ops[i] = op_list_add(&reads, &w->batch, &w->batch.works[i], STORE_READ,
                                c->kind == CHANGE_MOVE ? &c->new_key : &c->key, f);
        if (!w->ops[i])
            return false;
    }
    if (!row_ops_run(w->batch.move, reads.v, reads.count, f))
        return false;
    for (int i = 0; i < w->batch.count; i++) {
        const struct row_op *op = w->ops[i];
        if (!op)
            continue;
        if (op->op.outcome != STORE_OK) {
            *f = *op->op.fault;
            return false;
        }
        w->right[i] = op->found && cells_hold(w->batch.works[i].change, &op->row);
    }
    return true;
}

struct node_witness {
    struct witness *w;
    struct node_write keys[GRAPH_BATCH_MAX];
    int place[GRAPH_BATCH_MAX];
    int count;
    const struct rule *rule;
};

static bool on_node(void *context, int i, const struct node *n, struct fault *f)
{
    struct node_witness *g = context;
    const struct change *c = g->w->batch.works[g->place[i]].change;
    bool right = n != NULL;
    (void)f;
    for (int k = 0; n && k < c->after.n; k++) {
        struct bytes now = bytes_null();
        for (int p = 0; p < n->property_count; p++)
            if (bytes_are(c->after.v[k].name, n->properties[p].name))
                now = n->properties[p].value;
        right = right && bytes_equal(now, c->after.v[k].value);
    }
    g->w->right[g->place[i]] = right;
    return true;
}

static bool read_group(struct node_witness *g, struct fault *f)
{
    struct graph *graph = g->w->batch.move->graph;
    int n = g->count;
    g->count = 0;
    if (n == 0)
        return true;
    if (!graph) {
        fault_set(f, FAULT_REFUSED, "the plan changed nodes of a graph, and no graph is set");
        return fault_hint(f, "give --neo4j, as when the plan was made");
    }
    return graph_read(graph, g->rule->table, g->rule->node_id, g->keys, n, on_node, g, f);
}

static bool read_nodes(struct witness *w, struct fault *f)
{
    struct node_witness *g = arena_alloc(w->batch.arena, sizeof *g);
    if (!g)
        return fault_memory(f);
    g->w = w;
    for (int i = 0; i < w->batch.count; i++) {
        const struct work *k = &w->batch.works[i];
        if (k->change->kind != CHANGE_NODE)
            continue;
        if (g->count == GRAPH_BATCH_MAX || (g->count && g->rule != k->rule))
            if (!read_group(g, f))
                return false;
        g->rule = k->rule;
        g->place[g->count] = i;
        struct node_write *key = &g->keys[g->count++];
        if (!node_write_fill(&w->batch, k, key, f))
            return false;
    }
    return read_group(g, f);
}

static bool check_batch(struct move *m, const struct move_rules *rules, struct change *changes,
                        int n, struct arena *a, struct verify_result *out, struct fault *f)
{
    struct witness w;
    if (!batch_make(m, rules, changes, n, a, &w.batch, f))
        return false;
    w.ops = arena_array(a, (size_t)n, sizeof *w.ops);
    w.right = arena_array(a, (size_t)n, sizeof *w.right);
    if (!w.ops || !w.right)
        return fault_memory(f);
    if (!read_rows(&w, f) || !read_nodes(&w, f))
        return false;
    for (int i = 0; i < n; i++) {
        out->changes++;
        out->changes_right += w.right[i];
        out->changes_other += !w.right[i];
    }
    return true;
}

bool verify_changes(struct move *m, const struct move_rules *rules, struct verify_result *out,
                    struct fault *f)
{
    struct change *changes = calloc(VERIFY_BATCH, sizeof *changes);
    struct ledger_query q = {.state_mask = 1u << CHANGE_READ};
    struct change_counts counts;
    struct arena a;
    arena_init(&a, VERIFY_ARENA_MAX);
    bool ok = changes ? ledger_count(m->ledger, NULL, RULE_MOVE, 0, &counts, f) : fault_memory(f);
    while (ok && move_may_go_on(m, f)) {
        arena_reset(&a);
        int n = ledger_read(m->ledger, &q, changes, VERIFY_BATCH, &a, f);
        ok = n >= 0 && check_batch(m, rules, changes, n > 0 ? n : 0, &a, out, f);
        if (n <= 0)
            break;
        q.after_seq = changes[n - 1].seq;
        move_progress(m, &(struct progress){.phase = "verify",
                                            .part = "read the changes back",
                                            .unit = "changes",
                                            .done = out->changes,
                                            .done_here = out->changes,
                                            .total = counts.by_state[CHANGE_READ]});
    }
    ok = ok && !move_interrupted(m, f);
    arena_fini(&a);
    free(changes);
    return ok;
}
