#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "graph/cypher.h"
#include "move/type.h"

static const struct graph_find both = {
    .label = "domain", .id_property = "IL_UNIQUE_ID", .property = "channel", .list = "createdFor"};

static void a_scan_asks_for_a_page_behind_the_last_id(void **state)
{
    (void)state;
    struct buf b;
    struct fault f;
    buf_init(&b, 4096);
    assert_true(cypher_scan(&b, &both, &f));
    assert_string_equal(buf_text(&b),
                        "MATCH (n:`domain`) WHERE id(n) > $last AND (n.`channel` = $equals OR "
                        "$contains IN ([] + n.`createdFor`)) RETURN id(n), n.`IL_UNIQUE_ID`, "
                        "n.`channel`, n.`createdFor` ORDER BY id(n) LIMIT 1000");
    buf_fini(&b);
}

static void a_scan_of_one_property_asks_for_no_other(void **state)
{
    (void)state;
    struct buf b;
    struct fault f;
    struct graph_find one = both;
    one.list = NULL;
    buf_init(&b, 4096);
    assert_true(cypher_scan(&b, &one, &f));
    assert_null(strstr(buf_text(&b), "createdFor"));
    assert_null(strstr(buf_text(&b), "$contains"));
    buf_fini(&b);
}

static void a_scan_without_a_condition_is_refused(void **state)
{
    (void)state;
    struct buf b;
    struct fault f;
    struct graph_find none = {.label = "domain", .id_property = "id"};
    buf_init(&b, 4096);
    assert_false(cypher_scan(&b, &none, &f));
    assert_int_equal(f.code, FAULT_INTERNAL);
    buf_fini(&b);
}

static void values_travel_as_parameters_with_every_byte(void **state)
{
    (void)state;
    struct buf b;
    struct graph_find find = both;
    find.equals = bytes_of("a\"b'\\\n");
    find.contains = bytes_of("\xe0\xa4\xb0");
    buf_init(&b, 4096);
    cypher_find_parameters(&b, &find, 41);
    assert_string_equal(
        buf_text(&b), "{\"last\":41,\"equals\":\"a\\\"b'\\\\\\n\",\"contains\":\"\xe0\xa4\xb0\"}");
    buf_fini(&b);
}

static void names_that_could_leave_their_quotes_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "a`b", "a\\u0060b", "a\nb", "a\x7f", "\xff"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct buf b;
        struct fault f;
        struct graph_find find = both;
        find.property = bad[i];
        buf_init(&b, 4096);
        assert_false(cypher_scan(&b, &find, &f));
        assert_int_equal(f.code, FAULT_USAGE);
        buf_fini(&b);
    }
    struct buf b;
    buf_init(&b, 64);
    assert_true(cypher_name(&b, "two words) DELETE n //", NULL));
    assert_string_equal(buf_text(&b), "`two words) DELETE n //`");
    buf_fini(&b);
}

static void a_write_takes_the_lock_before_it_compares(void **state)
{
    (void)state;
    struct buf b;
    struct fault f;
    struct cypher_names names = {{"channel"}, 1};
    buf_init(&b, 4096);
    assert_true(cypher_write(&b, "domain", "uid", &names, &f));
    const char *text = buf_text(&b);
    const char *lock = strstr(text, "SET n.`uid` = n.`uid` WITH");
    const char *compare = strstr(text, "CASE WHEN NOT (n:`domain` AND (n.`uid` = r.uid");
    const char *set = strstr(text, "SET n.`channel` = CASE WHEN r.h0 THEN r.a0");
    assert_non_null(lock);
    assert_true(compare > lock);
    assert_true(set > compare);
    buf_fini(&b);
}

static void rows_say_before_and_after_and_what_they_do_not_have(void **state)
{
    (void)state;
    struct buf list;
    buf_init(&list, 256);
    size_t start = list_begin(&list);
    list_add(&list, bytes_of("a"));
    list_add(&list, bytes_of("b"));
    list_end(&list, start, 2);
    struct property before[2] = {{.name = "channel", .value = bytes_of("old")},
                                 {.name = "createdFor", .is_list = true, .value = buf_view(&list)}};
    struct property after[2] = {{.name = "channel", .value = bytes_of("new")},
                                {.name = "createdFor", .is_list = true, .value = bytes_null()}};
    struct node_write writes[2] = {
        {.uid = bytes_of("do_1"), .id = 7, .before = before, .after = after, .property_count = 2},
        {.id = 8, .before = before + 1, .after = after + 1, .property_count = 1}};
    struct cypher_names names;
    assert_true(cypher_collect_names(&names, writes, 2, NULL));
    assert_int_equal(names.count, 2);
    struct buf b;
    buf_init(&b, 4096);
    cypher_rows(&b, writes, 2, &names, true);
    assert_string_equal(buf_text(&b),
                        "{\"rows\":[{\"i\":0,\"id\":7,\"uid\":\"do_1\",\"h0\":true,\"b0\":\"old\","
                        "\"a0\":\"new\",\"h1\":true,\"b1\":[\"a\",\"b\"],\"a1\":null},"
                        "{\"i\":1,\"id\":8,\"uid\":null,\"h0\":false,\"h1\":true,"
                        "\"b1\":[\"a\",\"b\"],\"a1\":null}]}");
    buf_fini(&b);
    buf_fini(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_scan_asks_for_a_page_behind_the_last_id),
        cmocka_unit_test(a_scan_of_one_property_asks_for_no_other),
        cmocka_unit_test(a_scan_without_a_condition_is_refused),
        cmocka_unit_test(values_travel_as_parameters_with_every_byte),
        cmocka_unit_test(names_that_could_leave_their_quotes_are_refused),
        cmocka_unit_test(a_write_takes_the_lock_before_it_compares),
        cmocka_unit_test(rows_say_before_and_after_and_what_they_do_not_have),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
