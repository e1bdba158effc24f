#include "ledger/ledger_private.h"

enum { COLLECT_AT_ONCE = 1 << 19 }; /* sorting more takes more memory */

/* Those of the changes behind |from|, up to |to|. */
static bool collect(struct ledger *l, int64_t from, int64_t to, struct fault *f)
{
    sqlite3_stmt *s =
        transaction_begin(l, f) && span_flush(l, f) ? statement(l, SQL_SYNC_COLLECT, f) : NULL;
    if (!s)
        return false;
    bind_int(l, s, 1, from);
    bind_int(l, s, 2, to);
    return run(l, s, f) && ledger_put_int(l, "sync.collected", to, f) && transaction_commit(l, f);
}

bool ledger_sync_collect(struct ledger *l, struct fault *f)
{
    int64_t from = 0;
    if (!ledger_get_int(l, "sync.collected", 0, &from, f))
        return false;
    while (from < l->last_seq) {
        int64_t to = l->last_seq - from > COLLECT_AT_ONCE ? from + COLLECT_AT_ONCE : l->last_seq;
        if (!collect(l, from, to, f))
            return false;
        from = to;
    }
    return true;
}

bool ledger_sync_is_collected(struct ledger *l, bool *out, struct fault *f)
{
    int64_t to = 0;
    bool ok = ledger_get_int(l, "sync.collected", 0, &to, f);
    *out = to >= l->last_seq;
    return ok;
}

bool ledger_sync_add(struct ledger *l, const struct sync_item *item, struct fault *f)
{
    if (item->id.n == 0 || item->id.n > LEDGER_CHANGE_BYTES_MAX / 4)
        return fault_set(f, FAULT_INTERNAL, "an object to sync without an id");
    sqlite3_stmt *s = transaction_begin(l, f) ? statement(l, SQL_SYNC_ADD, f) : NULL;
    if (!s)
        return false;
    bind_int(l, s, 1, (int64_t)item->object);
    bind_text(l, s, 2, item->id);
    bind_text(l, s, 3, item->course_id);
    bind_int(l, s, 4, SYNC_PENDING);
    bind_text(l, s, 5, item->reason);
    return run(l, s, f) && transaction_commit(l, f);
}

static bool item_from_row(struct ledger *l, sqlite3_stmt *s, struct arena *a, struct sync_item *out,
                          struct fault *f)
{
    int object = sqlite3_column_int(s, 0), state = sqlite3_column_int(s, 3);
    if (object < SYNC_USER || object > SYNC_BATCH || state < SYNC_PENDING || state > SYNC_FAILED)
        return fault_sqlite(f, NULL, SQLITE_CORRUPT, l->path);
    *out = (struct sync_item){.object = (enum sync_object)object, .state = (enum sync_state)state};
    struct bytes *const to[] = {&out->id, &out->course_id, &out->reason};
    static const int from[] = {1, 2, 4};
    for (int i = 0; i < 3; i++) {
        struct bytes b = column_bytes(s, from[i]);
        *to[i] = arena_copy(a, b);
        if (bytes_are_null(*to[i]) != bytes_are_null(b))
            return fault_memory(f);
    }
    return true;
}

int ledger_sync_read(struct ledger *l, enum sync_object object, unsigned state_mask,
                     struct bytes after_id, struct sync_item *out, int max, struct arena *a,
                     struct fault *f)
{
    sqlite3_stmt *s = statement(l, SQL_SYNC_READ, f);
    if (!s)
        return -1;
    bind_int(l, s, 1, (int64_t)object);
    bind_text(l, s, 2, bytes_are_null(after_id) ? bytes_of("") : after_id);
    bind_int(l, s, 3, state_mask);
    bind_int(l, s, 4, max);
    int n = 0, more = 1;
    while (n < max && (more = step(l, s, f)) == 1) {
        struct fault why = {0};
        if (!item_from_row(l, s, a, &out[n], &why)) {
            sqlite3_reset(s);
            if (why.code == FAULT_MEMORY && n > 0)
                return n; /* |a| is full: the rest comes with the next call */
            if (f)
                *f = why;
            return -1;
        }
        n++;
    }
    sqlite3_reset(s);
    return more < 0 ? -1 : n;
}

bool ledger_sync_settle(struct ledger *l, const struct sync_item *items, int count, struct fault *f)
{
    if (!transaction_begin(l, f))
        return false;
    for (int i = 0; i < count; i++) {
        sqlite3_stmt *s = statement(l, SQL_SYNC_SETTLE, f);
        if (!s)
            return transaction_abandon(l);
        bind_int(l, s, 1, (int64_t)items[i].object);
        bind_text(l, s, 2, items[i].id);
        bind_int(l, s, 3, (int64_t)items[i].state);
        bind_text(l, s, 4, items[i].reason);
        if (!run(l, s, f))
            return transaction_abandon(l);
    }
    return transaction_commit(l, f);
}

bool ledger_sync_count(struct ledger *l, enum sync_object object,
                       uint64_t by_state[SYNC_FAILED + 1], struct fault *f)
{
    memset(by_state, 0, (SYNC_FAILED + 1) * sizeof *by_state);
    sqlite3_stmt *s = statement(l, SQL_SYNC_COUNT, f);
    if (!s)
        return false;
    bind_int(l, s, 1, (int64_t)object);
    int more;
    while ((more = step(l, s, f)) == 1) {
        int state = sqlite3_column_int(s, 0);
        if (state >= SYNC_PENDING && state <= SYNC_FAILED)
            by_state[state] = (uint64_t)sqlite3_column_int64(s, 1);
    }
    return more == 0;
}
