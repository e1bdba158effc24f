/* An embedded file in a store's place. Operations wait in a queue; store_drive does them in groups,
 * one transaction per group, and tells their outcomes only after the group is on disk. */
#include <stdio.h>
#include <stdlib.h>

#include "cql/ring.h"
#include "embedded/cells.h"
#include "embedded/file.h"
#include "embedded/rows.h"
#include "net/loop.h"
#include "store/store.h"

enum { GROUP_MAX = 1024, QUEUE_MAX = 1024 * 1024, PAGE_ROWS = 1000, SPLIT = 16 };

static const size_t group_bytes_max = (size_t)512 * 1024 * 1024;

struct embedded_store {
    struct store store;
    struct embedded *file;
    struct store_op **queue; /* oldest first */
    int queue_count;
    int queue_room;
    struct arena arena; /* what one group read */
    struct loop *loop;  /* runs while the pace is waited for; NULL: there is no pace */
    struct pace *pace;
    int64_t last_stamp_us; /* of conditional writes: every one is later than the one before */
};

static struct embedded_store *self(struct store *s)
{
    return (struct embedded_store *)(void *)s;
}

static void adapter_free(struct store *s)
{
    struct embedded_store *x = self(s);
    embedded_free(x->file);
    arena_fini(&x->arena);
    free(x->queue);
    free(x);
}

static void adapter_about(struct store *s, struct store_about *out)
{
    *out = (struct store_about){.product = "embedded", .node_count = 1, .schema_agrees = true};
    snprintf(out->address, sizeof out->address, "%.*s", (int)sizeof out->address - 1,
             embedded_path(self(s)->file));
    snprintf(out->consistency, sizeof out->consistency, "one file");
}

static bool adapter_table(struct store *s, const char *keyspace, const char *name, struct arena *a,
                          struct table **out, struct fault *f)
{
    const struct table *t;
    *out = NULL;
    if (!embedded_table(self(s)->file, keyspace, name, &t, f))
        return false;
    if (!t)
        return true;
    *out = table_copy(a, t);
    return *out || fault_memory(f);
}

static bool adapter_tables(struct store *s, const char *keyspace,
                           bool (*each)(void *context, const char *keyspace, const char *name),
                           void *context, struct fault *f)
{
    return embedded_tables(self(s)->file, keyspace, each, context, f);
}

static bool adapter_may_write(struct store *s, const struct table *t, struct fault *f)
{
    if (!embedded_is_read_only(self(s)->file))
        return true;
    fault_set(f, FAULT_DENIED, "the embedded file can only be read");
    fault_subject(f, "%s.%s", t->keyspace, t->name);
    return fault_hint(f, "give this user the right to write %s", embedded_path(self(s)->file));
}

/* ---- the pace ---- */

enum { PACE_LOOK_MS = 20 };

/* Waits until the next row may go, at least looks whether anything came in meanwhile. */
static void keep_pace(struct embedded_store *x, bool may_pause)
{
    loop_poll(x->loop);
    while (!loop_interrupted(x->loop)) {
        uint64_t wait_us = pace_wait_us(x->pace, loop_now_us(x->loop));
        uint64_t wait_ms = wait_us / 1000 + (wait_us % 1000 > 0);
        if (may_pause && x->pace->is_paused)
            wait_ms = PACE_LOOK_MS;
        if (wait_ms == 0)
            return;
        loop_sleep(x->loop, wait_ms < PACE_LOOK_MS ? wait_ms : PACE_LOOK_MS);
    }
}

void store_embedded_pace(struct store *s, struct loop *loop, struct pace *pace)
{
    self(s)->loop = pace ? loop : NULL;
    self(s)->pace = pace;
}

/* ---- one operation ---- */

static bool is_conditional(enum store_op_kind kind)
{
    return kind == STORE_UPDATE_IF || kind == STORE_INSERT_IF_NOT_EXISTS || kind == STORE_DELETE_IF;
}

static bool check_cells(const struct table *t, const struct store_cell *cells, int count,
                        struct fault *f)
{
    for (int i = 0; i < count; i++) {
        int column = cells[i].column;
        if (column < t->key_count || column >= t->column_count)
            return fault_set(f, FAULT_INTERNAL, "column %d of %s.%s cannot be written", column,
                             t->keyspace, t->name);
        if (t->columns[column].role == COLUMN_STATIC)
            return fault_set(f, FAULT_UNSUPPORTED,
                             "the embedded store does not keep static columns");
    }
    return true;
}

/* As Cassandra: every condition is asked of a row that does not exist too, where all columns are
 * null; without conditions it is IF EXISTS. */
static bool conditions_hold(const struct store_op *op, const struct kept_row *row, int64_t now)
{
    bool exists = kept_row_is_live(row, now);
    if (op->kind == STORE_INSERT_IF_NOT_EXISTS)
        return !exists;
    if (op->condition_count == 0)
        return exists;
    for (int i = 0; i < op->condition_count; i++) {
        const struct kept_cell *c = &row->cells[op->conditions[i].column];
        struct bytes value = kept_cell_is_live(c, now) ? c->value : bytes_null();
        if (!bytes_equal(value, op->conditions[i].value))
            return false;
    }
    return true;
}

