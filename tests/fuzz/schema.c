/* What a Cassandra says of itself, of the ring and of its tables, and rows of a table as it describes
 * it: the whole store on the virtual net. A mode byte, then the answers to each SELECT in turn, with two
 * bytes of length: a RESULT of rows behind its kind. With the mode's lowest bit the opening has good
 * answers, so that the rest is reached. */
#include "fuzz/fuzz.h"

#include "store/store.h"
#include "unit/cql/scripted_server.h"
#include "unit/cql/scripted_tables.h"

static struct bytes answers;
static bool opens_well;

static bool answer(struct server_conn *c, int16_t stream, enum cql_opcode opcode, struct bytes body)
{
    const char *text = server_text_of(opcode, body);
    if (!server_is_select(text))
        return false;
    buf_clear(&c->reply);
    buf_append_u32(&c->reply, 2);
    if (!opens_well || !tables_opening(&c->reply, text)) {
        if (answers.n == 0) {
            server_error(c, stream, CQL_INVALID, "nothing more");
            return true;
        }
        buf_append_bytes(&c->reply, fuzz_take(&answers, fuzz_u16(&answers)));
    }
    server_reply(c, stream, CQL_RESULT, buf_view(&c->reply));
    return true;
}

static bool each_table(void *context, const char *keyspace, const char *name)
{
    (void)context;
    assert(keyspace[0] && name[0]);
    return true;
}

static bool each_row(void *context, const struct row *row, struct fault *f)
{
    (void)f;
    int *rows = context;
    for (int i = 0; i < row->table->column_count; i++)
        assert(row->cells[i].value.p || row->cells[i].value.n == 0);
    return ++*rows < 10000;
}

static void check_table(const struct table *t)
{
    assert(t->partition_count > 0 && t->partition_count <= t->key_count);
    assert(t->key_count <= t->column_count && t->column_count <= TABLE_COLUMNS_MAX);
    for (int i = 0; i < t->column_count; i++)
        assert(table_column(t, t->columns[i].name) == i);
}

static void use(struct store *s)
{
    static bool selected[TABLE_COLUMNS_MAX];
    struct fault f = {0};
    struct store_about about;
    struct table *t = NULL;
    struct arena a;
    int rows = 0;
    store_about(s, &about);
    fuzz_check_words(about.product);
    assert(about.node_count >= 0);
    arena_init(&a, 16 << 20);
    if (!store_table(s, "sunbird", "user", &a, &t, &f)) {
        fuzz_check_fault(&f);
    } else if (t) {
        check_table(t);
        memset(selected, true, sizeof selected);
        struct store_scan scan = {.table = t,
                                  .selected = selected,
                                  .ranges_in_flight = 1,
                                  .split = 1,
                                  .row = each_row,
                                  .context = &rows};
        f = (struct fault){0};
        if (!store_scan(s, &scan, &f) && rows < 10000)
            fuzz_check_fault(&f);
    }
    f = (struct fault){0};
    if (!store_tables(s, NULL, each_table, NULL, &f))
        fuzz_check_fault(&f);
    arena_fini(&a);
}

static void fuzz_one(struct bytes in)
{
    static const struct store_options o = {
        .address = "10.0.0.5", .request_timeout_ms = 1000, .max_retries = 1, .compression = true};
    struct fault f = {0};
    uint8_t mode = fuzz_u8(&in);
    server_start(3 + (mode >> 1) % 3, mode & 8, false);
    server.twist = answer;
    opens_well = mode & 1;
    answers = in;
    struct loop *l = loop_new(&f);
    assert(l);
    struct store *s = store_open(l, &o, &f);
    if (s)
        use(s);
    else
        fuzz_check_fault(&f);
    store_free(s);
    loop_free(l);
    assert(net.live == 0);
}
