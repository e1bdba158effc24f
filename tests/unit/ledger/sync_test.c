/* What must be on the disk is, when the call returns; what need not be costs no wait: SQLite is
 * given files that count how often they are synced. */
#include "ledger_case.h"

#include <sqlite3.h>

enum { KINDS_MAX = 4 }; /* of files: the database and its log have locks of their own kinds */

static int synced;
static sqlite3_vfs counting;
static struct {
    const sqlite3_io_methods *real;
    sqlite3_io_methods counted;
} kinds[KINDS_MAX];

static int count_sync(sqlite3_file *file, int flags)
{
    for (int i = 0; i < KINDS_MAX; i++) {
        if (file->pMethods != &kinds[i].counted)
            continue;
        synced++;
        return kinds[i].real->xSync(file, flags);
    }
    return SQLITE_INTERNAL;
}

static int open_counted(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file, int flags,
                        int *out)
{
    sqlite3_vfs *disk = vfs->pAppData;
    int code = disk->xOpen(disk, name, file, flags, out);
    for (int i = 0; code == SQLITE_OK && i < KINDS_MAX; i++) {
        if (kinds[i].real && kinds[i].real != file->pMethods)
            continue;
        kinds[i].real = file->pMethods;
        kinds[i].counted = *file->pMethods;
        kinds[i].counted.xSync = count_sync;
        file->pMethods = &kinds[i].counted;
        break;
    }
    return code;
}

static int count_files(void **state)
{
    sqlite3_vfs *disk = sqlite3_vfs_find(NULL);
    counting = *disk;
    counting.zName = "counting";
    counting.pAppData = disk;
    counting.xOpen = open_counted;
    (void)state;
    return sqlite3_vfs_register(&counting, 1);
}

static int syncs(void)
{
    int n = synced;
    synced = 0;
    return n;
}

static void sent_is_on_the_disk_and_settled_may_follow(void **state)
{
    struct ledger_case *c = *state;
    struct change taken[8];
    case_create(c);
    assert_true(syncs() > 0); /* it counts */
    for (int i = 0; i < 24; i++)
        case_add(c, "user", i);
    assert_true(ledger_flush(c->l, &c->f));
    assert_int_equal(syncs(), 0);
    for (int batch = 0; batch < 3; batch++) {
        assert_int_equal(ledger_take(c->l, RULE_MOVE, taken, 8, &c->arena, &c->f), 8);
        assert_true(syncs() > 0);
        taken[0].state = CHANGE_COPIED;
        assert_true(ledger_mark(c->l, taken, 8, CHANGE_COPIED, &c->f));
        assert_true(syncs() > 0); /* the old row goes next */
        for (int i = 0; i < 8; i++)
            taken[i].state = CHANGE_READ;
        assert_true(ledger_settle(c->l, taken, 8, &c->f));
        assert_int_equal(syncs(), 0);
    }
    assert_true(ledger_put(c->l, "plan.digest", bytes_of("d"), &c->f));
    assert_true(ledger_flush(c->l, &c->f));
    assert_true(syncs() > 0);
}

static void what_follows_an_addition_is_on_the_disk(void **state)
{
    struct ledger_case *c = *state;
    struct change taken[8];
    case_create(c);
    case_add(c, "user", 1);
    syncs();
    assert_int_equal(ledger_take(c->l, RULE_MOVE, taken, 8, &c->arena, &c->f), 1);
    assert_true(syncs() > 0);
}

static void a_failure_makes_nothing_soft(void **state)
{
    struct ledger_case *c = *state;
    struct change taken[8], unknown = {.seq = 99, .state = CHANGE_READ};
    case_create(c);
    case_add(c, "user", 1);
    assert_true(ledger_flush(c->l, &c->f));
    assert_false(ledger_settle(c->l, &unknown, 1, &c->f));
    syncs();
    assert_int_equal(ledger_take(c->l, RULE_MOVE, taken, 8, &c->arena, &c->f), 1);
    assert_true(syncs() > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        case_test(sent_is_on_the_disk_and_settled_may_follow),
        case_test(what_follows_an_addition_is_on_the_disk),
        case_test(a_failure_makes_nothing_soft),
    };
    return cmocka_run_group_tests(tests, count_files, NULL);
}
