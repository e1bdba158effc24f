#include "phase/pass_private.h"
#include "phase/verify_private.h"

static bool count_nodes(struct move *m, struct verify_result *out, struct fault *f)
{
    for (int i = 0; m->graph && i < m->profile.rule_count; i++) {
        struct graph_find find;
        uint64_t left = 0, all = 0;
        if (!m->profile.rules[i].is_graph || m->profile.rules[i].leave)
            continue;
        if (!pass_graph_find(m, i, &find, f) || !graph_count(m->graph, &find, &left, &all, f))
            return false;
        out->nodes_left += left;
        out->nodes_all += all;
    }
    return true;
}

static bool is_clean(const struct verify_result *v, const struct change_counts *c)
{
    uint64_t open =
        c->by_state[CHANGE_PLANNED] + c->by_state[CHANGE_SENT] + c->by_state[CHANGE_COPIED];
    for (int i = 0; i <= INDEX_BATCH; i++)
        if (v->documents_checked && v->documents_right[i] != v->documents[i])
            return false;
    return v->references == 0 && open == 0;
}

static bool verify_all(struct move *m, struct verify_result *out, struct fault *f)
{
    struct move_rules rules;
    struct references left;
    struct change_counts counts;
    if (!move_open_plan(m, &rules, "verify", f) || !move_index(m, f) ||
        !references_count(m, &rules, NULL, &left, f) || !verify_changes(m, &rules, out, f) ||
        !count_nodes(m, out, f))
        return false;
    out->references = left.rows;
    out->tables = left.tables;
    out->graphs = left.graphs;
    out->indexes = m->index ? 3 : 0;
    if (m->index && !verify_documents(m, &rules, ~0u, out, f))
        return false;
    if (!ledger_count(m->ledger, NULL, RULE_MOVE, 0, &counts, f))
        return false;
    out->clean = is_clean(out, &counts);
    if (left.rows)
        move_note(m, "references are left: %s", left.first);
    return proof_write(m, &left, out, f);
}

bool phase_verify(struct move *m, struct verify_result *out, struct fault *f)
{
    int64_t started = clock_now_us();
    *out = (struct verify_result){0};
    bool ok = verify_all(m, out, f);
    out->duration_us = (uint64_t)(clock_now_us() - started);
    journal_end(m, ok, f, out->changes, out->changes);
    return ok;
}
