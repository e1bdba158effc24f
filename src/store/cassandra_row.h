/* store/cassandra_row.h: rows of a result as rows of a table.
 *
 * Pure. Values stay where they were received: nothing is copied or allocated.
 */
#ifndef STORE_CASSANDRA_ROW_H
#define STORE_CASSANDRA_ROW_H

#include <stdbool.h>

#include "base/fault.h"
#include "cql/wire/rows.h"
#include "move/row.h"

enum { CASSANDRA_WIDTH_MAX = 3 * TABLE_COLUMNS_MAX };

/* Fills |row| from the next row of a READ or scan of |selected|: 1, 0 at the end, -1 with |f|:
 * FAULT_PROTOCOL. |cells| is room for CASSANDRA_WIDTH_MAX. */
int cassandra_row_next(struct cql_rows *rows, const bool *selected, struct bytes *cells,
                       struct row *row, struct fault *f);

/* The answer of a conditional statement: was it applied? If not, |row| gets the columns that came
 * with it, and *exists says whether any did. False with |f|: FAULT_PROTOCOL. */
bool cassandra_row_applied(struct cql_rows *rows, struct bytes *cells, struct row *row,
                           bool *applied, bool *exists, struct fault *f);

#endif
