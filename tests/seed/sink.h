/* seed/sink.h: writes rows into a store, many at once, naming columns by name.
 *
 * A table or column that this schema does not have is left out: one seed fits every generation.
 */
#ifndef SEED_SINK_H
#define SEED_SINK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/fault.h"
#include "store/store.h"

struct sink;
struct draft;

struct sink *sink_new(struct store *s, struct fault *f);
void sink_free(struct sink *k);

/* Begins a row. NULL with *f untouched: the table is not there, and the calls below do nothing. */
struct draft *sink_row(struct sink *k, const char *keyspace, const char *name,
                       enum store_op_kind kind, int64_t timestamp, int32_t ttl);
void draft_bytes(struct draft *d, const char *column, struct bytes value);
void draft_text(struct draft *d, const char *column, const char *value);
void draft_int(struct draft *d, const char *column, int32_t value);
void draft_bool(struct draft *d, const char *column, bool value);
void draft_list(struct draft *d, const char *column, const char *const *values, int count);
void draft_done(struct draft *d);

/* Waits for all that is on its way. False with the first failure. */
bool sink_flush(struct sink *k, struct fault *f);

/* Has something failed already? For loops that should end early. */
bool sink_failed(const struct sink *k);
uint64_t sink_rows(const struct sink *k);

#endif
