#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

enum { CHECK_EVERY = 10, CHECK_AT_ONCE = 256 };

struct reading {
    struct store_op op;
    struct bytes key;
    char id[USER_ID_BYTES + 1];
    bool busy;
    struct reads *reads;
};

struct reads {
    const struct table *table;
    bool selected[TABLE_COLUMNS_MAX];
    int column;
    struct bytes equals;
    struct reading *v;
    int count, free;
    int found, failed;
};

static void on_read(struct store_op *op)
{
    struct reading *r = op->context;
    struct reads *all = r->reads;
    r->busy = false;
    if (op->outcome != STORE_OK || !op->row)
        all->failed++;
    else if (bytes_equal(op->row->cells[all->column].value, all->equals))
        all->found++;
}

static bool reads_init(struct reads *all, struct tool *t, struct arena *a, int at_once,
                       struct fault *f)
{
    *all = (struct reads){.equals = bytes_of(t->equals), .count = at_once};
    all->table = tool_user_table(t, a, f);
    all->column = all->table ? table_column(all->table, "rootorgid") : -1;
    if (all->column < 0)
        return false;
    all->selected[all->column] = true;
    all->v = calloc((size_t)at_once, sizeof *all->v);
    return all->v || fault_memory(f);
}

/* A slot that is free, or NULL. */
static struct reading *slot(struct reads *all)
{
    for (int i = 0; i < all->count; i++) {
        struct reading *r = &all->v[(all->free + i) % all->count];
        if (r->busy)
            continue;
        all->free = (all->free + i + 1) % all->count;
        return r;
    }
    return NULL;
}

static bool send_read(struct tool *t, struct reads *all, struct reading *r, int number,
                      struct fault *f)
{
    user_id_of(number, r->id);
    r->key = bytes_of(r->id);
    r->reads = all;
    r->busy = true;
    r->op = (struct store_op){.kind = STORE_READ,
                              .table = all->table,
                              .key = &r->key,
                              .selected = all->selected,
                              .done = on_read,
                              .context = r};
    return store_submit(t->store, &r->op, f);
}

bool tool_check(struct tool *t, struct fault *f)
{
    struct reads all;
    struct arena a;
    int asked = 0, tenant = 0;
    arena_init(&a, 1 << 20);
    bool ok = reads_init(&all, t, &a, CHECK_AT_ONCE, f);
    for (int i = 0; ok && i < t->rows; i++) {
        if (!user_is_tenant(t, i) || tenant++ % CHECK_EVERY != 0)
            continue;
        struct reading *r = slot(&all);
        if (!r) {
            ok = store_drive(t->store, CHECK_AT_ONCE / 2, f);
            r = slot(&all);
        }
        ok = ok && send_read(t, &all, r, i, f);
        asked++;
    }
    ok = ok && store_drive(t->store, 0, f);
    if (ok)
        printf("{\"read\": %d, \"found\": %d, \"failed\": %d}\n", asked, all.found, all.failed);
    free(all.v);
    arena_fini(&a);
    return ok;
}
