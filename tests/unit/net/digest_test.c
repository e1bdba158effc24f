#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/digest.h"

/* FIPS 180-4, the examples of appendix B. */
static void the_published_vectors_hold(void **state)
{
    (void)state;
    char hex[DIGEST_TEXT];
    digest_of(bytes_of(""), hex);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    digest_of(bytes_of("abc"), hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    digest_of(bytes_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"), hex);
    assert_string_equal(hex, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static void pieces_hash_like_the_whole(void **state)
{
    (void)state;
    char hex[DIGEST_TEXT];
    struct digest *d = digest_new();
    digest_add(d, "a", 1);
    digest_add(d, "", 0);
    digest_add(d, "bc", 2);
    digest_finish(d, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void of_two(struct bytes a, struct bytes b, char hex[DIGEST_TEXT])
{
    struct digest *d = digest_new();
    digest_add_bytes(d, a);
    digest_add_bytes(d, b);
    digest_finish(d, hex);
}

static void where_one_value_ends_counts(void **state)
{
    (void)state;
    char one[DIGEST_TEXT];
    char two[DIGEST_TEXT];
    of_two(bytes_of("ab"), bytes_of("c"), one);
    of_two(bytes_of("a"), bytes_of("bc"), two);
    assert_string_not_equal(one, two);
}

static void null_is_not_empty(void **state)
{
    (void)state;
    char null[DIGEST_TEXT];
    char empty[DIGEST_TEXT];
    of_two(bytes_null(), bytes_of("c"), null);
    of_two(bytes_of(""), bytes_of("c"), empty);
    assert_string_not_equal(null, empty);
}

static void the_short_name_is_the_first_eight_digits(void **state)
{
    (void)state;
    char text[10];
    digest_short("3f9c21abffff", text);
    assert_string_equal(text, "3f9c-21ab");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_vectors_hold),
        cmocka_unit_test(pieces_hash_like_the_whole),
        cmocka_unit_test(where_one_value_ends_counts),
        cmocka_unit_test(null_is_not_empty),
        cmocka_unit_test(the_short_name_is_the_first_eight_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
