/* Operations that share requests: each gets its own answer, and only its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "../cql/scripted_server.h"
#include "../cql/scripted_tables.h"
#include "store/store.h"

enum { OPS_MAX = 40 };

static struct {
    const char *absent;  /* there is no row with this key */
    const char *refused; /* no statement with this key is taken */
    const char *foreign; /* a row that nobody asked for stands before the others */
    bool batches_refused, all_refused;
    int cut; /* bytes that are missing at the end of rows */
} twist;

static struct loop *loop;
static struct store *store;
static struct arena arena;
static struct table *table;
static struct fault fault;

static struct told {
    struct store_op op;
    char key_text[8];
    struct bytes key;
    int times;
    bool has_row;
    char row_key[8];
    struct fault why;  /* kept, since it lives only until |done| returns */
    struct told *then; /* submitted when this one is told */
} ops[OPS_MAX];

static void put_row(struct buf *b, const char *id)
{
    put_cell(b, id);
    tables_put_cell(b, "\0\0\0\7", 4);
    tables_put_cell(b, "\0\5\xe0\0\0\0\0\0", 8);
    put_cell(b, NULL);
}

/* Which of the keys are bound in the body of an EXECUTE, in the order of the ops. */
static int keys_in(struct bytes body, const char *found[OPS_MAX])
{
    int n = 0;
    for (int i = 0; i < OPS_MAX; i++) {
        char cell[16];
        size_t length = strlen(ops[i].key_text);
        if (!length)
            continue;
        memcpy(cell, "\0\0\0", 3);
        cell[3] = (char)length;
        memcpy(cell + 4, ops[i].key_text, length);
        bool is_new = true;
        for (int k = 0; k < n; k++)
            is_new = is_new && strcmp(found[k], ops[i].key_text) != 0;
        if (is_new && memmem(body.p, body.n, cell, length + 4))
            found[n++] = ops[i].key_text;
    }
    return n;
}

/* The answer that comes late. */
static struct {
    struct server_conn *c;
    int16_t stream;
    struct timer *timer;
} held;

static void refuse_held(void *context)
{
    (void)context;
    server_error(held.c, held.stream, CQL_INVALID, "Undefined column name");
}

static bool executed(struct server_conn *c, int16_t stream, struct bytes body, const char *text)
{
    const char *keys[OPS_MAX];
    int n = keys_in(body, keys), rows = 0;
    server.executes++;
    bool is_batch = strncmp(text, "BEGIN", 5) == 0;
    if (twist.all_refused) {
        held.c = c;
        held.stream = stream;
        if (is_batch)
            timer_start(held.timer, 50, 0);
        else
            refuse_held(NULL);
        return true;
    }
    if (is_batch && (twist.batches_refused || body.n > 50 * 1024)) {
        server_error(c, stream, CQL_INVALID, "Batch too large");
        return true;
    }
    for (int i = 0; i < n; i++) {
        if (twist.refused && strcmp(keys[i], twist.refused) == 0) {
            server_error(c, stream, CQL_TRUNCATE_ERROR, "this one never");
            return true;
        }
        rows += !twist.absent || strcmp(keys[i], twist.absent) != 0;
    }
    buf_clear(&c->reply);
    if (!server_is_select(text)) {
        buf_append_u32(&c->reply, 1);
    } else {
        buf_append_u32(&c->reply, 2);
        tables_begin(&c->reply, 4, NULL, (uint32_t)(rows + (twist.foreign != NULL)));
        /* In another order than they were asked for. */
        for (int i = n - 1; i >= 0; i--)
            if (!twist.absent || strcmp(keys[i], twist.absent) != 0)
                put_row(&c->reply, keys[i]);
        if (twist.foreign)
            put_row(&c->reply, twist.foreign);
    }
    c->reply.n -= (size_t)twist.cut;
    server_reply(c, stream, CQL_RESULT, buf_view(&c->reply));
    return true;
}

static bool answer(struct server_conn *c, int16_t stream, enum cql_opcode opcode, struct bytes body)
{
    const char *text = server_text_of(opcode, body);
    if (opcode == CQL_EXECUTE && strstr(text, "\"ks\".\"t\""))
        return executed(c, stream, body, text);
    if (!server_is_select(text))
        return false;
    buf_clear(&c->reply);
    buf_append_u32(&c->reply, 2);
    if (!tables_opening(&c->reply, text) && !tables_schema(&c->reply, text))
        return false;
    server_reply(c, stream, CQL_RESULT, buf_view(&c->reply));
    return true;
}

