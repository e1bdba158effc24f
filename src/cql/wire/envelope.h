/* cql/wire/envelope.h: one message with its 9-byte header (native_protocol_v5.spec 2.3.1; v3 and
 * v4: 2).
 *
 * Knows    nothing of segments (v5), nor of what a body means.
 */
#ifndef CQL_WIRE_ENVELOPE_H
#define CQL_WIRE_ENVELOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/fault.h"
#include "cql/wire/opcode.h"
#include "cql/wire/reader.h"

enum {
    CQL_ENVELOPE_HEADER = 9,
    CQL_BODY_MAX = 256 << 20, /* the protocol's own limit */
    CQL_EVENT_STREAM = -1,
};

enum cql_envelope_flag {
    CQL_FLAG_COMPRESSED = 0x01,
    CQL_FLAG_TRACING = 0x02,
    CQL_FLAG_CUSTOM_PAYLOAD = 0x04,
    CQL_FLAG_WARNING = 0x08,
    CQL_FLAG_BETA = 0x10,
};

struct cql_envelope {
    int version; /* without the direction bit */
    bool is_response;
    uint8_t flags;
    int16_t stream;
    uint8_t opcode;
    struct bytes body; /* of a response from cql_input_next: decompressed and without its prefix */
    struct cql_strings warnings; /* a string list; often empty */
};

/* Begins a request: appends the header with room for the length. Returns where it begins, for
 * cql_envelope_end. */
size_t cql_envelope_begin(struct buf *out, struct cql_dialect d, int16_t stream,
                          enum cql_opcode opcode);

/* Ends it: sets the length; in v3 and v4 with LZ4 compresses the body if that makes it smaller
 * (never of STARTUP and OPTIONS). FAULT_MEMORY when |out| was full: |out| then ends at |start|. */
bool cql_envelope_end(struct buf *out, size_t start, struct cql_dialect d, struct fault *f);

/* Reads a header from |p|, which has CQL_ENVELOPE_HEADER bytes. |*body_bytes| is what follows it.
 * FAULT_UNSUPPORTED: a first byte that no CQL server of v3 to v5 sends, or a request's;
 * FAULT_PROTOCOL: a body longer than |body_max|. */
bool cql_envelope_header(const uint8_t *p, size_t body_max, struct cql_envelope *out,
                         size_t *body_bytes, struct fault *f);

/* Takes [trace id][warnings][custom payload] off the front of a decompressed response body. */
bool cql_envelope_strip(struct cql_envelope *e, struct fault *f);

#endif
