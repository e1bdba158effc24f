/* cql/topology.h: the nodes of a cluster and their tokens, as one node's system tables tell them.
 *
 * Owns     what was read. Knows nothing of connections: rows in, nodes out. Nodes are told apart by
 * their host_id: addresses change.
 */
#ifndef CQL_TOPOLOGY_H
#define CQL_TOPOLOGY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/fault.h"
#include "cql/wire/rows.h"

enum { CQL_NODES_MAX = 4096, CQL_NAME_MAX = 96, CQL_IP_TEXT_MAX = 46 };

/* Where a node takes clients: bytes of an IPv4 or IPv6 address. */
struct cql_ip {
    uint8_t bytes[16];
    uint8_t n; /* 4 or 16; 0: not known */
};

struct cql_member {
    uint8_t host_id[16];
    struct cql_ip ip;
    int port;
    char data_center[CQL_NAME_MAX];
    char rack[CQL_NAME_MAX];
    uint8_t schema_version[16];
    bool has_schema_version;
    int first_token, token_count; /* in the topology's |tokens| */
};

struct cql_topology {
    struct cql_member *members; /* the node that was asked, then the others by address */
    int count, capacity;
    int64_t *tokens;
    int token_count, token_capacity;
    int skipped; /* rows of nodes that have no tokens, id or place: they are joining, or gone */
    char version[40]; /* of the node that was asked: "5.0.9" */
};

/* What to ask; peers_v2 came with Cassandra 4.0, and an older one answers INVALID. */
extern const char cql_topology_local[];
extern const char cql_topology_peers_v2[];
extern const char cql_topology_peers[];

void cql_topology_init(struct cql_topology *t);
void cql_topology_fini(struct cql_topology *t);

/* Takes the row of system.local; the first of all. |port| is where the node was reached.
 * FAULT_UNSUPPORTED: not Murmur3Partitioner; FAULT_PROTOCOL, FAULT_MEMORY. */
bool cql_topology_take_local(struct cql_topology *t, struct cql_rows *rows, int port,
                             struct fault *f);

/* Takes the rows of system.peers_v2 (|is_v2|) or system.peers. A node that is without host_id,
 * tokens, data center or rack, or whose host_id is known already, is left out. |port| is for those
 * that tell none. FAULT_UNSUPPORTED: too many nodes; FAULT_PROTOCOL, FAULT_MEMORY. */
bool cql_topology_take_peers(struct cql_topology *t, struct cql_rows *rows, bool is_v2, int port,
                             struct fault *f);

/* All nodes that told one have the same schema version. */
bool cql_topology_schema_agrees(const struct cql_topology *t);

/* Its number, or -1. */
int cql_topology_find(const struct cql_topology *t, const uint8_t host_id[16]);

/* "10.0.0.5"; "?" when it is not known. */
const char *cql_ip_text(const struct cql_ip *ip, char text[CQL_IP_TEXT_MAX]);
bool cql_ip_equal(const struct cql_ip *a, const struct cql_ip *b);
/* False: not 4 or 16 bytes, or the address that means "any". */
bool cql_ip_of(struct bytes b, struct cql_ip *out);

#endif
