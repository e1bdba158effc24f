#include "ledger_case.h"

enum { ROOM = 64 };

static void changes_are_taken_in_order_and_settled(void **state)
{
    struct ledger_case *c = *state;
    struct change taken[ROOM];
    case_create(c);
    for (int i = 0; i < 10; i++)
        case_add(c, i % 2 ? "user" : "batch", i);
    assert_true(ledger_flush(c->l, &c->f));
    assert_int_equal(ledger_take(c->l, RULE_MOVE, taken, 4, &c->arena, &c->f), 4);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(taken[i].seq, i + 1);
        assert_int_equal(taken[i].state, CHANGE_PLANNED);
        taken[i].state = i == 3 ? CHANGE_CONFLICT : CHANGE_READ;
        taken[i].reason = i == 3 ? bytes_of("somebody else") : bytes_null();
    }
    assert_int_equal(case_count(c, CHANGE_SENT), 4);
    assert_true(ledger_settle(c->l, taken, 4, &c->f));
    assert_int_equal(case_count(c, CHANGE_SENT), 0);
    assert_int_equal(case_count(c, CHANGE_READ), 3);
    assert_int_equal(case_count(c, CHANGE_CONFLICT), 1);
    assert_int_equal(case_count(c, CHANGE_PLANNED), 6);
    assert_int_equal(ledger_take(c->l, RULE_MOVE, taken, ROOM, &c->arena, &c->f), 6);
    assert_int_equal(taken[0].seq, 5);
    for (int i = 0; i < 6; i++)
        taken[i].state = CHANGE_READ;
    assert_true(ledger_settle(c->l, taken, 6, &c->f));
    assert_int_equal(ledger_take(c->l, RULE_MOVE, taken, ROOM, &c->arena, &c->f), 0);

    struct ledger_query q = {.state_mask = 1u << CHANGE_CONFLICT};
    assert_int_equal(ledger_read(c->l, &q, taken, ROOM, &c->arena, &c->f), 1);
    assert_int_equal(taken[0].seq, 4);
    assert_true(bytes_are(taken[0].reason, "somebody else"));
}

static void a_taken_change_is_as_it_was_added(void **state)
{
    struct ledger_case *c = *state;
    struct change t;
    case_create(c);
    struct simple_change s;
    simple_change(&s, "user", 7);
    s.c.kind = CHANGE_MOVE;
    s.c.origin = CHANGE_MERGE;
    s.c.fence = WRITETIME_NONE;
    s.before.value = bytes_null();
    s.after.value = (struct bytes){(const uint8_t *)"a\0\xff", 3};
    s.after.ttl = 77;
    s.c.new_key = s.c.key;
    s.c.sync_course_id = bytes_of("");
    s.c.reason = bytes_of("why");
    assert_true(ledger_add(c->l, &s.c, &c->f));
    assert_int_equal(ledger_take(c->l, RULE_MOVE, &t, 1, &c->arena, &c->f), 1);
    assert_int_equal(t.seq, 1);
    assert_int_equal(t.pass, 1);
    assert_true(bytes_are(t.rule, "user"));
    assert_int_equal(t.kind, CHANGE_MOVE);
    assert_int_equal(t.origin, CHANGE_MERGE);
    assert_true(t.fence == WRITETIME_NONE);
    assert_int_equal(t.read_at_us, 5);
    assert_int_equal(t.key.n, 1);
    assert_true(bytes_equal(t.key.v[0].value, s.key.value));
    assert_true(bytes_are_null(t.before.v[0].value));
    assert_int_equal(t.before.v[0].writetime, 1007);
    assert_true(bytes_equal(t.after.v[0].value, s.after.value));
    assert_int_equal(t.after.v[0].ttl, 77);
    assert_int_equal(t.new_key.n, 1);
    assert_int_equal(t.target_before.n, 0);
    assert_int_equal(t.sync_object, SYNC_USER);
    assert_true(bytes_equal(t.sync_id, s.c.sync_id));
    assert_false(bytes_are_null(t.sync_course_id));
    assert_int_equal(t.sync_course_id.n, 0);
    assert_true(bytes_are(t.reason, "why"));
}

static void each_phase_takes_its_own_rules(void **state)
{
    struct ledger_case *c = *state;
    struct change taken[ROOM];
    case_create(c);
    case_add(c, "user", 1);
    case_add(c, "old-organisation", 2);
    assert_int_equal(ledger_take(c->l, RULE_RETIRE, taken, ROOM, &c->arena, &c->f), 1);
    assert_true(bytes_are(taken[0].rule, "old-organisation"));
    assert_int_equal(ledger_take(c->l, RULE_MOVE, taken, ROOM, &c->arena, &c->f), 1);
    assert_true(bytes_are(taken[0].rule, "user"));
}

static void take_some_and_die(struct ledger_case *c)
{
    struct change taken[ROOM];
    c->l = ledger_open(c->dir, LEDGER_WRITE, &c->f);
    if (!c->l || ledger_take(c->l, RULE_MOVE, taken, 5, &c->arena, &c->f) != 5)
        _exit(1);
}

static void what_was_sent_and_not_settled_comes_again_after_a_kill(void **state)
{
    struct ledger_case *c = *state;
    struct change taken[ROOM];
    case_create(c);
    for (int i = 0; i < 8; i++)
        case_add(c, "user", i);
    case_killed(c, take_some_and_die);
    case_open(c, LEDGER_WRITE);
    assert_int_equal(case_count(c, CHANGE_SENT), 5);
    assert_int_equal(ledger_take(c->l, RULE_MOVE, taken, ROOM, &c->arena, &c->f), 8);
    for (int i = 0; i < 8; i++) {
        assert_int_equal(taken[i].seq, i + 1);
        assert_int_equal(taken[i].state, i < 5 ? CHANGE_SENT : CHANGE_PLANNED);
    }
    assert_int_equal(case_count(c, CHANGE_SENT), 8);
}

