/* base/pace.h: how fast rows may be read and written: a bucket of tokens, one for each row, and a pause.
 *
 * Owns     the rate, what is left of it, and how many rows went through.
 * Knows    no clock, no request: the time is given, in microseconds that only go forward.
 *
 * What cannot be known before, such as the rows of a page, is spent once it is there. That may leave a
 * debt, which is waited for before anything else goes, so that the rate holds over a run.
 */
#ifndef BASE_PACE_H
#define BASE_PACE_H

#include <stdbool.h>
#include <stdint.h>

struct pace {
    double rate;        /* rows per second; 0: as fast as can be */
    double tokens;      /* rows that may go now; below 0: a debt */
    uint64_t filled_us; /* when |tokens| was right */
    uint64_t spent;     /* rows so far */
    bool is_even;       /* hardly anything is saved up: bursts would be felt by others */
    bool is_paused;     /* no further page is read; who writes looks at it between two batches */
    bool is_lifted;     /* after Ctrl-C: what has begun is brought to its end without waiting */
};

/* Rows per second from now on; 0: no limit. A debt stays. */
void pace_set_rate(struct pace *p, double rate, uint64_t now_us);

/* How long until the next row may go; 0: now. */
uint64_t pace_wait_us(struct pace *p, uint64_t now_us);

void pace_spend(struct pace *p, uint64_t rows);
/* So many rows may come for what is asked now, and are spent when they are here: nothing more is asked
 * on their account. To be given back then, or when they do not come, as a negative number. */
void pace_owe(struct pace *p, int rows);

/* So many of |wanted| rows should be asked for at once, at least 1, by each of |parties|, that a slow pace is
 * an even one. */
int pace_share(const struct pace *p, int wanted, int parties);

#endif
