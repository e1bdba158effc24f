/* Plans that are made again, and rules that are not Sunbird's. */
#include "move_case.h"

static struct move_case c;

static bool plan_again(void)
{
    struct move m;
    struct plan_result r;
    struct observer o = {0};
    c.settings.again = true;
    must(move_init(&m, &c.settings, &o, &fault));
    bool done = phase_plan(&m, &r, &fault);
    move_fini(&m);
    c.settings.again = false;
    return done;
}

static struct sync_result sync_all(void);

static void a_new_plan_that_was_cut_short_and_finds_nothing_leaves_the_earlier_one(void **state)
{
    (void)state;
    struct tripped t;
    struct move m;
    struct plan_result r;
    struct status_result s;
    struct observer o = {0};
    c.settings.sync_url = c.address;
    app_user(&c, "u1", OLD_ORG, "pilot");
    case_plan(&c);
    case_apply(&c, NULL);
    sync_all();
    app_set(&c, c.organisation, OLD_ORG, NULL, "status", (struct bytes){(const uint8_t[4]){0}, 4},
            clock_now_us());
    c.settings.allow_empty = false;
    tripped_open(&t, &c);
    t.unscannable = c.user;
    c.settings.again = true;
    must(move_init(&m, &c.settings, &o, &fault));
    m.store = &t.store;
    m.store_about.schema_agrees = true;
    assert_false(phase_plan(&m, &r, &fault));
    assert_int_equal(fault.code, FAULT_UNREACHABLE);
    move_fini(&m);
    c.settings.again = false;
    must(move_init(&m, &c.settings, &o, &fault));
    assert_false(phase_plan(&m, &r, &fault));
    move_fini(&m);
    assert_int_equal(fault.code, FAULT_REFUSED);
    must(move_init(&m, &c.settings, &o, &fault));
    must(phase_status(&m, &s, &fault));
    move_fini(&m);
    assert_true(s.has_plan);
    assert_int_equal(s.changes.by_state[CHANGE_READ], 1);
}

static struct sync_result sync_all(void)
{
    struct move m;
    struct sync_result r;
    struct observer o = {0};
    must(move_init(&m, &c.settings, &o, &fault));
    must(phase_sync(&m, &r, &fault));
    move_fini(&m);
    return r;
}

static void what_was_never_synced_is_not_put_aside(void **state)
{
    (void)state;
    c.settings.sync_url = c.address;
    c.settings.sync_block_size = 2;
    app_user(&c, "u1", OLD_ORG, "pilot");
    case_plan(&c);
    case_apply(&c, NULL);
    assert_false(plan_again());
    assert_int_equal(fault.code, FAULT_REFUSED);
    assert_int_equal(sync_all().sent[INDEX_USER], 1);
    must(plan_again());
}

static void a_plan_is_not_put_aside_under_a_reader(void **state)
{
    (void)state;
    int64_t pass;
    app_user(&c, "u1", OLD_ORG, "pilot");
    case_plan(&c);
    struct ledger *reader = ledger_open(c.dir, LEDGER_READ, &fault);
    must(reader);
    c.settings.sync_url = c.address;
    must(ledger_get_int(reader, "apply.pass", 1, &pass, &fault)); /* it has looked */
    case_apply(&c, NULL);
    sync_all();
    app_user(&c, "u2", OLD_ORG, "pilot");
    assert_false(plan_again());
    assert_int_equal(fault.code, FAULT_REFUSED);
    ledger_close(reader);
    must(plan_again());
    assert_int_equal(case_apply(&c, NULL).read, 1);
}

/* ---- two rows with one new key ---- */

static const char seats_schema[] = "CREATE TABLE sunbird.seat (userid text, organisationid text, "
                                   "room text, note text, other text, "
                                   "PRIMARY KEY (userid, organisationid, room));";

#define SEATS(collision)                                                                           \
    "rules:\n"                                                                                     \
    "  - rule: seat\n"                                                                             \
    "    table: sunbird.seat\n"                                                                    \
    "    find: { key: organisationid, equals: $source.id }\n"                                      \
    "    set: { organisationid: $target.id, room: hall }\n"                                        \
    "    collision: " collision "\n"

static void seat(const struct table *t, const char *room, const char *column, const char *value,
                 int64_t at)
{
    struct bytes key[3] = {bytes_of("u1"), bytes_of(OLD_ORG), bytes_of(room)};
    struct store_cell cell = {table_column(t, column), bytes_of(value)};
    app_run(&c, (struct store_op){.kind = STORE_INSERT,
                                  .table = t,
                                  .key = key,
                                  .cells = &cell,
                                  .cell_count = 1,
                                  .timestamp = at});
}

static void two_rows_that_move_to_one_key_are_a_collision(void **state)
{
    (void)state;
    struct table *t;
    struct embedded *e = embedded_open(c.file, false, &fault);
    must(e && embedded_schema(e, bytes_of(seats_schema), &fault));
    embedded_free(e);
    must(store_table(c.app, "sunbird", "seat", &c.arena, &t, &fault));
    case_profile(&c, SEATS("stop"));
    seat(t, "a", "note", "first", 1000);
    seat(t, "b", "note", "second", 2000);
    case_plan(&c);
    struct apply_result a = case_apply(&c, NULL);
    assert_true(a.converged);
    assert_int_equal(a.read, 1);
    assert_true(a.rejected > 0);
    int rows = 0;
    for (int i = 0; i < 3; i++) {
        static const char *const rooms[] = {"a", "b", "hall"};
        struct bytes key[3] = {bytes_of("u1"), bytes_of(i < 2 ? OLD_ORG : NEW_ORG),
                               bytes_of(rooms[i])};
        rows += app_run(&c, (struct store_op){.kind = STORE_READ, .table = t, .key = key}).found;
    }
    assert_int_equal(rows, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE_TEST(&c, what_was_never_synced_is_not_put_aside),
        CASE_TEST(&c, a_plan_is_not_put_aside_under_a_reader),
        CASE_TEST(&c, a_new_plan_that_was_cut_short_and_finds_nothing_leaves_the_earlier_one),
        CASE_TEST(&c, two_rows_that_move_to_one_key_are_a_collision),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
