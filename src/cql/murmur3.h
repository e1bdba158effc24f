/* cql/murmur3.h: the token of a partition key, as Cassandra's Murmur3Partitioner computes it.
 *
 * It is not the standard MurmurHash3: tail bytes are sign-extended, because Java's bytes are
 * signed.
 */
#ifndef CQL_MURMUR3_H
#define CQL_MURMUR3_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/bytes.h"

/* The token of a serialized partition key. The empty (or null) key has INT64_MIN, no other has:
 * a hash of INT64_MIN becomes INT64_MAX. */
int64_t cql_token(struct bytes partition_key);

/* Appends the serialized partition key of |count| components: one component as it is, several each
 * as length (16 bits), bytes, 0x00. False: a component is null or longer than 65535 bytes
 * (Cassandra takes no longer key), or |out| is full; |out| is then as it was. */
bool cql_partition_key(struct buf *out, const struct bytes *components, int count);

#endif
