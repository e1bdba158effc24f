/* A server that lies: each lie ends in a fault with words or in a good answer from the next connection,
 * never in fewer rows, and never takes memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <sys/resource.h>

#include "conversation.h"

enum { ONCE = 1, ALWAYS = 1 << 20, MEMORY_MAX_KB = 96 << 10 };

/* Freed memory is not kept for long, so that the peak is the program's own. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "quarantine_size_mb=4:thread_local_quarantine_size_kb=64";
}

/* What is said in place of the answer to a SELECT's EXECUTE (or, in the opening, to |at|). */
static struct {
    void (*lie)(struct server_conn *c, int16_t stream);
    int times;
    enum cql_opcode at;
    int16_t late_stream; /* of a request that was not answered; -1: none */
} lies;

static bool tell_a_lie(struct server_conn *c, int16_t stream, enum cql_opcode opcode,
                       struct bytes body)
{
    if (opcode != lies.at || lies.times <= 0 ||
        (opcode == CQL_EXECUTE && !memmem(body.p, body.n, "select", 6)))
        return false;
    lies.times--;
    lies.lie(c, stream);
    return true;
}

/* The conversation with a liar; the same in v3, v4 with LZ4, and v5 with LZ4. */
static void lied_to(int version, void (*lie)(struct server_conn *c, int16_t stream), int times,
                    enum cql_opcode at)
{
    struct rusage before, after;
    getrusage(RUSAGE_SELF, &before);
    talk_patience_ms = CQL_PATIENCE_MS;
    server_start(version, version > 3, false);
    lies.lie = lie;
    lies.times = times;
    lies.at = at;
    lies.late_stream = -1;
    server.twist = tell_a_lie;
    converse(version);
    getrusage(RUSAGE_SELF, &after);
    assert_true(after.ru_maxrss - before.ru_maxrss < MEMORY_MAX_KB);
    assert_int_equal(net.live, 0);
    assert_true(lies.times < times);
}

/* What the server did, in |words|, and which server. */
static void assert_said(enum fault_code code, const char *words)
{
    assert_int_equal(talk.fault.code, code);
    assert_non_null(strstr(talk.fault.text, words));
    assert_string_equal(talk.fault.subject, "10.0.0.5:9042");
}

/* Told always it is a fault, after |most| connections. */
static void a_lie_always(int version, void (*lie)(struct server_conn *c, int16_t stream),
                         const char *words, int most)
{
    lied_to(version, lie, ALWAYS, CQL_EXECUTE);
    assert_true(talk.opened && !talk.read);
    assert_said(FAULT_PROTOCOL, words);
    assert_true(net.connections <= most);
}

/* Told once it is made up for by another connection. */
static void a_lie_once(int version, void (*lie)(struct server_conn *c, int16_t stream))
{
    lied_to(version, lie, ONCE, CQL_EXECUTE);
    assert_true(talk.opened && talk.read && talk.wrote);
    assert_int_equal(talk.rows, SERVER_ROWS);
    assert_int_equal(net.connections, 2);
}

/* About a request of ours: it is not sent again for long. */
static void a_lie(void (*lie)(struct server_conn *c, int16_t stream), const char *words)
{
    for (int version = 3; version <= 5; version++) {
        a_lie_once(version, lie);
        a_lie_always(version, lie, words, 3);
    }
}

/* About nothing that was asked: the next connection may be better, as long as there is patience. */
static void a_lie_about_nothing(void (*lie)(struct server_conn *c, int16_t stream),
                                const char *words)
{
    for (int version = 3; version <= 5; version++) {
        a_lie_once(version, lie);
        a_lie_always(version, lie, words, 100);
    }
}

/* In the opening: no client, and a fault. */
static void a_lie_in_the_opening(void (*lie)(struct server_conn *c, int16_t stream),
                                 enum cql_opcode at, enum fault_code code, const char *words)
{
    for (int version = 3; version <= 5; version++) {
        lied_to(version, lie, ALWAYS, at);
        assert_false(talk.opened);
        assert_said(code, words);
        assert_int_equal(net.connections, 1);
    }
}

static const uint8_t done[4] = {0, 0, 0, 1};
static const struct bytes void_result = {done, 4};

