/* move/table.h: a table of the live cluster: its columns, in one fixed order.
 *
 * Columns stand in the order partition key, clustering key, static, regular; regular ones by name.
 * That order is what `struct row` uses, and the hash covers it.
 */
#ifndef MOVE_TABLE_H
#define MOVE_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/fault.h"
#include "move/type.h"

enum { NAME_TEXT_MAX = 64, TABLE_COLUMNS_MAX = 512 };

enum column_role { COLUMN_PARTITION, COLUMN_CLUSTERING, COLUMN_STATIC, COLUMN_REGULAR };

struct column {
    char name[NAME_TEXT_MAX];
    enum column_role role;
    int position; /* in the partition or clustering key, from 0; -1 otherwise */
    struct type type;
};

struct table {
    char keyspace[NAME_TEXT_MAX];
    char name[NAME_TEXT_MAX];
    struct column *columns;
    int column_count;
    int partition_count; /* columns[0 … partition_count) */
    int key_count;       /* columns[0 … key_count) are the whole primary key */
    bool has_trigger;
    bool has_counter;
};

/* Puts the columns into the fixed order and fills the counts. Columns may come in any order;
 * FAULT_SCHEMA when there is no partition key, a name is twice, or there are too many. */
bool table_finish(struct table *t, struct fault *f);

/* The column's place, or -1. */
int table_column(const struct table *t, const char *name);

/* "keyspace.name" into |out|, at least 2 * NAME_TEXT_MAX bytes. */
void table_full_name(const struct table *t, char *out, size_t size);

/* A text of the whole shape, for hashing: "ks.name(id text pk0, rootorgid text, …)". */
void table_shape(const struct table *t, struct buf *out);

/* The columns as one line each, "name type\n", in table order: what a ledger keeps so that reports
 * can show values. */
void table_columns_text(const struct table *t, struct buf *out);

/* A copy that lives in |a|, or NULL. */
struct table *table_copy(struct arena *a, const struct table *t);

#endif
