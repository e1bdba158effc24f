/* cql/ranges.h: which parts of the token ring a scan has read, reads and has still to read.
 *
 * Owns     the pieces: what each covers, how far it is read, how large its pages are.
 * Knows    nothing of connections or rows: pure bookkeeping, so that no lost answer can make a
 * piece look empty.
 *
 * Together the pieces always cover what ranges_add was given, each token in exactly one of them; a
 * split keeps that.
 */
#ifndef CQL_RANGES_H
#define CQL_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "move/token_range.h"

enum piece_state {
    PIECE_WAITING,
    PIECE_READING,
    PIECE_DONE,
    PIECE_UNREAD, /* given up: it is not known what is there */
};

struct scan_piece {
    int64_t start; /* exclusive: what this piece is answerable for; INT64_MIN: from the ring's
                      beginning */
    int64_t from;  /* exclusive: where reading begins; all up to here has been read */
    int64_t end;   /* inclusive */
    int64_t last;  /* token of the last row that was read, when |has_last| */
    bool has_last;
    uint64_t rows; /* read, each counted once */
    uint64_t tail; /* the last of them, all of the partition at |last| */
    int page_rows;
    int tries; /* without progress, as it is cut now */
    enum piece_state state;
};

struct scan_ranges {
    struct scan_piece *v;
    int count;
    int capacity;
    int done;
    int unread;
    int next; /* no piece before it waits */
};

enum {
    SCAN_PAGE_CUT = 16,  /* a range with such pages is cut … */
    SCAN_PAGE_MIN = 1,   /* … until it is one token, whose pages become this small */
    SCAN_STUCK_TRIES = 3 /* of one token with the smallest page, before it is given up */
};

void ranges_init(struct scan_ranges *r);
void ranges_fini(struct scan_ranges *r);
bool ranges_add(struct scan_ranges *r, int64_t start, int64_t end, int page_rows);

/* Mixes the pieces, so that those of one node do not come one after the other. The same |seed|
 * gives the same order. Before the first ranges_take. */
void ranges_shuffle(struct scan_ranges *r, uint64_t seed);

/* The number of a piece that waits, now being read; -1 when none waits. */
int ranges_take(struct scan_ranges *r);
/* The same, but only about one |parts|th of it, if it can be cut: the rest waits. */
int ranges_take_part(struct scan_ranges *r, int parts);

/* A page of |i| arrived with |rows| rows. The last one's token is |last|; |tail| of the page's rows
 * are of its partition (neither is looked at without rows). */
void ranges_progress(struct scan_ranges *r, int i, uint64_t rows, uint64_t tail, int64_t last);
void ranges_finish(struct scan_ranges *r, int i);
void ranges_give_up(struct scan_ranges *r, int i);
/* Is every piece finished or given up? */
bool ranges_are_settled(const struct scan_ranges *r);

/* What of |i| has been read with all its rows, and how many there are: of a piece that is not
 * finished, all before the partition that may have been read in part. False: nothing yet. */
bool ranges_covered(const struct scan_ranges *r, int i, struct token_range *covered,
                    uint64_t *rows);

/* Reading of |i| must begin anew behind what was read: its paging state is not to be used again.
 * The partition of the last row may have been read in part, so that it is read once more. */
void ranges_restart(struct scan_ranges *r, int i);

enum range_remedy {
    RANGE_SMALLER_PAGE, /* the same page again with page_rows, which was cut down */
    RANGE_SPLIT, /* cut in two: read |i| again from its |from|, without a paging state; the rest
                    waits */
    RANGE_AGAIN, /* one token, and the smallest page: it can only be tried again */
    RANGE_STUCK, /* that was tried SCAN_STUCK_TRIES times */
    RANGE_NO_MEMORY,
};

/* After a time-out, too many tombstones or a page that is too large. */
enum range_remedy ranges_shrink(struct scan_ranges *r, int i);

#endif
