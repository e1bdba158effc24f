#include "phase/governor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Well under the threshold: only then may the rate grow, or it would swing around the threshold. */
static const double calm = 0.8;
/* So much of the allowed rate must have been used for a larger one to mean anything. */
static const double used = 0.7;
static const double cut = 0.7, deep_cut = 0.5;
static const double step = 0.05; /* of the knee, per window */
static const double failed_most = 0.05;

void governor_init(struct governor *g)
{
    memset(g, 0, sizeof *g);
}

static void forget_window(struct governor *g)
{
    g->began_us = 0;
    g->count = g->failed = 0;
}

static void lift(struct governor *g)
{
    g->state = GOVERNOR_FREE;
    g->rate = 0;
    g->unused_windows = 0;
}

void governor_set(struct governor *g, uint32_t max_latency_us)
{
    g->max_latency_us = max_latency_us;
    g->has_decided = false;
    forget_window(g);
    if (!max_latency_us)
        lift(g);
}

void governor_start(struct governor *g)
{
    if (!g->max_latency_us)
        return;
    g->state = GOVERNOR_STARTING;
    g->rate = GOVERNOR_RATE_FIRST;
}

void governor_answer(struct governor *g, uint32_t latency_us)
{
    if (g->count < GOVERNOR_PROBES_MAX)
        g->answers_us[g->count++] = latency_us;
}

void governor_failed(struct governor *g)
{
    g->failed++;
}

static int by_time(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* Of so many probes, how many may be slower than the p99, by the nearest rank: one of a hundred. */
static int slower_than_p99(int probes)
{
    return probes / 100;
}

uint32_t governor_p99(uint32_t *times_us, int count, int probes)
{
    int slower = slower_than_p99(probes);
    if (count <= slower)
        return 0;
    qsort(times_us, (size_t)count, sizeof times_us[0], by_time);
    return times_us[count - 1 - slower];
}

bool governor_is_failing(const struct governor *g)
{
    return g->probes_failed > 1 && g->probes_failed > g->probes * failed_most;
}

static bool is_over(const struct governor *g)
{
    return g->p99_us > g->max_latency_us || governor_is_failing(g);
}

/* |before|: rows per second of the window before. */
static void slow_down(struct governor *g, double before)
{
    bool badly = g->p99_us / 2 > g->max_latency_us || governor_is_failing(g);
    double now = g->rate > 0 && g->rate < g->measured ? g->rate : g->measured;
    /* A window that was cut short may be of a moment at which nothing went through at all. */
    if (g->rate <= 0 && now < before)
        now = before;
    /* A run that the limit holds already may have done less than it only because of a page's debt. */
    if (g->rate > 0 && now < g->rate * used)
        now = g->rate * used;
    g->knee = now;
    g->rate = now * (badly ? deep_cut : cut);
    if (g->rate < GOVERNOR_RATE_LEAST)
        g->rate = GOVERNOR_RATE_LEAST;
    g->state = GOVERNOR_SLOWED;
    g->unused_windows = 0;
}

static void speed_up(struct governor *g)
{
    if (g->measured < g->rate * used) {
        if (++g->unused_windows >= GOVERNOR_UNUSED_WINDOWS)
            lift(g);
        return;
    }
    g->unused_windows = 0;
    if (g->state == GOVERNOR_STARTING) {
        g->rate *= 2;
        return;
    }
    double more = g->knee * step;
    g->rate += more > GOVERNOR_RATE_LEAST ? more : GOVERNOR_RATE_LEAST;
    g->state = GOVERNOR_RECOVERING;
}

static void decide(struct governor *g, uint64_t elapsed_us, uint64_t rows, int probes)
{
    double before = g->measured;
    g->p99_us = governor_p99(g->answers_us, g->count, probes);
    g->probes = g->count + g->failed;
    g->probes_failed = g->failed;
    g->measured = (double)rows * 1e6 / (double)elapsed_us;
    g->has_decided = true;
    if (is_over(g))
        slow_down(g, before);
    else if (g->rate <= 0)
        return;
    else if (g->p99_us < g->max_latency_us * calm)
        speed_up(g);
    else if (g->state == GOVERNOR_STARTING || g->state == GOVERNOR_RECOVERING) {
        g->knee = g->knee > g->rate ? g->knee : g->rate;
        g->state = GOVERNOR_SLOWED;
    }
}

static int late_count(const struct governor *g, const uint32_t *times_us, int count)
{
    int late = 0;
    for (int i = 0; i < count; i++)
        late += times_us[i] > g->max_latency_us;
    return late;
}

/* How many probes the window will have had when it ends. */
static int probes_of_window(const struct governor *g, uint64_t elapsed_us, int late)
{
    int probes = g->count + g->failed + late;
    if (elapsed_us >= GOVERNOR_WINDOW_US)
        return probes;
    return (int)((uint64_t)probes * GOVERNOR_WINDOW_US / elapsed_us);
}

bool governor_look(struct governor *g, uint64_t now_us, uint64_t spent, const uint32_t *waiting_us,
                   int waiting_count)
{
    if (!g->max_latency_us)
        return false;
    if (g->began_us && now_us - g->looked_us > GOVERNOR_GAP_US)
        forget_window(g);
    g->looked_us = now_us;
    if (!g->began_us) {
        forget_window(g);
        if (now_us < g->rests_until_us)
            return false;
        g->began_us = now_us;
        g->spent_before = spent;
        return false;
    }
    uint64_t elapsed_us = now_us - g->began_us;
    if (elapsed_us < GOVERNOR_EARLY_US)
        return false;
    int late = late_count(g, waiting_us, waiting_count);
    int probes = probes_of_window(g, elapsed_us, late);
    int slow = late + late_count(g, g->answers_us, g->count);
    /* Whatever is still to come, the window will be over the threshold: every further millisecond is
     * somebody's slow read. */
    bool is_early = slow > 1 && slow > slower_than_p99(probes);
    if (probes < GOVERNOR_PROBES_LEAST || (!is_early && elapsed_us < GOVERNOR_WINDOW_US))
        return false;
    for (int i = 0; i < waiting_count; i++)
        if (waiting_us[i] > g->max_latency_us)
            governor_answer(g, waiting_us[i]);
    decide(g, elapsed_us, spent - g->spent_before, probes);
    forget_window(g);
    /* What is on its way was sent too fast: it is not counted against the new rate. */
    g->rests_until_us = is_early ? now_us + GOVERNOR_REST_US : 0;
    if (!is_early) {
        g->began_us = now_us;
        g->spent_before = spent;
    }
    return true;
}

const char *governor_ms(uint32_t us, char out[16])
{
    snprintf(out, 16, us < 1000 ? "%.2f ms" : us < 10000 ? "%.1f ms" : "%.0f ms", us / 1000.0);
    return out;
}

void governor_reason(const struct governor *g, char out[GOVERNOR_REASON_MAX])
{
    char p99[16], most[16];
    out[0] = '\0';
    if (!g->has_decided)
        return;
    if (governor_is_failing(g))
        snprintf(out, GOVERNOR_REASON_MAX, "%d of %d probe reads failed", g->probes_failed,
                 g->probes);
    else
        snprintf(out, GOVERNOR_REASON_MAX, "p99 of probe reads %s %s max-latency %s",
                 governor_ms(g->p99_us, p99),
                 g->p99_us > g->max_latency_us ? ">" : "<=", governor_ms(g->max_latency_us, most));
}
