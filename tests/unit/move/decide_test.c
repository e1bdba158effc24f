#include "fixture.h"

#define NOW INT64_C(1790000000000000)

static const struct named_cell *need_cell(const struct named_cells *cells, const char *name)
{
    const struct named_cell *c = named_cells_find(cells, name);
    if (!c)
        fail_msg("no cell %s", name);
    return c;
}

static struct row user_row(void)
{
    struct row r = row_of(table_of("user", USER));
    put_key(&r, "id", "u1");
    put(&r, "rootorgid", "01old", 100);
    put(&r, "channel", "pilot", 200);
    put(&r, "email", "a@b", 900);
    return r;
}

static enum decision run(const char *rule, const struct row *r, struct change *c)
{
    return decide(bind_to(builtin_rule(rule), r->table), r, NOW, &arena, c, &fault);
}

static void a_user_of_the_source_is_updated_behind_a_fence(void **state)
{
    (void)state;
    struct row r = user_row();
    struct change c;
    assert_int_equal(run("user", &r, &c), DECIDE_CHANGE);
    assert_text(c.rule, "user");
    assert_int_equal(c.kind, CHANGE_UPDATE);
    assert_int_equal(c.state, CHANGE_PLANNED);
    assert_text(need_cell(&c.key, "id")->value, "u1");
    assert_int_equal(c.before.n, 2);
    assert_text(need_cell(&c.before, "rootorgid")->value, "01old");
    assert_int_equal(need_cell(&c.before, "channel")->writetime, 200);
    assert_int_equal(c.after.n, 2);
    assert_text(need_cell(&c.after, "rootorgid")->value, "01new");
    assert_text(need_cell(&c.after, "channel")->value, "rj");
    assert_int_equal(c.fence, 201); /* email's 900 is not ours to pass */
    assert_int_equal(c.read_at_us, NOW);
    assert_int_equal(c.sync_object, SYNC_USER);
    assert_text(c.sync_id, "u1");
    assert_true(bytes_are_null(c.sync_course_id));
}

static void a_user_of_another_tenant_is_left_alone(void **state)
{
    (void)state;
    struct row r = user_row();
    struct change c;
    put(&r, "rootorgid", "01other", 100);
    assert_int_equal(run("user", &r, &c), DECIDE_NOTHING);
    put_bytes(&r, "rootorgid", bytes_null(), WRITETIME_NONE);
    assert_int_equal(run("user", &r, &c), DECIDE_NOTHING);
    put(&r, "rootorgid", "01ol", 100);
    assert_int_equal(run("user", &r, &c), DECIDE_NOTHING);
}

static void a_companion_that_is_right_already_is_not_written(void **state)
{
    (void)state;
    struct row r = user_row();
    struct change c;
    put(&r, "channel", "rj", 5000);
    assert_int_equal(run("user", &r, &c), DECIDE_CHANGE);
    assert_int_equal(c.after.n, 1);
    assert_int_equal(c.before.n, 2);
    assert_int_equal(c.fence, 101);
}

static void a_null_companion_has_no_time_and_lives_as_long_as_its_row(void **state)
{
    (void)state;
    struct row r = user_row();
    struct change c;
    put_bytes(&r, "channel", bytes_null(), WRITETIME_NONE);
    cell_of(&r, "rootorgid")->ttl = 77;
    assert_int_equal(run("user", &r, &c), DECIDE_CHANGE);
    assert_int_equal(c.fence, 101);
    assert_true(bytes_are_null(need_cell(&c.before, "channel")->value));
    assert_int_equal(need_cell(&c.after, "channel")->ttl, 77);
    assert_int_equal(need_cell(&c.after, "rootorgid")->ttl, 77);
}

static void each_cell_keeps_what_is_left_of_its_ttl(void **state)
{
    (void)state;
    struct row r = user_row();
    struct change c;
    cell_of(&r, "channel")->ttl = 30;
    assert_int_equal(run("user", &r, &c), DECIDE_CHANGE);
    assert_int_equal(need_cell(&c.after, "channel")->ttl, 30);
    assert_int_equal(need_cell(&c.after, "rootorgid")->ttl, 0);
}

