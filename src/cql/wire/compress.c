#include "cql/wire/compress.h"

#include <limits.h>
#include <lz4.h>
#include <zlib.h>

bool lz4_append(struct buf *out, struct bytes in)
{
    if (in.n > LZ4_MAX_INPUT_SIZE)
        return false;
    size_t start = out->n;
    int bound = LZ4_compressBound((int)in.n);
    /* |in| may lie in |out| itself, whose memory moves when it grows. */
    size_t inside =
        out->p && in.p >= out->p && in.p < out->p + start ? (size_t)(in.p - out->p) : SIZE_MAX;
    uint8_t *to = buf_extend(out, (size_t)bound);
    if (!to)
        return false;
    const uint8_t *from = inside == SIZE_MAX ? in.p : out->p + inside;
    int n = LZ4_compress_default((const char *)from, (char *)to, (int)in.n, bound);
    out->n = start + (n > 0 ? (size_t)n : 0);
    return n > 0;
}

bool lz4_expand(struct buf *out, struct bytes block, size_t plain_bytes)
{
    if (block.n > INT_MAX || plain_bytes > INT_MAX)
        return false;
    size_t start = out->n;
    uint8_t *to = buf_extend(out, plain_bytes);
    if (!to)
        return false;
    int n = LZ4_decompress_safe((const char *)block.p, (char *)to, (int)block.n, (int)plain_bytes);
    if (n < 0 || (size_t)n != plain_bytes) {
        out->n = start;
        return false;
    }
    return true;
}

uint32_t crc24_of(const uint8_t *p, size_t n)
{
    uint32_t crc = 0x875060;
    for (size_t i = 0; i < n; i++) {
        crc ^= (uint32_t)p[i] << 16;
        for (int bit = 0; bit < 8; bit++) {
            crc <<= 1;
            if (crc & 0x1000000)
                crc ^= 0x1974F0B;
        }
    }
    return crc & 0xFFFFFF;
}

uint32_t crc32_of(const uint8_t *p, size_t n)
{
    static const uint8_t seed[4] = {0xFA, 0x2D, 0x55, 0xCA};
    uLong crc = crc32(0, seed, sizeof seed);
    /* zlib takes a NULL buffer for a wish to start anew. */
    return n ? (uint32_t)crc32_z(crc, p, n) : (uint32_t)crc;
}
