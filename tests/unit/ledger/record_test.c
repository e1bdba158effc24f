#include "ledger_case.h"

enum { ROOM = 16 };

static void named_values_are_kept(void **state)
{
    struct ledger_case *c = *state;
    struct bytes v;
    int64_t n;
    case_create(c);
    assert_true(ledger_get(c->l, "a", &c->arena, &v, &c->f));
    assert_true(bytes_are_null(v));
    assert_true(ledger_put(c->l, "a", (struct bytes){(const uint8_t *)"x\0\xff", 3}, &c->f));
    assert_true(ledger_put(c->l, "empty", bytes_of(""), &c->f));
    assert_true(ledger_put(c->l, "gone", bytes_of("1"), &c->f));
    assert_true(ledger_put(c->l, "gone", bytes_null(), &c->f));
    assert_true(ledger_put_int(c->l, "n", INT64_MIN, &c->f));
    case_open(c, LEDGER_READ);
    assert_true(ledger_get(c->l, "a", &c->arena, &v, &c->f));
    assert_int_equal(v.n, 3);
    assert_memory_equal(v.p, "x\0\xff", 3);
    assert_true(ledger_get(c->l, "empty", &c->arena, &v, &c->f));
    assert_false(bytes_are_null(v));
    assert_int_equal(v.n, 0);
    assert_true(ledger_get(c->l, "gone", &c->arena, &v, &c->f));
    assert_true(bytes_are_null(v));
    assert_true(ledger_get_int(c->l, "n", 7, &n, &c->f));
    assert_true(n == INT64_MIN);
    assert_true(ledger_get_int(c->l, "none", 7, &n, &c->f));
    assert_int_equal(n, 7);
    assert_false(ledger_get_int(c->l, "a", 7, &n, &c->f));
    assert_int_equal(c->f.code, FAULT_DAMAGED);
}

struct names {
    char text[200];
    int stop_after;
};

static bool note_total(void *context, const struct rule_total *t)
{
    struct names *names = context;
    size_t n = strlen(names->text);
    snprintf(names->text + n, sizeof names->text - n, "%d:%s:%s:%llu ", t->pass, t->rule, t->note,
             (unsigned long long)t->scanned);
    return --names->stop_after != 0;
}

static void totals_come_in_order_and_are_replaced(void **state)
{
    struct ledger_case *c = *state;
    case_create(c);
    struct rule_total t = {.rule = "b", .pass = 2, .ordinal = 1, .scanned = 5};
    assert_true(ledger_put_total(c->l, &t, &c->f));
    t = (struct rule_total){.rule = "b", .pass = 1, .ordinal = 9};
    assert_true(ledger_put_total(c->l, &t, &c->f));
    t = (struct rule_total){.rule = "a", .pass = 1, .ordinal = 2, .note = "left: x"};
    assert_true(ledger_put_total(c->l, &t, &c->f));
    t.scanned = UINT64_MAX / 4;
    assert_true(ledger_put_total(c->l, &t, &c->f));
    struct names names = {0};
    assert_true(ledger_each_total(c->l, 0, note_total, &names, &c->f));
    assert_string_equal(names.text, "1:a:left: x:4611686018427387903 1:b::0 2:b::5 ");
    names = (struct names){0};
    assert_true(ledger_each_total(c->l, 2, note_total, &names, &c->f));
    assert_string_equal(names.text, "2:b::5 ");
    names = (struct names){.stop_after = 1};
    assert_true(ledger_each_total(c->l, 1, note_total, &names, &c->f));
    assert_string_equal(names.text, "1:a:left: x:4611686018427387903 ");
    assert_true(ledger_flush(c->l, &c->f));
}

static bool note_range(void *context, const struct scanned_range *r)
{
    struct names *names = context;
    size_t n = strlen(names->text);
    snprintf(names->text + n, sizeof names->text - n, "%lld-%lld:%llu:%llu ",
             (long long)r->range.start, (long long)r->range.end, (unsigned long long)r->rows,
             (unsigned long long)r->matched);
    return true;
}

