#include "fixture.h"

#define NOW INT64_C(1790000000000000)

static struct row member(const char *organisation)
{
    struct row r = row_of(table_of("user_organisation", MEMBERSHIP));
    put_key(&r, "userid", "u1");
    put_key(&r, "organisationid", organisation);
    return r;
}

/* A full membership of the source: every cell with a time of its own. */
static struct row old_member(void)
{
    struct row r = member("01old");
    put(&r, "hashtagid", "01oldtag", 10);
    put_bytes(&r, "isdeleted", boolean(false), 20);
    put(&r, "orgjoindate", "2018-05-01", 30);
    put_bytes(&r, "roles", list_of("PUBLIC", "CREATOR", NULL), WRITETIME_NONE);
    put(&r, "position", "", 40);
    return r;
}

static struct row new_member(void)
{
    struct row r = member("01new");
    put(&r, "hashtagid", "01newtag", 1000);
    put_bytes(&r, "isdeleted", boolean(true), 1000);
    put(&r, "orgjoindate", "2019-01-01", 1000);
    put_bytes(&r, "roles", list_of("ADMIN", "PUBLIC", NULL), WRITETIME_NONE);
    put(&r, "addedby", "somebody", 1000);
    return r;
}

static const struct bound_rule *rule_with(const char *policy)
{
    struct rule *r = builtin_rule("membership");
    r->collision = strcmp(policy, "stop") == 0          ? COLLISION_STOP
                   : strcmp(policy, "keep-target") == 0 ? COLLISION_KEEP_TARGET
                                                        : COLLISION_MERGE;
    return bind_to(r, table_of("user_organisation", MEMBERSHIP));
}

static const struct named_cell *after(const struct change *c, const char *name)
{
    return named_cells_find(&c->after, name);
}

static void a_row_with_the_source_in_its_key_needs_the_target(void **state)
{
    (void)state;
    struct row r = old_member();
    struct change c;
    assert_int_equal(decide(rule_with("merge"), &r, NOW, &arena, &c, &fault), DECIDE_NEED_TARGET);
    assert_int_equal(c.kind, CHANGE_MOVE);
    assert_text(named_cells_find(&c.key, "organisationid")->value, "01old");
    assert_text(named_cells_find(&c.new_key, "organisationid")->value, "01new");
    assert_text(named_cells_find(&c.new_key, "userid")->value, "u1");
    assert_int_equal(c.before.n, 5); /* addedby is null */
    assert_int_equal(c.after.n, 5);
    assert_text(after(&c, "hashtagid")->value, "01newtag");
    assert_int_equal(after(&c, "hashtagid")->writetime, 11);
    assert_int_equal(after(&c, "isdeleted")->writetime, 21);
    assert_true(after(&c, "roles")->writetime == WRITETIME_NONE);
    assert_text(after(&c, "position")->value, "");
    assert_int_equal(c.fence, 41);
    assert_text(c.sync_id, "u1");
    r = member("01other");
    assert_int_equal(decide(rule_with("merge"), &r, NOW, &arena, &c, &fault), DECIDE_NOTHING);
}

static void a_column_that_was_null_and_is_set_takes_time_and_ttl_of_its_row(void **state)
{
    (void)state;
    struct row r = member("01old");
    struct change c;
    put(&r, "position", "head", 40);
    put(&r, "addedby", "x", 50);
    cell_of(&r, "position")->ttl = 9;
    cell_of(&r, "addedby")->ttl = 8;
    assert_int_equal(decide(rule_with("merge"), &r, NOW, &arena, &c, &fault), DECIDE_NEED_TARGET);
    assert_int_equal(after(&c, "hashtagid")->writetime, 51);
    assert_int_equal(after(&c, "hashtagid")->ttl, 9);
    assert_int_equal(after(&c, "addedby")->ttl, 8);
    cell_of(&r, "addedby")->ttl = 0;
    assert_int_equal(decide(rule_with("merge"), &r, NOW, &arena, &c, &fault), DECIDE_NEED_TARGET);
    assert_int_equal(after(&c, "hashtagid")->ttl, 0);
}

static void a_row_of_keys_only_has_no_fence(void **state)
{
    (void)state;
    struct row r = member("01old");
    struct change c;
    assert_int_equal(decide(rule_with("merge"), &r, NOW, &arena, &c, &fault), DECIDE_NEED_TARGET);
    assert_true(c.fence == WRITETIME_NONE);
    assert_int_equal(c.before.n, 0);
    assert_int_equal(c.after.n, 1); /* hashtagid is always set */
    assert_true(after(&c, "hashtagid")->writetime == WRITETIME_NONE);
    put_bytes(&r, "roles", list_of("PUBLIC", NULL), WRITETIME_NONE);
    assert_int_equal(decide(rule_with("merge"), &r, NOW, &arena, &c, &fault), DECIDE_NEED_TARGET);
    assert_true(c.fence == WRITETIME_NONE);
}

