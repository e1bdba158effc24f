/* tests/unit/cql/random.h: a small seeded generator, so that a failing round can be repeated. */
#ifndef TESTS_CQL_RANDOM_H
#define TESTS_CQL_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct random {
    uint64_t state;
};

/* splitmix64 */
static inline uint64_t random_u64(struct random *r)
{
    uint64_t z = r->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static inline size_t random_below_n(struct random *r, size_t below)
{
    return (size_t)(random_u64(r) % below);
}

#endif
