#include "ledger/ledger_private.h"

/* Changes are taken and settled in runs: one statement for all that lie side by side, since a
 * statement costs SQLite ten times what one row of it does. */

static bool is_gone(const struct ledger *l, int64_t seq, struct fault *f)
{
    fault_set(f, FAULT_INTERNAL, "the ledger has no change %lld", (long long)seq);
    return fault_subject(f, "%s", l->path);
}

/* |count| changes from |seq| on are in state |now|, whatever they were in before. */
static bool tally_run(struct ledger *l, int64_t seq, int count, enum change_state now,
                      struct fault *f)
{
    sqlite3_stmt *s = statement(l, SQL_STATES_OF, f);
    if (!s)
        return false;
    bind_int(l, s, 1, seq);
    bind_int(l, s, 2, seq + count - 1);
    int n = 0, more;
    while ((more = step(l, s, f)) == 1) {
        int state = sqlite3_column_int(s, 2);
        bool fits = state >= CHANGE_PLANNED && state <= CHANGE_UNDONE;
        if (!fits)
            fault_sqlite(f, NULL, SQLITE_CORRUPT, l->path);
        int64_t rule = sqlite3_column_int64(s, 0);
        int pass = sqlite3_column_int(s, 1);
        if (!fits || !tally_add(l, rule, pass, state, -1, f) ||
            !tally_add(l, rule, pass, (int)now, 1, f)) {
            sqlite3_reset(s);
            return false;
        }
        n++;
    }
    return more == 0 && (n == count || is_gone(l, seq, f));
}

/* Writes the state and the reason that |count| changes with consecutive numbers have in common. */
static bool write_run(struct ledger *l, const struct change *c, int count, struct fault *f)
{
    if (!tally_run(l, c[0].seq, count, c[0].state, f))
        return false;
    sqlite3_stmt *s = statement(l, SQL_SETTLE, f);
    if (!s)
        return false;
    bind_int(l, s, 1, c[0].seq);
    bind_int(l, s, 2, c[count - 1].seq);
    bind_int(l, s, 3, (int64_t)c[0].state);
    bind_text(l, s, 4, c[0].reason);
    return run(l, s, f);
}

static int run_length(const struct change *c, int count)
{
    int n = 1;
    while (n < count && c[n].seq == c[0].seq + n && c[n].state == c[0].state &&
           bytes_equal(c[n].reason, c[0].reason))
        n++;
    return n;
}

/* Marks those of |c| that are planned: they are all of this phase between the first and the last. */
static bool mark_sent(struct ledger *l, enum rule_phase phase, const struct change *c, int count,
                      struct fault *f)
{
    int planned = 0;
    for (int i = 0; i < count; i++) {
        if (c[i].state != CHANGE_PLANNED)
            continue;
        const struct ledger_rule *rule = rule_named(l, c[i].rule);
        planned++;
        if (!rule || !tally_add(l, rule->id, c[i].pass, CHANGE_PLANNED, -1, f) ||
            !tally_add(l, rule->id, c[i].pass, CHANGE_SENT, 1, f) ||
            !tally_add(l, rule->id, c[i].pass, 0, 1, f))
            return false;
    }
    if (planned == 0)
        return true;
    sqlite3_stmt *s = statement(l, SQL_MARK_SENT, f);
    if (!s)
        return false;
    bind_int(l, s, 1, c[0].seq);
    bind_int(l, s, 2, c[count - 1].seq);
    bind_int(l, s, 3, (int64_t)phase);
    if (!run(l, s, f))
        return false;
    int marked = sqlite3_changes(l->db);
    return marked == planned ||
           fault_set(f, FAULT_INTERNAL, "%d changes were taken, but %d marked as sent", planned,
                     marked);
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
    bind_int(l, s, 3, l->open_from[phase]);
    int n = changes_from(l, s, out, max, a, f);
    if (n < 0 || !mark_sent(l, phase, out, n, f)) {
        transaction_abandon(l);
        return -1;
    }
    if (!transaction_commit(l, f))
        return -1;
    if (n > 0)
        l->open_from[phase] = out[0].seq;
    return n;
}

bool ledger_mark_copied(struct ledger *l, const struct change *c, int count, struct fault *f)
{
    if (!transaction_begin(l, f))
        return false;
    for (int i = 0, n; i < count; i += n) {
        n = run_length(c + i, count - i);
        if (c[i].state == CHANGE_COPIED && !write_run(l, c + i, n, f))
            return transaction_abandon(l);
    }
    return transaction_commit(l, f);
}

bool ledger_settle(struct ledger *l, const struct change *c, int count, struct fault *f)
{
    if (!transaction_begin(l, f))
        return false;
    for (int i = 0, n; i < count; i += n) {
        n = run_length(c + i, count - i);
        if (c[i].state < CHANGE_PLANNED || c[i].state > CHANGE_UNDONE) {
            fault_set(f, FAULT_INTERNAL, "change %lld was settled with state %d",
                      (long long)c[i].seq, (int)c[i].state);
            return transaction_abandon(l);
        }
        if (!write_run(l, c + i, n, f))
            return transaction_abandon(l);
    }
    return transaction_commit(l, f);
}
