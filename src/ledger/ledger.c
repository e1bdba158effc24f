#include "ledger/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/ledger_private.h"
#include "ledger/lock.h"

enum {
    ARENA_BYTES_MAX = 64 * 1024 * 1024,
    BUSY_MS = 5000,
    QUICK_CHECK_BYTES = 16 * 1024 * 1024,
    SORT_PAGES = 16 /* of 16 KiB */
};

static bool path_of(const char *dir, const char *name, char *path, size_t size, struct fault *f)
{
    int n = snprintf(path, size, "%s/%s", dir, name);
    if (n > 0 && (size_t)n < size - 16) /* room for SQLite's "-wal" and the like */
        return true;
    return fault_set(f, FAULT_USAGE, "the name of the move directory is too long");
}

bool ledger_exists(const char *dir)
{
    char path[PATH_MAX];
    return path_of(dir, "ledger.db", path, sizeof path, NULL) && access(path, F_OK) == 0;
}

int ledger_writer_pid(const char *dir)
{
    return lock_holder(dir);
}

static bool pragma(sqlite3 *db, const char *sql, const char *path, struct fault *f)
{
    int code = sqlite3_exec(db, sql, NULL, NULL, NULL);
    return code == SQLITE_OK || fault_sqlite(f, db, code, path);
}

/* The connection's settings. Memory stays flat: a small cache, no memory map (SQLite's advice
 * against the WAL-reset bug of 3.7.0 … 3.51.2 as well), sorting in files. */
static bool set_up(sqlite3 *db, const char *path, bool for_reading, struct fault *f)
{
    sqlite3_extended_result_codes(db, 1);
    sqlite3_busy_timeout(db, BUSY_MS);
    sqlite3_limit(db, SQLITE_LIMIT_LENGTH, LEDGER_VALUE_BYTES_MAX);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    if (for_reading)
        sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    return pragma(db, "PRAGMA cell_size_check = ON", path, f) &&
           pragma(db, "PRAGMA mmap_size = 0", path, f) &&
           pragma(db, "PRAGMA cache_size = -500", path, f) &&
           pragma(db, "PRAGMA temp_store = FILE", path, f);
}

static bool set_up_writing(sqlite3 *db, const char *path, struct fault *f)
{
    /* Of a new ledger, which is written from front to back: a quarter of the calls of the kernel. */
    return pragma(db, "PRAGMA page_size = 16384", path, f) &&
           pragma(db, "PRAGMA journal_mode = WAL", path, f) &&
           pragma(db, "PRAGMA synchronous = FULL", path, f) &&
           pragma(db, "PRAGMA wal_autocheckpoint = 1000", path, f) && /* pages: 16 MiB */
           pragma(db, "PRAGMA journal_size_limit = 67108864", path, f);
}

static sqlite3 *open_file(const char *path, int flags, struct fault *f)
{
    sqlite3 *db = NULL;
    int code = sqlite3_open_v2(path, &db, flags | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_OK)
        return db;
    fault_sqlite(f, db, code, path);
    sqlite3_close(db);
    return NULL;
}

static bool sync_dir(const char *dir, struct fault *f)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    int error = errno;
    if (fd >= 0)
        close(fd);
    return ok || fault_errno(f, error, "sync the move directory", dir);
}

static void unlink_companions(const char *path)
{
    static const char *const endings[] = {"-wal", "-shm", "-journal"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        char name[PATH_MAX + 16];
        snprintf(name, sizeof name, "%s%s", path, endings[i]);
        unlink(name);
    }
}

static void unlink_database(const char *path)
{
    unlink(path);
    unlink_companions(path);
}

