#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "properties.h"
#include "random.h"
#include "samples.h"

static struct buf body;

static int fresh(void **state)
{
    (void)state;
    buf_init(&body, 1 << 20);
    return 0;
}

static int done(void **state)
{
    (void)state;
    buf_fini(&body);
    return 0;
}

static struct cql_envelope envelope(int version, enum cql_opcode opcode)
{
    return (struct cql_envelope){.version = version,
                                 .is_response = true,
                                 .opcode = (uint8_t)opcode,
                                 .body = buf_view(&body)};
}

static void decode(int version, enum cql_opcode opcode, struct cql_reply *out)
{
    struct cql_envelope e = envelope(version, opcode);
    assert_true(cql_reply_decode(&e, out, NULL));
}

static void assert_refused(int version, enum cql_opcode opcode)
{
    struct cql_envelope e = envelope(version, opcode);
    struct fault f;
    assert_false(reply_is_whole(&e, &f));
    assert_int_equal(f.code, FAULT_PROTOCOL);
}

static void assert_bytes(struct bytes got, const char *want)
{
    assert_true(bytes_equal(got, bytes_of(want)));
}

static void rows_come_cell_by_cell_with_null_and_empty_apart(void **state)
{
    (void)state;
    for (int version = 3; version <= 5; version++) {
        struct cql_reply reply;
        decode(version, put_sample(&body, 0, version), &reply);
        struct cql_rows *rows = &reply.result.rows;
        assert_int_equal(reply.result.kind, CQL_RESULT_ROWS);
        assert_int_equal(rows->count, 2);
        assert_int_equal(rows->columns.count, 3);
        assert_bytes(rows->columns.paging_state, "next page");
        assert_bytes(rows->columns.new_id, version == 5 ? "new id" : NULL);
        struct bytes cells[3];
        assert_int_equal(cql_rows_next(rows, cells, 3, NULL), 1);
        assert_bytes(cells[0], "u-1");
        assert_true(bytes_are_null(cells[1]));
        assert_bytes(cells[2], "");
        assert_int_equal(cql_rows_next(rows, cells, 3, NULL), 1);
        assert_bytes(cells[2], "home");
        assert_int_equal(cql_rows_next(rows, cells, 3, NULL), 0);
        assert_int_equal(cql_rows_next(rows, cells, 3, NULL), 0);
    }
}

/* A range would count as read, or its first page come again and again. */
static void more_pages_without_a_state_are_refused(void **state)
{
    (void)state;
    static const char *const states[] = {NULL, ""};
    for (int i = 0; i < 4; i++) {
        buf_clear(&body);
        buf_append_u32(&body, 2);    /* Rows */
        buf_append_u32(&body, 0x06); /* more pages, no metadata */
        buf_append_u32(&body, 1);    /* column */
        put_cell(&body, i < 2 ? states[i] : "next");
        buf_append_u32(&body, 0); /* rows */
        struct cql_envelope e = envelope(4, CQL_RESULT);
        struct cql_reply reply;
        assert_int_equal(cql_reply_decode(&e, &reply, NULL), i >= 2);
    }
}

static void columns_have_names_and_types(void **state)
{
    (void)state;
    static const struct {
        const char *name, *type;
        enum type_kind kind;
    } want[] = {
        {"id", "text", TYPE_TEXT},
        {"tags", "map<text, list<int>>", TYPE_MAP},
        {"home", "address", TYPE_UDT},
    };
    struct cql_reply reply;
    decode(4, put_sample(&body, 0, 4), &reply);
    struct cql_column_walk w = cql_columns_first(&reply.result.rows.columns);
    struct cql_column column;
    for (int i = 0; i < 3; i++) {
        struct type type;
        assert_true(cql_columns_next(&w, &column));
        assert_bytes(column.keyspace, "sunbird");
        assert_bytes(column.table, "user");
        assert_bytes(column.name, want[i].name);
        cql_type_of(column.type, &type);
        assert_string_equal(type.text, want[i].type);
        assert_int_equal(type.kind, want[i].kind);
    }
    assert_false(cql_columns_next(&w, &column));
}

