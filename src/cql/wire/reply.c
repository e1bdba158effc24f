#include "cql/wire/reply.h"

#include <string.h>
#include <strings.h>

static bool ends_early(enum cql_opcode opcode, struct fault *f)
{
    return fault_set(f, FAULT_PROTOCOL, "a %s message ends too early", cql_opcode_name(opcode));
}

static void read_schema_change(struct cql_reader *r, struct cql_schema_change *out)
{
    *out = (struct cql_schema_change){0};
    cql_reader_init(&out->arguments.reader, bytes_null());
    out->change = cql_read_string(r);
    out->target = cql_read_string(r);
    out->keyspace = cql_read_string(r);
    if (bytes_are(out->target, "KEYSPACE"))
        return;
    out->name = cql_read_string(r);
    if (bytes_are(out->target, "FUNCTION") || bytes_are(out->target, "AGGREGATE"))
        out->arguments = cql_read_string_list(r);
}

static bool read_prepared(struct cql_reader *r, int version, struct cql_prepared *out,
                          struct fault *f)
{
    *out = (struct cql_prepared){0};
    out->id = cql_read_short_bytes(r);
    if (version >= 5)
        out->result_metadata_id = cql_read_short_bytes(r);
    if (!r->failed && out->id.n == 0)
        return fault_set(f, FAULT_PROTOCOL, "the server prepared a statement without an id");
    return cql_markers_decode(r, version, &out->markers, &out->key_indices, f) &&
           cql_columns_decode(r, version, &out->columns, f);
}

static bool read_result(struct cql_reader *r, int version, struct cql_result *out, struct fault *f)
{
    int32_t kind = cql_read_i32(r);
    if (r->failed)
        return ends_early(CQL_RESULT, f);
    *out = (struct cql_result){.kind = (enum cql_result_kind)kind};
    switch (kind) {
    case CQL_RESULT_VOID: return true;
    case CQL_RESULT_ROWS: return cql_rows_decode(r, version, &out->rows, f);
    case CQL_RESULT_PREPARED: return read_prepared(r, version, &out->prepared, f);
    case CQL_RESULT_SET_KEYSPACE: out->keyspace = cql_read_string(r); break;
    case CQL_RESULT_SCHEMA_CHANGE: read_schema_change(r, &out->schema_change); break;
    default:
        return fault_set(f, FAULT_PROTOCOL, "a RESULT message of kind %d, which does not exist",
                         kind);
    }
    return !r->failed || ends_early(CQL_RESULT, f);
}

static void read_event(struct cql_reader *r, struct cql_event *out)
{
    *out = (struct cql_event){0};
    out->type = cql_read_string(r);
    if (bytes_are(out->type, "TOPOLOGY_CHANGE") || bytes_are(out->type, "STATUS_CHANGE")) {
        out->change = cql_read_string(r);
        out->node = cql_read_inet(r);
    } else if (bytes_are(out->type, "SCHEMA_CHANGE")) {
        read_schema_change(r, &out->schema_change);
    }
}

bool cql_reply_decode(const struct cql_envelope *e, struct cql_reply *out, struct fault *f)
{
    struct cql_reader r;
    cql_reader_init(&r, e->body);
    *out = (struct cql_reply){.opcode = (enum cql_opcode)e->opcode};
    switch (e->opcode) {
    case CQL_ERROR: return cql_error_decode(e->body, e->version, &out->error, f);
    case CQL_RESULT: return read_result(&r, e->version, &out->result, f);
    case CQL_READY: return true;
    case CQL_AUTHENTICATE: out->authenticator = cql_read_string(&r); break;
    case CQL_AUTH_CHALLENGE:
    case CQL_AUTH_SUCCESS: out->token = cql_read_bytes(&r); break;
    case CQL_SUPPORTED: out->supported = cql_read_string_multimap(&r); break;
    case CQL_EVENT: read_event(&r, &out->event); break;
    default:
        return fault_set(f, FAULT_PROTOCOL, "the server sends a message of kind 0x%02X (%s)",
                         e->opcode, cql_opcode_name(e->opcode));
    }
    return !r.failed || ends_early((enum cql_opcode)e->opcode, f);
}

static bool same_text(struct bytes b, const char *text)
{
    return b.p && b.n == strlen(text) && strncasecmp((const char *)b.p, text, b.n) == 0;
}

bool cql_supports(const struct cql_reply *supported, const char *key, const char *value)
{
    struct cql_strings map = supported->supported, values;
    struct bytes k, v;
    while (cql_string_multimap_next(&map, &k, &values)) {
        if (!same_text(k, key))
            continue;
        while (cql_string_list_next(&values, &v))
            if (same_text(v, value))
                return true;
    }
    return false;
}
