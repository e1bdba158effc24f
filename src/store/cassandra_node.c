/* What the node says of itself and of the ring. */
#include <stdio.h>
#include <stdlib.h>

#include "store/cassandra_private.h"

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

bool cassandra_ring(struct cassandra *s, int64_t **tokens, int *token_count, int *node_count,
                    struct fault *f)
{
    const struct cql_topology *t = cql_client_topology(s->client);
    *tokens = calloc((size_t)t->token_count, sizeof **tokens);
    if (!*tokens)
        return fault_memory(f);
    memcpy(*tokens, t->tokens, (size_t)t->token_count * sizeof **tokens);
    *token_count = t->token_count;
    *node_count = t->count;
    return true;
}

#define YEAR_10000_MS INT64_C(253402300800000)

static bool take_clock(void *context, struct cql_result *result, struct fault *f)
{
    struct bytes cell;
    int got = cql_rows_next(&result->rows, &cell, 1, f);
    if (got < 0)
        return false;
    int64_t *ms = context;
    if (got == 1)
        value_bigint(cell, ms);
    if (*ms < 0 || *ms > YEAR_10000_MS)
        return fault_set(f, FAULT_PROTOCOL, "the server's clock tells a time that cannot be");
    return true;
}

bool cassandra_ask_about(struct cassandra *s, struct fault *f)
{
    static const char clock[] =
        "SELECT toUnixTimestamp(now()) FROM system.local WHERE key = 'local'";
    const struct cql_topology *t = cql_client_topology(s->client);
    bool ok = true;
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
    snprintf(s->about.product, sizeof s->about.product, "Cassandra %s", t->version);
    s->about.node_count = t->count;
    s->about.schema_agrees = cql_topology_schema_agrees(t);
    s->about.protocol_version = cql_client_version(s->client);
    s->about.is_compressed = cql_client_compresses(s->client);
    snprintf(s->about.address, sizeof s->about.address, "%s", cql_client_peer(s->client));
    return true;
}

void cassandra_nodes(struct store *store, bool reach,
                     void (*each)(void *context, const struct store_node *n), void *context)
{
    struct cassandra *s = (struct cassandra *)store;
    if (reach)
        cql_client_reach(s->client);
    for (int i = 0; i < cql_client_topology(s->client)->count; i++) {
        struct cql_node_view v = cql_client_node(s->client, i);
        const struct store_node n = {
            .address = v.address,
            .data_center = v.data_center,
            .rack = v.rack,
            .is_local = v.is_local,
            .is_contact = v.is_contact,
            .state = v.state == CQL_NODE_UP     ? STORE_NODE_UP
                     : v.state == CQL_NODE_DOWN ? STORE_NODE_DOWN
                                                : STORE_NODE_NOT_ASKED,
            .why = v.why,
        };
        each(context, &n);
    }
}
