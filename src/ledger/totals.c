#include "ledger/ledger_private.h"

bool ledger_put_total(struct ledger *l, const struct rule_total *t, struct fault *f)
{
    sqlite3_stmt *s = transaction_begin(l, f) ? statement(l, SQL_PUT_TOTAL, f) : NULL;
    if (!s)
        return false;
    bind_int(l, s, 1, t->pass);
    bind_text(l, s, 2, bytes_of(t->rule));
    bind_int(l, s, 3, t->ordinal);
    bind_text(l, s, 4, bytes_of(t->table));
    bind_text(l, s, 5, bytes_of(t->note));
    const uint64_t numbers[] = {t->scanned,  t->matched, t->changes,    t->collisions,
                                t->rejected, t->unread,  t->duration_us};
    for (int i = 0; i < 7; i++)
        bind_int(l, s, 6 + i, (int64_t)numbers[i]);
    bind_int(l, s, 13, t->server_filtered);
    return run(l, s, f) && transaction_commit(l, f);
}

bool ledger_each_total(struct ledger *l, int pass,
                       bool (*each)(void *context, const struct rule_total *t), void *context,
                       struct fault *f)
{
    sqlite3_stmt *s = statement(l, SQL_TOTALS, f);
    if (!s)
        return false;
    bind_int(l, s, 1, pass);
    int more;
    while ((more = step(l, s, f)) == 1) {
        struct rule_total t = {.pass = sqlite3_column_int(s, 0),
                               .ordinal = sqlite3_column_int(s, 2)};
        column_copy(s, 1, t.rule, sizeof t.rule);
        column_copy(s, 3, t.table, sizeof t.table);
        column_copy(s, 4, t.note, sizeof t.note);
        uint64_t *const numbers[] = {&t.scanned,  &t.matched, &t.changes,    &t.collisions,
                                     &t.rejected, &t.unread,  &t.duration_us};
        for (int i = 0; i < 7; i++)
            *numbers[i] = (uint64_t)sqlite3_column_int64(s, 5 + i);
        t.server_filtered = sqlite3_column_int(s, 12) != 0;
        if (!each(context, &t)) {
            sqlite3_reset(s);
            return true;
        }
    }
    return more == 0;
}
