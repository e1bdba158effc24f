#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "cql/wire/compress.h"
#include "cql/wire/envelope.h"
#include "cql/wire/segment.h"
#include "random.h"

enum { ROOM = 4 << 20 };

static void checksums_are_those_that_drivers_agree_on(void **state)
{
    (void)state;
    static const uint8_t digits[] = "123456789", small[] = {1, 2, 3};
    assert_int_equal(crc24_of(digits, 9), 0x4b3f02);
    assert_int_equal(crc24_of(small, 3), 0xe91acc);
    assert_int_equal(crc32_of(NULL, 0), 0x44777ed3);
    assert_int_equal(crc32_of((const uint8_t *)"abc", 3), 0xc5367a08);
    assert_int_equal(crc32_of(digits, 9), 0xe2a261a7);
}

/* An envelope with a body of |n| bytes, of noise or of one byte repeated. */
static void put_envelope(struct buf *out, size_t n, struct random *noise)
{
    struct cql_dialect d = {.version = 5};
    size_t start = cql_envelope_begin(out, d, 1, CQL_QUERY);
    uint8_t *p = buf_extend(out, n);
    assert_non_null(p);
    for (size_t i = 0; i < n; i++)
        p[i] = noise ? (uint8_t)random_u64(noise) : 'x';
    assert_true(cql_envelope_end(out, start, d, NULL));
}

/* Reads all of |in|; returns the number of segments, or -1 on a fault. */
static int read_all(struct bytes in, bool lz4, struct buf *payload, int *self_contained_count)
{
    int count = 0;
    *self_contained_count = 0;
    while (in.n > 0) {
        size_t used;
        bool self_contained;
        struct fault f = {0};
        if (!cql_segment_read(in, lz4, payload, &used, &self_contained, &f)) {
            assert_int_equal(f.code, FAULT_PROTOCOL);
            return -1;
        }
        if (used == 0)
            return -1;
        in.p += used;
        in.n -= used;
        count++;
        *self_contained_count += self_contained;
    }
    return count;
}

static void headers_are_those_that_drivers_agree_on(void **state)
{
    (void)state;
    struct buf plain, out;
    buf_init(&plain, ROOM);
    buf_init(&out, ROOM);
    put_envelope(&plain, 0, NULL);
    assert_true(cql_segments_append(&out, buf_view(&plain), false, NULL));
    assert_int_equal(out.n, 6 + 9 + 4);
    assert_memory_equal(out.p, "\x09\x00\x02\xa4\xc8\xc1", 6);

    static const uint8_t empty[] = {0x00, 0x00, 0x02, 0x6a, 0x36, 0xc4, 0xd3, 0x7e, 0x77, 0x44};
    int self_contained;
    buf_clear(&plain);
    assert_int_equal(read_all((struct bytes){empty, sizeof empty}, false, &plain, &self_contained),
                     1);
    assert_int_equal(self_contained, 1);
    assert_int_equal(plain.n, 0);
    buf_fini(&plain);
    buf_fini(&out);
}

static void what_goes_in_comes_out(void **state)
{
    (void)state;
    struct random random = {4};
    struct buf plain, out, back;
    buf_init(&plain, ROOM);
    buf_init(&out, ROOM);
    buf_init(&back, ROOM);
    for (int round = 0; round < 60; round++) {
        bool lz4 = round & 1;
        buf_clear(&plain);
        buf_clear(&out);
        buf_clear(&back);
        for (size_t i = 1 + random_below_n(&random, 8); i > 0; i--) {
            size_t most = random_below_n(&random, 4) ? 2000 : 300000;
            put_envelope(&plain, random_below_n(&random, most),
                         random_below_n(&random, 2) ? &random : NULL);
        }
        int self_contained;
        assert_true(cql_segments_append(&out, buf_view(&plain), lz4, NULL));
        assert_true(read_all(buf_view(&out), lz4, &back, &self_contained) > 0);
        assert_true(bytes_equal(buf_view(&plain), buf_view(&back)));
    }
    buf_fini(&plain);
    buf_fini(&out);
    buf_fini(&back);
}

