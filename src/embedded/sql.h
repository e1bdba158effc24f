/* embedded/sql.h: this folder's hold on SQLite. For the files of src/embedded alone. */
#ifndef EMBEDDED_SQL_H
#define EMBEDDED_SQL_H

#include <sqlite3.h>

#include "base/arena.h"
#include "embedded/file.h"

/* Every statement, by what it does; prepared on first use. The texts stand in sql.c. */
enum sql {
    SQL_BEGIN,
    SQL_COMMIT,
    SQL_ROLLBACK,
    SQL_VERSION,
    SQL_TABLE_ADD,
    SQL_TABLE_FIND,
    SQL_TABLE_LIST,
    SQL_COLUMN_ADD,
    SQL_COLUMN_LIST,
    SQL_ROW_GET,
    SQL_ROW_PUT,
    SQL_ROW_PAGE,
    SQL_DOCUMENT_PUT,
    SQL_DOCUMENT_GET,
    SQL_MEMBER_TABLE,
    SQL_MEMBER_CLEAR,
    SQL_MEMBER_ADD,
    SQL_MEMBER_LIST,
    SQL_NODE_ADD,
    SQL_NODE_GET,
    SQL_NODE_PAGE,
    SQL_NODE_COUNT,
    SQL_PROPERTY_GET,
    SQL_PROPERTY_PUT,
    SQL_PROPERTY_DROP,
    SQL_COUNT,
};

enum { EMBEDDED_TABLES_MAX = 1024 };

/* A table with its number in the file. */
struct known_table {
    int64_t id;
    struct table *table;
};

struct embedded {
    sqlite3 *db;
    char path[4096];
    sqlite3_stmt *statements[SQL_COUNT];
    struct arena arena; /* holds |known| */
    struct known_table known[EMBEDDED_TABLES_MAX];
    int known_count;
    int64_t members_version; /* of embedded_version when the member index was built; 0: never */
};

/* The statement, ready to bind; NULL with |f|. */
sqlite3_stmt *sql_statement(struct embedded *e, enum sql which, struct fault *f);

/* One step: *row says whether a row stands ready. At the end, and on a failure, the statement is
 * reset. */
bool sql_step(struct embedded *e, sqlite3_stmt *s, bool *row, struct fault *f);

/* Steps a statement that gives no rows. */
bool sql_run(struct embedded *e, sqlite3_stmt *s, struct fault *f);

/* Null stays NULL, empty stays an empty blob. |b| must live until the statement is reset. */
void sql_bind_bytes(sqlite3_stmt *s, int place, struct bytes b);
void sql_bind_text(sqlite3_stmt *s, int place, const char *text);

/* A column of the row that stands ready, borrowed until the next step. */
struct bytes sql_bytes(sqlite3_stmt *s, int place);

/* The last failure of SQLite as a fault; returns false. |doing| completes "could not …". */
bool sql_fault(struct embedded *e, const char *doing, struct fault *f);

/* The number of a table that embedded_table gave out, or of one with the same name and the same
 * columns. FAULT_SCHEMA. */
bool sql_table_id(struct embedded *e, const struct table *t, int64_t *id, struct fault *f);

#endif
