/* What becomes of rows whose writes the servers refuse, or take without an answer: nothing is lost, and nothing is
 * called done that is not. */
#include "move_case.h"

static struct move_case c;

#define MEMBERSHIP(collision)                                                                      \
    "rules:\n"                                                                                     \
    "  - rule: membership\n"                                                                       \
    "    table: sunbird.user_organisation\n"                                                       \
    "    find: { key: organisationid, equals: $source.id }\n"                                      \
    "    set: { organisationid: $target.id, hashtagid: $target.hashtagid }\n"                      \
    "    collision: " collision "\n"

static const char keep_target[] = MEMBERSHIP("keep-target");
static const char stop[] = MEMBERSHIP("stop");
static const char merge[] =
    MEMBERSHIP("merge") "    merge: { live: isdeleted, earliest: [orgjoindate], union: [roles] }\n";

static bool writes_column(const struct store_op *op, const struct table *t, const char *name)
{
    if (op->kind == STORE_READ || strcmp(op->table->name, t->name) != 0)
        return false;
    for (int i = 0; i < op->cell_count; i++)
        if (strcmp(op->table->columns[op->cells[i].column].name, name) == 0)
            return true;
    return false;
}

static int refusals; /* so many are left */

static bool refuses_roles(const struct store_op *op)
{
    return refusals > 0 && writes_column(op, c.member, "roles") && refusals-- > 0;
}

static bool refuses_position(const struct store_op *op)
{
    return refusals > 0 && writes_column(op, c.member, "position") && refusals-- > 0;
}

static bool refuses_join_date(const struct store_op *op)
{
    return refusals > 0 && writes_column(op, c.member, "orgjoindate") && refusals-- > 0;
}

static bool refuses_reads_of_users(const struct store_op *op)
{
    return refusals > 0 && op->kind == STORE_READ && strcmp(op->table->name, "user") == 0 &&
           refusals-- > 0;
}

static struct apply_result apply_refusing(bool (*refuses)(const struct store_op *op), int times)
{
    struct tripped t;
    tripped_open(&t, &c);
    t.refuses = refuses;
    refusals = times;
    return case_apply(&c, &t);
}

static void a_torn_row_whose_read_back_fails_is_healed_all_the_same(void **state)
{
    (void)state;
    app_user(&c, "u1", OLD_ORG, "pilot");
    case_plan(&c);
    app_set(&c, c.user, "u1", NULL, "rootorgid", bytes_of("third"), clock_now_us());
    struct apply_result a = apply_refusing(refuses_reads_of_users, 1);
    assert_int_equal(a.rejected, 0);
    assert_int_equal(a.conflicts, 1);
    assert_string_equal(app_value(&c, c.user, "u1", NULL, "channel"), "pilot");
    assert_string_equal(app_value(&c, c.user, "u1", NULL, "rootorgid"), "third");
}

static void two_members(void)
{
    app_member(&c, "u1", OLD_ORG, "2018-01-01", false);
    app_set(&c, c.member, "u1", OLD_ORG, "roles", list_of(&c, "ADMIN", NULL, NULL), 3001);
    app_member(&c, "u1", NEW_ORG, "2019-01-01", true);
}

static void a_merged_list_that_is_refused_keeps_the_old_row(void **state)
{
    (void)state;
    two_members();
    case_plan(&c);
    struct apply_result a = apply_refusing(refuses_roles, 1000);
    assert_true(a.rejected > 0);
    assert_string_equal(app_value(&c, c.member, "u1", OLD_ORG, "roles"), "[\"ADMIN\"]");
}

static void a_merged_list_that_is_refused_once_is_merged_by_the_next_pass(void **state)
{
    (void)state;
    two_members();
    case_plan(&c);
    struct apply_result a = apply_refusing(refuses_roles, 1);
    assert_true(a.converged);
    assert_string_equal(app_value(&c, c.member, "u1", OLD_ORG, "roles"), "(no row)");
    assert_string_equal(app_value(&c, c.member, "u1", NEW_ORG, "roles"), "[\"PUBLIC\", \"ADMIN\"]");
}

static void a_merged_cell_that_is_refused_keeps_the_old_row(void **state)
{
    (void)state;
    two_members();
    case_plan(&c);
    struct apply_result a = apply_refusing(refuses_join_date, 1000);
    assert_true(a.rejected > 0);
    assert_string_equal(app_value(&c, c.member, "u1", OLD_ORG, "orgjoindate"), "2018-01-01");
}

/* The row of two writetimes is copied in two statements, of which one is refused: what stands at the target then is
 * ours, and no row that the target had. */
