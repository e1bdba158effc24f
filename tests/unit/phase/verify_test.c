/* From plan to retire on the embedded store, index and service. */
#include "move_case.h"

#include <sqlite3.h>

static struct move_case c;

static int begin(void **state)
{
    *state = &c;
    case_begin(&c);
    c.settings.sync_url = c.settings.elasticsearch = c.address;
    c.settings.verify_timeout_s = 1;
    for (int i = 0; i < 5; i++) {
        char id[8];
        snprintf(id, sizeof id, "u%d", i);
        app_user(&c, id, OLD_ORG, "pilot");
        app_member(&c, id, OLD_ORG, "2018-01-01", false);
    }
    app_batch(&c, "do_1", "b1", list_of(&c, OLD_ORG, "x", NULL));
    return 0;
}

#define with_move(m, call)                                                                         \
    do {                                                                                           \
        struct observer o_ = {0};                                                                  \
        fault = (struct fault){0};                                                                 \
        must(move_init(&m, &c.settings, &o_, &fault));                                             \
        done = call;                                                                               \
        move_fini(&m);                                                                             \
    } while (0)

static struct move m;
static bool done;

static void the_whole_chain_ends_clean(void **state)
{
    (void)state;
    struct sync_result s;
    struct verify_result v;
    struct retire_result r;
    struct status_result t;
    case_plan(&c);
    case_apply(&c, NULL);
    with_move(m, phase_sync(&m, &s, &fault));
    if (!done)
        fail_msg("%s", fault.text);
    assert_int_equal(s.sent[INDEX_USER], 5);
    assert_int_equal(s.sent[INDEX_BATCH], 1);
    assert_int_equal(s.sent[INDEX_ORGANISATION], 2);
    with_move(m, phase_verify(&m, &v, &fault));
    if (!done)
        fail_msg("%s", fault.text);
    assert_int_equal(v.references, 0);
    assert_int_equal(v.changes, 11);
    assert_int_equal(v.changes_right, 11);
    assert_int_equal(v.documents_right[INDEX_USER], 5);
    assert_int_equal(v.documents_right[INDEX_BATCH], 1);
    assert_true(v.clean);
    assert_int_equal(access(v.proof_path, R_OK), 0);
    with_move(m, phase_retire(&m, &r, &fault));
    if (!done)
        fail_msg("%s", fault.text);
    assert_string_equal(app_value(&c, c.organisation, OLD_ORG, NULL, "status"), "0");
    assert_true(r.synced);
    with_move(m, phase_status(&m, &t, &fault));
    assert_true(done);
    assert_int_equal(t.retire.by_state[CHANGE_READ], 1);
    with_move(m, phase_verify(&m, &v,
                              &fault)); /* the retired source's own status is no reason to refuse */
    if (!done)
        fail_msg("%s", fault.text);
}

static void move_and_sync(void)
{
    struct sync_result s;
    case_plan(&c);
    case_apply(&c, NULL);
    with_move(m, phase_sync(&m, &s, &fault));
    assert_true(done);
}

/* Its document is old then. */
static void change_a_row(void)
{
    app_set(&c, c.user, "u3", NULL, "channel", bytes_of("late"), clock_now_us());
}

static void documents_that_nobody_synced_are_not_right(void **state)
{
    (void)state;
    struct verify_result v;
    move_and_sync();
    /* Somebody changes a row afterwards: its document is old now, and the service cannot be asked again. */
    change_a_row();
    c.settings.sync_url = "";
    with_move(m, phase_verify(&m, &v, &fault));
    assert_true(done);
    assert_int_equal(v.documents_right[INDEX_USER], 4);
    assert_int_equal(v.changes_other, 1);
    assert_false(v.clean);
}

static void wrong_documents_are_synced_again(void **state)
{
    (void)state;
    struct verify_result v;
    move_and_sync();
    change_a_row();
    with_move(m, phase_verify(&m, &v, &fault));
    assert_true(done);
    assert_int_equal(v.synced_again, 1);
    assert_int_equal(v.documents_right[INDEX_USER], 5);
    assert_true(v.clean);
}

static void what_an_earlier_verify_saw_is_read_again(void **state)
{
    (void)state;
    struct verify_result v;
    move_and_sync();
    with_move(m, phase_verify(&m, &v, &fault));
    assert_true(done);
    assert_int_equal(v.documents_right[INDEX_USER], 5);
    assert_true(v.clean);
    change_a_row();
    c.settings.sync_url = "";
    with_move(m, phase_verify(&m, &v, &fault));
    assert_true(done);
    assert_int_equal(v.documents_right[INDEX_USER], 4);
    assert_false(v.clean);
}

