#include "ledger/ledger_private.h"

/* Writes a change's state with what it was before taken off the tallies. */
static bool write_state(struct ledger *l, const struct change *c, struct fault *f)
{
    struct state_row was;
    if (!state_of(l, c->seq, &was, f))
        return false;
    sqlite3_stmt *s = statement(l, SQL_SETTLE, f);
    if (!s)
        return false;
    bind_int(l, s, 1, c->seq);
    bind_int(l, s, 2, (int64_t)c->state);
    bind_text(l, s, 3, c->reason);
    return run(l, s, f) && tally_add(l, was.rule, was.pass, (int)was.state, -1, f) &&
           tally_add(l, was.rule, was.pass, (int)c->state, 1, f);
}

static bool mark_sent(struct ledger *l, const struct change *c, struct fault *f)
{
    const struct ledger_rule *rule = rule_named(l, c->rule);
    sqlite3_stmt *s = rule ? statement(l, SQL_MARK_SENT, f) : NULL;
    if (!s)
        return false;
    bind_int(l, s, 1, c->seq);
    return run(l, s, f) && tally_add(l, rule->id, c->pass, CHANGE_PLANNED, -1, f) &&
           tally_add(l, rule->id, c->pass, CHANGE_SENT, 1, f) &&
           tally_add(l, rule->id, c->pass, 0, 1, f);
}

int ledger_take(struct ledger *l, enum rule_phase phase, struct change *out, int max,
                struct arena *a, struct fault *f)
{
    if (max < 1 || max > LEDGER_BATCH_MAX) {
        fault_set(f, FAULT_INTERNAL, "ledger_take was asked for %d changes", max);
        return -1;
    }
    sqlite3_stmt *s = transaction_begin(l, f) ? statement(l, SQL_OPEN, f) : NULL;
    if (!s)
        return -1;
    bind_int(l, s, 1, (int64_t)phase);
    bind_int(l, s, 2, max);
    int n = changes_from(l, s, out, max, a, f);
    if (n < 0) {
        transaction_abandon(l);
        return -1;
    }
    for (int i = 0; i < n; i++) {
        if (out[i].state == CHANGE_PLANNED && !mark_sent(l, &out[i], f)) {
            transaction_abandon(l);
            return -1;
        }
    }
    return transaction_commit(l, f) ? n : -1;
}

bool ledger_mark_copied(struct ledger *l, const struct change *c, int count, struct fault *f)
{
    if (!transaction_begin(l, f))
        return false;
    for (int i = 0; i < count; i++)
        if (c[i].state == CHANGE_COPIED && !write_state(l, &c[i], f))
            return transaction_abandon(l);
    return transaction_commit(l, f);
}

bool ledger_settle(struct ledger *l, const struct change *c, int count, struct fault *f)
{
    if (!transaction_begin(l, f))
        return false;
    for (int i = 0; i < count; i++) {
        if (c[i].state < CHANGE_PLANNED || c[i].state > CHANGE_UNDONE) {
            fault_set(f, FAULT_INTERNAL, "change %lld was settled with state %d",
                      (long long)c[i].seq, (int)c[i].state);
            return transaction_abandon(l);
        }
        if (!write_state(l, &c[i], f))
            return transaction_abandon(l);
    }
    return transaction_commit(l, f);
}