static void a_timestamp_far_ahead_is_rejected_with_the_reason(void **state)
{
    (void)state;
    struct row r = user_row();
    struct change c;
    put(&r, "channel", "pilot", NOW + INT64_C(3600) * 1000000);
    assert_int_equal(run("user", &r, &c), DECIDE_CHANGE);
    put(&r, "channel", "pilot", NOW + INT64_C(3600) * 1000000 + 1);
    assert_int_equal(run("user", &r, &c), DECIDE_REJECT);
    assert_int_equal(c.state, CHANGE_REJECTED);
    assert_non_null(
        strstr((const char *)c.reason.p, "written with a timestamp of 1790003600000001"));
    assert_int_equal(c.before.n, 2);
    assert_int_equal(c.key.n, 1);
    assert_int_equal(c.after.n, 0);
    put(&r, "channel", "pilot", INT64_MAX);
    assert_int_equal(run("user", &r, &c), DECIDE_REJECT);
    put(&r, "channel", "pilot", -5);
    put(&r, "rootorgid", "01old", -9);
    assert_int_equal(run("user", &r, &c), DECIDE_CHANGE);
    assert_int_equal(c.fence, -4);
}

static void every_byte_passes_through(void **state)
{
    (void)state;
    static const uint8_t odd[] = "a\0'\";\n%\xe0\xa4\x9c";
    struct row r = user_row();
    struct change c;
    struct bytes id = {odd, sizeof odd - 1};
    put_bytes(&r, "id", id, WRITETIME_NONE);
    put_bytes(&r, "channel", id, 7);
    assert_int_equal(run("user", &r, &c), DECIDE_CHANGE);
    assert_bytes(c.key.v[0].value, id);
    assert_bytes(c.sync_id, id);
    assert_bytes(need_cell(&c.before, "channel")->value, id);
}

static void a_membership_without_a_user_is_moved_but_not_synced(void **state)
{
    (void)state;
    struct row r = row_of(
        table_of("user_org", "id text pk; userid text; organisationid text; hashtagid text"));
    struct change c;
    put_key(&r, "id", "m1");
    put(&r, "organisationid", "01old", 5);
    assert_int_equal(run("membership-old", &r, &c), DECIDE_CHANGE);
    assert_int_equal(c.sync_object, SYNC_NONE);
    assert_true(bytes_are_null(c.sync_id));
    assert_non_null(named_cells_find(&c.before, "userid"));
    put(&r, "userid", "", 5);
    assert_int_equal(run("membership-old", &r, &c), DECIDE_CHANGE);
    assert_int_equal(c.sync_object, SYNC_NONE);
    put(&r, "userid", "u1", 50);
    assert_int_equal(run("membership-old", &r, &c), DECIDE_CHANGE);
    assert_text(c.sync_id, "u1");
    assert_int_equal(c.fence, 6); /* userid is read for the sync, not written */
}

static void a_list_is_written_by_condition(void **state)
{
    (void)state;
    struct row r = row_of(table_of("course_batch", BATCH));
    struct change c;
    put_key(&r, "courseid", "do_1");
    put_key(&r, "batchid", "b1");
    put_bytes(&r, "createdfor", list_of("x", "01old", "01new", NULL), WRITETIME_NONE);
    assert_int_equal(run("batch", &r, &c), DECIDE_CHANGE);
    assert_int_equal(c.kind, CHANGE_LIST);
    assert_true(c.fence == WRITETIME_NONE);
    assert_int_equal(c.before.n, 1);
    assert_bytes(c.after.v[0].value, list_of("x", "01new", NULL));
    assert_int_equal(c.sync_object, SYNC_BATCH);
    assert_text(c.sync_id, "b1");
    assert_text(c.sync_course_id, "do_1");
    put_key(&r, "courseid", ""); /* half an id names no document */
    assert_int_equal(run("batch", &r, &c), DECIDE_CHANGE);
    assert_int_equal(c.sync_object, SYNC_NONE);
    assert_true(bytes_are_null(c.sync_id) && bytes_are_null(c.sync_course_id));
    put_bytes(&r, "createdfor", bytes_null(), WRITETIME_NONE);
    assert_int_equal(run("batch", &r, &c), DECIDE_NOTHING);
    put_bytes(&r, "createdfor", bytes_of("junk"), WRITETIME_NONE);
    assert_int_equal(run("batch", &r, &c), DECIDE_REJECT);
}

static void a_frozen_list_is_one_cell_behind_a_fence(void **state)
{
    (void)state;
    struct row r =
        row_of(table_of("course_batch", "id text pk; courseid text; createdfor frozen<set<text>>"));
    struct change c;
    put_key(&r, "id", "b1");
    put_bytes(&r, "createdfor", list_of("01old", "00", NULL), 40);
    assert_int_equal(run("batch-old", &r, &c), DECIDE_CHANGE);
    assert_int_equal(c.kind, CHANGE_UPDATE);
    assert_int_equal(c.fence, 41);
    assert_bytes(c.after.v[0].value, list_of("00", "01new", NULL));
}

