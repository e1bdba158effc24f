/* report/cypher_file.h: the plan of a graph rule as statements for cypher-shell.
 *
 * Each statement is one transaction of up to 500 nodes, and the very one that apply sends: it locks
 * each node, compares it with what the plan saw, and sets only what is equal. Running the file
 * twice, or after apply, changes nothing. Only its values are literals.
 */
#ifndef REPORT_CYPHER_FILE_H
#define REPORT_CYPHER_FILE_H

#include <stdint.h>

#include "ledger/ledger.h"
#include "move/profile.h"

/* Writes DIR/<rule>.cypher, all at once, with the changes of |pass| (0: of all) that are neither
 * rejected nor skipped. |path| gets its name; *nodes, how many, may be NULL. */
bool cypher_file_write(struct ledger *l, const struct rule *rule, int pass, const char *dir,
                       char *path, size_t path_size, uint64_t *nodes, struct fault *f);

/* A string literal with its quotes, as Neo4j 3.5, 4.4 and 5 read it. */
void cypher_quote(struct buf *out, struct bytes text);

#endif
