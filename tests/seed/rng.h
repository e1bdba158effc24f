/* seed/rng.h: the same numbers on every machine. Each row has a stream of its own, so that no row's contents depend on how
 * many rows come before it. */
#ifndef SEED_RNG_H
#define SEED_RNG_H

#include <stddef.h>
#include <stdint.h>

struct rng {
    uint64_t state;
};

/* splitmix64, started from a seed, a kind of row and its number. */
void rng_init(struct rng *r, uint64_t seed, uint64_t kind, uint64_t number);
uint64_t rng_next(struct rng *r);
uint64_t rng_below(struct rng *r, uint64_t below);

/* "xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx"; |out| has room for 37. */
void rng_uuid(struct rng *r, char *out);

/* Microseconds since 1970, within the two years before 2026. */
int64_t rng_timestamp(struct rng *r);

/* The same moment as Sunbird writes dates: "2025-03-01 10:11:12:123+0000"; |out| has room for 64. */
void date_text(int64_t us, char *out);

#endif
