#include "cql/replicas.h"

#include <stdlib.h>
#include <string.h>

#include "move/type.h"

struct owned {
    int64_t token;
    uint16_t member;
};

/* "3", or "3/1": three of which one is transient and holds no rows for reading. */
static int factor_of(struct bytes text)
{
    int all = 0, transient = 0;
    int *part = &all;
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        if (c == '/' && part == &all)
            part = &transient;
        else if (c < '0' || c > '9' || *part > CQL_NODES_MAX)
            return 0;
        else
            *part = *part * 10 + (c - '0');
    }
    return all > transient ? all - transient : 0;
}

static bool ends_with(struct bytes text, const char *suffix)
{
    size_t n = strlen(suffix);
    return text.n >= n && memcmp(text.p + text.n - n, suffix, n) == 0;
}

struct cql_replication cql_replication_of(struct bytes map, const char *data_center)
{
    struct cql_replication out = {0};
    struct bytes key, value;
    size_t cursor = 4;
    int simple = 0, network = 0;
    int count = elements_count(map, 2);
    for (int i = 0; i < count; i++) {
        if (!element_next(map, &cursor, &key) || !element_next(map, &cursor, &value))
            return (struct cql_replication){0};
        if (bytes_are(key, "class"))
            out.strategy = ends_with(value, "SimpleStrategy")            ? CQL_STRATEGY_SIMPLE
                           : ends_with(value, "NetworkTopologyStrategy") ? CQL_STRATEGY_NETWORK
                                                                         : CQL_STRATEGY_OTHER;
        else if (bytes_are(key, "replication_factor"))
            simple = factor_of(value);
        /* A data center may well be called "replication_factor": not with NetworkTopologyStrategy. */
        else if (bytes_are(key, data_center))
            network = factor_of(value);
    }
    if (out.strategy != CQL_STRATEGY_OTHER)
        out.factor = out.strategy == CQL_STRATEGY_SIMPLE ? simple : network;
    return out;
}

void cql_replicas_fini(struct cql_replicas *r)
{
    free(r->tokens);
    free(r->members);
    free(r->counts);
    *r = (struct cql_replicas){0};
}

static int by_token(const void *a, const void *b)
{
    struct owned x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return (x.token > y.token) - (x.token < y.token);
}

/* The ring, ascending: who owns what ends at each token. NULL: no memory. */
static struct owned *ring_of(const struct cql_topology *t)
{
    struct owned *ring = calloc(t->token_count ? (size_t)t->token_count : 1, sizeof *ring);
    if (!ring)
        return NULL;
    int n = 0;
    for (int m = 0; m < t->count; m++)
        for (int i = 0; i < t->members[m].token_count; i++)
            ring[n++] = (struct owned){t->tokens[t->members[m].first_token + i], (uint16_t)m};
    qsort(ring, (size_t)n, sizeof *ring, by_token);
    return ring;
}

static bool is_in(const struct cql_topology *t, int member, const char *data_center)
{
    return strcmp(t->members[member].data_center, data_center) == 0;
}

static bool has(const uint16_t *members, int count, uint16_t member)
{
    for (int i = 0; i < count; i++)
        if (members[i] == member)
            return true;
    return false;
}

/* The first |factor| nodes of the ring from |at| on; of them, those in the data center. */
static int place_simple(const struct cql_topology *t, const struct owned *ring, int at, int factor,
                        const char *data_center, uint16_t *out)
{
    uint16_t all[CQL_REPLICAS_MAX];
    int found = 0, count = 0;
    for (int i = 0; i < t->token_count && found < factor; i++) {
        uint16_t member = ring[(at + i) % t->token_count].member;
        if (has(all, found, member))
            continue;
        all[found++] = member;
        if (is_in(t, member, data_center))
            out[count++] = member;
    }
    return count;
}

static bool has_rack(const struct cql_topology *t, const uint16_t *members, int count,
                     const char *rack)
{
    for (int i = 0; i < count; i++)
        if (strcmp(t->members[members[i]].rack, rack) == 0)
            return true;
    return false;
}

/* NetworkTopologyStrategy in one data center: each rack once, and |repeats| nodes, the first that
 * come, of racks that are taken already: as many as the factor is larger than the racks are. */
static int place_network(const struct cql_topology *t, const struct owned *ring, int at, int factor,
                         int repeats, const char *data_center, uint16_t *out)
{
    int count = 0;
    for (int i = 0; i < t->token_count && count < factor; i++) {
        uint16_t member = ring[(at + i) % t->token_count].member;
        if (!is_in(t, member, data_center) || has(out, count, member))
            continue;
        if (has_rack(t, out, count, t->members[member].rack)) {
            if (repeats <= 0)
                continue;
            repeats--;
        }
        out[count++] = member;
    }
    return count;
}

static int count_racks(const struct cql_topology *t, const char *data_center, int *node_count)
{
    int racks = 0;
    *node_count = 0;
    for (int i = 0; i < t->count; i++) {
        bool is_new = true;
        if (!is_in(t, i, data_center))
            continue;
        ++*node_count;
        for (int j = 0; j < i && is_new; j++)
            is_new =
                !is_in(t, j, data_center) || strcmp(t->members[i].rack, t->members[j].rack) != 0;
        racks += is_new;
    }
    return racks;
}

bool cql_replicas_make(struct cql_replicas *out, const struct cql_topology *t,
                       struct cql_replication replication, const char *data_center, struct fault *f)
{
    *out = (struct cql_replicas){0};
    int node_count;
    int repeats = replication.factor - count_racks(t, data_center, &node_count);
    bool is_network = replication.strategy == CQL_STRATEGY_NETWORK;
    int most = is_network ? node_count : t->count;
    int factor = replication.factor < most ? replication.factor : most;
    if (replication.strategy == CQL_STRATEGY_OTHER || factor < 1 || factor > CQL_REPLICAS_MAX ||
        t->token_count == 0)
        return true;
    size_t tokens = (size_t)t->token_count;
    struct owned *ring = ring_of(t);
    out->tokens = calloc(tokens, sizeof *out->tokens);
    out->members = calloc(tokens * (size_t)factor, sizeof *out->members);
    out->counts = calloc(tokens, sizeof *out->counts);
    if (!ring || !out->tokens || !out->members || !out->counts) {
        free(ring);
        cql_replicas_fini(out);
        return fault_memory(f);
    }
    out->width = factor;
    out->token_count = t->token_count;
    for (int i = 0; i < t->token_count; i++) {
        uint16_t *members = out->members + (size_t)i * (size_t)factor;
        out->tokens[i] = ring[i].token;
        out->counts[i] =
            (uint8_t)(is_network ? place_network(t, ring, i, factor, repeats, data_center, members)
                                 : place_simple(t, ring, i, factor, data_center, members));
    }
    free(ring);
    return true;
}

const uint16_t *cql_replicas_of(const struct cql_replicas *r, int64_t token, int *count)
{
    if (r->token_count == 0) {
        *count = 0;
        return NULL;
    }
    /* The first token that is not below it; behind the last one the ring begins again. */
    int low = 0, high = r->token_count;
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (r->tokens[middle] < token)
            low = middle + 1;
        else
            high = middle;
    }
    int at = low == r->token_count ? 0 : low;
    *count = r->counts[at];
    return r->members + (size_t)at * (size_t)r->width;
}