static int set_up(void **state)
{
    static const struct store_options o = {.address = "10.0.0.5", .request_timeout_ms = 1000};
    (void)state;
    memset(&twist, 0, sizeof twist);
    memset(ops, 0, sizeof ops);
    server_start(5, false, false);
    server.twist = answer;
    loop = loop_new(&fault);
    store = loop ? store_open(loop, &o, &fault) : NULL;
    arena_init(&arena, 1 << 20);
    bool ready = store && store_table(store, "ks", "t", &arena, &table, &fault) && table;
    server.executes = 0;
    return ready ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    arena_fini(&arena);
    store_free(store);
    loop_free(loop);
    return net.live ? -1 : 0;
}

static void on_told(struct store_op *op)
{
    struct told *t = op->context;
    t->times++;
    t->has_row = op->row != NULL;
    if (op->fault)
        t->why = *op->fault;
    if (op->row)
        snprintf(t->row_key, sizeof t->row_key, "%.*s", (int)op->row->cells[0].value.n,
                 (const char *)op->row->cells[0].value.p);
    if (t->then)
        assert_true(store_submit(store, &t->then->op, &fault));
}

static struct told *make(int i, enum store_op_kind kind, int number)
{
    static const struct store_cell seven[] = {{1, {(const uint8_t *)"\0\0\0\7", 4}}};
    struct told *t = &ops[i];
    snprintf(t->key_text, sizeof t->key_text, "k%02d", number);
    t->key = bytes_of(t->key_text);
    t->op = (struct store_op){
        .kind = kind,
        .table = table,
        .key = &t->key,
        .cells = seven,
        .cell_count = kind == STORE_UPDATE,
        .timestamp = 1000 + i,
        .done = on_told,
        .context = t,
    };
    return t;
}

static void submit(int first, int count, enum store_op_kind kind)
{
    for (int i = first; i < first + count; i++)
        assert_true(store_submit(store, &make(i, kind, i)->op, &fault));
}

static void told_once(int count)
{
    for (int i = 0; i < count; i++)
        assert_int_equal(ops[i].times, 1);
}

static void reads_get_their_own_rows(void **state)
{
    (void)state;
    twist.absent = "k03";
    submit(0, 23, STORE_READ);
    assert_true(store_drive(store, 0, &fault));
    told_once(23);
    assert_int_equal(server.executes, 3);
    for (int i = 0; i < 23; i++) {
        assert_int_equal(ops[i].op.outcome, STORE_OK);
        assert_int_equal(ops[i].has_row, i != 3);
        if (i != 3)
            assert_string_equal(ops[i].row_key, ops[i].key_text);
    }
}

static void two_reads_of_one_row_both_get_it(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++)
        assert_true(store_submit(store, &make(i, STORE_READ, i / 2)->op, &fault));
    assert_true(store_drive(store, 0, &fault));
    told_once(4);
    for (int i = 0; i < 4; i++)
        assert_string_equal(ops[i].row_key, ops[i].key_text);
}

/* What is not there, and what was not read, must never look the same. */
static void rows_that_are_cut_are_no_absent_rows(void **state)
{
    (void)state;
    twist.cut = 5;
    submit(0, 10, STORE_READ);
    store_drive(store, 0, &fault);
    told_once(10);
    int failed = 0;
    for (int i = 0; i < 10; i++) {
        failed += ops[i].op.outcome != STORE_OK;
        assert_true(ops[i].op.outcome != STORE_OK || ops[i].has_row);
    }
    assert_true(failed > 0);
}

static void a_row_that_nobody_asked_for_proves_nothing_absent(void **state)
{
    (void)state;
    twist.absent = "k03";
    twist.foreign = "other";
    submit(0, 10, STORE_READ);
    assert_true(store_drive(store, 0, &fault));
    told_once(10);
    assert_int_equal(ops[3].op.outcome, STORE_ROW_FAILED);
    assert_int_equal(ops[3].why.code, FAULT_PROTOCOL);
    assert_non_null(strstr(ops[3].why.subject, "k03"));
}

static void writes_share_a_batch(void **state)
{
    (void)state;
    submit(0, 20, STORE_UPDATE);
    assert_true(store_drive(store, 0, &fault));
    told_once(20);
    assert_int_equal(server.executes, 2);
    for (int i = 0; i < 20; i++)
        assert_int_equal(ops[i].op.outcome, STORE_OK);
    assert_int_equal(
        strncmp(server.texts[server.text_count - 1], "BEGIN UNLOGGED BATCH UPDATE", 27), 0);
}

