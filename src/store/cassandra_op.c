/* Operations on single rows, pipelined; those of one kind on rows of one replica share a request. */
#include <stdlib.h>

#include "base/log.h"
#include "cql/murmur3.h"
#include "store/cassandra_group.h"

enum {
    /* Cassandra warns of a batch of more than 5 KiB, and refuses one of more than 50. */
    SHARED_BYTES_MAX = 3 * 1024,
    JOINED_BYTES_MAX = 5 * 1024,
    SHARED_VALUES_MAX = 400,
    PACED_PARTIES =
        25, /* a group has what 4 ms allow: ten rows at once are felt by who asks for one */
};

void cassandra_ops_free(struct cassandra *s)
{
    for (int i = 0; i < STORE_PROBES_MAX; i++)
        if (s->probes[i])
            group_give_back(s, s->probes[i]);
    while (s->free_groups) {
        struct op_group *next = s->free_groups->next;
        free(s->free_groups->values);
        free(s->free_groups);
        s->free_groups = next;
    }
}

static void on_done(struct cql_request *r);

/* Not told from here: nobody is told of an operation before store_submit has returned. */
static void refuse(struct cassandra *s, struct op_group *g, const struct fault *why)
{
    g->request.fault = *why;
    g->next = s->refused;
    s->refused = g;
    s->drive_finished = true;
    if (!s->is_failing) {
        s->is_failing = true;
        s->run_fault = *why;
    }
}

/* False: FAULT_MEMORY. */
static bool make_request(struct cassandra *s, struct op_group *g, struct fault *f)
{
    struct cql_request *r = &g->request;
    if (g->count > 1 && g->ops[0]->kind == STORE_READ)
        g->value_count = statement_values_of_reads(g->ops, g->count, g->values);
    r->statement = cassandra_shape_statement(s, g->shape, g->ops[0], g->count, f);
    r->values = g->values;
    r->value_count = g->value_count;
    r->rows = g->count;
    r->purpose = CQL_FOR_ROW;
    r->done = on_done;
    r->context = g;
    return r->statement != NULL;
}

static void send(struct cassandra *s, struct op_group *g)
{
    struct fault f;
    if (s->is_failing)
        refuse(s, g, &s->run_fault);
    else if (!make_request(s, g, &f) || !cql_client_send(s->client, &g->request, &f))
        refuse(s, g, &f);
}

void cassandra_ops_flush(struct cassandra *s)
{
    while (s->open_groups) {
        struct op_group *g = s->open_groups;
        s->open_groups = g->next;
        send(s, g);
    }
}

static void tell_refused(struct cassandra *s)
{
    while (s->refused) {
        struct op_group *g = s->refused;
        s->refused = g->next;
        group_tell_fault(g, STORE_RUN_FAILED, &g->request.fault);
        group_give_back(s, g);
    }
}

/* A group for |op| alone; NULL: there is no memory. */
static struct op_group *begin(struct cassandra *s, struct known_shape *shape, struct store_op *op,
                              struct place place)
{
    struct op_group *g = group_take(s);
    if (!g)
        return NULL;
    g->store = s;
    g->shape = shape;
    g->home = place.home;
    g->probe = -1;
    g->count = g->value_count = 0;
    g->bytes = 0;
    g->request.keyspace = place.keyspace;
    g->request.token = place.token;
    if (!group_has_room(g, statement_values_max(op))) {
        group_give_back(s, g);
        return NULL;
    }
    group_add(g, op);
    return g;
}

/* A request that cannot be done for all of its rows is made for each alone: one of them may be the
 * reason, and the others need not suffer for it. */
static void scatter(struct cassandra *s, struct op_group *g)
{
    struct place place = {g->request.keyspace, g->request.token, g->home};
    for (int i = 0; i < g->count; i++) {
        struct op_group *alone = begin(s, cassandra_shape(s, g->ops[i]), g->ops[i], place);
        if (alone) {
            send(s, alone);
        } else {
            struct fault why;
            fault_memory(&why);
            group_tell_one(g, g->ops[i], STORE_RUN_FAILED, &why);
        }
    }
}

/* The server takes no such request, of however good rows: too many partitions, too many bytes. */
static bool is_refused_as_group(struct cassandra *s, const struct cql_request *r)
{
    if (r->fault.code != FAULT_SCHEMA)
        return false;
    if (s->rows_per_request > 1)
        log_write(LOG_WARN, "cassandra", "one row per request from now on: %s", r->fault.text);
    s->rows_per_request = 1;
    return true;
}

static void on_done(struct cql_request *r)
{
    struct op_group *g = r->context;
    struct cassandra *s = g->store;
    if (r->outcome == CQL_ANSWERED)
        group_tell_answer(g, r->result);
    else if (g->count > 1 && (r->outcome != CQL_RUN_LOST || is_refused_as_group(s, r)))
        scatter(s, g);
    else
        group_tell_fault(g, r->outcome == CQL_RUN_LOST ? STORE_RUN_FAILED : STORE_ROW_FAILED,
                         &r->fault);
    group_give_back(s, g);
    cassandra_ops_flush(s); /* what those that were told have submitted */
}

