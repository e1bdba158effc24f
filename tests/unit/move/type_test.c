#include "fixture.h"

static struct type parsed(const char *text)
{
    struct type t;
    assert_true(type_parse(&t, bytes_of(text), &fault));
    assert_string_equal(t.text, text);
    return t;
}

static void every_name_has_its_kind(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum type_kind kind;
    } known[] = {{"ascii", TYPE_ASCII},
                 {"bigint", TYPE_BIGINT},
                 {"blob", TYPE_BLOB},
                 {"boolean", TYPE_BOOLEAN},
                 {"counter", TYPE_COUNTER},
                 {"date", TYPE_DATE},
                 {"decimal", TYPE_DECIMAL},
                 {"double", TYPE_DOUBLE},
                 {"duration", TYPE_DURATION},
                 {"float", TYPE_FLOAT},
                 {"inet", TYPE_INET},
                 {"int", TYPE_INT},
                 {"list<text>", TYPE_LIST},
                 {"map<text, int>", TYPE_MAP},
                 {"set<text>", TYPE_SET},
                 {"smallint", TYPE_SMALLINT},
                 {"text", TYPE_TEXT},
                 {"varchar", TYPE_TEXT},
                 {"time", TYPE_TIME},
                 {"timestamp", TYPE_TIMESTAMP},
                 {"timeuuid", TYPE_TIMEUUID},
                 {"tinyint", TYPE_TINYINT},
                 {"tuple<int, text>", TYPE_TUPLE},
                 {"uuid", TYPE_UUID},
                 {"varint", TYPE_VARINT},
                 {"address", TYPE_UDT},
                 {"\"Address\"", TYPE_UDT},
                 {"vector<float, 3>", TYPE_CUSTOM},
                 {"'org.apache.cassandra.db.marshal.PointType'", TYPE_CUSTOM},
                 {"list<text, text>", TYPE_CUSTOM}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        assert_int_equal(parsed(known[i].text).kind, known[i].kind);
}

static void frozen_collections_are_one_cell(void **state)
{
    (void)state;
    struct type t = parsed("frozen<list<text>>");
    assert_int_equal(t.kind, TYPE_LIST);
    assert_false(type_is_multicell(&t));
    t = parsed("list<frozen<map<text, text>>>");
    assert_true(type_is_multicell(&t));
    t = parsed("tuple<int, int>");
    assert_false(type_is_multicell(&t));
    t = parsed("address");
    assert_true(type_is_multicell(&t));
    t = parsed("text");
    assert_false(type_is_multicell(&t));
}

static void elements_have_their_types(void **state)
{
    (void)state;
    struct type e, t = parsed("map<text, frozen<map<int, text>>>");
    assert_true(type_element(&t, 0, &e));
    assert_int_equal(e.kind, TYPE_TEXT);
    assert_true(type_element(&t, 1, &e));
    assert_string_equal(e.text, "frozen<map<int, text>>");
    assert_true(e.frozen);
    assert_false(type_element(&t, 2, &e));
    t = parsed("frozen<set<uuid>>");
    assert_true(type_element(&t, 0, &e));
    assert_int_equal(e.kind, TYPE_UUID);
    assert_false(type_element(&t, 1, &e));
    t = parsed("text");
    assert_false(type_element(&t, 0, &e));
}

static void bad_texts_are_refused(void **state)
{
    (void)state;
    char deep[200] = "", long_name[TYPE_TEXT_MAX + 1];
    for (int i = 0; i < TYPE_DEPTH_MAX + 1; i++)
        strcat(deep, "set<");
    strcat(deep, "int");
    for (int i = 0; i < TYPE_DEPTH_MAX + 1; i++)
        strcat(deep, ">");
    memset(long_name, 'a', TYPE_TEXT_MAX);
    long_name[TYPE_TEXT_MAX] = '\0';
    const char *bad[] = {"",     "   ",  "list<text", "list<text>>", "list>text<", "list<text>x",
                         "'abc", "a\"b", deep,        long_name,     "frozen<>",   ">"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct type t;
        fault.code = FAULT_NONE;
        assert_false(type_parse(&t, bytes_of(bad[i]), &fault));
        assert_int_equal(fault.code, FAULT_SCHEMA);
    }
    struct type t;
    assert_false(type_parse(&t, (struct bytes){(const uint8_t *)"te\0t", 4}, &fault));
}

static void no_text_of_brackets_breaks_the_parser(void **state)
{
    (void)state;
    static const char *const words[] = {"list", "<",      ">", ",",  " ",
                                        "text", "frozen", "'", "\"", "map"};
    seed = 7;
    for (int round = 0; round < 20000; round++) {
        char text[100] = "";
        for (uint32_t n = random_below(12); n > 0; n--)
            strcat(text, words[random_below(10)]);
        struct type t, e;
        if (type_parse(&t, bytes_of(text), &fault))
            for (int i = 0; i < 3; i++)
                type_element(&t, i, &e);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_name_has_its_kind),
        TEST(frozen_collections_are_one_cell),
        TEST(elements_have_their_types),
        TEST(bad_texts_are_refused),
        TEST(no_text_of_brackets_breaks_the_parser),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
