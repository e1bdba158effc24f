/* cql/replicas.h: which nodes hold a token's rows, for one keyspace.
 *
 * Pure arithmetic over the ring, as SimpleStrategy and NetworkTopologyStrategy place replicas, racks
 * included. Only replicas in one data center are kept, since only those are asked.
 */
#ifndef CQL_REPLICAS_H
#define CQL_REPLICAS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/fault.h"
#include "cql/topology.h"

enum cql_strategy {
    CQL_STRATEGY_OTHER, /* Local-, EverywhereStrategy, or one that is not known: any node will do */
    CQL_STRATEGY_SIMPLE,
    CQL_STRATEGY_NETWORK,
};

struct cql_replication {
    enum cql_strategy strategy;
    int factor; /* of the whole cluster (Simple) or the one data center (Network) */
};

/* Reads system_schema.keyspaces.replication, a map<text, text>; |data_center| picks the factor. What
 * is damaged or not known becomes CQL_STRATEGY_OTHER. */
struct cql_replication cql_replication_of(struct bytes map, const char *data_center);

struct cql_replicas {
    int64_t *tokens;   /* where a range ends, ascending */
    int token_count;   /* 0: nothing is known */
    uint16_t *members; /* |width| numbers of the topology for each token, the primary first */
    uint8_t *counts;   /* how many of them there are */
    int width;
};

enum { CQL_REPLICAS_MAX = 32 };

/* FAULT_MEMORY. A replication that places nothing gives none, and true. */
bool cql_replicas_make(struct cql_replicas *out, const struct cql_topology *t,
                       struct cql_replication replication, const char *data_center,
                       struct fault *f);
void cql_replicas_fini(struct cql_replicas *r);

/* The replicas of |token|'s row in the data center: numbers of the topology's members. */
const uint16_t *cql_replicas_of(const struct cql_replicas *r, int64_t token, int *count);

#endif
