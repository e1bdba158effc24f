#include "ledger/ledger_private.h"

/* How many of |c| lie side by side and have state and reason in common. */
static int run_length(const struct change *c, int count)
{
    int n = 1;
    while (n < count && c[n].seq == c[0].seq + n && c[n].state == c[0].state &&
           bytes_equal(c[n].reason, c[0].reason))
        n++;
    return n;
}

static bool mark_sent(struct ledger *l, const struct change *c, int count, struct fault *f)
{
    for (int i = 0, n; i < count; i += n) {
        n = run_length(c + i, count - i);
        if (c[i].state == CHANGE_PLANNED &&
            !span_set(l, c[i].seq, c[i + n - 1].seq, CHANGE_SENT, true, c[i].reason, f))
            return false;
    }
    return true;
}

static bool write_run(struct ledger *l, const struct change *c, int count, struct fault *f)
{
    return span_set(l, c[0].seq, c[count - 1].seq, c[0].state, false, c[0].reason, f);
}

int ledger_take(struct ledger *l, enum rule_phase phase, struct change *out, int max,
                struct arena *a, struct fault *f)
{
    if (max < 1 || max > LEDGER_BATCH_MAX) {
        fault_set(f, FAULT_INTERNAL, "ledger_take was asked for %d changes", max);
        return -1;
    }
    sqlite3_stmt *s =
        transaction_begin(l, f) && span_flush(l, f) ? statement(l, SQL_OPEN, f) : NULL;
    if (!s)
        return -1;
    bind_int(l, s, 1, (int64_t)phase);
    bind_int(l, s, 2, max);
    bind_int(l, s, 3, l->open_from[phase]);
    int n = changes_from(l, s, out, max, true, a, f);
    if (n < 0 || !mark_sent(l, out, n, f)) {
        transaction_abandon(l);
        return -1;
    }
    if (!transaction_commit(l, f))
        return -1;
    if (n > 0)
        l->open_from[phase] = out[0].seq;
    return n;
}

bool ledger_mark(struct ledger *l, const struct change *c, int count, enum change_state state,
                 struct fault *f)
{
    if (!transaction_begin(l, f))
        return false;
    for (int i = 0, n; i < count; i += n) {
        n = run_length(c + i, count - i);
        if (c[i].state == state && !write_run(l, c + i, n, f))
            return transaction_abandon(l);
    }
    return transaction_commit(l, f);
}

bool ledger_settle(struct ledger *l, const struct change *c, int count, struct fault *f)
{
    if (!transaction_begin_soft(l, f))
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
