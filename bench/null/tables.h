/* null/tables.h: what the null server knows: two tables of Sunbird, and a node's own tables.
 *
 * Knows    nothing of bytes on the wire but the encoding of single values.
 */
#ifndef NULL_TABLES_H
#define NULL_TABLES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/bytes.h"

enum { NULL_COLUMNS_MAX = 24 };

/* The numbers of native_protocol_v5.spec 4.2.5.2. */
enum null_type {
    NULL_BIGINT = 0x0002,
    NULL_BOOLEAN = 0x0004,
    NULL_INT = 0x0009,
    NULL_UUID = 0x000C,
    NULL_TEXT = 0x000D,
    NULL_INET = 0x0010,
    NULL_MAP_OF_TEXT = 0x0021,
    NULL_SET_OF_TEXT = 0x0022,
};

struct null_column {
    const char *name;
    enum null_type type;
    bool is_key;
    const char *value; /* of every row of others; for the tenant's see null_cell */
};

struct null_table {
    const char *keyspace, *name;
    int column_count;
    struct null_column columns[NULL_COLUMNS_MAX];
};

#define NULL_SOURCE "01241408242723225614"
#define NULL_TARGET "01246375399411712074"

/* sunbird.user, sunbird.organisation, or NULL. */
const struct null_table *null_table_find(struct bytes keyspace, struct bytes name);
/* The column's place, or -1. */
int null_table_column(const struct null_table *t, struct bytes name);

/* Appends a value without its length; false: it is null. |is_tenant|: of a row of the source. */
bool null_user_cell(int column, bool is_tenant, struct buf *out);
/* A cell of the organisation with this id; the key too. */
bool null_organisation_cell(struct bytes id, int column, struct buf *out);

/* Tables under system, system_schema and so on: how many rows the answer has; those that are not
 * known are empty. |values|: what the markers were bound to. */
int null_system_rows(struct bytes table, const struct bytes *values, int value_count);
enum null_type null_system_type(struct bytes column);
bool null_system_cell(struct bytes table, struct bytes column, int row, const struct bytes *values,
                      int value_count, struct buf *out);

#endif
