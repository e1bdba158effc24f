#include "ledger/ledger_private.h"

bool ledger_put_range(struct ledger *l, int pass, const char *rule, const struct scanned_range *r,
                      struct fault *f)
{
    sqlite3_stmt *s = transaction_begin_soft(l, f) ? statement(l, SQL_PUT_RANGE, f) : NULL;
    if (!s)
        return false;
    bind_int(l, s, 1, pass);
    bind_text(l, s, 2, bytes_of(rule));
    bind_int(l, s, 3, r->range.start);
    bind_int(l, s, 4, r->range.end);
    bind_int(l, s, 5, (int64_t)r->rows);
    bind_int(l, s, 6, (int64_t)r->matched);
    return run(l, s, f);
}

bool ledger_each_range(struct ledger *l, int pass, const char *rule,
                       bool (*each)(void *context, const struct scanned_range *r), void *context,
                       struct fault *f)
{
    sqlite3_stmt *s = statement(l, SQL_RANGES, f);
    if (!s)
        return false;
    bind_int(l, s, 1, pass);
    bind_text(l, s, 2, bytes_of(rule));
    int more;
    while ((more = step(l, s, f)) == 1) {
        struct scanned_range r = {
            .range = {sqlite3_column_int64(s, 0), sqlite3_column_int64(s, 1)},
            .rows = (uint64_t)sqlite3_column_int64(s, 2),
            .matched = (uint64_t)sqlite3_column_int64(s, 3),
        };
        if (!each(context, &r)) {
            sqlite3_reset(s);
            return true;
        }
    }
    return more == 0;
}

bool ledger_clear_unread(struct ledger *l, int pass, const char *rule, struct fault *f)
{
    sqlite3_stmt *s = transaction_begin(l, f) ? statement(l, SQL_CLEAR_UNREAD, f) : NULL;
    if (!s)
        return false;
    bind_int(l, s, 1, pass);
    bind_text(l, s, 2, bytes_of(rule));
    return run(l, s, f);
}

bool ledger_put_unread(struct ledger *l, int pass, const struct unread_range *u, struct fault *f)
{
    sqlite3_stmt *s = transaction_begin(l, f) ? statement(l, SQL_PUT_UNREAD, f) : NULL;
    if (!s)
        return false;
    bind_int(l, s, 1, pass);
    bind_text(l, s, 2, bytes_of(u->rule));
    bind_int(l, s, 3, u->range.start);
    bind_int(l, s, 4, u->range.end);
    bind_text(l, s, 5, bytes_of(u->table));
    bind_text(l, s, 6, bytes_of(u->partition));
    bind_text(l, s, 7, bytes_of(u->reason));
    return run(l, s, f);
}

bool ledger_each_unread(struct ledger *l, int pass,
                        bool (*each)(void *context, const struct unread_range *u), void *context,
                        struct fault *f)
{
    sqlite3_stmt *s = statement(l, SQL_UNREAD, f);
    if (!s)
        return false;
    bind_int(l, s, 1, pass);
    int more;
    while ((more = step(l, s, f)) == 1) {
        struct unread_range u = {
            .range = {sqlite3_column_int64(s, 1), sqlite3_column_int64(s, 2)},
        };
        column_copy(s, 0, u.rule, sizeof u.rule);
        column_copy(s, 3, u.table, sizeof u.table);
        column_copy(s, 4, u.partition, sizeof u.partition);
        column_copy(s, 5, u.reason, sizeof u.reason);
        if (!each(context, &u)) {
            sqlite3_reset(s);
            return true;
        }
    }
    return more == 0;
}