static void copy_one_and_die(struct ledger_case *c)
{
    struct change taken[ROOM];
    c->l = ledger_open(c->dir, LEDGER_WRITE, &c->f);
    if (!c->l || ledger_take(c->l, RULE_MOVE, taken, 3, &c->arena, &c->f) != 3)
        _exit(1);
    taken[1].state = CHANGE_COPIED;
    if (!ledger_mark(c->l, taken, 3, CHANGE_COPIED, &c->f))
        _exit(1);
}

static void a_copied_row_comes_back_as_copied_after_a_kill(void **state)
{
    struct ledger_case *c = *state;
    struct change taken[ROOM];
    case_create(c);
    for (int i = 0; i < 3; i++)
        case_add(c, "user", i);
    case_killed(c, copy_one_and_die);
    case_open(c, LEDGER_WRITE);
    for (int again = 0; again < 2; again++) {
        assert_int_equal(ledger_take(c->l, RULE_MOVE, taken, ROOM, &c->arena, &c->f), 3);
        assert_int_equal(taken[0].state, CHANGE_SENT);
        assert_int_equal(taken[1].state, CHANGE_COPIED);
        assert_int_equal(taken[2].state, CHANGE_SENT);
    }
}

static void a_full_arena_gives_fewer_changes_and_then_the_rest(void **state)
{
    struct ledger_case *c = *state;
    struct change taken[ROOM];
    static uint8_t large[20000];
    case_create(c);
    for (int i = 0; i < 10; i++) {
        struct simple_change s;
        simple_change(&s, "user", i);
        s.before.value = (struct bytes){large, sizeof large};
        assert_true(ledger_add(c->l, &s.c, &c->f));
    }
    struct arena small;
    arena_init(&small, 100000);
    int seen = 0, n;
    while ((n = ledger_take(c->l, RULE_MOVE, taken, ROOM, &small, &c->f)) > 0) {
        assert_true(n < 5);
        for (int i = 0; i < n; i++) {
            assert_int_equal(taken[i].seq, ++seen);
            assert_int_equal(taken[i].state, CHANGE_PLANNED);
            taken[i].state = CHANGE_READ;
        }
        assert_true(ledger_settle(c->l, taken, n, &c->f));
        arena_reset(&small);
    }
    assert_int_equal(n, 0);
    assert_int_equal(seen, 10);
    arena_fini(&small);
    arena_init(&small, 10000);
    struct ledger_query q = {0};
    assert_int_equal(ledger_read(c->l, &q, taken, ROOM, &small, &c->f), -1);
    assert_int_equal(c->f.code, FAULT_MEMORY);
    arena_fini(&small);
}

static void settling_half_a_batch_of_unknown_changes_changes_nothing(void **state)
{
    struct ledger_case *c = *state;
    struct change taken[ROOM];
    case_create(c);
    case_add(c, "user", 1);
    case_add(c, "user", 2);
    assert_int_equal(ledger_take(c->l, RULE_MOVE, taken, ROOM, &c->arena, &c->f), 2);
    taken[0].state = CHANGE_READ;
    taken[1].state = CHANGE_READ;
    taken[1].seq = 999;
    assert_false(ledger_settle(c->l, taken, 2, &c->f));
    assert_int_equal(c->f.code, FAULT_INTERNAL);
    assert_int_equal(case_count(c, CHANGE_SENT), 2);
    assert_int_equal(case_count(c, CHANGE_READ), 0);
    case_open(c, LEDGER_WRITE);
    assert_int_equal(case_count(c, CHANGE_SENT), 2);
}

static void large_changes_are_taken_a_few_at_a_time(void **state)
{
    struct ledger_case *c = *state;
    struct change taken[ROOM];
    static uint8_t text[1024 * 1024];
    memset(text, 'x', sizeof text);
    case_create(c);
    for (int i = 0; i < 40; i++) {
        struct simple_change s;
        simple_change(&s, "user", i);
        s.before.value = (struct bytes){text, sizeof text};
        assert_true(ledger_add(c->l, &s.c, &c->f));
    }
    assert_true(ledger_flush(c->l, &c->f));
    int all = 0;
    for (int n = 1; n > 0; all += n) {
        arena_reset(&c->arena);
        n = ledger_take(c->l, RULE_MOVE, taken, ROOM, &c->arena, &c->f);
        assert_in_range(n, 0, 17);
        for (int i = 0; i < n; i++) {
            assert_int_equal(taken[i].seq, all + i + 1);
            taken[i].state = CHANGE_READ;
        }
        assert_true(ledger_settle(c->l, taken, n, &c->f));
    }
    assert_int_equal(all, 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        case_test(changes_are_taken_in_order_and_settled),
        case_test(large_changes_are_taken_a_few_at_a_time),
        case_test(a_taken_change_is_as_it_was_added),
        case_test(each_phase_takes_its_own_rules),
        case_test(what_was_sent_and_not_settled_comes_again_after_a_kill),
        case_test(a_copied_row_comes_back_as_copied_after_a_kill),
        case_test(a_full_arena_gives_fewer_changes_and_then_the_rest),
        case_test(settling_half_a_batch_of_unknown_changes_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
