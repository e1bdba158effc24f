#include "cql/ring.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* The whole ring has 2^64 tokens, one more than 64 bits can count. */
__extension__ typedef __int128 wide;

/* The lower bound, exclusive, as a number that may lie one below INT64_MIN. */
static wide below(int64_t start)
{
    return start == INT64_MIN ? (wide)INT64_MIN - 1 : (wide)start;
}

static wide width(struct token_range r)
{
    return (wide)r.end - below(r.start);
}

struct token_range cql_range_piece(struct token_range r, int i, int pieces)
{
    int64_t start = i ? (int64_t)(below(r.start) + width(r) * i / pieces) : r.start;
    return (struct token_range){start, (int64_t)(below(r.start) + width(r) * (i + 1) / pieces)};
}

double cql_range_part(struct token_range r)
{
    return (double)width(r) / 18446744073709551616.0;
}

static int ascending(const void *a, const void *b)
{
    int64_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return (x > y) - (x < y);
}

/* Cuts |r| into |pieces| even ones. Each end is computed from the whole, so rounding never adds up.
 * A range that is cut is wider than 2^43 tokens (CQL_RING_RANGES_MAX), so no piece is empty. */
static void cut(struct token_range r, wide pieces, struct token_range *out)
{
    for (int i = 0; i < (int)pieces; i++)
        out[i] = cql_range_piece(r, i, (int)pieces);
}

bool cql_ring_cut(const int64_t *tokens, int token_count, int least, struct token_range **ranges,
                  int *range_count, struct fault *f)
{
    *ranges = NULL;
    *range_count = 0;
    if (token_count < 0 || token_count > CQL_RING_TOKENS_MAX)
        return fault_set(f, FAULT_PROTOCOL, "the cluster has %d tokens, more than %d", token_count,
                         CQL_RING_TOKENS_MAX);
    if (least < 1)
        least = 1;
    if (least > CQL_RING_RANGES_MAX / 2)
        return fault_set(f, FAULT_USAGE, "a scan of %d token ranges is more than %d", least,
                         CQL_RING_RANGES_MAX / 2);

    size_t most = (size_t)token_count + (size_t)least + 2;
    int64_t *ends = calloc((size_t)token_count + 1, sizeof *ends);
    struct token_range *out = calloc(most, sizeof *out);
    if (!ends || !out) {
        free(ends);
        free(out);
        return fault_memory(f);
    }
    if (token_count)
        memcpy(ends, tokens, (size_t)token_count * sizeof *ends);
    ends[token_count] = INT64_MAX;
    qsort(ends, (size_t)token_count + 1, sizeof *ends, ascending);

    const wide ring = (wide)1 << 64;
    wide target = (ring + least - 1) / least;
    int count = 0;
    int64_t start = INT64_MIN;
    for (int i = 0; i <= token_count; i++) {
        /* Repeated tokens own nothing; a token INT64_MIN owns what the next range begins with. */
        if (ends[i] == start)
            continue;
        struct token_range r = {start, ends[i]};
        wide pieces = (width(r) + target - 1) / target;
        cut(r, pieces, out + count);
        count += (int)pieces;
        start = ends[i];
    }
    free(ends);
    *ranges = out;
    *range_count = count;
    return true;
}

bool cql_range_halve(struct token_range range, struct token_range *left, struct token_range *right)
{
    if (width(range) < 2)
        return false;
    int64_t middle = (int64_t)(below(range.start) + width(range) / 2);
    /* A left half that ends at INT64_MIN cannot be told from one without an end. */
    if (middle == INT64_MIN)
        middle++;
    if (middle >= range.end)
        return false;
    *left = (struct token_range){range.start, middle};
    *right = (struct token_range){middle, range.end};
    return true;
}

bool cql_range_has(struct token_range range, int64_t token)
{
    return token <= range.end && (token > range.start || range.start == INT64_MIN);
}

/* The first of |ranges| that ends behind |token|. */
static int first_behind(const struct token_range *ranges, int count, int64_t token)
{
    int low = 0, high = count;
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (ranges[middle].end > token)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

bool cql_range_next_without(struct token_range *range, const struct token_range *without, int count,
                            struct token_range *part)
{
    while (range->start < range->end) {
        int i = first_behind(without, count, range->start);
        bool meets = i < count && without[i].start < range->end;
        *part = (struct token_range){range->start, meets ? without[i].start : range->end};
        range->start = meets ? without[i].end : range->end;
        if (part->end > part->start)
            return true;
    }
    return false;
}
