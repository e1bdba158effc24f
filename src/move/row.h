/* move/row.h: a row as read: one cell per column of its table. */
#ifndef MOVE_ROW_H
#define MOVE_ROW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "move/table.h"

/* No writetime: the cell is null, is part of the key, or is a multi-cell collection. */
#define WRITETIME_NONE INT64_MIN

struct cell {
    struct bytes value; /* null: no value */
    int64_t writetime;  /* microseconds since 1970, or WRITETIME_NONE */
    int32_t ttl;        /* seconds left, 0: for ever */
    bool selected;      /* false: not read, so that nothing is known of it */
};

struct row {
    const struct table *table;
    struct cell *cells; /* table->column_count of them, in table order */
};

/* A row of null cells that are not selected, in |a|; .cells is NULL when memory is out. */
struct row row_new(struct arena *a, const struct table *t);

/* A copy with all its bytes in |a|. */
struct row row_copy(struct arena *a, const struct row *r);

/* The newest writetime over all cells that were read, or WRITETIME_NONE. */
int64_t row_writetime_max(const struct row *r);

/* Every column outside the key that was read is null. */
bool row_is_keys_only(const struct row *r);

#endif
