/* A move on the embedded store, and what happens to rows that somebody else edits between plan and apply. */
#include "move_case.h"

static struct move_case c;

static void a_user_moves_with_root_and_channel(void **state)
{
    (void)state;
    app_user(&c, "u1", OLD_ORG, "pilot");
    app_user(&c, "u2", "third", "else");
    struct plan_result p = case_plan(&c);
    assert_int_equal(p.changes, 1);
    assert_user(&c, "u1", OLD_ORG, "pilot");
    struct apply_result a = case_apply(&c, NULL);
    assert_int_equal(a.read, 1);
    assert_int_equal(a.conflicts, 0);
    assert_true(a.converged);
    assert_user(&c, "u1", NEW_ORG, "rj");
    assert_user(&c, "u2", "third", "else");
}

static void a_row_deleted_after_the_plan_stays_deleted(void **state)
{
    (void)state;
    app_user(&c, "u1", OLD_ORG, "pilot");
    case_plan(&c);
    app_delete(&c, c.user, "u1", NULL, now());
    struct apply_result a = case_apply(&c, NULL);
    assert_int_equal(a.conflicts, 1);
    assert_string_equal(app_value(&c, c.user, "u1", NULL, "rootorgid"), "(no row)");
}

static void a_root_changed_alone_wins_and_the_row_is_not_torn(void **state)
{
    (void)state;
    app_user(&c, "u1", OLD_ORG, "pilot");
    case_plan(&c);
    app_set(&c, c.user, "u1", NULL, "rootorgid", bytes_of("third"), now());
    struct apply_result a = case_apply(&c, NULL);
    assert_int_equal(a.conflicts, 1);
    assert_user(&c, "u1", "third", "pilot");
}

static void a_channel_changed_alone_stays_as_they_set_it(void **state)
{
    (void)state;
    app_user(&c, "u1", OLD_ORG, "pilot");
    case_plan(&c);
    app_set(&c, c.user, "u1", NULL, "channel", bytes_of("mine"), now());
    struct apply_result a = case_apply(&c, NULL);
    assert_int_equal(a.conflicts, 1);
    assert_user(&c, "u1", NEW_ORG, "mine");
}

static void a_channel_written_again_with_its_old_value_is_moved_too(void **state)
{
    (void)state;
    app_user(&c, "u1", OLD_ORG, "pilot");
    case_plan(&c);
    app_set(&c, c.user, "u1", NULL, "channel", bytes_of("pilot"), now());
    struct apply_result a = case_apply(&c, NULL);
    assert_int_equal(a.conflicts, 0);
    assert_int_equal(a.read, 1);
    assert_user(&c, "u1", NEW_ORG, "rj");
}

static void both_changed_stay_both(void **state)
{
    (void)state;
    app_user(&c, "u1", OLD_ORG, "pilot");
    case_plan(&c);
    app_set(&c, c.user, "u1", NULL, "rootorgid", bytes_of("third"), now());
    app_set(&c, c.user, "u1", NULL, "channel", bytes_of("three"), now());
    case_apply(&c, NULL);
    assert_user(&c, "u1", "third", "three");
}

static void a_row_written_again_as_it_was_is_moved_by_the_next_pass(void **state)
{
    (void)state;
    app_user(&c, "u1", OLD_ORG, "pilot");
    case_plan(&c);
    app_set(&c, c.user, "u1", NULL, "rootorgid", bytes_of(OLD_ORG), now());
    app_set(&c, c.user, "u1", NULL, "channel", bytes_of("pilot"), now());
    struct apply_result a = case_apply(&c, NULL);
    assert_int_equal(a.passes, 1);
    assert_true(a.converged);
    assert_user(&c, "u1", NEW_ORG, "rj");
}

static void another_column_is_not_touched(void **state)
{
    (void)state;
    app_user(&c, "u1", OLD_ORG, "pilot");
    case_plan(&c);
    app_set(&c, c.user, "u1", NULL, "firstname", bytes_of("New"), now());
    struct apply_result a = case_apply(&c, NULL);
    assert_int_equal(a.conflicts, 0);
    assert_user(&c, "u1", NEW_ORG, "rj");
    assert_string_equal(app_value(&c, c.user, "u1", NULL, "firstname"), "New");
}

