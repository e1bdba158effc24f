#include "cql/ranges.h"

#include <stdlib.h>

enum { SHRINK_BY = 4 }; /* each try costs a time-out */

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

/* SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t random_next(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

void ranges_shuffle(struct scan_ranges *r, uint64_t seed)
{
    for (int i = r->count - 1; i > 0; i--) {
        int j = (int)(random_next(&seed) % ((uint64_t)i + 1));
        struct scan_piece kept = r->v[i];
        r->v[i] = r->v[j];
        r->v[j] = kept;
    }
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

/* What lies behind |token|, inside the piece, becomes one of its own. */
static bool cut_at(struct scan_ranges *r, int i, int64_t token)
{
    const struct scan_piece *p = &r->v[i];
    if (!add(r, (struct scan_piece){
                    .start = token, .from = token, .end = p->end, .page_rows = p->page_rows}))
        return false;
    r->v[i].end = token;
    return true;
}

int ranges_take_part(struct scan_ranges *r, int parts)
{
    int i = ranges_take(r);
    if (i < 0)
        return i;
    const struct scan_piece *p = &r->v[i];
    uint64_t part = ((uint64_t)p->end - (uint64_t)p->from) / (uint64_t)parts;
    if (parts > 1 && part > 0)
        cut_at(r, i, (int64_t)((uint64_t)p->from + part)); /* without memory: all of it */
    return i;
}

void ranges_progress(struct scan_ranges *r, int i, uint64_t rows, uint64_t tail, int64_t last)
{
    struct scan_piece *p = &r->v[i];
    p->tries = 0;
    if (rows == 0)
        return;
    bool goes_on = tail == rows && p->has_last && p->last == last;
    p->rows += rows;
    p->tail = goes_on ? p->tail + rows : tail;
    p->last = last;
    p->has_last = true;
}

void ranges_finish(struct scan_ranges *r, int i)
{
    r->v[i].state = PIECE_DONE;
    r->done++;
}

void ranges_give_up(struct scan_ranges *r, int i)
{
    r->v[i].state = PIECE_UNREAD;
    r->unread++;
}

bool ranges_are_settled(const struct scan_ranges *r)
{
    return r->done + r->unread == r->count;
}

/* All up to here has been read whole. */
static int64_t read_to(const struct scan_piece *p)
{
    /* |last| lies behind |from|, so one less cannot pass below it. */
    return p->has_last && p->last > p->from ? p->last - 1 : p->from;
}

bool ranges_covered(const struct scan_ranges *r, int i, struct token_range *covered, uint64_t *rows)
{
    const struct scan_piece *p = &r->v[i];
    bool is_done = p->state == PIECE_DONE;
    *covered = (struct token_range){p->start, is_done ? p->end : read_to(p)};
    *rows = is_done ? p->rows : p->rows - p->tail;
    return covered->end > covered->start;
}

void ranges_restart(struct scan_ranges *r, int i)
{
    struct scan_piece *p = &r->v[i];
    p->from = read_to(p);
    p->has_last = false;
    p->rows -= p->tail;
    p->tail = 0;
}

static bool cut_page(struct scan_piece *p, int least)
{
    if (p->page_rows <= least)
        return false;
    p->page_rows = p->page_rows / SHRINK_BY > least ? p->page_rows / SHRINK_BY : least;
    return true;
}

enum range_remedy ranges_shrink(struct scan_ranges *r, int i)
{
    struct scan_piece *p = &r->v[i];
    p->tries++;
    if (cut_page(p, SCAN_PAGE_CUT))
        return RANGE_SMALLER_PAGE;
    struct scan_piece before = *p;
    ranges_restart(r, i);
    uint64_t width = (uint64_t)p->end - (uint64_t)p->from;
    if (width < 2) {
        /* Nothing to cut: keep the place inside the partition, which is the only progress there can
         * be. */
        *p = before;
        if (cut_page(p, SCAN_PAGE_MIN))
            return p->tries = 0, RANGE_SMALLER_PAGE;
        return p->tries < SCAN_STUCK_TRIES ? RANGE_AGAIN : RANGE_STUCK;
    }
    p->tries = 0;
    if (cut_at(r, i, (int64_t)((uint64_t)p->from + width / 2)))
        return RANGE_SPLIT;
    *p = before;
    return RANGE_NO_MEMORY;
}
