/* cql/ring.h: cuts the token ring into ranges for a scan.
 *
 * Pure arithmetic. Every token from INT64_MIN to INT64_MAX is in exactly one range of a cut.
 * In CQL a range is  token(pk) > start AND token(pk) <= end,  with >= where start is INT64_MIN.
 * No range made here ends at INT64_MIN, which Cassandra would take for "without end".
 */
#ifndef CQL_RING_H
#define CQL_RING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"
#include "move/token_range.h"

enum { CQL_RING_TOKENS_MAX = 1 << 20, CQL_RING_RANGES_MAX = 1 << 21 };

/* Cuts the ring at the tokens of all nodes (any order, repeats allowed; none is allowed too), and
 * cuts wide ranges evenly, so that none is wider than 1/|least| of the ring: at least |least|
 * ranges come out. In ring order from INT64_MIN on.
 *
 * |*ranges|  from malloc; the caller frees it
 *
 * FAULT_MEMORY; FAULT_PROTOCOL when there are more tokens, or FAULT_USAGE when more ranges are
 * wanted, than the maximum above. */
bool cql_ring_cut(const int64_t *tokens, int token_count, int least, struct token_range **ranges,
                  int *range_count, struct fault *f);

/* Cuts one range into two halves; false when it is too small (one or two tokens). */
bool cql_range_halve(struct token_range range, struct token_range *left, struct token_range *right);

/* The |i|th of |pieces| even pieces of a range; none is empty while the range is wider than that. */
struct token_range cql_range_piece(struct token_range range, int i, int pieces);

/* How much of the ring it is, 0 … 1. */
double cql_range_part(struct token_range range);

bool cql_range_has(struct token_range range, int64_t token);

/* The first part of |*range| that is in none of |without| (in ring order, none overlaps another);
 * |*range| becomes what lies behind it. False: there is none. */
bool cql_range_next_without(struct token_range *range, const struct token_range *without, int count,
                            struct token_range *part);

#endif
