/* move/profile_read.h: one rule, from YAML to its struct; private to profile*.c. */
#ifndef MOVE_PROFILE_READ_H
#define MOVE_PROFILE_READ_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/fault.h"
#include "move/profile.h"
#include "move/yaml_tree.h"

struct profile_reader {
    const char *source_name;
    const struct yaml_node *keyspaces; /* the map of that name, or NULL */
    const struct keyspace_map *options;
    int option_count;
    bool *option_used;
    struct arena *arena;
    struct fault *fault;
};

/* |node| must be a map whose keys are all in |known| (ended by NULL); |what| is for messages ("rule
 * user"). */
bool profile_check_map(struct profile_reader *r, const struct yaml_node *node, const char *what,
                       const char *const *known);

/* A name of letters, digits and '_' into |out|; |what| is for messages ("column"). */
bool profile_read_name(struct profile_reader *r, const struct yaml_node *node, const char *what,
                       char out[NAME_TEXT_MAX]);

/* Fills |rule| from its map; false with |fault| set. */
bool profile_read_rule(struct profile_reader *r, const struct yaml_node *node, struct rule *rule);

/* What a rule must be, beyond its single entries (profile_check.c). */
bool profile_check_rule(struct profile_reader *r, const struct rule *rule);

#endif
