#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_BLOCK = 16 * 1024 };

struct arena_block {
    struct arena_block *next;
    size_t used;
    size_t size;
    alignas(max_align_t) unsigned char data[];
};

void arena_init(struct arena *a, size_t max)
{
    *a = (struct arena){.max = max};
}

void arena_fini(struct arena *a)
{
    for (struct arena_block *b = a->first, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    *a = (struct arena){.max = a->max};
}

void arena_reset(struct arena *a)
{
    for (struct arena_block *b = a->first; b; b = b->next)
        b->used = 0;
    a->current = a->first;
}

static struct arena_block *block_with_room(struct arena *a, size_t n)
{
    while (a->current) {
        if (a->current->size - a->current->used >= n)
            return a->current;
        if (!a->current->next)
            break;
        a->current = a->current->next;
    }
    size_t size = n > ARENA_BLOCK ? n : ARENA_BLOCK;
    if (size > a->max || a->bytes > a->max - size)
        return NULL;
    struct arena_block *b = malloc(sizeof *b + size);
    if (!b)
        return NULL;
    b->next = NULL;
    b->used = 0;
    b->size = size;
    a->bytes += size;
    if (a->current)
        a->current->next = b;
    else
        a->first = b;
    a->current = b;
    return b;
}

void *arena_alloc(struct arena *a, size_t n)
{
    const size_t align = alignof(max_align_t);
    if (n > SIZE_MAX / 2)
        return NULL;
    n = (n + align - 1) / align * align;
    if (n == 0)
        n = align;
    struct arena_block *b = block_with_room(a, n);
    if (!b)
        return NULL;
    void *p = b->data + b->used;
    b->used += n;
    memset(p, 0, n);
    return p;
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
    if (size && count > SIZE_MAX / 2 / size)
        return NULL;
    return arena_alloc(a, count * size);
}

struct bytes arena_copy(struct arena *a, struct bytes b)
{
    if (!b.p)
        return b;
    uint8_t *p = arena_alloc(a, b.n + 1);
    if (!p)
        return bytes_null();
    if (b.n)
        memcpy(p, b.p, b.n);
    return (struct bytes){p, b.n};
}

char *arena_text(struct arena *a, struct bytes b)
{
    char *p = arena_alloc(a, b.n + 1);
    if (p && b.n)
        memcpy(p, b.p, b.n);
    return p;
}
