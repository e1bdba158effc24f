/* cql/wire/message.h: requests as bytes. Each function appends one whole envelope.
 *
 * On false |out| is as it was, and |f| says why: FAULT_MEMORY (|out| is full) or FAULT_INTERNAL
 * (something does not fit the protocol: a text of more than 65535 bytes, an unset value in v3). In
 * v5, once segments have begun, pass the bytes on through cql_segments_append.
 */
#ifndef CQL_WIRE_MESSAGE_H
#define CQL_WIRE_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/fault.h"
#include "cql/wire/opcode.h"

/* A bound value that leaves its column as it is (v4 and later). Null deletes the cell. */
struct bytes cql_unset(void);
bool cql_is_unset(struct bytes value);

/* What QUERY and EXECUTE carry beside the statement. */
struct cql_parameters {
    enum cql_consistency consistency;
    const struct bytes *values; /* in the order of the markers; may be null or unset */
    int value_count;
    bool skip_metadata;        /* the caller has the result's columns from PREPARE */
    int32_t page_rows;         /* 0: all rows at once */
    struct bytes paging_state; /* null: the first page */
    bool has_serial_consistency;
    enum cql_consistency serial_consistency; /* CQL_SERIAL or CQL_LOCAL_SERIAL */
    bool has_timestamp;
    int64_t timestamp; /* microseconds: the default timestamp of the written cells */
};

bool cql_message_options(struct buf *out, struct cql_dialect d, int16_t stream, struct fault *f);

/* CQL_VERSION 3.0.0, DRIVER_NAME tenantmove, DRIVER_VERSION, and COMPRESSION lz4 where d.lz4. */
bool cql_message_startup(struct buf *out, struct cql_dialect d, int16_t stream,
                         const char *driver_version, struct fault *f);

/* SASL PLAIN: NUL user NUL password. The bytes hold the password: wipe them (explicit_bzero)
 * when they are sent. */
bool cql_message_auth_plain(struct buf *out, struct cql_dialect d, int16_t stream, const char *user,
                            const char *password, struct fault *f);

bool cql_message_query(struct buf *out, struct cql_dialect d, int16_t stream, struct bytes cql,
                       const struct cql_parameters *p, struct fault *f);

bool cql_message_prepare(struct buf *out, struct cql_dialect d, int16_t stream, struct bytes cql,
                         struct fault *f);

/* |result_metadata_id|  of the PREPARED result; v5 only, ignored before */
bool cql_message_execute(struct buf *out, struct cql_dialect d, int16_t stream, struct bytes id,
                         struct bytes result_metadata_id, const struct cql_parameters *p,
                         struct fault *f);

/* |events|  "TOPOLOGY_CHANGE", "STATUS_CHANGE", "SCHEMA_CHANGE" */
bool cql_message_register(struct buf *out, struct cql_dialect d, int16_t stream,
                          const char *const *events, int event_count, struct fault *f);

#endif
