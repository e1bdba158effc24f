#include <stdio.h>

#include "ledger/ledger_private.h"

/* The file's schema. Each index has its reason; there are no others, for each is paid for with
 * every row that is added. */
static const char *const ddl[] = {
    /* Named values: digests, the profile as read, the two organisations, the shape of tables. */
    "CREATE TABLE meta(\n"
    "  name  TEXT PRIMARY KEY,\n"
    "  value ANY NOT NULL          -- INTEGER, or BLOB\n"
    ") STRICT, WITHOUT ROWID",

    "CREATE TABLE rules(\n"
    "  id      INTEGER PRIMARY KEY,\n"
    "  name    TEXT NOT NULL UNIQUE,\n"
    "  phase   INTEGER NOT NULL,   -- 0 move, 1 retire\n"
    "  ordinal INTEGER NOT NULL    -- place in the profile\n"
    ") STRICT",

    /* What a change is; nothing of it alters once apply began. Small columns first, so that reading
     * them never touches the pages that large cells overflow to. */
    "CREATE TABLE changes(\n"
    "  seq            INTEGER PRIMARY KEY,\n"
    "  kind           INTEGER NOT NULL,  -- 1 update, 2 list, 3 move, 4 node\n"
    "  origin         INTEGER NOT NULL,  -- 0 plain, 1 merge, 2 drop, 3 carry, 4 companion\n"
    "  row            INTEGER NOT NULL,  -- hash of the row's name\n"
    "  fence          INTEGER NOT NULL,  -- microseconds; the smallest integer: conditional\n"
    "  read_at_us     INTEGER NOT NULL,\n"
    "  sync_object    INTEGER NOT NULL,  -- 0 none, 1 user, 2 organisation, 3 batch\n"
    "  sync_id        TEXT,\n"
    "  sync_course_id TEXT,\n"
    "  key            BLOB NOT NULL,     -- cells as named_cells_encode writes them\n"
    "  before         BLOB NOT NULL,\n"
    "  after          BLOB NOT NULL,\n"
    "  new_key        BLOB,              -- of a move\n"
    "  target_before  BLOB               -- the row that stood at the new key\n"
    ") STRICT",

    /* What became of them so far, in one row for all changes from `first` to `last` that have it
     * in common: mostly a few rows for millions of changes. No two overlap. */
    "CREATE TABLE states(\n"
    "  first  INTEGER PRIMARY KEY,\n"
    "  last   INTEGER NOT NULL,\n"
    "  rule   INTEGER NOT NULL,\n"
    "  phase  INTEGER NOT NULL,   -- of the rule\n"
    "  pass   INTEGER NOT NULL,\n"
    "  state  INTEGER NOT NULL,   -- 1 planned, 2 sent, 3 copied, 4 done, 5 read back,\n"
    "                             -- 6 conflict, 7 rejected, 8 skipped, 9 undone\n"
    "  sent   INTEGER NOT NULL,   -- 1: its bytes may have left, whatever the state is now\n"
    "  reason TEXT\n"
    ") STRICT",

    "CREATE TABLE totals(\n"
    "  pass        INTEGER NOT NULL,\n"
    "  rule        TEXT NOT NULL,\n"
    "  ordinal     INTEGER NOT NULL,\n"
    "  table_name  TEXT NOT NULL,\n"
    "  note        TEXT NOT NULL,\n"
    "  scanned     INTEGER NOT NULL,\n"
    "  matched     INTEGER NOT NULL,\n"
    "  changes     INTEGER NOT NULL,\n"
    "  collisions  INTEGER NOT NULL,\n"
    "  rejected    INTEGER NOT NULL,\n"
    "  unread      INTEGER NOT NULL,   -- parts of the table\n"
    "  filtered    INTEGER NOT NULL,   -- 1: by the servers, scanned is what they sent\n"
    "  duration_us INTEGER NOT NULL,\n"
    "  PRIMARY KEY(pass, rule)\n"
    ") STRICT, WITHOUT ROWID",

    /* What a scan has read, with the changes that it found there: a plan that was cut short reads
     * the rest. A row grows while its range is being read. */
    "CREATE TABLE ranges(\n"
    "  pass        INTEGER NOT NULL,\n"
    "  rule        TEXT NOT NULL,\n"
    "  start_token INTEGER NOT NULL,  -- exclusive; the smallest integer: from the beginning\n"
    "  end_token   INTEGER NOT NULL,\n"
    "  row_count   INTEGER NOT NULL,\n"
    "  matched     INTEGER NOT NULL,\n"
    "  PRIMARY KEY(pass, rule, start_token)\n"
    ") STRICT, WITHOUT ROWID",

    /* What a scan could not read, whatever it tried: it is not known what is there. */
    "CREATE TABLE unread(\n"
    "  pass        INTEGER NOT NULL,  -- 1: the plan; 0: the last scan since\n"
    "  rule        TEXT NOT NULL,\n"
    "  start_token INTEGER NOT NULL,\n"
    "  end_token   INTEGER NOT NULL,\n"
    "  table_name  TEXT NOT NULL,\n"
    "  partition   TEXT NOT NULL,     -- its key as text; empty: not even that could be read\n"
    "  reason      TEXT NOT NULL,\n"
    "  PRIMARY KEY(pass, rule, start_token)\n"
    ") STRICT, WITHOUT ROWID",

    "CREATE TABLE sync(\n"
    "  object    INTEGER NOT NULL,  -- 1 user, 2 organisation, 3 batch\n"
    "  id        TEXT NOT NULL,\n"
    "  course_id TEXT,\n"
    "  state     INTEGER NOT NULL,  -- 1 pending, 2 sent, 3 right, 4 wrong, 5 failed\n"
    "  reason    TEXT,\n"
    "  PRIMARY KEY(object, id)\n"
    ") STRICT, WITHOUT ROWID",

    "CREATE TABLE phases(\n"
    "  id         INTEGER PRIMARY KEY,\n"
    "  name       TEXT NOT NULL,\n"
    "  started_us INTEGER NOT NULL,\n"
    "  ended_us   INTEGER NOT NULL,  -- 0: killed, or it is running\n"
    "  outcome    TEXT NOT NULL,\n"
    "  who        TEXT NOT NULL,\n"
    "  host       TEXT NOT NULL,\n"
    "  pid        INTEGER NOT NULL,\n"
    "  done       INTEGER NOT NULL,\n"
    "  total      INTEGER NOT NULL\n"
    ") STRICT",
};

