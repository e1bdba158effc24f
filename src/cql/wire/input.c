#include "cql/wire/input.h"

#include "cql/wire/compress.h"
#include "cql/wire/segment.h"

/* What may wait beside one largest body: what a socket hands over at once. */
enum { SLACK = 1 << 20 };

/* LZ4 packs at most 255 bytes into one: a block that promises more lies, and gets no memory. */
enum { LZ4_RATIO_MAX = 255 };

void cql_input_init(struct cql_input *in, size_t body_max)
{
    if (body_max == 0)
        body_max = CQL_ANSWER_MAX;
    else if (body_max > CQL_BODY_MAX)
        body_max = CQL_BODY_MAX;
    *in = (struct cql_input){.body_max = body_max};
    buf_init(&in->raw, body_max + SLACK);
    buf_init(&in->payload, body_max + SLACK);
    buf_init(&in->plain, body_max);
}

void cql_input_fini(struct cql_input *in)
{
    buf_fini(&in->raw);
    buf_fini(&in->payload);
    buf_fini(&in->plain);
}

void cql_input_segments(struct cql_input *in, bool lz4)
{
    in->segments = true;
    in->segment_lz4 = lz4;
}

/* Drops what is done with. */
static void compact(struct buf *b, size_t *used)
{
    buf_consume(b, *used);
    *used = 0;
}

static struct bytes unread(const struct buf *b, size_t used)
{
    struct bytes all = buf_view(b);
    return (struct bytes){all.p + used, all.n - used};
}

bool cql_input_feed(struct cql_input *in, const void *p, size_t n, struct fault *f)
{
    if (in->broken)
        return fault_set(f, FAULT_PROTOCOL, "the connection has failed before");
    compact(&in->raw, &in->raw_used);
    if (buf_append(&in->raw, p, n))
        return true;
    in->broken = true;
    if (in->raw.no_memory)
        return fault_memory(f);
    return fault_set(f, FAULT_MEMORY, "more than %zu bytes of answers wait unread", in->raw.max);
}

static bool expand_body(struct cql_input *in, struct cql_envelope *e, struct fault *f)
{
    struct cql_reader r;
    cql_reader_init(&r, e->body);
    uint32_t n = cql_read_u32(&r);
    if (r.failed || n > in->body_max || n / LZ4_RATIO_MAX > r.n)
        return fault_set(f, FAULT_PROTOCOL, "a compressed message lies about its length");
    buf_clear(&in->plain);
    if (n > 0 && !lz4_expand(&in->plain, (struct bytes){r.p, r.n}, n)) {
        if (in->plain.failed)
            return fault_memory(f);
        return fault_set(f, FAULT_PROTOCOL, "a compressed message does not decompress");
    }
    e->body = buf_view(&in->plain);
    return true;
}

/* Takes the first envelope of |b|: 1, 0 when it is not whole, −1. */
static int take(struct cql_input *in, struct buf *b, size_t *used, struct cql_envelope *e,
                struct fault *f)
{
    struct bytes rest = unread(b, *used);
    if (rest.n < CQL_ENVELOPE_HEADER) {
        /* A server of another protocol may say less than a header and wait. */
        if (rest.n > 0 && !(rest.p[0] & 0x80)) {
            uint8_t header[CQL_ENVELOPE_HEADER] = {rest.p[0]};
            size_t body_bytes;
            cql_envelope_header(header, in->body_max, e, &body_bytes, f);
            return -1;
        }
        return 0;
    }
    size_t n;
    if (!cql_envelope_header(rest.p, in->body_max, e, &n, f))
        return -1;
    if (rest.n - CQL_ENVELOPE_HEADER < n)
        return 0;
    e->body = (struct bytes){rest.p + CQL_ENVELOPE_HEADER, n};
    *used += CQL_ENVELOPE_HEADER + n;
    if (e->flags & CQL_FLAG_COMPRESSED) {
        if (in->segments)
            return fault_set(f, FAULT_PROTOCOL, "a message inside a segment is compressed"), -1;
        if (!expand_body(in, e, f))
            return -1;
    }
    return cql_envelope_strip(e, f) ? 1 : -1;
}

/* Moves one segment's payload over: 1, 0 when none is whole, −1. */
static int take_segment(struct cql_input *in, struct fault *f)
{
    compact(&in->payload, &in->payload_used);
    size_t before = in->payload.n, used;
    bool self_contained;
    if (!cql_segment_read(unread(&in->raw, in->raw_used), in->segment_lz4, &in->payload, &used,
                          &self_contained, f))
        return -1;
    if (used == 0)
        return 0;
    in->raw_used += used;
    if (self_contained && before > 0)
        return fault_set(f, FAULT_PROTOCOL, "a large message was broken off by another segment"),
               -1;
    in->in_large = !self_contained;
    return 1;
}

static int next(struct cql_input *in, struct cql_envelope *e, struct fault *f)
{
    if (!in->segments)
        return take(in, &in->raw, &in->raw_used, e, f);
    for (;;) {
        int got = take(in, &in->payload, &in->payload_used, e, f);
        if (got != 0)
            return got;
        if (in->payload.n > in->payload_used && !in->in_large)
            return fault_set(f, FAULT_PROTOCOL, "a segment ends inside a message"), -1;
        *e =
            (struct cql_envelope){0}; /* the one that is not whole is not to blame for what comes */
        int segment = take_segment(in, f);
        if (segment <= 0)
            return segment;
    }
}

int cql_input_next(struct cql_input *in, struct cql_envelope *e, struct fault *f)
{
    *e = (struct cql_envelope){0};
    if (in->broken)
        return fault_set(f, FAULT_PROTOCOL, "the connection has failed before"), -1;
    int got = next(in, e, f);
    if (got < 0)
        in->broken = true;
    return got;
}
