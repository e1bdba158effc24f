/* ledger/ledger_private.h: what the files of this folder share. The only place that includes
 * sqlite3.h.
 *
 * Two tables hold a change: |changes| what never alters once apply began (names, cells), |states|
 * what became of it: one row for a whole span of changes. So taking and settling a thousand changes
 * rewrite a few small rows.
 */
#ifndef LEDGER_LEDGER_PRIVATE_H
#define LEDGER_LEDGER_PRIVATE_H

#include <limits.h>

#include <sqlite3.h>

#include "ledger/ledger.h"
#include "net/digest.h"

enum {
    LEDGER_APPLICATION = 0x746d6c67, /* "tmlg": says whose file it is, also to file(1) */
    LEDGER_CHANGE_BYTES_MAX = 16 * 1024 * 1024,
    LEDGER_VALUE_BYTES_MAX = LEDGER_CHANGE_BYTES_MAX + 4 * 1024 * 1024, /* of one SQLite row */
    LEDGER_GROUP_ROWS = 4000,              /* rows added per commit while planning … */
    LEDGER_GROUP_BYTES = 16 * 1024 * 1024, /* … or so many bytes */
    LEDGER_READ_BYTES = 16 * 1024 * 1024,  /* so many bytes of cells at once, and one change more */
    LEDGER_ROW_NAME_MAX = 4 * LEDGER_CHANGE_BYTES_MAX, /* each byte may become %XX */
};

enum statement {
    SQL_BEGIN,
    SQL_COMMIT,
    SQL_ROLLBACK,
    SQL_SYNC_LATER,
    SQL_SYNC_AT_ONCE,
    SQL_PUT,
    SQL_UNPUT,
    SQL_GET,
    SQL_RULES,
    SQL_PUT_RULE,
    SQL_TALLIES,
    SQL_LAST_SEQ,
    SQL_ADD_CHANGE,
    SQL_REPLACE_CHANGE,
    SQL_PUT_SPAN,
    SQL_SPAN_OF,
    SQL_SPANS,
    SQL_SPLIT_SPAN,
    SQL_END_SPAN,
    SQL_SET_SPANS,
    SQL_SPAN_BEFORE,
    SQL_SPAN_OF_PASS,
    SQL_REMOVE_SPAN,
    SQL_REMOVE_CHANGES,
    SQL_FORGET_ALL_CHANGES,
    SQL_FORGET_ALL_STATES,
    SQL_FORGET_RANGES,
    SQL_FORGET_TOTALS,
    SQL_PUT_TOTAL,
    SQL_TOTALS,
    SQL_PUT_RANGE,
    SQL_RANGES,
    SQL_CLEAR_UNREAD,
    SQL_FORGET_UNREAD,
    SQL_PUT_UNREAD,
    SQL_UNREAD,
    SQL_HAS_ROW_INDEX,
    SQL_MAKE_ROW_INDEX,
    SQL_SENT_BEFORE,
    SQL_REJECTED_BEFORE,
    SQL_PLANNED,
    SQL_OPEN,
    SQL_READ,
    SQL_READ_ROW,
    SQL_REPEATS,
    SQL_MAKE_OBJECT_INDEX,
    SQL_READ_OBJECT,
    SQL_SYNC_COLLECT,
    SQL_SYNC_UNCOLLECT,
    SQL_SYNC_ADD,
    SQL_SYNC_READ,
    SQL_SYNC_SETTLE,
    SQL_SYNC_COUNT,
    SQL_PHASE_BEGIN,
    SQL_PHASE_END,
    SQL_PHASES,
    STATEMENT_COUNT
};

struct ledger_rule {
    int64_t id;
    char name[NAME_TEXT_MAX];
    enum rule_phase phase;
    int ordinal;
};

/* How many changes of one rule and pass are in each state; the writer keeps it in memory. */
struct tally {
    int64_t rule;
    int pass;
    int64_t by_state[CHANGE_STATES]; /* [0]: how many were ever sent */
};

/* Changes from |first| to |last| of which all the same is to be said; no reason. */
struct span {
    int64_t first, last;
    int64_t rule;
    int pass;
    enum change_state state;
    bool sent;
};

/* Of the changes of pass 1, as long as this process has added all of them: then the plan's digest
 * needs no reading. */
struct plan_sum {
    uint8_t hash[DIGEST_BYTES];
    int64_t count;
};

struct ledger {
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENT_COUNT];
    enum ledger_mode mode;
    char path[PATH_MAX]; /* of ledger.db */
    int lock_fd;         /* -1: opened for reading */
    bool bind_failed;
    bool in_transaction;
    bool is_soft;   /* it is, and what is committed need not be on the disk at once */
    int group_rows; /* added since the last commit */
    size_t group_bytes;
    int64_t last_seq;
    struct span added; /* the changes added last; .last 0: none */
    bool added_is_written;
    int64_t open_from[RULE_RETIRE + 1]; /* no change of that phase with a lower seq is open */
    bool has_row_index;
    bool has_object_index;
    struct ledger_rule rules[PROFILE_RULES_MAX];
    int rule_count;
    struct tally *tallies;
    int tally_count, tally_capacity;
    int tally_last; /* where the last look-up ended: the next one is mostly there too */
    struct digest *digest;
    struct plan_sum sum;
    struct arena arena; /* for one row at a time */
    struct buf cells;   /* the blobs of one change */
    struct buf name;    /* the name of one row */
};

