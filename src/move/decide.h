/* move/decide.h: given this row and this rule, what changes? Pure. */
#ifndef MOVE_DECIDE_H
#define MOVE_DECIDE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/fault.h"
#include "move/change.h"
#include "move/profile.h"
#include "move/row.h"

enum decision {
    DECIDE_NOTHING,   /* the rule does not match */
    DECIDE_CHANGE,    /* |out| is filled */
    DECIDE_NEED_TARGET, /* a row move: read the row at |out->new_key| and call decide_move */
    DECIDE_REJECT,    /* matched, but cannot be changed: |out->reason| says why, key and before are filled */
    DECIDE_FAILED,    /* out of memory: |f| is set */
};

/* What a matching row becomes. Everything in |out| lives in |a| or borrows from |r| and |b|.
 * The fence is max(writetime of the cells that the statement writes) + 1 (design 4); a fence in the future of
 * |now_us| by more than an hour is DECIDE_REJECT ("written with a timestamp of …"). */
enum decision decide(const struct bound_rule *b, const struct row *r, int64_t now_us,
                     struct arena *a, struct change *out, struct fault *f);

/* The second half for a row move: |target| is the row that stands at the new key, or NULL.
 * |carry|: an earlier pass of this move has moved this very key, so what is left in the old row was written
 * since: cell by cell the newest wins, the collision policy is not asked.
 * Without a target row: CHANGE_PLAIN. With one: policy stop → DECIDE_REJECT; keep-target → CHANGE_DROP;
 * merge → CHANGE_MERGE (live beats deleted, earliest, union; other columns: the target's value where it has one). */
enum decision decide_move(const struct bound_rule *b, const struct row *r, const struct row *target,
                          bool carry, struct arena *a, struct change *out, struct fault *f);

/* Does this row still name the source? The same test that decide makes, without building a change. */
bool rule_matches(const struct bound_rule *b, const struct row *r);

/* List with every |from| replaced by |to|, no second |to|, order kept. False: |from| is not in it.
 * Sets come out sorted as Cassandra sorts text. FAULT_DAMAGED for bytes that are not a list. */
bool list_replace(struct bytes list, bool is_set, struct bytes from, struct bytes to,
                  struct arena *a, struct bytes *out, struct fault *f);

#endif
