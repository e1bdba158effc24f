#include "ledger/ledger_private.h"
#include "net/digest.h"

enum {
    COLUMN_SEQ,
    COLUMN_PASS,
    COLUMN_RULE,
    COLUMN_KIND,
    COLUMN_ORIGIN,
    COLUMN_STATE,
    COLUMN_FENCE,
    COLUMN_READ_AT,
    COLUMN_SYNC_OBJECT,
    COLUMN_SYNC_ID,
    COLUMN_SYNC_COURSE_ID,
    COLUMN_REASON,
    COLUMN_CELLS, /* five of them */
};

int64_t row_hash(struct ledger *l, const char *name)
{
    uint8_t hash[DIGEST_BYTES];
    uint64_t v = 0;
    digest_add(l->digest, name, strlen(name));
    digest_take(l->digest, hash);
    for (int i = 0; i < 8; i++)
        v = v << 8 | hash[i];
    return (int64_t)v;
}

static bool damaged(const struct ledger *l, struct fault *f)
{
    fault_set(f, FAULT_DAMAGED, "the ledger is damaged: a change in it cannot be");
    fault_subject(f, "%s", l->path);
    return fault_hint(f, "restore ledger.db (with ledger.db-wal, if there is one) from a copy");
}

/* Null stays null; false when |a| is full. */
static bool copy(sqlite3_stmt *s, int column, struct arena *a, struct bytes *out, struct fault *f)
{
    struct bytes b = column_bytes(s, column);
    *out = arena_copy(a, b);
    return bytes_are_null(b) == bytes_are_null(*out) || fault_memory(f);
}

static bool copy_cells(sqlite3_stmt *s, int column, struct arena *a, struct named_cells *out,
                       struct fault *f)
{
    struct bytes blob;
    if (!copy(s, column, a, &blob, f))
        return false;
    if (!bytes_are_null(blob))
        return named_cells_decode(blob, a, out, f);
    *out = (struct named_cells){0};
    return true;
}

bool change_from_row(struct ledger *l, sqlite3_stmt *s, struct arena *a, struct change *out,
                     struct fault *f)
{
    const struct ledger_rule *rule = rule_of(l, sqlite3_column_int64(s, COLUMN_RULE));
    if (!rule && rules_load(l, f)) /* a reader may not know a rule that was added meanwhile */
        rule = rule_of(l, sqlite3_column_int64(s, COLUMN_RULE));
    int kind = sqlite3_column_int(s, COLUMN_KIND), origin = sqlite3_column_int(s, COLUMN_ORIGIN);
    int state = sqlite3_column_int(s, COLUMN_STATE);
    if (!rule || kind < CHANGE_UPDATE || kind > CHANGE_NODE || origin < CHANGE_PLAIN ||
        origin > CHANGE_COMPANION || state < CHANGE_PLANNED || state > CHANGE_UNDONE)
        return damaged(l, f);
    *out = (struct change){
        .seq = sqlite3_column_int64(s, COLUMN_SEQ),
        .pass = sqlite3_column_int(s, COLUMN_PASS),
        .kind = (enum change_kind)kind,
        .origin = (enum change_origin)origin,
        .state = (enum change_state)state,
        .fence = sqlite3_column_int64(s, COLUMN_FENCE),
        .read_at_us = sqlite3_column_int64(s, COLUMN_READ_AT),
        .sync_object = sqlite3_column_int(s, COLUMN_SYNC_OBJECT),
    };
    out->rule = arena_copy(a, bytes_of(rule->name));
    if (bytes_are_null(out->rule))
        return fault_memory(f);
    struct named_cells *const lists[5] = {&out->key, &out->before, &out->after, &out->new_key,
                                          &out->target_before};
    for (int i = 0; i < 5; i++)
        if (!copy_cells(s, COLUMN_CELLS + i, a, lists[i], f))
            return false;
    return copy(s, COLUMN_SYNC_ID, a, &out->sync_id, f) &&
           copy(s, COLUMN_SYNC_COURSE_ID, a, &out->sync_course_id, f) &&
           copy(s, COLUMN_REASON, a, &out->reason, f);
}

static size_t row_bytes(sqlite3_stmt *s)
{
    size_t n = 0;
    for (int i = 0; i < 5; i++)
        n += (size_t)sqlite3_column_bytes(s, COLUMN_CELLS + i);
    return n;
}

int changes_from(struct ledger *l, sqlite3_stmt *s, struct change *out, int max, bool in_parts,
                 struct arena *a, struct fault *f)
{
    int n = 0, more = 1;
    size_t bytes = 0;
    while (n < max && (!in_parts || bytes < LEDGER_READ_BYTES) && (more = step(l, s, f)) == 1) {
        struct fault why = {0};
        bytes += row_bytes(s);
        if (!change_from_row(l, s, a, &out[n], &why)) {
            sqlite3_reset(s);
            if (in_parts && why.code == FAULT_MEMORY && n > 0)
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

int ledger_read(struct ledger *l, const struct ledger_query *q, struct change *out, int max,
                struct arena *a, struct fault *f)
{
    int64_t rule = 0;
    if (q->rule) {
        if (l->mode == LEDGER_READ && !rules_load(l, f))
            return -1;
        const struct ledger_rule *r = rule_named(l, bytes_of(q->rule));
        if (!r)
            return 0;
        rule = r->id;
    }
    sqlite3_stmt *s = span_flush(l, f) ? statement(l, SQL_READ, f) : NULL;
    if (!s)
        return -1;
    bind_int(l, s, 1, q->after_seq);
    bind_int(l, s, 2, rule);
    bind_int(l, s, 3, q->state_mask);
    bind_int(l, s, 4, q->origin_mask);
    bind_int(l, s, 5, q->pass);
    bind_int(l, s, 6, max);
    return changes_from(l, s, out, max, true, a, f);
}

int ledger_read_row(struct ledger *l, const char *row_name, struct change *out, int max,
                    struct arena *a, struct fault *f)
{
    sqlite3_stmt *s = span_flush(l, f) ? statement(l, SQL_READ_ROW, f) : NULL;
    if (!s)
        return -1;
    bind_int(l, s, 1, row_hash(l, row_name));
    return changes_from(l, s, out, max, false, a, f);
}

int ledger_read_object(struct ledger *l, enum sync_object object, struct bytes id,
                       struct change *out, int max, struct arena *a, struct fault *f)
{
    if (!l->has_object_index && l->mode != LEDGER_READ) {
        sqlite3_stmt *make = statement(l, SQL_MAKE_OBJECT_INDEX, f);
        if (!make || !run(l, make, f))
            return -1;
        l->has_object_index = true;
    }
    sqlite3_stmt *s = span_flush(l, f) ? statement(l, SQL_READ_OBJECT, f) : NULL;
    if (!s)
        return -1;
    bind_int(l, s, 1, (int64_t)object);
    bind_text(l, s, 2, id);
    return changes_from(l, s, out, max, false, a, f);
}