static void a_user_who_appears_after_the_plan_is_moved(void **state)
{
    (void)state;
    app_user(&c, "u1", OLD_ORG, "pilot");
    case_plan(&c);
    app_user(&c, "u2", OLD_ORG, "pilot");
    struct apply_result a = case_apply(&c, NULL);
    assert_int_equal(a.appeared, 1);
    assert_user(&c, "u2", NEW_ORG, "rj");
}

static void applying_twice_is_applying_once(void **state)
{
    (void)state;
    app_user(&c, "u1", OLD_ORG, "pilot");
    app_member(&c, "u1", OLD_ORG, "2018-01-01", false);
    app_batch(&c, "do_1", "b1", list_of(&c, OLD_ORG, "x", NULL));
    case_plan(&c);
    case_apply(&c, NULL);
    struct apply_result again = case_apply(&c, NULL);
    assert_int_equal(again.done_here, 0);
    assert_int_equal(again.read, 3);
    assert_string_equal(app_value(&c, c.batch, "do_1", "b1", "createdfor"),
                        "[\"" NEW_ORG "\", \"x\"]");
}

/* ---- memberships: the reference is in the key ---- */

static void a_membership_moves_with_its_cells(void **state)
{
    (void)state;
    app_member(&c, "u1", OLD_ORG, "2018-01-01", false);
    case_plan(&c);
    struct apply_result a = case_apply(&c, NULL);
    assert_int_equal(a.read, 1);
    assert_string_equal(app_value(&c, c.member, "u1", OLD_ORG, "hashtagid"), "(no row)");
    assert_string_equal(app_value(&c, c.member, "u1", NEW_ORG, "hashtagid"), NEW_ORG);
    assert_string_equal(app_value(&c, c.member, "u1", NEW_ORG, "orgjoindate"), "2018-01-01");
    assert_string_equal(app_value(&c, c.member, "u1", NEW_ORG, "roles"), "[\"PUBLIC\"]");
}

static void a_membership_deleted_after_the_plan_does_not_come_back(void **state)
{
    (void)state;
    app_member(&c, "u1", OLD_ORG, "2018-01-01", false);
    case_plan(&c);
    app_delete(&c, c.member, "u1", OLD_ORG, now());
    struct apply_result a = case_apply(&c, NULL);
    assert_int_equal(a.conflicts, 1);
    assert_string_equal(app_value(&c, c.member, "u1", NEW_ORG, "hashtagid"), "(no row)");
}

static void a_membership_edited_after_the_plan_moves_with_the_edit(void **state)
{
    (void)state;
    app_member(&c, "u1", OLD_ORG, "2018-01-01", false);
    case_plan(&c);
    app_set(&c, c.member, "u1", OLD_ORG, "isdeleted", boolean_of(true), now());
    app_set(&c, c.member, "u1", OLD_ORG, "position", bytes_of("Head"), now());
    app_set(&c, c.member, "u1", OLD_ORG, "orgjoindate", bytes_null(), now());
    struct apply_result a = case_apply(&c, NULL);
    assert_true(a.converged);
    assert_string_equal(app_value(&c, c.member, "u1", OLD_ORG, "hashtagid"), "(no row)");
    assert_string_equal(app_value(&c, c.member, "u1", NEW_ORG, "isdeleted"), "true");
    assert_string_equal(app_value(&c, c.member, "u1", NEW_ORG, "position"), "Head");
    assert_string_equal(app_value(&c, c.member, "u1", NEW_ORG, "orgjoindate"), "(null)");
}

static void two_memberships_are_merged_live_and_earliest(void **state)
{
    (void)state;
    app_member(&c, "u1", OLD_ORG, "2018-01-01", false);
    app_member(&c, "u1", NEW_ORG, "2019-01-01", true);
    struct plan_result p = case_plan(&c);
    assert_int_equal(p.collisions, 1);
    case_apply(&c, NULL);
    assert_string_equal(app_value(&c, c.member, "u1", OLD_ORG, "hashtagid"), "(no row)");
    assert_string_equal(app_value(&c, c.member, "u1", NEW_ORG, "isdeleted"), "false");
    assert_string_equal(app_value(&c, c.member, "u1", NEW_ORG, "orgjoindate"), "2018-01-01");
}

