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

static bool is_clean(const struct verify_result *v)
{
    for (int i = 0; i <= INDEX_BATCH; i++)
        if (v->documents_checked && v->documents_right[i] != v->documents[i])
            return false;
    return v->references == 0 && v->unread == 0 && v->open == 0;
}

enum { WRONG_SHOWN = 5 };

/* Names the first documents that are not right, so that the operator can look at them. */
static bool note_wrong(struct move *m, enum sync_object object, const char *name, struct fault *f)
{
    struct sync_item items[WRONG_SHOWN];
    int n = ledger_sync_read(m->ledger, object, 1u << SYNC_WRONG | 1u << SYNC_FAILED, bytes_null(),
                             items, WRONG_SHOWN, &m->arena, f);
    for (int i = 0; i < n; i++)
        move_note(m, "%s %.*s: %.*s", name, (int)items[i].id.n, (const char *)items[i].id.p,
                  (int)items[i].reason.n, items[i].reason.p ? (const char *)items[i].reason.p : "");
    return n >= 0;
}

static bool note_all_wrong(struct move *m, struct fault *f)
{
    return note_wrong(m, SYNC_ORGANISATION, "organisation", f) &&
           note_wrong(m, SYNC_USER, "user", f) && note_wrong(m, SYNC_BATCH, "batch", f);
}

/* What an apply wrote whose last scan was cut short is in no list of documents yet. */
static bool count_changes(struct move *m, struct verify_result *out, struct fault *f)
{
    struct change_counts counts, retire;
    if (!ledger_count(m->ledger, NULL, RULE_MOVE, 0, &counts, f) ||
        !ledger_count(m->ledger, NULL, RULE_RETIRE, 0, &retire, f))
        return false;
    out->open = change_counts_open(&counts);
    out->rejected = counts.by_state[CHANGE_REJECTED];
    out->retired = is_retired(&retire);
    return out->open > 0 || ledger_sync_collect(m->ledger, f);
}

static bool verify_all(struct move *m, struct verify_result *out, struct fault *f)
{
    struct move_rules rules;
    struct references left;
    if (!move_open_plan(m, &rules, "verify", f) || !move_index(m, f) ||
        !references_count(m, &rules, NULL, &left, f) || !verify_changes(m, &rules, out, f) ||
        !count_nodes(m, out, f) || !count_changes(m, out, f))
        return false;
    out->references = left.rows;
    out->unread = left.unread;
    out->tables = left.tables;
    out->graphs = left.graphs;
    out->indexes = m->index ? 3 : 0;
    if (m->index && (!verify_documents(m, &rules, ~0u, out, f) || !note_all_wrong(m, f)))
        return false;
    out->clean = is_clean(out);
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
