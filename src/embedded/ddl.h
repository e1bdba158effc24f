/* embedded/ddl.h: reads tables out of CQL schema texts.
 *
 * Owns     nothing. Pure: text in, tables out.
 * Reads    CREATE TABLE with column types, `static`, and every form of PRIMARY KEY; USE.
 * Skips    CREATE KEYSPACE, CREATE INDEX and what stands behind WITH: an embedded file has no
 * replicas and no indexes. Every other statement is refused, so that nothing of a schema is lost
 * unseen.
 */
#ifndef EMBEDDED_DDL_H
#define EMBEDDED_DDL_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/fault.h"
#include "move/table.h"

/* Calls |each| for every CREATE TABLE in order; |t| is finished (move/table.h) and lives in |a|.
 * |if_not_exists|: the statement said so. False from |each| stops, with its fault.
 *
 * FAULT_USAGE with "line N" as the subject for text that cannot be read, FAULT_SCHEMA for a table
 * that cannot be. */
bool ddl_read(struct bytes text, struct arena *a,
              bool (*each)(void *context, const struct table *t, bool if_not_exists,
                           struct fault *f),
              void *context, struct fault *f);

#endif
