#include "embedded/sql.h"

#include <string.h>

static const char *const texts[SQL_COUNT] = {
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
    [SQL_VERSION] = "PRAGMA data_version",
    [SQL_TABLE_ADD] = "INSERT INTO tables (keyspace, name) VALUES (?1, ?2)",
    [SQL_TABLE_FIND] = "SELECT id FROM tables WHERE keyspace = ?1 AND name = ?2",
    [SQL_TABLE_LIST] = "SELECT keyspace, name FROM tables WHERE ?1 IS NULL OR keyspace = ?1 "
                       "ORDER BY keyspace, name",
    [SQL_COLUMN_ADD] = "INSERT INTO columns (table_id, name, role, position, type) "
                       "VALUES (?1, ?2, ?3, ?4, ?5)",
    [SQL_COLUMN_LIST] = "SELECT name, role, position, type FROM columns WHERE table_id = ?1",
    [SQL_ROW_GET] = "SELECT cells FROM rows WHERE table_id = ?1 AND token = ?2 AND key = ?3",
    [SQL_ROW_PUT] = "INSERT INTO rows (table_id, token, key, cells) VALUES (?1, ?2, ?3, ?4) "
                    "ON CONFLICT DO UPDATE SET cells = excluded.cells",
    [SQL_ROW_PAGE] = "SELECT token, key, cells FROM rows WHERE table_id = ?1 "
                     "AND (token, key) > (?2, ?3) AND token <= ?4 ORDER BY token, key LIMIT ?5",
    [SQL_DOCUMENT_PUT] =
        "INSERT INTO documents (kind, id, root_org_id, channel, status, organisations, "
        "created_for) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO UPDATE SET "
        "root_org_id = excluded.root_org_id, channel = excluded.channel, status = excluded.status, "
        "organisations = excluded.organisations, created_for = excluded.created_for",
    [SQL_DOCUMENT_GET] = "SELECT root_org_id, channel, status, organisations, created_for "
                         "FROM documents WHERE kind = ?1 AND id = ?2",
    [SQL_MEMBER_TABLE] = "CREATE TEMP TABLE IF NOT EXISTS members "
                         "(user BLOB, key BLOB, PRIMARY KEY (user, key)) WITHOUT ROWID",
    [SQL_MEMBER_CLEAR] = "DELETE FROM temp.members",
    [SQL_MEMBER_ADD] = "INSERT OR IGNORE INTO temp.members (user, key) VALUES (?1, ?2)",
    [SQL_MEMBER_LIST] = "SELECT key FROM temp.members WHERE user = ?1 ORDER BY key",
    [SQL_NODE_ADD] = "INSERT INTO nodes (label) VALUES (?1)",
    [SQL_NODE_GET] = "SELECT 1 FROM nodes WHERE id = ?1 AND label = ?2",
    [SQL_NODE_PAGE] = "SELECT id FROM nodes WHERE label = ?1 AND id > ?2 ORDER BY id LIMIT ?3",
    [SQL_NODE_COUNT] = "SELECT count(*) FROM nodes WHERE label = ?1",
    [SQL_PROPERTY_GET] = "SELECT is_list, value FROM properties WHERE node_id = ?1 AND name = ?2",
    [SQL_PROPERTY_PUT] = "INSERT INTO properties (node_id, name, is_list, value) "
                         "VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET "
                         "is_list = excluded.is_list, value = excluded.value",
    [SQL_PROPERTY_DROP] = "DELETE FROM properties WHERE node_id = ?1 AND name = ?2",
};

bool sql_fault(struct embedded *e, const char *doing, struct fault *f)
{
    int code = e->db ? sqlite3_extended_errcode(e->db) : SQLITE_NOMEM;
    const char *said = e->db ? sqlite3_errmsg(e->db) : "out of memory";
    enum fault_code as = FAULT_IO;
    const char *hint = "look at the file and its folder";
    switch (code & 0xff) {
    case SQLITE_FULL:
        as = FAULT_DISK_FULL;
        hint = "free some space, then run the same command again: it goes on where it was";
        break;
    case SQLITE_CORRUPT:
        as = FAULT_DAMAGED;
        hint = "make the embedded file again";
        break;
    case SQLITE_NOTADB:
        as = FAULT_UNSUPPORTED;
        hint = "give the path of an embedded store";
        break;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        as = FAULT_TIMEOUT;
        hint = "another process holds the file: wait until it has ended";
        break;
    case SQLITE_READONLY:
    case SQLITE_PERM:
        as = FAULT_DENIED;
        hint = "check the rights of that path";
        break;
    case SQLITE_CANTOPEN:
        as = FAULT_UNREACHABLE;
        hint = "check the path, and the rights of its folder";
        break;
    case SQLITE_NOMEM:
        as = FAULT_MEMORY;
        hint = "free some memory, then run the same command again";
        break;
    default: break;
    }
    fault_set(f, as, "could not %s: %s", doing, said);
    fault_subject(f, "%s", e->path);
    return fault_hint(f, "%s", hint);
}

sqlite3_stmt *sql_statement(struct embedded *e, enum sql which, struct fault *f)
{
    sqlite3_stmt **s = &e->statements[which];
    if (!*s && sqlite3_prepare_v3(e->db, texts[which], -1, SQLITE_PREPARE_PERSISTENT, s, NULL) !=
                   SQLITE_OK) {
        sql_fault(e, "use the embedded file", f);
        return NULL;
    }
    sqlite3_reset(*s);
    sqlite3_clear_bindings(*s);
    return *s;
}

bool sql_step(struct embedded *e, sqlite3_stmt *s, bool *row, struct fault *f)
{
    int code = sqlite3_step(s);
    *row = code == SQLITE_ROW;
    if (*row)
        return true;
    if (code != SQLITE_DONE)
        sql_fault(e, "read or write the embedded file", f);
    sqlite3_reset(s);
    return code == SQLITE_DONE;
}

bool sql_run(struct embedded *e, sqlite3_stmt *s, struct fault *f)
{
    bool row;
    return sql_step(e, s, &row, f);
}

void sql_bind_bytes(sqlite3_stmt *s, int place, struct bytes b)
{
    if (bytes_are_null(b))
        sqlite3_bind_null(s, place);
    else
        sqlite3_bind_blob64(s, place, b.p, b.n, SQLITE_STATIC);
}

void sql_bind_text(sqlite3_stmt *s, int place, const char *text)
{
    sqlite3_bind_text(s, place, text, -1, SQLITE_STATIC);
}

struct bytes sql_bytes(sqlite3_stmt *s, int place)
{
    static const uint8_t nothing = 0;
    if (sqlite3_column_type(s, place) == SQLITE_NULL)
        return bytes_null();
    const uint8_t *p = sqlite3_column_blob(s, place);
    return (struct bytes){p ? p : &nothing, (size_t)sqlite3_column_bytes(s, place)};
}
