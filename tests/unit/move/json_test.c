#include "fixture.h"

#include "move/json.h"

static void members_are_found_by_key_and_index(void **state)
{
    (void)state;
    struct json *j = json_parse(
        bytes_of("{\"a\":[1,\"zwei\",null,true,-9223372036854775808],\"b\":{\"c\":\"\\u0000x\"}}"),
        &fault);
    assert_non_null(j);
    json_value root = json_root(j), a = json_get(root, "a");
    int64_t n;
    bool b;
    assert_true(json_is_object(root) && json_is_array(a));
    assert_int_equal(json_count(root), 2);
    assert_int_equal(json_count(a), 5);
    assert_true(json_int(json_at(a, 0), &n) && n == 1);
    assert_text(json_text(json_at(a, 1)), "zwei");
    assert_true(json_is_null(json_at(a, 2)) && json_is_null(json_at(a, 9)));
    assert_true(json_bool(json_at(a, 3), &b) && b);
    assert_true(json_int(json_at(a, 4), &n) && n == INT64_MIN);
    assert_int_equal(json_text(json_get(json_get(root, "b"), "c")).n, 2);
    assert_true(bytes_are_null(json_text(a)));
    assert_false(json_int(a, &n) || json_bool(a, &b));
    assert_null(json_get(a, "a"));
    assert_null(json_get(NULL, "a"));
    assert_null(json_at(root, 0));
    json_free(j);
    json_free(NULL);
}

static void the_members_of_an_object_are_walked_once_each(void **state)
{
    (void)state;
    struct json *j = json_parse(bytes_of("{\"x\":1,\"y\":2,\"z\":3}"), &fault);
    void *cursor = NULL;
    const char *key;
    json_value value;
    int64_t n, sum = 0;
    int count = 0;
    for (; json_next(json_root(j), &cursor, &key, &value); count++)
        sum += json_int(value, &n) ? n * (key[0] - 'w') : 0;
    assert_int_equal(count, 3);
    assert_int_equal(sum, 1 + 4 + 9);
    cursor = NULL;
    assert_false(json_next(json_get(json_root(j), "x"), &cursor, &key, &value));
    json_free(j);
}

static void text_that_is_not_json_is_refused_with_its_place(void **state)
{
    (void)state;
    char deep[300];
    memset(deep, '[', 150);
    memset(deep + 150, ']', 150);
    const struct bytes bad[] = {bytes_of(""),
                                bytes_of("{"),
                                bytes_of("{} x"),
                                bytes_of("{\"a\":1,\"a\":2}"),
                                bytes_of("\"\xff\""),
                                bytes_of("<html>"),
                                {(const uint8_t *)deep, sizeof deep},
                                bytes_null()};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        fault.code = FAULT_NONE;
        assert_null(json_parse(bad[i], &fault));
        assert_int_equal(fault.code, FAULT_PROTOCOL);
    }
    json_parse(bytes_of("{\n  \"a\": oh }"), &fault);
    assert_non_null(strstr(fault.text, "line 2"));
}

static void json_cut_at_any_byte_is_refused(void **state)
{
    (void)state;
    const char *text = "{\"a\":[1,{\"b\":\"\xe0\xa4\x9c\\n\"}]}";
    for (size_t n = 0; n < strlen(text); n++) {
        char *p = malloc(n + !n);
        memcpy(p, text, n);
        assert_null(json_parse((struct bytes){(uint8_t *)p, n}, &fault));
        free(p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(members_are_found_by_key_and_index),
        TEST(the_members_of_an_object_are_walked_once_each),
        TEST(text_that_is_not_json_is_refused_with_its_place),
        TEST(json_cut_at_any_byte_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
