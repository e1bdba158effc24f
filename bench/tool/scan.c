#include <stdio.h>
#include <string.h>

#include "tool.h"

struct counting {
    int column;
    struct bytes equals;
    uint64_t rows, found; /* |rows|: that came */
};

static bool count_row(void *context, const struct row *row, struct fault *f)
{
    (void)f;
    struct counting *c = context;
    c->rows++;
    c->found += bytes_equal(row->cells[c->column].value, c->equals);
    return true;
}

bool tool_scan(struct tool *t, struct fault *f)
{
    struct arena a;
    bool selected[TABLE_COLUMNS_MAX] = {false};
    struct counting c = {.equals = bytes_of(t->equals)};
    arena_init(&a, 1 << 20);
    struct table *table = tool_user_table(t, &a, f);
    int channel = table ? table_column(table, "channel") : -1;
    c.column = table ? table_column(table, "rootorgid") : -1;
    bool ok = c.column >= 0 && channel >= 0;
    if (ok)
        selected[c.column] = selected[channel] = true;
    const struct store_find find = {.column = c.column, .value = c.equals};
    struct store_filtered filtered = {0};
    struct store_scan scan = {.table = table,
                              .selected = selected,
                              .find = &find,
                              .filter = t->filter,
                              .filtered = &filtered,
                              .row = count_row,
                              .context = &c};
    int64_t start = clock_now_us();
    ok = ok && store_scan(t->store, &scan, f);
    if (ok)
        printf("{\"rows\": %llu, \"found\": %llu, \"seconds\": %.3f}\n", (unsigned long long)c.rows,
               (unsigned long long)c.found, (double)(clock_now_us() - start) / 1e6);
    arena_fini(&a);
    return ok;
}