static void a_target_row_that_appears_after_the_plan_is_not_overwritten(void **state)
{
    (void)state;
    app_member(&c, "u1", OLD_ORG, "2018-01-01", false);
    case_plan(&c);
    app_member(&c, "u1", NEW_ORG, "2017-01-01", false);
    app_set(&c, c.member, "u1", NEW_ORG, "position", bytes_of("Teacher"), now());
    struct apply_result a = case_apply(&c, NULL);
    assert_true(a.converged);
    assert_string_equal(app_value(&c, c.member, "u1", OLD_ORG, "hashtagid"), "(no row)");
    assert_string_equal(app_value(&c, c.member, "u1", NEW_ORG, "position"), "Teacher");
    assert_string_equal(app_value(&c, c.member, "u1", NEW_ORG, "orgjoindate"), "2017-01-01");
}

static void a_copy_under_an_older_delete_is_written_again(void **state)
{
    (void)state;
    app_delete(&c, c.member, "u1", NEW_ORG, 900000);
    app_member(&c, "u1", OLD_ORG, "2018-01-01", false);
    case_plan(&c);
    struct apply_result a = case_apply(&c, NULL);
    assert_int_equal(a.rejected, 0);
    assert_string_equal(app_value(&c, c.member, "u1", NEW_ORG, "orgjoindate"), "2018-01-01");
    assert_string_equal(app_value(&c, c.member, "u1", OLD_ORG, "hashtagid"), "(no row)");
}

static void a_membership_of_keys_only_moves(void **state)
{
    (void)state;
    struct bytes key[2] = {bytes_of("u1"), bytes_of(OLD_ORG)};
    app_run(&c, (struct store_op){
                    .kind = STORE_INSERT, .table = c.member, .key = key, .timestamp = 3000});
    case_plan(&c);
    struct apply_result a = case_apply(&c, NULL);
    assert_int_equal(a.rejected, 0);
    assert_string_equal(app_value(&c, c.member, "u1", OLD_ORG, "hashtagid"), "(no row)");
    assert_string_not_equal(app_value(&c, c.member, "u1", NEW_ORG, "hashtagid"), "(no row)");
}

/* ---- lists ---- */

static void a_list_edited_after_the_plan_keeps_the_edit(void **state)
{
    (void)state;
    app_batch(&c, "do_1", "b1", list_of(&c, OLD_ORG, NULL, NULL));
    case_plan(&c);
    app_set(&c, c.batch, "do_1", "b1", "createdfor", list_of(&c, "x", OLD_ORG, NULL), now());
    struct apply_result a = case_apply(&c, NULL);
    assert_true(a.converged);
    assert_string_equal(app_value(&c, c.batch, "do_1", "b1", "createdfor"),
                        "[\"x\", \"" NEW_ORG "\"]");
}

static void a_list_gets_no_second_target(void **state)
{
    (void)state;
    app_batch(&c, "do_1", "b1", list_of(&c, OLD_ORG, NEW_ORG, OLD_ORG));
    case_plan(&c);
    case_apply(&c, NULL);
    assert_string_equal(app_value(&c, c.batch, "do_1", "b1", "createdfor"), "[\"" NEW_ORG "\"]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE_TEST(&c, a_user_moves_with_root_and_channel),
        CASE_TEST(&c, a_row_deleted_after_the_plan_stays_deleted),
        CASE_TEST(&c, a_root_changed_alone_wins_and_the_row_is_not_torn),
        CASE_TEST(&c, a_channel_changed_alone_stays_as_they_set_it),
        CASE_TEST(&c, a_channel_written_again_with_its_old_value_is_moved_too),
        CASE_TEST(&c, both_changed_stay_both),
        CASE_TEST(&c, a_row_written_again_as_it_was_is_moved_by_the_next_pass),
        CASE_TEST(&c, another_column_is_not_touched),
        CASE_TEST(&c, a_user_who_appears_after_the_plan_is_moved),
        CASE_TEST(&c, applying_twice_is_applying_once),
        CASE_TEST(&c, a_membership_moves_with_its_cells),
        CASE_TEST(&c, a_membership_deleted_after_the_plan_does_not_come_back),
        CASE_TEST(&c, a_membership_edited_after_the_plan_moves_with_the_edit),
        CASE_TEST(&c, two_memberships_are_merged_live_and_earliest),
        CASE_TEST(&c, a_target_row_that_appears_after_the_plan_is_not_overwritten),
        CASE_TEST(&c, a_copy_under_an_older_delete_is_written_again),
        CASE_TEST(&c, a_membership_of_keys_only_moves),
        CASE_TEST(&c, a_list_edited_after_the_plan_keeps_the_edit),
        CASE_TEST(&c, a_list_gets_no_second_target),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
