/* Who looks for the rows of a scan: the servers (ALLOW FILTERING within a token range), which send
 * fewer rows then, or we. Which is faster is a matter of the table, so both are tried. */
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "store/cassandra_private.h"

enum {
    PROBES = 3,             /* parts of ranges of each kind, behind a first one that warms up */
    SERVER_GAIN_LEAST = 10, /* percent: for less, the rows come here, where each is counted */
};

/* Cassandra 3.11.7 and 4.0 ask the other replicas for the rows that one of them found
 * (CASSANDRA-8272, 8273); before, a row of which replicas differ may come with old cells. */
static bool replicas_are_asked(const char *product)
{
    int major = 0, minor = 0, patch = 0;
    if (sscanf(product, "Cassandra %d.%d.%d", &major, &minor, &patch) < 2) // NOLINT(cert-err34-c)
        return false;
    return major > 3 || (major == 3 && minor == 11 && patch >= 7);
}

struct index_search {
    struct bytes column;
    bool found;
};

static bool take_indexes(void *context, struct cql_result *result, struct fault *f)
{
    struct index_search *search = context;
    struct bytes options;
    int got;
    while ((got = cql_rows_next(&result->rows, &options, 1, f)) > 0)
        if (options.p && memmem(options.p, options.n, search->column.p, search->column.n))
            search->found = true;
    return got == 0;
}

static bool refuse(struct scan_filter *filter, const char *why)
{
    filter->is_possible = false;
    snprintf(filter->note, sizeof filter->note, "%s", why);
    return true;
}

bool scan_filter_init(struct scan_filter *filter, struct cassandra *s,
                      const struct store_scan *scan, struct fault *f)
{
    *filter = (struct scan_filter){.kind = STORE_FILTER_CLIENT};
    if (!scan->find || scan->filter == STORE_FILTER_CLIENT)
        return true;
    const struct column *column = &scan->table->columns[scan->find->column];
    if (column->role != COLUMN_REGULAR && column->role != COLUMN_CLUSTERING)
        return refuse(filter, "the column stands in the partition key, or is static");
    if (scan->find->is_element != type_is_multicell(&column->type))
        return refuse(filter, "the column is frozen");
    if (!replicas_are_asked(s->about.product))
        return refuse(filter, "this Cassandra is older than 3.11.7");
    /* With an index the servers would read that, and it may be behind, or broken. */
    struct index_search search = {.column = bytes_of(column->name)};
    const struct bytes key[] = {bytes_of(scan->table->keyspace), bytes_of(scan->table->name)};
    if (!cassandra_ask_local(s,
                             "SELECT options FROM system_schema.indexes "
                             "WHERE keyspace_name = ? AND table_name = ?",
                             key, 2, take_indexes, &search, f))
        return false;
    if (search.found)
        return refuse(filter, "the column has an index, which might be behind");
    filter->is_possible = true;
    filter->kind = scan->filter;
    return true;
}

bool scan_filter_next(struct scan_filter *filter)
{
    if (filter->kind == STORE_FILTER_AUTO)
        return filter->turn++ % 2 == 0;
    return filter->kind == STORE_FILTER_SERVER;
}

static double cost(const struct filter_probe *p)
{
    return p->us / p->width;
}

void scan_filter_measured(struct scan_filter *filter, bool by_server,
                          const struct scan_piece *piece, int64_t us)
{
    struct filter_probe *p = &filter->probes[by_server];
    p->ranges++;
    if (filter->kind != STORE_FILTER_AUTO || p->ranges == 1)
        return;
    p->us += (double)us;
    p->width += (double)((uint64_t)piece->end - (uint64_t)piece->start);
    if (filter->probes[0].ranges <= PROBES || filter->probes[1].ranges <= PROBES)
        return;
    double client = cost(&filter->probes[0]), server = cost(&filter->probes[1]);
    filter->kind = server * (100 + SERVER_GAIN_LEAST) < client * 100 ? STORE_FILTER_SERVER
                                                                     : STORE_FILTER_CLIENT;
    snprintf(filter->note, sizeof filter->note,
             "measured: the servers' filter takes %.2f of the time", server / client);
    log_write(LOG_INFO, "store", "the rows are looked for by the %s; %s",
              filter->kind == STORE_FILTER_SERVER ? "servers" : "client", filter->note);
}

bool scan_filter_refused(struct scan_filter *filter, const struct fault *why)
{
    if (!filter->is_possible)
        return false;
    filter->is_possible = false;
    filter->kind = STORE_FILTER_CLIENT;
    snprintf(filter->note, sizeof filter->note, "the servers refuse to filter: %.100s", why->text);
    log_write(LOG_WARN, "store", "%s", filter->note);
    return true;
}