static enum decision meet(const char *policy, const struct row *r, const struct row *target,
                          bool carry, struct change *c)
{
    const struct bound_rule *b = rule_with(policy);
    assert_int_equal(decide(b, r, NOW, &arena, c, &fault), DECIDE_NEED_TARGET);
    c->seq = 7;
    c->pass = 2;
    enum decision d = decide_move(b, r, target, carry, &arena, c, &fault);
    assert_int_equal(c->seq, 7);
    assert_int_equal(c->pass, 2);
    return d;
}

static void without_a_target_row_the_move_is_plain(void **state)
{
    (void)state;
    struct row r = old_member();
    struct change c;
    assert_int_equal(meet("stop", &r, NULL, false, &c), DECIDE_CHANGE);
    assert_int_equal(c.origin, CHANGE_PLAIN);
    assert_int_equal(c.target_before.n, 0);
    assert_int_equal(c.after.n, 5);
    assert_int_equal(c.fence, 41);
    assert_int_equal(c.read_at_us, NOW);
}

static void the_policy_decides_over_a_collision(void **state)
{
    (void)state;
    struct row r = old_member(), t = new_member();
    struct change c;
    assert_int_equal(meet("stop", &r, &t, false, &c), DECIDE_REJECT);
    assert_non_null(strstr((const char *)c.reason.p, "collision"));
    assert_int_equal(c.target_before.n, 2 + 5);
    assert_int_equal(c.after.n, 0);
    assert_int_equal(meet("keep-target", &r, &t, false, &c), DECIDE_CHANGE);
    assert_int_equal(c.origin, CHANGE_DROP);
    assert_int_equal(c.after.n, 0);
    assert_int_equal(c.fence, 41);
}

static void a_merge_writes_only_what_differs_from_the_target(void **state)
{
    (void)state;
    struct row r = old_member(), t = new_member();
    struct change c;
    assert_int_equal(meet("merge", &r, &t, false, &c), DECIDE_CHANGE);
    assert_int_equal(c.origin, CHANGE_MERGE);
    assert_int_equal(c.after.n, 4);
    assert_bytes(after(&c, "isdeleted")->value, boolean(false)); /* live beats deleted */
    assert_int_equal(after(&c, "isdeleted")->writetime, 1001);
    assert_text(after(&c, "orgjoindate")->value, "2018-05-01");
    assert_int_equal(after(&c, "orgjoindate")->writetime, 1001);
    assert_bytes(after(&c, "roles")->value, list_of("ADMIN", "PUBLIC", "CREATOR", NULL));
    assert_true(after(&c, "roles")->writetime == WRITETIME_NONE);
    assert_int_equal(after(&c, "position")->writetime, 41); /* the target has none */
    assert_null(after(&c, "hashtagid"));
    assert_null(after(&c, "addedby"));
}

static void a_deleted_membership_never_deletes_a_live_one(void **state)
{
    (void)state;
    struct row r = old_member(), t = new_member();
    struct change c;
    put_bytes(&r, "isdeleted", boolean(true), 5000);
    put_bytes(&t, "isdeleted", boolean(false), 10);
    assert_int_equal(meet("merge", &r, &t, false, &c), DECIDE_CHANGE);
    assert_null(after(&c, "isdeleted"));
    put_bytes(&t, "isdeleted", bytes_null(), WRITETIME_NONE); /* no mark is live */
    assert_int_equal(meet("merge", &r, &t, false, &c), DECIDE_CHANGE);
    assert_null(after(&c, "isdeleted"));
    put_bytes(&r, "isdeleted", bytes_null(), WRITETIME_NONE);
    put_bytes(&t, "isdeleted", boolean(true), 10);
    assert_int_equal(meet("merge", &r, &t, false, &c), DECIDE_CHANGE);
    assert_bytes(after(&c, "isdeleted")->value, boolean(false));
    assert_int_equal(after(&c, "isdeleted")->writetime, 11);
    put_bytes(&r, "isdeleted", boolean(true), 10); /* both deleted: as it was */
    assert_int_equal(meet("merge", &r, &t, false, &c), DECIDE_CHANGE);
    assert_null(after(&c, "isdeleted"));
}