#define CHANGE_COLUMNS                                                                             \
    "c.seq, s.pass, s.rule, c.kind, c.origin, s.state, c.fence, c.read_at_us, c.sync_object, "     \
    "c.sync_id, c.sync_course_id, s.reason, c.key, c.before, c.after, c.new_key, c.target_before "
/* The span of states that holds the change |c|. */
#define STATE_OF_C "s.first = (SELECT max(first) FROM states WHERE first <= c.seq)"

static const char *const texts[STATEMENT_COUNT] = {
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
    [SQL_SYNC_LATER] = "PRAGMA synchronous = NORMAL",
    [SQL_SYNC_AT_ONCE] = "PRAGMA synchronous = FULL",
    [SQL_PUT] = "INSERT OR REPLACE INTO meta VALUES(?1, ?2)",
    [SQL_UNPUT] = "DELETE FROM meta WHERE name = ?1",
    [SQL_GET] = "SELECT value FROM meta WHERE name = ?1",
    [SQL_RULES] = "SELECT id, name, phase, ordinal FROM rules ORDER BY ordinal, id",
    [SQL_PUT_RULE] = "INSERT INTO rules(name, phase, ordinal) VALUES(?1, ?2, ?3) "
                     "ON CONFLICT(name) DO UPDATE SET phase = ?2, ordinal = ?3",
    [SQL_TALLIES] = "SELECT rule, pass, state, sum(last - first + 1), "
                    "sum(sent * (last - first + 1)) FROM states GROUP BY rule, pass, state",
    [SQL_LAST_SEQ] = "SELECT max(seq) FROM changes",
    /* A plain INSERT: with OR REPLACE, SQLite keeps a journal of each statement. */
    [SQL_ADD_CHANGE] = "INSERT INTO changes "
                       "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
    [SQL_REPLACE_CHANGE] = "INSERT OR REPLACE INTO changes "
                           "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
    [SQL_PUT_SPAN] = "INSERT INTO states VALUES(?1, ?2, ?3, ?4, ?5, ?6, 0, ?7) "
                     "ON CONFLICT DO UPDATE SET last = ?2",
    [SQL_SPAN_OF] = "SELECT first, last, rule, pass, state, sent FROM states "
                    "WHERE first <= ?1 ORDER BY first DESC LIMIT 1",
    [SQL_SPANS] = "SELECT first, last, rule, pass, state, sent FROM states "
                  "WHERE first BETWEEN ?1 AND ?2 ORDER BY first",
    [SQL_SPLIT_SPAN] = "INSERT INTO states SELECT ?2, last, rule, phase, pass, state, sent, reason "
                       "FROM states WHERE first = ?1",
    [SQL_END_SPAN] = "UPDATE states SET last = ?2 WHERE first = ?1",
    [SQL_SET_SPANS] = "UPDATE states SET state = ?3, reason = ?4, sent = max(sent, ?5) "
                      "WHERE first BETWEEN ?1 AND ?2",
    [SQL_SPAN_BEFORE] = "SELECT b.first, n.last FROM states n CROSS JOIN states b "
                        "ON b.first = (SELECT max(first) FROM states WHERE first < ?1) "
                        "WHERE n.first = ?1 AND b.last = n.first - 1 AND b.rule = n.rule "
                        "AND b.phase = n.phase AND b.pass = n.pass AND b.state = n.state "
                        "AND b.sent = n.sent AND b.reason IS n.reason",
    [SQL_SPAN_OF_PASS] = "SELECT first, last FROM states WHERE pass = ?1 LIMIT 1",
    [SQL_REMOVE_SPAN] = "DELETE FROM states WHERE first = ?1",
    [SQL_REMOVE_CHANGES] = "DELETE FROM changes WHERE seq BETWEEN ?1 AND ?2",
    [SQL_FORGET_ALL_CHANGES] = "DELETE FROM changes",
    [SQL_FORGET_ALL_STATES] = "DELETE FROM states",
    [SQL_FORGET_RANGES] = "DELETE FROM ranges WHERE pass = ?1",
    [SQL_FORGET_TOTALS] = "DELETE FROM totals WHERE pass = ?1",
    [SQL_PUT_TOTAL] =
        "INSERT OR REPLACE INTO totals(pass, rule, ordinal, table_name, note, scanned, "
        "matched, changes, collisions, rejected, unread, duration_us, filtered) "
        "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    [SQL_TOTALS] = "SELECT pass, rule, ordinal, table_name, note, scanned, matched, changes, "
                   "collisions, rejected, unread, duration_us, filtered FROM totals "
                   "WHERE ?1 = 0 OR pass = ?1 ORDER BY pass, ordinal, rule",
    [SQL_PUT_RANGE] = "INSERT INTO ranges VALUES(?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE "
                      "SET end_token = ?4, row_count = ?5, matched = matched + ?6",
    [SQL_RANGES] = "SELECT start_token, end_token, row_count, matched FROM ranges "
                   "WHERE pass = ?1 AND rule = ?2 ORDER BY start_token",
    [SQL_CLEAR_UNREAD] = "DELETE FROM unread WHERE pass = ?1 AND rule = ?2",
    [SQL_FORGET_UNREAD] = "DELETE FROM unread WHERE pass = ?1",
    [SQL_PUT_UNREAD] = "INSERT OR REPLACE INTO unread VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [SQL_UNREAD] = "SELECT rule, start_token, end_token, table_name, partition, reason "
                   "FROM unread WHERE pass = ?1 ORDER BY rule, start_token",
    [SQL_HAS_ROW_INDEX] = "SELECT 1 FROM sqlite_schema WHERE name = 'changes_by_row'",
    /* Made when ledger_has_moved first asks, not while a million rows are being added: the hash is
     * random, so that each insert would touch a page of its own. */
    [SQL_MAKE_ROW_INDEX] = "CREATE INDEX IF NOT EXISTS changes_by_row ON changes(row)",
    /* A plain move that was rejected after it was sent may have left half a copy at the target. */
    [SQL_SENT_BEFORE] =
        "SELECT s.rule, c.key FROM changes c CROSS JOIN states s ON " STATE_OF_C
        " WHERE c.row = ?1 AND s.rule = ?2 AND s.pass < ?3 "
        "AND (s.state IN (3, 4, 5) OR (s.state = 7 AND s.sent = 1 AND c.origin = 0))",
    [SQL_REJECTED_BEFORE] = "SELECT s.rule, c.key FROM changes c CROSS JOIN states s ON " STATE_OF_C
                            " WHERE c.row = ?1 AND s.rule = ?2 AND s.pass < ?3 AND s.state = 7",
    [SQL_PLANNED] = "SELECT " CHANGE_COLUMNS "FROM states s CROSS JOIN changes c "
                    "ON c.seq BETWEEN s.first AND s.last WHERE s.pass = 1",
    [SQL_OPEN] = "SELECT " CHANGE_COLUMNS "FROM states s CROSS JOIN changes c "
                 "ON c.seq BETWEEN s.first AND s.last "
                 "WHERE s.first >= ?3 AND s.phase = ?1 AND s.state <= 3 "
                 "ORDER BY s.first, c.seq LIMIT ?2",
    [SQL_READ] = "SELECT " CHANGE_COLUMNS "FROM states s CROSS JOIN changes c "
                 "ON c.seq BETWEEN max(s.first, ?1 + 1) AND s.last "
                 "WHERE s.first >= "
                 "(SELECT coalesce(max(first), 0) FROM states WHERE first <= ?1 + 1) "
                 "AND (?2 = 0 OR s.rule = ?2) AND (?3 = 0 OR (?3 >> s.state) & 1) "
                 "AND (?4 = 0 OR (?4 >> c.origin) & 1) AND (?5 = 0 OR s.pass = ?5) "
                 "ORDER BY s.first, c.seq LIMIT ?6",
    [SQL_READ_ROW] = "SELECT " CHANGE_COLUMNS "FROM changes c CROSS JOIN states s ON " STATE_OF_C
                     " WHERE c.row = ?1 ORDER BY c.seq",
    /* All but the first of those with one row's hash. Two rows that share a hash of 64 bits would
     * lose one of their changes: the next pass finds that row again. */
    [SQL_REPEATS] = "SELECT seq FROM (SELECT c.seq AS seq, "
                    "row_number() OVER (PARTITION BY c.row ORDER BY c.seq) AS n "
                    "FROM states s CROSS JOIN changes c ON c.seq BETWEEN s.first AND s.last "
                    "WHERE s.pass = ?1 AND s.rule = ?2) WHERE n > 1 LIMIT 1024",
    /* Made when verify first asks which rows belong to a document. */
    [SQL_MAKE_OBJECT_INDEX] =
        "CREATE INDEX IF NOT EXISTS changes_by_object ON changes(sync_object, sync_id)",
    [SQL_READ_OBJECT] = "SELECT " CHANGE_COLUMNS "FROM changes c CROSS JOIN states s ON " STATE_OF_C
                        " WHERE c.sync_object = ?1 AND c.sync_id = ?2 ORDER BY c.seq",
    /* In key order: a million random inserts would go through the cache many times over. */
    [SQL_SYNC_COLLECT] =
        "INSERT INTO sync SELECT c.sync_object, c.sync_id, c.sync_course_id, 1, NULL "
        "FROM states s CROSS JOIN changes c ON c.seq BETWEEN max(s.first, ?1 + 1) AND min(s.last, "
        "?2) "
        "WHERE (s.state IN (5, 6) OR (s.state = 7 AND s.sent = 1)) "
        "AND c.sync_object <> 0 AND c.sync_id <> '' "
        "ORDER BY c.sync_object, c.sync_id ON CONFLICT DO UPDATE SET state = 1, reason = NULL",
    /* The numbers of changes that are forgotten are given again. */
    [SQL_SYNC_UNCOLLECT] =
        "UPDATE meta SET value = min(value, (SELECT coalesce(max(seq), 0) FROM changes)) "
        "WHERE name = 'sync.collected'",
    [SQL_SYNC_ADD] = "INSERT OR REPLACE INTO sync VALUES(?1, ?2, ?3, ?4, ?5)",
    [SQL_SYNC_READ] = "SELECT object, id, course_id, state, reason FROM sync "
                      "WHERE object = ?1 AND id > ?2 AND (?3 = 0 OR (?3 >> state) & 1) "
                      "ORDER BY id LIMIT ?4",
    [SQL_SYNC_SETTLE] = "UPDATE sync SET state = ?3, reason = ?4 WHERE object = ?1 AND id = ?2",
    [SQL_SYNC_COUNT] = "SELECT state, count(*) FROM sync WHERE object = ?1 GROUP BY state",
    [SQL_PHASE_BEGIN] = "INSERT INTO phases(name, started_us, ended_us, outcome, who, host, pid, "
                        "done, total) VALUES(?1, ?2, 0, '', ?3, ?4, ?5, 0, 0)",
    [SQL_PHASE_END] =
        "UPDATE phases SET ended_us = ?2, outcome = ?3, done = ?4, total = ?5 WHERE id = ?1",
    [SQL_PHASES] = "SELECT id, name, started_us, ended_us, outcome, who, host, pid, done, total "
                   "FROM phases ORDER BY id",
};

