/* How a scan divides the ring. */
#include <stdlib.h>

#include "cql/ring.h"
#include "store/cassandra_private.h"

enum {
    SPLIT_LEAST = 64,    /* small tables: a piece with nothing in it costs about a millisecond */
    SPLIT_PER_NODE = 32, /* ten million rows on one node: pieces of some 150,000 rows */
    SPLIT_MAX = 1 << 20,
    PAGE_FIRST = 500,
};

static int split_of(const struct store_scan *scan, int node_count)
{
    int split = scan->split;
    if (split <= 0)
        split =
            node_count * SPLIT_PER_NODE > SPLIT_LEAST ? node_count * SPLIT_PER_NODE : SPLIT_LEAST;
    return split < SPLIT_MAX ? split : SPLIT_MAX;
}

bool cassandra_cut(struct cassandra *s, const struct store_scan *scan, int page_max,
                   struct scan_ranges *out, struct fault *f)
{
    int64_t *tokens = NULL;
    struct token_range *ranges = NULL;
    int token_count = 0, node_count = 0, count = 0;
    int page = page_max < PAGE_FIRST ? page_max : PAGE_FIRST;
    if (!cassandra_ring(s, &tokens, &token_count, &node_count, f))
        return false;
    bool cut = cql_ring_cut(tokens, token_count, split_of(scan, node_count), &ranges, &count, f);
    for (int i = 0; cut && i < count; i++) {
        struct token_range part;
        while (cut && cql_range_next_without(&ranges[i], scan->skip, scan->skip_count, &part))
            cut = ranges_add(out, part.start, part.end, page) || fault_memory(f);
    }
    free(tokens);
    free(ranges);
    ranges_shuffle(out, (uint64_t)count);
    return cut;
}
