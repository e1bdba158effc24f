#include "ledger_case.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>

enum { ROWS = 300, ROOM = 64 };

static void path_of(struct ledger_case *c, const char *name, char out[120])
{
    snprintf(out, 120, "%s/%s", c->dir, name);
}

/* Does all that a ledger can be asked; nothing may crash, and a failure has a code and a text. */
static void use_all(struct ledger_case *c, enum ledger_mode mode)
{
    struct change out[ROOM];
    struct change_counts counts;
    char digest[65];
    struct bytes value;
    struct simple_change s;
    bool moved;
    memset(&c->f, 0, sizeof c->f);
    struct ledger *l = ledger_open(c->dir, mode, &c->f);
    if (!l) {
        assert_int_not_equal(c->f.code, FAULT_NONE);
        assert_string_not_equal(c->f.text, "");
        return;
    }
    ledger_digest(l, digest, &c->f);
    ledger_get(l, "profile.text", &c->arena, &value, &c->f);
    ledger_count(l, NULL, RULE_MOVE, 0, &counts, &c->f);
    struct ledger_query q = {0};
    int n;
    while ((n = ledger_read(l, &q, out, ROOM, &c->arena, &c->f)) > 0) {
        if (out[n - 1].seq <= q.after_seq)
            break;
        q.after_seq = out[n - 1].seq;
        arena_reset(&c->arena);
    }
    if (mode == LEDGER_WRITE) {
        simple_change(&s, "user", 5);
        ledger_has_moved(l, "user", &s.c.key, 2, &moved, &c->f);
        ledger_sync_collect(l, &c->f);
        for (int i = 0; i < ROWS; i += ROOM) {
            n = ledger_take(l, RULE_MOVE, out, ROOM, &c->arena, &c->f);
            if (n <= 0)
                break;
            for (int j = 0; j < n; j++)
                out[j].state = CHANGE_READ;
            ledger_settle(l, out, n, &c->f);
            arena_reset(&c->arena);
        }
        ledger_add(l, &s.c, &c->f);
        ledger_flush(l, &c->f);
    }
    arena_reset(&c->arena);
    ledger_close(l);
    if (c->f.code != FAULT_NONE)
        assert_string_not_equal(c->f.text, "");
}

static uint8_t *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    fseek(file, 0, SEEK_END);
    *size = (size_t)ftell(file);
    rewind(file);
    uint8_t *p = malloc(*size);
    assert_non_null(p);
    assert_int_equal(fread(p, 1, *size, file), *size);
    fclose(file);
    return p;
}

static void write_file(struct ledger_case *c, const uint8_t *p, size_t size)
{
    static const char *const others[] = {"ledger.db-wal", "ledger.db-shm"};
    char path[120];
    for (size_t i = 0; i < 2; i++) {
        path_of(c, others[i], path);
        unlink(path);
    }
    path_of(c, "ledger.db", path);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(p, 1, size, file), size);
    fclose(file);
}

static uint8_t *make_file(struct ledger_case *c, size_t *size)
{
    char path[120];
    case_create(c);
    assert_true(ledger_put(c->l, "profile.text", bytes_of("rules: []"), &c->f));
    for (int i = 0; i < ROWS; i++)
        case_add(c, "user", i);
    ledger_close(c->l);
    c->l = NULL;
    path_of(c, "ledger.db", path);
    return read_file(path, size);
}

static void a_file_with_bytes_overwritten_never_crashes(void **state)
{
    struct ledger_case *c = *state;
    size_t size;
    uint8_t *good = make_file(c, &size), *bad = malloc(size);
    assert_non_null(bad);
    uint32_t random = 12345;
    int refused = 0;
    for (int round = 0; round < 300; round++) {
        memcpy(bad, good, size);
        int hits = round % 3 ? 1 : 40;
        for (int i = 0; i < hits; i++) {
            random = random * 1664525u + 1013904223u;
            size_t at = (round % 2 ? (random >> 8) % 200 : (random >> 4) % size);
            random = random * 1664525u + 1013904223u;
            bad[at] = (uint8_t)(random >> 24);
        }
        write_file(c, bad, size);
        use_all(c, LEDGER_READ);
        write_file(c, bad, size);
        use_all(c, LEDGER_WRITE);
        refused += c->f.code == FAULT_DAMAGED;
    }
    assert_true(refused > 20);
    free(good);
    free(bad);
}

