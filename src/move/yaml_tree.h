/* move/yaml_tree.h: a YAML text as a tree that knows its line numbers; what profile.c reads.
 *
 * Wraps libyaml, which is included nowhere else. Strict: UTF-8, one document, no anchors, aliases
 * or tags, mapping keys are scalars and stand once; at most YAML_NODES_MAX nodes, YAML_DEPTH_MAX
 * levels.
 */
#ifndef MOVE_YAML_TREE_H
#define MOVE_YAML_TREE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/fault.h"

enum { YAML_NODES_MAX = 20000, YAML_DEPTH_MAX = 8 };

enum yaml_kind { YAML_TEXT, YAML_LIST, YAML_MAP };

struct yaml_node {
    enum yaml_kind kind;
    int line;          /* from 1: of its key in a map, else of itself */
    struct bytes key;  /* in a map; else null */
    struct bytes text; /* YAML_TEXT; null for YAML's null (nothing, ~ or null without quotes) */
    struct yaml_node *first; /* children of a list or map, in their order */
    struct yaml_node *next;  /* the next sibling */
    int count;
};

/* Reads a whole text; everything lives in |a|. NULL with |f| set: FAULT_USAGE with "name:line" as
 * the subject for text that is not such YAML (an empty text too), FAULT_MEMORY. */
struct yaml_node *yaml_tree_read(struct bytes yaml, const char *source_name, struct arena *a,
                                 struct fault *f);

/* The member of a map, or NULL. */
const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key);

/* FAULT_USAGE about that line: text, and "name:line" as the subject. Returns false. */
bool yaml_fault(struct fault *f, const char *source_name, int line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
