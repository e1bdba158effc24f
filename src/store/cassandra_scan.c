/* A whole table, page by page, several token ranges at once.
 *
 * A flight reads one piece of the ring at a time. A page that is too slow is asked for again with
 * fewer rows, then the piece is cut in two; a piece is only done when the server said that there is
 * no further page. One token that cannot be read at all is given up and told at the end.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "cql/murmur3.h"
#include "store/cassandra_private.h"
#include "store/cassandra_statement.h"

enum {
    FLIGHTS_PER_NODE = 8,
    FLIGHTS_MAX = 64,
    PAGE_MAX = 5000,
    PAGE_BYTES = 1 << 20, /* what a page should weigh: pages are in memory whole, one per flight */
    PAGING_STATE_MAX = 1 << 20,
    KEY_MAX = 1 << 20,
    TRIES_MORE = 12,    /* beyond the retries of a request, while replicas are missing */
    PROBE_PARTS = 16,   /* what a filter is tried on is one of so many parts of a piece */
    FAILURES_MAX = 128, /* one after the other, anywhere: it is the cluster, not a partition */
};

struct scan_run;

struct scan_flight {
    struct cql_request request;
    struct scan_run *run;
    int piece;
    uint8_t bounds[2][8];
    struct bytes values[3];
    struct buf paging_state;
    int page_max;      /* of this piece: smaller once a page was too slow */
    bool restarted;    /* since its last page: the server did not take the paging state */
    bool by_server;    /* this piece is filtered there */
    bool has_switched; /* to the other one, for what neither page size nor cutting could help */
    int64_t begun_us;
};

struct scan_run {
    struct cassandra *store;
    const struct store_scan *scan;
    struct scan_ranges ranges;
    struct scan_flight *flights;
    int flight_count;
    struct cql_statement *statements[2][2]; /* by server; of the ring's beginning, of the rest */
    struct scan_filter filter;
    struct arena arena; /* |row| */
    struct row row;
    struct buf key;
    struct bytes *previous; /* partition key of the row before, of tables with clustering columns */
    struct cassandra_unread unread;
    int page_max;
    int failures; /* since the last page that came */
    int active;
    bool is_finished;
    bool has_failed;
    struct fault fault;
};

static void end_flight(struct scan_run *run)
{
    if (--run->active == 0)
        run->is_finished = true;
}

static void fail(struct scan_run *run, const struct fault *f)
{
    if (run->has_failed)
        return;
    run->has_failed = true;
    run->fault = *f;
}

/* Asks for the next page of the flight's piece; |wait|: after so many tries' back-off, 0: at once.
 */
static bool send_page(struct scan_flight *flight, int wait)
{
    struct scan_run *run = flight->run;
    struct cql_client *client = run->store->client;
    const struct scan_piece *piece = &run->ranges.v[flight->piece];
    struct cql_request *r = &flight->request;
    struct fault f;
    statement_put_i64(flight->bounds[0], piece->from);
    statement_put_i64(flight->bounds[1], piece->end);
    for (int i = 0; i < 2; i++)
        flight->values[i] = (struct bytes){flight->bounds[i], 8};
    if (flight->by_server)
        flight->values[2] = run->scan->find->value;
    r->statement = run->statements[flight->by_server][piece->from != INT64_MIN];
    r->values = flight->values;
    r->value_count = flight->by_server ? 3 : 2;
    r->page_rows = piece->page_rows;
    if (run->store->pace)
        r->page_rows = pace_share(run->store->pace, piece->page_rows, run->flight_count);
    r->paging_state = flight->paging_state.n ? buf_view(&flight->paging_state) : bytes_null();
    r->purpose = CQL_FOR_SCAN;
    r->keyspace = run->scan->table->keyspace;
    r->token = piece->end;
    if (wait ? cql_client_send_later(client, r, wait, &f) : cql_client_send(client, r, &f))
        return true;
    fail(run, &f);
    return false;
}

/* A pace counts the rows that come here: of those that the servers read and leave out nobody knows. */
static bool is_paced(const struct scan_run *run)
{
    return run->store->pace && run->store->pace->rate > 0;
}

static void take_piece(struct scan_flight *flight)
{
    struct scan_run *run = flight->run;
    buf_clear(&flight->paging_state);
    flight->page_max = run->page_max;
    flight->restarted = flight->has_switched = false;
    bool paced = is_paced(run);
    flight->by_server =
        (!paced || run->scan->filter == STORE_FILTER_SERVER) && scan_filter_next(&run->filter);
    flight->begun_us = clock_now_us();
    /* What is paced is not measured. */
    int parts = !paced && run->filter.kind == STORE_FILTER_AUTO ? PROBE_PARTS : 1;
    flight->piece = run->has_failed ? -1 : ranges_take_part(&run->ranges, parts);
    if (flight->piece < 0 || !send_page(flight, 0))
        end_flight(run);
}

