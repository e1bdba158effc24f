#include "fixture.h"

#define RULE "rules:\n  - rule: user\n    table: sunbird.user\n"
#define FIND "    find: { column: rootorgid, equals: $source.id }\n"
#define SET "    set: { rootorgid: $target.id }\n"

static bool parse(struct profile *p, struct bytes yaml)
{
    memset(&fault, 0, sizeof fault);
    return profile_parse(p, yaml, "p.yaml", NULL, 0, &arena, &fault);
}

static void the_builtin_profile_has_the_seeds_rules(void **state)
{
    (void)state;
    static const char *const names[] = {"user",  "membership-old", "membership",      "batch-old",
                                        "batch", "content",        "old-organisation"};
    struct profile p;
    assert_true(parse(&p, profile_builtin()));
    assert_int_equal(p.rule_count, 7);
    for (int i = 0; i < 7; i++)
        assert_string_equal(p.rules[i].name, names[i]);
    assert_bytes(p.text, profile_builtin());
    const struct rule *m = &p.rules[2], *b = &p.rules[4], *c = &p.rules[5], *o = &p.rules[6];
    assert_int_equal(m->find, FIND_KEY);
    assert_int_equal(m->collision, COLLISION_MERGE);
    assert_string_equal(m->merge_live, "isdeleted");
    assert_string_equal(m->merge_earliest[0], "orgjoindate");
    assert_string_equal(m->merge_union[0], "roles");
    assert_int_equal(m->personal_count, 2);
    assert_string_equal(m->personal[0], "addedbyname");
    assert_string_equal(b->keyspace, "sunbird_courses");
    assert_string_equal(b->sync_id, "batchid");
    assert_string_equal(b->sync_course_id, "courseid");
    assert_true(c->is_graph && c->has_replace);
    assert_string_equal(c->node_id, "IL_UNIQUE_ID");
    assert_int_equal(o->phase, RULE_RETIRE);
    assert_int_equal(o->sync, SYNC_ORGANISATION);
    assert_string_equal(o->set[0].column, "status");
    assert_text(o->set[0].value.literal, "0");
}

static void a_keyspace_is_an_option_everywhere(void **state)
{
    (void)state;
    const struct keyspace_map maps[] = {{"courses", "c2"}, {"sunbird", "lms"}};
    struct profile p;
    assert_true(profile_parse(&p, profile_builtin(), "built-in", maps, 2, &arena, &fault));
    assert_string_equal(p.rules[0].keyspace, "lms");
    assert_string_equal(p.rules[3].keyspace, "lms");
    assert_string_equal(p.rules[4].keyspace, "c2");
    /* A keyspace that a table names as it is, without a name under `keyspaces`. */
    assert_true(profile_parse(&p, bytes_of(RULE FIND SET), "p.yaml", &maps[1], 1, &arena, &fault));
    assert_string_equal(p.rules[0].keyspace, "lms");
    const struct keyspace_map unknown = {"corses", "x"};
    assert_false(profile_parse(&p, profile_builtin(), "built-in", &unknown, 1, &arena, &fault));
    assert_int_equal(fault.code, FAULT_USAGE);
    const struct keyspace_map bad = {"sunbird", "a\"; drop"};
    assert_false(profile_parse(&p, profile_builtin(), "built-in", &bad, 1, &arena, &fault));
}

static void expressions_take_their_value_from_the_two_tenants(void **state)
{
    (void)state;
    const struct rule *r = builtin_rule("user");
    assert_text(expression_value(&r->find_value, &old_tenant, &new_tenant), "01old");
    assert_text(expression_value(&r->set[0].value, &old_tenant, &new_tenant), "01new");
    assert_text(expression_value(&r->set[1].value, &old_tenant, &new_tenant), "rj");
    struct tenant without = new_tenant;
    without.channel = bytes_null();
    assert_true(bytes_are_null(expression_value(&r->set[1].value, &old_tenant, &without)));
}