static bool view(struct embedded_store *x, struct store_op *op, const struct kept_row *kept,
                 const bool *selected, int64_t now, struct row **out, struct fault *f)
{
    *out = NULL;
    if (!kept_row_is_live(kept, now))
        return true;
    *out = arena_alloc(&x->arena, sizeof **out);
    if (!*out || !kept_row_view(kept, op->table, op->key, selected, now, &x->arena, *out))
        return fault_memory(f);
    return true;
}

/* Values alone: a server's "not applied" tells no writetimes. */
static bool refuse(struct embedded_store *x, struct store_op *op, const struct kept_row *kept,
                   int64_t now, struct fault *f)
{
    const struct table *t = op->table;
    struct row *row;
    bool *selected = arena_array(&x->arena, (size_t)t->column_count, sizeof *selected);
    if (!selected)
        return fault_memory(f);
    for (int i = 0; i < op->condition_count; i++)
        selected[op->conditions[i].column] = true;
    bool all = op->kind == STORE_INSERT_IF_NOT_EXISTS || op->condition_count == 0;
    if (!view(x, op, kept, all ? NULL : selected, now, &row, f))
        return false;
    for (int i = 0; row && i < t->column_count; i++) {
        row->cells[i].writetime = WRITETIME_NONE;
        row->cells[i].ttl = 0;
    }
    op->row = row;
    op->outcome = STORE_NOT_APPLIED;
    return true;
}

static void change_row(const struct store_op *op, struct kept_row *row, int64_t timestamp,
                       int64_t now)
{
    int64_t expires = op->ttl > 0 ? now + op->ttl : 0;
    switch (op->kind) {
    case STORE_READ: return;
    case STORE_DELETE_ROW:
    case STORE_DELETE_IF: kept_row_delete(row, timestamp); return;
    case STORE_INSERT:
    case STORE_INSERT_IF_NOT_EXISTS: kept_row_mark(row, timestamp, expires); break;
    case STORE_UPDATE:
    case STORE_UPDATE_IF:
    case STORE_DELETE_CELLS: break;
    }
    for (int i = 0; i < op->cell_count; i++) {
        struct kept_cell c = {.timestamp = timestamp, .expires = expires};
        if (op->kind != STORE_DELETE_CELLS)
            c.value = op->cells[i].value;
        kept_row_write(row, op->table, op->cells[i].column, c);
    }
}

static int64_t next_stamp(struct embedded_store *x)
{
    int64_t now = clock_now_us();
    x->last_stamp_us = now > x->last_stamp_us ? now : x->last_stamp_us + 1;
    return x->last_stamp_us;
}

static bool run_op(struct embedded_store *x, struct store_op *op, struct fault *f)
{
    struct kept_row kept;
    int64_t now = clock_now_us() / 1000000;
    if (!check_cells(op->table, op->cells, op->cell_count, f) ||
        !check_cells(op->table, op->conditions, op->condition_count, f) ||
        !rows_read(x->file, op->table, op->key, &x->arena, &kept, f))
        return false;
    if (op->kind == STORE_READ) {
        struct row *row;
        if (!view(x, op, &kept, op->selected, now, &row, f))
            return false;
        op->row = row;
        return true;
    }
    bool conditional = is_conditional(op->kind);
    if (conditional && !conditions_hold(op, &kept, now))
        return refuse(x, op, &kept, now, f);
    change_row(op, &kept, conditional ? next_stamp(x) : op->timestamp, now);
    return rows_keep(x->file, op->table, op->key, &kept, f);
}

/* ---- the queue ---- */

static bool adapter_submit(struct store *s, struct store_op *op, struct fault *f)
{
    struct embedded_store *x = self(s);
    if (x->queue_count == x->queue_room) {
        int room = x->queue_room ? x->queue_room * 2 : 256;
        struct store_op **queue =
            room <= QUEUE_MAX ? reallocarray(x->queue, (size_t)room, sizeof(struct store_op *))
                              : NULL;
        if (!queue)
            return fault_memory(f);
        x->queue = queue;
        x->queue_room = room;
    }
    op->outcome = STORE_OK;
    op->row = NULL;
    op->fault = NULL;
    x->queue[x->queue_count++] = op;
    return true;
}

/* What is wrong with one row, not with the file. */
static bool is_of_the_row(enum fault_code code)
{
    return code == FAULT_USAGE || code == FAULT_SCHEMA || code == FAULT_UNSUPPORTED ||
           code == FAULT_INTERNAL;
}

