/* cql/in_flight.h: how many requests one node may have at once: additive increase, multiplicative decrease.
 *
 * Owns     the limit, and what it is found by: how long answers take, and OVERLOADED.
 * Knows    no node, no request, no clock: all is given.
 *
 * A node that is asked for more than it can do makes its answers wait in a queue. So, while the limit is
 * used, answers that take a multiple of the best that their statement has seen lately cut it; else it
 * grows, in the beginning by doubling. Every ten seconds it is a quarter for a moment, so that the best is
 * known, and not what our own queue made of it. Answers that take what they take, such as pages, only count.
 * A limit that the operator gave moves only for OVERLOADED, and back.
 */
#ifndef CQL_IN_FLIGHT_H
#define CQL_IN_FLIGHT_H

#include <stdbool.h>
#include <stdint.h>

enum {
    IN_FLIGHT_LEAST = 4,
    IN_FLIGHT_MOST = 128,      /* when nobody gives a limit */
    IN_FLIGHT_SLOW_US = 10000, /* answers that come sooner are never slow */
    IN_FLIGHT_BEST_MS = 10000, /* the best of this and the window before counts */
    IN_FLIGHT_SLOW_TIMES = 4,  /* the best: slow */
};

/* The best answer of a statement of late: statements differ too much to be compared. */
struct answer_best {
    uint32_t now_us, before_us; /* of this window and the one before; 0: none */
    uint64_t began_ms;
};

struct in_flight {
    int most;
    bool is_fixed;
    int limit;
    bool is_starting;       /* it doubles */
    int restored;           /* what it is after the moment in which it is small; 0: it is none */
    int round;              /* answers until the next decision is made */
    uint64_t best_began_ms; /* when it was small; 0: it was not yet */
    int answers;            /* since the last decision */
    bool was_full;          /* the limit was reached since */
    double took_us;         /* smoothed */
    double slowness;        /* smoothed: times the best */
};

/* |fixed|: what the operator wants; 0: it is found. */
void in_flight_init(struct in_flight *f, int fixed);

/* So many are on their way now, after one more was sent. */
void in_flight_sent(struct in_flight *f, int busy);
/* |took_us| 0: it cannot be told, or compared. */
void in_flight_answered(struct in_flight *f, struct answer_best *best, uint32_t took_us,
                        uint64_t now_ms);
/* Halves the limit. */
void in_flight_overloaded(struct in_flight *f);

#endif
