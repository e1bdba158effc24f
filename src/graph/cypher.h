/* graph/cypher.h: the statements that Neo4j is asked, and their parameters as JSON. Pure: no I/O.
 *
 * Names come from a profile, so they are quoted, and refused where quoting cannot make them safe;
 * values only ever travel as parameters.
 */
#ifndef GRAPH_CYPHER_H
#define GRAPH_CYPHER_H

#include "base/buf.h"
#include "graph/graph.h"

enum { CYPHER_PAGE = 1000 };

/* The properties that a batch speaks of: the union over its nodes. */
struct cypher_names {
    const char *names[GRAPH_PROPERTIES_MAX];
    int count;
};

/* `name` in backticks. FAULT_USAGE: empty, or with a backtick, a backslash (Cypher reads \u0060 as
 * a backtick), a control character or bytes that are not UTF-8. */
bool cypher_name(struct buf *out, const char *name, struct fault *f);

/* Pages by node id; parameters $last, $equals, $contains. Columns: id, uid, property, list (as far
 * as asked for). */
bool cypher_scan(struct buf *out, const struct graph_find *find, struct fault *f);
bool cypher_count(struct buf *out, const struct graph_find *find, struct fault *f);
bool cypher_count_all(struct buf *out, const char *label, struct fault *f);
void cypher_find_parameters(struct buf *out, const struct graph_find *find, int64_t last);

/* FAULT_INTERNAL: more than GRAPH_PROPERTIES_MAX different names. */
bool cypher_collect_names(struct cypher_names *out, const struct node_write *writes, int count,
                          struct fault *f);

/* Locks, compares and sets $rows; columns: row number, "done", "was", "conflict" or "gone". A row
 * whose node does not exist gives none. */
bool cypher_write(struct buf *out, const char *label, const char *id_property,
                  const struct cypher_names *names, struct fault *f);
/* Reads $rows; columns: row number, uid, then the properties of |names|. */
bool cypher_read(struct buf *out, const char *label, const char *id_property,
                 const struct cypher_names *names, struct fault *f);
/* {"rows":[{"i":0,"id":7,"uid":"do_1","h0":true,"b0":…,"a0":…}, …]}: h: the row has this property,
 * b: before, a: after. |with_values|: false for cypher_read. */
void cypher_rows(struct buf *out, const struct node_write *writes, int count,
                 const struct cypher_names *names, bool with_values);

#endif
