#include "ledger_case.h"

#include <fcntl.h>
#include <sys/file.h>

static void a_ledger_is_never_overwritten(void **state)
{
    struct ledger_case *c = *state;
    assert_false(ledger_exists(c->dir));
    case_create(c);
    assert_true(ledger_exists(c->dir));
    case_add(c, "user", 1);
    ledger_close(c->l);
    c->l = NULL;
    assert_null(ledger_open(c->dir, LEDGER_CREATE, &c->f));
    assert_int_equal(c->f.code, FAULT_REFUSED);
    assert_string_not_equal(c->f.hint, "");
    case_open(c, LEDGER_READ);
    assert_int_equal(case_count(c, CHANGE_PLANNED), 1);
}

static void what_a_lost_ledger_left_behind_is_not_read(void **state)
{
    struct ledger_case *c = *state;
    struct change_counts counts;
    char path[100];
    case_create(c);
    struct ledger *reader = ledger_open(c->dir, LEDGER_READ, &c->f);
    assert_non_null(reader);
    assert_true(ledger_count(reader, NULL, RULE_MOVE, 0, &counts, &c->f));
    case_add(c, "user", 2);
    ledger_close(c->l);
    c->l = NULL;
    ledger_close(reader);
    snprintf(path, sizeof path, "%s/ledger.db-wal", c->dir);
    assert_int_equal(access(path, F_OK), 0);
    snprintf(path, sizeof path, "%s/ledger.db", c->dir);
    assert_int_equal(unlink(path), 0);
    case_create(c);
    case_add(c, "user", 1);
    case_open(c, LEDGER_READ);
    assert_int_equal(case_count(c, CHANGE_PLANNED), 1);
}

static void what_is_not_there_is_said(void **state)
{
    struct ledger_case *c = *state;
    assert_null(ledger_open(c->dir, LEDGER_WRITE, &c->f));
    assert_int_equal(c->f.code, FAULT_REFUSED);
    assert_null(ledger_open(c->dir, LEDGER_READ, &c->f));
    assert_int_equal(c->f.code, FAULT_REFUSED);
    assert_null(ledger_open("/nonexistent/move", LEDGER_CREATE, &c->f));
    assert_int_equal(c->f.code, FAULT_IO);
    assert_string_equal(c->f.subject, "/nonexistent/move");
    assert_null(ledger_open("/dev/null", LEDGER_CREATE, NULL));
    char path[100];
    snprintf(path, sizeof path, "%s/ledger.lock", c->dir);
    assert_int_not_equal(access(path, F_OK), 0);
}

static void the_file_is_not_for_everybody(void **state)
{
    struct ledger_case *c = *state;
    mode_t before = umask(022);
    case_create(c);
    umask(before);
    char path[100];
    struct stat st;
    snprintf(path, sizeof path, "%s/ledger.db", c->dir);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
    snprintf(path, sizeof path, "%s/ledger.db-wal", c->dir);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
}

static int in_another_process(struct ledger_case *c, int (*part)(struct ledger_case *c))
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        c->l = NULL;
        _exit(part(c));
    }
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int second_writer(struct ledger_case *c)
{
    char expected[100];
    snprintf(expected, sizeof expected,
             "another tenantmove is working in this directory (process %ld)", (long)getppid());
    if (ledger_open(c->dir, LEDGER_WRITE, &c->f))
        return 1;
    return c->f.code == FAULT_REFUSED && strcmp(c->f.text, expected) == 0 ? 0 : 2;
}

static void a_second_writer_is_refused_by_name(void **state)
{
    struct ledger_case *c = *state;
    case_create(c);
    assert_int_equal(in_another_process(c, second_writer), 0);
    assert_int_equal(ledger_writer_pid(c->dir), getpid());
    ledger_close(c->l);
    c->l = NULL;
    assert_int_equal(ledger_writer_pid(c->dir), 0);
    assert_int_equal(in_another_process(c, second_writer), 1);
}

static void open_and_die(struct ledger_case *c)
{
    c->l = ledger_open(c->dir, LEDGER_WRITE, &c->f);
    if (!c->l || !ledger_put_int(c->l, "n", 42, &c->f))
        _exit(1);
}

static void the_lock_of_a_killed_writer_is_free(void **state)
{
    struct ledger_case *c = *state;
    case_create(c);
    case_killed(c, open_and_die);
    assert_int_equal(ledger_writer_pid(c->dir), 0);
    case_open(c, LEDGER_WRITE);
    int64_t n = 0;
    assert_true(ledger_get_int(c->l, "n", 0, &n, &c->f));
    assert_int_equal(n, 42);
}

static void a_look_at_the_lock_does_not_disturb_a_writer(void **state)
{
    struct ledger_case *c = *state;
    case_create(c);
    ledger_close(c->l);
    c->l = NULL;
    char path[100];
    snprintf(path, sizeof path, "%s/ledger.lock", c->dir);
    int held[2];
    char byte = 0;
    assert_int_equal(pipe(held), 0);
    pid_t pid = fork();
    if (pid == 0) { /* holds it as ledger_writer_pid does, for longer than that ever would */
        int fd = open(path, O_RDONLY);
        bool told = flock(fd, LOCK_SH) == 0 && write(held[1], &byte, 1) == 1;
        usleep(30000);
        _exit(!told);
    }
    assert_int_equal(read(held[0], &byte, 1), 1);
    close(held[0]);
    close(held[1]);
    case_open(c, LEDGER_WRITE);
    waitpid(pid, NULL, 0);
}

