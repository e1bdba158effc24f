/* phase/id_set.h: which ids were seen already. Keeps views: the bytes must live as long as the set.
 */
#ifndef PHASE_ID_SET_H
#define PHASE_ID_SET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"

struct id_set {
    struct bytes *slots;
    size_t room; /* a power of two, or 0 */
    size_t count;
};

void id_set_fini(struct id_set *s);
/* 1: it is new; 0: it was there; -1: out of memory. */
int id_set_add(struct id_set *s, struct bytes id);
/* The id as it was added, or null. */
struct bytes id_set_find(const struct id_set *s, struct bytes id);

#endif
