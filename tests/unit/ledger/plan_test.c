#include "ledger_case.h"

enum { ROOM = 64, MANY = 9000 };

static void digest_of_order(struct ledger_case *c, const int *order, int n, char out[65])
{
    case_create(c);
    for (int i = 0; i < n; i++)
        case_add(c, order[i] % 3 ? "user" : "batch", order[i]);
    assert_true(ledger_digest(c->l, out, &c->f));
    ledger_close(c->l);
    c->l = NULL;
    char path[120];
    snprintf(path, sizeof path, "%s/ledger.db", c->dir);
    unlink(path);
}

static void the_digest_does_not_depend_on_the_order(void **state)
{
    struct ledger_case *c = *state;
    static const int forth[] = {1, 2, 3, 4, 5, 6, 7}, mixed[] = {4, 7, 1, 6, 2, 5, 3};
    char a[65], b[65], fewer[65], twice[65];
    digest_of_order(c, forth, 7, a);
    digest_of_order(c, mixed, 7, b);
    digest_of_order(c, forth, 6, fewer);
    digest_of_order(c, (const int[]){1, 1}, 2, twice);
    assert_int_equal(strlen(a), 64);
    assert_string_equal(a, b);
    assert_string_not_equal(a, fewer);
    assert_string_not_equal(twice,
                            "0000000000000000000000000000000000000000000000000000000000000000");
}

static void change_bit(struct simple_change *s, int which)
{
    switch (which) {
    case 1: s->key.value = bytes_of("other"); break;
    case 2: s->before.value = bytes_null(); break;
    case 3: s->before.writetime++; break;
    case 4: s->after.value = bytes_of("new2"); break;
    case 5: s->after.name = bytes_of("channel"); break;
    case 6: s->c.new_key = s->c.key; break;
    case 7: s->c.target_before = s->c.key; break;
    case 8: s->c.fence++; break;
    case 9: s->c.kind = CHANGE_LIST; break;
    case 10: s->c.origin = CHANGE_MERGE; break;
    case 11: s->c.rule = bytes_of("batch"); break;
    case 12: s->c.after.n = 0; break;
    case 21: s->before.ttl = 9; break;
    case 22: s->c.read_at_us = 999; break;
    case 23: s->c.state = CHANGE_REJECTED; break;
    case 24: s->c.reason = bytes_of("a reason"); break;
    default: break;
    }
}

static void the_digest_covers_what_a_change_is_and_not_what_became_of_it(void **state)
{
    struct ledger_case *c = *state;
    char plain[65], other[65];
    struct simple_change s;
    case_create(c);
    simple_change(&s, "user", 1);
    assert_true(ledger_add(c->l, &s.c, &c->f));
    assert_true(ledger_digest(c->l, plain, &c->f));
    int64_t seq = s.c.seq;
    for (int which = 1; which <= 24; which++) {
        simple_change(&s, "user", 1);
        s.c.seq = seq;
        change_bit(&s, which);
        assert_true(ledger_replace(c->l, &s.c, &c->f));
        assert_true(ledger_digest(c->l, other, &c->f));
        if (which <= 12)
            assert_string_not_equal(plain, other);
        else
            assert_string_equal(plain, other);
    }
    simple_change(&s, "user", 1);
    s.c.seq = seq;
    assert_true(ledger_replace(c->l, &s.c, &c->f));
    simple_change(&s, "user", 2);
    s.c.pass = 2;
    assert_true(ledger_add(c->l, &s.c, &c->f));
    assert_true(ledger_digest(c->l, other, &c->f));
    assert_string_equal(plain, other);
}

/* What is summed while changes are added is what the file says. */
static void the_digest_of_a_new_plan_is_that_of_its_file(void **state)
{
    struct ledger_case *c = *state;
    char added[65], read[65], again[65];
    struct simple_change s;
    case_create(c);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 50; i++) {
            simple_change(&s, i % 2 ? "user" : "batch", i);
            change_bit(&s, 1 + i % 24);
            s.c.state = CHANGE_PLANNED;
            s.c.pass = i % 7 ? 1 : 2;
            assert_true(ledger_add(c->l, &s.c, &c->f));
        }
        if (round == 1)
            assert_true(ledger_remove(c->l, s.c.seq, &c->f));
        assert_true(ledger_digest(c->l, added, &c->f));
        case_open(c, LEDGER_WRITE);
        assert_true(ledger_digest(c->l, read, &c->f));
        assert_string_equal(added, read);
        simple_change(&s, "user", 99); /* beside those that this process has not added */
        assert_true(ledger_add(c->l, &s.c, &c->f));
        assert_true(ledger_digest(c->l, again, &c->f));
        assert_string_not_equal(again, read);
        assert_true(ledger_forget_pass(c->l, 1, &c->f));
        assert_true(ledger_digest(c->l, again, &c->f));
        assert_string_equal(again,
                            "0000000000000000000000000000000000000000000000000000000000000000");
    }
}

