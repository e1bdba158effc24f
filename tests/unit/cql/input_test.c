#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "cql/wire/compress.h"
#include "cql/wire/message.h"
#include "properties.h"
#include "random.h"
#include "samples.h"

enum { BODY_MAX = 1 << 18, ROOM = 4 << 20 };

struct world {
    struct cql_input in;
    struct buf raw; /* what the server sends */
};

static int fresh(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    cql_input_init(&w->in, BODY_MAX);
    buf_init(&w->raw, ROOM);
    *state = w;
    return 0;
}

static int done(void **state)
{
    struct world *w = *state;
    cql_input_fini(&w->in);
    buf_fini(&w->raw);
    free(w);
    return 0;
}

/* Puts a response; |flags| and the direction bit are set by hand, as only servers do. */
static void put_response(struct buf *out, struct cql_dialect d, int16_t stream, uint8_t flags,
                         struct bytes body)
{
    size_t start = cql_envelope_begin(out, d, stream, CQL_SUPPORTED);
    buf_append_bytes(out, body);
    assert_true(cql_envelope_end(out, start, d, NULL));
    out->p[start] |= 0x80;
    out->p[start + 1] |= flags;
}

static int feed_all(struct world *w, struct cql_envelope *e, struct fault *f)
{
    assert_true(cql_input_feed(&w->in, w->raw.p, w->raw.n, f));
    return cql_input_next(&w->in, e, f);
}

static void assert_fault(struct world *w, enum fault_code code)
{
    struct cql_envelope e;
    struct fault f = {0};
    assert_int_equal(feed_all(w, &e, &f), -1);
    assert_int_equal(f.code, code);
    /* and it stays */
    assert_int_equal(cql_input_next(&w->in, &e, &f), -1);
    assert_false(cql_input_feed(&w->in, "", 0, &f));
}

static const struct cql_dialect v4 = {.version = 4}, v4_lz4 = {.version = 4, .lz4 = true},
                                v5 = {.version = 5};

static void an_envelope_is_whole_with_its_last_byte(void **state)
{
    struct world *w = *state;
    struct cql_envelope e;
    put_response(&w->raw, v4, -1, 0, bytes_of("hello"));
    for (size_t i = 0; i < w->raw.n; i++) {
        assert_int_equal(cql_input_next(&w->in, &e, NULL), 0);
        assert_true(cql_input_feed(&w->in, w->raw.p + i, 1, NULL));
    }
    assert_int_equal(cql_input_next(&w->in, &e, NULL), 1);
    assert_int_equal(e.version, 4);
    assert_true(e.is_response);
    assert_int_equal(e.stream, CQL_EVENT_STREAM);
    assert_int_equal(e.opcode, CQL_SUPPORTED);
    assert_true(bytes_are(e.body, "hello"));
    assert_int_equal(cql_input_next(&w->in, &e, NULL), 0);
}

static void a_prefix_is_taken_off(void **state)
{
    struct world *w = *state;
    struct buf body;
    struct cql_envelope e;
    struct bytes warning;
    buf_init(&body, 1000);
    buf_append_text(&body, "0123456789abcdef");
    buf_append_u16(&body, 2);
    put_string(&body, "one");
    put_string(&body, "two");
    buf_append_u16(&body, 1);
    put_string(&body, "key");
    put_cell(&body, "payload");
    buf_append_text(&body, "rest");
    put_response(&w->raw, v4, 0, 0x02 | 0x04 | 0x08, buf_view(&body));
    assert_int_equal(feed_all(w, &e, NULL), 1);
    assert_true(bytes_are(e.body, "rest"));
    assert_true(cql_string_list_next(&e.warnings, &warning));
    assert_true(bytes_are(warning, "one"));
    assert_true(cql_string_list_next(&e.warnings, &warning));
    assert_false(cql_string_list_next(&e.warnings, &warning));
    buf_fini(&body);
}

static void a_prefix_longer_than_its_body_is_refused(void **state)
{
    struct world *w = *state;
    put_response(&w->raw, v4, 0, 0x02, bytes_of("0123456789abcde"));
    assert_fault(w, FAULT_PROTOCOL);
}

