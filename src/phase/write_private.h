/* phase/write_private.h: how the kinds of change are carried out. Each function takes changes of
 * its own kind, writes, reads back, heals, and leaves a final state and a reason in every one of
 * them. */
#ifndef PHASE_WRITE_PRIVATE_H
#define PHASE_WRITE_PRIVATE_H

#include "phase/phase_private.h"

/* One change on its way, with the rule it came from. */
struct work {
    struct change *change;
    const struct bound_rule *bound; /* NULL for nodes */
    const struct rule *rule;
};

struct batch {
    struct move *move;
    struct arena *arena; /* everything of this batch */
    struct work *works;
    int count;
};

/* write.c: finds each change's rule. FAULT_REFUSED when one cannot be carried out here. */
bool batch_make(struct move *m, const struct move_rules *rules, struct change *changes, int count,
                struct arena *a, struct batch *b, struct fault *f);

/* write_node.c: a node change as the graph takes it. */
bool node_write_fill(const struct batch *b, const struct work *work, struct node_write *out,
                     struct fault *f);

bool write_updates(struct batch *b, struct fault *f);
bool write_lists(struct batch *b, struct fault *f);
bool write_nodes(struct batch *b, struct fault *f);
/* Row moves are done in two halves, with ledger_mark between them. */
bool write_copies(struct batch *b, struct fault *f);
bool write_deletes(struct batch *b, struct fault *f);

/* ---- write_ops.c: a growing list of operations ---- */

struct op_list {
    struct row_op **v;
    int count, max;
};

bool op_list_init(struct op_list *l, int max, struct arena *a, struct fault *f);
/* Adds one operation on the row |key| of the change's table; NULL with |f| set when the list is
 * full or a key part is missing. */
struct row_op *op_list_add(struct op_list *l, const struct batch *b, const struct work *w,
                           enum store_op_kind kind, const struct named_cells *key, struct fault *f);
/* Points |op| at |n| cells, by column name; a column that the table does not have is
 * FAULT_INTERNAL. */
bool op_cells(struct row_op *op, const struct table *t, const struct named_cell *const *cells,
              int n, struct arena *a, struct fault *f);
bool op_conditions(struct row_op *op, const struct table *t, const struct named_cell *const *cells,
                   int n, struct arena *a, struct fault *f);

/* What is left of a cell's TTL now; 0: for ever; -1: it has expired. */
int32_t ttl_left(const struct named_cell *c, const struct change *change, int64_t now_us);

int cell_column(const struct table *t, struct bytes name);
/* The current cell of a row, by name; NULL when the row has no such column. */
const struct cell *row_cell(const struct row *r, struct bytes name);

/* Of a change that is written once more, with a time that is not its fence: SENT, with that time as
 * the reason; and the time that a run which was cut short left there, 0: none. */
bool settle_again(const struct batch *b, struct work *w, int64_t at_us, struct fault *f);
int64_t again_at(const struct change *c);

/* Sets state and reason; the text is copied into the batch's arena. */
bool settle(const struct batch *b, struct work *w, enum change_state state, struct fault *f,
            const char *format, ...) __attribute__((format(printf, 5, 6)));

#endif