static void note_repeats(const struct scan_run *run)
{
    if (run->scan->repeated)
        *run->scan->repeated = true;
}

/* The token of the row that was read last. */
static bool token_of_row(struct scan_run *run, int64_t *token, struct fault *f)
{
    const struct table *t = run->scan->table;
    struct bytes *parts = run->store->cells; /* its views are no longer needed */
    for (int i = 0; i < t->partition_count; i++)
        parts[i] = run->row.cells[i].value;
    buf_clear(&run->key);
    if (!cql_partition_key(&run->key, parts, t->partition_count))
        return fault_set(f, FAULT_PROTOCOL, "a row came without its partition key");
    *token = cql_token(buf_view(&run->key));
    return true;
}

/* Is the row of the same partition as the one before it on this page? */
static bool goes_on(struct scan_run *run, bool is_first)
{
    const struct table *t = run->scan->table;
    bool same = !is_first && t->key_count > t->partition_count;
    for (int i = 0; i < t->partition_count; i++) {
        struct bytes value = run->row.cells[i].value;
        same = same && bytes_equal(value, run->previous[i]);
        run->previous[i] = value;
    }
    return same;
}

static bool take_rows(struct scan_run *run, int piece, struct cql_rows *rows, struct fault *f)
{
    const struct store_scan *scan = run->scan;
    uint64_t count = 0, tail = 0;
    int64_t token = 0;
    int got;
    while ((got = cassandra_row_next(rows, scan->selected, run->store->cells, &run->row, f)) > 0) {
        tail = goes_on(run, count == 0) ? tail + 1 : 1;
        count++;
        if (!scan->row(scan->context, &run->row, f))
            return false;
    }
    if (run->store->pace)
        pace_spend(run->store->pace, count);
    if (got < 0 || (count > 0 && !token_of_row(run, &token, f)))
        return false;
    ranges_progress(&run->ranges, piece, count, tail, token);
    run->failures = 0;
    return true;
}

static bool tell_progress(const struct scan_flight *flight, struct fault *f)
{
    const struct scan_run *run = flight->run;
    const struct store_scan *scan = run->scan;
    int piece = flight->piece;
    struct store_progress p = {
        .by_server = flight->by_server,
        .is_done = run->ranges.v[piece].state != PIECE_READING,
        .done = run->ranges.done,
        .total = run->ranges.count,
    };
    return !scan->progress || !ranges_covered(&run->ranges, piece, &p.covered, &p.rows) ||
           scan->progress(scan->context, &p, f);
}

/* Pages of about the same weight, whatever a row weighs. */
static void fit_page(struct scan_flight *flight, size_t bytes, int32_t rows)
{
    struct scan_piece *piece = &flight->run->ranges.v[flight->piece];
    if (rows <= 0)
        return;
    size_t want = PAGE_BYTES / (bytes / (size_t)rows + 1);
    if (want > (size_t)piece->page_rows * 4)
        want = (size_t)piece->page_rows * 4;
    if (want > (size_t)flight->page_max)
        want = (size_t)flight->page_max;
    piece->page_rows = want < SCAN_PAGE_MIN ? SCAN_PAGE_MIN : (int)want;
}

static void take_page(struct scan_flight *flight, struct cql_result *result)
{
    struct scan_run *run = flight->run;
    struct fault f;
    bool taken = result->kind == CQL_RESULT_ROWS
                     ? take_rows(run, flight->piece, &result->rows, &f)
                     : fault_set(&f, FAULT_PROTOCOL, "the answer has no rows where rows must be");
    struct bytes state = result->rows.columns.paging_state;
    bool is_last = bytes_are_null(state);
    if (taken && flight->paging_state.n && bytes_equal(state, buf_view(&flight->paging_state)))
        taken = fault_set(&f, FAULT_PROTOCOL, "the server gives the same page again and again");
    if (taken && !is_last) {
        buf_clear(&flight->paging_state);
        taken = buf_append_bytes(&flight->paging_state, state) || fault_memory(&f);
    }
    if (taken && is_last) {
        ranges_finish(&run->ranges, flight->piece);
        if (!is_paced(run))
            scan_filter_measured(&run->filter, flight->by_server, &run->ranges.v[flight->piece],
                                 clock_now_us() - flight->begun_us);
    }
    if (!taken || !tell_progress(flight, &f)) {
        fail(run, &f);
        end_flight(run);
    } else if (is_last) {
        take_piece(flight);
    } else {
        flight->restarted = false;
        if (!send_page(flight, 0))
            end_flight(run);
    }
}