static void a_compressed_body_is_decompressed(void **state)
{
    struct world *w = *state;
    static char text[5001];
    struct cql_envelope e;
    memset(text, 'x', sizeof text - 1);
    put_response(&w->raw, v4_lz4, 7, 0, bytes_of(text));
    assert_true(w->raw.n < 200);
    assert_int_equal(w->raw.p[1], CQL_FLAG_COMPRESSED);
    assert_int_equal(feed_all(w, &e, NULL), 1);
    assert_true(bytes_are(e.body, text));
    buf_clear(&w->raw);
    put_response(&w->raw, v4_lz4, 7, 0, bytes_of("short"));
    assert_int_equal(w->raw.p[1], 0);
    assert_int_equal(feed_all(w, &e, NULL), 1);
    assert_true(bytes_are(e.body, "short"));
}

static void an_empty_compressed_body_is_empty(void **state)
{
    struct world *w = *state;
    struct cql_envelope e;
    put_response(&w->raw, v4, 0, CQL_FLAG_COMPRESSED,
                 (struct bytes){(const uint8_t *)"\0\0\0\0", 5});
    assert_int_equal(feed_all(w, &e, NULL), 1);
    assert_int_equal(e.body.n, 0);
}

static void noise_is_not_made_larger_by_compression(void **state)
{
    struct world *w = *state;
    static uint8_t noise[1000];
    struct random random = {7};
    struct cql_envelope e;
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (uint8_t)random_u64(&random);
    put_response(&w->raw, v4_lz4, 7, 0, (struct bytes){noise, sizeof noise});
    assert_int_equal(w->raw.n, CQL_ENVELOPE_HEADER + sizeof noise);
    assert_int_equal(feed_all(w, &e, NULL), 1);
    assert_memory_equal(e.body.p, noise, sizeof noise);
}

static void a_compressed_body_that_lies_is_refused(void **state)
{
    (void)state;
    static const char *const lies[] = {
        "\x7f\xff\xff\xff\x50hello", "\xff\xff\xff\xff\x50hello", "\x00\x04\x00\x01\x50hello",
        "\x00\x00\x00\x06\x50hello", "\x00\x00\x00\x04\x50hello",
    };
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        void *fresh_world;
        fresh(&fresh_world);
        struct world *w = fresh_world;
        put_response(&w->raw, v4, 0, CQL_FLAG_COMPRESSED,
                     (struct bytes){(const uint8_t *)lies[i], 10});
        assert_fault(w, FAULT_PROTOCOL);
        assert_true(w->in.plain.capacity <= BODY_MAX + 1);
        done(&fresh_world);
    }
}

static void a_body_over_the_limit_is_refused_by_its_header(void **state)
{
    struct world *w = *state;
    assert_true(buf_append(&w->raw, "\x84\x00\x00\x00\x06\x00\x04\x00\x01", 9));
    assert_fault(w, FAULT_PROTOCOL);
}

static void another_protocol_s_first_byte_is_refused(void **state)
{
    struct world *w = *state;
    assert_true(buf_append(&w->raw, "H", 1));
    assert_fault(w, FAULT_UNSUPPORTED);
}

static void an_http_server_is_told_from_cassandra(void **state)
{
    struct world *w = *state;
    struct cql_envelope e;
    struct fault f = {0};
    assert_true(buf_append_text(&w->raw, "HTTP/1.1 400 Bad Request\r\n"));
    assert_int_equal(feed_all(w, &e, &f), -1);
    assert_int_equal(f.code, FAULT_UNSUPPORTED);
    assert_string_equal(f.text, "the answer is not of the CQL protocol");
    assert_true(f.hint[0] != '\0');
}

static void a_version_that_is_not_known_is_refused(void **state)
{
    struct world *w = *state;
    assert_true(buf_append(&w->raw, "\x82\x00\x00\x00\x00\x00\x00\x00\x01", 9));
    assert_fault(w, FAULT_UNSUPPORTED);
}

