#include "cql/wire/segment.h"

#include "cql/wire/compress.h"
#include "cql/wire/envelope.h"

/* The lengths' place in the little-endian header number. */
enum { LENGTH_BITS = 17, CRC24_BYTES = 3, CRC32_BYTES = 4, PLAIN_HEADER = 3, LZ4_HEADER = 5 };

static const uint64_t LENGTH_MASK = CQL_SEGMENT_PAYLOAD_MAX;

static void put_little(uint8_t *p, uint64_t v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)(v >> (8 * i));
}

static uint64_t get_little(const uint8_t *p, size_t n)
{
    uint64_t v = 0;
    for (size_t i = n; i > 0; i--)
        v = v << 8 | p[i - 1];
    return v;
}

/* Appends what is between header and trailer: compressed only if that makes it smaller. */
static bool append_payload(struct buf *out, struct bytes payload, bool lz4, bool *compressed)
{
    size_t start = out->n;
    *compressed = lz4 && lz4_append(out, payload) && out->n - start < payload.n;
    if (*compressed)
        return true;
    out->n = start;
    out->failed = false;
    return buf_append_bytes(out, payload);
}

static bool append_segment(struct buf *out, struct bytes payload, bool self_contained, bool lz4)
{
    size_t header_bytes = lz4 ? LZ4_HEADER : PLAIN_HEADER;
    size_t start = out->n;
    if (!buf_extend(out, header_bytes + CRC24_BYTES))
        return false;
    size_t body = out->n;
    bool compressed;
    if (!append_payload(out, payload, lz4, &compressed))
        return false;

    size_t sent = out->n - body;
    uint64_t header = sent;
    int bits = LENGTH_BITS;
    if (lz4) {
        header |= (uint64_t)(compressed ? payload.n : 0) << LENGTH_BITS;
        bits += LENGTH_BITS;
    }
    header |= (uint64_t)self_contained << bits;
    put_little(out->p + start, header, header_bytes);
    put_little(out->p + start + header_bytes, crc24_of(out->p + start, header_bytes), CRC24_BYTES);
    uint32_t crc = crc32_of(out->p + body, sent);
    uint8_t *trailer = buf_extend(out, CRC32_BYTES);
    if (!trailer)
        return false;
    put_little(trailer, crc, CRC32_BYTES);
    return true;
}

/* The bytes of the first envelope of |b|, or 0 when it is not whole. */
static size_t envelope_bytes(struct bytes b)
{
    struct cql_reader r;
    cql_reader_init(&r, b);
    cql_read_raw(&r, CQL_ENVELOPE_HEADER - 4);
    size_t n = cql_read_u32(&r);
    cql_read_raw(&r, n);
    return r.failed ? 0 : CQL_ENVELOPE_HEADER + n;
}

static bool append_large(struct buf *out, struct bytes envelope, bool lz4)
{
    while (envelope.n > 0) {
        size_t n = envelope.n < CQL_SEGMENT_PAYLOAD_MAX ? envelope.n : CQL_SEGMENT_PAYLOAD_MAX;
        if (!append_segment(out, (struct bytes){envelope.p, n}, false, lz4))
            return false;
        envelope.p += n;
        envelope.n -= n;
    }
    return true;
}

/* Appends the next segment, or the segments of one large envelope; |*rest| loses what they carry.
 */
static bool append_next(struct buf *out, struct bytes *rest, bool lz4)
{
    size_t first = envelope_bytes(*rest);
    if (first == 0)
        return false;
    bool ok;
    if (first > CQL_SEGMENT_PAYLOAD_MAX) {
        ok = append_large(out, (struct bytes){rest->p, first}, lz4);
    } else {
        for (;;) {
            size_t next = envelope_bytes((struct bytes){rest->p + first, rest->n - first});
            if (next == 0 || first + next > CQL_SEGMENT_PAYLOAD_MAX)
                break;
            first += next;
        }
        ok = append_segment(out, (struct bytes){rest->p, first}, true, lz4);
    }
    rest->p += first;
    rest->n -= first;
    return ok;
}

bool cql_segments_append(struct buf *out, struct bytes envelopes, bool lz4, struct fault *f)
{
    size_t start = out->n;
    while (envelopes.n > 0) {
        bool whole = envelope_bytes(envelopes) > 0;
        if (whole && append_next(out, &envelopes, lz4))
            continue;
        out->n = start;
        out->failed = false;
        if (!whole)
            return fault_set(f, FAULT_INTERNAL, "a request was sent that is not whole");
        if (out->no_memory)
            return fault_memory(f);
        return fault_set(f, FAULT_MEMORY, "requests do not fit into their buffer of %zu bytes",
                         out->max);
    }
    return true;
}

bool cql_segment_read(struct bytes in, bool lz4, struct buf *payload, size_t *used,
                      bool *self_contained, struct fault *f)
{
    *used = 0;
    *self_contained = false;
    size_t header_bytes = lz4 ? LZ4_HEADER : PLAIN_HEADER;
    size_t prefix = header_bytes + CRC24_BYTES;
    if (in.n < prefix)
        return true;
    if (get_little(in.p + header_bytes, CRC24_BYTES) != crc24_of(in.p, header_bytes))
        return fault_set(f, FAULT_PROTOCOL, "a segment's header does not match its checksum");
    uint64_t header = get_little(in.p, header_bytes);
    size_t sent = (size_t)(header & LENGTH_MASK);
    size_t plain = lz4 ? (size_t)(header >> LENGTH_BITS & LENGTH_MASK) : 0;
    if (in.n - prefix < sent + CRC32_BYTES)
        return true;

    const uint8_t *body = in.p + prefix;
    if (get_little(body + sent, CRC32_BYTES) != crc32_of(body, sent))
        return fault_set(f, FAULT_PROTOCOL, "a segment's payload does not match its checksum");
    size_t need = plain ? plain : sent;
    if (payload->failed || need > payload->max - payload->n)
        return fault_set(f, FAULT_MEMORY, "segments carry more than %zu bytes", payload->max);
    struct bytes block = {body, sent};
    bool ok = plain ? lz4_expand(payload, block, plain) : buf_append_bytes(payload, block);
    if (!ok && payload->failed)
        return fault_memory(f);
    if (!ok)
        return fault_set(f, FAULT_PROTOCOL,
                         "a segment's payload is not what LZ4 makes of %zu bytes", plain);
    *used = prefix + sent + CRC32_BYTES;
    *self_contained = header >> (lz4 ? 2 * LENGTH_BITS : LENGTH_BITS) & 1;
    return true;
}
