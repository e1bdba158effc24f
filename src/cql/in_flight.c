#include "cql/in_flight.h"

static const double weight = 0.05; /* of one answer among those before */
static const double cut = 0.75;

static void set_limit(struct in_flight *f, int limit)
{
    f->limit = limit > IN_FLIGHT_LEAST ? limit : IN_FLIGHT_LEAST;
    if (f->limit > f->most)
        f->limit = f->most;
    f->round = f->limit;
    f->answers = 0;
    f->was_full = false;
}

void in_flight_init(struct in_flight *f, int fixed)
{
    *f = (struct in_flight){
        .most = fixed > 0 ? fixed : IN_FLIGHT_MOST,
        .is_fixed = fixed > 0,
        .is_starting = fixed <= 0,
    };
    set_limit(f, fixed > 0 ? fixed : IN_FLIGHT_LEAST);
}

void in_flight_sent(struct in_flight *f, int busy)
{
    f->was_full |= busy >= f->limit;
}

static uint32_t note_best(struct answer_best *b, uint32_t took_us, uint64_t now_ms)
{
    if (now_ms - b->began_ms >= IN_FLIGHT_BEST_MS) {
        b->before_us = b->now_us;
        b->now_us = 0;
        b->began_ms = now_ms;
    }
    if (!b->now_us || took_us < b->now_us)
        b->now_us = took_us;
    return b->before_us && b->before_us < b->now_us ? b->before_us : b->now_us;
}

/* What is on its way yet was sent when there was a queue: it does not count. */
static void be_small(struct in_flight *f, uint64_t now_ms)
{
    f->best_began_ms = now_ms;
    if (f->limit <= IN_FLIGHT_LEAST)
        return;
    int before = f->limit;
    set_limit(f, before / 4);
    f->restored = before;
    f->round = before + f->limit;
}

static void decide(struct in_flight *f)
{
    bool is_slow = f->took_us > IN_FLIGHT_SLOW_US && f->slowness > IN_FLIGHT_SLOW_TIMES;
    int limit = f->limit;
    if (f->restored) {
        limit = f->restored;
        f->restored = 0;
    } else if (!f->was_full) {
        /* what is not used says nothing */
    } else if (is_slow) {
        limit = (int)(limit * cut);
        f->is_starting = false;
    } else {
        limit = f->is_starting ? limit * 2 : limit + 1;
    }
    set_limit(f, limit);
}

static void note_time(struct in_flight *f, struct answer_best *best, uint32_t took_us,
                      uint64_t now_ms)
{
    uint32_t best_us = note_best(best, took_us, now_ms);
    f->took_us += (took_us - f->took_us) * weight;
    f->slowness += ((double)took_us / best_us - f->slowness) * weight;
    if (!f->best_began_ms)
        f->best_began_ms = now_ms;
    else if (now_ms - f->best_began_ms >= IN_FLIGHT_BEST_MS && !f->restored)
        be_small(f, now_ms);
}

void in_flight_answered(struct in_flight *f, struct answer_best *best, uint32_t took_us,
                        uint64_t now_ms)
{
    if (took_us && !f->is_fixed)
        note_time(f, best, took_us, now_ms);
    if (++f->answers >= f->round)
        decide(f);
}

void in_flight_overloaded(struct in_flight *f)
{
    f->restored = 0;
    f->is_starting = false;
    set_limit(f, f->limit / 2);
}