static void another_stream(struct server_conn *c, int16_t stream)
{
    server_reply(c, stream ^ 0x155, CQL_RESULT, void_result);
}

static void a_stream_that_cannot_be(struct server_conn *c, int16_t stream)
{
    (void)stream;
    server_reply(c, -77, CQL_RESULT, void_result);
}

static void a_result_as_an_event(struct server_conn *c, int16_t stream)
{
    (void)stream;
    server_reply(c, CQL_EVENT_STREAM, CQL_RESULT, void_result);
}

static void an_answer_to_another_request_is_refused(void **state)
{
    (void)state;
    static const char words[] = "the server answered a request that was never sent";
    a_lie_about_nothing(another_stream, words);
    a_lie_about_nothing(a_stream_that_cannot_be, words);
    a_lie_about_nothing(a_result_as_an_event, words);
    a_lie_in_the_opening(a_stream_that_cannot_be, CQL_OPTIONS, FAULT_PROTOCOL, words);
    a_lie_in_the_opening(a_result_as_an_event, CQL_STARTUP, FAULT_PROTOCOL, words);
}

/* Cassandra says so on stream 0 when it cannot even read whose request it is. */
static void on_the_stream_of_nobody(struct server_conn *c, int16_t stream)
{
    (void)stream;
    server_error(c, 0, CQL_PROTOCOL_ERROR, "Invalid frame, CRC mismatch");
}

static void on_the_stream_of_events(struct server_conn *c, int16_t stream)
{
    (void)stream;
    server_error(c, CQL_EVENT_STREAM, CQL_PROTOCOL_ERROR, "Invalid frame, CRC mismatch");
}

static void an_error_about_no_request_is_made_up_for(void **state)
{
    (void)state;
    static const char words[] = "PROTOCOL_ERROR (0x000A): Invalid frame, CRC mismatch";
    a_lie_about_nothing(on_the_stream_of_nobody, words);
    a_lie_about_nothing(on_the_stream_of_events, words);
    a_lie_in_the_opening(on_the_stream_of_events, CQL_STARTUP, FAULT_UNSUPPORTED, words);
}

static void put_twice(struct server_conn *c, int16_t stream)
{
    server_rows(c, stream, false);
    server_rows(c, stream, false);
}

/* Whichever request has the stream then, it does not get the second answer for its own. */
static void two_answers_never_make_two_pages(void **state)
{
    (void)state;
    for (int version = 3; version <= 5; version++) {
        lied_to(version, put_twice, ONCE, CQL_EXECUTE);
        assert_true(talk.opened && talk.read && talk.wrote);
        assert_int_equal(talk.rows, SERVER_ROWS);
    }
}

/* Says nothing to the first request but an event, so that the connection is not silent; answers it
 * when the next one has come. */
static void too_late(struct server_conn *c, int16_t stream)
{
    struct buf event;
    buf_init(&event, 256);
    put_node_event(&event, "STATUS_CHANGE", "UP");
    if (lies.late_stream < 0) {
        server_reply(c, CQL_EVENT_STREAM, CQL_EVENT, buf_view(&event));
        lies.late_stream = stream;
    } else {
        server_reply(c, lies.late_stream, CQL_RESULT, void_result);
        server_rows(c, stream, false);
    }
    buf_fini(&event);
}

static void an_answer_to_a_request_that_was_given_up_is_dropped(void **state)
{
    (void)state;
    for (int version = 3; version <= 5; version++) {
        lied_to(version, too_late, 2, CQL_EXECUTE);
        assert_true(talk.opened && talk.read && talk.wrote);
        assert_int_equal(talk.rows, SERVER_ROWS);
        assert_int_equal(net.connections, 1);
    }
}

static void an_event(struct server_conn *c, int16_t stream)
{
    buf_clear(&c->reply);
    put_node_event(&c->reply, "STATUS_CHANGE", "UP");
    server_reply(c, stream, CQL_EVENT, buf_view(&c->reply));
}

static void a_ready(struct server_conn *c, int16_t stream)
{
    server_reply(c, stream, CQL_READY, (struct bytes){done, 0});
}

