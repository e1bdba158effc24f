/* cql/retry.h: how often, and after how long, a request is sent again.
 *
 * Pure. What an error means is in the table of cql/wire/error.h; here it meets the counts of one
 * request.
 */
#ifndef CQL_RETRY_H
#define CQL_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#include "cql/wire/error.h"

enum { CQL_BACKOFF_FIRST_MS = 50, CQL_BACKOFF_MAX_MS = 5000 };

/* The longest wait before the |n|th try (from 0): 50 ms · 2ⁿ, at most 5 s. With full jitter the
 * wait is a random part of it, so that workers that failed together do not come back together. */
uint32_t cql_backoff_max_ms(int n);
/* One such wait. */
uint32_t cql_backoff_ms(int n);

/* What to do about |e|, when the request was retried |tries| times before and may be |max_retries|
 * times: the table's action, or CQL_FAIL_ROW where retries are used up. */
enum cql_action cql_retry_decide(const struct cql_error *e, enum cql_purpose purpose, int tries,
                                 int max_retries);

#endif
