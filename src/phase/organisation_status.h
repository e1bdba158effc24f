/* phase/organisation_status.h: sets the status of the source organisation: the seed page's step 7 alone.
 *
 * Without a plan and without a scan for references; fenced and read back like every other write.
 */
#ifndef PHASE_ORGANISATION_STATUS_H
#define PHASE_ORGANISATION_STATUS_H

#include "phase/phase.h"

struct organisation_status {
    struct tenant before; /* its bytes live in the move's arena */
    bool was_set;         /* it had the status already: nothing was written */
    bool is_set;          /* read back */
};

/* Reads the row, tells |about| to show it (before anything is written), and unless |dry| sets |status|.
 * FAULT_REFUSED: there is no such organisation, or its row cannot be fenced. |out|->is_set is false, and true is
 * returned, when somebody else changed the status meanwhile: theirs stays. */
bool organisation_status_set(struct move *m, int status, bool dry,
                             void (*about)(void *context, const struct organisation_status *s),
                             void *context, struct organisation_status *out, struct fault *f);

#endif
