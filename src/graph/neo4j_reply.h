/* graph/neo4j_reply.h: what Neo4j's three HTTP endpoints answer, and which of them a server has.
 * Pure: no I/O.
 *
 * Source: Neo4j's HTTP API and Query API documentation; in both, a 200 with "errors" was rolled
 * back.
 */
#ifndef GRAPH_NEO4J_REPLY_H
#define GRAPH_NEO4J_REPLY_H

#include "base/buf.h"
#include "base/bytes.h"
#include "base/fault.h"
#include "move/json.h"

enum neo4j_endpoint {
    NEO4J_QUERY, /* /db/{name}/query/v2: 5.25 and later */
    NEO4J_TX,    /* /db/{name}/tx/commit: 4.x and later */
    NEO4J_DATA,  /* /db/data/transaction/commit: 3.x */
};

enum { NEO4J_PATH_MAX = 160, NEO4J_CANDIDATES = 3 };

struct neo4j_candidate {
    enum neo4j_endpoint endpoint;
    char path[NEO4J_PATH_MAX];
};

/* "query/v2", "tx/commit", "transaction/commit" */
const char *neo4j_endpoint_name(enum neo4j_endpoint endpoint);

/* Which endpoints to try, best first. |root| is the answer to `GET /` (null: it could not be asked:
 * try all); of the addresses in it only the paths are used, since servers name themselves as they
 * know themselves from inside. |version| gets "5.26.30", or "" when the answer does not say (or says
 * what is no version).
 * Returns how many, at least one. */
int neo4j_candidates(struct bytes root, const char *database,
                     struct neo4j_candidate out[NEO4J_CANDIDATES], char version[32]);

/* The request's body. |parameters| is a JSON object. "statement" comes first: servers before
 * 2026.08 need it so. */
void neo4j_body(struct buf *out, enum neo4j_endpoint endpoint, const char *statement,
                struct bytes parameters, bool is_write);

struct neo4j_reply {
    struct json *document; /* freed by neo4j_reply_fini */
    enum neo4j_endpoint endpoint;
    json_value rows;
};

enum neo4j_verdict {
    NEO4J_OK,
    NEO4J_AGAIN,    /* rolled back, and may pass next time */
    NEO4J_NOT_HERE, /* this endpoint does not exist */
    NEO4J_FAILED,
};

/* Reads an answer. Unless NEO4J_OK, |f| says why: FAULT_DENIED, FAULT_SCHEMA (no such database),
 * FAULT_UNAVAILABLE, FAULT_SERVER (with Neo4j's code and message), FAULT_PROTOCOL. |reply| must be
 * fini'd in any case. */
enum neo4j_verdict neo4j_reply_read(struct neo4j_reply *reply, enum neo4j_endpoint endpoint,
                                    int status, struct bytes body, struct fault *f);
void neo4j_reply_fini(struct neo4j_reply *reply);

size_t neo4j_reply_count(const struct neo4j_reply *reply);
/* The row's array of columns, or NULL. */
json_value neo4j_reply_row(const struct neo4j_reply *reply, size_t i);

#endif
