#include "embedded/cells.h"

#include <string.h>

enum { FORM = 1, HAS_EXPIRY = 1, HAS_VALUE = 2 };

bool kept_row_new(struct arena *a, const struct table *t, struct kept_row *out)
{
    *out = (struct kept_row){.deleted = WRITETIME_NONE,
                             .marker = {.timestamp = WRITETIME_NONE},
                             .column_count = t->column_count};
    out->cells = arena_array(a, (size_t)t->column_count, sizeof out->cells[0]);
    for (int i = 0; out->cells && i < t->column_count; i++)
        out->cells[i].timestamp = WRITETIME_NONE;
    return out->cells != NULL;
}

static int compare_bytes(struct bytes a, struct bytes b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int order = n ? memcmp(a.p, b.p, n) : 0;
    return order ? order : (a.n > b.n) - (a.n < b.n);
}

/* Does |b| replace |a|? It must not ask the clock, or replicas that merge at different times would
 * differ. */
static bool wins(const struct kept_cell *a, const struct kept_cell *b)
{
    if (a->timestamp != b->timestamp)
        return b->timestamp > a->timestamp;
    bool a_dead = bytes_are_null(a->value), b_dead = bytes_are_null(b->value);
    bool a_ends = a_dead || a->expires, b_ends = b_dead || b->expires;
    if (a_ends != b_ends)
        return b_ends;
    if (a_dead || b_dead)
        return b_dead && !a_dead;
    if (a->expires != b->expires)
        return b->expires > a->expires;
    return compare_bytes(b->value, a->value) > 0;
}

static bool is_empty_collection(const struct table *t, int column, struct bytes value)
{
    return !bytes_are_null(value) && type_is_multicell(&t->columns[column].type) &&
           t->columns[column].type.kind != TYPE_UDT && list_count(value) == 0;
}

void kept_row_write(struct kept_row *r, const struct table *t, int column, struct kept_cell cell)
{
    if (cell.timestamp <= r->deleted)
        return;
    if (is_empty_collection(t, column, cell.value))
        cell.value = bytes_null();
    if (bytes_are_null(cell.value))
        cell.expires = 0;
    if (wins(&r->cells[column], &cell))
        r->cells[column] = cell;
}

void kept_row_mark(struct kept_row *r, int64_t timestamp, int64_t expires)
{
    if (timestamp <= r->deleted || timestamp < r->marker.timestamp)
        return;
    if (timestamp == r->marker.timestamp && expires <= r->marker.expires)
        return;
    r->marker = (struct kept_cell){.timestamp = timestamp, .expires = expires};
}

void kept_row_delete(struct kept_row *r, int64_t timestamp)
{
    if (timestamp <= r->deleted)
        return;
    r->deleted = timestamp;
    if (r->marker.timestamp <= timestamp)
        r->marker = (struct kept_cell){.timestamp = WRITETIME_NONE};
    for (int i = 0; i < r->column_count; i++)
        if (r->cells[i].timestamp <= timestamp)
            r->cells[i] = (struct kept_cell){.timestamp = WRITETIME_NONE};
}

static bool has_ended(const struct kept_cell *c, int64_t now)
{
    return c->expires && c->expires <= now;
}

bool kept_cell_is_live(const struct kept_cell *c, int64_t now)
{
    return c->timestamp != WRITETIME_NONE && !bytes_are_null(c->value) && !has_ended(c, now);
}

bool kept_row_is_live(const struct kept_row *r, int64_t now)
{
    if (r->marker.timestamp != WRITETIME_NONE && !has_ended(&r->marker, now))
        return true;
    for (int i = 0; i < r->column_count; i++)
        if (kept_cell_is_live(&r->cells[i], now))
            return true;
    return false;
}