static void the_old_organisation_is_updated_where_it_stands(void **state)
{
    (void)state;
    struct row r = row_of(table_of("organisation", ORGANISATION));
    struct change c;
    put_key(&r, "id", "01old");
    put_bytes(&r, "status", int_of(1), 30);
    assert_int_equal(run("old-organisation", &r, &c), DECIDE_CHANGE);
    assert_int_equal(c.kind, CHANGE_UPDATE);
    assert_int_equal(c.fence, 31);
    assert_bytes(c.after.v[0].value, int_of(0));
    assert_int_equal(c.before.n, 1);
    assert_int_equal(c.sync_object, SYNC_ORGANISATION);
    put_bytes(&r, "status", int_of(0), 30);
    assert_int_equal(run("old-organisation", &r, &c), DECIDE_NOTHING);
    assert_false(rule_matches(bind_to(builtin_rule("old-organisation"), r.table), &r));
    put_bytes(&r, "status", bytes_null(), WRITETIME_NONE);
    assert_int_equal(run("old-organisation", &r, &c), DECIDE_CHANGE);
    assert_true(c.fence == WRITETIME_NONE);
    put_key(&r, "id", "01new");
    assert_int_equal(run("old-organisation", &r, &c), DECIDE_NOTHING);
}

static void a_rule_that_leaves_matches_but_changes_nothing(void **state)
{
    (void)state;
    struct rule *rule =
        parse_rule("rules:\n  - rule: x\n    table: sunbird.user\n"
                   "    find: { column: rootorgid, equals: $source.id }\n    leave: history\n");
    struct row r = user_row();
    struct bound_rule *b = bind_to(rule, r.table);
    struct change c;
    assert_true(rule_matches(b, &r));
    assert_int_equal(decide(b, &r, NOW, &arena, &c, &fault), DECIDE_NOTHING);
}

static void equal_values_on_both_sides_never_match(void **state)
{
    (void)state;
    struct rule *rule = parse_rule("rules:\n  - rule: x\n    table: sunbird.user\n"
                                   "    find: { column: channel, equals: $source.channel }\n"
                                   "    set: { channel: $target.channel }\n");
    struct tenant same = new_tenant;
    struct row r = user_row();
    struct bound_rule b;
    struct change c;
    same.channel = old_tenant.channel;
    assert_true(rule_bind(&b, rule, r.table, &old_tenant, &same, &arena, &fault));
    assert_false(rule_matches(&b, &r));
    assert_int_equal(decide(&b, &r, NOW, &arena, &c, &fault), DECIDE_NOTHING);
}

static void memory_that_is_out_is_a_fault(void **state)
{
    (void)state;
    struct row r = user_row();
    struct bound_rule *b = bind_to(builtin_rule("user"), r.table);
    struct change c;
    struct arena none;
    arena_init(&none, 0);
    assert_int_equal(decide(b, &r, NOW, &none, &c, &fault), DECIDE_FAILED);
    assert_int_equal(fault.code, FAULT_MEMORY);
    arena_fini(&none);
}

static void apply_to(struct row *r, const struct change *c)
{
    for (int i = 0; i < c->after.n; i++) {
        char name[NAME_TEXT_MAX] = "";
        memcpy(name, c->after.v[i].name.p, c->after.v[i].name.n);
        put_bytes(r, name, c->after.v[i].value, c->fence);
    }
}

static void a_decided_row_needs_no_second_decision(void **state)
{
    (void)state;
    static const char *const orgs[] = {"01old", "01new", "x", "", "01oldtag"};
    static const char *const channels[] = {"pilot", "rj", "other", ""};
    seed = 31;
    int changed = 0;
    for (int round = 0; round < 1000; round++, arena_reset(&arena)) {
        bool batch = round % 2;
        struct row r = batch ? row_of(table_of("course_batch", BATCH)) : user_row();
        struct change c;
        if (batch) {
            put_bytes(
                &r, "createdfor",
                list_of(orgs[random_below(5)], orgs[random_below(5)], orgs[random_below(5)], NULL),
                WRITETIME_NONE);
        } else {
            put(&r, "rootorgid", orgs[random_below(5)], random_below(1000));
            if (random_below(3))
                put(&r, "channel", channels[random_below(4)], random_below(1000));
            else
                put_bytes(&r, "channel", bytes_null(), WRITETIME_NONE);
        }
        const struct bound_rule *b = bind_to(builtin_rule(batch ? "batch" : "user"), r.table);
        enum decision d = decide(b, &r, NOW, &arena, &c, &fault);
        assert_int_equal(d != DECIDE_NOTHING, rule_matches(b, &r));
        if (d == DECIDE_NOTHING)
            continue;
        changed++;
        for (int i = 0; !batch && i < c.after.n; i++) {
            const struct named_cell *was = named_cells_find(&c.before, i ? "channel" : "rootorgid");
            assert_true(was->writetime == WRITETIME_NONE || was->writetime < c.fence);
        }
        apply_to(&r, &c);
        assert_false(rule_matches(b, &r));
        assert_int_equal(decide(b, &r, NOW, &arena, &c, &fault), DECIDE_NOTHING);
    }
    assert_true(changed > 200);
}

