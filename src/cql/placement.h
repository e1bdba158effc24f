/* cql/placement.h: the keyspaces of a cluster and where each one's rows are.
 *
 * Owns     each keyspace's replication, and its replicas once somebody asked for them.
 */
#ifndef CQL_PLACEMENT_H
#define CQL_PLACEMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"
#include "cql/replicas.h"
#include "cql/topology.h"
#include "cql/wire/rows.h"

enum { CQL_KEYSPACE_NAME_MAX = 64, CQL_KEYSPACES_MAX = 10000 };

struct cql_keyspace {
    char name[CQL_KEYSPACE_NAME_MAX];
    struct cql_replication replication;
    struct cql_replicas replicas;
    bool is_made; /* |replicas| */
};

struct cql_placement {
    struct cql_keyspace *keyspaces;
    int count, capacity;
    int last; /* the one that was asked for last: most requests in a row are of one keyspace */
};

extern const char cql_placement_query[];

void cql_placement_init(struct cql_placement *p);
void cql_placement_fini(struct cql_placement *p);

/* Takes the rows of system_schema.keyspaces. FAULT_PROTOCOL, FAULT_MEMORY. */
bool cql_placement_take(struct cql_placement *p, struct cql_rows *rows, const char *data_center,
                        struct fault *f);

/* The members of |t| in the data center that hold |token|'s row; none where nothing is known. */
const uint16_t *cql_placement_find(struct cql_placement *p, const struct cql_topology *t,
                                   const char *data_center, const char *keyspace, int64_t token,
                                   int *count);

#endif