static void an_empty_date_is_not_the_earliest(void **state)
{
    (void)state;
    struct row r = old_member(), t = new_member();
    struct change c;
    put(&r, "orgjoindate", "", 30);
    assert_int_equal(meet("merge", &r, &t, false, &c), DECIDE_CHANGE);
    assert_null(after(&c, "orgjoindate"));
    put(&r, "orgjoindate", "2020", 30);
    put(&t, "orgjoindate", "", 30);
    assert_int_equal(meet("merge", &r, &t, false, &c), DECIDE_CHANGE);
    assert_text(after(&c, "orgjoindate")->value, "2020");
    put(&t, "orgjoindate", "2019", 30);
    assert_int_equal(meet("merge", &r, &t, false, &c), DECIDE_CHANGE);
    assert_null(after(&c, "orgjoindate"));
}

static void a_target_of_keys_only_still_is_a_target(void **state)
{
    (void)state;
    struct row r = old_member(), t = member("01new");
    struct change c;
    assert_int_equal(meet("merge", &r, &t, false, &c), DECIDE_CHANGE);
    assert_int_equal(c.origin, CHANGE_MERGE);
    assert_int_equal(c.target_before.n, 2);
    assert_int_equal(c.after.n, 4); /* not isdeleted: no mark is live, and stays so */
}

static void what_was_written_later_is_carried_and_nothing_else(void **state)
{
    (void)state;
    struct row r = old_member(), t = new_member();
    struct change c;
    put(&r, "hashtagid", "01oldtag", 2000);
    put(&r, "orgjoindate", "2030-01-01", 2000);
    put_bytes(&r, "roles", list_of("PUBLIC", "NEW", NULL), WRITETIME_NONE);
    put_bytes(&r, "position", bytes_null(), WRITETIME_NONE);
    put(&r, "addedby", "later", 1000); /* the same time: what stands at the target stays */
    assert_int_equal(meet("stop", &r, &t, true, &c), DECIDE_CHANGE);
    assert_int_equal(c.origin, CHANGE_CARRY);
    assert_int_equal(c.after.n, 2);
    assert_text(after(&c, "orgjoindate")->value, "2030-01-01");
    assert_int_equal(after(&c, "orgjoindate")->writetime, 2001);
    assert_bytes(after(&c, "roles")->value, list_of("ADMIN", "PUBLIC", "NEW", NULL));
    assert_null(after(&c, "isdeleted")); /* older than the target's */
    assert_int_equal(c.fence, 2001);
    /* What the rule would set, but nobody wrote, is not carried. */
    put_bytes(&r, "hashtagid", bytes_null(), WRITETIME_NONE);
    put_bytes(&t, "hashtagid", bytes_null(), WRITETIME_NONE);
    assert_int_equal(meet("stop", &r, &t, true, &c), DECIDE_CHANGE);
    assert_null(after(&c, "hashtagid"));
}

static void collections_that_cannot_be_united_are_for_a_person(void **state)
{
    (void)state;
    struct rule *rule = parse_rule(
        "rules:\n  - rule: x\n    table: sunbird.t\n    find: { key: o, equals: $source.id }\n"
        "    set: { o: $target.id }\n");
    struct table *table = table_of("t", "u text pk; o text ck; m map<text, int>; s set<int>");
    struct bound_rule *b = bind_to(rule, table);
    struct row r = row_of(table), t = row_of(table);
    struct change c = {0};
    put_key(&r, "o", "01old");
    put_key(&t, "o", "01new");
    put_bytes(&r, "m", (struct bytes){(const uint8_t *)"\0\0\0\1\0\0\0\1a\0\0\0\4\0\0\0\1", 17},
              WRITETIME_NONE);
    put_bytes(&t, "m", (struct bytes){(const uint8_t *)"\0\0\0\1\0\0\0\1b\0\0\0\4\0\0\0\2", 17},
              WRITETIME_NONE);
    assert_int_equal(decide_move(b, &r, &t, true, &arena, &c, &fault), DECIDE_CHANGE);
    assert_bytes(
        c.after.v[0].value,
        ((struct bytes){
            (const uint8_t *)"\0\0\0\2\0\0\0\1a\0\0\0\4\0\0\0\1\0\0\0\1b\0\0\0\4\0\0\0\2", 30}));
    put_bytes(&r, "s", (struct bytes){(const uint8_t *)"\0\0\0\1\0\0\0\4\0\0\0\1", 12},
              WRITETIME_NONE);
    assert_int_equal(decide_move(b, &r, &t, true, &arena, &c, &fault), DECIDE_CHANGE);
    put_bytes(&t, "s", (struct bytes){(const uint8_t *)"\0\0\0\1\0\0\0\4\0\0\0\2", 12},
              WRITETIME_NONE);
    assert_int_equal(decide_move(b, &r, &t, true, &arena, &c, &fault), DECIDE_REJECT);
    assert_non_null(strstr((const char *)c.reason.p, "in s"));
}

