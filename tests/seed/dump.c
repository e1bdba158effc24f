#include "dump.h"

#include <stdlib.h>
#include <string.h>

#include "base/json_write.h"

enum { LINE_MAX_BYTES = 16 * 1024 * 1024 };

struct lines {
    char **v;
    size_t n, room;
    bool with_timestamps;
    struct buf line;
};

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void write_cell(struct lines *l, struct json_writer *w, const struct row *r, int i)
{
    const struct cell *c = &r->cells[i];
    json_key(w, r->table->columns[i].name);
    struct buf value;
    buf_init(&value, LINE_MAX_BYTES);
    type_print_json(&r->table->columns[i].type, c->value, &value);
    bool stamped = l->with_timestamps && c->writetime != WRITETIME_NONE;
    if (stamped)
        json_begin_array(w);
    json_raw_value(w, buf_view(&value));
    if (stamped) {
        json_int_value(w, c->writetime);
        json_end(w);
    }
    buf_fini(&value);
}

static bool keep(void *context, const struct row *r, struct fault *f)
{
    struct lines *l = context;
    struct json_writer w;
    buf_clear(&l->line);
    json_writer_init(&w, &l->line, false);
    json_begin_object(&w);
    for (int i = 0; i < r->table->column_count; i++)
        if (!bytes_are_null(r->cells[i].value))
            write_cell(l, &w, r, i);
    json_end(&w);
    if (l->n == l->room) {
        size_t room = l->room ? l->room * 2 : 1024;
        char **v = reallocarray(l->v, room, sizeof *v);
        if (!v)
            return fault_memory(f);
        l->v = v;
        l->room = room;
    }
    char *copy = l->line.failed ? NULL : strdup(buf_text(&l->line));
    if (!copy)
        return fault_memory(f);
    l->v[l->n++] = copy;
    return true;
}

bool dump_table(struct store *s, const char *keyspace, const char *name, bool with_timestamps,
                FILE *out, struct fault *f)
{
    struct arena a;
    struct table *t;
    struct lines l = {.with_timestamps = with_timestamps};
    arena_init(&a, (size_t)16 * 1024 * 1024);
    buf_init(&l.line, LINE_MAX_BYTES);
    bool ok = store_table(s, keyspace, name, &a, &t, f);
    if (ok && !t)
        ok = fault_set(f, FAULT_SCHEMA, "there is no table %s.%s", keyspace, name);
    bool *all = ok ? arena_array(&a, (size_t)t->column_count, sizeof *all) : NULL;
    if (ok && !all)
        ok = fault_memory(f);
    for (int i = 0; ok && i < t->column_count; i++)
        all[i] = true;
    struct store_scan scan = {.table = ok ? t : NULL, .selected = all, .row = keep, .context = &l};
    ok = ok && store_scan(s, &scan, f);
    if (ok && l.n)
        qsort(l.v, l.n, sizeof *l.v, compare);
    const char *last = "";
    for (size_t i = 0; i < l.n; i++) {
        if (ok && strcmp(l.v[i], last) != 0) /* a scan may give a row twice */
            fprintf(out, "%s\n", l.v[i]);
        last = l.v[i];
    }
    for (size_t i = 0; i < l.n; i++)
        free(l.v[i]);
    free(l.v);
    buf_fini(&l.line);
    arena_fini(&a);
    return ok;
}
