#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/csv.h"

static void assert_field(struct bytes field, const char *expected)
{
    struct buf out;
    buf_init(&out, 1000);
    csv_field(&out, field, true);
    assert_string_equal(buf_text(&out), expected);
    buf_fini(&out);
}

static void fields_are_quoted_only_where_they_must_be(void **state)
{
    (void)state;
    assert_field(bytes_null(), "");
    assert_field(bytes_of(""), "");
    assert_field(bytes_of("01246375399411712074"), "01246375399411712074");
    assert_field(bytes_of("two words"), "two words");
    assert_field(bytes_of("a,b"), "\"a,b\"");
    assert_field(bytes_of("say \"hi\""), "\"say \"\"hi\"\"\"");
    assert_field(bytes_of("one\ntwo"), "\"one\ntwo\"");
    assert_field(bytes_of("one\rtwo"), "\"one\rtwo\"");
}

static void a_field_never_starts_a_formula(void **state)
{
    (void)state;
    assert_field(bytes_of("=1+1"), "\"'=1+1\"");
    assert_field(bytes_of("+1"), "\"'+1\"");
    assert_field(bytes_of("-1"), "\"'-1\"");
    assert_field(bytes_of("@x"), "\"'@x\"");
    assert_field(bytes_of("\tx"), "\"'\tx\"");
    assert_field(bytes_of("a=1"), "a=1");
}

static void bytes_that_are_not_utf8_are_replaced(void **state)
{
    (void)state;
    assert_field(bytes_of("a\xff\xc3z"), "a\xef\xbf\xbd\xef\xbf\xbdz");
}

static void a_line_has_commas_between_its_fields(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 1000);
    csv_field(&out, bytes_of("a"), true);
    csv_field(&out, bytes_null(), false);
    csv_field(&out, bytes_of("b"), false);
    csv_end(&out);
    assert_string_equal(buf_text(&out), "a,,b\n");
    buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_quoted_only_where_they_must_be),
        cmocka_unit_test(a_field_never_starts_a_formula),
        cmocka_unit_test(bytes_that_are_not_utf8_are_replaced),
        cmocka_unit_test(a_line_has_commas_between_its_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
