/* phase/pass_private.h: the two parts of a pass that have files of their own. */
#ifndef PHASE_PASS_PRIVATE_H
#define PHASE_PASS_PRIVATE_H

#include "phase/phase_private.h"

/* pass_scan.c: one rule's scan of its table. Zeroed but for the first part. */
struct rule_scan {
    struct move *m;
    const struct bound_rule *bound;
    struct rule_total total; /* its rule, table and pass are set */
    struct progress progress;
    int64_t started_us; /* before the first row was read, by the servers' clock or earlier */
    bool counting;      /* only count the references, write nothing but what is unread */

    struct arena scratch; /* one row's change */
    struct store_filtered filtered;
    bool repeated; /* rows may have come twice */
    bool out_of_memory;
    struct token_range *skip; /* what an earlier run has read */
    int skip_count, skip_capacity;
    uint64_t rows_done; /* of ranges that are read to their end, by this run and earlier ones */
    uint64_t scanned_before; /* of total.scanned, those of earlier runs */
    uint64_t matched_noted;  /* of total.matched, those that are in the ledger's ranges */
    int64_t committed_us;
    int64_t now_us;
};
/* Adds the changes of what no earlier run has read, and fills the counts of |s->total| with all. */
bool rule_scan_run(struct rule_scan *s, struct fault *f);

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