/* text of the mistake, its line, what is said, what is hinted ("": no matter) */
static const struct {
    const char *yaml;
    int line;
    const char *text;
    const char *hint;
} mistakes[] = {
    {"", 1, "the text is empty", ""},
    {"# nothing\n", 2, "the text is empty", ""},
    {"rules: [", 2, "not YAML", ""},
    {"a: b: c\n", 1, "not YAML", ""},
    {"rules:\n\t- x\n", 2, "not YAML", ""},
    {"just words\n", 1, "the profile must be a map", ""},
    {"- a\n", 1, "the profile must be a map of `key: value`, not a list", ""},
    {"keyspaces: {}\n", 1, "the profile has no `rules:`", ""},
    {"rulse: []\n", 1, "unknown key `rulse` in the profile", "did you mean `rules`?"},
    {"rules: []\n", 1, "rules must be a list of one rule or more", ""},
    {"rules: {a: b}\n", 1, "rules must be a list", ""},
    {"rules:\n", 1, "rules must be a list", ""},
    {"rules:\n  - x\n", 2, "a rule must be a map of `key: value`, not a plain value", ""},
    {"keyspaces: [a]\nrules:\n  - x\n", 1, "keyspaces must be a map", ""},
    {"keyspaces: { a: 'x y' }\nrules:\n  - x\n", 1, "\"x y\" is not the name of a keyspace", ""},
    {"keyspaces: { a: [b] }\nrules:\n  - x\n", 1, "keyspace must be a plain value, not a list", ""},
    {RULE "    fnid: x\n", 4, "unknown key `fnid` in a rule", "did you mean `find`?"},
    {RULE "    zebra: x\n", 4, "unknown key `zebra` in a rule", "known here: rule, table"},
    {RULE, 2, "a rule has no `find`", ""},
    {"rules:\n  - table: a.b\n", 2, "a rule has no `rule`", ""},
    {"rules:\n  - rule: a/b\n", 2, "\"a/b\" is not the name of a rule", ""},
    {"rules:\n  - rule: ..\n", 2, "is not the name of a rule", ""},
    {"rules:\n  - rule: x\n    find: { key: a, equals: b }\n", 2,
     "must have either `table` or `label`", ""},
    {RULE "    label: domain\n", 2, "must have either `table` or `label`", ""},
    {"rules:\n  - rule: x\n    table: user\n", 3, "\"user\" is not a table: write keyspace.table",
     ""},
    {"rules:\n  - rule: x\n    table: a.b.c\n", 3, "\"b.c\" is not the name of a table", ""},
    {"rules:\n  - rule: x\n    table: a.\n", 3, "\"\" is not the name of a table", ""},
    {"rules:\n  - rule: x\n    table: {a: b}\n", 3, "table must be a plain value, not a map", ""},
    {"rules:\n  - rule: x\n    table: ~\n", 3, "table must be a plain value, not nothing", ""},
    {"rules:\n  - rule: x\n    label: domain\n", 2, "a rule with a label has no `id`", ""},
    {RULE "    id: x\n" FIND SET, 4, "`id` belongs to a rule with a label", ""},
    {RULE "    find: rootorgid\n", 4, "find must be a map", ""},
    {RULE "    find: { equals: x }\n", 4, "find has none of", ""},
    {RULE "    find: { column: a, key: b, equals: x }\n", 4,
     "find looks at one thing: column or key", ""},
    {RULE "    find: { column: a }\n", 4, "find has no `equals`", ""},
    {RULE "    find: { column: a, contains: x }\n", 4, "only a list `contains`", ""},
    {RULE "    find: { list: a, equals: x }\n", 4, "a list `contains` a value", ""},
    {RULE "    find: { columm: a, equals: x }\n", 4, "unknown key `columm` in find",
     "did you mean `column`?"},
    {RULE "    find:\n      column: a\n      equals: $source.idd\n", 6,
     "unknown reference $source.idd", "did you mean `$source.id`?"},
    {RULE "    find: { column: a, equals: $soruce.channel }\n", 4, "unknown reference",
     "did you mean `$source.channel`?"},
    {RULE FIND, 2, "rule user: the column that is found must be among those that are set", ""},
    {RULE FIND "    set: { channel: x }\n", 2, "must be among those that are set", ""},
    {RULE FIND "    set: [a]\n", 5, "set must be a map", ""},
    {RULE FIND "    set: {}\n", 5, "set must be a map", ""},
    {RULE FIND "    set: { rootorgid: }\n", 5, "must be a plain value, not nothing", ""},
    {RULE FIND "    set: { rootorgid: [x] }\n", 5, "must be a plain value, not a list", ""},
    {RULE FIND "    set: { 'a b': x }\n", 5, "\"a b\" is not the name of a column", ""},
    {RULE FIND "    set: { rootorgid: a, rootorgid: b }\n", 5, "the key \"rootorgid\" stands twice",
     ""},
    {RULE FIND SET "    table: a.b\n", 6, "the key \"table\" stands twice, first in line 3", ""},
    {RULE FIND SET "    sync: user\n", 6, "sync must be a map", ""},
    {RULE FIND SET "    sync: { object: usr, id: id }\n", 6, "unknown sync object \"usr\"",
     "did you mean `user`?"},
    {RULE FIND SET "    sync: { object: user }\n", 6, "sync has no `id`", ""},
    {RULE FIND SET "    sync: { object: user, id: { courseId: a, batchId: b } }\n", 6,
     "only a batch", ""},
    {RULE FIND SET "    sync: { object: batch, id: { courseId: a } }\n", 6,
     "sync id has no `batchId`", ""},
    {RULE FIND SET "    collision: merge\n", 6, "`collision` belongs to a rule that finds by `key`",
     ""},
    {RULE "    find: { key: a, equals: x }\n    set: { a: y }\n    collision: merg\n", 6,
     "unknown collision policy \"merg\"", "did you mean `merge`?"},
    {RULE "    find: { key: a, equals: x }\n    set: { a: y }\n    merge: { live: b }\n", 6,
     "`merge` has a meaning only with `collision: merge`", ""},
    {RULE "    find: { key: a, equals: x }\n    set: { a: y }\n    collision: merge\n    merge: { "
          "union: b }\n",
     7, "union must be a list", ""},
    {RULE "    find: { key: a, equals: x }\n", 2, "the rule changes nothing", ""},
    {RULE FIND SET "    phase: retier\n", 6, "unknown phase \"retier\"", "did you mean `retire`?"},
    {RULE FIND SET "    leave: \"consent\"\n", 2, "a rule with `leave` changes nothing", ""},
    {RULE FIND "    leave: [x]\n", 5, "the reason of `leave` must be a plain value", ""},
    {RULE FIND SET "    replace: { list: a, from: b, to: c }\n", 2,
     "`replace` belongs to a rule that finds by `list`", ""},
    {RULE "    find: { list: a, contains: x }\n", 2, "needs `replace`", ""},
    {RULE "    find: { list: a, contains: x }\n    replace: { list: b, from: x, to: y }\n", 2,
     "`replace` must name the list", ""},
    {RULE "    find: { list: a, contains: x }\n    replace: { list: a, from: z, to: y }\n", 2,
     "must be the same", ""},
    {RULE "    find: { list: a, contains: x }\n    replace: { list: a, from: x, to: x }\n", 2,
     "puts back", ""},
    {RULE "    find: { list: a, contains: x }\n    replace: { list: a, from: x }\n", 5,
     "replace has no `to`", ""},
    {RULE "    find: { property: a, equals: x }\n    set: { a: y }\n", 2,
     "`property` belongs to a rule with a label", ""},
    {"rules:\n  - rule: c\n    label: d\n    id: i\n    find: { column: a, equals: x }\n", 2,
     "a rule with a label finds by `property` or `list`", ""},
    {"rules:\n  - rule: c\n    label: d\n    id: i\n    find: { property: a, equals: x }\n    set: "
     "{ b: y }\n",
     2, "sets that property, and no other", ""},
    {RULE FIND SET "  - rule: user\n    table: a.b\n" FIND SET, 6,
     "two rules are named user, the first in line 2", ""},
    {"a: &x 1\nb: *x\n", 1, "anchors and aliases", ""},
    {"rules: *x\n", 1, "anchors and aliases", ""},
    {"rules: !!binary x\n", 1, "tags", ""},
    {"? [a]\n: b\n", 1, "a key must be a plain word", ""},
    {RULE FIND SET "---\nrules: []\n", 6, "more than one document", ""},
    {"[[[[[[[[[[x]]]]]]]]]]\n", 1, "nested deeper than 8 levels", ""},
    {"rules:\n  - rule: \"\xff\"\n", 2, "the profile is not UTF-8", ""},
    {"rules:\n\n# \xed\xa0\x80\n", 3, "the profile is not UTF-8", ""},
};

