/* tests/unit/cql/scripted_tables.h: what a Cassandra of one node says of itself, and of one table: results
 * of rows, without their kind, for the scripted server and for seeds. All columns are given as text: the
 * store looks at the cells' bytes alone.
 */
#ifndef TESTS_CQL_SCRIPTED_TABLES_H
#define TESTS_CQL_SCRIPTED_TABLES_H

#include "samples.h"
#include "system_rows.h"

/* Columns of a result, then its count of rows; cells follow. */
static inline void tables_begin(struct buf *b, int columns, const char *paging_state, uint32_t rows)
{
    buf_append_u32(b, paging_state ? 3 : 1);
    buf_append_u32(b, (uint32_t)columns);
    if (paging_state)
        put_cell(b, paging_state);
    put_string(b, "system");
    put_string(b, "local");
    for (int i = 0; i < columns; i++) {
        put_string(b, "v");
        buf_append_u16(b, 0x0D);
    }
    buf_append_u32(b, rows);
}

static inline void tables_put_cell(struct buf *b, const char *p, size_t n)
{
    buf_append_u32(b, (uint32_t)n);
    buf_append(b, p, n);
}

/* The node, its peers (none), keyspaces (none), the clock. False: something else was asked. */
static inline bool tables_opening(struct buf *b, const char *text)
{
    static const struct node_row row = {.id = 1, .address = {10, 0, 0, 5}, .token = "-123"};
    struct buf whole;
    if (strstr(text, "toUnixTimestamp")) {
        tables_begin(b, 1, NULL, 1);
        tables_put_cell(b, "\0\0\1\x8b\xcf\xe5\x68\0", 8);
        return true;
    }
    buf_init(&whole, 1 << 16);
    if (strstr(text, "FROM system.local"))
        rows_of_local(&whole, &row);
    else if (strstr(text, "FROM system.peers"))
        rows_of_nothing(&whole, strstr(text, "peers_v2") ? 8 : 7);
    else if (strstr(text, "FROM system_schema.keyspaces"))
        rows_of_nothing(&whole, 2);
    if (whole.n > 0)
        buf_append(b, whole.p + 4, whole.n - 4);
    bool known = whole.n > 0;
    buf_fini(&whole);
    return known;
}

/* A table (id text, n int). False: something else was asked. */
static inline bool tables_schema(struct buf *b, const char *text)
{
    if (strstr(text, "SELECT flags")) {
        tables_begin(b, 1, NULL, 1);
        tables_put_cell(b,
                        "\0\0\0\1\0\0\0\x08"
                        "compound",
                        16);
    } else if (strstr(text, "FROM system_schema.columns")) {
        tables_begin(b, 4, NULL, 2);
        put_cell(b, "id");
        put_cell(b, "partition_key");
        tables_put_cell(b, "\0\0\0\0", 4);
        put_cell(b, "text");
        put_cell(b, "n");
        put_cell(b, "regular");
        tables_put_cell(b, "\xff\xff\xff\xff", 4);
        put_cell(b, "int");
    } else if (strstr(text, "FROM system_schema.triggers")) {
        tables_begin(b, 1, NULL, 0);
    } else if (strstr(text, "FROM system_schema.tables")) {
        tables_begin(b, 2, NULL, 1);
        put_cell(b, "ks");
        put_cell(b, "t");
    } else {
        return false;
    }
    return true;
}

/* A page of one row of that table: id, n, writetime and TTL of n. */
static inline void tables_page(struct buf *b, const char *id, const char *paging_state)
{
    tables_begin(b, 4, paging_state, 1);
    put_cell(b, id);
    tables_put_cell(b, "\0\0\0\7", 4);
    tables_put_cell(b, "\0\5\xe0\0\0\0\0\0", 8);
    put_cell(b, NULL);
}

#endif
