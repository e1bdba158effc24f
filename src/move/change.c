#include "move/change.h"

/* The blob: format (1 byte), count (2), then for each cell the name (16-bit length), the value
 * (32-bit length, -1 for null), the writetime (8) and the TTL (4), all big-endian. One list has
 * exactly one blob. */
enum { CELLS_FORMAT = 1, CELL_BYTES_MIN = 2 + 4 + 8 + 4 };

bool named_cells_encode(const struct named_cells *cells, struct buf *out)
{
    size_t start = out->n;
    bool fits = cells->n >= 0 && cells->n <= CHANGE_CELLS_MAX;
    buf_append_u8(out, CELLS_FORMAT);
    buf_append_u16(out, (uint16_t)cells->n);
    for (int i = 0; fits && i < cells->n; i++) {
        const struct named_cell *c = &cells->v[i];
        fits = c->name.n <= UINT16_MAX && c->value.n <= INT32_MAX;
        if (!fits)
            break;
        buf_append_u16(out, (uint16_t)c->name.n);
        if (c->name.n)
            buf_append_bytes(out, c->name);
        buf_append_u32(out, bytes_are_null(c->value) ? UINT32_MAX : (uint32_t)c->value.n);
        if (c->value.n)
            buf_append_bytes(out, c->value);
        buf_append_u64(out, (uint64_t)c->writetime);
        buf_append_u32(out, (uint32_t)c->ttl);
    }
    if (fits && !out->failed)
        return true;
    if (out->n > start)
        out->n = start;
    return false;
}

struct reader {
    struct bytes left;
    bool failed;
};

static const uint8_t *take(struct reader *r, size_t n)
{
    if (r->failed || n > r->left.n) {
        r->failed = true;
        return NULL;
    }
    const uint8_t *p = r->left.p;
    r->left.p += n;
    r->left.n -= n;
    return p;
}

static uint64_t take_number(struct reader *r, size_t width)
{
    uint64_t v = 0;
    const uint8_t *p = take(r, width);
    for (size_t i = 0; p && i < width; i++)
        v = v << 8 | p[i];
    return v;
}

static struct bytes take_bytes(struct reader *r, size_t n)
{
    const uint8_t *p = take(r, n);
    return p ? (struct bytes){p, n} : bytes_null();
}

static void take_cell(struct reader *r, struct named_cell *c)
{
    c->name = take_bytes(r, (size_t)take_number(r, 2));
    uint32_t length = (uint32_t)take_number(r, 4);
    if (length == UINT32_MAX)
        c->value = bytes_null();
    else if (length <= INT32_MAX)
        c->value = take_bytes(r, length);
    else
        r->failed = true;
    c->writetime = (int64_t)take_number(r, 8);
    c->ttl = (int32_t)(uint32_t)take_number(r, 4);
}

static bool damaged(struct fault *f)
{
    fault_set(f, FAULT_DAMAGED, "the cells of a change are damaged");
    return fault_hint(f, "the ledger cannot be trusted: restore it from a copy, or plan again");
}

bool named_cells_decode(struct bytes blob, struct arena *a, struct named_cells *out,
                        struct fault *f)
{
    struct reader r = {.left = blob, .failed = bytes_are_null(blob)};
    *out = (struct named_cells){0};
    uint64_t format = take_number(&r, 1);
    size_t n = (size_t)take_number(&r, 2);
    if (r.failed || format != CELLS_FORMAT || n > CHANGE_CELLS_MAX || n > r.left.n / CELL_BYTES_MIN)
        return damaged(f);
    struct named_cell *v = arena_array(a, n, sizeof *v);
    if (!v)
        return fault_memory(f);
    for (size_t i = 0; i < n && !r.failed; i++)
        take_cell(&r, &v[i]);
    if (r.failed || r.left.n)
        return damaged(f);
    *out = (struct named_cells){v, (int)n};
    return true;
}

const struct named_cell *named_cells_find(const struct named_cells *cells, const char *name)
{
    for (int i = 0; i < cells->n; i++)
        if (bytes_are(cells->v[i].name, name))
            return &cells->v[i];
    return NULL;
}

static bool place(struct row *r, const struct named_cells *cells, struct fault *f)
{
    for (int i = 0; i < cells->n; i++) {
        const struct named_cell *c = &cells->v[i];
        char name[NAME_TEXT_MAX] = "";
        if (c->name.n < sizeof name && c->name.n)
            memcpy(name, c->name.p, c->name.n);
        int column = table_column(r->table, name);
        if (column < 0) {
            fault_set(f, FAULT_SCHEMA, "the column %.*s of a planned change is gone",
                      (int)(c->name.n < 64 ? c->name.n : 64), (const char *)c->name.p);
            fault_subject(f, "%s.%s", r->table->keyspace, r->table->name);
            return fault_hint(f, "the schema changed since the plan: plan again");
        }
        r->cells[column] = (struct cell){c->value, c->writetime, c->ttl, true};
    }
    return true;
}

bool row_from_cells(struct row *out, const struct table *t, const struct named_cells *key,
                    const struct named_cells *before, struct arena *a, struct fault *f)
{
    *out = row_new(a, t);
    if (!out->cells)
        return fault_memory(f);
    return place(out, key, f) && place(out, before, f);
}
