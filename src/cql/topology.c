#include "cql/topology.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "cql/ring.h"
#include "move/type.h"

const char cql_topology_local[] =
    "SELECT host_id, data_center, rack, tokens, schema_version, rpc_address, broadcast_address, "
    "partitioner, release_version FROM system.local WHERE key = 'local'";
const char cql_topology_peers_v2[] =
    "SELECT host_id, data_center, rack, tokens, schema_version, native_address, peer, native_port "
    "FROM system.peers_v2";
const char cql_topology_peers[] =
    "SELECT host_id, data_center, rack, tokens, schema_version, rpc_address, peer "
    "FROM system.peers";

/* The cells that all three have, in this order. */
enum { HOST_ID, DATA_CENTER, RACK, TOKENS, SCHEMA_VERSION, ADDRESS, OTHER_ADDRESS, SHARED_CELLS };
enum { LOCAL_PARTITIONER = SHARED_CELLS, LOCAL_VERSION, LOCAL_CELLS };
enum { PEER_PORT = SHARED_CELLS, PEER_V2_CELLS };

void cql_topology_init(struct cql_topology *t)
{
    *t = (struct cql_topology){0};
}

void cql_topology_fini(struct cql_topology *t)
{
    free(t->members);
    free(t->tokens);
    cql_topology_init(t);
}

bool cql_ip_of(struct bytes b, struct cql_ip *out)
{
    static const uint8_t any[16] = {0};
    *out = (struct cql_ip){0};
    if ((b.n != 4 && b.n != 16) || memcmp(b.p, any, b.n) == 0)
        return false;
    memcpy(out->bytes, b.p, b.n);
    out->n = (uint8_t)b.n;
    return true;
}

bool cql_ip_equal(const struct cql_ip *a, const struct cql_ip *b)
{
    return a->n == b->n && a->n != 0 && memcmp(a->bytes, b->bytes, a->n) == 0;
}

const char *cql_ip_text(const struct cql_ip *ip, char text[CQL_IP_TEXT_MAX])
{
    if (ip->n == 0 || !inet_ntop(ip->n == 4 ? AF_INET : AF_INET6, ip->bytes, text, CQL_IP_TEXT_MAX))
        snprintf(text, CQL_IP_TEXT_MAX, "?");
    return text;
}

static bool take_name(char out[CQL_NAME_MAX], struct bytes name, const char *what, struct fault *f)
{
    if (name.n >= CQL_NAME_MAX)
        return fault_set(f, FAULT_UNSUPPORTED, "a node's %s has a name of more than %d bytes", what,
                         CQL_NAME_MAX - 1);
    memcpy(out, name.p, name.n);
    out[name.n] = '\0';
    return true;
}

static bool take_token(struct cql_topology *t, struct bytes text, struct fault *f)
{
    char digits[24], *end;
    if (text.n == 0 || text.n >= sizeof digits)
        return fault_set(f, FAULT_PROTOCOL, "a token of the ring is not a number");
    memcpy(digits, text.p, text.n);
    digits[text.n] = '\0';
    errno = 0;
    long long token = strtoll(digits, &end, 10);
    if (end != digits + text.n || errno != 0)
        return fault_set(f, FAULT_PROTOCOL, "a token of the ring is not a number");
    if (t->token_count == CQL_RING_TOKENS_MAX)
        return fault_set(f, FAULT_UNSUPPORTED, "the cluster has more than %d tokens",
                         CQL_RING_TOKENS_MAX);
    if (t->token_count == t->token_capacity) {
        int capacity = t->token_capacity ? t->token_capacity * 2 : 64;
        int64_t *tokens = realloc(t->tokens, (size_t)capacity * sizeof *tokens);
        if (!tokens)
            return fault_memory(f);
        t->tokens = tokens;
        t->token_capacity = capacity;
    }
    t->tokens[t->token_count++] = token;
    return true;
}

static struct cql_member *new_member(struct cql_topology *t, struct fault *f)
{
    if (t->count == CQL_NODES_MAX) {
        fault_set(f, FAULT_UNSUPPORTED, "the cluster has more than %d nodes", CQL_NODES_MAX);
        return NULL;
    }
    if (t->count == t->capacity) {
        int capacity = t->capacity ? t->capacity * 2 : 16;
        struct cql_member *members = realloc(t->members, (size_t)capacity * sizeof *members);
        if (!members)
            return fault_memory(f), NULL;
        t->members = members;
        t->capacity = capacity;
    }
    struct cql_member *m = &t->members[t->count++];
    *m = (struct cql_member){.first_token = t->token_count};
    return m;
}

/* A node that joins or leaves has a row in which some of it is missing. */
static bool is_whole(const struct bytes *cells)
{
    return cells[HOST_ID].n == 16 && cells[DATA_CENTER].n > 0 && cells[RACK].n > 0 &&
           list_count(cells[TOKENS]) > 0;
}

