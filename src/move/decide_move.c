#include <inttypes.h>

#include "move/decide_private.h"

/* What becomes of one column when two rows meet. */
struct outcome {
    struct bytes value; /* null: the target's cell stays as it is */
    int64_t writetime;  /* to write with */
    int32_t ttl;
    bool unknown; /* both have a value, and they cannot be put together */
    bool no_memory;
};

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static bool is_among(const int *columns, int n, int column)
{
    for (int i = 0; i < n; i++)
        if (columns[i] == column)
            return true;
    return false;
}

static struct outcome take(const struct cell *s, const struct cell *t)
{
    return (struct outcome){.value = s->value,
                            .writetime = writetime_after(later(s->writetime, t->writetime)),
                            .ttl = s->ttl};
}

static struct outcome unite(const struct column *c, const struct cell *s, const struct cell *t,
                            struct arena *a)
{
    struct outcome o = take(s, t);
    enum union_result result = collection_union(&c->type, t->value, s->value, a, &o.value);
    o.ttl = 0;
    o.unknown = result == UNION_UNKNOWN;
    o.no_memory = result == UNION_NO_MEMORY;
    if (o.unknown || o.no_memory || bytes_equal(o.value, t->value))
        o.value = bytes_null();
    return o;
}

/* "Is deleted": a row without the mark is live, and live beats deleted. */
static struct outcome merge_live(const struct cell *s, const struct cell *t)
{
    static const uint8_t live = 0;
    bool source_deleted = false, target_deleted = false;
    value_boolean(s->value, &source_deleted);
    value_boolean(t->value, &target_deleted);
    if (source_deleted || !target_deleted)
        return (struct outcome){0};
    struct outcome o = take(s, t);
    o.value = (struct bytes){&live, 1};
    return o;
}

static struct outcome merge_earliest(const struct cell *s, const struct cell *t)
{
    if (s->value.n == 0)
        return (struct outcome){0};
    size_t n = s->value.n < t->value.n ? s->value.n : t->value.n;
    int order = n ? memcmp(s->value.p, t->value.p, n) : 0;
    bool smaller = order < 0 || (order == 0 && s->value.n < t->value.n);
    return t->value.n == 0 || smaller ? take(s, t) : (struct outcome){0};
}

static struct outcome merge_column(const struct bound_rule *b, int i, const struct cell *s,
                                   const struct cell *t, struct arena *a)
{
    if (i == b->merge_live)
        return merge_live(s, t);
    if (bytes_are_null(s->value))
        return (struct outcome){0};
    if (is_among(b->merge_earliest, b->merge_earliest_count, i))
        return merge_earliest(s, t);
    if (is_among(b->merge_union, b->merge_union_count, i) && !bytes_are_null(t->value))
        return unite(&b->table->columns[i], s, t, a);
    return bytes_are_null(t->value) ? take(s, t) : (struct outcome){0};
}

/* Last write wins, cell by cell. Cells of a collection have times that we cannot read, so nothing
 * of either side is dropped. A cell that only the rule sets is no write of the application. */
static struct outcome carry_column(const struct bound_rule *b, int i, const struct cell *original,
                                   const struct cell *s, const struct cell *t, struct arena *a)
{
    const struct column *c = &b->table->columns[i];
    if (bytes_are_null(original->value) || bytes_equal(s->value, t->value))
        return (struct outcome){0};
    if (bytes_are_null(t->value))
        return (struct outcome){
            .value = s->value, .writetime = writetime_after(s->writetime), .ttl = s->ttl};
    if (type_is_multicell(&c->type))
        return unite(c, s, t, a);
    if (s->writetime <= t->writetime)
        return (struct outcome){0};
    return (struct outcome){
        .value = s->value, .writetime = writetime_after(s->writetime), .ttl = s->ttl};
}

static enum decision join_rows(const struct bound_rule *b, const struct row *r,
                               const struct row *target, bool carry, struct arena *a,
                               struct change *out, struct fault *f)
{
    const struct table *table = r->table;
    struct row moved = row_at_target(b, r, a);
    if (!moved.cells || !cells_new(&out->after, table->column_count, a))
        return fault_memory(f), DECIDE_FAILED;
    for (int i = table->key_count; i < table->column_count; i++) {
        const struct cell *s = &moved.cells[i], *t = &target->cells[i];
        struct outcome o =
            carry ? carry_column(b, i, &r->cells[i], s, t, a) : merge_column(b, i, s, t, a);
        if (o.no_memory)
            return fault_memory(f), DECIDE_FAILED;
        if (o.unknown)
            return decide_reject(out, a, f,
                                 "both rows have a value in %s, and they cannot be put together",
                                 table->columns[i].name);
        /* A condition decides over a column of many cells, not a timestamp. */
        if (type_is_multicell(&table->columns[i].type))
            o.writetime = WRITETIME_NONE;
        if (!bytes_are_null(o.value))
            cells_add(&out->after, table->columns[i].name, o.value, o.writetime, o.ttl);
    }
    return DECIDE_CHANGE;
}

enum decision decide_move(const struct bound_rule *b, const struct row *r, const struct row *target,
                          bool carry, struct arena *a, struct change *out, struct fault *f)
{
    *out = (struct change){.seq = out->seq, .pass = out->pass, .read_at_us = out->read_at_us};
    if (!decide_begin(b, r, a, out) || !decide_fill_move(b, r, a, out))
        return fault_memory(f), DECIDE_FAILED;
    if (!target)
        return DECIDE_CHANGE;
    if (!decide_fill_target(target, a, out))
        return fault_memory(f), DECIDE_FAILED;
    int64_t newest = row_writetime_max(target);
    if (newest == INT64_MAX || (out->read_at_us > 0 && is_far_ahead(newest, out->read_at_us)))
        return decide_reject(out, a, f,
                             "the row at the new key is written with a timestamp of %" PRId64
                             " µs, more than an hour ahead of our clock",
                             newest);
    if (carry) {
        out->origin = CHANGE_CARRY;
        return join_rows(b, r, target, true, a, out, f);
    }
    switch (b->rule->collision) {
    case COLLISION_STOP:
        return decide_reject(out, a, f, "a row stands at the new key already (collision: stop)");
    case COLLISION_KEEP_TARGET:
        out->origin = CHANGE_DROP;
        out->after = (struct named_cells){0};
        return DECIDE_CHANGE;
    case COLLISION_MERGE: break;
    }
    out->origin = CHANGE_MERGE;
    return join_rows(b, r, target, false, a, out, f);
}
