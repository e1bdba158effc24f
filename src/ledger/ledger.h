/* ledger/ledger.h: plan, journal and audit of one move, in one SQLite file (DIR/ledger.db).
 *
 * Owns     every change and its state; a change is on disk as "sent" before its bytes leave.
 * Knows    nothing of CQL, HTTP or the terminal.
 * Threads  one. WAL, synchronous=FULL, one writing connection: the file DIR/ledger.lock is flock'ed
 * by the process that opened it for writing. A reader (status, show) opens read-only and never
 * checkpoints. Memory   does not grow with the tenant: rows stream in and out. Faults FAULT_REFUSED
 * (locked, exists already, not there, of another version), FAULT_DAMAGED, FAULT_DISK_FULL,
 *          FAULT_IO, FAULT_DENIED, FAULT_MEMORY.
 */
#ifndef LEDGER_LEDGER_H
#define LEDGER_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "base/fault.h"
#include "move/change.h"
#include "move/profile.h"
#include "move/token_range.h"

struct ledger;

enum { LEDGER_BATCH_MAX = 4096, LEDGER_VERSION = 3 };

enum ledger_mode {
    LEDGER_CREATE, /* a new ledger; FAULT_REFUSED when there is one */
    LEDGER_WRITE,
    LEDGER_READ, /* works while another process writes */
};

struct ledger *ledger_open(const char *dir, enum ledger_mode mode, struct fault *f);
void ledger_close(struct ledger *l);
bool ledger_exists(const char *dir);
/* Once it is closed: is all of it in ledger.db, so that the file may be renamed? Not while another
 * program has it open. */
bool ledger_is_one_file(const char *dir);

/* Is a process writing? Its pid, or 0. */
int ledger_writer_pid(const char *dir);

/* Named texts: "plan.digest", "profile.text", "profile.sha256", "source.row",
 * "table.sunbird.user.shape", … */
bool ledger_put(struct ledger *l, const char *name, struct bytes value, struct fault *f);
/* *out in |a|; null when there is none. */
bool ledger_get(struct ledger *l, const char *name, struct arena *a, struct bytes *out,
                struct fault *f);
bool ledger_put_int(struct ledger *l, const char *name, int64_t value, struct fault *f);
bool ledger_get_int(struct ledger *l, const char *name, int64_t otherwise, int64_t *out,
                    struct fault *f);

/* ---- planning ---- */

/* Adds a change (seq is given by the ledger and written into |c|). Rows are committed in groups of
 * a few thousand; ledger_flush commits what is left. Not idempotent: ledger_forget_pass first when
 * a pass starts again. */
bool ledger_add(struct ledger *l, struct change *c, struct fault *f);
/* Rewrites a change that is still CHANGE_PLANNED or CHANGE_REJECTED, by seq. */
bool ledger_replace(struct ledger *l, const struct change *c, struct fault *f);
bool ledger_remove(struct ledger *l, int64_t seq, struct fault *f);
bool ledger_flush(struct ledger *l, struct fault *f);
/* Removes every change, range and total of a pass that was not finished. Only for passes none of
 * whose changes has been sent: else FAULT_INTERNAL. */
bool ledger_forget_pass(struct ledger *l, int pass, struct fault *f);

/* What a rule's scan of one pass came to. */
struct rule_total {
    char rule[NAME_TEXT_MAX];
    char table[2 * NAME_TEXT_MAX]; /* "sunbird.user", or "graph domain" */
    int pass;
    int ordinal;    /* the rule's place in the profile */
    char note[256]; /* "not in this cluster", "left: <reason>", "without column …"; empty: scanned
                       as usual */
    bool server_filtered; /* the servers left other rows out: |scanned| is those that they sent */
    uint64_t scanned;     /* rows or nodes read */
    uint64_t matched;     /* that name the source */
    uint64_t changes;     /* planned */
    uint64_t collisions;  /* row moves that meet a row of the target */
    uint64_t rejected;
    uint64_t unread; /* parts of the table that could not be read */
    uint64_t duration_us;
};
bool ledger_put_total(struct ledger *l, const struct rule_total *t, struct fault *f);
/* In pass, then ordinal order. |pass| 0: all. */
bool ledger_each_total(struct ledger *l, int pass,
                       bool (*each)(void *context, const struct rule_total *t), void *context,
                       struct fault *f);
