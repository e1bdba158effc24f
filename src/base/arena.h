/* base/arena.h: memory that is given back all at once.
 *
 * For what lives as long as one row, one batch or one plan. Blocks are kept by arena_reset, so a
 * loop that resets it per row allocates nothing after its first rounds.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"

struct arena_block;

struct arena {
    struct arena_block *first;
    struct arena_block *current;
    size_t bytes; /* allocated from the heap in all */
    size_t max;   /* bytes never passes this */
};

void arena_init(struct arena *a, size_t max);
void arena_fini(struct arena *a);
void arena_reset(struct arena *a);

/* Zeroed memory aligned for any type, or NULL at the maximum. */
void *arena_alloc(struct arena *a, size_t n);

/* An array of |count| elements of |size| bytes, checked for overflow. */
void *arena_array(struct arena *a, size_t count, size_t size);

/* A copy; null stays null. A failed copy of bytes that are not null is null: check it. */
struct bytes arena_copy(struct arena *a, struct bytes b);

/* A copy as a C string (bytes after an embedded NUL are kept, but C sees only those before). */
char *arena_text(struct arena *a, struct bytes b);

#endif
