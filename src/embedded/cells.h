/* embedded/cells.h: one row with Cassandra's cell rules. Pure: no I/O, no clock.
 *
 * Owns     which write wins: per cell the newer timestamp; a row tombstone covers what is not
 * newer; a row exists while its marker or any cell is live. Ties     as Cassandra's
 * Cells.resolveRegular and LivenessInfo.supersedes: a cell that is deleted or expires beats one
 *          that does neither, deleted beats expiring, later expiry beats earlier, then the greater
 * value (bytes). Differs  a list, set or map is one cell with one timestamp, not one per element.
 *
 * The same writes in any order give the same row.
 */
#ifndef EMBEDDED_CELLS_H
#define EMBEDDED_CELLS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "base/fault.h"
#include "move/row.h"
#include "move/table.h"

enum { KEPT_ROW_BYTES_MAX = 64 * 1024 * 1024 };

struct kept_cell {
    int64_t timestamp;  /* microseconds; WRITETIME_NONE: never written */
    int64_t expires;    /* second since 1970 from which it is dead; 0: never */
    struct bytes value; /* null: tombstone */
};

struct kept_row {
    int64_t deleted;         /* timestamp of the row tombstone, or WRITETIME_NONE */
    struct kept_cell marker; /* .value unused; timestamp WRITETIME_NONE: none */
    struct kept_cell *cells; /* by column number; those of the key stay empty */
    int column_count;
};

/* A row that nothing was ever written to; false: out of memory. */
bool kept_row_new(struct arena *a, const struct table *t, struct kept_row *out);

/* Whichever of the row and this write wins. |cell.value| is borrowed. A list, set or map without
 * elements is null, as in Cassandra. */
void kept_row_write(struct kept_row *r, const struct table *t, int column, struct kept_cell cell);
void kept_row_mark(struct kept_row *r, int64_t timestamp, int64_t expires);
void kept_row_delete(struct kept_row *r, int64_t timestamp);

/* What a reader sees at |now| (seconds). */
bool kept_cell_is_live(const struct kept_cell *c, int64_t now);
bool kept_row_is_live(const struct kept_row *r, int64_t now);

/* As a SELECT would give it: keys always, |selected| columns (NULL: all) with writetime and what is
 * left of the TTL; a multi-cell collection without either. Values are borrowed from |r| and |key|.
 * False: out of memory. */
bool kept_row_view(const struct kept_row *r, const struct table *t, const struct bytes *key,
                   const bool *selected, int64_t now, struct arena *a, struct row *out);

/* Its bytes in the file. Decoding borrows values from |blob|; FAULT_DAMAGED. */
bool kept_row_encode(const struct kept_row *r, struct buf *out);
bool kept_row_decode(struct bytes blob, const struct table *t, struct arena *a,
                     struct kept_row *out, struct fault *f);

#endif