/* A part of the ring that a scan has read whole. */
struct scanned_range {
    struct token_range range;
    uint64_t rows;    /* in it */
    uint64_t matched; /* that name the source; to be put: those since the last call */
};
/* Writes how far a range is read, in the transaction of the changes that were added before: on disk
 * with them, at the next commit, and never without them. The one with the same start grows. */
bool ledger_put_range(struct ledger *l, int pass, const char *rule, const struct scanned_range *r,
                      struct fault *f);
/* In token order; none overlaps another. */
bool ledger_each_range(struct ledger *l, int pass, const char *rule,
                       bool (*each)(void *context, const struct scanned_range *r), void *context,
                       struct fault *f);

/* A part of the ring that could not be read. */
enum { UNREAD_TEXT_MAX = 512 };
struct unread_range {
    char rule[NAME_TEXT_MAX];
    char table[2 * NAME_TEXT_MAX];
    struct token_range range;
    char partition[UNREAD_TEXT_MAX]; /* its key as text; empty: it is not known */
    char reason[UNREAD_TEXT_MAX];    /* the server's words */
};
/* |pass| 1: of the plan, 0: of the last scan since. Committed with the next ledger_flush. */
bool ledger_clear_unread(struct ledger *l, int pass, const char *rule, struct fault *f);
bool ledger_put_unread(struct ledger *l, int pass, const struct unread_range *u, struct fault *f);
bool ledger_each_unread(struct ledger *l, int pass,
                        bool (*each)(void *context, const struct unread_range *u), void *context,
                        struct fault *f);

/* Removes all but the first of a pass's changes that have the same rule and key: a range that was
 * read again after a time-out gives its rows twice. */
bool ledger_drop_repeats(struct ledger *l, const char *rule, int pass, uint64_t *removed,
                         struct fault *f);

/* Has an earlier pass than |pass| moved the row with this key under this rule (CHANGE_COPIED, DONE
 * or READ), or may it have left half a copy of it (a plain move, rejected after it was sent)? */
bool ledger_has_moved(struct ledger *l, const char *rule, const struct named_cells *key, int pass,
                      bool *out, struct fault *f);
/* Was this row rejected in a pass before |pass|? */
bool ledger_has_rejected(struct ledger *l, const char *rule, const struct named_cells *key,
                         int pass, bool *out, struct fault *f);

/* True when nothing of the pass was ever sent. */
bool ledger_is_unsent(const struct ledger *l, int pass);

/* SHA-256 over all changes of pass 1, the same whatever order they were found in: the sum modulo
 * 2^256 of each change's own hash over rule, kind, origin, key, before, after, new_key,
 * target_before and fence (not state, seq, ttl, read_at). */
bool ledger_digest(struct ledger *l, char out[65], struct fault *f);

/* ---- applying ---- */

/* Takes the next changes that are planned, or were sent but never settled, in seq order, and marks
 * them sent. One fsync for the whole batch. Every change taken must be settled before the next
 * call.
 *
 * |phase|  RULE_MOVE or RULE_RETIRE: whose rules
 * |out|    room for |max| changes, 1 … LEDGER_BATCH_MAX; large ones come fewer at a time, since the
 * caller needs memory for the rows as they are now as well; .state is what it was before (PLANNED,
 * SENT or COPIED); their bytes live in |a| Returns the number taken, 0 at the end, or -1 with |f|
 * set. */
int ledger_take(struct ledger *l, enum rule_phase phase, struct change *out, int max,
                struct arena *a, struct fault *f);
/* Writes state and reason of those of |c| whose .state is |state|, on the disk when it returns:
 * CHANGE_COPIED of moves before their old rows go, CHANGE_SENT before a write whose time is in the
 * reason. */
bool ledger_mark(struct ledger *l, const struct change *c, int count, enum change_state state,
                 struct fault *f);
/* Writes state and reason of every change, one commit; on the disk with the next one that must be. */
bool ledger_settle(struct ledger *l, const struct change *c, int count, struct fault *f);

/* ---- reading ---- */

struct ledger_query {
    const char *rule;     /* NULL: all */
    unsigned state_mask;  /* 1 << enum change_state; 0: all */
    unsigned origin_mask; /* 1 << enum change_origin; 0: all */
    int pass;             /* 0: all */
    int64_t after_seq;    /* 0: from the start */
};
/* Up to |max| changes in seq order, fewer when they are large; bytes in |a|. The number, or -1. Call again with after_seq =
 * the last one's seq. */
