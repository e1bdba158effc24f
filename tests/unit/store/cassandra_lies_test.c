/* A Cassandra that lies to the store: about itself, its tables, its pages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "../cql/scripted_server.h"
#include "../cql/scripted_tables.h"
#include "store/store.h"

/* What is said in place of the good answer to the statement that has |about| in it. */
static struct {
    const char *about;
    void (*put)(struct buf *b);
    int pages;
} lie;

static struct loop *loop;
static struct store *store;
static struct fault fault;

static void good_answer(struct buf *b, const char *text)
{
    if (tables_opening(b, text) || tables_schema(b, text))
        return;
    /* The table's rows, one page for each range. */
    tables_page(b, "u1", NULL);
}

static bool answer(struct server_conn *c, int16_t stream, enum cql_opcode opcode, struct bytes body)
{
    const char *text = server_text_of(opcode, body);
    if (!server_is_select(text))
        return false;
    lie.pages += strstr(text, "token(") != NULL;
    buf_clear(&c->reply);
    buf_append_u32(&c->reply, 2);
    if (lie.about && strstr(text, lie.about))
        lie.put(&c->reply);
    else
        good_answer(&c->reply, text);
    server_reply(c, stream, CQL_RESULT, buf_view(&c->reply));
    return true;
}

/* The store, or NULL with |fault|. */
static struct store *open_with(const char *about, void (*put)(struct buf *b))
{
    static const struct store_options o = {.address = "10.0.0.5", .request_timeout_ms = 1000};
    server_start(5, false, false);
    server.twist = answer;
    lie.about = about;
    lie.put = put;
    lie.pages = 0;
    fault = (struct fault){0};
    loop = loop_new(&fault);
    assert_non_null(loop);
    store = store_open(loop, &o, &fault);
    return store;
}

static void close_all(void)
{
    store_free(store);
    loop_free(loop);
    assert_int_equal(net.live, 0);
}

static void refused_at_once(const char *about, void (*put)(struct buf *b), const char *words)
{
    assert_null(open_with(about, put));
    assert_int_equal(fault.code, FAULT_PROTOCOL);
    assert_non_null(strstr(fault.text, words));
    close_all();
}

static void a_clock_beyond_all_years(struct buf *b)
{
    tables_begin(b, 1, NULL, 1);
    tables_put_cell(b, "\x7f\xff\xff\xff\xff\xff\xff\xff", 8);
}

static void a_clock_that_cannot_be_is_refused(void **state)
{
    (void)state;
    refused_at_once("toUnixTimestamp", a_clock_beyond_all_years, "clock");
}

static bool never(void *context, const char *keyspace, const char *name)
{
    (void)context, (void)keyspace, (void)name;
    fail();
    return false;
}

static void a_name_with_an_end_in_it(struct buf *b)
{
    tables_begin(b, 2, NULL, 1);
    tables_put_cell(b, "k\0s", 3);
    put_cell(b, "t");
}

static void a_name_that_is_none_is_refused(void **state)
{
    (void)state;
    assert_non_null(open_with("SELECT keyspace_name", a_name_with_an_end_in_it));
    assert_false(store_tables(store, NULL, never, NULL, &fault));
    assert_int_equal(fault.code, FAULT_PROTOCOL);
    close_all();
}

static bool count_row(void *context, const struct row *row, struct fault *f)
{
    (void)row, (void)f;
    return ++*(int *)context < 1000;
}

static bool scan(int *rows)
{
    static const bool selected[2] = {true, true};
    struct arena a;
    struct table *t;
    arena_init(&a, 1 << 20);
    assert_true(store_table(store, "ks", "t", &a, &t, &fault));
    assert_non_null(t);
    assert_int_equal(t->column_count, 2);
    struct store_scan s = {.table = t,
                           .selected = selected,
                           .ranges_in_flight = 1,
                           .split = 2,
                           .row = count_row,
                           .context = rows};
    bool ok = store_scan(store, &s, &fault);
    arena_fini(&a);
    return ok;
}

static void a_page_that_names_itself_the_next(struct buf *b)
{
    tables_page(b, "u1", "next");
}

static void a_scan_whose_pages_do_not_move_on_is_ended(void **state)
{
    (void)state;
    int rows = 0;
    assert_non_null(open_with("token(", a_page_that_names_itself_the_next));
    assert_false(scan(&rows));
    assert_int_equal(fault.code, FAULT_PROTOCOL);
    assert_non_null(strstr(fault.text, "same page"));
    assert_true(rows < 10);
    close_all();
}

static void what_is_true_is_read(void **state)
{
    (void)state;
    int rows = 0;
    assert_non_null(open_with(NULL, NULL));
    assert_true(scan(&rows));
    assert_true(rows > 1);
    assert_int_equal(rows, lie.pages);
    close_all();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_true_is_read),
        cmocka_unit_test(a_clock_that_cannot_be_is_refused),
        cmocka_unit_test(a_name_that_is_none_is_refused),
        cmocka_unit_test(a_scan_whose_pages_do_not_move_on_is_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
