/* report/columns.h: values of the ledger as text, with the column types that the plan found.
 *
 * Knows    the ledger only: a report needs no server.
 */
#ifndef REPORT_COLUMNS_H
#define REPORT_COLUMNS_H

#include "ledger/ledger.h"
#include "move/table.h"

struct report_column {
    char name[NAME_TEXT_MAX];
    struct type type;
};

struct report_columns {
    struct report_column *v;
    int n;
    struct bytes personal; /* names, each with a line break */
};

#define REPORT_MASK "(personal)"

/* The columns of a rule's table ("table.<rule>.columns", as table_columns_text writes them), in
 * |a|, and which are personal ("table.<rule>.personal"); none for a graph rule. FAULT_DAMAGED for a text that is none. */
bool report_columns_read(struct ledger *l, const char *rule, struct arena *a,
                         struct report_columns *out, struct fault *f);

/* True: reports say that the column has a value, not which (`personal:` in the profile). */
bool report_is_personal(const struct report_columns *columns, struct bytes name);

/* Appends a value for people, or REPORT_MASK for one that is personal. Of a column without a type (a node's property), a value that can be a
 * list is one, else it is text. */
void report_value(const struct report_columns *columns, struct bytes name, struct bytes value,
                  struct buf *out);

#endif
