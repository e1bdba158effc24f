#include "report_case.h"

#include "report/cypher_file.h"

static struct rule content_rule(void)
{
    struct rule r = {.is_graph = true, .has_replace = true};
    snprintf(r.name, sizeof r.name, "content");
    snprintf(r.table, sizeof r.table, "domain");
    snprintf(r.node_id, sizeof r.node_id, "IL_UNIQUE_ID");
    snprintf(r.replace_list, sizeof r.replace_list, "createdFor");
    return r;
}

static void add_node(struct ledger_case *c, int number, bool with_list, struct bytes after)
{
    static const uint8_t list[] = {0, 0, 0, 2, 0, 0, 0, 1, 'a', 0, 0, 0, 1, '"'};
    char uid[32], id[32];
    snprintf(uid, sizeof uid, "do_%d", number);
    snprintf(id, sizeof id, "%d", number);
    struct named_cell key[] = {{bytes_of("IL_UNIQUE_ID"), bytes_of(uid), WRITETIME_NONE, 0},
                               {bytes_of("node"), bytes_of(id), WRITETIME_NONE, 0}};
    struct named_cell before[] = {{bytes_of("channel"), bytes_of("old"), WRITETIME_NONE, 0},
                                  {bytes_of("createdFor"), {list, sizeof list}, WRITETIME_NONE, 0}};
    struct named_cell new[] = {{bytes_of("channel"), after, WRITETIME_NONE, 0},
                               {bytes_of("createdFor"), {list, sizeof list}, WRITETIME_NONE, 0}};
    if (number == 0)
        key[0].value = bytes_null();
    struct change change = {.pass = 1,
                            .rule = bytes_of("content"),
                            .kind = CHANGE_NODE,
                            .state = number == 99 ? CHANGE_REJECTED : CHANGE_PLANNED,
                            .key = {key, 2},
                            .before = {before, with_list ? 2 : 1},
                            .after = {new, with_list ? 2 : 1},
                            .fence = WRITETIME_NONE};
    assert_true(ledger_add(c->l, &change, &c->f));
}

static void nodes_become_the_statement_of_apply_with_literals(void **state)
{
    struct ledger_case *c = *state;
    struct rule r = content_rule();
    char path[200];
    uint64_t nodes = 0;
    case_create(c);
    assert_true(ledger_put_rule(c->l, "content", RULE_MOVE, 3, &c->f));
    add_node(c, 7, true, bytes_of("new"));
    add_node(c, 0, false, bytes_of("n\\u0027 \"q\"\n"));
    add_node(c, 99, false, bytes_of("rejected"));
    assert_true(cypher_file_write(c->l, &r, 1, c->dir, path, sizeof path, &nodes, &c->f));
    assert_int_equal(nodes, 2);
    char *text = case_text(c, "content.cypher");
    assert_non_null(text);
    assert_non_null(strstr(text, "UNWIND [\n"
                                 "{i: 1, id: 7, uid: \"do_7\", h0: true, b0: \"old\", a0: \"new\", "
                                 "h1: true, b1: [\"a\", \"\\\"\"], a1: [\"a\", \"\\\"\"]},\n"
                                 "{i: 2, id: 0, uid: null, h0: true, b0: \"old\", "
                                 "a0: \"n\\\\u0027 \\\"q\\\"\\n\", "
                                 "h1: false, b1: null, a1: null}\n"
                                 "] AS r MATCH (n) WHERE id(n) = r.id "));
    assert_string_equal(text + strlen(text) - 2, ";\n");
    assert_null(strstr(text, "$rows"));
    assert_null(strstr(text, "rejected"));
    free(text);
}

static void a_statement_has_at_most_five_hundred_nodes(void **state)
{
    struct ledger_case *c = *state;
    struct rule r = content_rule();
    char path[200];
    uint64_t nodes = 0;
    case_create(c);
    assert_true(ledger_put_rule(c->l, "content", RULE_MOVE, 3, &c->f));
    for (int i = 100; i < 1301; i++)
        add_node(c, i, false, bytes_of("new"));
    assert_true(cypher_file_write(c->l, &r, 1, c->dir, path, sizeof path, &nodes, &c->f));
    assert_int_equal(nodes, 1201);
    char *text = case_text(c, "content.cypher");
    int statements = 0, rows = 0;
    for (const char *p = text; p && *p; p++) {
        statements += *p == ';' && p[1] == '\n';
        rows += *p == '{' && p[1] == 'i';
    }
    assert_int_equal(statements, 3);
    assert_int_equal(rows, 1201);
    free(text);
}

static void assert_quoted(struct bytes text, const char *expected)
{
    struct buf out;
    buf_init(&out, 1000);
    cypher_quote(&out, text);
    assert_string_equal(buf_text(&out), expected);
    buf_fini(&out);
}

static void every_string_is_one_literal(void **state)
{
    (void)state;
    assert_quoted(bytes_of("it's \"x\""), "\"it's \\\"x\\\"\"");
    assert_quoted(bytes_of("a\\b\r\n\t"), "\"a\\\\b\\r\\n\\t\"");
    assert_quoted(bytes_of("\\\\u0022"), "\"\\\\\\\\u0022\"");
    assert_quoted((struct bytes){(const uint8_t *)"\0\x1f", 2}, "\"\\u0000\\u001F\"");
    assert_quoted(bytes_of("\xe0\xa4\xb0\xff"), "\"\xe0\xa4\xb0\xef\xbf\xbd\"");
    assert_quoted(bytes_of("; :commit // x"), "\"; :commit // x\"");
}

static void a_label_that_cannot_be_quoted_is_refused(void **state)
{
    struct ledger_case *c = *state;
    struct rule r = content_rule();
    char path[200];
    snprintf(r.table, sizeof r.table, "a`b");
    case_create(c);
    assert_true(ledger_put_rule(c->l, "content", RULE_MOVE, 3, &c->f));
    add_node(c, 7, false, bytes_of("new"));
    assert_false(cypher_file_write(c->l, &r, 1, c->dir, path, sizeof path, NULL, &c->f));
    assert_int_equal(c->f.code, FAULT_USAGE);
    assert_null(case_text(c, "content.cypher"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        case_test(nodes_become_the_statement_of_apply_with_literals),
        case_test(a_statement_has_at_most_five_hundred_nodes),
        case_test(every_string_is_one_literal),
        case_test(a_label_that_cannot_be_quoted_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
