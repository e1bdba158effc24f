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

/* What is sent counts before its rows are here, or whatever waits would go at once. */
static void owe(struct cql_client *c, struct cql_request *r, int rows)
{
    if (c->o.pace)
        pace_owe(c->o.pace, rows - r->owed);
    r->owed = rows;
}

/* Off the list of what is sent; its statement may be prepared by somebody else then. */
static void take_back(struct node *n, struct cql_request *r)
{
    list_remove(&n->sent, r);
    r->list = CQL_NOWHERE;
    n->probe_count -= r->is_probe;
    owe(n->client, r, 0);
    if (r->preparing)
        node_statement(n, r->statement)->is_preparing = false;
}

static bool write_message(struct node *n, struct cql_request *r, struct fault *f)
{
    const struct cql_client *c = n->client;
    struct cql_statement *s = r->statement;
    struct cql_dialect d = cql_conn_dialect(n->conn);
    struct buf *out = cql_conn_output(n->conn);
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

bool client_send(struct node *n, struct cql_request *r, struct fault *f)
{
    const struct cql_client *c = n->client;
    struct node_statement *s = node_statement(n, r->statement);
    r->stream = cql_conn_stream_take(n->conn, r);
    r->preparing = !s || !s->is_ready;
    bool written = s ? write_message(n, r, f) : fault_memory(f);
    if (!written) {
        cql_conn_stream_return(n->conn, r->stream);
        return false;
    }
    if (r->preparing) {
        s->is_preparing = true;
        s->preparing_ms = c->clock_ms;
    }
    r->node = n;
    r->generation = s->generation;
    r->received_before = cql_conn_received_bytes(n->conn);
    r->due_ms = c->clock_ms + (uint64_t)c->o.timeout_ms;
    r->sent_us = loop_now_us(c->loop);
    r->sent_in = c->run_number;
    r->list = CQL_SENT;
    list_append(&n->sent, r);
    n->probe_count += r->is_probe;
    n->request_count++;
    in_flight_sent(&n->in_flight, node_busy(n));
    retry_budget_request(&n->retries);
    return true;
}

static void send_one(struct node *n, struct cql_request *r)
{
    struct cql_client *c = n->client;
    struct fault f;
    list_remove(&c->queued, r);
    if (!client_send(n, r, &f))
        client_finish(r, CQL_REQUEST_LOST, &f);
    else if (c->o.pace && !r->is_local && !r->preparing) {
        /* Whoever reads pages spends their rows when they are there. */
        if (r->purpose == CQL_FOR_ROW)
            pace_spend(c->o.pace, r->rows > 1 ? (uint64_t)r->rows : 1);
        else
            owe(c, r, r->page_rows);
    }
}

static void flush(struct cql_client *c)
{
    struct fault f;
    for (int i = 0; i < c->node_count; i++) {
        struct node *n = c->nodes[i];
        if (n->link == NODE_READY && !cql_conn_flush(n->conn, &f))
            node_drop(n, &f);
    }
}

void client_pump(struct cql_client *c)
{
    struct node *n;
    if (!c->running || client_stopped(c))
        return;
    while (c->queued.first && client_pace_allows(c, c->queued.first) &&
           (n = client_route(c, c->queued.first)) != NULL)
        send_one(n, c->queued.first);
    flush(c);
}

/* After the back-off of the |nth| try, and when the node's retry budget allows it. */
static void delay(struct node *n, struct cql_request *r, int nth)
{
    struct cql_client *c = n->client;
    r->due_ms = c->clock_ms + cql_backoff_ms(nth);
    r->list = CQL_DELAYED;
    r->node = n;
    n->delayed_count++;
    list_append(&c->delayed, r);
}

static void send_after_backoff(struct node *n, struct cql_request *r)
{
    delay(n, r, r->tries++);
}

static void end_delay(struct cql_client *c, struct cql_request *r)
{
    list_remove(&c->delayed, r);
    if (r->node)
        r->node->delayed_count--;
    r->node = NULL;
}

static void avoid(const struct node *n, struct cql_request *r)
{
    r->tried |= UINT64_C(1) << (n->number % 64);
}

/* A server that forgot a statement says so to all that are in flight: only the first one of them
 * prepares it again. */
static void prepare_again(struct node *n, struct cql_request *r, const struct fault *f)
{
    struct cql_client *c = n->client;
    struct node_statement *s = node_statement(n, r->statement);
    if (++r->repreparations > c->o.max_retries) {
        client_finish(r, CQL_REQUEST_LOST, f);
        return;
    }
    if (r->generation == s->generation)
        s->is_ready = false;
    queue_first(c, r);
}

static void slow_down(struct node *n)
{
    char name[CQL_HOST_MAX + 8];
    in_flight_overloaded(&n->in_flight);
    log_write(LOG_WARN, "cql", "%s is overloaded: %d requests in flight from now on",
              node_name(n, name), n->in_flight.limit);
}

static void drop_broken(struct node *n, struct fault *f)
{
    if (n->conn) {
        fault_subject(f, "%s", cql_conn_peer(n->conn));
        node_drop(n, f);
    }
}

static void take_error(struct node *n, struct cql_request *r, const struct cql_error *e)
{
    struct cql_client *c = n->client;
    struct fault f;
    cql_error_fault(e, &f);
    enum cql_action action = cql_retry_decide(e, r->purpose, r->tries, c->o.max_retries);
    bool closes = cql_error_rule(e->code)->closes;
    if (r->is_probe && action != CQL_REPREPARE)
        action = CQL_FAIL_ROW;
    switch (action) {
    case CQL_FAIL_RUN:
    case CQL_NEXT_VERSION: client_finish(r, CQL_RUN_LOST, &f); break;
    case CQL_FAIL_ROW: client_finish(r, CQL_REQUEST_LOST, &f); break;
    case CQL_SPLIT_RANGE: client_finish(r, CQL_SPLIT, &f); break;
    case CQL_REPREPARE: prepare_again(n, r, &f); break;
    case CQL_SLOW_DOWN:
        slow_down(n);
        send_after_backoff(n, r);
        break;
    case CQL_RETRY_ELSEWHERE:
        avoid(n, r);
        send_after_backoff(n, r);
        break;
    case CQL_RETRY_HERE: send_after_backoff(n, r); break;
    }
    /* One request that a server cannot stomach must not cost all others their connection each time.
     */
    if (closes && ++n->server_errors >= SERVER_ERRORS_MAX) {
        n->server_errors = 0;
        drop_broken(n, &f);
    }
}

static void take_prepared(struct node *n, struct cql_request *r, const struct cql_prepared *p)
{
    struct fault f;
    if (!cql_statement_prepared(r->statement, p, &f)) {
        client_finish(r, CQL_RUN_LOST, &f);
    } else if (r->statement->marker_count != r->value_count) {
        fault_set(&f, FAULT_INTERNAL, "a statement with %d markers was given %d values",
                  r->statement->marker_count, r->value_count);
        client_finish(r, CQL_RUN_LOST, &f);
    } else {
        struct node_statement *s = node_statement(n, r->statement);
        s->is_ready = true;
        s->generation++;
        queue_first(n->client, r);
    }
}

/* Pages differ too much to be compared, and what the cluster says of itself is seldom asked. */
static void note_answer(struct node *n, const struct cql_request *r)
{
    n->client->answered_ms = n->client->clock_ms;
    bool is_alike = r->purpose == CQL_FOR_ROW && !r->is_local;
    n->server_errors = 0;
    if (!r->is_probe)
        in_flight_answered(&n->in_flight, &node_statement(n, r->statement)->best,
                           is_alike ? r->took_us : 0, n->client->clock_ms);
    if (r->tries || r->losses > 1)
        retry_budget_succeeded(&n->retries);
}

static void lose_run(struct cql_client *c, const struct fault *f)
{
    struct fault lost;
    fault_set(&lost, f->code == FAULT_PROTOCOL ? FAULT_PROTOCOL : FAULT_UNREACHABLE,
              "no request was answered for %d s, since each connection was lost: %.300s",
              c->o.patience_ms / 1000, f->text);
    fault_subject(&lost, "%s", f->subject);
    fault_hint(&lost, "see the server's log; then start the same command again, it goes on");
    client_lose(c, &lost);
}

/* A connection was lost under |r|. A node that goes takes all with it that it was sent: they go to
 * others at once. What is lost again waits, longer each time and by the retry budget, so that what
 * kills a connection is soon alone with it. It is to blame, and given up, when others are answered
 * meanwhile; else it is the nodes, for which there is patience. */
static void lose_once(struct node *n, struct cql_request *r, bool is_culprit, const struct fault *f)
{
    struct cql_client *c = n->client;
    avoid(n, r);
    r->lies += is_culprit;
    if (r->losses++ == 0)
        r->lost_ms = c->clock_ms;
    bool are_others_answered = c->answered_ms > r->lost_ms;
    bool is_too_often = r->losses > LOSSES_MAX;
    if (is_culprit && r->purpose == CQL_FOR_SCAN && !r->preparing) {
        client_finish(r, CQL_SPLIT, f);
    } else if (r->is_probe || r->lies > LIES_MAX || (is_too_often && are_others_answered)) {
        client_finish(r, CQL_REQUEST_LOST, f);
    } else if (r->losses == 1) {
        queue_first(c, r);
    } else {
        delay(n, r, r->losses - 2);
        if (is_too_often && c->clock_ms - r->lost_ms >= (uint64_t)c->o.patience_ms && !c->is_lost)
            lose_run(c, f);
    }
}

void client_answer(struct node *n, struct cql_request *r, const struct cql_reply *reply)
{
    take_back(n, r);
    if (reply->opcode == CQL_ERROR) {
        n->client->answered_ms = n->client->clock_ms;
        take_error(n, r, &reply->error);
        return;
    }
    struct fault f;
    bool fits =
        reply->opcode == CQL_RESULT && r->preparing == (reply->result.kind == CQL_RESULT_PREPARED);
    if (!fits) {
        fault_set(&f, FAULT_PROTOCOL, "the server answered %s, which fits no request of ours",
                  cql_opcode_name(reply->opcode));
        fault_subject(&f, "%s", cql_conn_peer(n->conn));
        lose_once(n, r, true, &f);
        drop_broken(n, &f);
        return;
    }
    if (r->preparing) {
        take_prepared(n, r, &reply->result.prepared);
        return;
    }
    r->took_us = client_took_us(n->client, r);
    note_answer(n, r);
    struct cql_result result = reply->result;
    if (result.kind == CQL_RESULT_ROWS)
        cql_statement_columns_changed(r->statement, result.rows.columns.new_id);
    r->result = &result;
    client_finish(r, CQL_ANSWERED, NULL);
}

void client_requeue_sent(struct node *n, const struct fault *f)
{
    /* From the last one on, so that they stand in the queue as they were sent. */
    while (n->sent.last) {
        struct cql_request *r = n->sent.last;
        take_back(n, r);
        lose_once(n, r, r == n->culprit, f);
    }
}

/* True: the connection has been silent since |r| was sent. */
static bool time_out_one(struct node *n, struct cql_request *r)
{
    const struct cql_client *c = n->client;
    struct fault f;
    bool is_silent = cql_conn_received_bytes(n->conn) == r->received_before;
    fault_set(&f, FAULT_TIMEOUT, "no answer within %d ms", c->o.timeout_ms);
    fault_hint(&f, "the server is overloaded or hangs; a smaller number in flight may help");
    take_back(n, r);
    cql_conn_stream_abandon(n->conn, r->stream);
    avoid(n, r);
    if (r->purpose == CQL_FOR_SCAN && !r->preparing)
        client_finish(r, CQL_SPLIT, &f);
    else if (r->tries < c->o.max_retries && !r->is_probe)
        send_after_backoff(n, r);
    else
        client_finish(r, CQL_REQUEST_LOST, &f);
    return is_silent;
}

static void time_out_node(struct node *n)
{
    bool is_silent = false;
    while (n->link == NODE_READY && n->sent.first && n->sent.first->due_ms <= n->client->clock_ms)
        is_silent = time_out_one(n, n->sent.first) || is_silent;
    if (is_silent && n->link == NODE_READY) {
        struct fault f;
        fault_set(&f, FAULT_TIMEOUT, "the server is silent");
        drop_broken(n, &f);
    }
}

static bool may_try_again(struct node *n)
{
    char name[CQL_HOST_MAX + 8];
    bool was_short = n->retries.is_short;
    if (retry_budget_take(&n->retries, n->client->clock_ms))
        return true;
    if (!was_short)
        log_write(LOG_WARN, "cql",
                  "%s fails more than a tenth of its requests: they are sent again more slowly",
                  node_name(n, name));
    return false;
}

void client_time_out(struct cql_client *c)
{
    for (int i = 0; i < c->node_count; i++)
        time_out_node(c->nodes[i]);
    for (struct cql_request *r = c->delayed.first, *next; r; r = next) {
        next = r->next;
        if (r->due_ms > c->clock_ms || (r->node && !may_try_again(r->node)))
            continue;
        end_delay(c, r);
        r->list = CQL_QUEUED;
        list_append(&c->queued, r);
    }
}

void client_fail_waiting(struct cql_client *c, const struct fault *f)
{
    while (c->queued.first || c->delayed.first) {
        struct cql_request *r = c->queued.first ? c->queued.first : c->delayed.first;
        if (c->queued.first)
            list_remove(&c->queued, r);
        else
            end_delay(c, r);
        client_finish(r, CQL_RUN_LOST, f);
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