static void a_pass_can_be_forgotten_until_something_is_sent(void **state)
{
    struct ledger_case *c = *state;
    struct change out[ROOM];
    case_create(c);
    for (int i = 0; i < 10; i++)
        case_add(c, "user", i);
    struct rule_total t = {.rule = "user", .table = "sunbird.user", .pass = 1, .scanned = 10};
    assert_true(ledger_put_total(c->l, &t, &c->f));
    assert_true(ledger_forget_pass(c->l, 1, &c->f));
    struct change_counts counts;
    assert_true(ledger_count(c->l, NULL, RULE_MOVE, 0, &counts, &c->f));
    assert_int_equal(counts.all, 0);
    assert_int_equal(case_add(c, "user", 1), 1);
    assert_int_equal(ledger_take(c->l, RULE_MOVE, out, ROOM, &c->arena, &c->f), 1);
    struct simple_change s;
    simple_change(&s, "user", 2);
    s.c.pass = 2;
    assert_true(ledger_add(c->l, &s.c, &c->f));
    out[0].state = CHANGE_REJECTED;
    assert_true(ledger_settle(c->l, out, 1, &c->f));
    assert_false(ledger_forget_pass(c->l, 1, &c->f));
    assert_int_equal(c->f.code, FAULT_INTERNAL);
    assert_true(ledger_forget_pass(c->l, 2, &c->f));
    case_open(c, LEDGER_WRITE);
    assert_false(ledger_forget_pass(c->l, 1, &c->f));
    assert_true(ledger_count(c->l, NULL, RULE_MOVE, 0, &counts, &c->f));
    assert_int_equal(counts.all, 1);
    assert_int_equal(counts.by_state[CHANGE_REJECTED], 1);
}

static void only_what_was_not_sent_is_replaced_or_removed(void **state)
{
    struct ledger_case *c = *state;
    struct change out[ROOM];
    struct simple_change s;
    case_create(c);
    int64_t first = case_add(c, "user", 1), second = case_add(c, "user", 2);
    assert_true(ledger_remove(c->l, first, &c->f));
    simple_change(&s, "batch", 3);
    s.c.seq = second;
    s.c.state = CHANGE_SKIPPED;
    assert_true(ledger_replace(c->l, &s.c, &c->f));
    struct change_counts counts;
    assert_true(ledger_count(c->l, "user", RULE_MOVE, 1, &counts, &c->f));
    assert_int_equal(counts.all, 0);
    assert_true(ledger_count(c->l, "batch", RULE_MOVE, 1, &counts, &c->f));
    assert_int_equal(counts.by_state[CHANGE_SKIPPED], 1);
    assert_int_equal(ledger_take(c->l, RULE_MOVE, out, ROOM, &c->arena, &c->f), 0);
    assert_false(ledger_remove(c->l, second, &c->f)); /* skipped */
    int64_t third = case_add(c, "user", 3);
    assert_int_equal(ledger_take(c->l, RULE_MOVE, out, ROOM, &c->arena, &c->f), 1);
    s.c.seq = third;
    assert_false(ledger_replace(c->l, &s.c, &c->f));
    assert_int_equal(c->f.code, FAULT_INTERNAL);
    assert_false(ledger_remove(c->l, third, &c->f));
    assert_false(ledger_remove(c->l, 999, &c->f));
}

static void a_rule_must_be_known_before_its_first_change(void **state)
{
    struct ledger_case *c = *state;
    struct simple_change s;
    case_create(c);
    simple_change(&s, "unknown", 1);
    assert_false(ledger_add(c->l, &s.c, &c->f));
    assert_int_equal(c->f.code, FAULT_INTERNAL);
    case_add(c, "user", 1);
    assert_false(ledger_put_rule(c->l, "user", RULE_RETIRE, 0, &c->f));
    assert_true(ledger_put_rule(c->l, "user", RULE_MOVE, 9, &c->f));
}

