/* store_check: what a store does on a real server, tried and printed. Not a unit test: it takes an
 * address.
 *
 *   store-check [OPTION=VALUE…] ADDRESS KEYSPACE.TABLE
 * about|table|right|scan|operations|update|read
 *
 * The table has a text key "id", and columns v text, w int, l list<text> for everything but about,
 * table, right and scan. It makes no tables: tests/servers/cql.py does.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "net/loop.h"
#include "store/store.h"

struct check {
    struct loop *loop;
    struct store *store;
    struct table *table;
    struct arena arena;
    int in_flight;
    /* scan */
    uint64_t rows, with_tag, read;
    int64_t newest;
    const char *tag;
    int pause_ms;
    /* update */
    struct bytes *keys;
    int64_t *fences;
    int key_count, key_capacity;
    uint64_t done, not_applied, failed, run_failed;
};

static int say(const struct fault *f)
{
    fprintf(stderr, "store-check: %s: %s\n  subject: %s\n  hint: %s\n", fault_code_name(f->code),
            f->text, f->subject, f->hint);
    return 1;
}

static double seconds_since(int64_t start_us)
{
    return (double)(clock_now_us() - start_us) / 1e6;
}

static long peak_kib(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

static int column(const struct check *c, const char *name)
{
    int i = table_column(c->table, name);
    if (i < 0) {
        fprintf(stderr, "store-check: the table has no column %s\n", name);
        exit(64);
    }
    return i;
}

static void print_row(const struct row *row)
{
    struct buf out;
    buf_init(&out, 1 << 20);
    for (int i = 0; row && i < row->table->column_count; i++) {
        const struct cell *cell = &row->cells[i];
        if (!cell->selected)
            continue;
        buf_printf(&out, " %s=", row->table->columns[i].name);
        type_print(&row->table->columns[i].type, cell->value, &out);
        if (cell->writetime != WRITETIME_NONE)
            buf_printf(&out, "@%" PRId64, cell->writetime);
        if (cell->ttl)
            buf_printf(&out, "/%d", cell->ttl);
    }
    printf("%s\n", row ? buf_text(&out) : " (no row)");
    buf_fini(&out);
}

/* --- scan --- */

static bool count_row(void *context, const struct row *row, struct fault *f)
{
    struct check *c = context;
    (void)f;
    c->rows++;
    int v = table_column(c->table, "v");
    if (v >= 0 && c->tag && bytes_are(row->cells[v].value, c->tag))
        c->with_tag++;
    if (row_writetime_max(row) > c->newest)
        c->newest = row_writetime_max(row);
    if (c->pause_ms && c->rows % 1000 == 0)
        loop_sleep(c->loop, 0);
    return true;
}

static bool count_range(void *context, const struct store_progress *p, struct fault *f)
{
    struct check *c = context;
    (void)f;
    c->read += p->is_done ? p->rows : 0;
    if (p->is_done && p->done == p->total)
        printf("  %d ranges, %" PRIu64 " rows in them\n", p->total, c->read);
    return true;
}

static bool scan(struct check *c, struct fault *f)
{
    int64_t start = clock_now_us();
    struct store_scan scan = {
        .table = c->table, .row = count_row, .progress = count_range, .context = c};
    c->rows = c->with_tag = c->read = 0;
    if (!store_scan(c->store, &scan, f))
        return false;
    double s = seconds_since(start);
    printf("scan: %" PRIu64 " rows in %.2f s, %.0f rows/s; v = %s in %" PRIu64 "; peak %ld KiB\n",
           c->rows, s, (double)c->rows / s, c->tag ? c->tag : "-", c->with_tag, peak_kib());
    fflush(stdout);
    return true;
}

/* --- update of every row, fenced --- */

static bool collect_row(void *context, const struct row *row, struct fault *f)
{
    struct check *c = context;
    if (c->key_count == c->key_capacity) {
        c->key_capacity = c->key_capacity ? c->key_capacity * 2 : 1024;
        c->keys = realloc(c->keys, (size_t)c->key_capacity * sizeof *c->keys);
        c->fences = realloc(c->fences, (size_t)c->key_capacity * sizeof *c->fences);
    }
    int64_t newest = row_writetime_max(row);
    c->fences[c->key_count] = newest == WRITETIME_NONE ? clock_now_us() : newest + 1;
    c->keys[c->key_count] = arena_copy(&c->arena, row->cells[0].value);
    return !bytes_are_null(c->keys[c->key_count++]) || fault_memory(f);
}

struct slot {
    struct store_op op;
    struct store_cell cell;
    struct slot *next;
};

static struct slot *free_slots;
static struct check *updating;

static void on_updated(struct store_op *op)
{
    struct slot *slot = op->context;
    struct check *c = updating;
    if (op->outcome == STORE_OK)
        c->done++;
    else if (op->outcome == STORE_NOT_APPLIED)
        c->not_applied++;
    else if (op->outcome == STORE_ROW_FAILED)
        c->failed++;
    else
        c->run_failed++;
    if (op->outcome == STORE_ROW_FAILED && c->failed < 4)
        say(op->fault);
    slot->next = free_slots;
    free_slots = slot;
}

static bool update_all(struct check *c, struct fault *f)
{
    struct store_scan scan = {.table = c->table, .row = collect_row, .context = c};
    if (!store_scan(c->store, &scan, f))
        return false;
    printf("update: %d keys read, peak %ld KiB\n", c->key_count, peak_kib());
    fflush(stdout);
    int slots = c->in_flight * 2;
    struct slot *all = calloc((size_t)slots, sizeof *all);
    for (int i = 0; all && i < slots; i++) {
        all[i].next = free_slots;
        free_slots = &all[i];
    }
    updating = c;
    int64_t start = clock_now_us();
    bool ok = all != NULL;
    for (int i = 0; ok && i < c->key_count; i++) {
        struct slot *slot = free_slots;
        free_slots = slot->next;
        slot->cell = (struct store_cell){column(c, "v"), bytes_of(c->tag ? c->tag : "updated")};
        slot->op = (struct store_op){.kind = STORE_UPDATE,
                                     .table = c->table,
                                     .key = &c->keys[i],
                                     .cells = &slot->cell,
                                     .cell_count = 1,
                                     .timestamp = c->fences[i],
                                     .done = on_updated,
                                     .context = slot};
        ok = store_submit(c->store, &slot->op, f) && store_drive(c->store, slots - 1, f);
    }
    struct fault last;
    bool driven = store_drive(c->store, 0, &last);
    if (ok && !driven && f)
        *f = last;
    double s = seconds_since(start);
    printf("update: %" PRIu64 " done, %" PRIu64 " failed, %" PRIu64
           " run failed, of %d in %.2f s, %.0f/s; peak %ld KiB\n",
           c->done, c->failed, c->run_failed, c->key_count, s, (double)c->done / s, peak_kib());
    free(all);
    free_slots = NULL;
    return ok && driven;
}

/* --- one of each --- */

static void on_one(struct store_op *op)
{
    static const char *const outcomes[] = {"ok", "not applied", "row failed", "run failed"};
    printf("%-34s %s:", (const char *)op->context, outcomes[op->outcome]);
    if (op->outcome == STORE_ROW_FAILED || op->outcome == STORE_RUN_FAILED)
        printf(" %s [%s]\n", op->fault->text, op->fault->subject);
    else if (op->kind == STORE_READ || op->row)
        print_row(op->row);
    else
        printf("\n");
}

static bool one(struct check *c, char *title, struct store_op op, struct fault *f)
{
    op.table = c->table;
    op.done = on_one;
    op.context = title;
    return store_submit(c->store, &op, f) && store_drive(c->store, 0, f);
}

static bool operations(struct check *c, struct fault *f)
{
    int v = column(c, "v"), w = column(c, "w"), l = column(c, "l");
    static const uint8_t seven[] = {0, 0, 0, 7};
    struct bytes id = bytes_of("store-check"), id2 = bytes_of("store-check 2\n'\" \xe0\xa4\xae");
    struct buf list;
    buf_init(&list, 4096);
    size_t start = list_begin(&list);
    list_add(&list, bytes_of("a"));
    list_add(&list, bytes_of("b"));
    list_end(&list, start, 2);
    struct store_cell all[] = {{v, bytes_of("one")}, {w, {seven, 4}}, {l, buf_view(&list)}};
    struct store_cell no_v[] = {{v, bytes_null()}};
    struct store_cell new_v[] = {{v, bytes_of("two")}};
    struct store_cell is_one[] = {{v, bytes_of("one")}};
    struct store_cell is_null[] = {{v, bytes_null()}};
    struct store_cell is_list[] = {{l, buf_view(&list)}};
    const int64_t t = clock_now_us();
    struct store_op read = {.kind = STORE_READ, .key = &id};
    struct store_op read2 = {.kind = STORE_READ, .key = &id2};
#define OP(...) ((struct store_op){.key = &id, __VA_ARGS__})
    bool ok =
        one(c, "delete row", OP(.kind = STORE_DELETE_ROW, .timestamp = t - 2), f) &&
        one(c, "read", read, f) &&
        one(c, "insert", OP(.kind = STORE_INSERT, .cells = all, .cell_count = 3, .timestamp = t),
            f) &&
        one(c, "read", read, f) &&
        one(c, "update below",
            OP(.kind = STORE_UPDATE, .cells = new_v, .cell_count = 1, .timestamp = t - 1), f) &&
        one(c, "read: v one", read, f) &&
        one(c, "update above, ttl",
            OP(.kind = STORE_UPDATE, .cells = new_v, .cell_count = 1, .timestamp = t + 1,
               .ttl = 5000),
            f) &&
        one(c, "read: v two", read, f) &&
        one(c, "update if v = one",
            OP(.kind = STORE_UPDATE_IF, .cells = no_v, .cell_count = 1, .conditions = is_one,
               .condition_count = 1),
            f) &&
        one(c, "update if list, v = two",
            OP(.kind = STORE_UPDATE_IF, .cells = no_v, .cell_count = 1, .conditions = is_list,
               .condition_count = 1),
            f) &&
        one(c, "read: v null", read, f) &&
        one(c, "update if v = null",
            OP(.kind = STORE_UPDATE_IF, .cells = is_one, .cell_count = 1, .conditions = is_null,
               .condition_count = 1),
            f) &&
        one(c, "insert if not exists",
            OP(.kind = STORE_INSERT_IF_NOT_EXISTS, .cells = new_v, .cell_count = 1), f) &&
        one(c, "update if exists, no such row",
            (struct store_op){
                .kind = STORE_UPDATE_IF, .key = &id2, .cells = new_v, .cell_count = 1},
            f) &&
        one(c, "insert if not exists, other key",
            (struct store_op){.kind = STORE_INSERT_IF_NOT_EXISTS,
                              .key = &id2,
                              .cells = new_v,
                              .cell_count = 1,
                              .ttl = 60},
            f) &&
        one(c, "read other key", read2, f) &&
        one(c, "delete if v = one",
            (struct store_op){
                .kind = STORE_DELETE_IF, .key = &id2, .conditions = is_one, .condition_count = 1},
            f) &&
        one(c, "delete cells",
            OP(.kind = STORE_DELETE_CELLS, .cells = all, .cell_count = 2,
               .timestamp = clock_now_us()),
            f) &&
        one(c, "read: list only", read, f) &&
        one(c, "delete if list",
            OP(.kind = STORE_DELETE_IF, .conditions = is_list, .condition_count = 1), f) &&
        one(c, "read: none", read, f) &&
        one(c, "delete if exists", (struct store_op){.kind = STORE_DELETE_IF, .key = &id2}, f) &&
        one(c, "read other key: none", read2, f);
#undef OP
    buf_fini(&list);
    return ok;
}

static bool show_table(const char *keyspace, const char *name, struct check *c)
{
    struct buf shape;
    if (!c->table) {
        printf("no table %s.%s\n", keyspace, name);
        return true;
    }
    buf_init(&shape, 1 << 16);
    table_shape(c->table, &shape);
    printf("%s%s%s\n", buf_text(&shape), c->table->has_counter ? " counter" : "",
           c->table->has_trigger ? " trigger" : "");
    buf_fini(&shape);
    return true;
}

static bool print_name(void *context, const char *keyspace, const char *name)
{
    (void)context;
    printf("  %s.%s\n", keyspace, name);
    return true;
}

static bool about(struct check *c, const char *keyspace, struct fault *f)
{
    struct store_about a;
    store_about(c->store, &a);
    printf("%s at %s, %d nodes, %s, protocol v%d, schema %s, clock %+.1f ms\n", a.product,
           a.address, a.node_count, a.consistency, a.protocol_version,
           a.schema_agrees ? "agrees" : "DISAGREES", (double)a.clock_offset_us / 1000);
    return store_tables(c->store, keyspace[0] == '-' ? NULL : keyspace, print_name, NULL, f);
}

static bool command(struct check *c, char *what, const char *keyspace, const char *name,
                    struct fault *f)
{
    if (strcmp(what, "about") == 0)
        return about(c, keyspace, f);
    if (!store_table(c->store, keyspace, name, &c->arena, &c->table, f))
        return false;
    if (strcmp(what, "table") == 0 || !c->table)
        return show_table(keyspace, name, c);
    if (strcmp(what, "right") == 0)
        return store_may_write(c->store, c->table, f) && printf("may write\n") > 0;
    if (strcmp(what, "scan") == 0)
        return scan(c, f);
    if (strcmp(what, "operations") == 0)
        return operations(c, f);
    if (strcmp(what, "update") == 0)
        return update_all(c, f) && scan(c, f);
    return fault_set(f, FAULT_USAGE, "no command %s", what);
}

static bool option(char *text, struct store_options *o, struct check *c, int *repeat)
{
    char *value = strchr(text, '=');
    if (!value)
        return false;
    *value++ = '\0';
    if (strcmp(text, "user") == 0)
        o->user = value;
    else if (strcmp(text, "password") == 0)
        o->password = value;
    else if (strcmp(text, "consistency") == 0)
        o->consistency = value;
    else if (strcmp(text, "lz4") == 0)
        o->compression = value[0] == '1';
    else if (strcmp(text, "protocol") == 0)
        o->protocol_version = (int)strtol(value, NULL, 10);
    else if (strcmp(text, "in-flight") == 0)
        o->in_flight = c->in_flight = (int)strtol(value, NULL, 10);
    else if (strcmp(text, "timeout-ms") == 0)
        o->request_timeout_ms = (int)strtol(value, NULL, 10);
    else if (strcmp(text, "repeat") == 0)
        *repeat = (int)strtol(value, NULL, 10);
    else if (strcmp(text, "tag") == 0)
        c->tag = value;
    else
        return false;
    return true;
}

int main(int argc, char **argv)
{
    struct check c = {.in_flight = 128};
    struct store_options o = {.compression = true};
    struct fault f = {0};
    int repeat = 1, at = 1;
    while (at < argc && strchr(argv[at], '=') && option(argv[at], &o, &c, &repeat))
        at++;
    char *dot = argc - at == 3 ? strchr(argv[at + 1], '.') : NULL;
    if (!dot) {
        fprintf(stderr, "usage: store-check [OPTION=VALUE…] ADDRESS KEYSPACE.TABLE COMMAND\n");
        return 64;
    }
    *dot = '\0';
    o.address = argv[at];
    arena_init(&c.arena, 1 << 30);
    c.loop = loop_new(&f);
    bool ok = c.loop && loop_catch_signals(c.loop, &f);
    int64_t start = clock_now_us();
    if (ok)
        ok = (c.store = store_open(c.loop, &o, &f)) != NULL;
    if (ok)
        printf("opened in %.0f ms\n", seconds_since(start) * 1000);
    for (int i = 0; ok && i < repeat; i++)
        ok = command(&c, argv[at + 2], argv[at + 1], dot + 1, &f);
    if (!ok)
        say(&f);
    store_free(c.store);
    if (c.loop)
        loop_free(c.loop);
    arena_fini(&c.arena);
    free(c.keys);
    free(c.fences);
    return ok ? 0 : 1;
}
