/* phase/pass_private.h: the two parts of a pass that have files of their own. */
#ifndef PHASE_PASS_PRIVATE_H
#define PHASE_PASS_PRIVATE_H

#include "phase/phase_private.h"

/* pass_target.c: reads the row that stands at each planned row move's new key and completes the
 * change. Streams. */
bool pass_read_targets(struct move *m, const struct bound_rule *b, int pass,
                       struct rule_total *total, struct fault *f);

/* pass_graph.c: the scan of a graph rule. */
bool pass_run_graph(struct move *m, int place, struct rule_total *total, struct fault *f);
/* What the rule looks for, borrowed from the profile and the tenants. */
bool pass_graph_find(struct move *m, int place, struct graph_find *out, struct fault *f);

bool pass_wants(const struct move *m, int place, unsigned phase_mask, const char *const *only);

#endif