static bool take_member(struct cql_topology *t, const struct bytes *cells, int port,
                        struct fault *f)
{
    struct cql_member *m = new_member(t, f);
    struct bytes token;
    size_t cursor = 0;
    if (!m || !take_name(m->data_center, cells[DATA_CENTER], "data center", f) ||
        !take_name(m->rack, cells[RACK], "rack", f))
        return false;
    memcpy(m->host_id, cells[HOST_ID].p, 16);
    m->port = port;
    m->has_schema_version = cells[SCHEMA_VERSION].n == 16;
    if (m->has_schema_version)
        memcpy(m->schema_version, cells[SCHEMA_VERSION].p, 16);
    /* 0.0.0.0: it listens everywhere, so that the nodes' own address does. */
    if (!cql_ip_of(cells[ADDRESS], &m->ip))
        cql_ip_of(cells[OTHER_ADDRESS], &m->ip);
    while (list_next(cells[TOKENS], &cursor, &token))
        if (!take_token(t, token, f))
            return false;
    m->token_count = t->token_count - m->first_token;
    return true;
}

static bool check_partitioner(struct bytes name, struct fault *f)
{
    static const char suffix[] = "Murmur3Partitioner";
    size_t n = sizeof suffix - 1;
    if (name.n >= n && memcmp(name.p + name.n - n, suffix, n) == 0)
        return true;
    fault_set(f, FAULT_UNSUPPORTED, "the cluster uses the partitioner %.*s", (int)name.n,
              name.p ? (const char *)name.p : "?");
    return fault_hint(f, "only clusters with Murmur3Partitioner, the default, are supported");
}

bool cql_topology_take_local(struct cql_topology *t, struct cql_rows *rows, int port,
                             struct fault *f)
{
    struct bytes cells[LOCAL_CELLS];
    int got = cql_rows_next(rows, cells, LOCAL_CELLS, f);
    if (got < 0)
        return false;
    if (got == 0)
        return fault_set(f, FAULT_PROTOCOL, "system.local is empty");
    if (!check_partitioner(cells[LOCAL_PARTITIONER], f))
        return false;
    struct bytes version = cells[LOCAL_VERSION];
    if (version.p && ascii_is_printable(version))
        snprintf(t->version, sizeof t->version, "%.*s", (int)(version.n < 39 ? version.n : 39),
                 (const char *)version.p);
    if (!is_whole(cells)) {
        fault_set(f, FAULT_UNAVAILABLE, "the node is not a member of its cluster yet");
        return fault_hint(f, "wait until `nodetool status` shows it as UN, or name another node");
    }
    return take_member(t, cells, port, f);
}

static int by_address(const void *a, const void *b)
{
    const struct cql_member *x = a, *y = b;
    int order = memcmp(x->ip.bytes, y->ip.bytes, sizeof x->ip.bytes);
    return order ? order : x->port - y->port;
}

bool cql_topology_take_peers(struct cql_topology *t, struct cql_rows *rows, bool is_v2, int port,
                             struct fault *f)
{
    struct bytes cells[PEER_V2_CELLS];
    int got;
    while ((got = cql_rows_next(rows, cells, is_v2 ? PEER_V2_CELLS : SHARED_CELLS, f)) > 0) {
        int32_t own_port = port;
        struct cql_ip ip;
        if (!is_whole(cells) || cql_topology_find(t, cells[HOST_ID].p) >= 0 ||
            (!cql_ip_of(cells[ADDRESS], &ip) && !cql_ip_of(cells[OTHER_ADDRESS], &ip))) {
            t->skipped++;
            continue;
        }
        if (is_v2 && (!value_int(cells[PEER_PORT], &own_port) || own_port < 1 || own_port > 65535))
            own_port = port;
        if (!take_member(t, cells, own_port, f))
            return false;
    }
    if (t->count > 2) /* for people: the server has them in no order */
        qsort(t->members + 1, (size_t)t->count - 1, sizeof t->members[0], by_address);
    return got == 0;
}

bool cql_topology_schema_agrees(const struct cql_topology *t)
{
    const struct cql_member *first = NULL;
    for (int i = 0; i < t->count; i++) {
        const struct cql_member *m = &t->members[i];
        if (!m->has_schema_version)
            continue;
        if (first && memcmp(first->schema_version, m->schema_version, 16) != 0)
            return false;
        first = m;
    }
    return true;
}

int cql_topology_find(const struct cql_topology *t, const uint8_t host_id[16])
{
    for (int i = 0; i < t->count; i++)
        if (memcmp(t->members[i].host_id, host_id, 16) == 0)
            return i;
    return -1;
}
