/* embedded/nodes.h: the graph of an embedded file: nodes with a label and properties of text or
 * list of text.
 *
 * Knows    no relations: content is moved by its properties alone.
 */
#ifndef EMBEDDED_NODES_H
#define EMBEDDED_NODES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/fault.h"
#include "embedded/file.h"

struct kept_property {
    const char *name;
    bool is_list;
    struct bytes value; /* null: the node does not have it */
};

/* Makes a node; *id is its number, never used twice. */
bool nodes_add(struct embedded *e, const char *label, const struct kept_property *properties,
               int count, int64_t *id, struct fault *f);

/* Is there a node of this number and label? */
bool nodes_exist(struct embedded *e, const char *label, int64_t id, bool *exists, struct fault *f);

/* Reads one property; fills |p| for p->name, its bytes in |a|. */
bool nodes_read(struct embedded *e, int64_t id, struct kept_property *p, struct arena *a,
                struct fault *f);

/* Sets one property, or takes it away when its value is null. */
bool nodes_write(struct embedded *e, int64_t id, const struct kept_property *p, struct fault *f);

/* The numbers of the next nodes of a label behind |after|, ascending, at most |max|. *count = 0: no
 * more. */
bool nodes_page(struct embedded *e, const char *label, int64_t after, int64_t *out, int max,
                int *count, struct fault *f);

bool nodes_count(struct embedded *e, const char *label, uint64_t *out, struct fault *f);

#endif
