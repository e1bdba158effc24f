#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/arena.h"

static void memory_is_zeroed_also_after_a_reset(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 1 << 20);
    unsigned char *p = arena_alloc(&a, 100);
    assert_non_null(p);
    memset(p, 7, 100);
    arena_reset(&a);
    unsigned char *again = arena_alloc(&a, 100);
    assert_ptr_equal(again, p);
    for (int i = 0; i < 100; i++)
        assert_int_equal(again[i], 0);
    arena_fini(&a);
}

static void a_loop_that_resets_allocates_nothing_new(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 1 << 20);
    for (int round = 0; round < 100; round++) {
        for (int i = 0; i < 50; i++)
            assert_non_null(arena_alloc(&a, 1000));
        if (round > 0)
            assert_true(a.bytes < 100000);
        arena_reset(&a);
    }
    arena_fini(&a);
}

static void the_maximum_is_kept(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 40000);
    assert_non_null(arena_alloc(&a, 16000));
    assert_non_null(arena_alloc(&a, 16000));
    assert_null(arena_alloc(&a, 16000));
    assert_true(a.bytes <= a.max);
    assert_null(arena_alloc(&a, SIZE_MAX));
    assert_null(arena_array(&a, SIZE_MAX / 2, 16));
    arena_fini(&a);
}

static void a_copy_of_null_is_null_and_of_empty_is_empty(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 40000);
    assert_true(bytes_are_null(arena_copy(&a, bytes_null())));
    struct bytes empty = arena_copy(&a, bytes_of(""));
    assert_false(bytes_are_null(empty));
    assert_int_equal(empty.n, 0);
    assert_true(bytes_are(arena_copy(&a, bytes_of("abc")), "abc"));
    assert_string_equal(arena_text(&a, bytes_of("abc")), "abc");
    arena_fini(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_zeroed_also_after_a_reset),
        cmocka_unit_test(a_loop_that_resets_allocates_nothing_new),
        cmocka_unit_test(the_maximum_is_kept),
        cmocka_unit_test(a_copy_of_null_is_null_and_of_empty_is_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