bool kept_row_view(const struct kept_row *r, const struct table *t, const struct bytes *key,
                   const bool *selected, int64_t now, struct arena *a, struct row *out)
{
    *out = row_new(a, t);
    if (!out->cells)
        return false;
    for (int i = 0; i < t->key_count; i++) {
        out->cells[i].value = key[i];
        out->cells[i].selected = true;
    }
    for (int i = t->key_count; i < t->column_count; i++) {
        struct cell *to = &out->cells[i];
        const struct kept_cell *from = &r->cells[i];
        to->selected = !selected || selected[i];
        if (!to->selected || !kept_cell_is_live(from, now))
            continue;
        to->value = from->value;
        if (type_is_multicell(&t->columns[i].type))
            continue;
        to->writetime = from->timestamp;
        to->ttl = from->expires ? (int32_t)(from->expires - now) : 0;
    }
    return true;
}

static void encode_cell(const struct kept_cell *c, int column, struct buf *out)
{
    bool live = !bytes_are_null(c->value);
    buf_append_u16(out, (uint16_t)column);
    buf_append_u8(out, (uint8_t)((c->expires ? HAS_EXPIRY : 0) | (live ? HAS_VALUE : 0)));
    buf_append_u64(out, (uint64_t)c->timestamp);
    if (c->expires)
        buf_append_u64(out, (uint64_t)c->expires);
    if (live) {
        buf_append_u32(out, (uint32_t)c->value.n);
        buf_append_bytes(out, c->value);
    }
}

bool kept_row_encode(const struct kept_row *r, struct buf *out)
{
    int count = 0;
    for (int i = 0; i < r->column_count; i++)
        count += r->cells[i].timestamp != WRITETIME_NONE;
    buf_append_u8(out, FORM);
    buf_append_u64(out, (uint64_t)r->deleted);
    buf_append_u64(out, (uint64_t)r->marker.timestamp);
    buf_append_u64(out, (uint64_t)r->marker.expires);
    buf_append_u16(out, (uint16_t)count);
    for (int i = 0; i < r->column_count; i++)
        if (r->cells[i].timestamp != WRITETIME_NONE)
            encode_cell(&r->cells[i], i, out);
    return !out->failed;
}

/* A checked reader: at the end, or past it, |failed| is set and zeros come. */
struct blob {
    struct bytes rest;
    bool failed;
};

static struct bytes take(struct blob *b, size_t n)
{
    if (b->failed || b->rest.n < n) {
        b->failed = true;
        return bytes_null();
    }
    struct bytes got = {b->rest.p, n};
    b->rest = (struct bytes){b->rest.p + n, b->rest.n - n};
    return got;
}

static uint64_t take_integer(struct blob *b, size_t width)
{
    struct bytes raw = take(b, width);
    uint64_t v = 0;
    for (size_t i = 0; i < raw.n; i++)
        v = v << 8 | raw.p[i];
    return v;
}

bool kept_row_decode(struct bytes blob, const struct table *t, struct arena *a,
                     struct kept_row *out, struct fault *f)
{
    struct blob b = {.rest = blob};
    if (!kept_row_new(a, t, out))
        return fault_memory(f);
    bool right = take_integer(&b, 1) == FORM;
    out->deleted = (int64_t)take_integer(&b, 8);
    out->marker.timestamp = (int64_t)take_integer(&b, 8);
    out->marker.expires = (int64_t)take_integer(&b, 8);
    uint64_t count = take_integer(&b, 2);
    for (uint64_t i = 0; i < count && !b.failed && right; i++) {
        uint64_t column = take_integer(&b, 2);
        uint64_t form = take_integer(&b, 1);
        struct kept_cell c = {.timestamp = (int64_t)take_integer(&b, 8)};
        if (form & HAS_EXPIRY)
            c.expires = (int64_t)take_integer(&b, 8);
        if (form & HAS_VALUE)
            c.value = take(&b, take_integer(&b, 4));
        right = column >= (uint64_t)t->key_count && column < (uint64_t)t->column_count;
        if (right)
            out->cells[column] = c;
    }
    if (!right || b.failed || b.rest.n)
        return fault_set(f, FAULT_DAMAGED, "a row of %s.%s is damaged in the embedded file",
                         t->keyspace, t->name);
    return true;
}