static void ranges_grow_and_come_in_token_order(void **state)
{
    struct ledger_case *c = *state;
    case_create(c);
    const struct scanned_range ranges[] = {
        {{50, 60}, 1, 0}, {{INT64_MIN, -5}, 7, 2}, {{0, 10}, 3, 1}, {{0, 20}, 5, 2}};
    for (int i = 0; i < 4; i++)
        assert_true(ledger_put_range(c->l, 1, "user", &ranges[i], &c->f));
    assert_true(ledger_put_range(c->l, 2, "user", &ranges[0], &c->f));
    struct names names = {0};
    assert_true(ledger_each_range(c->l, 1, "user", note_range, &names, &c->f));
    assert_string_equal(names.text, "-9223372036854775808--5:7:2 0-20:5:3 50-60:1:0 ");
    assert_true(ledger_forget_pass(c->l, 1, &c->f));
    names = (struct names){0};
    assert_true(ledger_each_range(c->l, 1, "user", note_range, &names, &c->f));
    assert_string_equal(names.text, "");
}

/* Ends without a commit, as a kill does. */
static void range_and_changes_die(struct ledger_case *c)
{
    struct scanned_range r = {{0, 10}, 3, 1};
    case_add(c, "user", 1);
    bool ok = ledger_put_range(c->l, 1, "user", &r, &c->f) && ledger_flush(c->l, &c->f);
    case_add(c, "user", 2);
    r.range.end = 20;
    ok = ok && ledger_put_range(c->l, 1, "user", &r, &c->f);
    _exit(ok ? 0 : 1);
}