static void a_truncated_file_is_damaged(void **state)
{
    struct ledger_case *c = *state;
    size_t size;
    uint8_t *good = make_file(c, &size);
    for (size_t n = 0; n < size; n += n < 200 ? 33 : 5000) {
        write_file(c, good, n);
        use_all(c, LEDGER_READ);
        write_file(c, good, n);
        use_all(c, LEDGER_WRITE);
        assert_int_equal(c->f.code, FAULT_DAMAGED);
        assert_string_not_equal(c->f.hint, "");
    }
    write_file(c, good, size);
    use_all(c, LEDGER_WRITE);
    assert_int_equal(c->f.code, FAULT_NONE);
    free(good);
}

static void what_is_no_ledger_is_not_opened(void **state)
{
    struct ledger_case *c = *state;
    static const uint8_t text[] = "this is a text file that is longer than the head of a database, "
                                  "so that it is looked at: it is not one, whatever its name says.";
    write_file(c, text, sizeof text);
    assert_null(ledger_open(c->dir, LEDGER_READ, &c->f));
    assert_int_equal(c->f.code, FAULT_DAMAGED);
    assert_null(ledger_open(c->dir, LEDGER_WRITE, &c->f));
    assert_int_equal(c->f.code, FAULT_DAMAGED);
    assert_string_not_equal(c->f.hint, "");
}

static void a_ledger_of_another_version_is_refused(void **state)
{
    struct ledger_case *c = *state;
    size_t size;
    uint8_t *file = make_file(c, &size);
    file[63] =
        LEDGER_VERSION + 1; /* user_version, at 60 in the head: sqlite.org/fileformat2.html */
    write_file(c, file, size);
    assert_null(ledger_open(c->dir, LEDGER_WRITE, &c->f));
    assert_int_equal(c->f.code, FAULT_REFUSED);
    file[68] ^= 1; /* application_id */
    write_file(c, file, size);
    assert_null(ledger_open(c->dir, LEDGER_READ, &c->f));
    assert_int_equal(c->f.code, FAULT_DAMAGED);
    free(file);
}

/* Adds until it fails; what was committed before stays, and counts are those of the file. */
static void fill(struct ledger_case *c)
{
    struct simple_change s;
    static uint8_t large[2000];
    bool ok = true;
    int i;
    for (i = 0; ok && i < 20000; i++) {
        simple_change(&s, "user", i);
        s.before.value = (struct bytes){large, sizeof large};
        ok = ledger_add(c->l, &s.c, &c->f) && (i % 10 || ledger_flush(c->l, &c->f));
    }
    assert_false(ok);
    assert_int_equal(c->f.code, FAULT_DISK_FULL);
    assert_string_not_equal(c->f.hint, "");
}

static void check_after_full(struct ledger_case *c)
{
    struct change out[ROOM];
    uint64_t planned = case_count(c, CHANGE_PLANNED), seen = 0;
    assert_true(planned > 10);
    struct ledger_query q = {0};
    int n;
    while ((n = ledger_read(c->l, &q, out, ROOM, &c->arena, &c->f)) > 0) {
        seen += (uint64_t)n;
        q.after_seq = out[n - 1].seq;
        arena_reset(&c->arena);
    }
    assert_int_equal(n, 0);
    assert_true(seen == planned);
}