int ledger_read(struct ledger *l, const struct ledger_query *q, struct change *out, int max,
                struct arena *a, struct fault *f);
/* The changes (of every pass) of one row, by its name as change_row_name prints it: "user:8a1c…".
 */
int ledger_read_row(struct ledger *l, const char *row_name, struct change *out, int max,
                    struct arena *a, struct fault *f);

/* The changes of every pass whose sync object and id are these: a few. */
int ledger_read_object(struct ledger *l, enum sync_object object, struct bytes id,
                       struct change *out, int max, struct arena *a, struct fault *f);

enum { CHANGE_STATES = CHANGE_UNDONE + 1 };
struct change_counts {
    uint64_t by_state[CHANGE_STATES];
    uint64_t all;
};
/* How many are not carried out yet. */
uint64_t change_counts_open(const struct change_counts *c);
/* Has anything been written already? What was rejected may be so since the plan. */
bool change_counts_are_begun(const struct change_counts *c);
/* |rule| NULL: all rules; |pass| 0: all. Cheap: kept up to date, not counted anew, for millions of
 * changes. */
bool ledger_count(struct ledger *l, const char *rule, enum rule_phase phase, int pass,
                  struct change_counts *out, struct fault *f);
/* The rules that have changes, with their phase, in profile order. */
bool ledger_each_rule(struct ledger *l,
                      bool (*each)(void *context, const char *rule, enum rule_phase phase),
                      void *context, struct fault *f);
/* Tells the ledger a rule's phase and ordinal before its first change is added. */
bool ledger_put_rule(struct ledger *l, const char *rule, enum rule_phase phase, int ordinal,
                     struct fault *f);

/* ---- sync ---- */

enum sync_state {
    SYNC_PENDING = 1, /* must be sent */
    SYNC_SENT,        /* the service took it */
    SYNC_RIGHT,       /* the document was read back and is right */
    SYNC_WRONG,       /* read back and not (yet) right */
    SYNC_FAILED,      /* the service refused it, after all retries */
};
struct sync_item {
    enum sync_object object;
    struct bytes id;
    struct bytes course_id; /* null but for batches of the course service */
    enum sync_state state;
    struct bytes reason;
};
/* Makes a pending item for every object that a change names which was read back, conflicts, or was
 * rejected after it was sent (nobody knows whether it was done); changes of an earlier collection are
 * not looked at again. To be called when no change is open. */
bool ledger_sync_collect(struct ledger *l, struct fault *f);
/* False: changes were added since. */
bool ledger_sync_is_collected(struct ledger *l, bool *out, struct fault *f);
/* Adds one item, or makes an existing one pending again (organisations; what was changed again by a
 * later pass). */
bool ledger_sync_add(struct ledger *l, const struct sync_item *item, struct fault *f);
/* Up to |max| items of one object in one of |state_mask|'s states, by id, after |after_id| (null:
 * from the start). */
int ledger_sync_read(struct ledger *l, enum sync_object object, unsigned state_mask,
                     struct bytes after_id, struct sync_item *out, int max, struct arena *a,
                     struct fault *f);
/* Writes state and reason, one commit. */
bool ledger_sync_settle(struct ledger *l, const struct sync_item *items, int count,
                        struct fault *f);
bool ledger_sync_count(struct ledger *l, enum sync_object object,
                       uint64_t by_state[SYNC_FAILED + 1], struct fault *f);

/* ---- who ran what and when ---- */

struct phase_run {
    int64_t id;
    char name[16];                /* "plan", "apply" … */
    int64_t started_us, ended_us; /* ended 0: it did not end (killed), or is running */
    char outcome[64];             /* "done", "interrupted", a fault's name; empty while it runs */
    char who[64], host[64];
    int pid;
    uint64_t done, total;
};
bool ledger_phase_begin(struct ledger *l, const char *name, int64_t *id, struct fault *f);
bool ledger_phase_end(struct ledger *l, int64_t id, const char *outcome, uint64_t done,
                      uint64_t total, struct fault *f);
/* What somebody did to a phase while it ran: a line of the history that begins and ends now. */
bool ledger_note(struct ledger *l, const char *name, const char *what, const char *who,
                 struct fault *f);
bool ledger_each_phase(struct ledger *l, bool (*each)(void *context, const struct phase_run *p),
                       void *context, struct fault *f);

#endif
