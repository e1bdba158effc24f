/* cli/progress.h: how far a phase is: one line, redrawn in place on a terminal, printed anew every 10 s elsewhere.
 *
 * Owns     rate and time left, counted over the last seconds, so that a pause or a new limit shows.
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "phase/phase.h"

enum { PROGRESS_REDRAW_US = 100000, PROGRESS_PLAIN_US = 10000000, PROGRESS_RATE_US = 5000000 };

struct progress_line {
    bool quiet;
    bool is_terminal;
    bool drawn; /* a line stands on the terminal that must be cleared before other text */
    char part[128];
    uint64_t part_done_here; /* of this process when it was looked at last */
    struct progress_mark {
        int64_t at_us;
        uint64_t done_here;
    } before, since; /* the rate is counted from |before|, 5 to 10 s ago, or the part's beginning */
    int64_t shown_us;
};

void progress_init(struct progress_line *l, bool quiet);

/* Shows |p| when it is time to. */
void progress_show(struct progress_line *l, const struct progress *p);

/* Removes the line from the terminal: call before printing anything else. */
void progress_clear(struct progress_line *l);

/* "  apply  ████░░░░  4,310 / 6,515   61,200/s   ETA 0:01   12 in flight   0 conflicts   slowed: p99 48 ms > 20 ms",
 * at most |width| columns; less is shown when there is no room. |done_here| in |elapsed_us| is the rate; |bar|: with
 * the drawn bar. Pure. */
void progress_text(const struct progress *p, uint64_t done_here, uint64_t elapsed_us, int width,
                   bool bar, struct buf *out);

#endif
