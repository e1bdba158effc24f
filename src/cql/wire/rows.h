/* cql/wire/rows.h: the columns and rows of a RESULT, read in place: no copies, no allocations.
 *
 * All views are of the envelope's body and live as long as it does.
 */
#ifndef CQL_WIRE_ROWS_H
#define CQL_WIRE_ROWS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/fault.h"
#include "cql/wire/reader.h"

/* Metadata of rows, or of a prepared statement's markers. */
struct cql_columns {
    int count;
    bool have_specs;           /* false: the server left the names and types out (skip_metadata) */
    struct bytes paging_state; /* null: this is the last page */
    struct bytes new_id;       /* v5, columns have changed: the new result metadata id; else null */
    bool global;               /* one keyspace and table for all columns */
    struct bytes keyspace, table;
    struct bytes specs; /* checked; walk it with cql_columns_first and _next */
};

struct cql_column {
    struct bytes keyspace, table, name;
    struct bytes type; /* its [option] as sent: equal bytes, equal types; cql_type_of reads it */
};

struct cql_column_walk {
    const struct cql_columns *columns;
    struct cql_reader reader;
    int left;
};

/* Decodes and checks metadata as it stands in rows. */
bool cql_columns_decode(struct cql_reader *r, int version, struct cql_columns *out,
                        struct fault *f);
/* As it stands in a PREPARED result: in v4 and later with the partition key's indices, 16 bits
 * each, in |*key_indices| (else null). */
bool cql_markers_decode(struct cql_reader *r, int version, struct cql_columns *out,
                        struct bytes *key_indices, struct fault *f);

struct cql_column_walk cql_columns_first(const struct cql_columns *columns);
bool cql_columns_next(struct cql_column_walk *w, struct cql_column *out);

struct cql_rows {
    struct cql_columns columns;
    int32_t count; /* rows in this page */
    int32_t left;
    struct cql_reader reader;
};

/* Decodes the metadata and the count: cql_rows_next does the rest. */
bool cql_rows_decode(struct cql_reader *r, int version, struct cql_rows *out, struct fault *f);

/* The next row: 1, with its cells in |cells|; 0: there is none; −1: FAULT_PROTOCOL.
 * |count|  the columns that the caller expects; another number of columns is FAULT_PROTOCOL too */
int cql_rows_next(struct cql_rows *rows, struct bytes *cells, int count, struct fault *f);

#endif
