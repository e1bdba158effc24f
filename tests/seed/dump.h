/* seed/dump.h: every row of a table as one line, sorted: for comparing stores row by row. */
#ifndef SEED_DUMP_H
#define SEED_DUMP_H

#include <stdbool.h>
#include <stdio.h>

#include "base/fault.h"
#include "store/store.h"

/* {"id": "…", "channel": "rj", …}, nulls left out; with timestamps: "channel": ["rj", 1704067200000000]. */
bool dump_table(struct store *s, const char *keyspace, const char *name, bool with_timestamps,
                FILE *out, struct fault *f);

#endif
