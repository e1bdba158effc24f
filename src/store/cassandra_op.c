/* Operations on single rows, pipelined. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cql/murmur3.h"
#include "store/cassandra_private.h"
#include "store/cassandra_statement.h"

/* What an operation needs while it is under way; kept and used again, so that a long run allocates
 * nothing. */
struct cassandra_op {
    struct cassandra_op *next; /* while free */
    struct cql_request request;
    struct cassandra *store;
    struct store_op *op;
    struct statement_integers integers;
    struct bytes *values;
    int capacity;
    int probe; /* its place among the probes, or -1. Nobody drives for a probe, and its failure is
                  nobody else's */
};

enum { VALUES_FIRST = 32, SUBJECT_KEY_MAX = 160 };

static void put_back(struct cassandra_op *o)
{
    o->next = o->store->free_ops;
    o->store->free_ops = o;
}

void cassandra_ops_free(struct cassandra *s)
{
    for (int i = 0; i < STORE_PROBES_MAX; i++)
        if (s->probes[i])
            put_back(s->probes[i]);
    while (s->free_ops) {
        struct cassandra_op *next = s->free_ops->next;
        free(s->free_ops->values);
        free(s->free_ops);
        s->free_ops = next;
    }
}

static struct cassandra_op *take_free(struct cassandra *s, int values)
{
    struct cassandra_op *o = s->free_ops;
    if (o)
        s->free_ops = o->next;
    else
        o = calloc(1, sizeof *o);
    if (o && o->capacity < values) {
        int capacity = values > VALUES_FIRST ? values : VALUES_FIRST;
        struct bytes *more = realloc(o->values, (size_t)capacity * sizeof *more);
        if (!more) {
            o->next = s->free_ops;
            s->free_ops = o;
            return NULL;
        }
        o->values = more;
        o->capacity = capacity;
    }
    return o;
}

static void name_row(const struct store_op *op, struct fault *f)
{
    struct buf key;
    buf_init(&key, SUBJECT_KEY_MAX);
    for (int i = 0; i < op->table->key_count && !key.failed; i++) {
        buf_append_char(&key, ' ');
        type_print(&op->table->columns[i].type, op->key[i], &key);
    }
    fault_subject(f, "%s.%s%.*s", op->table->keyspace, op->table->name, (int)key.n,
                  key.p ? (const char *)key.p : "");
    buf_fini(&key);
}

static bool is_conditional(const struct store_op *op)
{
    return op->kind == STORE_UPDATE_IF || op->kind == STORE_INSERT_IF_NOT_EXISTS ||
           op->kind == STORE_DELETE_IF;
}

/* Fills the outcome from the answer; false with op->fault when the answer is damaged. */
static bool take_answer(struct cassandra *s, struct store_op *op, struct cql_result *result,
                        struct row *row)
{
    op->outcome = STORE_OK;
    op->row = NULL;
    if (op->kind != STORE_READ && !is_conditional(op))
        return true;
    if (result->kind != CQL_RESULT_ROWS)
        return fault_set(&op->fault, FAULT_PROTOCOL, "the answer has no rows where rows must be");
    arena_reset(&s->row_arena);
    *row = row_new(&s->row_arena, op->table);
    if (!row->cells)
        return fault_memory(&op->fault);
    if (op->kind == STORE_READ) {
        int got = cassandra_row_next(&result->rows, op->selected, s->cells, row, &op->fault);
        op->row = got > 0 ? row : NULL;
        return got >= 0;
    }
    bool applied, exists;
    if (!cassandra_row_applied(&result->rows, s->cells, row, &applied, &exists, &op->fault))
        return false;
    op->outcome = applied ? STORE_OK : STORE_NOT_APPLIED;
    op->row = !applied && exists ? row : NULL;
    return true;
}

static void end_probe(struct cassandra_op *o)
{
    struct store_op *op = o->op;
    op->took_us = op->outcome == STORE_OK ? o->request.took_us : 0;
    if (op->outcome == STORE_RUN_FAILED)
        op->outcome = STORE_ROW_FAILED;
    op->adapter = NULL;
    o->store->probes[o->probe] = NULL;
    put_back(o);
    op->done(op);
}

static void on_done(struct cql_request *r)
{
    struct cassandra_op *o = r->context;
    struct cassandra *s = o->store;
    struct store_op *op = o->op;
    struct row row;
    bool answered = r->outcome == CQL_ANSWERED && take_answer(s, op, r->result, &row);
    if (!answered) {
        op->row = NULL;
        op->outcome = r->outcome == CQL_RUN_LOST ? STORE_RUN_FAILED : STORE_ROW_FAILED;
        if (r->outcome != CQL_ANSWERED)
            op->fault = r->fault;
        if (op->fault.code != FAULT_INTERRUPTED && op->fault.code != FAULT_UNREACHABLE)
            name_row(op, &op->fault);
    }
    if (o->probe >= 0) {
        end_probe(o);
        return;
    }
    if (op->outcome == STORE_RUN_FAILED && !s->is_failing) {
        s->is_failing = true;
        s->run_fault = op->fault;
        s->drive_finished = true;
    }
    op->adapter = NULL;
    put_back(o);
    if (--s->outstanding <= s->drive_target)
        s->drive_finished = true;
    op->done(op); /* last: it may submit the next one */
}

/* Where the row is: its request goes to one that has it. */
static void set_place(struct cassandra *s, const struct store_op *op, struct cql_request *r)
{
    r->keyspace = NULL;
    if (!cql_client_has_choice(s->client))
        return;
    buf_clear(&s->key);
    if (!cql_partition_key(&s->key, op->key, op->table->partition_count))
        return; /* the server says what is wrong with it */
    r->keyspace = op->table->keyspace;
    r->token = cql_token(buf_view(&s->key));
}