static void what_an_apply_that_was_cut_short_wrote_is_no_proof(void **state)
{
    (void)state;
    struct tripped t;
    struct observer o = {0};
    struct apply_result a;
    struct verify_result v;
    struct status_result status;
    struct sync_result s;
    case_plan(&c);
    tripped_open(&t, &c);
    t.unscannable = c.user; /* all is written, and then it looks for what appeared */
    must(move_init(&m, &c.settings, &o, &fault));
    m.store = &t.store;
    assert_false(phase_apply(&m, &a, &fault));
    move_fini(&m);
    assert_int_equal(a.read, 11);
    assert_int_equal(a.open, 0);
    with_move(m, phase_status(&m, &status, &fault));
    assert_true(done);
    assert_ptr_equal(strstr(status.next, "tenantmove apply"), status.next);
    with_move(m, phase_verify(&m, &v, &fault));
    assert_true(done);
    assert_false(v.clean);
    assert_int_equal(v.documents[INDEX_USER], 5);
    assert_int_equal(v.documents_right[INDEX_USER], 0);
    with_move(m, phase_sync(&m, &s, &fault));
    assert_int_equal(s.sent[INDEX_USER], 5);
    with_move(m, phase_verify(&m, &v, &fault));
    assert_true(v.clean);
}

static bool is_read_of_batch(const struct store_op *op)
{
    static int updates;
    bool is_batch = strcmp(op->table->name, "course_batch") == 0;
    updates += is_batch && op->kind != STORE_READ;
    return is_batch && op->kind == STORE_READ && updates > 0;
}

static void a_document_of_what_could_not_be_read_back_is_compared_too(void **state)
{
    (void)state;
    struct tripped t;
    struct apply_result a;
    struct verify_result v;
    struct sync_result s;
    case_plan(&c);
    tripped_open(&t, &c);
    t.refuses = is_read_of_batch;
    a = case_apply(&c, &t);
    assert_int_equal(a.rejected, 1);
    with_move(m, phase_sync(&m, &s, &fault));
    assert_int_equal(s.sent[INDEX_BATCH], 1);
    app_set(&c, c.batch, "do_1", "b1", "createdfor", list_of(&c, NEW_ORG, "y", NULL),
            clock_now_us()); /* its document is old now, and the service cannot be asked again */
    c.settings.sync_url = "";
    with_move(m, phase_verify(&m, &v, &fault));
    assert_true(done);
    assert_int_equal(v.rejected, 1);
    assert_int_equal(v.documents_right[INDEX_BATCH], 0);
    assert_false(v.clean);
}

/* An index server that lost what it had. */
static void lose_organisations(void)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(c.file, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "DELETE FROM documents WHERE kind = 1", NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_changes(db), 2);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void users_are_sent_again_when_their_organisation_was_missing_in_an_earlier_run(void **state)
{
    (void)state;
    struct verify_result v;
    struct sync_result s;
    move_and_sync();
    lose_organisations();
    c.settings.sync_url = "";
    with_move(m, phase_verify(&m, &v, &fault));
    assert_true(done);
    assert_int_equal(v.documents_absent[INDEX_ORGANISATION], 2);
    assert_false(v.clean);
    c.settings.sync_url = c.address;
    with_move(m, phase_sync(&m, &s, &fault));
    assert_true(done);
    with_move(m, phase_verify(&m, &v, &fault));
    assert_true(done);
    assert_int_equal(v.synced_again, 5);
    assert_true(v.clean);
    with_move(m, phase_verify(&m, &v, &fault));
    assert_int_equal(v.synced_again, 0); /* once */
}

static void an_organisation_that_somebody_changed_is_not_said_to_be_retired(void **state)
{
    (void)state;
    static const uint8_t one[4] = {0, 0, 0, 1};
    struct retire_result r;
    struct verify_result v;
    struct status_result status;
    move_and_sync();
    app_set(&c, c.organisation, OLD_ORG, NULL, "status", (struct bytes){one, 4}, clock_now_us());
    for (int i = 0; i < 2; i++) {
        with_move(m, phase_retire(&m, &r, &fault));
        assert_true(done);
        assert_int_equal(r.apply.conflicts, 1);
        assert_false(r.was_retired);
    }
    with_move(m, phase_verify(&m, &v, &fault));
    assert_true(done);
    assert_false(v.retired);
    with_move(m, phase_status(&m, &status, &fault));
    assert_non_null(strstr(status.next, "plan --again"));
    c.settings.again = true;
    case_plan(&c);
    c.settings.again = false;
    with_move(m, phase_status(&m, &status, &fault));
    assert_non_null(strstr(status.next, "tenantmove retire"));
    with_move(m, phase_retire(&m, &r, &fault));
    if (!done)
        fail_msg("%s", fault.text);
    assert_string_equal(app_value(&c, c.organisation, OLD_ORG, NULL, "status"), "0");
    with_move(m, phase_status(&m, &status, &fault));
    assert_string_equal(status.next, "nothing: the move is done");
}

