/* What the node says of itself and of the ring. */
#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "store/cassandra_private.h"

enum { NODES_MAX = 4096 };

struct ring_reading {
    int64_t *tokens;
    int count, capacity;
    int nodes;
    struct store_about *about;
    uint8_t schema_version[16];
    bool agrees;
};

bool cassandra_ask_local(struct cassandra *s, const char *cql, const struct bytes *values,
                         int value_count,
                         bool (*each)(void *context, struct cql_result *result, struct fault *f),
                         void *context, struct fault *f)
{
    struct cql_request r = {
        .values = values,
        .value_count = value_count,
        .purpose = CQL_FOR_ROW,
        .is_local = true,
    };
    r.statement = cql_client_statement(s->client, bytes_of(cql), f);
    return r.statement && cql_client_ask(s->client, &r, each, context, f);
}

static bool add_token(struct ring_reading *ring, struct bytes text, struct fault *f)
{
    char digits[24];
    if (text.n == 0 || text.n >= sizeof digits)
        return fault_set(f, FAULT_PROTOCOL, "a token of the ring is not a number");
    memcpy(digits, text.p, text.n);
    digits[text.n] = '\0';
    char *end;
    long long token = strtoll(digits, &end, 10);
    if (*end != '\0')
        return fault_set(f, FAULT_PROTOCOL, "a token of the ring is not a number");
    if (ring->count == ring->capacity) {
        int capacity = ring->capacity ? ring->capacity * 2 : 64;
        int64_t *tokens = realloc(ring->tokens, (size_t)capacity * sizeof *tokens);
        if (!tokens)
            return fault_memory(f);
        ring->tokens = tokens;
        ring->capacity = capacity;
    }
    ring->tokens[ring->count++] = token;
    return true;
}

static bool add_node(struct ring_reading *ring, struct bytes tokens, struct fault *f)
{
    struct bytes token;
    size_t cursor = 0;
    if (list_count(tokens) <= 0)
        return true; /* it is joining or leaving, and has no range yet */
    while (list_next(tokens, &cursor, &token))
        if (!add_token(ring, token, f))
            return false;
    ring->nodes++;
    return true;
}

static bool take_local(void *context, struct cql_result *result, struct fault *f)
{
    static const char suffix[] = "Murmur3Partitioner";
    struct ring_reading *ring = context;
    struct bytes cells[4];
    int got = cql_rows_next(&result->rows, cells, 4, f);
    if (got < 0)
        return false;
    if (got == 0)
        return fault_set(f, FAULT_PROTOCOL, "system.local is empty");
    struct bytes partitioner = cells[1];
    size_t n = sizeof suffix - 1;
    if (partitioner.n < n || memcmp(partitioner.p + partitioner.n - n, suffix, n) != 0) {
        fault_set(f, FAULT_UNSUPPORTED, "the cluster uses the partitioner %.*s", (int)partitioner.n,
                  (const char *)partitioner.p);
        return fault_hint(f, "only clusters with Murmur3Partitioner, the default, are supported");
    }
    if (ring->about)
        snprintf(ring->about->product, sizeof ring->about->product, "Cassandra %.*s",
                 ascii_is_printable(cells[2]) ? (int)(cells[2].n < 40 ? cells[2].n : 40) : 0,
                 (const char *)cells[2].p);
    if (cells[3].n == 16)
        memcpy(ring->schema_version, cells[3].p, 16);
    return add_node(ring, cells[0], f);
}

static bool take_peers(void *context, struct cql_result *result, struct fault *f)
{
    struct ring_reading *ring = context;
    struct bytes cells[2];
    int got;
    while ((got = cql_rows_next(&result->rows, cells, 2, f)) > 0) {
        if (ring->nodes >= NODES_MAX)
            return fault_set(f, FAULT_UNSUPPORTED, "the cluster has more than %d nodes", NODES_MAX);
        if (!add_node(ring, cells[0], f))
            return false;
        if (cells[1].n == 16 && memcmp(cells[1].p, ring->schema_version, 16) != 0)
            ring->agrees = false;
    }
    return got == 0;
}

static bool read_ring(struct cassandra *s, struct ring_reading *ring, struct fault *f)
{
    ring->agrees = true;
    return cassandra_ask_local(s,
                               "SELECT tokens, partitioner, release_version, schema_version "
                               "FROM system.local WHERE key = 'local'",
                               NULL, 0, take_local, ring, f) &&
           cassandra_ask_local(s, "SELECT tokens, schema_version FROM system.peers", NULL, 0,
                               take_peers, ring, f);
}

bool cassandra_ring(struct cassandra *s, int64_t **tokens, int *token_count, int *node_count,
                    struct fault *f)
{
    struct ring_reading ring = {0};
    if (!read_ring(s, &ring, f)) {
        free(ring.tokens);
        return false;
    }
    *tokens = ring.tokens;
    *token_count = ring.count;
    *node_count = ring.nodes;
    return true;
}

static bool take_clock(void *context, struct cql_result *result, struct fault *f)
{
    struct bytes cell;
    int got = cql_rows_next(&result->rows, &cell, 1, f);
    if (got < 0)
        return false;
    if (got == 1)
        value_bigint(cell, context);
    return true;
}

bool cassandra_ask_about(struct cassandra *s, struct fault *f)
{
    static const char clock[] =
        "SELECT toUnixTimestamp(now()) FROM system.local WHERE key = 'local'";
    struct ring_reading ring = {.about = &s->about};
    bool ok = read_ring(s, &ring, f);
    free(ring.tokens);
    /* Twice: the first time includes the preparation. */
    int64_t server_ms = 0, before = 0;
    for (int i = 0; ok && i < 2; i++) {
        before = clock_now_us();
        server_ms = 0;
        ok = cassandra_ask_local(s, clock, NULL, 0, take_clock, &server_ms, f);
    }
    if (!ok)
        return false;
    int64_t middle = before + (clock_now_us() - before) / 2;
    /* The server's clock is read in whole milliseconds. */
    s->about.clock_offset_us = server_ms ? server_ms * 1000 + 500 - middle : 0;
    s->about.node_count = ring.nodes;
    s->about.schema_agrees = ring.agrees;
    s->about.protocol_version = cql_client_version(s->client);
    snprintf(s->about.address, sizeof s->about.address, "%s", cql_client_peer(s->client));
    return true;
}
