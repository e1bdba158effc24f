#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "cql/murmur3.h"

/* Tokens that a Cassandra server computed itself. */
static void tokens_are_those_of_a_real_server(void **state)
{
    (void)state;
    static const struct {
        const char *key;
        int64_t token;
    } known[] = {
        {"a", -8839064797231613815},
        {"user-1", 7038226039998199158},
        {"do_not_use", -1123726072940893222},
        {"0123456789abcdef", 5467490433528156583},
        {"é", 5461403030378599040},
        {"0123456789abcdefé", 8755401265980413160},
        {"ñandú", 5665201625323624893},
        {"मराठी", -1683243536793265240},
        {"日本語テナント", 896319692541101568},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        assert_int_equal(cql_token(bytes_of(known[i].key)), known[i].token);
}

static void the_empty_key_has_the_least_token(void **state)
{
    (void)state;
    assert_int_equal(cql_token(bytes_of("")), INT64_MIN);
    assert_int_equal(cql_token(bytes_null()), INT64_MIN);
}

static void one_component_is_the_key_itself(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 100);
    struct bytes part = bytes_of("abc");
    assert_true(cql_partition_key(&b, &part, 1));
    assert_true(bytes_are(buf_view(&b), "abc"));
    buf_fini(&b);
}

static void several_components_have_lengths_and_an_end_mark_each(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 100);
    struct bytes parts[] = {bytes_of("abc"), bytes_of("")};
    assert_true(cql_partition_key(&b, parts, 2));
    static const uint8_t want[] = {0, 3, 'a', 'b', 'c', 0, 0, 0, 0};
    assert_true(bytes_equal(buf_view(&b), (struct bytes){want, sizeof want}));
    buf_fini(&b);
}

static void a_key_that_cannot_be_built_leaves_the_buffer_as_it_was(void **state)
{
    (void)state;
    static uint8_t large[65536];
    struct buf b;
    buf_init(&b, 8);
    assert_true(buf_append_text(&b, "xy"));
    struct bytes with_null[] = {bytes_of("abc"), bytes_null()};
    struct bytes too_long[] = {bytes_of("a"), {large, sizeof large}};
    struct bytes too_much[] = {bytes_of("abc"), bytes_of("d")};
    assert_false(cql_partition_key(&b, with_null, 2));
    assert_false(cql_partition_key(&b, too_long, 2));
    assert_false(cql_partition_key(&b, &too_long[1], 1));
    assert_false(cql_partition_key(&b, too_much, 2));
    assert_false(cql_partition_key(&b, too_much, 0));
    assert_true(bytes_are(buf_view(&b), "xy"));
    assert_true(cql_partition_key(&b, too_much, 1));
    buf_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_are_those_of_a_real_server),
        cmocka_unit_test(the_empty_key_has_the_least_token),
        cmocka_unit_test(one_component_is_the_key_itself),
        cmocka_unit_test(several_components_have_lengths_and_an_end_mark_each),
        cmocka_unit_test(a_key_that_cannot_be_built_leaves_the_buffer_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