static struct bytes node_after(const struct change *c, const char *name)
{
    const struct named_cell *cell = named_cells_find(&c->after, name);
    return cell ? cell->value : bytes_null();
}

static void a_node_changes_only_what_names_the_source(void **state)
{
    (void)state;
    struct bound_node b;
    struct change c;
    int64_t id;
    assert_true(rule_bind_node(&b, builtin_rule("content"), &old_tenant, &new_tenant, &fault));
    assert_int_equal(decide_node(&b, bytes_of("do_1"), 42, bytes_of("01oldtag"),
                                 list_of("01old", "x", NULL), NOW, &arena, &c, &fault),
                     DECIDE_CHANGE);
    assert_int_equal(c.kind, CHANGE_NODE);
    assert_int_equal(c.before.n, 2);
    assert_text(node_after(&c, "channel"), "01newtag");
    assert_bytes(node_after(&c, "createdFor"), list_of("01new", "x", NULL));
    assert_text(c.key.v[0].value, "do_1");
    assert_true(change_node_id(&c, &id) && id == 42);
    /* Only one of the two, and the other absent or of someone else. */
    assert_int_equal(decide_node(&b, bytes_null(), 7, bytes_of("01oldtag"), bytes_null(), NOW,
                                 &arena, &c, &fault),
                     DECIDE_CHANGE);
    assert_int_equal(c.after.n, 1);
    assert_int_equal(decide_node(&b, bytes_of("x"), 7, bytes_of("other"),
                                 list_of("a", "01old", NULL), NOW, &arena, &c, &fault),
                     DECIDE_CHANGE);
    assert_int_equal(c.after.n, 1);
    assert_text(c.after.v[0].name, "createdFor");
    assert_int_equal(decide_node(&b, bytes_of("x"), 7, bytes_of("01old"), list_of("01oldtag", NULL),
                                 NOW, &arena, &c, &fault),
                     DECIDE_NOTHING);
    assert_int_equal(
        decide_node(&b, bytes_of("x"), 7, bytes_null(), bytes_of("junk"), NOW, &arena, &c, &fault),
        DECIDE_REJECT);
}

static void a_property_that_is_the_same_on_both_sides_is_not_written(void **state)
{
    (void)state;
    struct tenant same = new_tenant;
    struct bound_node b;
    struct change c;
    same.hashtagid = old_tenant.hashtagid;
    assert_true(rule_bind_node(&b, builtin_rule("content"), &old_tenant, &same, &fault));
    assert_false(node_matches(&b, bytes_of("01oldtag"), bytes_null()));
    assert_int_equal(decide_node(&b, bytes_of("x"), 1, bytes_of("01oldtag"), list_of("01old", NULL),
                                 NOW, &arena, &c, &fault),
                     DECIDE_CHANGE);
    assert_int_equal(c.after.n, 1);
    assert_text(c.after.v[0].name, "createdFor");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_user_of_the_source_is_updated_behind_a_fence),
        TEST(a_user_of_another_tenant_is_left_alone),
        TEST(a_companion_that_is_right_already_is_not_written),
        TEST(a_null_companion_has_no_time_and_lives_as_long_as_its_row),
        TEST(each_cell_keeps_what_is_left_of_its_ttl),
        TEST(a_timestamp_far_ahead_is_rejected_with_the_reason),
        TEST(every_byte_passes_through),
        TEST(a_membership_without_a_user_is_moved_but_not_synced),
        TEST(a_list_is_written_by_condition),
        TEST(a_frozen_list_is_one_cell_behind_a_fence),
        TEST(the_old_organisation_is_updated_where_it_stands),
        TEST(a_rule_that_leaves_matches_but_changes_nothing),
        TEST(equal_values_on_both_sides_never_match),
        TEST(memory_that_is_out_is_a_fault),
        TEST(a_decided_row_needs_no_second_decision),
        TEST(a_node_changes_only_what_names_the_source),
        TEST(a_property_that_is_the_same_on_both_sides_is_not_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