static void columns_of_several_tables_keep_their_table(void **state)
{
    (void)state;
    struct cql_reply reply;
    decode(4, put_sample(&body, 1, 4), &reply);
    struct cql_column_walk w = cql_columns_first(&reply.result.rows.columns);
    struct cql_column column;
    assert_true(cql_columns_next(&w, &column));
    assert_bytes(column.table, "t0");
    assert_true(cql_columns_next(&w, &column));
    assert_bytes(column.keyspace, "ks1");
    assert_bytes(column.name, "c1");
}

static void rows_without_metadata_are_read_by_the_caller_s_count(void **state)
{
    (void)state;
    struct cql_reply reply;
    struct bytes cells[4];
    struct fault f = {0};
    decode(4, put_sample(&body, 2, 4), &reply);
    assert_false(reply.result.rows.columns.have_specs);
    assert_int_equal(cql_rows_next(&reply.result.rows, cells, 4, &f), -1);
    assert_int_equal(f.code, FAULT_PROTOCOL);
    assert_int_equal(cql_rows_next(&reply.result.rows, cells, 3, NULL), 1);
    assert_bytes(cells[0], "u-1");
}

static void a_prepared_statement_has_markers_and_columns(void **state)
{
    (void)state;
    for (int version = 3; version <= 5; version++) {
        struct cql_reply reply;
        decode(version, put_sample(&body, 3, version), &reply);
        const struct cql_prepared *p = &reply.result.prepared;
        assert_bytes(p->id, "statement");
        assert_bytes(p->result_metadata_id, version == 5 ? "metadata" : NULL);
        assert_int_equal(p->markers.count, 1);
        assert_int_equal(p->columns.count, 3);
        assert_int_equal(p->key_indices.n, version == 3 ? 0 : 2);
    }
}

static void a_prepared_statement_without_an_id_is_refused(void **state)
{
    (void)state;
    struct cql_reply reply;
    struct fault f = {0};
    buf_clear(&body);
    buf_append_u32(&body, CQL_RESULT_PREPARED);
    buf_append_u16(&body, 0);
    struct cql_envelope e = envelope(4, CQL_RESULT);
    assert_false(cql_reply_decode(&e, &reply, &f));
    assert_int_equal(f.code, FAULT_PROTOCOL);
    assert_non_null(strstr(f.text, "without an id"));
}

static void small_results_are_decoded(void **state)
{
    (void)state;
    struct cql_reply reply;
    decode(4, put_sample(&body, 4, 4), &reply);
    assert_int_equal(reply.result.kind, CQL_RESULT_VOID);
    decode(4, put_sample(&body, 5, 4), &reply);
    assert_bytes(reply.result.keyspace, "sunbird");
    decode(4, put_sample(&body, 6, 4), &reply);
    assert_bytes(reply.result.schema_change.change, "UPDATED");
    assert_bytes(reply.result.schema_change.name, "user");
    decode(4, put_sample(&body, 8, 4), &reply);
    assert_bytes(reply.authenticator, "org.apache.PasswordAuthenticator");
    decode(4, put_sample(&body, 9, 4), &reply);
    assert_bytes(reply.token, "token");
    decode(4, put_sample(&body, 10, 4), &reply);
    assert_true(bytes_are_null(reply.token));
    buf_clear(&body);
    decode(4, CQL_READY, &reply);
    assert_int_equal(reply.opcode, CQL_READY);
}

static void events_are_decoded(void **state)
{
    (void)state;
    struct cql_reply reply;
    decode(4, put_sample(&body, 11, 4), &reply);
    assert_bytes(reply.event.type, "STATUS_CHANGE");
    assert_bytes(reply.event.change, "DOWN");
    assert_int_equal(reply.event.node.port, 9042);
    assert_int_equal(reply.event.node.address.n, 4);
    decode(4, put_sample(&body, 13, 4), &reply);
    struct bytes argument;
    assert_bytes(reply.event.schema_change.name, "half");
    assert_true(cql_string_list_next(&reply.event.schema_change.arguments, &argument));
    assert_true(cql_string_list_next(&reply.event.schema_change.arguments, &argument));
    assert_bytes(argument, "text");
    buf_clear(&body);
    put_string(&body, "SOMETHING_NEW");
    decode(5, CQL_EVENT, &reply);
    assert_bytes(reply.event.type, "SOMETHING_NEW");
}