void cassandra_forget_shapes(struct cassandra *s)
{
    memset(s->shapes, 0, sizeof s->shapes);
}

/* False: it has more columns than a shape can hold. */
static bool shape_of(const struct store_op *op, struct op_shape *shape)
{
    memset(shape, 0, sizeof *shape);
    shape->table = op->table;
    shape->kind = (int)op->kind;
    shape->key_count = statement_key_count(op);
    shape->cell_count = op->cell_count;
    shape->condition_count = op->condition_count;
    shape->has_ttl = op->ttl > 0;
    shape->selects = op->kind == STORE_READ && op->selected;
    if (op->cell_count + op->condition_count > SHAPE_COLUMNS_MAX)
        return false;
    int n = 0;
    for (int i = 0; i < op->cell_count; i++)
        shape->columns[n++] = (int16_t)op->cells[i].column;
    for (int i = 0; i < op->condition_count; i++)
        shape->columns[n++] = (int16_t)op->conditions[i].column;
    for (int i = 0; shape->selects && i < op->table->column_count; i++) {
        if (!op->selected[i])
            continue;
        if (n == SHAPE_COLUMNS_MAX)
            return false;
        shape->columns[n++] = (int16_t)i;
    }
    shape->column_count = n;
    return true;
}

static struct cql_statement *make_statement(struct cassandra *s, const struct store_op *op,
                                            struct fault *f)
{
    buf_clear(&s->text);
    statement_of(&s->text, op);
    if (s->text.failed)
        return fault_memory(f), NULL;
    return cql_client_statement(s->client, buf_view(&s->text), f);
}

/* A move does the same few things a million times: building the text of each anew would cost more
 * than all else that the client does for it. */
static struct cql_statement *find_statement(struct cassandra *s, const struct store_op *op,
                                            struct fault *f)
{
    struct op_shape shape;
    if (!shape_of(op, &shape))
        return make_statement(s, op, f);
    for (int i = 0; i < SHAPES_MAX; i++)
        if (s->shapes[i].statement && memcmp(&s->shapes[i].shape, &shape, sizeof shape) == 0)
            return s->shapes[i].statement;
    struct known_shape *known = &s->shapes[s->shape_next];
    s->shape_next = (s->shape_next + 1) % SHAPES_MAX;
    known->statement = make_statement(s, op, f);
    known->shape = shape;
    return known->statement;
}

/* The request for |op|; NULL: FAULT_MEMORY. */
static struct cassandra_op *make_request(struct cassandra *s, struct store_op *op, struct fault *f)
{
    struct cql_statement *statement = find_statement(s, op, f);
    if (!statement)
        return NULL;
    struct cassandra_op *o = take_free(s, statement_values_max(op));
    if (!o)
        return fault_memory(f), NULL;
    o->store = s;
    o->op = op;
    o->probe = -1;
    o->request.statement = statement;
    o->request.values = o->values;
    o->request.value_count = statement_values(op, &o->integers, o->values);
    o->request.purpose = CQL_FOR_ROW;
    o->request.done = on_done;
    o->request.context = o;
    set_place(s, op, &o->request);
    op->adapter = o;
    return o;
}

static bool give_back(struct cassandra_op *o)
{
    o->op->adapter = NULL;
    put_back(o);
    return false;
}

bool cassandra_submit(struct store *store, struct store_op *op, struct fault *f)
{
    struct cassandra *s = (struct cassandra *)store;
    if (s->is_failing) {
        if (f)
            *f = s->run_fault;
        return false;
    }
    struct cassandra_op *o = make_request(s, op, f);
    if (!o)
        return false;
    if (!cql_client_send(s->client, &o->request, f))
        return give_back(o);
    s->outstanding++;
    return true;
}

bool cassandra_probe(struct store *store, struct store_op *op)
{
    struct cassandra *s = (struct cassandra *)store;
    struct fault f;
    int place = 0;
    while (place < STORE_PROBES_MAX && s->probes[place])
        place++;
    bool may = place < STORE_PROBES_MAX && !s->is_failing;
    struct cassandra_op *o = may ? make_request(s, op, &f) : NULL;
    if (!o)
        return false;
    o->probe = place;
    if (!cql_client_probe(s->client, &o->request))
        return give_back(o);
    s->probes[place] = o;
    return true;
}

void cassandra_flow(struct store *store, struct store_flow *out)
{
    struct cassandra *s = (struct cassandra *)store;
    out->in_flight = cql_client_in_flight(s->client, &out->most);
}

void cassandra_set_in_flight(struct store *store, int most)
{
    struct cassandra *s = (struct cassandra *)store;
    s->in_flight = most > 0 ? most : CASSANDRA_IN_FLIGHT;
    cql_client_set_in_flight(s->client, s->in_flight);
}

static void run_to(struct cassandra *s, int target)
{
    s->drive_target = target;
    do {
        s->drive_finished = s->outstanding <= target;
        if (!s->drive_finished)
            cql_client_run(s->client, &s->drive_finished);
        /* The last one that was told may have submitted another. */
    } while (s->outstanding > target && !s->is_failing);
}

bool cassandra_drive(struct store *store, int in_flight, struct fault *f)
{
    struct cassandra *s = (struct cassandra *)store;
    if (s->outstanding <= in_flight && !s->is_failing)
        cql_client_push(s->client);
    run_to(s, in_flight);
    if (s->is_failing) {
        cql_client_cancel(s->client, &s->run_fault);
        run_to(s, 0);
        s->is_failing = false;
        if (f)
            *f = s->run_fault;
        return false;
    }
    return !loop_interrupted(s->loop) || fault_set(f, FAULT_INTERRUPTED, "interrupted");
}
