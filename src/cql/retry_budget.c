#include "cql/retry_budget.h"

void retry_budget_init(struct retry_budget *b)
{
    *b = (struct retry_budget){.left = RETRY_BUDGET_MOST};
}

static void add(struct retry_budget *b, double more)
{
    b->left = b->left + more < RETRY_BUDGET_MOST ? b->left + more : RETRY_BUDGET_MOST;
    if (b->left >= RETRY_BUDGET_MOST * 0.5)
        b->is_short = false;
}

void retry_budget_request(struct retry_budget *b)
{
    add(b, 1.0 / RETRY_BUDGET_REQUESTS);
}

void retry_budget_succeeded(struct retry_budget *b)
{
    add(b, 1);
}

bool retry_budget_take(struct retry_budget *b, uint64_t now_ms)
{
    if (b->filled_ms && now_ms > b->filled_ms)
        add(b, (double)(now_ms - b->filled_ms) * RETRY_BUDGET_PER_SECOND / 1000);
    b->filled_ms = now_ms;
    if (b->left >= 1) {
        b->left--;
        return true;
    }
    b->is_short = true;
    return false;
}
