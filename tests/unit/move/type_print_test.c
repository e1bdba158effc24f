#include "fixture.h"

static void check(const char *type, const char *raw, size_t n, const char *text, const char *json)
{
    struct type t;
    struct buf out;
    struct bytes value = {(const uint8_t *)raw, n};
    buf_init(&out, 65536);
    assert_true(type_parse(&t, bytes_of(type), &fault));
    type_print(&t, value, &out);
    assert_string_equal(buf_text(&out), text);
    buf_clear(&out);
    type_print_json(&t, value, &out);
    assert_string_equal(buf_text(&out), json);
    buf_fini(&out);
}
/* A literal with all its bytes but the end mark. */
#define CHECK(type, raw, text, json) check(type, raw, sizeof(raw) - 1, text, json)
#define SAME(type, raw, text) CHECK(type, raw, text, text)

static void texts_are_as_they_are_for_people_and_quoted_in_json(void **state)
{
    (void)state;
    CHECK("text", "say \"hi\"", "say \"hi\"", "\"say \\\"hi\\\"\"");
    CHECK("text", "राजस्थान", "राजस्थान", "\"राजस्थान\"");
    CHECK("text", "", "", "\"\"");
    check("text", NULL, 0, "null", "null");
    CHECK("text", "\xff\xfe", "0xfffe", "\"0xfffe\"");
    CHECK("blob", "\x00\xab", "0x00ab", "\"0x00ab\"");
}

static void numbers_are_numbers(void **state)
{
    (void)state;
    SAME("int", "\xff\xff\xff\xfe", "-2");
    SAME("tinyint", "\x80", "-128");
    SAME("smallint", "\x7f\xff", "32767");
    SAME("bigint", "\x80\0\0\0\0\0\0\0", "-9223372036854775808");
    SAME("boolean", "\1", "true");
    SAME("boolean", "\0", "false");
    SAME("varint", "\xff", "-1");
    SAME("varint", "\x00\xff\xff\xff\xff\xff\xff\xff\xff", "18446744073709551615");
    SAME("varint", "\xff\x00\x00\x00\x00\x00\x00\x00\x00", "-18446744073709551616");
    SAME("decimal", "\0\0\0\2\x30\x39", "123.45");
    SAME("decimal", "\0\0\0\5\xff", "-0.00001");
    SAME("decimal", "\xff\xff\xff\xfe\x07", "7E2");
    SAME("double", "\x3f\xb9\x99\x99\x99\x99\x99\x9a", "0.1");
    SAME("float", "\x3d\xcc\xcc\xcd", "0.1");
    CHECK("double", "\x7f\xf8\0\0\0\0\0\0", "NaN", "\"NaN\"");
    CHECK("float", "\xff\x80\0\0", "-Infinity", "\"-Infinity\"");
}

static void times_are_iso_8601(void **state)
{
    (void)state;
    CHECK("timestamp", "\0\0\x01\x56\xb1\x6c\x7c\xaa", "2016-08-22T08:44:52.266Z",
          "\"2016-08-22T08:44:52.266Z\"");
    CHECK("timestamp", "\xff\xff\xff\xff\xff\xff\xff\xff", "1969-12-31T23:59:59.999Z",
          "\"1969-12-31T23:59:59.999Z\"");
    CHECK("date", "\x80\0\0\0", "1970-01-01", "\"1970-01-01\"");
    CHECK("date", "\x7f\xff\xff\xff", "1969-12-31", "\"1969-12-31\"");
    CHECK("time", "\0\0\0\0\0\0\0\1", "00:00:00.000000001", "\"00:00:00.000000001\"");
    CHECK("duration", "\x02\x04\x06", "1mo2d3ns", "\"1mo2d3ns\"");
    CHECK("duration", "\x01\x00\x83\xe8", "-1mo0d500ns", "\"-1mo0d500ns\"");
}

static void addresses_and_uuids_have_their_forms(void **state)
{
    (void)state;
    CHECK("inet", "\x7f\0\0\1", "127.0.0.1", "\"127.0.0.1\"");
    CHECK("uuid", "\x01\x23\x45\x67\x89\xab\xcd\xef\x01\x23\x45\x67\x89\xab\xcd\xef",
          "01234567-89ab-cdef-0123-456789abcdef", "\"01234567-89ab-cdef-0123-456789abcdef\"");
}

static void collections_are_json(void **state)
{
    (void)state;
    SAME("list<text>", "\0\0\0\2\0\0\0\1a\0\0\0\2\"b", "[\"a\", \"\\\"b\"]");
    SAME("set<int>", "\0\0\0\1\0\0\0\4\0\0\0\7", "[7]");
    SAME("map<int, text>", "\0\0\0\1\0\0\0\4\0\0\0\7\0\0\0\1x", "{\"7\": \"x\"}");
    SAME("map<text, frozen<list<text>>>", "\0\0\0\1\0\0\0\1k\0\0\0\x09\0\0\0\1\0\0\0\1v",
         "{\"k\": [\"v\"]}");
    SAME("tuple<int, text>", "\0\0\0\4\0\0\0\1\xff\xff\xff\xff", "[1, null]");
    SAME("list<text>", "\0\0\0\0", "[]");
}

static void damaged_bytes_are_shown_in_hex(void **state)
{
    (void)state;
    CHECK("int", "\0\0\1", "0x000001", "\"0x000001\"");
    CHECK("list<text>", "\0\0\0\2\0\0\0\1a", "0x000000020000000161", "\"0x000000020000000161\"");
    CHECK("duration", "\xff", "0xff", "\"0xff\"");
    CHECK("address", "ab", "0x6162", "\"0x6162\"");
    CHECK("time", "\xff\0\0\0\0\0\0\0", "0xff00000000000000", "\"0xff00000000000000\"");
}

static void no_bytes_break_the_printer(void **state)
{
    (void)state;
    static const char *const names[] = {"text",
                                        "int",
                                        "bigint",
                                        "varint",
                                        "decimal",
                                        "double",
                                        "float",
                                        "date",
                                        "time",
                                        "timestamp",
                                        "inet",
                                        "uuid",
                                        "blob",
                                        "boolean",
                                        "list<text>",
                                        "set<varint>",
                                        "map<text, int>",
                                        "duration",
                                        "tuple<int, list<text>>",
                                        "list<frozen<map<text, frozen<list<int>>>>>"};
    seed = 3;
    struct buf out;
    buf_init(&out, 65536);
    for (int round = 0; round < 20000; round++) {
        struct type t;
        struct bytes value = random_bytes(24);
        for (size_t i = 0; i < value.n && round % 2; i++)
            ((uint8_t *)(uintptr_t)value.p)[i] &= 3;
        assert_true(type_parse(&t, bytes_of(names[random_below(20)]), &fault));
        buf_clear(&out);
        type_print(&t, value, &out);
        type_print_json(&t, value, &out);
        assert_false(out.failed);
        arena_reset(&arena);
    }
    buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(texts_are_as_they_are_for_people_and_quoted_in_json),
        TEST(numbers_are_numbers),
        TEST(times_are_iso_8601),
        TEST(addresses_and_uuids_have_their_forms),
        TEST(collections_are_json),
        TEST(damaged_bytes_are_shown_in_hex),
        TEST(no_bytes_break_the_printer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
