/* One of the page's jobs on the embedded store: resumed, and refused when what it planned is no longer true. */
#include "move_case.h"
#include "phase/job.h"
#include "phase/organisation_status.h"

static struct move_case c;
static char ids_path[128], dir[160];
static const char *const rules[] = {"user", NULL};

static int begin(void **state)
{
    *state = &c;
    case_begin(&c);
    app_user(&c, "u1", OLD_ORG, "pilot");
    app_user(&c, "u2", OLD_ORG, "pilot");
    snprintf(ids_path, sizeof ids_path, "%s/user.csv", c.dir);
    must(job_dir(ids_path, dir, sizeof dir, &fault));
    c.settings.dir = dir;
    return 0;
}

static bool run_job(struct store *store, struct job_result *r)
{
    struct move m;
    struct observer o = {0};
    struct job_options j = {.rules = rules, .ids_path = ids_path};
    fault = (struct fault){0};
    must(move_init(&m, &c.settings, &o, &fault));
    m.store = store;
    bool done = job_begin(&m, &j, r, &fault) && job_apply(&m, &j, r, &fault);
    move_fini(&m);
    return done;
}

static void die(void *context)
{
    (void)context;
    kill(getpid(), SIGKILL);
}

static void kill_after_the_first_write(void)
{
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        /* Two reads of organisations, two writes of users, then a read-back. */
        struct tripped t = {.store = {&tripped_adapter}, .at = 5, .trip = die};
        struct job_result r;
        t.real = store_embedded_open(c.file, &fault);
        _exit(t.real && run_job(&t.store, &r) ? 0 : 3);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
}

static void a_killed_job_goes_on(void **state)
{
    (void)state;
    struct job_result r;
    kill_after_the_first_write();
    must(run_job(NULL, &r));
    assert_true(r.resumed);
    assert_int_equal(r.apply.read, 2);
    assert_string_equal(app_value(&c, c.user, "u1", NULL, "channel"), "rj");
}

static void a_killed_job_is_refused_when_the_target_changed(void **state)
{
    (void)state;
    struct job_result r;
    kill_after_the_first_write();
    app_set(&c, c.organisation, NEW_ORG, NULL, "channel", bytes_of("rajasthan"), clock_now_us());
    assert_false(run_job(NULL, &r));
    assert_int_equal(fault.code, FAULT_REFUSED);
    assert_string_equal(fault.text, "the plan is stale");
}

static bool refuses_users(const struct store_op *op)
{
    return op->kind == STORE_UPDATE && strcmp(op->table->name, "user") == 0;
}

static void a_job_whose_rows_were_all_refused_can_be_run_again(void **state)
{
    (void)state;
    struct job_result r;
    struct tripped t;
    tripped_open(&t, &c);
    t.refuses = refuses_users;
    must(run_job(&t.store, &r));
    assert_int_equal(r.apply.read, 0);
    must(run_job(NULL, &r));
    assert_int_equal(r.apply.read, 2);
    assert_string_equal(app_value(&c, c.user, "u1", NULL, "channel"), "rj");
}

static void ignore_about(void *context, const struct organisation_status *s)
{
    (void)context;
    (void)s;
}

static void the_custodian_is_never_set_inactive(void **state)
{
    (void)state;
    struct table *t;
    struct move m;
    struct observer o = {0};
    struct organisation_status s;
    struct bytes key = bytes_of("custodianOrgId");
    must(store_table(c.app, "sunbird", "system_settings", &c.arena, &t, &fault));
    struct store_cell cell = {table_column(t, "value"), bytes_of(OLD_ORG)};
    app_run(&c, (struct store_op){.kind = STORE_INSERT,
                                  .table = t,
                                  .key = &key,
                                  .cells = &cell,
                                  .cell_count = 1,
                                  .timestamp = 1000});
    must(move_init(&m, &c.settings, &o, &fault));
    assert_false(organisation_status_set(&m, 0, false, ignore_about, NULL, &s, &fault));
    move_fini(&m);
    assert_int_equal(fault.code, FAULT_REFUSED);
    assert_string_equal(app_value(&c, c.organisation, OLD_ORG, NULL, "status"), "1");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, case_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_killed_job_goes_on),
        TEST(a_killed_job_is_refused_when_the_target_changed),
        TEST(a_job_whose_rows_were_all_refused_can_be_run_again),
        TEST(the_custodian_is_never_set_inactive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