static void an_unknown_opcode(struct server_conn *c, int16_t stream)
{
    server_reply(c, stream, 0x3F, void_result);
}

static void an_unknown_kind(struct server_conn *c, int16_t stream)
{
    server_reply(c, stream, CQL_RESULT, (struct bytes){(const uint8_t *)"\0\0\0\x09", 4});
}

static void a_preparation(struct server_conn *c, int16_t stream)
{
    server_prepared(c, stream, 0);
}

static void an_answer_of_another_kind_is_refused(void **state)
{
    (void)state;
    a_lie(an_event, "the server answered EVENT, which fits no request");
    a_lie(a_ready, "the server answered READY, which fits no request");
    a_lie(an_unknown_opcode, "the server sends a message of kind 0x3F");
    a_lie(an_unknown_kind, "a RESULT message of kind 9, which does not exist");
    a_lie(a_preparation, "the server answered RESULT, which fits no request");
    a_lie_in_the_opening(a_ready, CQL_OPTIONS, FAULT_PROTOCOL, "the server answered READY, which");
    a_lie_in_the_opening(an_event, CQL_STARTUP, FAULT_PROTOCOL, "the server answered EVENT, which");
    a_lie_in_the_opening(an_unknown_opcode, CQL_STARTUP, FAULT_PROTOCOL,
                         "the server sends a message of kind 0x3F");
}

static void nothing_but_done(struct server_conn *c, int16_t stream)
{
    server_reply(c, stream, CQL_RESULT, void_result);
}

/* Not sent again: whoever asked sees that these are no rows. */
static void done_is_never_an_empty_table(void **state)
{
    (void)state;
    for (int version = 3; version <= 5; version++) {
        lied_to(version, nothing_but_done, ONCE, CQL_EXECUTE);
        assert_true(talk.opened && !talk.read);
        assert_int_equal(talk.rows, 0);
    }
}

static void another_version(struct server_conn *c, int16_t stream)
{
    struct cql_dialect kept = c->d;
    c->d.version = kept.version == 3 ? 4 : 3;
    server_reply(c, stream, CQL_RESULT, void_result);
    c->d = kept;
}

static void another_version_in_the_middle_is_refused(void **state)
{
    (void)state;
    a_lie_always(4, another_version, "the server changed the protocol version in the middle", 3);
}

/* A header that announces |n| bytes, and none of them. */
static void announce(struct server_conn *c, int16_t stream, uint32_t n)
{
    struct buf b;
    buf_init(&b, 64);
    server_put(&b, (struct cql_dialect){.version = c->d.version}, stream, CQL_RESULT, void_result);
    buf_put_u32(&b, 5, n);
    if (c->wraps) /* segments hold whole envelopes only: as many bytes as one can have */
        net_close(c->t);
    else
        net_send(c->t, b.p, b.n);
    buf_fini(&b);
}

static void a_body_of_256_mb(struct server_conn *c, int16_t stream)
{
    announce(c, stream, 256 << 20);
}

static void a_body_of_a_negative_length(struct server_conn *c, int16_t stream)
{
    announce(c, stream, UINT32_MAX);
}

/* The same inside a v5 segment, which is not self-contained: more would follow. */
static void a_segment_of_a_256_mb_body(struct server_conn *c, int16_t stream)
{
    struct buf b, wrapped;
    static uint8_t body[CQL_SEGMENT_PAYLOAD_MAX];
    buf_init(&b, 1 << 20);
    buf_init(&wrapped, 1 << 20);
    server_put(&b, (struct cql_dialect){.version = 5}, stream, CQL_RESULT,
               (struct bytes){body, sizeof body});
    if (!cql_segments_append(&wrapped, buf_view(&b), false, NULL))
        abort();
    /* The first segment again, with another length inside, and its checksum made anew. */
    uint8_t *payload = wrapped.p + 6;
    payload[5] = 0x10;
    payload[6] = payload[7] = payload[8] = 0;
    uint32_t crc = crc32_of(payload, CQL_SEGMENT_PAYLOAD_MAX);
    for (int i = 0; i < 4; i++)
        payload[CQL_SEGMENT_PAYLOAD_MAX + i] = (uint8_t)(crc >> (8 * i));
    net_send(c->t, wrapped.p, 6 + CQL_SEGMENT_PAYLOAD_MAX + 4);
    buf_fini(&b);
    buf_fini(&wrapped);
}