static void half_a_copy(const char *profile)
{
    case_profile(&c, profile);
    app_member(&c, "u1", OLD_ORG, "2018-01-01", false);
    app_set(&c, c.member, "u1", OLD_ORG, "position", bytes_of("Head"), 5000);
    case_plan(&c);
    struct apply_result a = apply_refusing(refuses_position, 2);
    assert_true(a.converged);
    assert_string_equal(app_value(&c, c.member, "u1", OLD_ORG, "orgjoindate"), "(no row)");
    assert_string_equal(app_value(&c, c.member, "u1", NEW_ORG, "orgjoindate"), "2018-01-01");
    assert_string_equal(app_value(&c, c.member, "u1", NEW_ORG, "position"), "Head");
    assert_string_equal(app_value(&c, c.member, "u1", NEW_ORG, "roles"), "[\"PUBLIC\"]");
}

static void half_a_copy_is_not_kept_as_the_targets_row(void **state)
{
    (void)state;
    half_a_copy(keep_target);
}

static void half_a_copy_is_no_collision(void **state)
{
    (void)state;
    half_a_copy(stop);
}

/* ---- killed while a copy under an older delete is written again ---- */

static void killed_anywhere_under_a_delete(const char *profile)
{
    bool killed = true;
    for (int n = 1; killed; n++) {
        case_profile(&c, profile);
        app_delete(&c, c.member, "u1", NEW_ORG, 900000);
        app_member(&c, "u1", OLD_ORG, "2018-01-01", false);
        app_set(&c, c.member, "u1", OLD_ORG, "position", bytes_of("Head"), 5000);
        case_plan(&c);
        killed = case_killed_at(&c, n);
        struct apply_result a = case_apply(&c, NULL);
        assert_true(a.converged);
        assert_int_equal(a.rejected, 0);
        assert_string_equal(app_value(&c, c.member, "u1", OLD_ORG, "orgjoindate"), "(no row)");
        assert_string_equal(app_value(&c, c.member, "u1", NEW_ORG, "orgjoindate"), "2018-01-01");
        assert_string_equal(app_value(&c, c.member, "u1", NEW_ORG, "hashtagid"), NEW_ORG);
        assert_string_equal(app_value(&c, c.member, "u1", NEW_ORG, "position"), "Head");
        assert_string_equal(app_value(&c, c.member, "u1", NEW_ORG, "roles"), "[\"PUBLIC\"]");
        case_begin_again(&c);
    }
}

static void a_copy_under_a_delete_that_is_cut_off_is_finished_by_keep_target(void **state)
{
    (void)state;
    killed_anywhere_under_a_delete(keep_target);
}

static void a_copy_under_a_delete_that_is_cut_off_is_finished_by_stop(void **state)
{
    (void)state;
    killed_anywhere_under_a_delete(stop);
}

/* ---- what is taken back is as it was ---- */

static int32_t ttl_of(const char *user, const char *org, const char *column)
{
    struct bytes key[2] = {bytes_of(user), bytes_of(org)};
    struct answer a =
        app_run(&c, (struct store_op){.kind = STORE_READ, .table = c.member, .key = key});
    return a.found ? a.row.cells[table_column(c.member, column)].ttl : -1;
}

static void a_cell_that_expires_still_expires_when_a_merge_is_taken_back(void **state)
{
    (void)state;
    struct bytes key[2] = {bytes_of("u1"), bytes_of(NEW_ORG)};
    struct store_cell cell = {table_column(c.member, "orgjoindate"), bytes_of("2019-01-01")};
    app_member(&c, "u1", OLD_ORG, "2018-01-01", false);
    app_run(&c, (struct store_op){.kind = STORE_INSERT,
                                  .table = c.member,
                                  .key = key,
                                  .cells = &cell,
                                  .cell_count = 1,
                                  .timestamp = 3000,
                                  .ttl = 5000});
    case_plan(&c);
    for (int n = 1;
         strcmp(app_value(&c, c.member, "u1", NEW_ORG, "orgjoindate"), "2018-01-01") != 0; n++)
        assert_true(case_killed_at(&c, n));
    app_delete(&c, c.member, "u1", OLD_ORG, clock_now_us());
    case_apply(&c, NULL);
    assert_string_equal(app_value(&c, c.member, "u1", NEW_ORG, "orgjoindate"), "2019-01-01");
    assert_in_range(ttl_of("u1", NEW_ORG, "orgjoindate"), 4000, 5000);
}

/* ---- a list that appears at the target between the look and the copy ---- */

static bool had_no_roles;

static void give_the_target_roles(void *context)
{
    (void)context;
    const char *roles = app_value(&c, c.member, "u1", NEW_ORG, "roles");
    had_no_roles = strcmp(roles, "(no row)") == 0 || strcmp(roles, "(null)") == 0;
    app_set(&c, c.member, "u1", NEW_ORG, "roles", list_of(&c, "TEACHER", NULL, NULL),
            clock_now_us());
}