static int read_one(struct ledger_case *c)
{
    struct change out[4];
    c->l = ledger_open(c->dir, LEDGER_READ, &c->f);
    if (!c->l)
        return 1;
    struct ledger_query q = {0};
    int n = ledger_read(c->l, &q, out, 4, &c->arena, &c->f);
    struct change_counts counts;
    if (!ledger_count(c->l, NULL, RULE_MOVE, 0, &counts, &c->f))
        return 2;
    if (ledger_put_int(c->l, "n", 1, &c->f) || c->f.code != FAULT_INTERNAL)
        return 3;
    ledger_close(c->l);
    return (int)counts.all == n ? 10 + n : 4;
}

static void a_reader_works_while_another_process_writes(void **state)
{
    struct ledger_case *c = *state;
    case_create(c);
    case_add(c, "user", 1);
    assert_int_equal(in_another_process(c, read_one), 10); /* not committed yet */
    assert_true(ledger_flush(c->l, &c->f));
    assert_int_equal(in_another_process(c, read_one), 11);
    case_add(c, "user", 2);
    assert_true(ledger_flush(c->l, &c->f));
    assert_int_equal(in_another_process(c, read_one), 12);
    assert_int_equal(ledger_writer_pid(c->dir), getpid());
}

static void an_open_reader_sees_what_was_committed_since(void **state)
{
    struct ledger_case *c = *state;
    case_create(c);
    struct ledger *reader = ledger_open(c->dir, LEDGER_READ, &c->f);
    assert_non_null(reader);
    struct change_counts counts;
    for (int i = 1; i < 5; i++) {
        case_add(c, "user", i);
        assert_true(ledger_put_rule(c->l, i == 3 ? "late" : "user", RULE_MOVE, i, &c->f));
        assert_true(ledger_count(reader, NULL, RULE_MOVE, 0, &counts, &c->f));
        assert_int_equal(counts.all, i);
    }
    ledger_close(reader);
}

static off_t size_of(struct ledger_case *c, const char *name)
{
    char path[120];
    struct stat st;
    snprintf(path, sizeof path, "%s/%s", c->dir, name);
    return stat(path, &st) == 0 ? st.st_size : -1;
}

static void add_and_die(struct ledger_case *c)
{
    c->l = ledger_open(c->dir, LEDGER_WRITE, &c->f);
    if (!c->l)
        _exit(1);
    case_add(c, "user", 1);
    if (!ledger_flush(c->l, &c->f))
        _exit(1);
    case_add(c, "user", 2); /* never committed */
}

static void a_reader_reads_what_a_killed_writer_left_and_writes_nothing(void **state)
{
    struct ledger_case *c = *state;
    case_create(c);
    case_killed(c, add_and_die);
    off_t wal = size_of(c, "ledger.db-wal"), db = size_of(c, "ledger.db");
    assert_true(wal > 0);
    assert_int_equal(in_another_process(c, read_one), 11);
    assert_int_equal(size_of(c, "ledger.db-wal"), wal);
    assert_int_equal(size_of(c, "ledger.db"), db);
    case_open(c, LEDGER_WRITE);
    assert_int_equal(case_count(c, CHANGE_PLANNED), 1);
}

static int read_without_rights(struct ledger_case *c)
{
    if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
        return 5;
    return read_one(c);
}

static void make_readable(struct ledger_case *c)
{
    static const char *const names[] = {"ledger.db", "ledger.db-wal", "ledger.db-shm"};
    for (size_t i = 0; i < 3; i++) {
        char path[120];
        snprintf(path, sizeof path, "%s/%s", c->dir, names[i]);
        chmod(path, 0644);
    }
    chmod(c->dir, 0555);
}

static void a_reader_needs_no_right_to_write(void **state)
{
    struct ledger_case *c = *state;
    case_create(c);
    case_add(c, "user", 1);
    case_open(c, LEDGER_WRITE);
    make_readable(c);
    assert_int_equal(in_another_process(c, read_without_rights), 11); /* while one writes */
    ledger_close(c->l);
    c->l = NULL;
    make_readable(c);
    assert_int_equal(in_another_process(c, read_without_rights), 11);
    chmod(c->dir, 0755);
    case_killed(c, add_and_die);
    make_readable(c);
    assert_int_equal(in_another_process(c, read_without_rights), 12);
    chmod(c->dir, 0755);
}

static int write_without_rights(struct ledger_case *c)
{
    if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
        return 5;
    if (ledger_open(c->dir, LEDGER_WRITE, &c->f))
        return 1;
    return c->f.code == FAULT_DENIED && c->f.subject[0] ? 0 : 2;
}

static void a_writer_without_rights_is_denied(void **state)
{
    struct ledger_case *c = *state;
    case_create(c);
    ledger_close(c->l);
    c->l = NULL;
    make_readable(c);
    assert_int_equal(in_another_process(c, write_without_rights), 0);
    char path[100];
    snprintf(path, sizeof path, "%s/ledger.lock", c->dir);
    chmod(path, 0666);
    assert_int_equal(in_another_process(c, write_without_rights), 0);
    chmod(c->dir, 0755);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        case_test(a_ledger_is_never_overwritten),
        case_test(what_a_lost_ledger_left_behind_is_not_read),
        case_test(what_is_not_there_is_said),
        case_test(the_file_is_not_for_everybody),
        case_test(a_second_writer_is_refused_by_name),
        case_test(the_lock_of_a_killed_writer_is_free),
        case_test(a_look_at_the_lock_does_not_disturb_a_writer),
        case_test(a_reader_works_while_another_process_writes),
        case_test(an_open_reader_sees_what_was_committed_since),
        case_test(a_reader_reads_what_a_killed_writer_left_and_writes_nothing),
        case_test(a_reader_needs_no_right_to_write),
        case_test(a_writer_without_rights_is_denied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
