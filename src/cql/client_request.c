#include <string.h>

#include "base/log.h"
#include "cql/client_private.h"
#include "cql/retry.h"
#include "cql/wire/message.h"

void list_append(struct request_list *l, struct cql_request *r)
{
    r->next = NULL;
    r->previous = l->last;
    if (l->last)
        l->last->next = r;
    else
        l->first = r;
    l->last = r;
    l->count++;
}

void list_prepend(struct request_list *l, struct cql_request *r)
{
    r->previous = NULL;
    r->next = l->first;
    if (l->first)
        l->first->previous = r;
    else
        l->last = r;
    l->first = r;
    l->count++;
}

void list_remove(struct request_list *l, struct cql_request *r)
{
    *(r->previous ? &r->previous->next : &l->first) = r->next;
    *(r->next ? &r->next->previous : &l->last) = r->previous;
    r->next = r->previous = NULL;
    l->count--;
}

void client_finish(struct cql_request *r, enum cql_outcome outcome, const struct fault *f)
{
    r->list = CQL_NOWHERE;
    r->outcome = outcome;
    if (f) {
        r->fault = *f;
        if (r->fault.subject[0] == '\0')
            fault_subject(&r->fault, "%.*s",
                          (int)(r->statement->text_bytes < 200 ? r->statement->text_bytes : 200),
                          (const char *)r->statement->text);
    }
    r->done(r);
}

static void queue_first(struct cql_client *c, struct cql_request *r)
{
    r->list = CQL_QUEUED;
    list_prepend(&c->queued, r);
}

/* Off the list of what is sent; its statement may be prepared by somebody else then. */
static void take_back(struct cql_client *c, struct cql_request *r)
{
    list_remove(&c->sent, r);
    r->list = CQL_NOWHERE;
    if (r->preparing)
        r->statement->is_preparing = false;
}

static bool write_message(struct cql_client *c, struct cql_request *r, struct fault *f)
{
    struct cql_statement *s = r->statement;
    struct cql_dialect d = cql_conn_dialect(c->conn);
    struct buf *out = cql_conn_output(c->conn);
    r->preparing = !s->is_ready;
    if (r->preparing)
        return cql_message_prepare(out, d, (int16_t)r->stream, cql_statement_text(s), f);
    struct cql_parameters p = {
        .consistency = r->is_local ? CQL_ONE : c->o.consistency,
        .values = r->values,
        .value_count = r->value_count,
        .page_rows = r->page_rows,
        .paging_state = r->paging_state,
        .has_serial_consistency = true,
        .serial_consistency = c->o.serial_consistency,
    };
    return cql_message_execute(out, d, (int16_t)r->stream, cql_statement_id(s),
                               cql_statement_metadata_id(s), &p, f);
}

static void send_one(struct cql_client *c, struct cql_request *r, int stream)
{
    struct fault f;
    list_remove(&c->queued, r);
    r->stream = stream;
    if (!write_message(c, r, &f)) {
        cql_conn_stream_return(c->conn, stream);
        client_finish(r, CQL_REQUEST_LOST, &f);
        return;
    }
    if (r->preparing)
        r->statement->is_preparing = true;
    r->generation = r->statement->generation;
    r->received_before = cql_conn_received_bytes(c->conn);
    r->due_ms = c->clock_ms + (uint64_t)c->o.timeout_ms;
    r->list = CQL_SENT;
    list_append(&c->sent, r);
}

void client_pump(struct cql_client *c)
{
    if (!c->running || client_stopped(c))
        return;
    while (c->link == LINK_READY && c->queued.first &&
           c->sent.count + c->delayed.count < c->limit && !cql_conn_is_congested(c->conn)) {
        struct cql_request *r = c->queued.first;
        if (!r->statement->is_ready && r->statement->is_preparing)
            break; /* the answer to its PREPARE comes back here */
        int stream = cql_conn_stream_take(c->conn, r);
        if (stream < 0)
            break;
        send_one(c, r, stream);
    }
    struct fault f;
    if (c->link == LINK_READY && !cql_conn_flush(c->conn, &f))
        client_drop_link(c, &f);
}

static void send_after_backoff(struct cql_client *c, struct cql_request *r)
{
    r->due_ms = c->clock_ms + cql_backoff_ms(r->tries++);
    r->list = CQL_DELAYED;
    list_append(&c->delayed, r);
}

/* A server that forgot a statement says so to all that are in flight: only the first one of them
 * prepares it again. */
static void prepare_again(struct cql_client *c, struct cql_request *r, const struct fault *f)
{
    if (++r->repreparations > c->o.max_retries) {
        client_finish(r, CQL_REQUEST_LOST, f);
        return;
    }
    if (r->generation == r->statement->generation)
        r->statement->is_ready = false;
    queue_first(c, r);
}

static void slow_down(struct cql_client *c)
{
    c->limit = c->limit / 2 > IN_FLIGHT_LEAST ? c->limit / 2 : IN_FLIGHT_LEAST;
    c->answered_since_growth = 0;
    log_write(LOG_WARN, "cql", "the server is overloaded: %d requests in flight from now on",
              c->limit);
}