static void segments_begin_where_they_are_told_to(void **state)
{
    struct world *w = *state;
    struct buf envelopes;
    struct cql_envelope e;
    buf_init(&envelopes, ROOM);
    put_response(&w->raw, v5, 1, 0, bytes_of("plain"));
    put_response(&envelopes, v5, 2, 0, bytes_of("two"));
    put_response(&envelopes, v5, 3, 0, bytes_of("three"));
    assert_true(cql_segments_append(&w->raw, buf_view(&envelopes), true, NULL));
    assert_int_equal(feed_all(w, &e, NULL), 1);
    assert_true(bytes_are(e.body, "plain"));
    cql_input_segments(&w->in, true);
    assert_int_equal(cql_input_next(&w->in, &e, NULL), 1);
    assert_true(bytes_are(e.body, "two"));
    assert_int_equal(cql_input_next(&w->in, &e, NULL), 1);
    assert_true(bytes_are(e.body, "three"));
    assert_int_equal(cql_input_next(&w->in, &e, NULL), 0);
    buf_fini(&envelopes);
}

static void envelopes_come_out_as_they_went_in_whatever_the_pieces(void **state)
{
    (void)state;
    struct random random = {8};
    static uint8_t body[200000];
    for (int round = 0; round < 60; round++) {
        void *fresh_world;
        fresh(&fresh_world);
        struct world *w = fresh_world;
        struct buf plain;
        buf_init(&plain, ROOM);
        bool segments = round % 3 != 0, lz4 = round & 1;
        struct cql_dialect d = {.version = segments ? 5 : 4, .lz4 = lz4};
        size_t sizes[10], count = 1 + random_below_n(&random, 10);
        for (size_t i = 0; i < count; i++) {
            sizes[i] = random_below_n(&random, random_below_n(&random, 5) ? 3000 : sizeof body);
            memset(body, (int)i, sizes[i]);
            put_response(&plain, d, (int16_t)i, 0, (struct bytes){body, sizes[i]});
        }
        if (segments) {
            cql_input_segments(&w->in, lz4);
            assert_true(cql_segments_append(&w->raw, buf_view(&plain), lz4, NULL));
        } else {
            assert_true(buf_append_bytes(&w->raw, buf_view(&plain)));
        }
        size_t seen = 0;
        for (size_t at = 0; at < w->raw.n;) {
            size_t piece = 1 + random_below_n(&random, 70000);
            if (piece > w->raw.n - at)
                piece = w->raw.n - at;
            struct cql_envelope e;
            int got;
            assert_true(cql_input_feed(&w->in, w->raw.p + at, piece, NULL));
            while ((got = cql_input_next(&w->in, &e, NULL)) > 0) {
                assert_int_equal(e.stream, seen);
                assert_int_equal(e.body.n, sizes[seen]);
                memset(body, (int)seen, sizes[seen]);
                assert_memory_equal(e.body.p, body, e.body.n);
                seen++;
            }
            assert_int_equal(got, 0);
            at += piece;
        }
        assert_int_equal(seen, count);
        buf_fini(&plain);
        done(&fresh_world);
    }
}

/* A segment of |n| bytes of an envelope with 200,000, as a server that loses its place sends it. */
static void put_part(struct buf *out, bool self_contained, size_t n)
{
    struct buf envelope;
    buf_init(&envelope, ROOM);
    static uint8_t body[200000];
    put_response(&envelope, v5, 1, 0, (struct bytes){body, sizeof body});
    uint32_t header = (uint32_t)n | (uint32_t)self_contained << 17;
    size_t start = out->n;
    for (int i = 0; i < 3; i++)
        buf_append_u8(out, (uint8_t)(header >> (8 * i)));
    uint32_t crc = crc24_of(out->p + start, 3);
    for (int i = 0; i < 3; i++)
        buf_append_u8(out, (uint8_t)(crc >> (8 * i)));
    buf_append(out, envelope.p, n);
    crc = crc32_of(envelope.p, n);
    for (int i = 0; i < 4; i++)
        buf_append_u8(out, (uint8_t)(crc >> (8 * i)));
    buf_fini(&envelope);
}

