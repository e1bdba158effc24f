/* cql/wire/reply.h: responses, decoded. Everything is checked before it is used or counted on; a
 * body that lies about a length gives FAULT_PROTOCOL. All views are of the envelope's body. Bytes
 * after the end of a message are ignored, as the specification wants.
 */
#ifndef CQL_WIRE_REPLY_H
#define CQL_WIRE_REPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/fault.h"
#include "cql/wire/envelope.h"
#include "cql/wire/error.h"
#include "cql/wire/rows.h"

enum cql_result_kind {
    CQL_RESULT_VOID = 1,
    CQL_RESULT_ROWS = 2,
    CQL_RESULT_SET_KEYSPACE = 3,
    CQL_RESULT_PREPARED = 4,
    CQL_RESULT_SCHEMA_CHANGE = 5,
};

struct cql_prepared {
    struct bytes id;
    struct bytes result_metadata_id; /* v5; else null */
    struct cql_columns markers;      /* one per "?" */
    struct bytes key_indices;        /* v4 and later: markers of the partition key, 16 bits each */
    struct cql_columns columns;      /* of the rows it will give; count 0 for writes */
};

struct cql_schema_change {
    struct bytes change; /* "CREATED", "UPDATED", "DROPPED" */
    struct bytes target; /* "KEYSPACE", "TABLE", "TYPE", "FUNCTION", "AGGREGATE" */
    struct bytes keyspace;
    struct bytes name;            /* null for a keyspace */
    struct cql_strings arguments; /* of a function or aggregate */
};

struct cql_result {
    enum cql_result_kind kind;
    struct cql_rows rows;
    struct bytes keyspace;
    struct cql_prepared prepared;
    struct cql_schema_change schema_change;
};

struct cql_event {
    struct bytes type;   /* "TOPOLOGY_CHANGE", "STATUS_CHANGE", "SCHEMA_CHANGE"; unknown ones too */
    struct bytes change; /* "NEW_NODE", "REMOVED_NODE", "UP", "DOWN"; null for others */
    struct cql_inet node; /* of the first two types */
    struct cql_schema_change schema_change;
};

struct cql_reply {
    enum cql_opcode opcode;
    union {
        struct cql_error error;       /* ERROR */
        struct bytes authenticator;   /* AUTHENTICATE: the class's name */
        struct bytes token;           /* AUTH_CHALLENGE, AUTH_SUCCESS; may be null */
        struct cql_strings supported; /* SUPPORTED: a string multimap */
        struct cql_result result;     /* RESULT */
        struct cql_event event;       /* EVENT */
    };
};

/* Decodes a response. FAULT_PROTOCOL. */
bool cql_reply_decode(const struct cql_envelope *e, struct cql_reply *out, struct fault *f);

/* Is |value| among what SUPPORTED offers under |key| ("COMPRESSION", "lz4")? Any case. */
bool cql_supports(const struct cql_reply *supported, const char *key, const char *value);

#endif
