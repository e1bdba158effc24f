/* tests/unit/cql/system_rows.h: rows of system tables, as a server sends them: bodies of RESULT. */
#ifndef TESTS_CQL_SYSTEM_ROWS_H
#define TESTS_CQL_SYSTEM_ROWS_H

#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/bytes.h"

struct node_row {
    uint8_t id;         /* the last byte of host_id; 0: null */
    uint8_t address[4]; /* rpc_address or native_address */
    uint8_t peer[4];
    int port;                /* of peers_v2; 0: null */
    const char *token;       /* NULL: null; several with blanks between them */
    const char *dc, *rack;   /* NULL: "dc1", "r1"; "": null */
    const char *partitioner; /* of system.local; NULL: Murmur3 */
    uint8_t schema;
};

/* A RESULT of ROWS without metadata: |columns| of type text, in one table. */
static inline void rows_begin(struct buf *b, int columns, uint32_t rows)
{
    buf_append_u32(b, 2);
    buf_append_u32(b, 4); /* no metadata */
    buf_append_u32(b, (uint32_t)columns);
    buf_append_u32(b, rows);
}

static inline void rows_cell(struct buf *b, struct bytes cell)
{
    buf_append_u32(b, cell.p ? (uint32_t)cell.n : UINT32_MAX);
    buf_append_bytes(b, cell);
}

static inline void rows_tokens(struct buf *b, const char *tokens)
{
    if (!tokens) {
        buf_append_u32(b, UINT32_MAX);
        return;
    }
    size_t start = b->n;
    uint32_t count = 0;
    buf_append_u32(b, 0);
    buf_append_u32(b, 0);
    while (*tokens) {
        size_t n = strcspn(tokens, " ");
        rows_cell(b, (struct bytes){(const uint8_t *)tokens, n});
        tokens += n + (tokens[n] == ' ');
        count++;
    }
    buf_put_u32(b, start, (uint32_t)(b->n - start - 4));
    buf_put_u32(b, start + 4, count);
}

/* The seven cells that all have. */
static inline void rows_node(struct buf *b, const struct node_row *r)
{
    uint8_t id[16] = {0}, schema[16] = {0};
    const char *dc = r->dc ? r->dc : "dc1", *rack = r->rack ? r->rack : "r1";
    id[15] = r->id;
    schema[15] = r->schema;
    rows_cell(b, r->id ? (struct bytes){id, 16} : bytes_null());
    rows_cell(b, dc[0] ? bytes_of(dc) : bytes_null());
    rows_cell(b, rack[0] ? bytes_of(rack) : bytes_null());
    rows_tokens(b, r->token);
    rows_cell(b, (struct bytes){schema, 16});
    rows_cell(b, (struct bytes){r->address, 4});
    rows_cell(b, (struct bytes){r->peer, 4});
}

static inline void rows_of_local(struct buf *b, const struct node_row *r)
{
    rows_begin(b, 9, 1);
    rows_node(b, r);
    rows_cell(b, bytes_of(r->partitioner ? r->partitioner
                                         : "org.apache.cassandra.dht.Murmur3Partitioner"));
    rows_cell(b, bytes_of("5.0.9"));
}

static inline void rows_of_peers(struct buf *b, const struct node_row *r, uint32_t count,
                                 bool is_v2)
{
    rows_begin(b, is_v2 ? 8 : 7, count);
    for (uint32_t i = 0; i < count; i++) {
        uint8_t port[4] = {0, 0, (uint8_t)(r[i].port >> 8), (uint8_t)r[i].port};
        rows_node(b, &r[i]);
        if (is_v2)
            rows_cell(b, r[i].port ? (struct bytes){port, 4} : bytes_null());
    }
}

static inline void rows_of_nothing(struct buf *b, int columns)
{
    rows_begin(b, columns, 0);
}

/* One keyspace; |replication| is "key", "value", …, NULL. */
static inline void rows_keyspace(struct buf *b, const char *name, const char *const *replication)
{
    rows_cell(b, bytes_of(name));
    size_t start = b->n;
    uint32_t count = 0;
    buf_append_u32(b, 0);
    buf_append_u32(b, 0);
    for (; replication[count]; count++)
        rows_cell(b, bytes_of(replication[count]));
    buf_put_u32(b, start, (uint32_t)(b->n - start - 4));
    buf_put_u32(b, start + 4, count / 2);
}

#endif