static void small_envelopes_share_a_segment_and_large_ones_span_several(void **state)
{
    (void)state;
    static const struct {
        size_t bodies[3];
        int segments, self_contained;
    } cases[] = {
        {{100, 200, 300}, 1, 1},
        {{CQL_SEGMENT_PAYLOAD_MAX - 9, 0, 0}, 2, 2},
        {{CQL_SEGMENT_PAYLOAD_MAX - 9 - 18, 0, 0}, 1, 1},
        {{CQL_SEGMENT_PAYLOAD_MAX - 8, 0, 0}, 3, 1},
        {{0, 2 * CQL_SEGMENT_PAYLOAD_MAX, 0}, 5, 2},
    };
    struct buf plain, out, back;
    buf_init(&plain, ROOM);
    buf_init(&out, ROOM);
    buf_init(&back, ROOM);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        buf_clear(&plain);
        buf_clear(&out);
        buf_clear(&back);
        for (int k = 0; k < 3; k++)
            put_envelope(&plain, cases[i].bodies[k], NULL);
        int self_contained;
        assert_true(cql_segments_append(&out, buf_view(&plain), false, NULL));
        assert_int_equal(read_all(buf_view(&out), false, &back, &self_contained),
                         cases[i].segments);
        assert_int_equal(self_contained, cases[i].self_contained);
    }
    buf_fini(&plain);
    buf_fini(&out);
    buf_fini(&back);
}

static void lz4_makes_what_repeats_smaller_and_leaves_noise_as_it_is(void **state)
{
    (void)state;
    struct random random = {5};
    struct buf plain, out;
    buf_init(&plain, ROOM);
    buf_init(&out, ROOM);
    put_envelope(&plain, 10000, NULL);
    assert_true(cql_segments_append(&out, buf_view(&plain), true, NULL));
    assert_true(out.n < 200);
    buf_clear(&plain);
    buf_clear(&out);
    put_envelope(&plain, 10000, &random);
    assert_true(cql_segments_append(&out, buf_view(&plain), true, NULL));
    assert_int_equal(out.n, plain.n + 8 + 4);
    buf_fini(&plain);
    buf_fini(&out);
}

/* Every other value of every byte: a header's CRC24 and a payload's CRC32 see each. A segment that
 * now claims to be longer is refused too, as its header's checksum is wrong. */
static void a_changed_byte_anywhere_is_seen(void **state)
{
    (void)state;
    struct random random = {6};
    for (int mode = 0; mode < 4; mode++) {
        bool lz4 = mode & 1;
        struct buf plain, out, back;
        buf_init(&plain, ROOM);
        buf_init(&out, ROOM);
        buf_init(&back, ROOM);
        put_envelope(&plain, 60, mode & 2 ? &random : NULL);
        assert_true(cql_segments_append(&out, buf_view(&plain), lz4, NULL));
        for (size_t i = 0; i < out.n; i++) {
            for (int change = 1; change < 256; change++) {
                size_t used;
                bool self_contained;
                struct fault f = {0};
                out.p[i] ^= (uint8_t)change;
                assert_false(
                    cql_segment_read(buf_view(&out), lz4, &back, &used, &self_contained, &f));
                assert_int_equal(f.code, FAULT_PROTOCOL);
                assert_int_equal(back.n, 0);
                out.p[i] ^= (uint8_t)change;
            }
        }
        buf_fini(&plain);
        buf_fini(&out);
        buf_fini(&back);
    }
}

