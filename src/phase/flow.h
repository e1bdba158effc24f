/* phase/flow.h: how fast a move may go just now, and who says so.
 *
 * Owns     the pace of the store, the governor and its probe reads, the control socket, and what is
 *          said of all that in the progress line and the log.
 * Knows    of what runs only how far it is.
 *
 * A pause takes effect between two pages of a scan, and between two batches of writes: no change is
 * half done while it lasts. Ctrl-C works as ever.
 */
#ifndef PHASE_FLOW_H
#define PHASE_FLOW_H

#include "base/pace.h"
#include "phase/phase.h"

#define FLOW_SOCKET "control.sock"
enum { FLOW_MEASURED = 100, FLOW_MEASURE_MS = 3000 };

struct flow *flow_new(struct move *m, struct fault *f);
/* Nobody is listened to any more: before the ledger is closed. */
void flow_stop(struct flow *x);
/* After the store was freed, which keeps the pace. */
void flow_free(struct flow *x);

struct pace *flow_pace(struct flow *x);
/* The store is open: whether it can be probed is known. */
void flow_store_opened(struct flow *x);
/* What the probes read: rows of |t|, whose only key is |id| and others that are not there, which
 * spreads them over the nodes. Both live as long as the move. */
void flow_probe(struct flow *x, const struct table *t, const char *id);
/* What probe reads take just now: FLOW_MEASURED of them one after the other, or as many as end in
 * FLOW_MEASURE_MS. False: |f| is set when the run cannot go on; no text key, or nothing came back, when not. */
struct flow_latency {
    uint32_t p99_us;
    int reads, failed;
};
bool flow_measure_latency(struct flow *x, struct flow_latency *out, struct fault *f);
/* The directory's lock is ours: an operator can talk to us. What stands in the way is only logged. */
void flow_listen(struct flow *x);

/* So many changes at once that a batch takes about a second at the present pace. */
int flow_batch(const struct flow *x, int most);

/* Completes |p| and remembers it, for when it must be shown again while nothing happens. */
void flow_progress(struct flow *x, struct progress *p);

#endif