static void a_large_message_broken_off_is_refused(void **state)
{
    struct world *w = *state;
    cql_input_segments(&w->in, false);
    /* together exactly the length that the header announced */
    put_part(&w->raw, false, CQL_SEGMENT_PAYLOAD_MAX);
    put_part(&w->raw, true, CQL_ENVELOPE_HEADER + 200000 - CQL_SEGMENT_PAYLOAD_MAX);
    assert_fault(w, FAULT_PROTOCOL);
}

static void a_self_contained_segment_with_half_a_message_is_refused(void **state)
{
    struct world *w = *state;
    cql_input_segments(&w->in, false);
    put_part(&w->raw, true, 1000);
    assert_fault(w, FAULT_PROTOCOL);
}

static void a_damaged_segment_breaks_the_connection(void **state)
{
    struct world *w = *state;
    cql_input_segments(&w->in, false);
    put_part(&w->raw, false, 1000);
    w->raw.p[500] ^= 1;
    assert_fault(w, FAULT_PROTOCOL);
}

static void what_nobody_reads_is_bounded(void **state)
{
    struct world *w = *state;
    static uint8_t body[200000];
    struct fault f = {0};
    int fed = 0;
    put_response(&w->raw, v4, 1, 0, (struct bytes){body, sizeof body});
    while (cql_input_feed(&w->in, w->raw.p, w->raw.n, &f))
        assert_true(++fed < 10);
    assert_int_equal(f.code, FAULT_MEMORY);
    assert_true(fed > 1);
}

/* Noise, and real streams with bytes changed, in pieces of any size. */
static void no_bytes_whatsoever_do_harm(void **state)
{
    (void)state;
    struct random random = {9};
    struct buf plain, raw, body;
    buf_init(&plain, ROOM);
    buf_init(&raw, ROOM);
    buf_init(&body, ROOM);
    for (int round = 0; round < 10000; round++) {
        uint8_t mode = (uint8_t)random_u64(&random) & 3;
        bool segments = mode & 1, lz4 = mode & 2;
        struct cql_dialect d = {.version = segments ? 5 : 4, .lz4 = lz4};
        buf_clear(&plain);
        buf_clear(&raw);
        buf_append_u8(&raw, mode);
        buf_append_u8(&raw, (uint8_t)random_u64(&random));
        for (size_t i = random_below_n(&random, 4); i > 0; i--) {
            put_sample(&body, (int)random_below_n(&random, SAMPLES), d.version);
            put_response(&plain, d, 1, random_below_n(&random, 4) ? 0 : 8, buf_view(&body));
        }
        if (segments)
            assert_true(cql_segments_append(&raw, buf_view(&plain), lz4, NULL));
        else
            assert_true(buf_append_bytes(&raw, buf_view(&plain)));
        for (size_t i = random_below_n(&random, 5); i > 0 && raw.n > 2; i--)
            raw.p[2 + random_below_n(&random, raw.n - 2)] ^= (uint8_t)random_u64(&random);
        for (size_t i = random_below_n(&random, 30); i > 0; i--)
            buf_append_u8(&raw, (uint8_t)random_u64(&random));
        property_input(raw.p, raw.n);
    }
    buf_fini(&plain);
    buf_fini(&raw);
    buf_fini(&body);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh, done)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_envelope_is_whole_with_its_last_byte),
        TEST(a_prefix_is_taken_off),
        TEST(a_prefix_longer_than_its_body_is_refused),
        TEST(a_compressed_body_is_decompressed),
        TEST(an_empty_compressed_body_is_empty),
        TEST(noise_is_not_made_larger_by_compression),
        TEST(a_compressed_body_that_lies_is_refused),
        TEST(a_body_over_the_limit_is_refused_by_its_header),
        TEST(another_protocol_s_first_byte_is_refused),
        TEST(an_http_server_is_told_from_cassandra),
        TEST(a_version_that_is_not_known_is_refused),
        TEST(segments_begin_where_they_are_told_to),
        TEST(envelopes_come_out_as_they_went_in_whatever_the_pieces),
        TEST(a_large_message_broken_off_is_refused),
        TEST(a_self_contained_segment_with_half_a_message_is_refused),
        TEST(a_damaged_segment_breaks_the_connection),
        TEST(what_nobody_reads_is_bounded),
        TEST(no_bytes_whatsoever_do_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
