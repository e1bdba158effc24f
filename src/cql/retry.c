#include "cql/retry.h"

#include "net/loop.h"

uint32_t cql_backoff_max_ms(int n)
{
    uint32_t ms = CQL_BACKOFF_FIRST_MS;
    while (n-- > 0 && ms < CQL_BACKOFF_MAX_MS)
        ms *= 2;
    return ms < CQL_BACKOFF_MAX_MS ? ms : CQL_BACKOFF_MAX_MS;
}

uint32_t cql_backoff_ms(int n)
{
    return random_below(cql_backoff_max_ms(n) + 1);
}

enum cql_action cql_retry_decide(const struct cql_error *e, enum cql_purpose purpose, int tries,
                                 int max_retries)
{
    enum cql_action action = cql_error_action(e, purpose);
    int most = cql_error_rule(e->code)->retries;
    if (most == CQL_RETRY_BUDGET || most > max_retries)
        most = max_retries;
    switch (action) {
    case CQL_RETRY_HERE:
    case CQL_RETRY_ELSEWHERE:
    case CQL_SLOW_DOWN: return tries < most ? action : CQL_FAIL_ROW;
    case CQL_NEXT_VERSION: /* the version was agreed long ago */ return CQL_FAIL_RUN;
    case CQL_FAIL_RUN:
    case CQL_FAIL_ROW:
    case CQL_REPREPARE:
    case CQL_SPLIT_RANGE: return action;
    }
    return CQL_FAIL_ROW;
}
