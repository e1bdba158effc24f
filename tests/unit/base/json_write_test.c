#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "base/json_write.h"

static void commas_and_nesting_are_looked_after(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 1000);
    struct json_writer w;
    json_writer_init(&w, &out, false);
    json_begin_object(&w);
    json_member_text(&w, "a", "x");
    json_member_text(&w, "none", NULL);
    json_key(&w, "list");
    json_begin_array(&w);
    json_int_value(&w, INT64_MIN);
    json_begin_object(&w);
    json_end(&w);
    json_bool_value(&w, true);
    json_raw_value(&w, bytes_of("[1]"));
    json_end(&w);
    json_member_bool(&w, "b", false);
    json_member_int(&w, "n", 7);
    json_member_bytes(&w, "bytes", bytes_null());
    json_end(&w);
    assert_string_equal(buf_text(&out),
                        "{\"a\":\"x\",\"none\":null,\"list\":[-9223372036854775808,{},"
                        "true,[1]],\"b\":false,\"n\":7,\"bytes\":null}");
    buf_fini(&out);
}

static void pretty_output_is_indented(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 1000);
    struct json_writer w;
    json_writer_init(&w, &out, true);
    json_begin_object(&w);
    json_key(&w, "a");
    json_begin_array(&w);
    json_int_value(&w, 1);
    json_int_value(&w, 2);
    json_end(&w);
    json_key(&w, "e");
    json_begin_array(&w);
    json_end(&w);
    json_end(&w);
    assert_string_equal(buf_text(&out), "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"e\": []\n}");
    buf_fini(&out);
}

static void assert_quoted(struct bytes text, const char *expected)
{
    struct buf out;
    buf_init(&out, 1000);
    json_quote(&out, text);
    assert_string_equal(buf_text(&out), expected);
    buf_fini(&out);
}

static void every_byte_can_be_quoted(void **state)
{
    (void)state;
    assert_quoted(bytes_of("a\"b\\c\n\r\t\b\f"), "\"a\\\"b\\\\c\\n\\r\\t\\b\\f\"");
    assert_quoted((struct bytes){(const uint8_t *)"\0\x1f\x7f", 3}, "\"\\u0000\\u001f\\u007f\"");
    assert_quoted(bytes_of("\xe0\xa4\xb0"), "\"\xe0\xa4\xb0\"");
    assert_quoted(bytes_of("\xff\xe0\xa4"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
    assert_quoted(bytes_of(""), "\"\"");
}

static void assert_double(double v, const char *expected)
{
    struct buf out;
    buf_init(&out, 1000);
    struct json_writer w;
    json_writer_init(&w, &out, false);
    json_double_value(&w, v);
    assert_string_equal(buf_text(&out), expected);
    buf_fini(&out);
}

static void doubles_keep_their_value_in_the_fewest_digits(void **state)
{
    (void)state;
    assert_double(1.1, "1.1");
    assert_double(0.1 + 0.2, "0.30000000000000004");
    assert_double(3, "3");
    assert_double((double)NAN, "null");
    assert_double((double)INFINITY, "null");
}

static void nesting_that_is_too_deep_fails_the_buffer(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 1000);
    struct json_writer w;
    json_writer_init(&w, &out, false);
    for (int i = 0; i < JSON_WRITE_DEPTH_MAX; i++)
        json_begin_array(&w);
    assert_false(out.failed);
    json_begin_array(&w);
    assert_true(out.failed);
    buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commas_and_nesting_are_looked_after),
        cmocka_unit_test(pretty_output_is_indented),
        cmocka_unit_test(every_byte_can_be_quoted),
        cmocka_unit_test(doubles_keep_their_value_in_the_fewest_digits),
        cmocka_unit_test(nesting_that_is_too_deep_fails_the_buffer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