static void a_full_disk_is_said_and_nothing_committed_is_lost(void **state)
{
    struct ledger_case *c = *state;
    if (mount("tmpfs", c->dir, "tmpfs", 0, "size=1m") != 0) {
        print_message("not permitted to mount a small file system: skipped\n");
        skip();
    }
    case_create(c);
    fill(c);
    check_after_full(c);
    ledger_close(c->l);
    c->l = NULL;
    assert_int_equal(mount("tmpfs", c->dir, "tmpfs", MS_REMOUNT, "size=4m"), 0);
    case_open(c, LEDGER_WRITE);
    check_after_full(c);
    case_add(c, "user", 1);
    assert_true(ledger_flush(c->l, &c->f));
    ledger_close(c->l);
    c->l = NULL;
    assert_int_equal(umount(c->dir), 0);
}

static void taking_on_a_full_disk_takes_nothing(void **state)
{
    struct ledger_case *c = *state;
    struct change out[ROOM];
    if (mount("tmpfs", c->dir, "tmpfs", 0, "size=2m") != 0) {
        print_message("not permitted to mount a small file system: skipped\n");
        skip();
    }
    case_create(c);
    for (int i = 0; i < 200; i++)
        case_add(c, "user", i);
    case_open(c, LEDGER_WRITE);
    char path[120];
    path_of(c, "ballast", path);
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    static uint8_t block[4096];
    while (write(fd, block, sizeof block) > 0)
        ;
    close(fd);
    assert_int_equal(ledger_take(c->l, RULE_MOVE, out, ROOM, &c->arena, &c->f), -1);
    assert_int_equal(c->f.code, FAULT_DISK_FULL);
    assert_int_equal(case_count(c, CHANGE_PLANNED), 200);
    unlink(path);
    assert_int_equal(ledger_take(c->l, RULE_MOVE, out, ROOM, &c->arena, &c->f), ROOM);
    assert_int_equal(out[0].state, CHANGE_PLANNED);
    assert_int_equal(case_count(c, CHANGE_SENT), ROOM);
    ledger_close(c->l);
    c->l = NULL;
    assert_int_equal(umount(c->dir), 0);
}

static void a_limit_on_file_sizes_is_a_full_disk(void **state)
{
    struct ledger_case *c = *state;
    case_create(c);
    struct rlimit old, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = old;
    small.rlim_cur = 512 * 1024;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    fill(c);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    check_after_full(c);
}

static void a_row_that_is_too_large_is_named(void **state)
{
    struct ledger_case *c = *state;
    case_create(c);
    struct simple_change s;
    simple_change(&s, "user", 3);
    size_t size = 17 * 1024 * 1024;
    uint8_t *large = calloc(1, size);
    assert_non_null(large);
    case_add(c, "user", 1);
    s.before.value = (struct bytes){large, size};
    assert_false(ledger_add(c->l, &s.c, &c->f));
    assert_int_equal(c->f.code, FAULT_MEMORY);
    assert_string_equal(c->f.subject, "user:row-000003");
    s.before.value.n = 15 * 1024 * 1024;
    bool added = ledger_add(c->l, &s.c, &c->f);
    free(large);
    assert_true(added);
    assert_true(ledger_flush(c->l, &c->f));
    assert_int_equal(case_count(c, CHANGE_PLANNED), 2);
    struct change out[4];
    struct ledger_query q = {0};
    assert_int_equal(ledger_read(c->l, &q, out, 4, &c->arena, &c->f), 2);
    assert_int_equal(out[1].before.v[0].value.n, 15 * 1024 * 1024);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        case_test(a_file_with_bytes_overwritten_never_crashes),
        case_test(a_truncated_file_is_damaged),
        case_test(what_is_no_ledger_is_not_opened),
        case_test(a_ledger_of_another_version_is_refused),
        case_test(a_full_disk_is_said_and_nothing_committed_is_lost),
        case_test(taking_on_a_full_disk_takes_nothing),
        case_test(a_limit_on_file_sizes_is_a_full_disk),
        case_test(a_row_that_is_too_large_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