/* One token too much for one way of filtering may do with the other: page by page it comes here,
 * however large it is; and within the partition, the servers look only at the clustering key that is
 * asked for, whatever tombstones lie beside it. */
static bool switch_filter(struct scan_flight *flight)
{
    struct scan_run *run = flight->run;
    const struct store_scan *scan = run->scan;
    bool may =
        flight->by_server || (run->filter.is_possible &&
                              scan->table->columns[scan->find->column].role == COLUMN_CLUSTERING);
    if (!may || flight->has_switched)
        return false;
    flight->has_switched = true;
    flight->by_server = !flight->by_server;
    ranges_restart(&run->ranges, flight->piece);
    run->ranges.v[flight->piece].page_rows = SCAN_PAGE_CUT;
    run->ranges.v[flight->piece].tries = 0;
    buf_clear(&flight->paging_state);
    note_repeats(run);
    return true;
}

/* Not even one row of one token can be read: it is told at the end, and the rest goes on. */
static bool give_up(struct scan_flight *flight, struct fault *f)
{
    struct scan_run *run = flight->run;
    const struct scan_piece *piece = &run->ranges.v[flight->piece];
    struct fault why = *f;
    if (!run->scan->unread ||
        !unread_add(&run->unread, (struct token_range){piece->from, piece->end}, &why, f))
        return false;
    ranges_give_up(&run->ranges, flight->piece);
    if (!tell_progress(flight, f))
        return false;
    take_piece(flight);
    return true;
}

/* What the servers filter takes as long for a page of few rows as for one of many: the range is cut
 * at once. */
static enum range_remedy shrink(struct scan_flight *flight)
{
    struct scan_ranges *ranges = &flight->run->ranges;
    struct scan_piece *piece = &ranges->v[flight->piece];
    int page_rows = piece->page_rows;
    if (flight->by_server && page_rows > SCAN_PAGE_CUT)
        piece->page_rows = SCAN_PAGE_CUT;
    enum range_remedy remedy = ranges_shrink(ranges, flight->piece);
    piece = &ranges->v[flight->piece];
    if (flight->by_server && remedy == RANGE_SPLIT)
        piece->page_rows = page_rows;
    return remedy;
}

static const char *remedy_text(enum range_remedy remedy)
{
    switch (remedy) {
    case RANGE_SMALLER_PAGE: return "read again with smaller pages";
    case RANGE_SPLIT: return "cut in two and read again";
    case RANGE_STUCK: return "given up";
    case RANGE_AGAIN:
    case RANGE_NO_MEMORY: break;
    }
    return "read again";
}

/* Less at once: smaller pages first, then smaller pieces. False: nothing more can be done. */
static bool ask_for_less(struct scan_flight *flight, struct fault *f)
{
    struct scan_run *run = flight->run;
    enum range_remedy remedy = shrink(flight);
    const struct scan_piece *piece = &run->ranges.v[flight->piece];
    flight->page_max = piece->page_rows;
    if (remedy == RANGE_NO_MEMORY)
        return fault_memory(f);
    if (++run->failures > FAILURES_MAX)
        return false;
    log_write(LOG_WARN, "store", "%s.%s: tokens %lld to %lld: %s; %s", run->scan->table->keyspace,
              run->scan->table->name, (long long)piece->from, (long long)piece->end, f->text,
              remedy_text(remedy));
    if (remedy == RANGE_STUCK && !switch_filter(flight))
        return give_up(flight, f);
    if (remedy == RANGE_SPLIT) {
        buf_clear(&flight->paging_state);
        note_repeats(run);
    }
    return send_page(flight, piece->tries);
}

/* Replicas are missing, or the cluster refuses work: smaller pages would not help. */
static bool ask_later(struct scan_flight *flight)
{
    struct scan_run *run = flight->run;
    struct scan_piece *piece = &run->ranges.v[flight->piece];
    return ++piece->tries <= TRIES_MORE && send_page(flight, piece->tries);
}

