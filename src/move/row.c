#include "move/row.h"

struct row row_new(struct arena *a, const struct table *t)
{
    struct row r = {.table = t};
    r.cells = arena_array(a, (size_t)t->column_count, sizeof r.cells[0]);
    for (int i = 0; r.cells && i < t->column_count; i++)
        r.cells[i] = (struct cell){.writetime = WRITETIME_NONE};
    return r;
}

struct row row_copy(struct arena *a, const struct row *r)
{
    struct row copy = row_new(a, r->table);
    for (int i = 0; copy.cells && i < r->table->column_count; i++) {
        copy.cells[i] = r->cells[i];
        copy.cells[i].value = arena_copy(a, r->cells[i].value);
        if (bytes_are_null(copy.cells[i].value) && !bytes_are_null(r->cells[i].value))
            copy.cells = NULL;
    }
    return copy;
}

int64_t row_writetime_max(const struct row *r)
{
    int64_t max = WRITETIME_NONE;
    for (int i = 0; i < r->table->column_count; i++)
        if (r->cells[i].selected && r->cells[i].writetime > max)
            max = r->cells[i].writetime;
    return max;
}

bool row_is_keys_only(const struct row *r)
{
    for (int i = r->table->key_count; i < r->table->column_count; i++)
        if (r->cells[i].selected && !bytes_are_null(r->cells[i].value))
            return false;
    return true;
}
