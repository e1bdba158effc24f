/* embedded/file.h: a small Cassandra, search index and graph in one SQLite file.
 *
 * Owns     the file, its transactions and the tables that it knows. It plays servers: what is
 * committed survives the end of the process, and several connections (store, index, graph) may
 * share one file. Parts    cells.h the cell rules · rows.h the rows · documents.h the index ·
 * nodes.h the graph. Threads  one per connection.
 */
#ifndef EMBEDDED_FILE_H
#define EMBEDDED_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/fault.h"
#include "move/table.h"

struct embedded;

enum { EMBEDDED_SCHEMA_MAX = 4 * 1024 * 1024 };

/* Opens |path|; |create|: makes it when it is not there. FAULT_UNREACHABLE (not there),
 * FAULT_DENIED, FAULT_UNSUPPORTED (another kind of file), FAULT_DAMAGED, FAULT_IO. */
struct embedded *embedded_open(const char *path, bool create, struct fault *f);

/* Closes it; what the write-ahead log holds goes into the file. */
void embedded_free(struct embedded *e);

const char *embedded_path(const struct embedded *e);
bool embedded_is_read_only(const struct embedded *e);

/* A group of writes: all or nothing on disk. They do not nest. FAULT_DISK_FULL, FAULT_TIMEOUT
 * (another process holds the file), FAULT_IO. After a failed commit nothing of the group is kept.
 */
bool embedded_begin(struct embedded *e, struct fault *f);
bool embedded_commit(struct embedded *e, struct fault *f);
void embedded_rollback(struct embedded *e);

/* A number that differs whenever another connection has written since. */
int64_t embedded_version(struct embedded *e);

/* Makes the tables of a CQL schema text (ddl.h), all or none. One that is there already is kept
 * when the text says IF NOT EXISTS, else FAULT_SCHEMA. */
bool embedded_schema(struct embedded *e, struct bytes ddl, struct fault *f);

/* A table by its exact name, borrowed as long as |e|. *out = NULL: there is none. */
bool embedded_table(struct embedded *e, const char *keyspace, const char *name,
                    const struct table **out, struct fault *f);

/* Calls |each| for every table by name; false from it stops. |keyspace| NULL: of every keyspace. */
bool embedded_tables(struct embedded *e, const char *keyspace,
                     bool (*each)(void *context, const char *keyspace, const char *name),
                     void *context, struct fault *f);

#endif