/* ---- schema.c ---- */

/* Makes all tables in an empty file. */
bool schema_create(sqlite3 *db, struct fault *f);
/* Is it our file, and of this version? */
bool schema_check(struct ledger *l, struct fault *f);
const char *statement_text(enum statement id);

/* ---- statement.c ---- */

/* The prepared statement, ready to be bound; NULL with |f| set. */
sqlite3_stmt *statement(struct ledger *l, enum statement id, struct fault *f);
void bind_int(struct ledger *l, sqlite3_stmt *s, int i, int64_t v);
/* The bytes must live until the statement was run. Null becomes NULL. */
void bind_text(struct ledger *l, sqlite3_stmt *s, int i, struct bytes v);
void bind_blob(struct ledger *l, sqlite3_stmt *s, int i, struct bytes v);
struct bytes column_bytes(sqlite3_stmt *s, int i); /* lives until the next step */
void column_copy(sqlite3_stmt *s, int i, char *out, size_t size);

/* 1: a row, 0: the end (and the statement is reset), -1 with |f| set (and it is reset).
 * A failure while a transaction is open rolls that back. */
int step(struct ledger *l, sqlite3_stmt *s, struct fault *f);
/* Steps to the end. */
bool run(struct ledger *l, sqlite3_stmt *s, struct fault *f);
/* The statement, with the numbers that it has parameters for, to the end. */
bool run_with(struct ledger *l, enum statement id, int64_t a, int64_t b, struct fault *f);

/* A transaction: begin joins one that is open already. commit writes the span of what was added,
 * and returns when all is on the disk. After a soft begin it does not wait for that: the death of
 * this process loses nothing, that of the machine what came after the last commit that waited. It
 * is for what can be done again: rows found, changes settled. A plain begin ends a soft
 * transaction. */
bool transaction_begin(struct ledger *l, struct fault *f);
bool transaction_begin_soft(struct ledger *l, struct fault *f);
bool transaction_commit(struct ledger *l, struct fault *f);
/* Undoes what is not committed; returns false. */
bool transaction_abandon(struct ledger *l);

/* From SQLite's error; |path| becomes the subject; returns false. */
bool fault_sqlite(struct fault *f, sqlite3 *db, int code, const char *path);

/* ---- rules.c ---- */

bool rules_load(struct ledger *l, struct fault *f);
const struct ledger_rule *rule_named(const struct ledger *l, struct bytes name);
const struct ledger_rule *rule_of(const struct ledger *l, int64_t id);

/* ---- tally.c ---- */

bool tallies_load(struct ledger *l, struct fault *f);
bool tally_add(struct ledger *l, int64_t rule, int pass, int state, int64_t n, struct fault *f);

/* ---- read.c ---- */

/* Columns that SQL_READ, SQL_READ_ROW, SQL_OPEN and SQL_PLANNED select, in change_from_row's
 * order. */
bool change_from_row(struct ledger *l, sqlite3_stmt *s, struct arena *a, struct change *out,
                     struct fault *f);
/* Steps |s| and fills up to |max| changes. |in_parts|: the caller asks for the rest, so it may be fewer when they are
 * large, or there is no room for all in |a|. The number, or -1. */
int changes_from(struct ledger *l, sqlite3_stmt *s, struct change *out, int max, bool in_parts,
                 struct arena *a, struct fault *f);
/* A number for a row's name, for the index over rows. */
int64_t row_hash(struct ledger *l, const char *name);

/* ---- plan_digest.c ---- */

void plan_sum_add(struct ledger *l, const struct change *c);
/* It is no longer the sum of all. */
void plan_sum_spoil(struct ledger *l);

/* ---- span.c: what became of changes ---- */

/* A change was added, the last one so far. Written at the latest with the commit. */
bool span_add(struct ledger *l, int64_t seq, const struct ledger_rule *rule, int pass,
              enum change_state state, struct bytes reason, struct fault *f);
/* Writes what was added, and goes on with it. */
bool span_write(struct ledger *l, struct fault *f);
/* Writes what was added and ends it: to be called before states are read or altered. */
bool span_flush(struct ledger *l, struct fault *f);
/* What one change is at the moment (first and last are those of its span); FAULT_INTERNAL when
 * there is none of that seq. */
bool span_of(struct ledger *l, int64_t seq, struct span *out, struct fault *f);
/* All from |first| to |last| are in |state| from now on; |is_sent|: their bytes may leave. A gap
 * among them is FAULT_INTERNAL. In a transaction. */
bool span_set(struct ledger *l, int64_t first, int64_t last, enum change_state state, bool is_sent,
              struct bytes reason, struct fault *f);
/* The change was removed. In a transaction. */
bool span_remove(struct ledger *l, int64_t seq, struct fault *f);

#endif
