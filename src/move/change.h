/* move/change.h: one change of the plan: what a row was, and what it will be.
 *
 * A change is complete in itself: with it alone apply writes, checks and heals, and undo takes back.
 */
#ifndef MOVE_CHANGE_H
#define MOVE_CHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "base/fault.h"
#include "move/row.h"

enum change_kind {
    CHANGE_UPDATE = 1, /* plain columns, fenced */
    CHANGE_LIST,       /* a list or set column, by UPDATE … IF column = before */
    CHANGE_MOVE,       /* the reference is in the key: copy, read back, delete */
    CHANGE_NODE,       /* properties of a graph node */
};

/* How a change came about, beyond "the rule matched". */
enum change_origin {
    CHANGE_PLAIN = 0,
    CHANGE_MERGE,     /* MOVE onto a row that exists at the target: |after| is the merged row */
    CHANGE_DROP,      /* MOVE where the target's row stays as it is: only the old row is deleted */
    CHANGE_CARRY,     /* MOVE of what was written into the old row after an earlier pass moved it */
    CHANGE_COMPANION, /* UPDATE of a companion column that an earlier pass could not write */
};

enum change_state {
    CHANGE_PLANNED = 1,
    CHANGE_SENT,     /* on disk before its bytes leave; the answer may be unknown */
    CHANGE_COPIED,   /* MOVE: the new row is read back, the delete of the old one may be sent */
    CHANGE_DONE,     /* acknowledged, not yet read back */
    CHANGE_READ,     /* read back: as planned */
    CHANGE_CONFLICT, /* somebody else changed the row; theirs stays, ours is taken back */
    CHANGE_REJECTED, /* the server refused it, or it cannot be decided */
    CHANGE_SKIPPED,  /* by policy */
    CHANGE_UNDONE,
};

/* A column or property by name. */
struct named_cell {
    struct bytes name;
    struct bytes value; /* CQL serialization; null: no value */
    /* As read, or WRITETIME_NONE; in |after|: the timestamp that this cell is written with, or
     * WRITETIME_NONE for the change's fence. */
    int64_t writetime;
    int32_t ttl; /* seconds left at the moment of reading, 0: for ever */
};

struct named_cells {
    struct named_cell *v;
    int n;
};

enum { CHANGE_CELLS_MAX = TABLE_COLUMNS_MAX };

struct change {
    int64_t seq; /* 1 … ; given by the ledger */
    int pass;    /* 1: the plan that was read; 2 …: found while apply converged */
    struct bytes rule;
    enum change_kind kind;
    enum change_origin origin;
    enum change_state state;
    /* The primary key; of a MOVE the old row's. A NODE: the id property (null when it has none) and
     * "node", the server's own id as decimal text. */
    struct named_cells key;
    struct named_cells before;  /* every column that the change touches or that undo needs */
    struct named_cells after;   /* what it writes; of a MOVE every column written to the new row */
    struct named_cells new_key; /* MOVE: the key of the new row */
    struct named_cells target_before; /* MOVE: the row at the new key, key included; n = 0: none */
    /* Timestamp of an UPDATE, and of a MOVE's delete of the old row; WRITETIME_NONE: conditional. */
    int64_t fence;
    int64_t read_at_us; /* when the row was read: a TTL runs from here */
    int sync_object; /* enum sync_object of profile.h: whose document must be synced afterwards */
    struct bytes sync_id;        /* its id; null when sync_object is SYNC_NONE */
    struct bytes sync_course_id; /* batches of the newer course service; else null */
    struct bytes reason;         /* for each state that is not plain success */
};

/* One blob per list of cells, for the ledger. Decoding borrows from |blob| and puts the array in |a|;
 * damaged bytes give FAULT_DAMAGED. encode(decode(x)) = x. */
bool named_cells_encode(const struct named_cells *cells, struct buf *out);
bool named_cells_decode(struct bytes blob, struct arena *a, struct named_cells *out,
                        struct fault *f);

/* The cell of that name, or NULL. */
const struct named_cell *named_cells_find(const struct named_cells *cells, const char *name);

/* The row that a change was made from, as far as the change knows it: its key and its |before| cells (a MOVE: that
 * is the whole row). All other cells are null and not selected. The array is in |a|, the bytes are borrowed from
 * the change. FAULT_SCHEMA when |t| has no such column, FAULT_MEMORY. */
bool row_from_cells(struct row *out, const struct table *t, const struct named_cells *key,
                    const struct named_cells *before, struct arena *a, struct fault *f);

/* "user:8a1c…" or "membership:u1/o2": rule and key as one line for people and for --row. Key parts are
 * separated by '/', and '%', '/', ':' and bytes that are not printable are %XX. */
void change_row_name(const struct change *c, struct buf *out);

const char *change_kind_name(enum change_kind kind);
const char *change_origin_name(enum change_origin origin);
const char *change_state_name(enum change_state state);

#endif