static void what_a_server_supports_is_found_in_any_case(void **state)
{
    (void)state;
    struct cql_reply reply;
    decode(4, put_sample(&body, 7, 4), &reply);
    assert_true(cql_supports(&reply, "COMPRESSION", "LZ4"));
    assert_true(cql_supports(&reply, "compression", "snappy"));
    assert_false(cql_supports(&reply, "COMPRESSION", "lz"));
    assert_false(cql_supports(&reply, "CQL_VERSION", "lz4"));
}

static void bytes_after_a_message_are_ignored(void **state)
{
    (void)state;
    for (int version = 3; version <= 5; version++) {
        for (int i = 0; i < SAMPLES; i++) {
            struct fault f;
            enum cql_opcode opcode = put_sample(&body, i, version);
            buf_append_text(&body, "something of a later version");
            struct cql_envelope e = envelope(version, opcode);
            assert_true(reply_is_whole(&e, &f));
        }
    }
}

/* Each prefix stands in memory of its own size, so that a byte read too many is seen. */
static void every_message_cut_at_every_byte_is_refused(void **state)
{
    (void)state;
    for (int version = 3; version <= 5; version++) {
        for (int i = 0; i < SAMPLES; i++) {
            enum cql_opcode opcode = put_sample(&body, i, version);
            for (size_t n = 0; n < body.n; n++) {
                uint8_t *prefix = malloc(n + 1);
                assert_non_null(prefix);
                memcpy(prefix + 1, body.p, n);
                struct cql_envelope e = envelope(version, opcode);
                struct fault f;
                e.body = (struct bytes){prefix + 1, n};
                assert_false(reply_is_whole(&e, &f));
                assert_int_equal(f.code, FAULT_PROTOCOL);
                free(prefix);
            }
        }
    }
}

static void rows_that_cannot_be_there_are_refused(void **state)
{
    (void)state;
    static const struct {
        uint32_t flags, columns, rows;
    } lies[] = {
        {4, 0, 0x7FFFFFFF}, {4, 1, 0x7FFFFFFF}, {4, 0x7FFFFFFF, 1}, {4, 0x7FFFFFFF, 0x7FFFFFFF},
        {4, 0xFFFFFFFF, 0}, {4, 1, 0xFFFFFFFF}, {0, 0x7FFFFFFF, 0}, {1, 0x7FFFFFFF, 0},
    };
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        buf_clear(&body);
        buf_append_u32(&body, 2);
        buf_append_u32(&body, lies[i].flags);
        buf_append_u32(&body, lies[i].columns);
        buf_append_u32(&body, lies[i].rows);
        assert_refused(4, CQL_RESULT);
    }
}

static void a_key_longer_than_its_message_is_refused(void **state)
{
    (void)state;
    static const uint32_t lies[] = {0x7FFFFFFF, 0xFFFFFFFF, 0x80000000, 1000};
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        buf_clear(&body);
        buf_append_u32(&body, 4);
        put_string(&body, "statement");
        buf_append_u32(&body, 1);
        buf_append_u32(&body, 1);
        buf_append_u32(&body, lies[i]);
        buf_append_text(&body, "some bytes that are there");
        assert_refused(4, CQL_RESULT);
    }
}

static void kinds_that_do_not_exist_are_refused(void **state)
{
    (void)state;
    buf_clear(&body);
    buf_append_u32(&body, 6);
    assert_refused(4, CQL_RESULT);
    assert_refused(4, CQL_QUERY);
    assert_refused(4, (enum cql_opcode)0x11);
}

static void a_type_nested_without_end_is_refused(void **state)
{
    (void)state;
    for (int depth = 1; depth <= 40; depth++) {
        struct cql_reader r;
        buf_clear(&body);
        for (int i = 1; i < depth; i++)
            buf_append_u16(&body, 0x20);
        buf_append_u16(&body, 0x09);
        cql_reader_init(&r, buf_view(&body));
        struct bytes option = cql_skip_type(&r);
        assert_int_equal(r.failed, depth > CQL_TYPE_DEPTH_MAX);
        assert_int_equal(bytes_are_null(option), r.failed);
    }
}