static void a_row_is_found_by_its_name(void **state)
{
    struct ledger_case *c = *state;
    struct change out[ROOM];
    struct simple_change s;
    case_create(c);
    for (int i = 0; i < 10; i++)
        case_add(c, "user", i);
    simple_change(&s, "user", 4);
    s.c.pass = 2;
    assert_true(ledger_add(c->l, &s.c, &c->f));
    case_add(c, "batch", 4);
    assert_int_equal(ledger_read_row(c->l, "user:row-000004", out, ROOM, &c->arena, &c->f), 2);
    assert_int_equal(out[0].seq, 5);
    assert_int_equal(out[1].pass, 2);
    assert_int_equal(ledger_read_row(c->l, "user:row-000099", out, ROOM, &c->arena, &c->f), 0);
    assert_true(ledger_flush(c->l, &c->f));
    case_open(c, LEDGER_READ);
    assert_int_equal(ledger_read_row(c->l, "user:row-000004", out, ROOM, &c->arena, &c->f), 2);
}

static bool has_moved(struct ledger_case *c, const char *rule, const char *id, int pass)
{
    struct simple_change s;
    bool moved = false;
    simple_change(&s, rule, 1);
    s.key.value = bytes_of(id);
    assert_true(ledger_has_moved(c->l, rule, &s.c.key, pass, &moved, &c->f));
    return moved;
}

static void only_what_an_earlier_pass_wrote_has_moved(void **state)
{
    static const bool expected[CHANGE_STATES] = {[CHANGE_COPIED] = true,
                                                 [CHANGE_DONE] = true,
                                                 [CHANGE_READ] = true,
                                                 [CHANGE_REJECTED] =
                                                     true /* after it was sent: perhaps in part */};
    struct ledger_case *c = *state;
    struct change out[ROOM];
    struct simple_change never_sent;
    case_create(c);
    case_add(c, "user", 1);
    assert_false(has_moved(c, "user", "row-000001", 2));
    simple_change(&never_sent, "user", 3);
    never_sent.c.state = CHANGE_REJECTED;
    assert_true(ledger_add(c->l, &never_sent.c, &c->f));
    assert_false(has_moved(c, "user", "row-000003", 2));
    assert_int_equal(ledger_take(c->l, RULE_MOVE, out, ROOM, &c->arena, &c->f), 1);
    for (int state_now = CHANGE_SENT; state_now < CHANGE_STATES; state_now++) {
        out[0].state = (enum change_state)state_now;
        assert_true(ledger_settle(c->l, out, 1, &c->f));
        assert_int_equal(has_moved(c, "user", "row-000001", 2), expected[state_now]);
    }
    out[0].state = CHANGE_READ;
    assert_true(ledger_settle(c->l, out, 1, &c->f));
    assert_false(has_moved(c, "user", "row-000001", 1)); /* the same pass */
    assert_false(has_moved(c, "batch", "row-000001", 2));
    assert_false(has_moved(c, "user", "row-000002", 2));
    assert_false(has_moved(c, "unknown", "row-000001", 2));
}

static void a_row_that_was_found_twice_is_kept_once(void **state)
{
    struct ledger_case *c = *state;
    struct change out[ROOM];
    uint64_t removed = 0;
    case_create(c);
    for (int i = 0; i < 3000; i++)
        case_add(c, "user", i / 2 * 2);
    case_add(c, "batch", 0);
    assert_true(ledger_drop_repeats(c->l, "user", 1, &removed, &c->f));
    assert_int_equal(removed, 1500);
    assert_int_equal(case_count(c, CHANGE_PLANNED), 1501);
    assert_int_equal(ledger_read_row(c->l, "user:row-000002", out, ROOM, &c->arena, &c->f), 1);
    assert_int_equal(out[0].seq, 3);
    assert_true(ledger_drop_repeats(c->l, "user", 1, &removed, &c->f));
    assert_int_equal(removed, 0);
}

static void the_changes_behind_a_document_are_found(void **state)
{
    struct ledger_case *c = *state;
    struct change out[ROOM];
    case_create(c);
    for (int i = 0; i < 10; i++)
        case_add(c, i % 2 ? "user" : "batch", i / 2);
    assert_true(ledger_flush(c->l, &c->f));
    static const enum ledger_mode modes[] = {LEDGER_READ, LEDGER_WRITE, LEDGER_READ};
    for (int i = 0; i < 3; i++) { /* without and with its index */
        case_open(c, modes[i]);
        assert_int_equal(ledger_read_object(c->l, SYNC_USER, bytes_of("row-000003"), out, ROOM,
                                            &c->arena, &c->f),
                         2);
        assert_int_equal(out[0].seq, 7);
        assert_int_equal(out[1].seq, 8);
        assert_int_equal(ledger_read_object(c->l, SYNC_BATCH, bytes_of("row-000003"), out, ROOM,
                                            &c->arena, &c->f),
                         0);
    }
}

