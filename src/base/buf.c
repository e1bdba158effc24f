#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUF_FIRST = 64 };

void buf_init(struct buf *b, size_t max)
{
    *b = (struct buf){.max = max};
}

void buf_fini(struct buf *b)
{
    free(b->p);
    *b = (struct buf){.max = b->max};
}

void buf_clear(struct buf *b)
{
    b->n = 0;
    b->failed = false;
    b->no_memory = false;
}

static bool grow(struct buf *b, size_t need)
{
    size_t capacity = b->capacity ? b->capacity : BUF_FIRST;
    while (capacity < need)
        capacity = capacity > SIZE_MAX / 2 ? need : capacity * 2;
    if (capacity > b->max && need <= b->max + 1)
        capacity = b->max + 1;
    uint8_t *p = realloc(b->p, capacity);
    if (!p) {
        b->failed = true;
        b->no_memory = true;
        return false;
    }
    b->p = p;
    b->capacity = capacity;
    return true;
}

/* One byte more than asked for, so that buf_text always has room for its end mark. */
static inline bool reserve(struct buf *b, size_t more)
{
    if (b->failed)
        return false;
    if (more > b->max - b->n) {
        b->failed = true;
        b->no_memory = false;
        return false;
    }
    size_t need = b->n + more + 1;
    return need <= b->capacity || grow(b, need);
}

uint8_t *buf_extend(struct buf *b, size_t n)
{
    if (!reserve(b, n))
        return NULL;
    uint8_t *at = b->p + b->n;
    b->n += n;
    return at;
}

bool buf_append_growing(struct buf *b, const void *p, size_t n)
{
    if (!reserve(b, n))
        return false;
    if (n)
        memcpy(b->p + b->n, p, n);
    b->n += n;
    return true;
}

bool buf_append_text(struct buf *b, const char *text)
{
    return buf_append(b, text, strlen(text));
}

bool buf_printf(struct buf *b, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    bool ok = n >= 0 && reserve(b, (size_t)n);
    if (ok) {
        vsnprintf((char *)b->p + b->n, (size_t)n + 1, format, again);
        b->n += (size_t)n;
    } else {
        b->failed = true;
    }
    va_end(again);
    return ok;
}

bool buf_append_u8(struct buf *b, uint8_t v)
{
    return buf_append(b, &v, 1);
}

bool buf_append_u16(struct buf *b, uint16_t v)
{
    uint8_t raw[2] = {(uint8_t)(v >> 8), (uint8_t)v};
    return buf_append(b, raw, sizeof raw);
}

bool buf_append_u32(struct buf *b, uint32_t v)
{
    uint8_t raw[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};
    return buf_append(b, raw, sizeof raw);
}

bool buf_append_u64(struct buf *b, uint64_t v)
{
    return buf_append_u32(b, (uint32_t)(v >> 32)) && buf_append_u32(b, (uint32_t)v);
}

void buf_put_u32(struct buf *b, size_t offset, uint32_t v)
{
    if (offset > b->n || b->n - offset < 4)
        return;
    b->p[offset] = (uint8_t)(v >> 24);
    b->p[offset + 1] = (uint8_t)(v >> 16);
    b->p[offset + 2] = (uint8_t)(v >> 8);
    b->p[offset + 3] = (uint8_t)v;
}

void buf_consume(struct buf *b, size_t n)
{
    if (n > b->n)
        n = b->n;
    if (n == 0)
        return;
    memmove(b->p, b->p + n, b->n - n);
    b->n -= n;
}

const char *buf_text(struct buf *b)
{
    if (!b->p)
        return "";
    b->p[b->n] = '\0';
    return (const char *)b->p;
}