static void a_segment_cut_at_any_byte_waits_for_more(void **state)
{
    (void)state;
    struct buf plain, out, back;
    buf_init(&plain, ROOM);
    buf_init(&out, ROOM);
    buf_init(&back, ROOM);
    put_envelope(&plain, 300, NULL);
    for (int lz4 = 0; lz4 < 2; lz4++) {
        buf_clear(&out);
        assert_true(cql_segments_append(&out, buf_view(&plain), lz4, NULL));
        for (size_t n = 0; n < out.n; n++) {
            size_t used;
            bool self_contained;
            uint8_t *prefix = malloc(n + 1);
            assert_non_null(prefix);
            memcpy(prefix + 1, out.p, n);
            assert_true(cql_segment_read((struct bytes){prefix + 1, n}, lz4, &back, &used,
                                         &self_contained, NULL));
            assert_int_equal(used, 0);
            assert_int_equal(back.n, 0);
            free(prefix);
        }
    }
    buf_fini(&plain);
    buf_fini(&out);
    buf_fini(&back);
}

/* Puts right checksums around a lie. */
static size_t forge(uint8_t *out, const char *payload, size_t n, size_t claimed_plain)
{
    uint64_t header = n | (uint64_t)claimed_plain << 17 | UINT64_C(1) << 34;
    for (int i = 0; i < 5; i++)
        out[i] = (uint8_t)(header >> (8 * i));
    uint32_t crc = crc24_of(out, 5);
    for (int i = 0; i < 3; i++)
        out[5 + i] = (uint8_t)(crc >> (8 * i));
    memcpy(out + 8, payload, n);
    crc = crc32_of(out + 8, n);
    for (int i = 0; i < 4; i++)
        out[8 + n + (size_t)i] = (uint8_t)(crc >> (8 * i));
    return 8 + n + 4;
}

static void a_segment_that_lies_about_its_uncompressed_length_is_refused(void **state)
{
    (void)state;
    static const char block[] = "\x50hello";
    static const size_t lies[] = {1, 4, 6, 100, CQL_SEGMENT_PAYLOAD_MAX};
    uint8_t raw[64];
    struct buf back;
    buf_init(&back, ROOM);
    size_t used, n = forge(raw, block, 6, 5);
    bool self_contained;
    assert_true(
        cql_segment_read((struct bytes){raw, n}, true, &back, &used, &self_contained, NULL));
    assert_true(bytes_are(buf_view(&back), "hello"));
    assert_int_equal(used, n);
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        struct fault f = {0};
        n = forge(raw, block, 6, lies[i]);
        assert_false(
            cql_segment_read((struct bytes){raw, n}, true, &back, &used, &self_contained, &f));
        assert_int_equal(f.code, FAULT_PROTOCOL);
        assert_true(bytes_are(buf_view(&back), "hello"));
    }
    buf_fini(&back);
}

static void a_full_buffer_leaves_things_as_they_were(void **state)
{
    (void)state;
    struct buf plain, out;
    struct fault f = {0};
    buf_init(&plain, ROOM);
    put_envelope(&plain, 500, NULL);
    buf_init(&out, 400);
    assert_true(buf_append_text(&out, "before"));
    assert_false(cql_segments_append(&out, buf_view(&plain), false, &f));
    assert_int_equal(f.code, FAULT_MEMORY);
    assert_true(bytes_are(buf_view(&out), "before"));
    assert_true(buf_append_text(&out, "!"));
    assert_false(cql_segments_append(&out, (struct bytes){plain.p, 100}, false, &f));
    assert_int_equal(f.code, FAULT_INTERNAL);
    buf_fini(&plain);
    buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checksums_are_those_that_drivers_agree_on),
        cmocka_unit_test(headers_are_those_that_drivers_agree_on),
        cmocka_unit_test(what_goes_in_comes_out),
        cmocka_unit_test(small_envelopes_share_a_segment_and_large_ones_span_several),
        cmocka_unit_test(lz4_makes_what_repeats_smaller_and_leaves_noise_as_it_is),
        cmocka_unit_test(a_changed_byte_anywhere_is_seen),
        cmocka_unit_test(a_segment_cut_at_any_byte_waits_for_more),
        cmocka_unit_test(a_segment_that_lies_about_its_uncompressed_length_is_refused),
        cmocka_unit_test(a_full_buffer_leaves_things_as_they_were),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
