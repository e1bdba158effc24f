#include "phase/id_set.h"

#include <stdint.h>
#include <stdlib.h>

enum { FIRST_ROOM = 1024 };

/* FNV-1a, 64 bits: good enough for ids that nobody chooses to collide. */
static uint64_t hash(struct bytes id)
{
    uint64_t h = 14695981039346656037u;
    for (size_t i = 0; i < id.n; i++)
        h = (h ^ id.p[i]) * 1099511628211u;
    return h ^ h >> 32;
}

static size_t place(const struct id_set *s, struct bytes id)
{
    size_t i = (size_t)hash(id) & (s->room - 1);
    while (s->slots[i].p && !bytes_equal(s->slots[i], id))
        i = (i + 1) & (s->room - 1);
    return i;
}

static bool grow(struct id_set *s)
{
    struct id_set larger = {.room = s->room ? 2 * s->room : FIRST_ROOM, .count = s->count};
    if (larger.room > SIZE_MAX / sizeof *larger.slots)
        return false;
    larger.slots = calloc(larger.room, sizeof *larger.slots);
    if (!larger.slots)
        return false;
    for (size_t i = 0; i < s->room; i++) {
        if (s->slots[i].p)
            larger.slots[place(&larger, s->slots[i])] = s->slots[i];
    }
    free(s->slots);
    *s = larger;
    return true;
}

void id_set_fini(struct id_set *s)
{
    free(s->slots);
    *s = (struct id_set){0};
}

struct bytes id_set_find(const struct id_set *s, struct bytes id)
{
    return s->room > 0 ? s->slots[place(s, id)] : bytes_null();
}

int id_set_add(struct id_set *s, struct bytes id)
{
    if (s->count >= s->room / 2 && !grow(s))
        return -1;
    size_t i = place(s, id);
    if (s->slots[i].p)
        return 0;
    s->slots[i] = id;
    s->count++;
    return 1;
}
