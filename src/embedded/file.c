#include "embedded/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "embedded/sql.h"

enum { BUSY_MS = 10000, APPLICATION_ID = 0x746d656d };

static const char setup[] = "PRAGMA page_size = 8192;"
                            "PRAGMA journal_mode = WAL;";

static const char session[] = "PRAGMA synchronous = NORMAL;"
                              "PRAGMA cache_size = -16000;PRAGMA wal_autocheckpoint = 20000;"
                              "PRAGMA temp_store = FILE;";

static const char layout[] =
    "BEGIN IMMEDIATE;"
    "CREATE TABLE IF NOT EXISTS tables (id INTEGER PRIMARY KEY, keyspace TEXT NOT NULL,"
    " name TEXT NOT NULL, UNIQUE (keyspace, name));"
    "CREATE TABLE IF NOT EXISTS columns (table_id INTEGER NOT NULL, name TEXT NOT NULL,"
    " role INTEGER NOT NULL, position INTEGER NOT NULL, type TEXT NOT NULL,"
    " PRIMARY KEY (table_id, name)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS rows (table_id INTEGER NOT NULL, token INTEGER NOT NULL,"
    " key BLOB NOT NULL, cells BLOB NOT NULL, PRIMARY KEY (table_id, token, key)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS documents (kind INTEGER NOT NULL, id BLOB NOT NULL,"
    " root_org_id BLOB, channel BLOB, status BLOB, organisations BLOB, created_for BLOB,"
    " PRIMARY KEY (kind, id)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS nodes (id INTEGER PRIMARY KEY AUTOINCREMENT, label TEXT NOT NULL);"
    "CREATE INDEX IF NOT EXISTS nodes_by_label ON nodes (label, id);"
    "CREATE TABLE IF NOT EXISTS properties (node_id INTEGER NOT NULL, name TEXT NOT NULL,"
    " is_list INTEGER NOT NULL, value BLOB NOT NULL, PRIMARY KEY (node_id, name)) WITHOUT ROWID;"
    "PRAGMA application_id = 1953326445;"
    "COMMIT;";

static bool run_text(struct embedded *e, const char *sql, struct fault *f)
{
    return sqlite3_exec(e->db, sql, NULL, NULL, NULL) == SQLITE_OK ||
           sql_fault(e, "open the embedded file", f);
}

static bool read_number(struct embedded *e, const char *sql, int64_t *out, struct fault *f)
{
    sqlite3_stmt *s = NULL;
    bool ok =
        sqlite3_prepare_v2(e->db, sql, -1, &s, NULL) == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW;
    if (ok)
        *out = sqlite3_column_int64(s, 0);
    else
        sql_fault(e, "open the embedded file", f);
    sqlite3_finalize(s);
    return ok;
}

static bool open_file(struct embedded *e, const char *path, bool create, struct fault *f)
{
    if (!create && access(path, F_OK) != 0 && errno == ENOENT) {
        fault_set(f, FAULT_UNREACHABLE, "there is no embedded file of this name");
        fault_subject(f, "%s", path);
        return fault_hint(f, "check the path behind \"embedded:\"");
    }
    int flags = SQLITE_OPEN_READWRITE | (create ? SQLITE_OPEN_CREATE : 0);
    if (sqlite3_open_v2(path, &e->db, flags, NULL) != SQLITE_OK)
        return sql_fault(e, "open the embedded file", f);
    sqlite3_busy_timeout(e->db, BUSY_MS);
    int64_t id, objects;
    if (!read_number(e, "PRAGMA application_id", &id, f) ||
        !read_number(e, "SELECT count(*) FROM sqlite_master", &objects, f))
        return false;
    bool is_new = id == 0 && objects == 0 && create;
    if (id != APPLICATION_ID && !is_new) {
        fault_set(f, FAULT_UNSUPPORTED, "this is not an embedded store");
        fault_subject(f, "%s", path);
        return fault_hint(f, "give the path of an embedded store");
    }
    return (!is_new || (run_text(e, setup, f) && run_text(e, layout, f))) &&
           run_text(e, session, f);
}

struct embedded *embedded_open(const char *path, bool create, struct fault *f)
{
    struct embedded *e = calloc(1, sizeof *e);
    if (!e) {
        fault_memory(f);
        return NULL;
    }
    arena_init(&e->arena, (size_t)64 * 1024 * 1024);
    if (snprintf(e->path, sizeof e->path, "%s", path) >= (int)sizeof e->path) {
        fault_set(f, FAULT_USAGE, "the path of the embedded file is too long");
    } else if (open_file(e, path, create, f)) {
        return e;
    }
    embedded_free(e);
    return NULL;
}

void embedded_free(struct embedded *e)
{
    if (!e)
        return;
    for (int i = 0; i < SQL_COUNT; i++)
        sqlite3_finalize(e->statements[i]);
    sqlite3_close(e->db);
    arena_fini(&e->arena);
    free(e);
}

const char *embedded_path(const struct embedded *e)
{
    return e->path;
}

bool embedded_is_read_only(const struct embedded *e)
{
    return sqlite3_db_readonly(e->db, "main") != 0;
}

bool embedded_begin(struct embedded *e, struct fault *f)
{
    sqlite3_stmt *s = sql_statement(e, SQL_BEGIN, f);
    return s && sql_run(e, s, f);
}

bool embedded_commit(struct embedded *e, struct fault *f)
{
    sqlite3_stmt *s = sql_statement(e, SQL_COMMIT, f);
    if (s && sql_run(e, s, f))
        return true;
    embedded_rollback(e);
    return false;
}

void embedded_rollback(struct embedded *e)
{
    e->members_version = 0; /* its table may go with the transaction */
    if (sqlite3_get_autocommit(e->db))
        return;
    sqlite3_stmt *s = sql_statement(e, SQL_ROLLBACK, NULL);
    if (s)
        sql_run(e, s, NULL);
}

int64_t embedded_version(struct embedded *e)
{
    sqlite3_stmt *s = sql_statement(e, SQL_VERSION, NULL);
    bool row = false;
    if (!s || !sql_step(e, s, &row, NULL) || !row)
        return 0;
    int64_t version = sqlite3_column_int64(s, 0);
    sqlite3_reset(s);
    return version;
}