static bool run_group(struct embedded_store *x, struct store_op **group, int count, struct fault *f)
{
    if (!embedded_begin(x->file, f))
        return false;
    for (int i = 0; i < count; i++) {
        struct store_op *op = group[i];
        struct fault why = {0};
        if (run_op(x, op, &why))
            continue;
        struct fault *kept = arena_alloc(&x->arena, sizeof *kept);
        op->outcome = STORE_ROW_FAILED;
        op->row = NULL;
        op->fault = kept;
        if (kept)
            *kept = why;
        if (!kept || !is_of_the_row(why.code)) {
            *f = why;
            embedded_rollback(x->file);
            return false;
        }
    }
    return embedded_commit(x->file, f);
}

static void fail_group(struct store_op **group, int count, const struct fault *f)
{
    for (int i = 0; i < count; i++) {
        group[i]->outcome = STORE_RUN_FAILED;
        group[i]->row = NULL;
        group[i]->fault = f;
    }
}

/* |done| may submit more: the group leaves the queue before anybody is called. */
static bool adapter_drive(struct store *s, int in_flight, struct fault *f)
{
    struct embedded_store *x = self(s);
    struct store_op *group[GROUP_MAX];
    bool ok = true;
    struct fault why = {0};
    while (x->queue_count > in_flight || (!ok && x->queue_count)) {
        int count = x->queue_count < GROUP_MAX ? x->queue_count : GROUP_MAX;
        if (x->loop) {
            count = pace_share(x->pace, count, 1);
            keep_pace(x, false);
            pace_spend(x->pace, (uint64_t)count);
        }
        memcpy(group, x->queue, (size_t)count * sizeof(struct store_op *));
        x->queue_count -= count;
        memmove(x->queue, x->queue + count, (size_t)x->queue_count * sizeof(struct store_op *));
        arena_reset(&x->arena);
        ok = ok && run_group(x, group, count, &why);
        if (!ok)
            fail_group(group, count, &why);
        for (int i = 0; i < count; i++)
            group[i]->done(group[i]);
    }
    if (!ok && f)
        *f = why;
    return ok;
}

/* ---- the scan ---- */

struct scanning {
    const struct store_scan *scan;
    struct embedded_store *store;
    struct arena arena;
    int64_t now;
    uint64_t rows;
    int unpaced; /* rows since the pace was looked at */
};

static bool pace_row(struct scanning *x, struct fault *f)
{
    struct embedded_store *s = x->store;
    if (!s->loop || ++x->unpaced < pace_share(s->pace, PAGE_ROWS, 1))
        return true;
    pace_spend(s->pace, (uint64_t)x->unpaced);
    x->unpaced = 0;
    keep_pace(s, true);
    return !loop_interrupted(s->loop) || fault_set(f, FAULT_INTERRUPTED, "interrupted");
}

static bool tell_row(void *context, const struct bytes *key, const struct kept_row *kept,
                     struct fault *f)
{
    struct scanning *x = context;
    struct row row;
    if (!pace_row(x, f))
        return false;
    if (!kept_row_is_live(kept, x->now))
        return true;
    arena_reset(&x->arena);
    if (!kept_row_view(kept, x->scan->table, key, x->scan->selected, x->now, &x->arena, &row))
        return fault_memory(f);
    x->rows++;
    return x->scan->row(x->scan->context, &row, f);
}

static bool tell_progress(const struct scanning *x, struct token_range range, int done, int total,
                          struct fault *f)
{
    const struct store_progress p = {
        .covered = range, .rows = x->rows, .is_done = true, .done = done, .total = total};
    return !x->scan->progress || x->scan->progress(x->scan->context, &p, f);
}

static bool adapter_scan(struct store *s, const struct store_scan *scan, struct fault *f)
{
    struct scanning x = {.scan = scan, .store = self(s), .now = clock_now_us() / 1000000};
    int split = scan->split > 0 ? scan->split : SPLIT;
    int page_rows = scan->page_rows > 0 ? scan->page_rows : PAGE_ROWS;
    bool ok = true;
    arena_init(&x.arena, (size_t)16 * 1024 * 1024);
    for (int i = 0; ok && i < split; i++) {
        struct token_range range = rows_range(i, split), part;
        while (ok && cql_range_next_without(&range, scan->skip, scan->skip_count, &part)) {
            x.rows = 0;
            ok = rows_scan(self(s)->file, scan->table, part, page_rows, tell_row, &x, f) &&
                 tell_progress(&x, part, i + 1, split, f);
        }
    }
    arena_fini(&x.arena);
    return ok;
}

static const struct store_adapter adapter = {
    .free = adapter_free,
    .about = adapter_about,
    .table = adapter_table,
    .tables = adapter_tables,
    .may_write = adapter_may_write,
    .scan = adapter_scan,
    .submit = adapter_submit,
    .drive = adapter_drive,
};

struct store *store_embedded_open(const char *path, struct fault *f)
{
    struct embedded_store *x = calloc(1, sizeof *x);
    if (!x) {
        fault_memory(f);
        return NULL;
    }
    x->store.adapter = &adapter;
    arena_init(&x->arena, group_bytes_max);
    x->file = embedded_open(path, false, f);
    if (!x->file) {
        free(x);
        return NULL;
    }
    return &x->store;
}