static void a_range_is_on_disk_with_its_changes_or_not_at_all(void **state)
{
    struct ledger_case *c = *state;
    int status;
    case_create(c);
    ledger_close(c->l);
    c->l = NULL;
    pid_t pid = fork();
    if (pid == 0) {
        case_open(c, LEDGER_WRITE);
        range_and_changes_die(c);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    case_open(c, LEDGER_WRITE);
    struct names names = {0};
    assert_true(ledger_each_range(c->l, 1, "user", note_range, &names, &c->f));
    assert_string_equal(names.text, "0-10:3:1 ");
    struct change_counts counts;
    assert_true(ledger_count(c->l, "user", RULE_MOVE, 1, &counts, &c->f));
    assert_int_equal(counts.all, 1);
}

static bool note_unread(void *context, const struct unread_range *u)
{
    struct names *names = context;
    size_t n = strlen(names->text);
    snprintf(names->text + n, sizeof names->text - n, "%s:%s:%lld:%s:%s ", u->rule, u->table,
             (long long)u->range.end, u->partition, u->reason);
    return true;
}

static void what_could_not_be_read_is_named_and_forgotten_with_its_scan(void **state)
{
    struct ledger_case *c = *state;
    struct unread_range u = {"user", "sunbird.user", {4, 5}, "u1", "tombstones"};
    case_create(c);
    assert_true(ledger_put_unread(c->l, 1, &u, &c->f));
    assert_true(ledger_put_unread(c->l, 0, &u, &c->f));
    strcpy(u.rule, "batch");
    u.partition[0] = '\0';
    assert_true(ledger_put_unread(c->l, 1, &u, &c->f));
    struct names names = {0};
    assert_true(ledger_each_unread(c->l, 1, note_unread, &names, &c->f));
    assert_string_equal(names.text,
                        "batch:sunbird.user:5::tombstones user:sunbird.user:5:u1:tombstones ");
    assert_true(ledger_clear_unread(c->l, 1, "batch", &c->f));
    assert_true(ledger_clear_unread(c->l, 0, "batch", &c->f));
    names = (struct names){0};
    assert_true(ledger_each_unread(c->l, 1, note_unread, &names, &c->f));
    assert_string_equal(names.text, "user:sunbird.user:5:u1:tombstones ");
    assert_true(ledger_forget_pass(c->l, 1, &c->f));
    names = (struct names){0};
    assert_true(ledger_each_unread(c->l, 1, note_unread, &names, &c->f));
    assert_string_equal(names.text, "");
}

static bool note_rule(void *context, const char *rule, enum rule_phase phase)
{
    struct names *names = context;
    size_t n = strlen(names->text);
    snprintf(names->text + n, sizeof names->text - n, "%s:%d ", rule, (int)phase);
    return true;
}

static void rules_with_changes_come_in_profile_order(void **state)
{
    struct ledger_case *c = *state;
    case_create(c);
    case_add(c, "old-organisation", 1);
    case_add(c, "user", 1);
    struct names names = {0};
    assert_true(ledger_each_rule(c->l, note_rule, &names, &c->f));
    assert_string_equal(names.text, "user:0 old-organisation:1 ");
    struct change_counts counts;
    assert_true(ledger_count(c->l, NULL, RULE_RETIRE, 0, &counts, &c->f));
    assert_int_equal(counts.all, 1);
    assert_true(ledger_count(c->l, NULL, RULE_MOVE, 2, &counts, &c->f));
    assert_int_equal(counts.all, 0);
}

struct runs {
    struct phase_run v[4];
    int n;
};

static bool note_phase(void *context, const struct phase_run *p)
{
    struct runs *runs = context;
    runs->v[runs->n++] = *p;
    return true;
}

static void who_ran_what_is_recorded(void **state)
{
    struct ledger_case *c = *state;
    int64_t plan = 0, apply = 0;
    case_create(c);
    assert_true(ledger_phase_begin(c->l, "plan", &plan, &c->f));
    assert_true(ledger_phase_end(c->l, plan, "done", 3, 4, &c->f));
    assert_true(ledger_phase_begin(c->l, "apply", &apply, &c->f));
    struct runs runs = {0};
    assert_true(ledger_each_phase(c->l, note_phase, &runs, &c->f));
    assert_int_equal(runs.n, 2);
    assert_string_equal(runs.v[0].name, "plan");
    assert_string_equal(runs.v[0].outcome, "done");
    assert_int_equal(runs.v[0].done, 3);
    assert_int_equal(runs.v[0].total, 4);
    assert_true(runs.v[0].started_us > 1600000000000000);
    assert_true(runs.v[0].ended_us >= runs.v[0].started_us);
    assert_string_not_equal(runs.v[0].who, "");
    assert_string_not_equal(runs.v[0].host, "");
    assert_int_equal(runs.v[0].pid, getpid());
    assert_int_equal(runs.v[1].ended_us, 0);
    assert_string_equal(runs.v[1].outcome, "");
}

static void settle_as(struct ledger_case *c, struct change *out, int n,
                      const enum change_state *states)
{
    for (int i = 0; i < n; i++)
        out[i].state = states[i];
    assert_true(ledger_settle(c->l, out, n, &c->f));
}

static void what_was_read_back_or_conflicts_is_synced_once(void **state)
{
    struct ledger_case *c = *state;
    struct change out[ROOM];
    struct sync_item items[ROOM];
    case_create(c);
    for (int i = 0; i < 5; i++)
        case_add(c, "user", i);
    case_add(c, "batch", 0); /* names the same user as the first */
    struct simple_change s;
    simple_change(&s, "batch", 9);
    s.c.sync_object = SYNC_BATCH;
    s.c.sync_course_id = bytes_of("do_1");
    assert_true(ledger_add(c->l, &s.c, &c->f));
    simple_change(&s, "batch", 10);
    s.c.sync_object = SYNC_NONE;
    s.c.sync_id = bytes_null();
    assert_true(ledger_add(c->l, &s.c, &c->f));
    assert_int_equal(ledger_take(c->l, RULE_MOVE, out, ROOM, &c->arena, &c->f), 8);
    settle_as(c, out, 8,
              (const enum change_state[]){CHANGE_READ, CHANGE_CONFLICT, CHANGE_REJECTED,
                                          CHANGE_DONE, CHANGE_SKIPPED, CHANGE_READ, CHANGE_READ,
                                          CHANGE_READ});
    for (int again = 0; again < 2; again++)
        assert_true(ledger_sync_collect(c->l, &c->f));
    int n = ledger_sync_read(c->l, SYNC_USER, 0, bytes_null(), items, ROOM, &c->arena, &c->f);
    assert_int_equal(n, 3);
    assert_true(bytes_are(items[0].id, "row-000000"));
    assert_true(bytes_are(items[1].id, "row-000001"));
    assert_true(bytes_are(items[2].id, "row-000002")); /* it was sent, so it may have been done */
    assert_true(bytes_are_null(items[0].course_id));
    assert_int_equal(items[0].state, SYNC_PENDING);
    n = ledger_sync_read(c->l, SYNC_BATCH, 0, bytes_null(), items + 2, ROOM - 2, &c->arena, &c->f);
    assert_int_equal(n, 1);
    assert_true(bytes_are(items[2].course_id, "do_1"));

    items[0].state = SYNC_RIGHT;
    items[1].state = SYNC_FAILED;
    items[1].reason = bytes_of("400");
    assert_true(ledger_sync_settle(c->l, items, 2, &c->f));
    assert_true(ledger_sync_collect(c->l, &c->f)); /* what is right stays right */
    uint64_t by_state[SYNC_FAILED + 1];
    assert_true(ledger_sync_count(c->l, SYNC_USER, by_state, &c->f));
    assert_int_equal(by_state[SYNC_RIGHT], 1);
    assert_int_equal(by_state[SYNC_FAILED], 1);
    assert_int_equal(by_state[SYNC_PENDING], 1);
    n = ledger_sync_read(c->l, SYNC_USER, 1u << SYNC_FAILED, bytes_null(), items, ROOM, &c->arena,
                         &c->f);
    assert_int_equal(n, 1);
    assert_true(bytes_are(items[0].reason, "400"));
    n = ledger_sync_read(c->l, SYNC_USER, 0, bytes_of("row-000000"), items, ROOM, &c->arena, &c->f);
    assert_int_equal(n, 2);
    assert_true(ledger_sync_add(c->l, &items[0], &c->f));
    assert_true(ledger_sync_count(c->l, SYNC_USER, by_state, &c->f));
    assert_int_equal(by_state[SYNC_PENDING], 2);
    struct sync_item empty = {.object = SYNC_USER, .id = bytes_of("")};
    assert_false(ledger_sync_add(c->l, &empty, &c->f));
}

static void numbers_that_are_given_again_are_collected_again(void **state)
{
    struct ledger_case *c = *state;
    struct change out[ROOM];
    struct sync_item items[ROOM];
    struct simple_change s;
    bool is_collected;
    case_create(c);
    case_add(c, "user", 0);
    assert_int_equal(ledger_take(c->l, RULE_MOVE, out, ROOM, &c->arena, &c->f), 1);
    settle_as(c, out, 1, (const enum change_state[]){CHANGE_READ});
    assert_true(ledger_sync_is_collected(c->l, &is_collected, &c->f));
    assert_false(is_collected);
    simple_change(&s, "user", 1);
    s.c.pass = 2;
    s.c.state = CHANGE_REJECTED; /* never sent: nothing of it is done */
    s.c.reason = bytes_of("a reason");
    assert_true(ledger_add(c->l, &s.c, &c->f));
    assert_true(ledger_sync_collect(c->l, &c->f));
    assert_true(ledger_sync_is_collected(c->l, &is_collected, &c->f));
    assert_true(is_collected);
    assert_int_equal(
        ledger_sync_read(c->l, SYNC_USER, 0, bytes_null(), items, ROOM, &c->arena, &c->f), 1);

    assert_true(ledger_forget_pass(c->l, 2, &c->f));
    simple_change(&s, "user", 2);
    s.c.pass = 2;
    assert_true(ledger_add(c->l, &s.c, &c->f));
    assert_int_equal(s.c.seq, 2);
    assert_int_equal(ledger_take(c->l, RULE_MOVE, out, ROOM, &c->arena, &c->f), 1);
    settle_as(c, out, 1, (const enum change_state[]){CHANGE_READ});
    assert_true(ledger_sync_collect(c->l, &c->f));
    assert_int_equal(
        ledger_sync_read(c->l, SYNC_USER, 0, bytes_null(), items, ROOM, &c->arena, &c->f), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        case_test(named_values_are_kept),
        case_test(totals_come_in_order_and_are_replaced),
        case_test(ranges_grow_and_come_in_token_order),
        case_test(a_range_is_on_disk_with_its_changes_or_not_at_all),
        case_test(what_could_not_be_read_is_named_and_forgotten_with_its_scan),
        case_test(rules_with_changes_come_in_profile_order),
        case_test(who_ran_what_is_recorded),
        case_test(what_was_read_back_or_conflicts_is_synced_once),
        case_test(numbers_that_are_given_again_are_collected_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