static void each_mistake_is_told_with_its_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
        struct profile p;
        char subject[32];
        snprintf(subject, sizeof subject, "p.yaml:%d", mistakes[i].line);
        bool ok = parse(&p, bytes_of(mistakes[i].yaml));
        if (ok || fault.code != FAULT_USAGE || strcmp(fault.subject, subject) != 0 ||
            !strstr(fault.text, mistakes[i].text) || !strstr(fault.hint, mistakes[i].hint))
            fail_msg("mistake %zu:\n%s\ngave %s: \"%s\", hint \"%s\"; wanted %s: \"%s\"", i,
                     mistakes[i].yaml, fault.subject, fault.text, fault.hint, subject,
                     mistakes[i].text);
    }
}

static void a_text_that_is_too_long_or_too_rich_is_refused(void **state)
{
    (void)state;
    struct buf b;
    struct profile p;
    buf_init(&b, PROFILE_TEXT_MAX + 10);
    while (b.n <= PROFILE_TEXT_MAX)
        buf_append_char(&b, '\n');
    assert_false(parse(&p, buf_view(&b)));
    assert_non_null(strstr(fault.text, "longer than"));
    buf_clear(&b);
    buf_append_text(&b, "rules: [");
    for (int i = 0; i < 20000; i++)
        buf_append_text(&b, "a,");
    buf_append_text(&b, "b]\n");
    assert_false(parse(&p, buf_view(&b)));
    assert_non_null(strstr(fault.text, "more than 20000 entries"));
    buf_clear(&b);
    for (int i = 0; i < 500000; i++)
        buf_append_char(&b, '[');
    assert_false(parse(&p, buf_view(&b)));
    buf_fini(&b);
    char many[8192] = "rules:\n";
    for (int i = 0; i < PROFILE_RULES_MAX + 1; i++)
        strcat(many, "  - { rule: x }\n");
    assert_false(parse(&p, bytes_of(many)));
    assert_non_null(strstr(fault.text, "more than 64 rules"));
}

