/* v5 segments. First what a server may say: each segment is [self-contained | damaged][LZ4's plain
 * length][payload], and its checksums are made here, since no fuzzer guesses them. Then the law: what
 * cql_segments_append wraps comes out of cql_input as it went in. */
#include "fuzz/fuzz.h"

#include "cql/wire/compress.h"
#include "cql/wire/input.h"
#include "cql/wire/segment.h"

enum { ROOM = 1 << 20, BODY_MAX = 1 << 17, ENVELOPES_MAX = 8, SEGMENTS_MAX = 64 };

static void put_little(struct buf *b, uint64_t v, int bytes)
{
    for (int i = 0; i < bytes; i++)
        buf_append_u8(b, (uint8_t)(v >> (8 * i)));
}

static void put_segment(struct buf *out, struct bytes payload, size_t plain, bool lz4, uint8_t mode)
{
    uint64_t header = payload.n;
    size_t start = out->n;
    if (lz4)
        header |= (uint64_t)plain << 17;
    header |= (uint64_t)(mode & 1) << (lz4 ? 34 : 17);
    put_little(out, header, lz4 ? 5 : 3);
    put_little(out, crc24_of(out->p + start, out->n - start), 3);
    buf_append_bytes(out, payload);
    put_little(out, crc32_of(payload.p, payload.n) ^ (mode == 0xff), 4);
}

static void read_all(struct cql_input *in, struct bytes raw, size_t piece)
{
    struct fault f = {0};
    while (raw.n > 0) {
        struct bytes part = fuzz_take(&raw, piece);
        struct cql_envelope e;
        int got = 1;
        if (!cql_input_feed(in, part.p, part.n, &f))
            got = -1;
        while (got > 0 && (got = cql_input_next(in, &e, &f)) > 0)
            assert(e.body.n <= BODY_MAX);
        if (got < 0) {
            fuzz_check_fault(&f);
            return;
        }
    }
}

static void take_what_comes(struct bytes in, bool lz4, size_t piece)
{
    struct buf raw;
    struct cql_input input;
    buf_init(&raw, ROOM);
    cql_input_init(&input, BODY_MAX);
    cql_input_segments(&input, lz4);
    for (int i = 0; in.n > 0 && i < SEGMENTS_MAX; i++) {
        uint8_t mode = fuzz_u8(&in);
        size_t plain = (size_t)(mode & 2 ? fuzz_u16(&in) << 1 | (mode >> 2 & 1) : 0);
        put_segment(&raw, fuzz_take(&in, fuzz_u16(&in)), plain, lz4, mode);
    }
    if (!raw.failed)
        read_all(&input, buf_view(&raw), piece);
    cql_input_fini(&input);
    buf_fini(&raw);
}

/* Each envelope's body is a run of one byte behind some bytes of the input. */
static int make_envelopes(struct bytes in, struct buf *out, struct cql_dialect d)
{
    int count = 0;
    while (in.n > 0 && count < ENVELOPES_MAX) {
        size_t run = fuzz_u16(&in);
        struct bytes head = fuzz_short(&in);
        size_t start = cql_envelope_begin(out, d, (int16_t)count, CQL_SUPPORTED);
        buf_append_bytes(out, head);
        uint8_t *tail = buf_extend(out, run * 2);
        if (tail)
            memset(tail, count, run * 2);
        if (!cql_envelope_end(out, start, d, NULL))
            break;
        out->p[start] |= 0x80;
        count++;
    }
    return count;
}

static void what_is_wrapped_comes_out(struct bytes in, bool lz4, size_t piece)
{
    struct buf plain, raw;
    struct cql_input input;
    struct cql_envelope e;
    const struct cql_dialect v5 = {.version = 5, .lz4 = lz4};
    buf_init(&plain, ROOM);
    buf_init(&raw, 4 * ROOM);
    cql_input_init(&input, BODY_MAX * 2);
    cql_input_segments(&input, lz4);
    int count = make_envelopes(in, &plain, v5);
    assert(cql_segments_append(&raw, buf_view(&plain), lz4, NULL));
    struct bytes rest = buf_view(&raw), sent = buf_view(&plain);
    int seen = 0, got = 0;
    while (rest.n > 0 && got >= 0) {
        struct bytes part = fuzz_take(&rest, piece);
        assert(cql_input_feed(&input, part.p, part.n, NULL));
        while ((got = cql_input_next(&input, &e, NULL)) > 0) {
            assert(e.stream == seen++ && sent.n >= CQL_ENVELOPE_HEADER + e.body.n);
            assert(memcmp(sent.p + CQL_ENVELOPE_HEADER, e.body.p, e.body.n) == 0);
            fuzz_take(&sent, CQL_ENVELOPE_HEADER + e.body.n);
        }
    }
    assert(got == 0 && seen == count && sent.n == 0);
    cql_input_fini(&input);
    buf_fini(&raw);
    buf_fini(&plain);
}

static void what_is_compressed_comes_out(struct bytes in)
{
    struct buf packed, plain;
    if (in.n == 0)
        return;
    buf_init(&packed, ROOM);
    buf_init(&plain, in.n);
    assert(lz4_append(&packed, in) && lz4_expand(&plain, buf_view(&packed), in.n));
    assert(plain.n == in.n && memcmp(plain.p, in.p, in.n) == 0);
    buf_clear(&plain);
    assert(!lz4_expand(&plain, buf_view(&packed), in.n - 1) && plain.n == 0);
    buf_fini(&packed);
    buf_fini(&plain);
}

static void fuzz_one(struct bytes in)
{
    uint8_t mode = fuzz_u8(&in);
    size_t piece = 64 + (size_t)fuzz_u16(&in);
    bool lz4 = mode & 1;
    if (mode & 2) {
        what_is_wrapped_comes_out(in, lz4, piece);
        what_is_compressed_comes_out(in);
    } else {
        take_what_comes(in, lz4, piece);
    }
}