const char *statement_text(enum statement id)
{
    return texts[id];
}

bool schema_create(sqlite3 *db, struct fault *f)
{
    char head[128];
    snprintf(head, sizeof head, "PRAGMA application_id = %d; PRAGMA user_version = %d",
             LEDGER_APPLICATION, LEDGER_VERSION);
    int code = sqlite3_exec(db, "BEGIN", NULL, NULL, NULL);
    for (size_t i = 0; code == SQLITE_OK && i < sizeof ddl / sizeof *ddl; i++)
        code = sqlite3_exec(db, ddl[i], NULL, NULL, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_exec(db, head, NULL, NULL, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
    return code == SQLITE_OK || fault_sqlite(f, db, code, NULL);
}

static bool ask_int(struct ledger *l, const char *sql, int64_t *out, struct fault *f)
{
    sqlite3_stmt *s = NULL;
    int code = sqlite3_prepare_v2(l->db, sql, -1, &s, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(s);
    if (code == SQLITE_ROW)
        *out = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    return code == SQLITE_ROW || fault_sqlite(f, l->db, code, l->path);
}

bool schema_check(struct ledger *l, struct fault *f)
{
    int64_t application = 0, version = 0, pages = 0;
    if (!ask_int(l, "PRAGMA application_id", &application, f) ||
        !ask_int(l, "PRAGMA user_version", &version, f) ||
        !ask_int(l, "PRAGMA page_count", &pages, f))
        return false;
    if (application != LEDGER_APPLICATION) {
        fault_set(f, FAULT_DAMAGED, "this file is not a ledger of tenantmove");
        fault_subject(f, "%s", l->path);
        return fault_hint(f, "give the directory of a move with --dir");
    }
    if (version != LEDGER_VERSION) {
        fault_set(f, FAULT_REFUSED, "the ledger has version %lld, this program reads version %d",
                  (long long)version, LEDGER_VERSION);
        fault_subject(f, "%s", l->path);
        return fault_hint(f, "finish this move with the tenantmove that began it");
    }
    return true;
}
