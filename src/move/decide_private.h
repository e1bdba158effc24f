/* move/decide_private.h: what the files of decide share. */
#ifndef MOVE_DECIDE_PRIVATE_H
#define MOVE_DECIDE_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

#include "move/change.h"
#include "move/decide.h"

/* A timestamp this far ahead of us cannot be passed without harm: the cell would stay ours for as
 * long. */
#define FENCE_AHEAD_MAX_US (INT64_C(3600) * 1000 * 1000)

/* Room for |n| named cells, which cells_add fills. */
bool cells_new(struct named_cells *cells, int n, struct arena *a);
void cells_add(struct named_cells *cells, const char *name, struct bytes value, int64_t writetime,
               int32_t ttl);

/* The cell's writetime + 1; WRITETIME_NONE stays. */
int64_t writetime_after(int64_t writetime);

/* Gives |out| its reason, and no |after|: DECIDE_REJECT, or DECIDE_FAILED when memory is out. */
enum decision decide_reject(struct change *out, struct arena *a, struct fault *f,
                            const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Is |newest| so far ahead of |now_us| that a fence behind it would block the application? */
bool is_far_ahead(int64_t newest, int64_t now_us);

/* Rule, key and sync ids of a change; what a move reads and would write without a target row; the
 * row that stands at the new key. False: out of memory. */
bool decide_begin(const struct bound_rule *b, const struct row *r, struct arena *a,
                  struct change *out);
bool decide_fill_move(const struct bound_rule *b, const struct row *r, struct arena *a,
                      struct change *out);
bool decide_fill_target(const struct row *target, struct arena *a, struct change *out);

/* The old row with the rule's values: what it would be at its new key. Writetimes are still those
 * read; a column that was null has the row's newest. */
struct row row_at_target(const struct bound_rule *b, const struct row *r, struct arena *a);

bool list_contains(struct bytes list, struct bytes element);

/* What both lists, sets or maps of type |t| hold: the target's elements, then those that only
 * |source| has; an entry of a map that both have is the target's. Sets and maps come out sorted,
 * which is only known how to do for text: UNION_UNKNOWN otherwise, and for damaged bytes. */
enum union_result { UNION_DONE, UNION_UNKNOWN, UNION_NO_MEMORY };
enum union_result collection_union(const struct type *t, struct bytes target, struct bytes source,
                                   struct arena *a, struct bytes *out);

#endif