static void a_body_that_is_too_large_is_refused_by_its_header(void **state)
{
    (void)state;
    static const char words[] = "the server announces a message of";
    void (*const large[])(struct server_conn *, int16_t) = {a_body_of_256_mb,
                                                            a_body_of_a_negative_length};
    for (size_t i = 0; i < 2; i++) {
        for (int version = 3; version <= 4; version++) {
            a_lie_always(version, large[i], words, 3);
            assert_non_null(strstr(talk.fault.hint, "page-rows"));
        }
        a_lie_in_the_opening(large[i], CQL_OPTIONS, FAULT_UNSUPPORTED, words);
    }
    server_start(5, false, false);
    lies.lie = a_segment_of_a_256_mb_body;
    lies.times = ALWAYS;
    lies.at = CQL_EXECUTE;
    server.twist = tell_a_lie;
    converse(5);
    assert_true(talk.opened && !talk.read);
    assert_said(FAULT_PROTOCOL, words);
    assert_non_null(strstr(talk.fault.hint, "page-rows"));
    assert_true(net.connections <= 3);
}

/* A small block that says that it becomes |plain| bytes. */
static void compressed(struct server_conn *c, int16_t stream, uint32_t plain, size_t block)
{
    struct buf b;
    buf_init(&b, 1 << 20);
    size_t start =
        cql_envelope_begin(&b, (struct cql_dialect){.version = c->d.version}, stream, CQL_RESULT);
    buf_append_u32(&b, plain);
    uint8_t *at = buf_extend(&b, block);
    if (at)
        memset(at, 0xff, block);
    cql_envelope_end(&b, start, (struct cql_dialect){.version = c->d.version}, NULL);
    b.p[start] |= 0x80;
    b.p[start + 1] |= CQL_FLAG_COMPRESSED;
    net_send(c->t, b.p, b.n);
    buf_fini(&b);
}

static void a_bomb(struct server_conn *c, int16_t stream)
{
    compressed(c, stream, 60 << 20, 64);
}

static void a_bomb_of_2_gb(struct server_conn *c, int16_t stream)
{
    compressed(c, stream, 0x7fffffff, 1000);
}

static void a_compressed_body_that_lies_takes_no_memory(void **state)
{
    (void)state;
    void (*const bombs[])(struct server_conn *, int16_t) = {a_bomb, a_bomb_of_2_gb};
    for (size_t i = 0; i < 2; i++) {
        a_lie_always(4, bombs[i], "a compressed message lies about its length", 3);
    }
}

/* A count of rows that the body does not hold; then a column of a negative count. */
static void endless_rows(struct server_conn *c, int16_t stream)
{
    buf_clear(&c->reply);
    buf_append_u32(&c->reply, 2);
    server_put_columns(&c->reply, false);
    buf_append_u32(&c->reply, 0x7fffffff);
    put_cell(&c->reply, "row 1");
    server_reply(c, stream, CQL_RESULT, buf_view(&c->reply));
}

static void rows_without_columns(struct server_conn *c, int16_t stream)
{
    buf_clear(&c->reply);
    buf_append_u32(&c->reply, 2);
    buf_append_u32(&c->reply, 4);
    buf_append_u32(&c->reply, 0);
    buf_append_u32(&c->reply, 0x7fffffff);
    server_reply(c, stream, CQL_RESULT, buf_view(&c->reply));
}

static void negative_columns(struct server_conn *c, int16_t stream)
{
    buf_clear(&c->reply);
    buf_append_u32(&c->reply, 2);
    buf_append_u32(&c->reply, 1);
    buf_append_u32(&c->reply, 0x80000000);
    server_reply(c, stream, CQL_RESULT, buf_view(&c->reply));
}

static void a_count_that_the_body_does_not_hold_is_refused(void **state)
{
    (void)state;
    a_lie(endless_rows, "a RESULT message announces 2147483647 rows of 1 columns");
    a_lie(rows_without_columns, "a RESULT message announces 2147483647 rows of 0 columns");
    a_lie(negative_columns, "a RESULT message ends inside its metadata");
}

