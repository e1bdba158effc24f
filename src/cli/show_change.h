/* cli/show_change.h: one change of the ledger as text for people, or as one line of JSON.
 *
 * Shows the key and what the change touches; of a row that moves, the columns that stay the same are only counted.
 */
#ifndef CLI_SHOW_CHANGE_H
#define CLI_SHOW_CHANGE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "ledger/ledger.h"
#include "move/change.h"
#include "report/columns.h"

/* The column types of the rule that was asked for last. */
struct show_types {
    struct ledger *ledger;
    struct arena arena;
    char rule[NAME_TEXT_MAX];
    struct report_columns columns; /* none for a graph rule */
};

void show_types_init(struct show_types *t, struct ledger *l);
void show_types_fini(struct show_types *t);

bool show_change_text(struct show_types *t, const struct change *c, struct buf *out,
                      struct fault *f);
bool show_change_json(struct show_types *t, const struct change *c, struct buf *out,
                      struct fault *f);

#endif