static void take_error(struct cql_client *c, struct cql_request *r, const struct cql_error *e)
{
    struct fault f;
    cql_error_fault(e, &f);
    enum cql_action action = cql_retry_decide(e, r->purpose, r->tries, c->o.max_retries);
    bool closes = cql_error_rule(e->code)->closes;
    switch (action) {
    case CQL_FAIL_RUN:
    case CQL_NEXT_VERSION: client_finish(r, CQL_RUN_LOST, &f); break;
    case CQL_FAIL_ROW: client_finish(r, CQL_REQUEST_LOST, &f); break;
    case CQL_SPLIT_RANGE: client_finish(r, CQL_SPLIT, &f); break;
    case CQL_REPREPARE: prepare_again(c, r, &f); break;
    case CQL_SLOW_DOWN:
        slow_down(c);
        send_after_backoff(c, r);
        break;
    case CQL_RETRY_HERE:
    case CQL_RETRY_ELSEWHERE: send_after_backoff(c, r); break;
    }
    /* One request that a server cannot stomach must not cost all others their connection each time.
     */
    if (closes && (c->o.address_count > 1 || ++c->server_errors >= SERVER_ERRORS_MAX)) {
        c->server_errors = 0;
        fault_subject(&f, "%s", cql_client_peer(c));
        client_drop_link(c, &f);
    }
}

static void take_prepared(struct cql_client *c, struct cql_request *r, const struct cql_prepared *p)
{
    struct fault f;
    if (!cql_statement_prepared(r->statement, p, &f)) {
        client_finish(r, CQL_RUN_LOST, &f);
    } else if (r->statement->marker_count != r->value_count) {
        fault_set(&f, FAULT_INTERNAL, "a statement with %d markers was given %d values",
                  r->statement->marker_count, r->value_count);
        client_finish(r, CQL_RUN_LOST, &f);
    } else {
        queue_first(c, r);
    }
}

static void grow(struct cql_client *c)
{
    c->server_errors = 0;
    if (c->limit < c->o.in_flight && ++c->answered_since_growth >= c->limit) {
        c->answered_since_growth = 0;
        c->limit++;
    }
}

void client_answer(void *context, void *owner, const struct cql_reply *reply)
{
    struct cql_client *c = context;
    struct cql_request *r = owner;
    take_back(c, r);
    if (reply->opcode == CQL_ERROR) {
        take_error(c, r, &reply->error);
        return;
    }
    struct fault f;
    bool fits =
        reply->opcode == CQL_RESULT && r->preparing == (reply->result.kind == CQL_RESULT_PREPARED);
    if (!fits) {
        queue_first(c, r);
        fault_set(&f, FAULT_PROTOCOL, "the server answered %s, which fits no request of ours",
                  cql_opcode_name(reply->opcode));
        fault_subject(&f, "%s", cql_client_peer(c));
        client_drop_link(c, &f);
        return;
    }
    if (r->preparing) {
        take_prepared(c, r, &reply->result.prepared);
        return;
    }
    grow(c);
    struct cql_result result = reply->result;
    if (result.kind == CQL_RESULT_ROWS)
        cql_statement_columns_changed(r->statement, result.rows.columns.new_id);
    r->result = &result;
    client_finish(r, CQL_ANSWERED, NULL);
}

void client_requeue_sent(struct cql_client *c, const struct fault *f)
{
    /* From the last one on, so that they stand in the queue as they were sent. */
    while (c->sent.last) {
        struct cql_request *r = c->sent.last;
        take_back(c, r);
        if (++r->losses > LOSSES_MAX)
            client_finish(r, CQL_REQUEST_LOST, f);
        else
            queue_first(c, r);
    }
}

/* True: the connection has been silent since |r| was sent. */
static bool time_out_one(struct cql_client *c, struct cql_request *r)
{
    struct fault f;
    bool is_silent = cql_conn_received_bytes(c->conn) == r->received_before;
    fault_set(&f, FAULT_TIMEOUT, "no answer within %d ms", c->o.timeout_ms);
    fault_hint(&f, "the server is overloaded or hangs; a smaller number in flight may help");
    take_back(c, r);
    cql_conn_stream_abandon(c->conn, r->stream);
    if (r->purpose == CQL_FOR_SCAN && !r->preparing)
        client_finish(r, CQL_SPLIT, &f);
    else if (r->tries < c->o.max_retries)
        send_after_backoff(c, r);
    else
        client_finish(r, CQL_REQUEST_LOST, &f);
    return is_silent;
}

void client_time_out(struct cql_client *c)
{
    bool is_silent = false;
    while (c->link == LINK_READY && c->sent.first && c->sent.first->due_ms <= c->clock_ms)
        is_silent = time_out_one(c, c->sent.first) || is_silent;
    if (is_silent && c->link == LINK_READY) {
        struct fault f;
        fault_set(&f, FAULT_TIMEOUT, "the server is silent");
        fault_subject(&f, "%s", cql_client_peer(c));
        client_drop_link(c, &f);
    }
    for (struct cql_request *r = c->delayed.first, *next; r; r = next) {
        next = r->next;
        if (r->due_ms > c->clock_ms)
            continue;
        list_remove(&c->delayed, r);
        r->list = CQL_QUEUED;
        list_append(&c->queued, r);
    }
}

void client_fail_waiting(struct cql_client *c, const struct fault *f)
{
    struct request_list *lists[] = {&c->queued, &c->delayed};
    for (int i = 0; i < 2; i++) {
        while (lists[i]->first) {
            struct cql_request *r = lists[i]->first;
            list_remove(lists[i], r);
            client_finish(r, CQL_RUN_LOST, f);
        }
    }
}

bool client_stopped(struct cql_client *c)
{
    if (!loop_interrupted(c->loop))
        return false;
    struct fault f;
    fault_set(&f, FAULT_INTERRUPTED, "interrupted");
    client_fail_waiting(c, &f);
    return true;
}