/* A request goes to a node that has its rows. */
static struct place place_of(struct cassandra *s, const struct store_op *op)
{
    struct place place = {.home = -1};
    if (!cql_client_has_choice(s->client))
        return place;
    buf_clear(&s->key);
    if (!cql_partition_key(&s->key, op->key, op->table->partition_count))
        return place; /* the server says what is wrong with it */
    place.keyspace = op->table->keyspace;
    place.token = cql_token(buf_view(&s->key));
    place.home = cql_client_home(s->client, place.keyspace, place.token);
    return place;
}

static bool fits(const struct op_group *g, const struct known_shape *shape, int home,
                 const struct store_op *op)
{
    if (g->shape != shape || g->home != home)
        return false;
    for (int i = 1; op->kind == STORE_READ && i < op->table->key_count; i++)
        if (!bytes_equal(op->key[i], g->ops[0]->key[i]))
            return false;
    return true;
}

static size_t bytes_written(const struct store_op *op)
{
    size_t n = 0;
    for (int i = 0; i < op->table->key_count; i++)
        n += op->key[i].n;
    for (int i = 0; i < op->cell_count; i++)
        n += op->cells[i].value.n;
    return n;
}

/* A large row goes alone: its request would be refused as a batch, and then all others with it. */
static bool is_too_large(const struct op_group *g, const struct store_op *op)
{
    return op->kind != STORE_READ && g->bytes + bytes_written(op) > JOINED_BYTES_MAX;
}

/* Takes the open group that |op| can join off the list. */
static struct op_group *take_open(struct cassandra *s, const struct known_shape *shape, int home,
                                  const struct store_op *op)
{
    int open = 0;
    for (struct op_group **at = &s->open_groups; *at; at = &(*at)->next) {
        struct op_group *g = *at;
        if (fits(g, shape, home, op) && !is_too_large(g, op) &&
            group_has_room(g, statement_values_max(op))) {
            *at = g->next;
            return g;
        }
        open++;
    }
    if (open >= OPEN_GROUPS_MAX)
        cassandra_ops_flush(s);
    return NULL;
}

static bool is_full(const struct cassandra *s, const struct op_group *g)
{
    int most = s->rows_per_request;
    if (s->pace)
        most = pace_share(s->pace, most, PACED_PARTIES);
    return g->count >= most || g->value_count >= SHARED_VALUES_MAX ||
           (g->ops[0]->kind != STORE_READ && g->bytes >= SHARED_BYTES_MAX);
}

bool cassandra_submit(struct store *store, struct store_op *op, struct fault *f)
{
    struct cassandra *s = (struct cassandra *)store;
    if (s->is_failing) {
        if (f)
            *f = s->run_fault;
        return false;
    }
    struct known_shape *shape = cassandra_shape(s, op);
    bool shares = shape && shape->may_share && s->rows_per_request > 1;
    struct place place = place_of(s, op);
    struct op_group *g = shares ? take_open(s, shape, place.home, op) : NULL;
    if (g)
        group_add(g, op);
    else if (!(g = begin(s, shape, op, place)))
        return fault_memory(f);
    s->outstanding++;
    if (shares && !is_full(s, g)) {
        g->next = s->open_groups;
        s->open_groups = g;
    } else {
        send(s, g);
    }
    return true;
}

bool cassandra_probe(struct store *store, struct store_op *op)
{
    struct cassandra *s = (struct cassandra *)store;
    struct fault f;
    int place = 0;
    while (place < STORE_PROBES_MAX && s->probes[place])
        place++;
    if (place == STORE_PROBES_MAX || s->is_failing)
        return false;
    struct op_group *g = begin(s, cassandra_shape(s, op), op, place_of(s, op));
    if (!g)
        return false;
    g->probe = place;
    if (!make_request(s, g, &f) || !cql_client_probe(s->client, &g->request)) {
        group_give_back(s, g);
        return false;
    }
    s->probes[place] = g;
    return true;
}

void cassandra_flow(struct store *store, struct store_flow *out)
{
    struct cassandra *s = (struct cassandra *)store;
    out->in_flight = cql_client_in_flight(s->client, &out->most);
    out->run = cql_client_run_number(s->client);
}

void cassandra_set_in_flight(struct store *store, int most)
{
    struct cassandra *s = (struct cassandra *)store;
    cql_client_set_in_flight(s->client, most);
}

static void run_to(struct cassandra *s, int target)
{
    s->drive_target = target;
    do {
        if (s->outstanding > target || s->is_failing)
            cassandra_ops_flush(s);
        tell_refused(s);
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
        /* Each group that is scattered now is refused, and told in the next turn. */
        do
            run_to(s, 0);
        while (s->outstanding > 0);
        s->is_failing = false;
        if (f)
            *f = s->run_fault;
        return false;
    }
    return !loop_interrupted(s->loop) || fault_set(f, FAULT_INTERRUPTED, "interrupted");
}
