#include "rows.h"

#include <stdlib.h>
#include <string.h>

#include "cql/murmur3.h"

static uint64_t mix(uint64_t x)
{
    x += 0x9E3779B97F4A7C15u;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

/* The text of a UUID, without which a row would be too easy to tell apart. */
static void write_key(uint32_t number, uint8_t *out)
{
    static const char digits[] = "0123456789abcdef";
    uint64_t halves[2] = {mix(number), mix((uint64_t)number + ((uint64_t)1 << 40))};
    for (int i = 0, at = 0; i < 32; i++) {
        if (i == 8 || i == 12 || i == 16 || i == 20)
            out[at++] = '-';
        out[at++] = (uint8_t)digits[halves[i / 16] >> 4 * (i % 16) & 15];
    }
}

static int by_token(const void *a, const void *b)
{
    int64_t x = ((const struct null_key *)a)->token, y = ((const struct null_key *)b)->token;
    return x < y ? -1 : x > y;
}

bool null_space_init(struct null_space *s, uint64_t rows, uint64_t keys, double tenant_percent)
{
    *s = (struct null_space){0};
    if (keys == 0)
        keys = rows < NULL_KEYS_MAX ? rows : NULL_KEYS_MAX;
    while (keys > 1 && rows % keys != 0)
        keys--;
    if (rows == 0 || keys > NULL_KEYS_MAX)
        return false;
    s->keys = calloc(keys, sizeof *s->keys);
    if (!s->keys)
        return false;
    s->key_count = keys;
    s->repeats = rows / keys;
    s->tenant_keys = (uint64_t)((double)keys * tenant_percent / 100 + 0.5);
    for (uint32_t i = 0; i < keys; i++) {
        uint8_t key[NULL_KEY_BYTES];
        write_key(i, key);
        s->keys[i] = (struct null_key){cql_token((struct bytes){key, sizeof key}), i};
    }
    qsort(s->keys, keys, sizeof *s->keys, by_token);
    return true;
}

void null_space_fini(struct null_space *s)
{
    free(s->keys);
    s->keys = NULL;
}

/* ---- pages ---- */

uint64_t null_place(const struct null_space *s, int64_t token)
{
    uint64_t low = 0, high = s->key_count;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (s->keys[middle].token <= token)
            low = middle + 1;
        else
            high = middle;
    }
    return low * s->repeats;
}

static bool is_tenant(const struct null_space *s, uint64_t row)
{
    return s->keys[row / s->repeats].number < s->tenant_keys;
}

static bool has_moved(const struct null_space *s)
{
    return s->generation > 0;
}

uint64_t null_page_count(const struct null_space *s, const struct null_statement *st, uint64_t *at,
                         uint64_t end, uint64_t max)
{
    uint64_t count = 0;
    if (max == 0)
        max = UINT64_MAX;
    if (!st->has_filter) {
        count = end - *at < max ? end - *at : max;
        *at += count;
        return count;
    }
    for (; *at < end && count < max; ++*at)
        count += is_tenant(s, *at) && !has_moved(s);
    return count;
}

static bool append_item(struct null_space *s, const struct null_item *item, bool tenant,
                        struct null_template *t)
{
    const struct null_written *w = &s->written[item->column];
    bool is_written = tenant && w->is_set;
    size_t length = t->row.n;
    buf_append_u32(&t->row, UINT32_MAX); /* null */
    if (item->what == 't')
        return !t->row.failed;
    if (item->what == 'w')
        buf_append_u64(&t->row, (uint64_t)(is_written ? w->timestamp : NULL_WRITETIME));
    else if (item->column == 0) /* the key, which is put in later */
        t->keys[t->key_count++] = buf_extend(&t->row, NULL_KEY_BYTES) ? length + 4 : 0;
    else if (is_written)
        buf_append(&t->row, w->value, w->n);
    else
        null_user_cell(item->column, tenant, &t->row);
    if (!t->row.failed)
        buf_put_u32(&t->row, length, (uint32_t)(t->row.n - length - 4));
    return !t->row.failed;
}

static bool make_templates(struct null_space *s, struct null_statement *st)
{
    if (st->is_made && st->generation == s->generation)
        return true;
    for (int k = 0; k < 2; k++) {
        struct null_template *t = &st->rows[k];
        buf_clear(&t->row);
        t->key_count = 0;
        for (int i = 0; i < st->item_count; i++)
            if (st->items[i].column < 0 || !append_item(s, &st->items[i], k == 1, t))
                return false;
    }
    st->generation = s->generation;
    return st->is_made = true;
}

static bool append_row(const struct null_template *t, const uint8_t *key, struct buf *out)
{
    uint8_t *row = buf_extend(out, t->row.n);
    if (!row)
        return false;
    memcpy(row, t->row.p, t->row.n);
    for (int i = 0; i < t->key_count; i++)
        memcpy(row + t->keys[i], key, NULL_KEY_BYTES);
    return true;
}

bool null_page_append(struct null_space *s, struct null_statement *st, uint64_t at, uint64_t end,
                      struct buf *out)
{
    uint8_t key[NULL_KEY_BYTES];
    if (!make_templates(s, st))
        return false;
    for (; at < end; at++) {
        bool tenant = is_tenant(s, at);
        if (st->has_filter && (!tenant || has_moved(s)))
            continue;
        write_key(s->keys[at / s->repeats].number, key);
        if (!append_row(&st->rows[tenant], key, out))
            return false;
    }
    return true;
}

bool null_row_append(struct null_space *s, struct null_statement *st, struct bytes key,
                     struct buf *out)
{
    if (st->table && strcmp(st->table->name, "organisation") == 0) {
        for (int i = 0; i < st->item_count; i++) {
            size_t length = out->n;
            buf_append_u32(out, UINT32_MAX);
            if (st->items[i].what == 't')
                continue;
            if (st->items[i].what == 'w')
                buf_append_u64(out, (uint64_t)NULL_WRITETIME);
            else if (!null_organisation_cell(key, st->items[i].column, out))
                return false;
            if (!out->failed)
                buf_put_u32(out, length, (uint32_t)(out->n - length - 4));
        }
        return !out->failed;
    }
    return key.n == NULL_KEY_BYTES && make_templates(s, st) && append_row(&st->rows[1], key.p, out);
}

/* ---- writes ---- */

static int64_t timestamp_of(const struct null_statement *st, const struct bytes *values)
{
    for (int i = 0; i < st->marker_count; i++) {
        if (st->markers[i].type != NULL_BIGINT || values[i].n != 8)
            continue;
        uint64_t v = 0;
        for (int k = 0; k < 8; k++)
            v = v << 8 | values[i].p[k];
        return (int64_t)v;
    }
    return NULL_WRITETIME + 1;
}

void null_write(struct null_space *s, const struct null_statement *st, const struct bytes *values)
{
    int64_t timestamp = timestamp_of(st, values);
    for (int i = 0; i < st->marker_count; i++) {
        int column = st->markers[i].column;
        if (column <= 0 || values[i].n > NULL_VALUE_MAX)
            continue;
        struct null_written *w = &s->written[column];
        if (w->is_set && w->timestamp == timestamp && w->n == values[i].n &&
            memcmp(w->value, values[i].p, w->n) == 0)
            continue;
        w->is_set = true;
        w->timestamp = timestamp;
        w->n = values[i].n;
        if (w->n)
            memcpy(w->value, values[i].p, w->n);
        s->generation++;
    }
}