static void types_are_written_as_the_schema_writes_them(void **state)
{
    (void)state;
    static const char *const names[] = {
        [0x01] = "ascii",   [0x02] = "bigint",    [0x03] = "blob",    [0x04] = "boolean",
        [0x05] = "counter", [0x06] = "decimal",   [0x07] = "double",  [0x08] = "float",
        [0x09] = "int",     [0x0B] = "timestamp", [0x0C] = "uuid",    [0x0D] = "text",
        [0x0E] = "varint",  [0x0F] = "timeuuid",  [0x10] = "inet",    [0x11] = "date",
        [0x12] = "time",    [0x13] = "smallint",  [0x14] = "tinyint", [0x15] = "duration",
    };
    for (uint16_t id = 1; id < sizeof names / sizeof names[0]; id++) {
        uint8_t option[2] = {0, (uint8_t)id};
        struct type ours, schema;
        if (!names[id])
            continue;
        cql_type_of((struct bytes){option, 2}, &ours);
        assert_string_equal(ours.text, names[id]);
        assert_true(type_parse(&schema, bytes_of(names[id]), NULL));
        assert_int_equal(ours.kind, schema.kind);
    }
    struct type t;
    buf_clear(&body);
    put_udt_type(&body);
    struct cql_reader r;
    cql_reader_init(&r, buf_view(&body));
    cql_read_raw(&r, 2 + 9 + 9 + 2 + 6);
    cql_type_of((struct bytes){r.p, r.n}, &t);
    assert_string_equal(t.text, "tuple<text, 'a.Class'>");
    assert_int_equal(t.kind, TYPE_TUPLE);
}

static void a_type_too_long_to_write_is_cut(void **state)
{
    (void)state;
    struct type t;
    buf_clear(&body);
    buf_append_u16(&body, 0x31);
    buf_append_u16(&body, 200);
    for (int i = 0; i < 200; i++)
        buf_append_u16(&body, 0x0D);
    cql_type_of(buf_view(&body), &t);
    assert_int_equal(strlen(t.text), TYPE_TEXT_MAX - 1);
    assert_int_equal(t.kind, TYPE_TUPLE);
}

/* Well-formed messages with a few bytes changed reach deeper than noise does. */
static void no_bytes_whatsoever_do_harm(void **state)
{
    (void)state;
    struct random random = {3};
    static uint8_t input[4096];
    for (int round = 0; round < 40000; round++) {
        int version = 3 + (int)random_below_n(&random, 3);
        enum cql_opcode opcode = put_sample(&body, (int)random_below_n(&random, SAMPLES), version);
        input[0] = (uint8_t)(version - 3);
        input[1] = (uint8_t)opcode;
        input[2] = (uint8_t)(random_below_n(&random, 8) ? 0 : random_u64(&random));
        memcpy(input + 3, body.p, body.n);
        for (size_t changes = random_below_n(&random, 6); changes > 0; changes--) {
            static const uint8_t likely[] = {0, 1, 0x7F, 0x80, 0xFF};
            input[3 + random_below_n(&random, body.n)] = random_below_n(&random, 2)
                                                             ? likely[random_below_n(&random, 5)]
                                                             : (uint8_t)random_u64(&random);
        }
        property_reply(input, 3 + body.n - random_below_n(&random, 2));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_come_cell_by_cell_with_null_and_empty_apart),
        cmocka_unit_test(more_pages_without_a_state_are_refused),
        cmocka_unit_test(columns_have_names_and_types),
        cmocka_unit_test(columns_of_several_tables_keep_their_table),
        cmocka_unit_test(rows_without_metadata_are_read_by_the_caller_s_count),
        cmocka_unit_test(a_prepared_statement_has_markers_and_columns),
        cmocka_unit_test(a_prepared_statement_without_an_id_is_refused),
        cmocka_unit_test(small_results_are_decoded),
        cmocka_unit_test(events_are_decoded),
        cmocka_unit_test(what_a_server_supports_is_found_in_any_case),
        cmocka_unit_test(bytes_after_a_message_are_ignored),
        cmocka_unit_test(every_message_cut_at_every_byte_is_refused),
        cmocka_unit_test(rows_that_cannot_be_there_are_refused),
        cmocka_unit_test(a_key_longer_than_its_message_is_refused),
        cmocka_unit_test(kinds_that_do_not_exist_are_refused),
        cmocka_unit_test(a_type_nested_without_end_is_refused),
        cmocka_unit_test(types_are_written_as_the_schema_writes_them),
        cmocka_unit_test(a_type_too_long_to_write_is_cut),
        cmocka_unit_test(no_bytes_whatsoever_do_harm),
    };
    return cmocka_run_group_tests(tests, fresh, done);
}
