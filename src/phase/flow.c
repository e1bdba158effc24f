#include <stdlib.h>
#include <string.h>

#include "phase/flow_private.h"

enum { PROBE_EVERY_MS = 10, LOOK_EVERY_MS = 100, MEASURE_US = 1000000, BATCH_LEAST = 16 };

static bool is_governed(const struct flow *x)
{
    return x->governor.max_latency_us > 0;
}

static void set_pace(struct flow *x, uint64_t now_us)
{
    double rate = x->move->settings.max_rate;
    double allowed = x->governor.rate;
    if (allowed > 0 && (rate <= 0 || allowed < rate))
        rate = allowed;
    x->pace.is_even = allowed > 0;
    if (rate != x->pace.rate)
        pace_set_rate(&x->pace, rate, now_us);
}

static void set_timer(struct flow *x)
{
    unsigned every_ms = is_governed(x) ? PROBE_EVERY_MS : LOOK_EVERY_MS;
    timer_start(x->timer, every_ms, every_ms);
}

void flow_set_limits(struct flow *x)
{
    const struct move *m = x->move;
    bool can_probe = m->store && store_can_probe(m->store);
    uint32_t most_us = can_probe ? (uint32_t)m->settings.max_latency_us : 0;
    if (most_us != x->governor.max_latency_us)
        governor_set(&x->governor, most_us);
    set_pace(x, loop_now_us(m->loop));
    set_timer(x);
}

void flow_store_opened(struct flow *x)
{
    flow_set_limits(x);
    governor_start(&x->governor);
    set_pace(x, loop_now_us(x->move->loop));
}

/* ---- what is said of it ---- */

void flow_words(struct flow *x, char out[FLOW_WORDS_MAX])
{
    static const char *const states[] = {
        [GOVERNOR_STARTING] = "starting slowly",
        [GOVERNOR_SLOWED] = "slowed",
        [GOVERNOR_RECOVERING] = "speeding up",
    };
    const struct governor *g = &x->governor;
    char p99[16], most[16];
    out[0] = '\0';
    if (x->pace.is_paused)
        snprintf(out, FLOW_WORDS_MAX, "paused (tenantmove control resume)");
    else if (g->state == GOVERNOR_FREE)
        return;
    else if (!g->has_decided)
        snprintf(out, FLOW_WORDS_MAX, "%s", states[g->state]);
    else if (governor_is_failing(g))
        snprintf(out, FLOW_WORDS_MAX, "%s: %d of %d probe reads failed", states[g->state],
                 g->probes_failed, g->probes);
    else
        snprintf(out, FLOW_WORDS_MAX, "%s: p99 %s %s %s", states[g->state],
                 governor_ms(g->p99_us, p99),
                 g->p99_us > g->max_latency_us ? ">" : "<=", governor_ms(g->max_latency_us, most));
}

static void log_decision(struct flow *x, double rate_before)
{
    const struct governor *g = &x->governor;
    char reason[GOVERNOR_REASON_MAX];
    governor_reason(g, reason);
    if (g->state == GOVERNOR_SLOWED && (g->rate < rate_before || rate_before <= 0))
        log_write(LOG_WARN, "flow", "slowed to %.0f rows/s, from %.0f: %s", g->rate, g->measured,
                  reason);
    else if (g->state == GOVERNOR_RECOVERING && x->told != GOVERNOR_RECOVERING)
        log_write(LOG_INFO, "flow", "speeding up from %.0f rows/s: %s", g->measured, reason);
    else if (g->state == GOVERNOR_FREE && x->told != GOVERNOR_FREE)
        log_write(LOG_INFO, "flow", "no limit any more, %.0f rows/s do no harm: %s", g->measured,
                  reason);
    x->told = g->state;
}

static void show_again(struct flow *x)
{
    struct move *m = x->move;
    if (!x->has_shown || !m->observer.progress)
        return;
    flow_progress(x, &x->shown);
    m->observer.progress(m->observer.context, &x->shown);
}