static void on_page(struct cql_request *r)
{
    struct scan_flight *flight = r->context;
    struct scan_run *run = flight->run;
    if (run->has_failed) {
        end_flight(run);
        return;
    }
    if (r->outcome == CQL_ANSWERED) {
        if (r->result->kind == CQL_RESULT_ROWS)
            fit_page(flight, r->result->rows.reader.n, r->result->rows.count);
        take_page(flight, r->result);
        return;
    }
    bool is_refused = r->outcome == CQL_RUN_LOST &&
                      (r->fault.code == FAULT_SERVER || r->fault.code == FAULT_PROTOCOL ||
                       r->fault.code == FAULT_INTERNAL || r->fault.code == FAULT_SCHEMA);
    bool again;
    if (is_refused && flight->by_server) {
        scan_filter_refused(&run->filter, &r->fault);
        flight->by_server = false;
        note_repeats(run);
        ranges_restart(&run->ranges, flight->piece);
        buf_clear(&flight->paging_state);
        again = send_page(flight, 1);
    } else if (is_refused && flight->paging_state.n && !flight->restarted) {
        /* Perhaps only the paging state: it may not outlive an upgrade of the server. */
        flight->restarted = true;
        note_repeats(run);
        ranges_restart(&run->ranges, flight->piece);
        buf_clear(&flight->paging_state);
        again = send_page(flight, 1);
    } else {
        again = r->outcome != CQL_RUN_LOST &&
                (r->fault.code == FAULT_UNAVAILABLE ? ask_later(flight)
                                                    : ask_for_less(flight, &r->fault));
    }
    if (!again) {
        fault_subject(&r->fault, "%s.%s", run->scan->table->keyspace, run->scan->table->name);
        fail(run, &r->fault);
        end_flight(run);
    }
}

static bool make_statements(struct scan_run *run, struct fault *f)
{
    struct buf *text = &run->store->text;
    int kinds = run->filter.is_possible ? 2 : 1;
    for (int by_server = 0; by_server < kinds; by_server++) {
        for (int rest = 0; rest < 2; rest++) {
            buf_clear(text);
            statement_scan(text, run->scan->table, run->scan->selected, !rest,
                           by_server ? run->scan->find : NULL);
            if (text->failed)
                return fault_memory(f);
            run->statements[by_server][rest] =
                cql_client_statement(run->store->client, buf_view(text), f);
            if (!run->statements[by_server][rest])
                return false;
        }
    }
    return true;
}

static bool prepare_run(struct scan_run *run, struct fault *f)
{
    int flights = run->scan->ranges_in_flight > 0
                      ? run->scan->ranges_in_flight
                      : FLIGHTS_PER_NODE * cql_client_topology(run->store->client)->count;
    run->flight_count = flights < FLIGHTS_MAX ? flights : FLIGHTS_MAX;
    run->page_max = run->scan->page_rows > 0 ? run->scan->page_rows : PAGE_MAX;
    run->flights = calloc((size_t)run->flight_count, sizeof *run->flights);
    arena_init(&run->arena, 1 << 20);
    buf_init(&run->key, KEY_MAX);
    ranges_init(&run->ranges);
    run->row = row_new(&run->arena, run->scan->table);
    run->previous =
        arena_array(&run->arena, (size_t)run->scan->table->partition_count, sizeof *run->previous);
    if (!run->flights || !run->row.cells || !run->previous)
        return fault_memory(f);
    for (int i = 0; i < run->flight_count; i++) {
        struct scan_flight *flight = &run->flights[i];
        flight->run = run;
        flight->request.done = on_page;
        flight->request.context = flight;
        buf_init(&flight->paging_state, PAGING_STATE_MAX);
    }
    return scan_filter_init(&run->filter, run->store, run->scan, f) && make_statements(run, f) &&
           cassandra_cut(run->store, run->scan, run->page_max, &run->ranges, f);
}

static void tell_filter(const struct scan_run *run)
{
    struct store_filtered *out = run->scan->filtered;
    if (!out)
        return;
    out->client_ranges = run->filter.probes[0].ranges;
    out->server_ranges = run->filter.probes[1].ranges;
    snprintf(out->note, sizeof out->note, "%s", run->filter.note);
}

static void free_run(struct scan_run *run)
{
    for (int i = 0; run->flights && i < run->flight_count; i++)
        buf_fini(&run->flights[i].paging_state);
    free(run->flights);
    ranges_fini(&run->ranges);
    unread_free(&run->unread);
    buf_fini(&run->key);
    arena_fini(&run->arena);
}

bool cassandra_scan(struct store *store, const struct store_scan *scan, struct fault *f)
{
    struct scan_run run = {.store = (struct cassandra *)store, .scan = scan};
    bool done = prepare_run(&run, f);
    if (done) {
        run.active = run.flight_count;
        for (int i = 0; i < run.flight_count; i++)
            take_piece(&run.flights[i]);
        cql_client_run(run.store->client, &run.is_finished);
        done = !run.has_failed;
        if (!done && f)
            *f = run.fault;
        if (done && !ranges_are_settled(&run.ranges))
            done = fault_set(f, FAULT_INTERNAL, "the scan ended before all ranges were read");
        done = done && unread_tell(run.store, scan, &run.unread, f);
    }
    tell_filter(&run);
    free_run(&run);
    return done;
}