static void a_profile_cut_or_bent_at_any_byte_never_breaks_the_reader(void **state)
{
    (void)state;
    struct bytes whole = profile_builtin();
    const char *head = "keyspaces:";
    size_t start = (size_t)((const uint8_t *)memmem(whole.p, whole.n, head, 10) - whole.p);
    struct profile p;
    seed = 23;
    for (size_t n = start; n < whole.n; n += 3, arena_reset(&arena)) {
        uint8_t *copy = malloc(n - start + 1);
        memcpy(copy, whole.p + start, n - start);
        if (!parse(&p, (struct bytes){copy, n - start}))
            assert_int_equal(fault.code, FAULT_USAGE);
        for (int i = 0; i < 2 && n > start; i++)
            copy[random_below((uint32_t)(n - start))] = (uint8_t)random_below(256);
        if (!parse(&p, (struct bytes){copy, n - start}))
            assert_int_equal(fault.code, FAULT_USAGE);
        free(copy);
    }
}

static void a_rule_may_leave_rows_with_a_reason(void **state)
{
    (void)state;
    struct rule *r = parse_rule("rules:\n  - rule: consent\n    table: sunbird.user_consent\n"
                                "    find: { key: consumer_id, equals: $source.id }\n"
                                "    leave: \"a consent is given to one organisation\"\n");
    assert_string_equal(r->leave, "a consent is given to one organisation");
}

static void quoted_nothing_is_an_empty_text(void **state)
{
    (void)state;
    struct rule *r =
        parse_rule(RULE FIND "    set: { rootorgid: $target.id, channel: '', email: 'null' }\n");
    assert_false(bytes_are_null(r->set[1].value.literal));
    assert_int_equal(r->set[1].value.literal.n, 0);
    assert_text(r->set[2].value.literal, "null");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_builtin_profile_has_the_seeds_rules),
        TEST(a_keyspace_is_an_option_everywhere),
        TEST(expressions_take_their_value_from_the_two_tenants),
        TEST(each_mistake_is_told_with_its_line),
        TEST(a_text_that_is_too_long_or_too_rich_is_refused),
        TEST(a_profile_cut_or_bent_at_any_byte_never_breaks_the_reader),
        TEST(a_rule_may_leave_rows_with_a_reason),
        TEST(quoted_nothing_is_an_empty_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