static void only_the_row_that_is_refused_fails(void **state)
{
    (void)state;
    twist.refused = "k04";
    submit(0, 10, STORE_UPDATE);
    assert_true(store_drive(store, 0, &fault));
    told_once(10);
    assert_int_equal(server.executes, 11); /* together, then each alone */
    for (int i = 0; i < 10; i++)
        assert_int_equal(ops[i].op.outcome, i == 4 ? STORE_ROW_FAILED : STORE_OK);
    assert_non_null(strstr(ops[4].why.text, "this one never"));
    assert_non_null(strstr(ops[4].why.subject, "k04"));
}

/* A guardrail, for one. */
static void a_server_that_takes_no_batch_gets_none(void **state)
{
    (void)state;
    twist.batches_refused = true;
    submit(0, 10, STORE_UPDATE);
    assert_true(store_drive(store, 0, &fault));
    assert_int_equal(server.executes, 11);
    submit(10, 10, STORE_UPDATE);
    assert_true(store_drive(store, 0, &fault));
    told_once(20);
    assert_int_equal(server.executes, 21);
    for (int i = 0; i < 20; i++)
        assert_int_equal(ops[i].op.outcome, STORE_OK);
}

/* Cassandra refuses a batch of more than 50 KiB, and takes the row alone. */
static void a_large_row_goes_alone(void **state)
{
    (void)state;
    static uint8_t large[60000];
    struct store_cell cell = {1, {large, sizeof large}};
    submit(0, 4, STORE_UPDATE);
    make(4, STORE_UPDATE, 4)->op.cells = &cell;
    assert_true(store_submit(store, &ops[4].op, &fault));
    submit(5, 5, STORE_UPDATE);
    assert_true(store_drive(store, 0, &fault));
    told_once(10);
    assert_int_equal(server.executes, 2);
    for (int i = 0; i < 3; i++) {
        make(10 + i, STORE_UPDATE, 10 + i)->op.cells = &cell;
        assert_true(store_submit(store, &ops[10 + i].op, &fault));
    }
    assert_true(store_drive(store, 0, &fault));
    assert_int_equal(server.executes, 5);
}

/* A column is dropped: all are refused, whether they shared a request or not. */
static void a_run_that_is_lost_tells_every_one(void **state)
{
    (void)state;
    twist.all_refused = true;
    held.timer = timer_new(loop, refuse_held, NULL);
    submit(0, 10, STORE_UPDATE);
    submit(10, 1, STORE_READ); /* this one ends the run, while the others are under way */
    assert_false(store_drive(store, 0, &fault));
    told_once(11);
    for (int i = 0; i < 11; i++)
        assert_int_equal(ops[i].op.outcome, STORE_RUN_FAILED);
    timer_free(held.timer);
}

/* As apply reads back: what follows an answer shares a request too. */
static void what_follows_an_answer_is_sent(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++)
        make(i, STORE_UPDATE, i)->then = make(20 + i, STORE_READ, i);
    for (int i = 0; i < 10; i++)
        assert_true(store_submit(store, &ops[i].op, &fault));
    assert_true(store_drive(store, 0, &fault));
    told_once(10);
    assert_int_equal(server.executes, 2);
    for (int i = 20; i < 30; i++)
        assert_string_equal(ops[i].row_key, ops[i].key_text);
}

static void what_waits_for_others_is_told_of_an_interrupt(void **state)
{
    (void)state;
    submit(0, 3, STORE_READ);
    loop_interrupt(loop);
    assert_false(store_drive(store, 0, &fault));
    assert_int_equal(fault.code, FAULT_INTERRUPTED);
    told_once(3);
    for (int i = 0; i < 3; i++)
        assert_int_equal(ops[i].op.outcome, STORE_RUN_FAILED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reads_get_their_own_rows, set_up, tear_down),
        cmocka_unit_test_setup_teardown(two_reads_of_one_row_both_get_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(rows_that_are_cut_are_no_absent_rows, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_row_that_nobody_asked_for_proves_nothing_absent, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(writes_share_a_batch, set_up, tear_down),
        cmocka_unit_test_setup_teardown(only_the_row_that_is_refused_fails, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_large_row_goes_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_run_that_is_lost_tells_every_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_server_that_takes_no_batch_gets_none, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_follows_an_answer_is_sent, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_waits_for_others_is_told_of_an_interrupt, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
