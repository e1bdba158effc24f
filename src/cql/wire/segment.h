/* cql/wire/segment.h: the segments around envelopes in v5 (native_protocol_v5.spec 2.2), both ways.
 *
 * Header integers are little-endian. With LZ4 the header has two lengths, and an uncompressed
 * length of 0 says that the payload is as it is.
 */
#ifndef CQL_WIRE_SEGMENT_H
#define CQL_WIRE_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/fault.h"

enum { CQL_SEGMENT_PAYLOAD_MAX = 131071 };

/* Appends segments that carry |envelopes|: one or more whole ones, one after the other. As many as
 * fit go into one self-contained segment; a longer one is spread over several. FAULT_MEMORY: |out|
 * is full, and as it was. */
bool cql_segments_append(struct buf *out, struct bytes envelopes, bool lz4, struct fault *f);

/* Reads the segment at the front of |in| and appends its payload, decompressed, to |payload|.
 *
 * |*used|            bytes of |in| that it took; 0: it is not whole yet, nothing was appended
 * |*self_contained|  it holds whole envelopes only
 *
 * FAULT_PROTOCOL: a checksum does not match or a length lies (the connection must be closed);
 * FAULT_MEMORY: |payload| is full. */
bool cql_segment_read(struct bytes in, bool lz4, struct buf *payload, size_t *used,
                      bool *self_contained, struct fault *f);

#endif