/* The row's cell ends behind the body: seen only when the row is read. */
static void a_cell_that_is_too_long(struct server_conn *c, int16_t stream)
{
    buf_clear(&c->reply);
    buf_append_u32(&c->reply, 2);
    server_put_columns(&c->reply, false);
    buf_append_u32(&c->reply, 1);
    buf_append_u32(&c->reply, 1000);
    buf_append_text(&c->reply, "row 1");
    server_reply(c, stream, CQL_RESULT, buf_view(&c->reply));
}

static void a_row_that_ends_too_early_is_no_end_of_the_rows(void **state)
{
    (void)state;
    for (int version = 3; version <= 5; version++) {
        lied_to(version, a_cell_that_is_too_long, ONCE, CQL_EXECUTE);
        assert_true(talk.opened && !talk.read);
        assert_int_equal(talk.fault.code, FAULT_PROTOCOL);
    }
}

/* 60,000 keys, each with the same list. */
static void everything_is_supported(struct server_conn *c, int16_t stream)
{
    buf_clear(&c->reply);
    buf_append_u16(&c->reply, 60000);
    for (int i = 0; i < 60000; i++) {
        put_string(&c->reply, "KEY");
        buf_append_u16(&c->reply, 1);
        put_string(&c->reply, "v");
    }
    server_reply(c, stream, CQL_SUPPORTED, buf_view(&c->reply));
}

static void a_huge_list_of_what_is_supported_is_only_read(void **state)
{
    (void)state;
    for (int version = 3; version <= 5; version++) {
        lied_to(version, everything_is_supported, ALWAYS, CQL_OPTIONS);
        assert_true(talk.opened && talk.read && talk.wrote);
    }
}

/* The conversation's own reader stops after ten pages; the store's scan is tested with the store. */
static void no_rows(struct server_conn *c, int16_t stream)
{
    static const uint8_t rows[16] = {0, 0, 0, 2}; /* RESULT ROWS: no columns, no rows */
    server_reply(c, stream, CQL_RESULT, (struct bytes){rows, sizeof rows});
}

/* It was taken for the last of the questions about the cluster, which had no node then. */
static void rows_for_a_registration_are_refused(void **state)
{
    (void)state;
    a_lie_in_the_opening(no_rows, CQL_REGISTER, FAULT_PROTOCOL, "RESULT, which fits no request");
}

static void the_same_page(struct server_conn *c, int16_t stream)
{
    buf_clear(&c->reply);
    buf_append_u32(&c->reply, 2);
    server_put_columns(&c->reply, true);
    buf_append_u32(&c->reply, 0);
    server_reply(c, stream, CQL_RESULT, buf_view(&c->reply));
}

static void empty_pages_without_an_end_are_told_one_by_one(void **state)
{
    (void)state;
    lied_to(4, the_same_page, ALWAYS, CQL_EXECUTE);
    assert_int_equal(talk.pages, 10);
    assert_int_equal(talk.rows, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_to_another_request_is_refused),
        cmocka_unit_test(an_error_about_no_request_is_made_up_for),
        cmocka_unit_test(two_answers_never_make_two_pages),
        cmocka_unit_test(an_answer_to_a_request_that_was_given_up_is_dropped),
        cmocka_unit_test(an_answer_of_another_kind_is_refused),
        cmocka_unit_test(done_is_never_an_empty_table),
        cmocka_unit_test(another_version_in_the_middle_is_refused),
        cmocka_unit_test(a_body_that_is_too_large_is_refused_by_its_header),
        cmocka_unit_test(a_compressed_body_that_lies_takes_no_memory),
        cmocka_unit_test(a_count_that_the_body_does_not_hold_is_refused),
        cmocka_unit_test(a_row_that_ends_too_early_is_no_end_of_the_rows),
        cmocka_unit_test(a_huge_list_of_what_is_supported_is_only_read),
        cmocka_unit_test(rows_for_a_registration_are_refused),
        cmocka_unit_test(empty_pages_without_an_end_are_told_one_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
