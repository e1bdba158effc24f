/* cql/wire/input.h: what comes from one connection, cut into envelopes.
 *
 *   cql_input_feed(in, p, n, f);
 *   while ((got = cql_input_next(in, &e, f)) > 0)
 *       …;
 *
 * Plain envelopes first; in v5 segments from cql_input_segments on. After a fault the connection
 * must be closed: every later call gives a fault again.
 */
#ifndef CQL_WIRE_INPUT_H
#define CQL_WIRE_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/fault.h"
#include "cql/wire/envelope.h"

struct cql_input {
    struct buf raw;     /* as received */
    size_t raw_used;    /* bytes at its front that are done with */
    struct buf payload; /* v5: what segments carried */
    size_t payload_used;
    struct buf plain; /* v3, v4: the last body, decompressed */
    size_t body_max;
    bool segments;
    bool segment_lz4;
    bool in_large; /* v5: the last segment was one of several of a large envelope */
    bool broken;   /* a fault was reported */
};

/* What an answer may weigh, unless the owner says otherwise: a page is about 1 MB, and is in memory
 * whole, so that a server cannot make us take the protocol's 256 MB. */
enum { CQL_ANSWER_MAX = 64 << 20 };

/* |body_max|  no body, compressed or not, may be longer; 0: CQL_ANSWER_MAX; at most CQL_BODY_MAX */
void cql_input_init(struct cql_input *in, size_t body_max);
void cql_input_fini(struct cql_input *in);

/* From the next byte on, the server sends v5 segments: call it on READY or AUTHENTICATE of a v5
 * connection, before the next cql_input_next. */
void cql_input_segments(struct cql_input *in, bool lz4);

/* Takes received bytes. FAULT_MEMORY: more than one largest body is waiting unread. */
bool cql_input_feed(struct cql_input *in, const void *p, size_t n, struct fault *f);

/* The next whole response: 1; 0: more bytes are needed; −1: |f| is set, and when one message is to
 * blame, |e| has its header (is_response). The envelope's views live until the next call on |in|.
 * The version is the server's: compare it with the agreed one. */
int cql_input_next(struct cql_input *in, struct cql_envelope *e, struct fault *f);

#endif
