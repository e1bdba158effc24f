/* report/csv_plan.h: the plan as CSV, one file per rule, for people and spreadsheets.
 *
 *   row_name, the key's columns, X.before, X.after for each touched column X, kind, origin, state,
 *   fence, reason
 * Knows    the ledger only.
 * Memory   does not grow with the plan. A field is empty where a change does not touch the column;
 *          no value is "null".
 */
#ifndef REPORT_CSV_PLAN_H
#define REPORT_CSV_PLAN_H

#include <stdint.h>

#include "ledger/ledger.h"

/* Writes DIR/<rule>.csv for each rule that has changes in |pass| (0: in any), each all at once.
 * *files: how many, may be NULL. */
bool csv_plan_write(struct ledger *l, const char *dir, int pass, int *files, struct fault *f);

/* One rule's file. *rows: how many changes, may be NULL. */
bool csv_plan_write_rule(struct ledger *l, const char *rule, int pass, const char *path,
                         uint64_t *rows, struct fault *f);

#endif
