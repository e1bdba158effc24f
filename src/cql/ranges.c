#include "cql/ranges.h"

#include <stdlib.h>

void ranges_init(struct scan_ranges *r)
{
    *r = (struct scan_ranges){0};
}

void ranges_fini(struct scan_ranges *r)
{
    free(r->v);
    ranges_init(r);
}

static bool add(struct scan_ranges *r, struct scan_piece piece)
{
    if (r->count == r->capacity) {
        int capacity = r->capacity ? r->capacity * 2 : 64;
        struct scan_piece *v = realloc(r->v, (size_t)capacity * sizeof *v);
        if (!v)
            return false;
        r->v = v;
        r->capacity = capacity;
    }
    r->v[r->count++] = piece;
    return true;
}

bool ranges_add(struct scan_ranges *r, int64_t start, int64_t end, int page_rows)
{
    return add(
        r, (struct scan_piece){.start = start, .from = start, .end = end, .page_rows = page_rows});
}

int ranges_take(struct scan_ranges *r)
{
    for (; r->next < r->count; r->next++) {
        if (r->v[r->next].state == PIECE_WAITING) {
            r->v[r->next].state = PIECE_READING;
            return r->next++;
        }
    }
    return -1;
}

void ranges_progress(struct scan_ranges *r, int i, uint64_t rows, int64_t last)
{
    struct scan_piece *p = &r->v[i];
    p->tries = 0;
    p->rows += rows;
    if (rows > 0) {
        p->last = last;
        p->has_last = true;
    }
}

void ranges_finish(struct scan_ranges *r, int i)
{
    r->v[i].state = PIECE_DONE;
    r->done++;
}

bool ranges_are_done(const struct scan_ranges *r)
{
    return r->done == r->count;
}

void ranges_restart(struct scan_ranges *r, int i)
{
    struct scan_piece *p = &r->v[i];
    /* |last| lies behind |from|, so one less cannot pass below it. */
    if (p->has_last && p->last > p->from)
        p->from = p->last - 1;
    p->has_last = false;
}

enum range_remedy ranges_shrink(struct scan_ranges *r, int i)
{
    struct scan_piece *p = &r->v[i];
    p->tries++;
    if (p->page_rows > SCAN_PAGE_MIN) {
        p->page_rows = p->page_rows / 2 > SCAN_PAGE_MIN ? p->page_rows / 2 : SCAN_PAGE_MIN;
        return RANGE_SMALLER_PAGE;
    }
    struct scan_piece before = *p;
    ranges_restart(r, i);
    uint64_t width = (uint64_t)p->end - (uint64_t)p->from;
    if (width < 2) {
        /* Nothing to cut: keep the place inside the partition, which is the only progress there can
         * be. */
        *p = before;
        return RANGE_STUCK;
    }
    int64_t middle = (int64_t)((uint64_t)p->from + width / 2);
    struct scan_piece rest = {
        .start = middle, .from = middle, .end = p->end, .page_rows = p->page_rows};
    p->end = middle;
    if (!add(r, rest)) {
        *p = before;
        return RANGE_NO_MEMORY;
    }
    return RANGE_SPLIT;
}