static void queries_filter_and_go_on(void **state)
{
    struct ledger_case *c = *state;
    struct change out[ROOM];
    case_create(c);
    for (int i = 0; i < 30; i++) {
        struct simple_change s;
        simple_change(&s, i % 2 ? "user" : "batch", i);
        s.c.pass = 1 + i % 3;
        s.c.origin = i % 5 ? CHANGE_PLAIN : CHANGE_MERGE;
        s.c.state = i % 7 ? CHANGE_PLANNED : CHANGE_REJECTED;
        assert_true(ledger_add(c->l, &s.c, &c->f));
    }
    struct ledger_query q = {.rule = "user"};
    assert_int_equal(ledger_read(c->l, &q, out, 4, &c->arena, &c->f), 4);
    q.after_seq = out[3].seq;
    assert_int_equal(ledger_read(c->l, &q, out, ROOM, &c->arena, &c->f), 11);
    assert_int_equal(out[0].seq, 10);
    q = (struct ledger_query){.pass = 2};
    assert_int_equal(ledger_read(c->l, &q, out, ROOM, &c->arena, &c->f), 10);
    q = (struct ledger_query){.origin_mask = 1u << CHANGE_MERGE};
    assert_int_equal(ledger_read(c->l, &q, out, ROOM, &c->arena, &c->f), 6);
    q = (struct ledger_query){.state_mask = 1u << CHANGE_REJECTED | 1u << CHANGE_UNDONE};
    assert_int_equal(ledger_read(c->l, &q, out, ROOM, &c->arena, &c->f), 5);
    q = (struct ledger_query){.state_mask = 1u << CHANGE_PLANNED,
                              .origin_mask = 1u << CHANGE_PLAIN,
                              .pass = 1,
                              .rule = "batch"};
    assert_int_equal(ledger_read(c->l, &q, out, ROOM, &c->arena, &c->f), 4);
    q = (struct ledger_query){.rule = "unknown"};
    assert_int_equal(ledger_read(c->l, &q, out, ROOM, &c->arena, &c->f), 0);
}

static void die_while_planning(struct ledger_case *c)
{
    c->l = ledger_open(c->dir, LEDGER_WRITE, &c->f);
    if (!c->l)
        _exit(1);
    for (int i = 0; i < MANY; i++)
        case_add(c, "user", i);
}

static void counts_are_those_of_the_rows_after_a_kill_while_planning(void **state)
{
    struct ledger_case *c = *state;
    struct change out[ROOM];
    case_create(c);
    case_killed(c, die_while_planning);
    case_open(c, LEDGER_WRITE);
    uint64_t planned = case_count(c, CHANGE_PLANNED), seen = 0;
    assert_true(planned > 0 && planned < MANY);
    struct ledger_query q = {0};
    int n;
    while ((n = ledger_read(c->l, &q, out, ROOM, &c->arena, &c->f)) > 0) {
        seen += (uint64_t)n;
        q.after_seq = out[n - 1].seq;
        arena_reset(&c->arena);
    }
    assert_true(seen == planned);
    assert_true(ledger_forget_pass(c->l, 1, &c->f));
    assert_int_equal(case_count(c, CHANGE_PLANNED), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        case_test(the_digest_does_not_depend_on_the_order),
        case_test(the_digest_covers_what_a_change_is_and_not_what_became_of_it),
        case_test(the_digest_of_a_new_plan_is_that_of_its_file),
        case_test(a_pass_can_be_forgotten_until_something_is_sent),
        case_test(only_what_was_not_sent_is_replaced_or_removed),
        case_test(a_rule_must_be_known_before_its_first_change),
        case_test(a_row_is_found_by_its_name),
        case_test(only_what_an_earlier_pass_wrote_has_moved),
        case_test(a_row_that_was_found_twice_is_kept_once),
        case_test(the_changes_behind_a_document_are_found),
        case_test(queries_filter_and_go_on),
        case_test(counts_are_those_of_the_rows_after_a_kill_while_planning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
