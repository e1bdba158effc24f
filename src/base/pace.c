#include "base/pace.h"

/* What was not used is kept for a quarter of a second, which a batch of writes may spend in the ledger;
 * not where what is sent in one go matters more than a rate that is used up.
 * Pages and groups of writes together are what a tenth of a second allows. */
static const double burst_s = 0.25, even_burst_s = 0.02;
static const double share_s = 0.1;

static void fill(struct pace *p, uint64_t now_us)
{
    if (now_us <= p->filled_us)
        return;
    double kept = p->rate * (p->is_even ? even_burst_s : burst_s);
    double most = kept > 1 ? kept : 1;
    p->tokens += (double)(now_us - p->filled_us) * 1e-6 * p->rate;
    if (p->tokens > most)
        p->tokens = most;
    p->filled_us = now_us;
}

void pace_set_rate(struct pace *p, double rate, uint64_t now_us)
{
    /* Without a limit nothing is counted: there is neither debt nor credit when one is set. */
    if (p->rate > 0)
        fill(p, now_us);
    else
        p->tokens = 1;
    p->filled_us = now_us;
    p->rate = rate > 0 ? rate : 0;
}

uint64_t pace_wait_us(struct pace *p, uint64_t now_us)
{
    if (p->rate <= 0 || p->is_lifted)
        return 0;
    fill(p, now_us);
    if (p->tokens > 0)
        return 0;
    /* One microsecond more, so that a wait is never rounded down to none. */
    double wait_us = -p->tokens / p->rate * 1e6 + 1;
    return wait_us < 3600e6 ? (uint64_t)wait_us + 1 : (uint64_t)3600e6;
}

void pace_spend(struct pace *p, uint64_t rows)
{
    p->spent += rows;
    if (p->rate > 0)
        p->tokens -= (double)rows;
}

void pace_owe(struct pace *p, int rows)
{
    if (p->rate > 0)
        p->tokens -= rows;
}

int pace_share(const struct pace *p, int wanted, int parties)
{
    if (p->rate <= 0 || p->is_lifted)
        return wanted;
    double share = p->rate * share_s / parties;
    if (share >= wanted)
        return wanted;
    return share < 1 ? 1 : (int)share;
}
