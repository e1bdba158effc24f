#include "rng.h"

#include <stdio.h>
#include <time.h>

static const int64_t first_us = 1704067200000000; /* 2024-01-01 */
static const int64_t span_us = 730LL * 86400 * 1000000;

uint64_t rng_next(struct rng *r)
{
    uint64_t z = r->state += 0x9e3779b97f4a7c15ULL;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
    return z ^ z >> 31;
}

void rng_init(struct rng *r, uint64_t seed, uint64_t kind, uint64_t number)
{
    r->state = seed;
    r->state = rng_next(r) ^ kind;
    r->state = rng_next(r) ^ number;
    rng_next(r);
}

uint64_t rng_below(struct rng *r, uint64_t below)
{
    return rng_next(r) % below;
}

void rng_uuid(struct rng *r, char *out)
{
    uint64_t a = rng_next(r), b = rng_next(r);
    snprintf(out, 37, "%08x-%04x-4%03x-8%03x-%012llx", (unsigned)(a >> 32),
             (unsigned)(a >> 16 & 0xffff), (unsigned)(a & 0xfff), (unsigned)(b >> 52 & 0xfff),
             (unsigned long long)(b & 0xffffffffffffULL));
}

int64_t rng_timestamp(struct rng *r)
{
    return first_us + (int64_t)rng_below(r, (uint64_t)span_us);
}

void date_text(int64_t us, char *out)
{
    time_t second = (time_t)(us / 1000000);
    struct tm t;
    char text[32];
    gmtime_r(&second, &t);
    strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &t);
    snprintf(out, 64, "%s:%03d+0000", text, (int)(us / 1000 % 1000));
}
