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
    DECIDE_NOTHING,     /* the rule does not match */
    DECIDE_CHANGE,      /* |out| is filled */
    DECIDE_NEED_TARGET, /* a row move: read the row at |out->new_key| and call decide_move */
    DECIDE_REJECT,      /* cannot be changed: |out->reason| says why; key and before are filled */
    DECIDE_FAILED,      /* out of memory: |f| is set */
};

/* What a matching row becomes. Everything in |out| lives in |a| or borrows from |r| and |b|.
 * The fence is max(writetime of the cells that the statement writes) + 1 (design 4); a fence in the future of
 * |now_us| by more than an hour is DECIDE_REJECT ("written with a timestamp of …"). A rule with `leave` gives
 * DECIDE_NOTHING: ask rule_matches for the count. A companion column that is null has no writetime of its own, and
 * gets the TTL of the found cell. |out| needs no value before; read_at_us becomes |now_us|. */
enum decision decide(const struct bound_rule *b, const struct row *r, int64_t now_us,
                     struct arena *a, struct change *out, struct fault *f);

/* The second half for a row move: |target| is the row that stands at the new key, or NULL.
 * |carry|: an earlier pass of this move has moved this very key, so what is left in the old row was written
 * since: cell by cell the newest wins, the collision policy is not asked.
 * Without a target row: CHANGE_PLAIN. With one: policy stop → DECIDE_REJECT; keep-target → CHANGE_DROP;
 * merge → CHANGE_MERGE (live beats deleted, earliest, union; other columns: the target's value where it has one).
 * |out| is filled anew from |r|, but for its seq, pass and read_at_us; |r| may come from row_from_cells.
 * MERGE and CARRY: |after| is only what differs from the target's row, and may be empty: then only the old row is
 * deleted. Carried collections of many cells have no times: both rows' elements are united (the target's first); kinds
 * for which that is unknown are DECIDE_REJECT. |target_before| is the target's whole row with its key. For `live`, a
 * row without the mark is live. */
enum decision decide_move(const struct bound_rule *b, const struct row *r, const struct row *target,
                          bool carry, struct arena *a, struct change *out, struct fault *f);

/* Does this row still name the source? The same test that decide makes, without building a change. */
bool rule_matches(const struct bound_rule *b, const struct row *r);

/* A graph rule bound to the two tenants. Values are borrowed from them and from the rule. */
struct bound_node {
    const struct rule *rule;
    const char *property; /* NULL: the rule looks at no text property */
    struct bytes find_value, set_value;
    const char *list; /* NULL: the rule looks at no list */
    struct bytes replace_from, replace_to;
};

/* FAULT_REFUSED when a value that the rule needs is empty (target hashtagid). */
bool rule_bind_node(struct bound_node *b, const struct rule *r, const struct tenant *source,
                    const struct tenant *target, struct fault *f);

/* Does a node with these two values still name the source: the property equals find_value, or the list contains
 * replace_from? A list is in the serialization of list<text>; null: the node does not have it. */
bool node_matches(const struct bound_node *b, struct bytes property, struct bytes list);

/* What a node becomes: DECIDE_NOTHING, DECIDE_CHANGE, DECIDE_REJECT (bytes that are not a list) or DECIDE_FAILED.
 * |out| is a CHANGE_NODE: |key| is the id property (null: the node has none) and "node", the server's own id as
 * decimal text; |before| and |after| hold only what changes, in the same order: property, then list.
 * A rule with `leave` gives DECIDE_NOTHING. */
enum decision decide_node(const struct bound_node *b, struct bytes uid, int64_t node_id,
                          struct bytes property, struct bytes list, int64_t now_us, struct arena *a,
                          struct change *out, struct fault *f);

/* The server's own node id of a CHANGE_NODE; false when its key is damaged. */
bool change_node_id(const struct change *c, int64_t *out);

/* List with every |from| replaced by |to|, no second |to|, order kept. False: |from| is not in it.
 * Sets come out sorted as Cassandra sorts text. FAULT_DAMAGED for bytes that are not a list. */
bool list_replace(struct bytes list, bool is_set, struct bytes from, struct bytes to,
                  struct arena *a, struct bytes *out, struct fault *f);

#endif