/* Made under another name and renamed, so that there is never half a ledger. */
static bool create(const char *dir, const char *path, struct fault *f)
{
    char fresh[PATH_MAX];
    if (!path_of(dir, "ledger.db.new", fresh, sizeof fresh, f))
        return false;
    unlink_database(fresh);
    int fd = open(fresh, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    if (fd < 0)
        return fault_errno(f, errno, "create the ledger", path);
    close(fd);
    sqlite3 *db = open_file(fresh, SQLITE_OPEN_READWRITE, f);
    bool ok =
        db && set_up(db, path, false, f) && set_up_writing(db, path, f) && schema_create(db, f);
    sqlite3_close(db);
    /* What a ledger that is gone left behind would be read into this one. */
    if (ok && !ledger_exists(dir))
        unlink_companions(path);
    if (ok && rename(fresh, path) != 0)
        ok = fault_errno(f, errno, "create the ledger", path);
    if (!ok)
        unlink_database(fresh);
    return ok && sync_dir(dir, f);
}

static bool has_wal(const char *path)
{
    char name[PATH_MAX + 8];
    snprintf(name, sizeof name, "%s-wal", path);
    return access(name, F_OK) == 0;
}

bool ledger_is_one_file(const char *dir)
{
    char path[PATH_MAX], shm[PATH_MAX + 8];
    if (!path_of(dir, "ledger.db", path, sizeof path, NULL))
        return false;
    snprintf(shm, sizeof shm, "%s-shm", path);
    return !has_wal(path) && access(shm, F_OK) != 0;
}

/* "file:…?immutable=1", for a reader that may not even make the -shm file. */
static sqlite3 *open_immutable(const char *path, struct fault *f)
{
    struct buf uri;
    buf_init(&uri, 4 * PATH_MAX);
    buf_append_text(&uri, "file:");
    for (const char *p = path; *p; p++) {
        if (*p == '?' || *p == '#' || *p == '%')
            buf_printf(&uri, "%%%02X", (unsigned char)*p);
        else
            buf_append_char(&uri, *p);
    }
    buf_append_text(&uri, "?immutable=1");
    sqlite3 *db = open_file(buf_text(&uri), SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, f);
    buf_fini(&uri);
    return db;
}

static bool look(sqlite3 *db, const char *path, struct fault *f)
{
    return pragma(db, "SELECT count(*) FROM sqlite_schema", path, f);
}

/* A reader needs the -shm file that the writer made, or makes it. Where it has no right to, and
 * nobody left a -wal behind, the file holds everything and is read as it is. */
static bool open_for_reading(struct ledger *l, struct fault *f)
{
    l->db = open_file(l->path, SQLITE_OPEN_READONLY, f);
    if (l->db && set_up(l->db, l->path, true, f) && look(l->db, l->path, f))
        return true;
    if (!l->db || !f || f->code != FAULT_DENIED || has_wal(l->path))
        return false;
    sqlite3_close(l->db);
    l->db = open_immutable(l->path, f);
    return l->db && set_up(l->db, l->path, true, f) && look(l->db, l->path, f);
}

static bool quick_check(struct ledger *l, struct fault *f)
{
    struct stat st;
    if (stat(l->path, &st) != 0)
        return fault_errno(f, errno, "open the ledger", l->path);
    if (st.st_size > QUICK_CHECK_BYTES)
        return true; /* it would take seconds; what is damaged shows when it is read */
    sqlite3_stmt *s = NULL;
    int code = sqlite3_prepare_v2(l->db, "PRAGMA quick_check(1)", -1, &s, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(s);
    bool ok = code == SQLITE_ROW && bytes_are(column_bytes(s, 0), "ok");
    sqlite3_finalize(s);
    if (ok)
        return true;
    return fault_sqlite(f, l->db, code == SQLITE_ROW ? SQLITE_CORRUPT : code, l->path);
}

static bool open_for_writing(struct ledger *l, struct fault *f)
{
    l->db = open_file(l->path, SQLITE_OPEN_READWRITE, f);
    return l->db && set_up(l->db, l->path, false, f) && look(l->db, l->path, f) &&
           schema_check(l, f) && set_up_writing(l->db, l->path, f) && quick_check(l, f);
}

static bool check_dir(const char *dir, struct fault *f)
{
    struct stat st;
    if (stat(dir, &st) != 0)
        return fault_errno(f, errno, "open the move directory", dir);
    if (S_ISDIR(st.st_mode))
        return true;
    return fault_errno(f, ENOTDIR, "open the move directory", dir);
}

static bool check_presence(const char *dir, enum ledger_mode mode, struct fault *f)
{
    bool exists = ledger_exists(dir);
    if (mode == LEDGER_CREATE && exists) {
        fault_set(f, FAULT_REFUSED, "there is a ledger in this directory already");
        fault_subject(f, "%s", dir);
        return fault_hint(f, "a plan is never overwritten: use another directory, or plan --again");
    }
    if (mode != LEDGER_CREATE && !exists) {
        fault_set(f, FAULT_REFUSED, "there is no plan in this directory");
        fault_subject(f, "%s", dir);
        return fault_hint(f, "make one with: tenantmove plan");
    }
    return true;
}

static bool open_all(struct ledger *l, const char *dir, struct fault *f)
{
    if (!check_dir(dir, f) || !check_presence(dir, l->mode, f) ||
        !path_of(dir, "ledger.db", l->path, sizeof l->path, f))
        return false;
    if (l->mode != LEDGER_READ) {
        l->lock_fd = lock_take(dir, f);
        /* looked at again: another process may have made one before the lock was ours */
        if (l->lock_fd < 0 || !check_presence(dir, l->mode, f))
            return false;
    }
    if (l->mode == LEDGER_CREATE && !create(dir, l->path, f))
        return false;
    bool ok = l->mode == LEDGER_READ ? open_for_reading(l, f) && schema_check(l, f)
                                     : open_for_writing(l, f);
    return ok && rules_load(l, f) && tallies_load(l, f);
}

static void free_all(struct ledger *l)
{
    for (int i = 0; i < STATEMENT_COUNT; i++)
        sqlite3_finalize(l->statements[i]);
    sqlite3_close(l->db);
    if (l->lock_fd >= 0)
        close(l->lock_fd);
    digest_free(l->digest);
    arena_fini(&l->arena);
    buf_fini(&l->cells);
    buf_fini(&l->name);
    free(l->tallies);
    free(l);
}

struct ledger *ledger_open(const char *dir, enum ledger_mode mode, struct fault *f)
{
    struct fault own = {0};
    struct ledger *l = calloc(1, sizeof *l);
    if (!l) {
        fault_memory(f);
        return NULL;
    }
    /* Sorting takes a megabyte otherwise, however small the cache is. Refused when SQLite is in use
     * already, and then set. */
    sqlite3_config(SQLITE_CONFIG_PMASZ, SORT_PAGES);
    l->mode = mode;
    l->lock_fd = -1;
    l->digest = digest_new();
    arena_init(&l->arena, ARENA_BYTES_MAX);
    buf_init(&l->cells, LEDGER_CHANGE_BYTES_MAX);
    buf_init(&l->name, LEDGER_ROW_NAME_MAX);
    f = f ? f : &own;
    if (l->digest ? open_all(l, dir, f) : fault_memory(f))
        return l;
    free_all(l);
    return NULL;
}

void ledger_close(struct ledger *l)
{
    if (!l)
        return;
    transaction_commit(l, NULL);
    free_all(l);
}
