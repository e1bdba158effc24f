#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/milliseconds.h"

static void assert_us(const char *text, int expected)
{
    int us = -1;
    assert_true(milliseconds_parse(bytes_of(text), 600000, &us));
    assert_int_equal(us, expected);
}

static void whole_ones_and_parts_are_read(void **state)
{
    (void)state;
    assert_us("0", 0);
    assert_us("20", 20000);
    assert_us("1.5", 1500);
    assert_us("0.25", 250);
    assert_us("0.001", 1);
    assert_us("1.050", 1050);
    assert_us("600000", 600000000);
    assert_us("600000.000", 600000000);
}

static void what_is_no_such_number_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        ".",
        ".5",
        "1.",
        "1.2345",
        "-1",
        "+1",
        "1,5",
        " 1",
        "1 ",
        "20ms",
        "1.5.2",
        "1e3",
        "0x10",
        "nan",
        "1.-5",
        "1. 5",
        "600000.001",
        "600001",
        "99999999999999999999",
        "9223372036854775808",
        "1.0000",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        int us = -1;
        assert_false(milliseconds_parse(bytes_of(wrong[i]), 600000, &us));
        assert_int_equal(us, -1);
    }
}

static void the_text_is_the_shortest(void **state)
{
    (void)state;
    char out[MILLISECONDS_TEXT];
    assert_string_equal(milliseconds_print(0, out), "0");
    assert_string_equal(milliseconds_print(20000, out), "20");
    assert_string_equal(milliseconds_print(1500, out), "1.5");
    assert_string_equal(milliseconds_print(1, out), "0.001");
    assert_string_equal(milliseconds_print(100050, out), "100.05");
    assert_string_equal(milliseconds_print(2000000000, out), "2000000");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_ones_and_parts_are_read),
        cmocka_unit_test(what_is_no_such_number_is_refused),
        cmocka_unit_test(the_text_is_the_shortest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
