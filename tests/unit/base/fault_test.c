#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/fault.h"

static void a_new_description_replaces_the_old_one(void **state)
{
    (void)state;
    struct fault f = {0};
    fault_set(&f, FAULT_IO, "first");
    fault_subject(&f, "a");
    fault_hint(&f, "b");
    assert_false(fault_set(&f, FAULT_REFUSED, "second %d", 2));
    assert_int_equal(f.code, FAULT_REFUSED);
    assert_string_equal(f.text, "second 2");
    assert_string_equal(f.subject, "");
    assert_string_equal(f.hint, "");
}

static void text_from_outside_cannot_steer_a_terminal(void **state)
{
    (void)state;
    struct fault f = {0};
    fault_set(&f, FAULT_SERVER, "a\x1b[2Jb\x7f\n");
    assert_string_equal(f.text, "a?[2Jb??");
    fault_subject(&f, "x\ry");
    assert_string_equal(f.subject, "x?y");
}

static void a_long_text_is_cut(void **state)
{
    (void)state;
    struct fault f = {0};
    char text[2000];
    memset(text, 'a', sizeof text);
    text[sizeof text - 1] = '\0';
    fault_set(&f, FAULT_SERVER, "%s", text);
    assert_int_equal(strlen(f.text), FAULT_TEXT_MAX - 1);
}

static void errno_becomes_a_code_with_a_hint(void **state)
{
    (void)state;
    struct fault f = {0};
    assert_false(fault_errno(&f, ENOSPC, "write the plan", "/x/y"));
    assert_int_equal(f.code, FAULT_DISK_FULL);
    assert_string_equal(f.subject, "/x/y");
    assert_string_not_equal(f.hint, "");
    fault_errno(&f, EACCES, "open", "/x");
    assert_int_equal(f.code, FAULT_DENIED);
    fault_errno(&f, EIO, "open", NULL);
    assert_int_equal(f.code, FAULT_IO);
    assert_string_equal(f.subject, "");
}

static void no_place_for_a_fault_is_no_error(void **state)
{
    (void)state;
    assert_false(fault_set(NULL, FAULT_IO, "x"));
    assert_false(fault_subject(NULL, "x"));
    assert_false(fault_hint(NULL, "x"));
    assert_false(fault_memory(NULL));
    assert_false(fault_errno(NULL, EIO, "x", "y"));
}

static void no_memory_has_one_description(void **state)
{
    (void)state;
    struct fault f = {.subject = "old"};
    assert_false(fault_memory(&f));
    assert_memory_equal(&f, fault_no_memory(), sizeof f);
    assert_int_equal(f.code, FAULT_MEMORY);
    assert_string_equal(f.subject, "");
    assert_string_not_equal(f.hint, "");
}

static void every_code_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (int i = FAULT_NONE; i <= FAULT_INTERNAL; i++) {
        assert_string_not_equal(fault_code_name((enum fault_code)i), "unknown");
        for (int j = FAULT_NONE; j < i; j++)
            assert_string_not_equal(fault_code_name((enum fault_code)i),
                                    fault_code_name((enum fault_code)j));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_description_replaces_the_old_one),
        cmocka_unit_test(text_from_outside_cannot_steer_a_terminal),
        cmocka_unit_test(a_long_text_is_cut),
        cmocka_unit_test(errno_becomes_a_code_with_a_hint),
        cmocka_unit_test(no_place_for_a_fault_is_no_error),
        cmocka_unit_test(no_memory_has_one_description),
        cmocka_unit_test(every_code_has_a_name_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
