/* base/buf.h: bytes that grow up to a maximum.
 *
 * An append that would pass the maximum, or whose allocation fails, leaves the buffer as it was and
 * sets |failed|, which stays set: a writer may append many times and look once at the end.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

struct buf {
    uint8_t *p;
    size_t n;        /* bytes in use */
    size_t capacity; /* bytes allocated */
    size_t max;      /* n never passes this */
    bool failed;     /* an append did not fit; sticky until buf_clear */
    bool no_memory;  /* it failed for want of memory, not at the maximum */
};

void buf_init(struct buf *b, size_t max);
void buf_fini(struct buf *b);

/* Empties it and forgets a failure; keeps the memory. */
void buf_clear(struct buf *b);

/* buf_append where there is no room yet. */
bool buf_append_growing(struct buf *b, const void *p, size_t n);

static inline bool buf_append(struct buf *b, const void *p, size_t n)
{
    /* capacity is never more than max + 1: the one is the end mark's. */
    if (b->failed || n >= b->capacity - b->n)
        return buf_append_growing(b, p, n);
    if (n)
        memcpy(b->p + b->n, p, n);
    b->n += n;
    return true;
}

static inline bool buf_append_bytes(struct buf *b, struct bytes bytes)
{
    return buf_append(b, bytes.p, bytes.n);
}

static inline bool buf_append_char(struct buf *b, char c)
{
    return buf_append(b, &c, 1);
}

bool buf_append_text(struct buf *b, const char *text);
bool buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Makes room for |n| more bytes and returns where they start, or NULL; b->n grows by |n|. */
uint8_t *buf_extend(struct buf *b, size_t n);

/* Big-endian integers, as CQL has them. */
bool buf_append_u8(struct buf *b, uint8_t v);
bool buf_append_u16(struct buf *b, uint16_t v);
bool buf_append_u32(struct buf *b, uint32_t v);
bool buf_append_u64(struct buf *b, uint64_t v);

/* Overwrites four bytes at |offset|, which must be inside: for lengths known afterwards. */
void buf_put_u32(struct buf *b, size_t offset, uint32_t v);

/* Drops the first |n| bytes (n ≤ b->n), moving the rest to the front. */
void buf_consume(struct buf *b, size_t n);

/* The contents as a C string: an end mark is kept behind them. "" when empty or failed to grow.
 * Borrowed until the next call on |b|. */
const char *buf_text(struct buf *b);

static inline struct bytes buf_view(const struct buf *b)
{
    static const uint8_t nothing = 0;
    return (struct bytes){b->p ? b->p : &nothing, b->n};
}

#endif
