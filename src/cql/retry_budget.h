/* cql/retry_budget.h: how many requests may be sent again to, or instead of, one node, so that one that is sick is
 * not asked for more than one that is well.
 *
 * Each request allows a tenth of a retry, and each retry that succeeds another one; a hundred per second are
 * always allowed, and some are saved up. What the budget does not cover waits until it does; its place among
 * the requests in flight is kept meanwhile, so that new ones come slower as well. What a lost connection had in
 * flight goes to others at once, the first time; what is lost again counts. Pure: the clock is given.
 */
#ifndef CQL_RETRY_BUDGET_H
#define CQL_RETRY_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

enum {
    RETRY_BUDGET_MOST = 200,       /* saved up; also what a run begins with */
    RETRY_BUDGET_PER_SECOND = 100, /* always */
    RETRY_BUDGET_REQUESTS = 10,    /* for one retry */
};

struct retry_budget {
    double left;
    uint64_t filled_ms; /* 0: not yet */
    bool is_short;      /* a retry had to wait, and not half of it is saved up again */
};

void retry_budget_init(struct retry_budget *b);
void retry_budget_request(struct retry_budget *b);
void retry_budget_succeeded(struct retry_budget *b);
/* May one be sent again now? */
bool retry_budget_take(struct retry_budget *b, uint64_t now_ms);

#endif
