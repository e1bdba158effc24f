#include <errno.h>

#include "ledger/ledger_private.h"

static bool is_full(int error)
{
    return error == ENOSPC || error == EDQUOT || error == EFBIG;
}

/* A failed COMMIT leaves SQLite's own record of errno as it was, so errno is asked as well. */
static bool disk_is_full(sqlite3 *db, int code)
{
    int error = errno;
    if (code == SQLITE_FULL)
        return true;
    return code == SQLITE_IOERR && (is_full(error) || (db && is_full(sqlite3_system_errno(db))));
}

bool fault_sqlite(struct fault *f, sqlite3 *db, int code, const char *path)
{
    bool no_space = disk_is_full(db, code & 0xff);
    bool is_last = db && (sqlite3_errcode(db) & 0xff) == (code & 0xff);
    const char *text = is_last ? sqlite3_errmsg(db) : sqlite3_errstr(code);
    int extended = db ? sqlite3_extended_errcode(db) : code;
    code &= 0xff;
    if (no_space) {
        fault_errno(f, ENOSPC, "write the ledger", path);
        return false;
    }
    enum fault_code kind = FAULT_IO;
    const char *what = "the ledger could not be read or written", *hint = "";
    switch (code) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
    case SQLITE_MISMATCH:
    case SQLITE_CONSTRAINT:
    case SQLITE_ERROR: /* our statements are fixed: it is the schema that is not ours */
        kind = FAULT_DAMAGED;
        what = "the ledger is damaged";
        hint =
            "restore ledger.db (with ledger.db-wal, if there is one) from a copy; if nothing was "
            "applied yet, plan again in a new directory";
        break;
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        kind = FAULT_DENIED;
        what = "the ledger may not be opened";
        hint = "check the rights of the move directory and of the files in it";
        break;
    case SQLITE_NOMEM:
    case SQLITE_TOOBIG:
        kind = FAULT_MEMORY;
        what = "the ledger needs more memory than there is";
        break;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        kind = FAULT_REFUSED;
        what = "another program has locked the ledger";
        hint = "close what has ledger.db open, then run the same command again";
        break;
    case SQLITE_MISUSE: kind = FAULT_INTERNAL; break;
    default: break;
    }
    if (extended == SQLITE_IOERR_SHORT_READ)
        kind = FAULT_DAMAGED;
    fault_set(f, kind, "%s: %s", what, text);
    if (path)
        fault_subject(f, "%s", path);
    if (*hint)
        fault_hint(f, "%s", hint);
    return false;
}

sqlite3_stmt *statement(struct ledger *l, enum statement id, struct fault *f)
{
    l->bind_failed = false;
    sqlite3_stmt *s = l->statements[id];
    if (s) {
        sqlite3_reset(s);
        sqlite3_clear_bindings(s);
        return s;
    }
    int code =
        sqlite3_prepare_v3(l->db, statement_text(id), -1, SQLITE_PREPARE_PERSISTENT, &s, NULL);
    if (code != SQLITE_OK) {
        fault_sqlite(f, l->db, code, l->path);
        transaction_abandon(l);
        return NULL;
    }
    l->statements[id] = s;
    return s;
}

void bind_int(struct ledger *l, sqlite3_stmt *s, int i, int64_t v)
{
    if (sqlite3_bind_int64(s, i, v) != SQLITE_OK)
        l->bind_failed = true;
}

void bind_text(struct ledger *l, sqlite3_stmt *s, int i, struct bytes v)
{
    if (bytes_are_null(v))
        return; /* an unbound parameter is NULL */
    if (sqlite3_bind_text64(s, i, (const char *)v.p, v.n, SQLITE_STATIC, SQLITE_UTF8) != SQLITE_OK)
        l->bind_failed = true;
}

void bind_blob(struct ledger *l, sqlite3_stmt *s, int i, struct bytes v)
{
    if (bytes_are_null(v))
        return;
    if (sqlite3_bind_blob64(s, i, v.p, v.n, SQLITE_STATIC) != SQLITE_OK)
        l->bind_failed = true;
}

