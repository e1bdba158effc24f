/* cql/statement.h: prepared statements, found by their text.
 *
 * Owns     each statement's text and the id that the cluster gave it.
 * Knows    nothing of connections, or which node has it prepared: an id is the same on every node.
 */
#ifndef CQL_STATEMENT_H
#define CQL_STATEMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/fault.h"
#include "cql/wire/reply.h"

/* A copy of a moved row names the columns that have a value: there are as many texts as subsets. */
enum { CQL_STATEMENTS_MAX = 32768, CQL_STATEMENT_BUCKETS = 1024, CQL_ID_MAX = 64 };

struct cql_statement {
    struct cql_statement *next; /* in its bucket */
    int number;                 /* from 0 on */
    uint64_t hash;
    uint8_t *text;
    size_t text_bytes;
    uint8_t id[CQL_ID_MAX]; /* what any node gives must be the same */
    size_t id_bytes;        /* 0: never prepared */
    uint8_t metadata_id[CQL_ID_MAX];
    size_t metadata_id_bytes;
    int marker_count;
};

struct cql_statements {
    struct cql_statement *buckets[CQL_STATEMENT_BUCKETS];
    int count;
};

void cql_statements_fini(struct cql_statements *s);

/* The one with this text, made when there is none. NULL: FAULT_MEMORY, or too many of them. */
struct cql_statement *cql_statements_find(struct cql_statements *s, struct bytes text,
                                          struct fault *f);

/* Takes what PREPARE gave. False: the id is not the one that it had before (FAULT_SCHEMA: the table
 * was changed under us), or cannot be kept (FAULT_PROTOCOL). */
bool cql_statement_prepared(struct cql_statement *s, const struct cql_prepared *p, struct fault *f);

/* The rows' columns have a new id (v5). */
void cql_statement_columns_changed(struct cql_statement *s, struct bytes new_id);

struct bytes cql_statement_text(const struct cql_statement *s);
struct bytes cql_statement_id(const struct cql_statement *s);
struct bytes cql_statement_metadata_id(const struct cql_statement *s);

#endif
