/* embedded/rows.h: the rows of an embedded file, by key and in token order.
 *
 * Knows    no statement: a caller reads a row, changes it by the cell rules (cells.h) and keeps it,
 * in one transaction. Token    a hash of the partition key, spread over the whole ring. Not
 * Murmur3: only its evenness matters here.
 */
#ifndef EMBEDDED_ROWS_H
#define EMBEDDED_ROWS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "base/fault.h"
#include "embedded/cells.h"
#include "embedded/file.h"
#include "move/token_range.h"

/* A key as the file has it, its parts one behind the other with their lengths: partition key first.
 * FAULT_USAGE for a part that is null or an empty partition key, which Cassandra refuses too. */
bool rows_key(const struct table *t, const struct bytes *key, struct buf *out, struct fault *f);

/* Reads a row, or makes one that nothing was written to. All bytes live in |a|. */
bool rows_read(struct embedded *e, const struct table *t, const struct bytes *key, struct arena *a,
               struct kept_row *out, struct fault *f);

/* Writes it back. */
bool rows_keep(struct embedded *e, const struct table *t, const struct bytes *key,
               const struct kept_row *row, struct fault *f);

/* Every row of a range that was ever written to, dead ones too, |page_rows| at a time, so that
 * |each| may use the file. |key| has key_count values. All bytes live until |each| returns; false
 * from it, with its fault, stops. */
bool rows_scan(struct embedded *e, const struct table *t, struct token_range range, int page_rows,
               bool (*each)(void *context, const struct bytes *key, const struct kept_row *row,
                            struct fault *f),
               void *context, struct fault *f);

/* Every row of one partition. |partition| has partition_count values. */
bool rows_partition(struct embedded *e, const struct table *t, const struct bytes *partition,
                    bool (*each)(void *context, const struct bytes *key, const struct kept_row *row,
                                 struct fault *f),
                    void *context, struct fault *f);

/* Piece |i| of |count| even pieces of the ring. */
struct token_range rows_range(int i, int count);

#endif
