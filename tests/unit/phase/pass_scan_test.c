/* A plan that is killed goes on where it was, and ends as one that was not. */
#include "move_case.h"

#include <sys/mman.h>

enum { USERS = 200, RANGES = 8 };

static struct move_case c;

/* What the scan of the users told, also by a process that was killed. */
struct seen {
    int rows;
    int rows_of_range;
    int by_range[RANGES + 1]; /* rows told between two words of progress */
    int ranges;
};
static struct seen *seen;

static int begin(void **state)
{
    (void)state;
    seen = mmap(NULL, sizeof *seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(seen != MAP_FAILED);
    case_begin(&c);
    c.settings.scan_ranges = RANGES;
    for (int i = 0; i < USERS; i++) {
        char id[16];
        snprintf(id, sizeof id, "u%d", i);
        app_user(&c, id, i % 2 ? OLD_ORG : "third", "pilot");
        app_member(&c, id, OLD_ORG, "2020", false);
    }
    return 0;
}

static int end(void **state)
{
    (void)state;
    case_end(&c);
    munmap(seen, sizeof *seen);
    return 0;
}

/* A store that kills the process at one row of the users, and is slow enough for each range to be
 * written down. */
struct watched {
    struct tripped base;
    const struct store_scan *scan;
    int dies_at; /* row, from 1; 0: never */
    bool is_slow;
};

static bool watch_row(void *context, const struct row *row, struct fault *f)
{
    struct watched *w = context;
    if (++seen->rows == w->dies_at)
        kill(getpid(), SIGKILL);
    seen->rows_of_range++;
    return w->scan->row(w->scan->context, row, f);
}

static bool watch_progress(void *context, const struct store_progress *p, struct fault *f)
{
    struct watched *w = context;
    if (w->is_slow)
        usleep(101 * 1000);
    if (seen->ranges < RANGES)
        seen->by_range[seen->ranges++] = seen->rows_of_range;
    seen->rows_of_range = 0;
    return w->scan->progress(w->scan->context, p, f);
}

static bool watched_scan(struct store *s, const struct store_scan *scan, struct fault *f)
{
    struct watched *w = (struct watched *)s;
    if (strcmp(scan->table->name, "user") != 0)
        return store_scan(w->base.real, scan, f);
    struct store_scan own = *scan;
    w->scan = scan;
    own.row = watch_row;
    own.progress = watch_progress;
    own.context = w;
    return store_scan(w->base.real, &own, f);
}

static bool plan(int dies_at, bool is_slow, struct plan_result *r)
{
    struct move m;
    struct observer o = {0};
    struct store_adapter adapter = tripped_adapter;
    struct watched w = {.dies_at = dies_at, .is_slow = is_slow};
    adapter.scan = watched_scan;
    tripped_open(&w.base, &c);
    w.base.store.adapter = &adapter;
    *seen = (struct seen){0};
    must(move_init(&m, &c.settings, &o, &fault));
    m.store = &w.base.store;
    store_about(w.base.real, &m.store_about);
    bool ok = phase_plan(&m, r, &fault);
    m.store = NULL;
    move_fini(&m);
    store_free(w.base.real);
    return ok;
}

static void killed_at(int row)
{
    struct plan_result r;
    int status = 0;
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(plan(row, true, &r) ? 0 : 1);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
}

static void forget_plan(void)
{
    char path[128];
    snprintf(path, sizeof path, "%s/ledger.db", c.dir);
    unlink(path);
    snprintf(path, sizeof path, "%s/ledger.db-wal", c.dir);
    unlink(path);
    snprintf(path, sizeof path, "%s/ledger.db-shm", c.dir);
    unlink(path);
}

static bool keep_user(void *context, const struct rule_total *t)
{
    if (strcmp(t->rule, "user") == 0)
        *(struct rule_total *)context = *t;
    return true;
}

static struct rule_total user_total(void)
{
    struct rule_total t = {0};
    struct ledger *l = ledger_open(c.dir, LEDGER_READ, &fault);
    must(l && ledger_each_total(l, 1, keep_user, &t, &fault));
    ledger_close(l);
    return t;
}

static void killed_anywhere_it_reads_only_the_rest_and_ends_the_same(void **state)
{
    (void)state;
    struct plan_result whole, r;
    must(plan(0, false, &whole));
    assert_int_equal(whole.changes, USERS / 2 + USERS);
    assert_int_equal(seen->rows, USERS);
    static const int rows[] = {1, 30, 77, 140, USERS};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        forget_plan();
        killed_at(rows[i]);
        int twice = seen->rows_of_range; /* told in the range that was being read */
        must(plan(0, false, &r));
        assert_string_equal(r.digest, whole.digest);
        assert_int_equal(r.changes, whole.changes);
        assert_int_equal(seen->rows, USERS - (rows[i] - 1) + twice);
        assert_int_equal(user_total().scanned, USERS);
        assert_int_equal(user_total().matched, USERS / 2);
    }
}

static void it_does_not_care_about_another_cut(void **state)
{
    (void)state;
    struct plan_result whole, r;
    must(plan(0, false, &whole));
    forget_plan();
    killed_at(100);
    c.settings.scan_ranges = 5;
    must(plan(0, false, &r));
    assert_string_equal(r.digest, whole.digest);
    assert_true(seen->rows < USERS);
    assert_int_equal(user_total().scanned, USERS);
}

static void it_goes_on_only_with_what_it_was_made_from(void **state)
{
    (void)state;
    struct plan_result r;
    killed_at(100);
    app_organisation(&c, NEW_ORG, "zz");
    assert_false(plan(0, false, &r));
    assert_int_equal(fault.code, FAULT_REFUSED);
    assert_string_equal(fault.text, "the plan that was interrupted cannot go on");
    assert_non_null(strstr(fault.subject, "channel \"rj\" is now \"zz\""));
    assert_non_null(strstr(fault.hint, "--again"));
    c.settings.again = true;
    must(plan(0, false, &r));
    assert_int_equal(seen->rows, USERS);
}

static void a_plan_that_found_nothing_looks_again(void **state)
{
    (void)state;
    struct plan_result r;
    c.settings.allow_empty = false;
    c.settings.source = "0555";
    app_organisation(&c, "0555", "empty");
    assert_false(plan(0, false, &r));
    assert_int_equal(fault.code, FAULT_REFUSED);
    app_user(&c, "late", "0555", "empty");
    must(plan(0, false, &r));
    assert_int_equal(r.changes, 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(killed_anywhere_it_reads_only_the_rest_and_ends_the_same),
        TEST(it_does_not_care_about_another_cut),
        TEST(it_goes_on_only_with_what_it_was_made_from),
        TEST(a_plan_that_found_nothing_looks_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
