/* phase/governor.h: how fast the run may go so that its neighbours on the cluster do not suffer.
 *
 * Owns     the answers of its own probe reads in windows of about a second, the rate that is allowed,
 *          and why: metric, value, threshold.
 * Knows    no clock, no store, no terminal: time and answers are given, in microseconds.
 *
 * After each window it decides, and forgets the window; as soon as so many answers are slow that the
 * window cannot be well any more, it does not wait for its end. Is the p99 over the threshold, or does a probe
 * in twenty fail, the rate is cut to a part of what the run did just then; is it well under it, the rate
 * grows by a little; between, it stays. It grows only while the run makes use of it, and is lifted when
 * the run did not for a while. Never is it below a floor, at which the run still ends some day.
 */
#ifndef PHASE_GOVERNOR_H
#define PHASE_GOVERNOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    GOVERNOR_WINDOW_US = 1000000,
    GOVERNOR_EARLY_US = 100000, /* no decision before */
    GOVERNOR_REST_US = 200000,  /* after one that did not wait for the window's end */
    GOVERNOR_GAP_US = 2000000,  /* a longer pause between two looks begins the window anew */
    GOVERNOR_PROBES_LEAST = 20,
    GOVERNOR_PROBES_MAX = 1024, /* of one window; more are not counted */
    GOVERNOR_RATE_LEAST = 50,   /* rows per second */
    GOVERNOR_RATE_FIRST = 1000, /* where a run begins, and doubles from */
    GOVERNOR_UNUSED_WINDOWS = 5,
    GOVERNOR_REASON_MAX = 120,
};

enum governor_state {
    GOVERNOR_FREE,     /* no limit because of latency */
    GOVERNOR_STARTING, /* the rate doubles with each window until the cluster feels it */
    GOVERNOR_SLOWED,   /* the last window was over the threshold, or close to it */
    GOVERNOR_RECOVERING,
};

struct governor {
    uint32_t max_latency_us; /* 0: off */
    enum governor_state state;
    double rate; /* rows per second; 0: no limit */
    double knee; /* what the run did when it was slowed last */
    int unused_windows;

    uint64_t began_us; /* the window in hand; 0: none */
    uint64_t looked_us;
    uint64_t rests_until_us;
    uint64_t spent_before; /* rows of the run when it began */
    int count, failed;
    uint32_t answers_us[GOVERNOR_PROBES_MAX];

    /* Of the last window that was decided on. */
    bool has_decided;
    uint32_t p99_us;
    int probes, probes_failed;
    double measured; /* rows per second */
};

void governor_init(struct governor *g);
/* 0: no threshold, and no limit any more. */
void governor_set(struct governor *g, uint32_t max_latency_us);
/* A run begins: slowly, when there is a threshold. */
void governor_start(struct governor *g);

void governor_answer(struct governor *g, uint32_t latency_us);
void governor_failed(struct governor *g);

/* Looks at the clock, with the rows that the run did so far; true when it decided.
 * |waiting_us|: the ages of the |waiting_count| probes that are not answered yet. Those over the
 * threshold count, so that a cluster that stands still is seen. */
bool governor_look(struct governor *g, uint64_t now_us, uint64_t spent, const uint32_t *waiting_us,
                   int waiting_count);

/* Sorts |times_us|, the |count| that are known of |probes|; what is not known counts as fast. 0: too few. */
uint32_t governor_p99(uint32_t *times_us, int count, int probes);

/* Did more than one probe in twenty fail? */
bool governor_is_failing(const struct governor *g);

/* "p99 of probe reads 48 ms > max-latency 20 ms", "6 of 80 probe reads failed"; "" before the first
 * decision. */
void governor_reason(const struct governor *g, char out[GOVERNOR_REASON_MAX]);

/* "0.80 ms", "4.2 ms", "48 ms" into |out|, which is returned. */
const char *governor_ms(uint32_t us, char out[16]);

#endif