static void a_list_that_appears_at_the_target_loses_no_element(void **state)
{
    (void)state;
    bool tripped = true;
    for (int n = 1; tripped; n++) {
        struct tripped t;
        case_profile(&c, merge);
        app_member(&c, "u1", OLD_ORG, "2018-01-01", false);
        case_plan(&c);
        tripped_open(&t, &c);
        t.at = n;
        t.trip = give_the_target_roles;
        had_no_roles = false;
        struct apply_result a = case_apply(&c, &t);
        tripped = t.ops >= n;
        assert_true(a.converged);
        assert_string_equal(app_value(&c, c.member, "u1", OLD_ORG, "roles"), "(no row)");
        if (had_no_roles)
            assert_string_equal(app_value(&c, c.member, "u1", NEW_ORG, "roles"),
                                "[\"TEACHER\", \"PUBLIC\"]");
        case_begin_again(&c);
    }
}

/* ---- what no pass can move is said, also when it appears after the plan ---- */

static void a_user_from_the_future_that_appears_after_the_plan_is_rejected(void **state)
{
    (void)state;
    app_user(&c, "u1", OLD_ORG, "pilot");
    case_plan(&c);
    app_set(&c, c.user, "u2", NULL, "rootorgid", bytes_of(OLD_ORG),
            clock_now_us() + INT64_C(7200) * 1000 * 1000);
    struct apply_result a = case_apply(&c, NULL);
    assert_int_equal(a.read, 1);
    assert_int_equal(a.rejected, 1);
    assert_true(a.converged);
    a = case_apply(&c, NULL);
    assert_int_equal(a.rejected, 1); /* and not once more for each run */
}

static void a_collision_that_appears_after_the_plan_is_rejected_by_stop(void **state)
{
    (void)state;
    case_profile(&c, stop);
    app_member(&c, "u1", OLD_ORG, "2018-01-01", false);
    case_plan(&c);
    app_member(&c, "u2", OLD_ORG, "2018-01-01", false);
    app_member(&c, "u2", NEW_ORG, "2019-01-01", false);
    struct apply_result a = case_apply(&c, NULL);
    assert_int_equal(a.read, 1);
    assert_int_equal(a.rejected, 1);
    assert_true(a.converged);
    a = case_apply(&c, NULL);
    assert_int_equal(a.rejected, 1);
}

static void a_collision_of_the_plan_is_counted_once(void **state)
{
    (void)state;
    case_profile(&c, stop);
    app_member(&c, "u2", OLD_ORG, "2018-01-01", false);
    app_member(&c, "u2", NEW_ORG, "2019-01-01", false);
    case_plan(&c);
    assert_int_equal(case_apply(&c, NULL).rejected, 1);
    assert_int_equal(case_apply(&c, NULL).rejected, 1);
}

/* ---- rows that a scan tells twice ---- */

static void a_rejected_row_that_is_told_twice_is_counted_once(void **state)
{
    (void)state;
    struct move m;
    struct plan_result r;
    struct observer o = {0};
    struct tripped t;
    app_user(&c, "u1", OLD_ORG, "pilot");
    app_set(&c, c.user, "u2", NULL, "rootorgid", bytes_of(OLD_ORG),
            clock_now_us() + INT64_C(7200) * 1000 * 1000);
    tripped_open(&t, &c);
    t.scans_twice = true;
    must(move_init(&m, &c.settings, &o, &fault));
    m.store = &t.store;
    m.store_about.schema_agrees = true;
    must(phase_plan(&m, &r, &fault));
    move_fini(&m);
    assert_int_equal(r.changes, 1);
    assert_int_equal(r.rejected, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE_TEST(&c, a_torn_row_whose_read_back_fails_is_healed_all_the_same),
        CASE_TEST(&c, a_merged_list_that_is_refused_keeps_the_old_row),
        CASE_TEST(&c, a_merged_list_that_is_refused_once_is_merged_by_the_next_pass),
        CASE_TEST(&c, a_merged_cell_that_is_refused_keeps_the_old_row),
        CASE_TEST(&c, half_a_copy_is_not_kept_as_the_targets_row),
        CASE_TEST(&c, half_a_copy_is_no_collision),
        CASE_TEST(&c, a_copy_under_a_delete_that_is_cut_off_is_finished_by_keep_target),
        CASE_TEST(&c, a_copy_under_a_delete_that_is_cut_off_is_finished_by_stop),
        CASE_TEST(&c, a_cell_that_expires_still_expires_when_a_merge_is_taken_back),
        CASE_TEST(&c, a_list_that_appears_at_the_target_loses_no_element),
        CASE_TEST(&c, a_user_from_the_future_that_appears_after_the_plan_is_rejected),
        CASE_TEST(&c, a_collision_that_appears_after_the_plan_is_rejected_by_stop),
        CASE_TEST(&c, a_collision_of_the_plan_is_counted_once),
        CASE_TEST(&c, a_rejected_row_that_is_told_twice_is_counted_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
