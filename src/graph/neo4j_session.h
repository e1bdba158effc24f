/* graph/neo4j_session.h: one server, one login, one endpoint: asks a statement and brings the rows.
 *
 * Owns     the HTTP client, the login, retries of what was rolled back.
 * Knows    nothing of nodes and properties.
 */
#ifndef GRAPH_NEO4J_SESSION_H
#define GRAPH_NEO4J_SESSION_H

#include "graph/graph.h"
#include "graph/neo4j_reply.h"

struct neo4j_session;

/* Finds the endpoint. FAULT_UNREACHABLE, FAULT_DENIED, FAULT_SCHEMA (no such database),
 * FAULT_UNSUPPORTED (no Neo4j, or not its HTTP port), FAULT_USAGE. */
struct neo4j_session *neo4j_session_open(struct loop *loop, const struct graph_options *o,
                                         struct fault *f);
void neo4j_session_free(struct neo4j_session *s);
void neo4j_session_about(const struct neo4j_session *s, struct graph_about *out);

/* Asks in a transaction of its own. Cuts, 5xx and Neo.TransientError are asked again, so a writing
 * statement must be idempotent. |reply| must be fini'd in any case. */
bool neo4j_ask(struct neo4j_session *s, const char *statement, struct bytes parameters,
               bool is_write, struct neo4j_reply *reply, struct fault *f);

#endif
