#include "sink.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "move/type.h"

enum { SLOTS = 1024, KEY_MAX = 8, CELLS_MAX = 48, SINK_TABLES_MAX = 32, ROW_BYTES = 64 * 1024 };

struct draft {
    struct sink *sink;
    struct store_op op;
    struct bytes key[KEY_MAX];
    struct store_cell cells[CELLS_MAX];
    struct arena arena;
    bool busy;
};

struct wanted_table {
    char keyspace[NAME_TEXT_MAX];
    char name[NAME_TEXT_MAX];
    struct table *table; /* NULL: not there */
};

struct sink {
    struct store *store;
    struct arena arena;
    struct wanted_table tables[SINK_TABLES_MAX];
    int table_count;
    struct draft slots[SLOTS];
    int next;
    uint64_t rows;
    bool failed;
    struct fault fault;
};

struct sink *sink_new(struct store *s, struct fault *f)
{
    struct sink *k = calloc(1, sizeof *k);
    if (!k) {
        fault_memory(f);
        return NULL;
    }
    k->store = s;
    arena_init(&k->arena, (size_t)16 * 1024 * 1024);
    for (int i = 0; i < SLOTS; i++) {
        k->slots[i].sink = k;
        arena_init(&k->slots[i].arena, ROW_BYTES);
    }
    return k;
}

void sink_free(struct sink *k)
{
    if (!k)
        return;
    for (int i = 0; i < SLOTS; i++)
        arena_fini(&k->slots[i].arena);
    arena_fini(&k->arena);
    free(k);
}

static void fail(struct sink *k, const struct fault *f)
{
    if (k->failed)
        return;
    k->failed = true;
    k->fault = *f;
}

static struct table *find_table(struct sink *k, const char *keyspace, const char *name)
{
    for (int i = 0; i < k->table_count; i++)
        if (strcmp(k->tables[i].name, name) == 0 && strcmp(k->tables[i].keyspace, keyspace) == 0)
            return k->tables[i].table;
    struct fault f;
    struct wanted_table *w = &k->tables[k->table_count];
    if (k->table_count == SINK_TABLES_MAX || strlen(name) >= NAME_TEXT_MAX ||
        strlen(keyspace) >= NAME_TEXT_MAX) {
        fault_set(&f, FAULT_INTERNAL, "too many tables");
        fail(k, &f);
        return NULL;
    }
    memcpy(w->keyspace, keyspace, strlen(keyspace) + 1);
    memcpy(w->name, name, strlen(name) + 1);
    if (!store_table(k->store, keyspace, name, &k->arena, &w->table, &f))
        fail(k, &f);
    k->table_count++;
    return w->table;
}

/* A free slot: the ring of slots is filled, and half of it is waited for when it is full. */
static struct draft *take_slot(struct sink *k)
{
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < SLOTS; i++) {
            struct draft *d = &k->slots[(k->next + i) % SLOTS];
            if (d->busy)
                continue;
            k->next = (k->next + i + 1) % SLOTS;
            return d;
        }
        struct fault f;
        if (!store_drive(k->store, SLOTS / 2, &f)) {
            fail(k, &f);
            return NULL;
        }
    }
    return NULL;
}

static void told(struct store_op *op)
{
    struct draft *d = op->context;
    d->busy = false;
    d->sink->rows++;
    if (op->outcome != STORE_OK)
        fail(d->sink, op->fault);
}

struct draft *sink_row(struct sink *k, const char *keyspace, const char *name,
                       enum store_op_kind kind, int64_t timestamp, int32_t ttl)
{
    struct table *t = k->failed ? NULL : find_table(k, keyspace, name);
    struct draft *d = t ? take_slot(k) : NULL;
    if (!d)
        return NULL;
    arena_reset(&d->arena);
    memset(d->key, 0, sizeof d->key);
    d->op = (struct store_op){.kind = kind,
                              .table = t,
                              .key = d->key,
                              .cells = d->cells,
                              .timestamp = timestamp,
                              .ttl = ttl,
                              .done = told,
                              .context = d};
    return d;
}

void draft_bytes(struct draft *d, const char *column, struct bytes value)
{
    int i = d ? table_column(d->op.table, column) : -1;
    if (i < 0)
        return;
    struct bytes copy = arena_copy(&d->arena, value);
    struct fault f;
    if (bytes_are_null(copy) || d->op.cell_count == CELLS_MAX || d->op.table->key_count > KEY_MAX) {
        fault_set(&f, FAULT_INTERNAL, "a row is too large: column %s", column);
        fail(d->sink, &f);
    } else if (i < d->op.table->key_count) {
        d->key[i] = copy;
    } else {
        d->cells[d->op.cell_count++] = (struct store_cell){i, copy};
    }
}

void draft_text(struct draft *d, const char *column, const char *value)
{
    draft_bytes(d, column, bytes_of(value));
}

void draft_int(struct draft *d, const char *column, int32_t value)
{
    uint32_t v = (uint32_t)value;
    uint8_t raw[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};
    draft_bytes(d, column, (struct bytes){raw, 4});
}

void draft_bool(struct draft *d, const char *column, bool value)
{
    uint8_t raw = value;
    draft_bytes(d, column, (struct bytes){&raw, 1});
}

void draft_list(struct draft *d, const char *column, const char *const *values, int count)
{
    struct buf list;
    buf_init(&list, ROW_BYTES / 2);
    size_t start = list_begin(&list);
    for (int i = 0; i < count; i++)
        list_add(&list, bytes_of(values[i]));
    list_end(&list, start, (uint32_t)count);
    draft_bytes(d, column, buf_view(&list));
    buf_fini(&list);
}

void draft_done(struct draft *d)
{
    struct fault f;
    if (!d || d->sink->failed)
        return;
    d->busy = true;
    if (!store_submit(d->sink->store, &d->op, &f)) {
        d->busy = false;
        fail(d->sink, &f);
    }
}

bool sink_flush(struct sink *k, struct fault *f)
{
    struct fault why;
    if (!store_drive(k->store, 0, &why))
        fail(k, &why);
    if (k->failed && f)
        *f = k->fault;
    return !k->failed;
}

bool sink_failed(const struct sink *k)
{
    return k->failed;
}

uint64_t sink_rows(const struct sink *k)
{
    return k->rows;
}