static void retire_is_refused_while_a_row_names_the_source(void **state)
{
    (void)state;
    struct retire_result r;
    case_plan(&c);
    case_apply(&c, NULL);
    app_user(&c, "late", OLD_ORG, "pilot");
    with_move(m, phase_retire(&m, &r, &fault));
    assert_false(done);
    assert_int_equal(fault.code, FAULT_REFUSED);
    assert_string_equal(app_value(&c, c.organisation, OLD_ORG, NULL, "status"), "1");
}

static void retire_and_sync_are_refused_before_apply(void **state)
{
    (void)state;
    struct retire_result r;
    struct sync_result s;
    case_plan(&c);
    with_move(m, phase_retire(&m, &r, &fault));
    assert_false(done);
    assert_int_equal(fault.code, FAULT_REFUSED);
    with_move(m, phase_sync(&m, &s, &fault));
    assert_false(done);
    assert_int_equal(fault.code, FAULT_REFUSED);
}

static void assert_apply_is_refused(const char *part_of_subject)
{
    struct apply_result a;
    with_move(m, phase_apply(&m, &a, &fault));
    assert_false(done);
    assert_int_equal(fault.code, FAULT_REFUSED);
    if (!strstr(fault.subject, part_of_subject))
        fail_msg("the subject is: %s", fault.subject);
    assert_string_equal(app_value(&c, c.user, "u1", NULL, "rootorgid"), OLD_ORG);
}

static void a_plan_is_stale_when_an_organisation_changed(void **state)
{
    (void)state;
    case_plan(&c);
    app_set(&c, c.organisation, NEW_ORG, NULL, "channel", bytes_of("rajasthan"), clock_now_us());
    assert_apply_is_refused("channel \"rj\" is now \"rajasthan\"");
}

static void a_ledger_of_another_move_is_refused(void **state)
{
    (void)state;
    app_organisation(&c, "0777", "else");
    case_plan(&c);
    c.settings.source = "0777";
    assert_apply_is_refused("0777");
    c.settings.source = OLD_ORG;
}

static void a_second_plan_needs_to_be_asked_for_and_keeps_the_first(void **state)
{
    (void)state;
    struct plan_result p;
    case_plan(&c);
    with_move(m, phase_plan(&m, &p, &fault));
    assert_false(done);
    assert_int_equal(fault.code, FAULT_REFUSED);
    c.settings.again = true;
    struct plan_result again = case_plan(&c);
    c.settings.again = false;
    assert_int_equal(again.changes, 11);
}

static void the_plan_has_one_name_whatever_the_order_of_the_scan(void **state)
{
    (void)state;
    struct plan_result first = case_plan(&c);
    c.settings.again = true;
    c.settings.scan_ranges = 37;
    c.settings.page_rows = 1;
    struct plan_result second = case_plan(&c);
    assert_string_equal(first.digest, second.digest);
    app_set(&c, c.user, "u1", NULL, "channel", bytes_of("other"), clock_now_us());
    struct plan_result third = case_plan(&c);
    assert_string_not_equal(first.digest, third.digest);
}

static void an_organisation_without_a_status_is_retired(void **state)
{
    (void)state;
    struct retire_result r;
    app_set(&c, c.organisation, OLD_ORG, NULL, "status", bytes_null(), 2000);
    case_plan(&c);
    case_apply(&c, NULL);
    with_move(m, phase_retire(&m, &r, &fault));
    if (!done)
        fail_msg("%s", fault.text);
    assert_int_equal(r.apply.conflicts, 0);
    assert_int_equal(r.apply.read, 1);
    assert_string_equal(app_value(&c, c.organisation, OLD_ORG, NULL, "status"), "0");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, case_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_whole_chain_ends_clean),
        TEST(documents_that_nobody_synced_are_not_right),
        TEST(wrong_documents_are_synced_again),
        TEST(what_an_earlier_verify_saw_is_read_again),
        TEST(what_an_apply_that_was_cut_short_wrote_is_no_proof),
        TEST(a_document_of_what_could_not_be_read_back_is_compared_too),
        TEST(users_are_sent_again_when_their_organisation_was_missing_in_an_earlier_run),
        TEST(an_organisation_that_somebody_changed_is_not_said_to_be_retired),
        TEST(retire_is_refused_while_a_row_names_the_source),
        TEST(retire_and_sync_are_refused_before_apply),
        TEST(a_plan_is_stale_when_an_organisation_changed),
        TEST(a_ledger_of_another_move_is_refused),
        TEST(a_second_plan_needs_to_be_asked_for_and_keeps_the_first),
        TEST(the_plan_has_one_name_whatever_the_order_of_the_scan),
        TEST(an_organisation_without_a_status_is_retired),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
