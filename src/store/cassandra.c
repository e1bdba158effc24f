#include <stdio.h>
#include <stdlib.h>

#include "net/tls.h"
#include "store/cassandra_private.h"

enum {
    TIMEOUT_DEFAULT_MS = 12000,
    RETRIES_DEFAULT = 8,
    ROWS_PER_REQUEST = 10, /* of a batch over more partitions Cassandra warns */
    STATEMENT_MAX = 256 * 1024,
    KEY_MAX = 1 << 20,
    ROW_ARENA_MAX = 1 << 20,
};

static void cassandra_free(struct store *store)
{
    struct cassandra *s = (struct cassandra *)store;
    cql_client_free(s->client);
    tls_context_free(s->tls);
    cassandra_ops_free(s);
    arena_fini(&s->row_arena);
    buf_fini(&s->text);
    buf_fini(&s->key);
    free(s);
}

static void cassandra_about(struct store *store, struct store_about *out)
{
    struct cassandra *s = (struct cassandra *)store;
    *out = s->about;
}

static const struct store_adapter adapter = {
    .free = cassandra_free,
    .about = cassandra_about,
    .table = cassandra_table,
    .tables = cassandra_tables,
    .may_write = cassandra_may_write,
    .scan = cassandra_scan,
    .submit = cassandra_submit,
    .drive = cassandra_drive,
    .nodes = cassandra_nodes,
    .probe = cassandra_probe,
    .flow = cassandra_flow,
    .set_in_flight = cassandra_set_in_flight,
};

static bool parse_consistency(const char *name, struct cql_client_options *o, struct fault *f)
{
    o->consistency = CQL_LOCAL_QUORUM;
    bool known = !name || !name[0] || cql_consistency_parse(name, &o->consistency);
    bool usable = known && o->consistency != CQL_ANY && o->consistency != CQL_EACH_QUORUM &&
                  o->consistency != CQL_SERIAL && o->consistency != CQL_LOCAL_SERIAL;
    if (!usable) {
        fault_set(f, FAULT_USAGE,
                  known ? "consistency %s cannot be used: every move reads and writes"
                        : "there is no consistency level %s",
                  name);
        return fault_hint(f, "one of LOCAL_QUORUM, QUORUM, ALL, LOCAL_ONE, ONE, TWO, THREE");
    }
    bool is_local = o->consistency == CQL_LOCAL_QUORUM || o->consistency == CQL_LOCAL_ONE;
    o->serial_consistency = is_local ? CQL_LOCAL_SERIAL : CQL_SERIAL;
    return true;
}

static bool check_options(const struct store_options *o, struct fault *f)
{
    if (o->in_flight < 0 || o->in_flight > CQL_IN_FLIGHT_MAX)
        return fault_set(f, FAULT_USAGE, "%d requests in flight: must be between 1 and %d",
                         o->in_flight, CQL_IN_FLIGHT_MAX);
    if (o->rows_per_request < 0 || o->rows_per_request > GROUP_MAX)
        return fault_set(f, FAULT_USAGE, "%d rows per request: must be between 1 and %d",
                         o->rows_per_request, GROUP_MAX);
    if (o->protocol_version &&
        (o->protocol_version < CQL_VERSION_MIN || o->protocol_version > CQL_VERSION_MAX))
        return fault_set(f, FAULT_USAGE, "protocol version %d: must be between %d and %d",
                         o->protocol_version, CQL_VERSION_MIN, CQL_VERSION_MAX);
    return true;
}

static bool is_given(const char *path)
{
    return path && path[0];
}

/* Files without the switch: somebody believes that the password is encrypted, and it would not be. */
static bool prepare_tls(struct cassandra *s, const struct store_options *o, struct fault *f)
{
    const struct tls_options options = {
        .ca_file = o->ca_file,
        .certificate_file = o->certificate_file,
        .key_file = o->key_file,
        .verify = o->tls_verify,
        .prefix = "cassandra",
    };
    if (o->tls)
        return (s->tls = tls_context_new(&options, f)) != NULL;
    const char *file = is_given(o->ca_file)            ? o->ca_file
                       : is_given(o->certificate_file) ? o->certificate_file
                                                       : o->key_file;
    if (!is_given(file))
        return true;
    fault_set(f, FAULT_USAGE, "a file for TLS is given, and TLS is off");
    fault_subject(f, "%s", file);
    return fault_hint(f, "set cassandra-tls: yes, or leave the file out");
}

static bool connect_client(struct cassandra *s, const struct store_options *o, struct fault *f)
{
    struct cql_address *addresses = calloc(CQL_CONTACT_POINTS_MAX, sizeof *addresses);
    if (!addresses)
        return fault_memory(f);
    struct cql_client_options options = {
        .addresses = addresses,
        .address_count = cql_addresses_parse(o->address, o->port ? o->port : 9042, addresses, f),
        .local_dc = o->local_dc,
        .user = o->user,
        .password = o->password,
        .tls = s->tls,
        .lz4 = o->compression,
        .version = o->protocol_version,
        .in_flight = o->in_flight,
        .timeout_ms = o->request_timeout_ms > 0 ? o->request_timeout_ms : TIMEOUT_DEFAULT_MS,
        .max_retries = s->max_retries,
        .patience_ms = CQL_PATIENCE_MS,
        .pace = s->pace,
    };
    if (options.address_count > 0 && parse_consistency(o->consistency, &options, f))
        s->client = cql_client_open(s->loop, &options, f);
    free(addresses);
    if (!s->client)
        return false;
    snprintf(s->about.consistency, sizeof s->about.consistency, "%s",
             cql_consistency_name((int)options.consistency));
    if (s->tls)
        snprintf(s->about.encryption, sizeof s->about.encryption, "%s", tls_context_agreed(s->tls));
    s->about.is_verified = s->tls && o->tls_verify;
    return true;
}

struct store *store_cassandra_open(struct loop *loop, const struct store_options *o,
                                   struct fault *f)
{
    if (!check_options(o, f))
        return NULL;
    struct cassandra *s = calloc(1, sizeof *s);
    if (!s)
        return fault_memory(f), NULL;
    s->base.adapter = &adapter;
    s->loop = loop;
    s->has_login = o->user && o->user[0];
    s->pace = o->pace;
    s->rows_per_request = o->rows_per_request ? o->rows_per_request : ROWS_PER_REQUEST;
    s->max_retries = o->max_retries > 0 ? o->max_retries : RETRIES_DEFAULT;
    buf_init(&s->text, STATEMENT_MAX);
    buf_init(&s->key, KEY_MAX);
    arena_init(&s->row_arena, ROW_ARENA_MAX);
    if (!prepare_tls(s, o, f) || !connect_client(s, o, f) || !cassandra_ask_about(s, f)) {
        cassandra_free(&s->base);
        return NULL;
    }
    return &s->base;
}
