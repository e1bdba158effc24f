#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"

static void an_append_that_does_not_fit_leaves_the_buffer_as_it_was(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 5);
    assert_true(buf_append_text(&b, "abc"));
    assert_false(buf_append_text(&b, "def"));
    assert_true(b.failed);
    assert_string_equal(buf_text(&b), "abc");
    assert_false(buf_append_text(&b, "d"));
    assert_false(buf_printf(&b, "%d", 1));
    assert_string_equal(buf_text(&b), "abc");
    buf_clear(&b);
    assert_false(b.failed);
    assert_true(buf_append_text(&b, "vwxyz"));
    assert_string_equal(buf_text(&b), "vwxyz");
    buf_fini(&b);
}

static void many_appends_add_up(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 1000000);
    for (int i = 0; i < 10000; i++)
        assert_true(buf_printf(&b, "%05d", i));
    assert_int_equal(b.n, 50000);
    assert_memory_equal(b.p + 49995, "09999", 5);
    buf_fini(&b);
}

static void integers_are_big_endian(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 100);
    buf_append_u8(&b, 1);
    buf_append_u16(&b, 0x0203);
    buf_append_u32(&b, 0x04050607);
    buf_append_u64(&b, 0x08090a0b0c0d0e0f);
    for (uint8_t i = 0; i < 15; i++)
        assert_int_equal(b.p[i], i + 1);
    buf_put_u32(&b, 3, 0xfffefdfc);
    assert_memory_equal(b.p + 3, "\xff\xfe\xfd\xfc\x08", 5);
    buf_put_u32(&b, 12, 0); /* not inside: nothing */
    assert_int_equal(b.p[14], 15);
    buf_fini(&b);
}

static void consumed_bytes_leave_the_rest_in_front(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 100);
    buf_append_text(&b, "abcdef");
    buf_consume(&b, 2);
    assert_string_equal(buf_text(&b), "cdef");
    buf_consume(&b, 100);
    assert_string_equal(buf_text(&b), "");
    buf_fini(&b);
}

static void an_empty_buffer_is_empty_and_not_null(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 100);
    assert_false(bytes_are_null(buf_view(&b)));
    assert_int_equal(buf_view(&b).n, 0);
    assert_string_equal(buf_text(&b), "");
    buf_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_append_that_does_not_fit_leaves_the_buffer_as_it_was),
        cmocka_unit_test(many_appends_add_up),
        cmocka_unit_test(integers_are_big_endian),
        cmocka_unit_test(consumed_bytes_leave_the_rest_in_front),
        cmocka_unit_test(an_empty_buffer_is_empty_and_not_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