static void a_target_written_far_ahead_is_rejected(void **state)
{
    (void)state;
    struct row r = old_member(), t = new_member();
    struct change c;
    put(&t, "addedby", "x", NOW + INT64_C(7200) * 1000000);
    assert_int_equal(meet("merge", &r, &t, false, &c), DECIDE_REJECT);
    put(&t, "addedby", "x", INT64_MAX);
    assert_int_equal(meet("merge", &r, &t, false, &c), DECIDE_REJECT);
}

static void a_move_can_be_decided_from_what_the_ledger_kept(void **state)
{
    (void)state;
    struct row r = old_member(), t = new_member(), again;
    struct change c, d;
    assert_int_equal(meet("merge", &r, &t, false, &c), DECIDE_CHANGE);
    assert_true(row_from_cells(&again, r.table, &c.key, &c.before, &arena, &fault));
    assert_int_equal(meet("merge", &again, &t, false, &d), DECIDE_CHANGE);
    assert_int_equal(d.after.n, c.after.n);
    for (int i = 0; i < c.after.n; i++) {
        assert_bytes(d.after.v[i].name, c.after.v[i].name);
        assert_bytes(d.after.v[i].value, c.after.v[i].value);
        assert_true(d.after.v[i].writetime == c.after.v[i].writetime);
    }
}

static void put_random(struct row *r)
{
    static const char *const roles[] = {"A", "B", "C"};
    for (int i = r->table->key_count; i < r->table->column_count; i++) {
        struct cell *cell = &r->cells[i];
        *cell = (struct cell){.writetime = WRITETIME_NONE, .selected = true};
        if (random_below(3) == 0)
            continue;
        const char *name = r->table->columns[i].name;
        cell->writetime = 1 + random_below(50);
        if (strcmp(name, "isdeleted") == 0) {
            cell->value = boolean(random_below(2));
        } else if (strcmp(name, "roles") == 0) {
            cell->value = list_of(roles[random_below(3)], roles[random_below(3)], NULL);
            cell->writetime = WRITETIME_NONE;
        } else {
            cell->value = bytes_of(roles[random_below(3)]);
        }
    }
}

/* Applying a join to the target and joining again finds nothing left to write. */
static void a_join_done_once_is_done(void **state)
{
    (void)state;
    seed = 41;
    int written = 0;
    for (int round = 0; round < 1500; round++, arena_reset(&arena)) {
        bool carry = round % 2;
        struct row r = member("01old"), t = member("01new");
        struct change c;
        put_random(&r);
        put_random(&t);
        assert_int_equal(meet("merge", &r, &t, carry, &c), DECIDE_CHANGE);
        written += c.after.n;
        for (int i = 0; i < c.after.n; i++) {
            char name[NAME_TEXT_MAX] = "";
            memcpy(name, c.after.v[i].name.p, c.after.v[i].name.n);
            const struct cell *was = cell_of(&t, name);
            assert_true(c.after.v[i].writetime > was->writetime ||
                        was->writetime == WRITETIME_NONE);
            assert_false(bytes_equal(c.after.v[i].value, was->value));
            put_bytes(&t, name, c.after.v[i].value, c.after.v[i].writetime);
        }
        assert_int_equal(meet("merge", &r, &t, carry, &c), DECIDE_CHANGE);
        assert_int_equal(c.after.n, 0);
    }
    assert_true(written > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_row_with_the_source_in_its_key_needs_the_target),
        TEST(a_column_that_was_null_and_is_set_takes_time_and_ttl_of_its_row),
        TEST(a_row_of_keys_only_has_no_fence),
        TEST(without_a_target_row_the_move_is_plain),
        TEST(the_policy_decides_over_a_collision),
        TEST(a_merge_writes_only_what_differs_from_the_target),
        TEST(a_deleted_membership_never_deletes_a_live_one),
        TEST(an_empty_date_is_not_the_earliest),
        TEST(a_target_of_keys_only_still_is_a_target),
        TEST(what_was_written_later_is_carried_and_nothing_else),
        TEST(collections_that_cannot_be_united_are_for_a_person),
        TEST(a_target_written_far_ahead_is_rejected),
        TEST(a_move_can_be_decided_from_what_the_ledger_kept),
        TEST(a_join_done_once_is_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
