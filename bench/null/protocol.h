/* null/protocol.h: envelopes in, envelopes out (native protocol v4 and v5).
 *
 * Owns     the statements that were prepared, on whatever connection.
 * Knows    nothing of sockets or segments.
 */
#ifndef NULL_PROTOCOL_H
#define NULL_PROTOCOL_H

#include "cql/wire/reader.h"
#include "rows.h"

enum { NULL_STATEMENTS_MAX = 256, NULL_VALUES_MAX = 64 };

struct null_server {
    struct null_space space;
    struct null_statement statements[NULL_STATEMENTS_MAX];
    int statement_count;
    int version_max;
    bool lz4;
    uint64_t scanned, written, read; /* what was asked of it */
};

struct null_request {
    int version, opcode;
    int16_t stream;
    struct cql_reader body;
};

/* Appends the answer. False: no memory. |*lz4| becomes what STARTUP asked for. */
bool null_answer(struct null_server *s, struct null_request *r, bool *lz4, struct buf *out);
void null_server_fini(struct null_server *s);

#endif
