#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/utf8.h"

static void text_of_every_length_is_valid(void **state)
{
    (void)state;
    assert_true(utf8_is_valid(bytes_of("")));
    assert_true(utf8_is_valid(bytes_of("plain")));
    assert_true(utf8_is_valid(bytes_of("\xc2\x80\xdf\xbf")));
    assert_true(utf8_is_valid(bytes_of("\xe0\xa4\xb0\xe0\xa4\xbe\xe0\xa4\x9c")));
    assert_true(utf8_is_valid(bytes_of("\xed\x9f\xbf\xee\x80\x80")));
    assert_true(utf8_is_valid(bytes_of("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf")));
    assert_true(utf8_is_valid((struct bytes){(const uint8_t *)"a\0b", 3}));
}

static void what_rfc_3629_forbids_is_not_valid(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "\x80",
        "\xc0\x80",
        "\xc1\xbf",
        "\xc2",
        "\xc2\x41",
        "\xe0\x9f\xbf",
        "\xed\xa0\x80",
        "\xed\xbf\xbf",
        "\xe2\x82",
        "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xf0\x9f\x92\x41",
        "\xff",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_false(utf8_is_valid(bytes_of(wrong[i])));
        assert_int_equal(utf8_length(bytes_of(wrong[i])), 0);
    }
}

static void the_length_is_that_of_the_first_character(void **state)
{
    (void)state;
    assert_int_equal(utf8_length(bytes_null()), 0);
    assert_int_equal(utf8_length(bytes_of("ab")), 1);
    assert_int_equal(utf8_length(bytes_of("\xc3\xa9x")), 2);
    assert_int_equal(utf8_length(bytes_of("\xe2\x82\xacx")), 3);
    assert_int_equal(utf8_length(bytes_of("\xf0\x9f\x92\xa1x")), 4);
}

static void what_steers_a_terminal_is_not_printable(void **state)
{
    (void)state;
    assert_true(ascii_is_printable(bytes_of("5.0.9-SNAPSHOT ~")));
    assert_false(ascii_is_printable(bytes_of("5.0\x1b[2J")));
    assert_false(ascii_is_printable(bytes_of("5.0\xc2\x9b")));
    assert_false(ascii_is_printable(bytes_of("5\x7f")));
    assert_false(ascii_is_printable((struct bytes){(const uint8_t *)"5\0", 2}));
    assert_false(ascii_is_printable(bytes_of("")));
    assert_false(ascii_is_printable(bytes_null()));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_of_every_length_is_valid),
        cmocka_unit_test(what_rfc_3629_forbids_is_not_valid),
        cmocka_unit_test(the_length_is_that_of_the_first_character),
        cmocka_unit_test(what_steers_a_terminal_is_not_printable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
