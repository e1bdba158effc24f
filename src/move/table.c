#include "move/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int compare_columns(const void *left, const void *right)
{
    const struct column *a = left, *b = right;
    if (a->role != b->role)
        return a->role < b->role ? -1 : 1;
    bool in_key = a->role == COLUMN_PARTITION || a->role == COLUMN_CLUSTERING;
    if (in_key && a->position != b->position)
        return a->position < b->position ? -1 : 1;
    return strcmp(a->name, b->name);
}

static bool names_differ(const struct table *t, struct fault *f)
{
    for (int i = 0; i < t->column_count; i++)
        for (int k = i + 1; k < t->column_count; k++)
            if (strcmp(t->columns[i].name, t->columns[k].name) == 0) {
                fault_set(f, FAULT_SCHEMA, "the column %s is there twice", t->columns[i].name);
                return fault_subject(f, "%s.%s", t->keyspace, t->name);
            }
    return true;
}

bool table_finish(struct table *t, struct fault *f)
{
    if (t->column_count < 0 || t->column_count > TABLE_COLUMNS_MAX) {
        fault_set(f, FAULT_SCHEMA, "the table has %d columns, more than %d", t->column_count,
                  TABLE_COLUMNS_MAX);
        return fault_subject(f, "%s.%s", t->keyspace, t->name);
    }
    if (t->column_count)
        qsort(t->columns, (size_t)t->column_count, sizeof t->columns[0], compare_columns);
    t->partition_count = 0;
    t->key_count = 0;
    for (int i = 0; i < t->column_count; i++) {
        const struct column *c = &t->columns[i];
        t->partition_count += c->role == COLUMN_PARTITION;
        t->key_count += c->role == COLUMN_PARTITION || c->role == COLUMN_CLUSTERING;
        t->has_counter |= c->type.kind == TYPE_COUNTER;
    }
    if (t->partition_count == 0) {
        fault_set(f, FAULT_SCHEMA, "the table has no partition key");
        return fault_subject(f, "%s.%s", t->keyspace, t->name);
    }
    return names_differ(t, f);
}

int table_column(const struct table *t, const char *name)
{
    for (int i = 0; i < t->column_count; i++)
        if (t->columns[i].name[0] == name[0] && strcmp(t->columns[i].name, name) == 0)
            return i;
    return -1;
}

void table_full_name(const struct table *t, char *out, size_t size)
{
    snprintf(out, size, "%s.%s", t->keyspace, t->name);
}

void table_shape(const struct table *t, struct buf *out)
{
    buf_printf(out, "%s.%s(", t->keyspace, t->name);
    for (int i = 0; i < t->column_count; i++) {
        const struct column *c = &t->columns[i];
        buf_printf(out, "%s%s %s", i ? ", " : "", c->name, c->type.text);
        switch (c->role) {
        case COLUMN_PARTITION: buf_printf(out, " pk%d", c->position); break;
        case COLUMN_CLUSTERING: buf_printf(out, " ck%d", c->position); break;
        case COLUMN_STATIC: buf_append_text(out, " static"); break;
        case COLUMN_REGULAR: break;
        }
    }
    buf_append_char(out, ')');
}

struct table *table_copy(struct arena *a, const struct table *t)
{
    struct table *copy = arena_alloc(a, sizeof *copy);
    if (!copy)
        return NULL;
    *copy = *t;
    copy->columns = arena_array(a, (size_t)t->column_count, sizeof t->columns[0]);
    if (!copy->columns)
        return NULL;
    if (t->column_count)
        memcpy(copy->columns, t->columns, (size_t)t->column_count * sizeof t->columns[0]);
    return copy;
}

void table_columns_text(const struct table *t, struct buf *out)
{
    for (int i = 0; i < t->column_count; i++)
        buf_printf(out, "%s %s\n", t->columns[i].name, t->columns[i].type.text);
}