void flow_progress(struct flow *x, struct progress *p)
{
    struct store_flow flow = {0};
    if (x->move->store)
        store_flow(x->move->store, &flow);
    flow_words(x, x->words);
    p->flow = x->words[0] ? x->words : NULL;
    p->in_flight = flow.in_flight;
    p->is_paused = x->pace.is_paused;
    if (p == &x->shown)
        return;
    x->shown = *p;
    snprintf(x->part, sizeof x->part, "%s", p->part);
    x->shown.part = x->part;
    x->has_shown = true;
}

/* ---- as time goes by ---- */

static void measure(struct flow *x, uint64_t now_us)
{
    uint64_t gone_us = now_us - x->measured_us;
    if (gone_us < MEASURE_US)
        return;
    x->rate = (double)(x->pace.spent - x->measured_spent) * 1e6 / (double)gone_us;
    x->measured_us = now_us;
    x->measured_spent = x->pace.spent;
}

static void govern(struct flow *x, uint64_t now_us)
{
    uint32_t waiting_us[STORE_PROBES_MAX];
    double before = x->governor.rate;
    flow_send_probe(x, now_us);
    int waiting = flow_probes_waiting(x, now_us, waiting_us);
    if (!governor_look(&x->governor, now_us, x->pace.spent, waiting_us, waiting))
        return;
    log_decision(x, before);
    set_pace(x, now_us);
}

static void on_tick(void *context)
{
    struct flow *x = context;
    uint64_t now_us = loop_now_us(x->move->loop);
    /* What has begun is brought to its end at once: the operator waits for it. */
    if (loop_is_asked_to_stop(x->move->loop))
        x->pace.is_lifted = true;
    measure(x, now_us);
    if (is_governed(x) && !x->pace.is_paused)
        govern(x, now_us);
    if (x->pace.is_paused || x->pace.rate > 0)
        show_again(x);
}

void flow_pause(struct flow *x, bool pause)
{
    x->pace.is_paused = pause;
    show_again(x);
}

bool move_may_go_on(struct move *m, struct fault *f)
{
    loop_poll(m->loop);
    while (m->flow->pace.is_paused && !loop_interrupted(m->loop))
        loop_sleep(m->loop, LOOK_EVERY_MS);
    return !move_interrupted(m, f);
}

int flow_batch(const struct flow *x, int most)
{
    double rate = x->pace.rate / 2; /* a change is written, and read back */
    if (rate <= 0 || rate >= most)
        return most;
    return rate < BATCH_LEAST ? BATCH_LEAST : (int)rate;
}

/* ---- its life ---- */

struct pace *flow_pace(struct flow *x)
{
    return &x->pace;
}

struct flow *flow_new(struct move *m, struct fault *f)
{
    struct flow *x = calloc(1, sizeof *x);
    if (!x)
        return fault_memory(f), NULL;
    x->move = m;
    governor_init(&x->governor);
    x->measured_us = loop_now_us(m->loop);
    x->timer = timer_new(m->loop, on_tick, x);
    if (!x->timer) {
        free(x);
        return fault_memory(f), NULL;
    }
    set_pace(x, x->measured_us);
    set_timer(x);
    return x;
}

void flow_listen(struct flow *x)
{
    struct fault f;
    const char *dir = x->move->settings.dir;
    if (x->server)
        return;
    x->server = line_server_open(x->move->loop, dir, FLOW_SOCKET, flow_answer, x, &f);
    if (!x->server)
        log_write(LOG_WARN, "control", "tenantmove control cannot reach this run: %s (%s)", f.text,
                  f.subject);
}

void flow_stop(struct flow *x)
{
    line_server_close(x->server);
    x->server = NULL;
    timer_stop(x->timer);
}

void flow_free(struct flow *x)
{
    if (!x)
        return;
    timer_free(x->timer);
    free(x->nothing);
    free(x);
}
