#include "phase/phase_private.h"

bool is_retired(const struct change_counts *retire)
{
    return change_counts_open(retire) + retire->by_state[CHANGE_CONFLICT] +
               retire->by_state[CHANGE_REJECTED] ==
           0;
}

static bool refuse_references(struct move *m, const struct move_rules *rules,
                              struct retire_result *out, struct fault *f)
{
    struct references left;
    if (!references_count(m, rules, NULL, &left, f))
        return false;
    out->references = left.rows;
    if (left.unread) {
        fault_set(f, FAULT_REFUSED,
                  "%llu parts of the tables cannot be read: it is not known whether "
                  "they name organisation %s",
                  (unsigned long long)left.unread, m->settings.source);
        return fault_hint(f, "Next: tenantmove verify names them; mend them, then retire");
    }
    if (left.rows == 0)
        return true;
    fault_set(f, FAULT_REFUSED, "%llu rows still name organisation %s: %s",
              (unsigned long long)left.rows, m->settings.source, left.first);
    return fault_hint(
        f, "Next: tenantmove apply (it scans again and moves what appeared), then verify");
}

/* The old organisation's document says "active" until it is indexed again. */
static bool sync_source(struct move *m, const struct move_rules *rules, struct retire_result *out,
                        struct fault *f)
{
    struct sync_item item = {
        .object = SYNC_ORGANISATION, .id = m->source.id, .state = SYNC_PENDING};
    struct verify_result v = {0};
    const unsigned organisations = 1u << SYNC_ORGANISATION;
    if (!m->settings.sync_url[0])
        return true;
    if (!move_sync(m, f) || !ledger_sync_add(m->ledger, &item, f) ||
        !sync_objects(m, organisations, 1u << SYNC_PENDING | 1u << SYNC_FAILED, &out->sync, f))
        return false;
    out->synced = true;
    if (!m->settings.elasticsearch[0])
        return true;
    /* What the documents must say now is what the rows say now. */
    if (!move_tenants(m, f) || !move_index(m, f) ||
        !verify_documents(m, rules, organisations, &v, f))
        return false;
    out->documents = v.documents[INDEX_ORGANISATION];
    out->documents_right = v.documents_right[INDEX_ORGANISATION];
    return true;
}

static bool retire_all(struct move *m, struct retire_result *out, struct fault *f)
{
    struct move_rules rules;
    struct change_counts before;
    if (!move_open_plan(m, &rules, "retire", f) || !move_applied(m, f) ||
        !refuse_references(m, &rules, out, f) || !may_write_all(m, &rules, NULL, f))
        return false;
    /* Before the organisation is changed too, whose document is synced here. */
    if (!ledger_sync_collect(m->ledger, f) ||
        !ledger_count(m->ledger, NULL, RULE_RETIRE, 0, &before, f) ||
        !write_all(m, &rules, RULE_RETIRE, &out->apply, f))
        return false;
    out->was_retired = is_retired(&before);
    if (!fill_counts(m, RULE_RETIRE, &out->apply, f) || !sync_source(m, &rules, out, f))
        return false;
    /* Whatever was written while the status changed must not be left behind unseen. */
    struct references late;
    if (!references_count(m, &rules, NULL, &late, f))
        return false;
    out->references = late.rows;
    out->unread = late.unread;
    if (late.rows)
        move_note(m, "%llu rows name the old tenant again: %s. Next: tenantmove apply",
                  (unsigned long long)late.rows, late.first);
    return sync_count_open(m, false, &out->unsynced, f);
}

bool phase_retire(struct move *m, struct retire_result *out, struct fault *f)
{
    *out = (struct retire_result){0};
    bool ok = retire_all(m, out, f);
    journal_end(m, ok, f, out->apply.done_here, out->apply.done_here);
    return ok;
}
