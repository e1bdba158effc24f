#include "ledger/ledger_private.h"

/* One row of |states| for many changes: what alters one of them cuts its span first, and joins what
 * has become equal afterwards. So there are as many rows as there are changes of fortune. */

static bool is_gone(const struct ledger *l, int64_t seq, struct fault *f)
{
    fault_set(f, FAULT_INTERNAL, "the ledger has no change %lld", (long long)seq);
    return fault_subject(f, "%s", l->path);
}

static bool put(struct ledger *l, const struct span *span, struct bytes reason, struct fault *f)
{
    const struct ledger_rule *rule = rule_of(l, span->rule);
    sqlite3_stmt *s = rule ? statement(l, SQL_PUT_SPAN, f) : NULL;
    if (!s)
        return rule ? false : fault_set(f, FAULT_INTERNAL, "a span of changes of no rule");
    bind_int(l, s, 1, span->first);
    bind_int(l, s, 2, span->last);
    bind_int(l, s, 3, span->rule);
    bind_int(l, s, 4, (int64_t)rule->phase);
    bind_int(l, s, 5, span->pass);
    bind_int(l, s, 6, (int64_t)span->state);
    bind_text(l, s, 7, reason);
    return run(l, s, f);
}

bool span_write(struct ledger *l, struct fault *f)
{
    if (!l->added.last || l->added_is_written)
        return true;
    l->added_is_written = put(l, &l->added, bytes_null(), f);
    return l->added_is_written;
}

bool span_flush(struct ledger *l, struct fault *f)
{
    if (!span_write(l, f))
        return false;
    l->added.last = 0;
    return true;
}

bool span_add(struct ledger *l, int64_t seq, const struct ledger_rule *rule, int pass,
              enum change_state state, struct bytes reason, struct fault *f)
{
    struct span *a = &l->added;
    const struct span one = {seq, seq, rule->id, pass, state, false};
    if (!tally_add(l, rule->id, pass, (int)state, 1, f))
        return false;
    if (!bytes_are_null(reason))
        return span_flush(l, f) && put(l, &one, reason, f);
    if (a->last && a->last == seq - 1 && a->rule == rule->id && a->pass == pass &&
        a->state == state) {
        a->last = seq;
    } else {
        if (!span_flush(l, f))
            return false;
        *a = one;
    }
    l->added_is_written = false;
    return true;
}

static bool from_row(const struct ledger *l, sqlite3_stmt *s, struct span *out, struct fault *f)
{
    int state = sqlite3_column_int(s, 4);
    *out = (struct span){
        .first = sqlite3_column_int64(s, 0),
        .last = sqlite3_column_int64(s, 1),
        .rule = sqlite3_column_int64(s, 2),
        .pass = sqlite3_column_int(s, 3),
        .state = (enum change_state)state,
        .sent = sqlite3_column_int(s, 5) != 0,
    };
    return (state >= CHANGE_PLANNED && state <= CHANGE_UNDONE && out->first <= out->last) ||
           fault_sqlite(f, NULL, SQLITE_CORRUPT, l->path);
}

static bool find(struct ledger *l, int64_t seq, struct span *out, bool *found, struct fault *f)
{
    sqlite3_stmt *s = statement(l, SQL_SPAN_OF, f);
    if (!s)
        return false;
    bind_int(l, s, 1, seq);
    int more = step(l, s, f);
    *found = false;
    if (more != 1)
        return more == 0;
    bool ok = from_row(l, s, out, f);
    sqlite3_reset(s);
    *found = ok && out->last >= seq;
    return ok;
}

bool span_of(struct ledger *l, int64_t seq, struct span *out, struct fault *f)
{
    bool found;
    return find(l, seq, out, &found, f) && (found || is_gone(l, seq, f));
}

/* Makes a span begin at |seq|, where one holds it and the change before it. */
static bool cut(struct ledger *l, int64_t seq, struct fault *f)
{
    struct span s;
    bool found;
    if (!find(l, seq, &s, &found, f))
        return false;
    return !found || s.first == seq ||
           (run_with(l, SQL_SPLIT_SPAN, s.first, seq, f) &&
            run_with(l, SQL_END_SPAN, s.first, seq - 1, f));
}

/* The span that begins at |first|, if there is one, becomes a part of the one before it, if they
 * are alike. */
static bool join(struct ledger *l, int64_t first, struct fault *f)
{
    sqlite3_stmt *s = statement(l, SQL_SPAN_BEFORE, f);
    if (!s)
        return false;
    bind_int(l, s, 1, first);
    int found = step(l, s, f);
    if (found != 1)
        return found == 0;
    int64_t before = sqlite3_column_int64(s, 0), last = sqlite3_column_int64(s, 1);
    sqlite3_reset(s);
    return run_with(l, SQL_REMOVE_SPAN, first, 0, f) && run_with(l, SQL_END_SPAN, before, last, f);
}

/* Counts all from |first| to |last| as |state|. */
static bool count(struct ledger *l, int64_t first, int64_t last, enum change_state state,
                  bool is_sent, struct fault *f)
{
    sqlite3_stmt *s = statement(l, SQL_SPANS, f);
    if (!s)
        return false;
    bind_int(l, s, 1, first);
    bind_int(l, s, 2, last);
    int64_t next = first;
    int more;
    while ((more = step(l, s, f)) == 1) {
        struct span was;
        int64_t n = 0;
        bool ok = from_row(l, s, &was, f);
        if (ok && was.first != next)
            ok = is_gone(l, next, f);
        if (ok) {
            n = was.last - was.first + 1;
            next = was.last + 1;
            ok = tally_add(l, was.rule, was.pass, (int)was.state, -n, f) &&
                 tally_add(l, was.rule, was.pass, (int)state, n, f) &&
                 tally_add(l, was.rule, was.pass, 0, is_sent && !was.sent ? n : 0, f);
        }
        if (!ok) {
            sqlite3_reset(s);
            return false;
        }
    }
    return more == 0 && (next == last + 1 || is_gone(l, next, f));
}

static bool join_all(struct ledger *l, int64_t first, int64_t last, struct fault *f)
{
    struct span s = {.first = last + 1};
    bool ok = join(l, s.first, f);
    while (ok && s.first > first)
        ok = span_of(l, s.first - 1, &s, f) && join(l, s.first, f);
    return ok;
}

bool span_set(struct ledger *l, int64_t first, int64_t last, enum change_state state, bool is_sent,
              struct bytes reason, struct fault *f)
{
    if (!span_flush(l, f) || !cut(l, first, f) || !cut(l, last + 1, f) ||
        !count(l, first, last, state, is_sent, f))
        return false;
    sqlite3_stmt *s = statement(l, SQL_SET_SPANS, f);
    if (!s)
        return false;
    bind_int(l, s, 1, first);
    bind_int(l, s, 2, last);
    bind_int(l, s, 3, (int64_t)state);
    bind_text(l, s, 4, reason);
    bind_int(l, s, 5, is_sent);
    return run(l, s, f) && join_all(l, first, last, f);
}

bool span_remove(struct ledger *l, int64_t seq, struct fault *f)
{
    struct span was;
    return span_flush(l, f) && cut(l, seq, f) && cut(l, seq + 1, f) && span_of(l, seq, &was, f) &&
           run_with(l, SQL_REMOVE_SPAN, seq, 0, f) &&
           tally_add(l, was.rule, was.pass, (int)was.state, -1, f) &&
           tally_add(l, was.rule, was.pass, 0, was.sent ? -1 : 0, f);
}
