/* How a scan divides the ring: into pieces of about the same work, as far as the node that was asked
 * can tell. system.size_estimates has its own ranges only, and nothing before the first flush; what
 * it does not know is taken to be like the rest. */
#include <stdlib.h>

#include "cql/ring.h"
#include "store/cassandra_private.h"

enum {
    SPLIT_LEAST = 64, /* small tables: a piece with nothing in it costs about a millisecond */
    SPLIT_MAX = 1 << 20,
    PIECE_PARTITIONS = 16384,
    PIECE_BYTES = 8 << 20,
    PAGE_FIRST = 500,
};

struct estimate {
    struct token_range range;
    double pieces; /* that it is worth */
};

struct estimates {
    struct estimate *v;
    int count, capacity;
    double pieces, part; /* of all; how much of the ring they are */
};

static bool parse_token(struct bytes text, int64_t *out)
{
    char digits[24];
    char *end;
    if (text.n == 0 || text.n >= sizeof digits)
        return false;
    memcpy(digits, text.p, text.n);
    digits[text.n] = '\0';
    *out = strtoll(digits, &end, 10);
    return *end == '\0';
}

static double worth(int64_t partitions, int64_t mean_bytes)
{
    double by_count = (double)partitions / PIECE_PARTITIONS;
    double by_bytes = (double)partitions * (double)mean_bytes / PIECE_BYTES;
    return by_count > by_bytes ? by_count : by_bytes;
}

static bool add_estimate(struct estimates *e, const struct bytes cells[4], struct fault *f)
{
    struct estimate new;
    int64_t mean = 0, partitions = 0;
    /* The range over the ring's end is left out: it is like the others. */
    if (!parse_token(cells[0], &new.range.start) || !parse_token(cells[1], &new.range.end) ||
        new.range.start >= new.range.end || !value_bigint(cells[2], &mean) ||
        !value_bigint(cells[3], &partitions) || mean < 0 || partitions < 0)
        return true;
    if (e->count == e->capacity) {
        int capacity = e->capacity ? 2 * e->capacity : 64;
        struct estimate *v = realloc(e->v, (size_t)capacity * sizeof *v);
        if (!v)
            return fault_memory(f);
        e->v = v;
        e->capacity = capacity;
    }
    new.pieces = worth(partitions, mean);
    e->pieces += new.pieces;
    e->part += cql_range_part(new.range);
    e->v[e->count++] = new;
    return true;
}

static bool take_estimates(void *context, struct cql_result *result, struct fault *f)
{
    struct bytes cells[4];
    int got;
    while ((got = cql_rows_next(&result->rows, cells, 4, f)) > 0)
        if (!add_estimate(context, cells, f))
            return false;
    return got == 0;
}

static bool read_estimates(struct cassandra *s, const struct table *t, struct estimates *e,
                           struct fault *f)
{
    const struct bytes key[] = {bytes_of(t->keyspace), bytes_of(t->name)};
    struct fault why = {0};
    if (cassandra_ask_local(s,
                            "SELECT range_start, range_end, mean_partition_size, partitions_count "
                            "FROM system.size_estimates WHERE keyspace_name = ? AND table_name = ?",
                            key, 2, take_estimates, e, &why))
        return true;
    /* A login may not see it: then nothing is known. */
    if (why.code == FAULT_DENIED)
        return true;
    if (f)
        *f = why;
    return false;
}

/* How many pieces a range between two tokens of the ring becomes. */
static int pieces_of(const struct estimates *e, struct token_range range, int least)
{
    double even = cql_range_part(range) * least;
    double known = e->part > 0 ? e->pieces / e->part * cql_range_part(range) : 0;
    for (int i = 0; i < e->count; i++)
        if (e->v[i].range.start == range.start && e->v[i].range.end == range.end)
            known = e->v[i].pieces;
    double pieces = known > even ? known : even;
    if (pieces > SPLIT_MAX * cql_range_part(range))
        pieces = SPLIT_MAX * cql_range_part(range);
    return 1 + (int)pieces;
}

static bool cut_all(const struct estimates *e, const struct token_range *ranges, int count,
                    const struct store_scan *scan, int page, struct scan_ranges *out,
                    struct fault *f)
{
    int least = scan->split > 0 ? scan->split : SPLIT_LEAST;
    for (int i = 0; i < count; i++) {
        int pieces = pieces_of(e, ranges[i], least);
        for (int k = 0; k < pieces; k++) {
            struct token_range piece = cql_range_piece(ranges[i], k, pieces), part;
            while (cql_range_next_without(&piece, scan->skip, scan->skip_count, &part))
                if (!ranges_add(out, part.start, part.end, page))
                    return fault_memory(f);
        }
    }
    return true;
}

bool cassandra_cut(struct cassandra *s, const struct store_scan *scan, int page_max,
                   struct scan_ranges *out, struct fault *f)
{
    int64_t *tokens = NULL;
    struct token_range *ranges = NULL;
    struct estimates e = {0};
    int token_count = 0, node_count = 0, count = 0;
    int page = page_max < PAGE_FIRST ? page_max : PAGE_FIRST;
    /* How many pieces the operator wants, he gets. */
    bool cut = (scan->split > 0 || read_estimates(s, scan->table, &e, f)) &&
               cassandra_ring(s, &tokens, &token_count, &node_count, f) &&
               cql_ring_cut(tokens, token_count, 1, &ranges, &count, f) &&
               cut_all(&e, ranges, count, scan, page, out, f);
    free(tokens);
    free(ranges);
    free(e.v);
    ranges_shuffle(out, (uint64_t)out->count);
    return cut;
}