struct bytes column_bytes(sqlite3_stmt *s, int i)
{
    static const uint8_t nothing = 0;
    if (sqlite3_column_type(s, i) == SQLITE_NULL)
        return bytes_null();
    const uint8_t *p = sqlite3_column_blob(s, i);
    int n = sqlite3_column_bytes(s, i);
    return (struct bytes){p && n > 0 ? p : &nothing, n > 0 ? (size_t)n : 0};
}

void column_copy(sqlite3_stmt *s, int i, char *out, size_t size)
{
    struct bytes b = column_bytes(s, i);
    size_t n = b.n < size ? b.n : size - 1;
    if (n)
        memcpy(out, b.p, n);
    out[n] = '\0';
}

int step(struct ledger *l, sqlite3_stmt *s, struct fault *f)
{
    errno = 0;
    int code = l->bind_failed ? SQLITE_NOMEM : sqlite3_step(s);
    if (code == SQLITE_ROW)
        return 1;
    if (code == SQLITE_DONE) {
        sqlite3_reset(s);
        return 0;
    }
    fault_sqlite(f, l->db, code, l->path);
    sqlite3_reset(s);
    transaction_abandon(l);
    return -1;
}

bool run(struct ledger *l, sqlite3_stmt *s, struct fault *f)
{
    int more;
    while ((more = step(l, s, f)) == 1)
        ;
    return more == 0;
}

bool run_with(struct ledger *l, enum statement id, int64_t a, int64_t b, struct fault *f)
{
    sqlite3_stmt *s = statement(l, id, f);
    if (!s)
        return false;
    int n = sqlite3_bind_parameter_count(s);
    if (n > 0)
        bind_int(l, s, 1, a);
    if (n > 1)
        bind_int(l, s, 2, b);
    return run(l, s, f);
}

static bool begin(struct ledger *l, struct fault *f)
{
    if (l->mode == LEDGER_READ)
        return fault_set(f, FAULT_INTERNAL, "the ledger was opened for reading only");
    l->in_transaction = l->in_transaction || run_with(l, SQL_BEGIN, 0, 0, f);
    return l->in_transaction;
}

static bool sync_again(struct ledger *l, struct fault *f)
{
    l->is_soft = false;
    return run_with(l, SQL_SYNC_AT_ONCE, 0, 0, f);
}

bool transaction_begin(struct ledger *l, struct fault *f)
{
    return (!l->is_soft || transaction_commit(l, f)) && begin(l, f);
}

bool transaction_begin_soft(struct ledger *l, struct fault *f)
{
    if (l->in_transaction || l->mode == LEDGER_READ)
        return begin(l, f);
    l->is_soft = run_with(l, SQL_SYNC_LATER, 0, 0, f);
    if (l->is_soft && begin(l, f))
        return true;
    sync_again(l, NULL);
    return false;
}

bool transaction_commit(struct ledger *l, struct fault *f)
{
    l->group_rows = 0;
    l->group_bytes = 0;
    if (!l->in_transaction)
        return true;
    if (!span_write(l, f) || !run_with(l, SQL_COMMIT, 0, 0, f))
        return false;
    l->in_transaction = false;
    return !l->is_soft || sync_again(l, f);
}

/* What memory holds was ahead of the file: it is read again. Should that fail too, the ledger is of
 * no use any more, and each later call says so itself. */
bool transaction_abandon(struct ledger *l)
{
    if (!l->in_transaction)
        return false;
    l->in_transaction = false;
    l->group_rows = 0;
    l->group_bytes = 0;
    l->added = (struct span){0};
    plan_sum_spoil(l);
    l->has_row_index = false;
    l->has_object_index = false;
    memset(l->open_from, 0, sizeof l->open_from);
    if (!sqlite3_get_autocommit(l->db))
        sqlite3_exec(l->db, "ROLLBACK", NULL, NULL, NULL);
    if (l->is_soft)
        sync_again(l, NULL);
    rules_load(l, NULL);
    tallies_load(l, NULL);
    return false;
}
