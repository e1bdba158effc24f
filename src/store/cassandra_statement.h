/* store/cassandra_statement.h: the CQL text of each operation, and the values that its markers
 * take.
 *
 * Pure. Names are quoted and fully qualified, columns are always listed: a statement means the same
 * whatever the session's keyspace is and whatever columns are added to the table.
 */
#ifndef STORE_CASSANDRA_STATEMENT_H
#define STORE_CASSANDRA_STATEMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "store/store.h"

/* Bytes that bound integers stand in, as long as the request lives. */
struct statement_integers {
    uint8_t timestamp[8];
    uint8_t ttl[4];
};

/* Appends "ks"."table". */
void statement_table(struct buf *out, const struct table *t);
/* Appends a name in quotes. */
void statement_name(struct buf *out, const char *name);

/* How many columns a READ or scan of |selected| (NULL: all) gives: a column, and its writetime and
 * TTL where it has them. Columns of the key are always read. */
int statement_width(const struct table *t, const bool *selected);
/* Does |column| have a writetime that can be read: not of the key, one cell. */
bool statement_has_writetime(const struct table *t, int column);

/* SELECT … WHERE token(…) > ? AND token(…) <= ? ; |first|: >= for the ring's beginning. With |find|
 * the server leaves the other rows out (… AND column = ? ALLOW FILTERING). */
void statement_scan(struct buf *out, const struct table *t, const bool *selected, bool first,
                    const struct store_find *find);

/* SELECT DISTINCT … of the partition key alone, of one partition of such a range. */
void statement_scan_keys(struct buf *out, const struct table *t, bool first);

/* How many columns of the key |op| names. */
int statement_key_count(const struct store_op *op);
/* The text of |op|. */
void statement_of(struct buf *out, const struct store_op *op);
/* At most so many values does |op| bind. */
int statement_values_max(const struct store_op *op);
/* They, in the order of the markers; borrowed from |op| and |integers|. Returns how many. */
int statement_values(const struct store_op *op, struct statement_integers *integers,
                     struct bytes *values);

/* May |op| share a request with others of its kind? Not what has a condition; not what writes a
 * collection of several cells, which must not be written twice; a read, only by a partition key of
 * one column and its whole clustering key. */
bool statement_may_share(const struct store_op *op);
/* The text of |count| operations like |op| in one request: an UNLOGGED BATCH of writes, each with its
 * own timestamp; or SELECT … WHERE pk IN (?, …) AND ck = ?, of rows whose clustering keys are equal. */
void statement_of_many(struct buf *out, const struct store_op *op, int count);
/* The values of reads that share a request. Those of writes stand one after the other. */
int statement_values_of_reads(struct store_op *const *ops, int count, struct bytes *values);

void statement_put_i64(uint8_t out[8], int64_t v);

#endif
