/* The client against a scripted peer on loopback: a thread that speaks just enough of v4. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "cql/client.h"
#include "system_rows.h"

/* What the peer does with the first EXECUTEs; every later one is answered well. */
enum script {
    ANSWER,
    FORGET,        /* UNPREPARED */
    FORGET_DIFFER, /* UNPREPARED, and another id the next time */
    HANG_UP,       /* close without an answer */
    WRONG_STREAM,
    CUT_SHORT, /* half a frame, then close */
    SILENT,
    OVERLOADED_TWICE,
    DENY,
    SPEAK_HTTP, /* from the first byte on */
    SPEAK_V2,
    BAD_LOGIN,
};

static struct {
    enum script script;
    int listener, port;
    pthread_t thread;
    int connections, prepares, executes; /* read after the thread was joined */
} peer;

static struct loop *loop;
static struct fault fault;

static bool read_whole(int fd, uint8_t *p, size_t n)
{
    while (n > 0) {
        ssize_t got = read(fd, p, n);
        if (got <= 0)
            return false;
        p += got;
        n -= (size_t)got;
    }
    return true;
}

static void send_frame(int fd, int stream, uint8_t opcode, struct bytes body, size_t cut)
{
    struct buf b;
    buf_init(&b, 4096);
    buf_append_u8(&b, 0x84);
    buf_append_u8(&b, 0);
    buf_append_u16(&b, (uint16_t)stream);
    buf_append_u8(&b, opcode);
    buf_append_u32(&b, (uint32_t)body.n);
    buf_append_bytes(&b, body);
    (void)!write(fd, b.p, b.n - cut);
    buf_fini(&b);
}

static void send_error(int fd, int stream, uint32_t code, const char *id)
{
    struct buf b;
    buf_init(&b, 256);
    buf_append_u32(&b, code);
    buf_append_u16(&b, 4);
    buf_append_text(&b, "no\x1b!");
    if (id) {
        buf_append_u16(&b, 2);
        buf_append_text(&b, id);
    }
    send_frame(fd, stream, 0x00, buf_view(&b), 0);
    buf_fini(&b);
}

static void send_prepared(int fd, int stream)
{
    struct buf b;
    buf_init(&b, 256);
    buf_append_u32(&b, 4);
    buf_append_u16(&b, 2);
    buf_append_text(&b, peer.script == FORGET_DIFFER && peer.prepares > 1 ? "i2" : "id");
    for (int i = 0; i < 3; i++) /* markers: flags, count, key indices */
        buf_append_u32(&b, 0);
    buf_append_u32(&b, 4); /* no metadata: it gives no rows */
    buf_append_u32(&b, 0);
    send_frame(fd, stream, 0x08, buf_view(&b), 0);
    buf_fini(&b);
}

/* False: hang up. */
static bool answer_execute(int fd, int stream)
{
    static const uint8_t done[4] = {0, 0, 0, 1};
    const struct bytes body = {done, sizeof done};
    bool first = ++peer.executes == 1;
    if (first && (peer.script == FORGET || peer.script == FORGET_DIFFER)) {
        send_error(fd, stream, 0x2500, "id");
    } else if (first && peer.script == HANG_UP) {
        return false;
    } else if (first && peer.script == WRONG_STREAM) {
        send_frame(fd, stream ^ 0x155, 0x08, body, 0);
    } else if (first && peer.script == CUT_SHORT) {
        send_frame(fd, stream, 0x08, body, 3);
        return false;
    } else if (peer.executes <= 2 && peer.script == OVERLOADED_TWICE) {
        send_error(fd, stream, 0x1001, NULL);
    } else if (peer.script == DENY) {
        send_error(fd, stream, 0x2100, NULL);
    } else if (!(first && peer.script == SILENT)) {
        send_frame(fd, stream, 0x08, body, 0);
    }
    return true;
}

/* The control connection's questions: a cluster of one node. */
static void answer_query(int fd, int stream, struct bytes body)
{
    struct buf b;
    buf_init(&b, 4096);
    if (memmem(body.p, body.n, "system.local", 12)) {
        const struct node_row row = {.id = 1, .address = {127, 0, 0, 1}, .token = "0"};
        rows_of_local(&b, &row);
    } else {
        rows_of_nothing(&b, memmem(body.p, body.n, "peers", 5) ? 8 : 2);
    }
    send_frame(fd, stream, 0x08, buf_view(&b), 0);
    buf_fini(&b);
}

static bool answer(int fd, const uint8_t *header, struct bytes body)
{
    static const uint8_t nothing[2] = {0, 0};
    int stream = header[2] << 8 | header[3];
    switch (header[4]) {
    case 0x05: send_frame(fd, stream, 0x06, (struct bytes){nothing, 2}, 0); return true;
    case 0x01:
        if (peer.script == BAD_LOGIN)
            send_frame(fd, stream, 0x03, (struct bytes){nothing, 2}, 0);
        else
            send_frame(fd, stream, 0x02, (struct bytes){nothing, 0}, 0);
        return true;
    case 0x0F: send_error(fd, stream, 0x0100, NULL); return true;
    case 0x07: answer_query(fd, stream, body); return true;
    case 0x0B: send_frame(fd, stream, 0x02, (struct bytes){nothing, 0}, 0); return true;
    case 0x09:
        peer.prepares++;
        send_prepared(fd, stream);
        return true;
    case 0x0A: return answer_execute(fd, stream);
    default: return false;
    }
}

static void serve(int fd)
{
    uint8_t header[9], body[4096];
    if (peer.script == SPEAK_HTTP)
        (void)!write(fd, "HTTP/1.1 400 Bad Request\r\n\r\n", 28);
    if (peer.script == SPEAK_V2)
        (void)!write(fd, "\x82\0\0\0\0\0\0\0", 8);
    while (read_whole(fd, header, sizeof header)) {
        size_t n = (size_t)header[7] << 8 | header[8];
        if (n > sizeof body || !read_whole(fd, body, n) ||
            !answer(fd, header, (struct bytes){body, n}))
            return;
    }
}

static void *run_peer(void *unused)
{
    (void)unused;
    int fd;
    while ((fd = accept(peer.listener, NULL, NULL)) >= 0) {
        peer.connections++;
        serve(fd);
        close(fd);
    }
    return NULL;
}

static void start(enum script script)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    memset(&peer, 0, sizeof peer);
    peer.script = script;
    peer.listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(peer.listener, (struct sockaddr *)&a, n), 0);
    assert_int_equal(listen(peer.listener, 8), 0);
    getsockname(peer.listener, (struct sockaddr *)&a, &n);
    peer.port = ntohs(a.sin_port);
    assert_int_equal(pthread_create(&peer.thread, NULL, run_peer, NULL), 0);
}

static void stop(void)
{
    shutdown(peer.listener, SHUT_RDWR);
    pthread_join(peer.thread, NULL);
    close(peer.listener);
}

static struct cql_client *open_client(const char *user)
{
    struct cql_address address = {.host = "127.0.0.1", .port = peer.port};
    struct cql_client_options o = {
        .addresses = &address,
        .address_count = 1,
        .user = user,
        .password = "not shown",
        .version = 4,
        .in_flight = 8,
        .timeout_ms = 400,
        .max_retries = 4,
        .patience_ms = 3000,
        .consistency = CQL_LOCAL_QUORUM,
        .serial_consistency = CQL_LOCAL_SERIAL,
    };
    return cql_client_open(loop, &o, &fault);
}

struct told {
    int times;
    bool finished;
};

static void on_done(struct cql_request *r)
{
    struct told *told = r->context;
    told->times++;
    told->finished = true;
}

/* Sends one request; tells its outcome, and checks that it was told exactly once. */
static enum cql_outcome outcome_of(enum script script, enum cql_purpose purpose)
{
    start(script);
    struct cql_client *c = open_client(NULL);
    assert_non_null(c);
    struct told told = {0};
    struct cql_request r = {.purpose = purpose, .done = on_done, .context = &told};
    r.statement = cql_client_statement(c, bytes_of("UPDATE t"), &fault);
    assert_true(cql_client_send(c, &r, &fault));
    assert_int_equal(told.times, 0);
    cql_client_run(c, &told.finished);
    assert_int_equal(told.times, 1);
    if (r.outcome != CQL_ANSWERED)
        fault = r.fault;
    cql_client_free(c);
    loop_poll(loop);
    stop();
    return r.outcome;
}

static int set_up(void **state)
{
    (void)state;
    loop = loop_new(&fault);
    return loop ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    loop_free(loop);
    return 0;
}

static void a_request_is_prepared_then_executed(void **state)
{
    (void)state;
    assert_int_equal(outcome_of(ANSWER, CQL_FOR_ROW), CQL_ANSWERED);
    assert_int_equal(peer.prepares, 1);
    assert_int_equal(peer.executes, 1);
}

static void a_forgotten_statement_is_prepared_again(void **state)
{
    (void)state;
    assert_int_equal(outcome_of(FORGET, CQL_FOR_ROW), CQL_ANSWERED);
    assert_int_equal(peer.prepares, 2);
    assert_int_equal(peer.executes, 2);
}

static void a_statement_with_another_id_ends_the_run(void **state)
{
    (void)state;
    assert_int_equal(outcome_of(FORGET_DIFFER, CQL_FOR_ROW), CQL_RUN_LOST);
    assert_int_equal(fault.code, FAULT_SCHEMA);
    assert_int_equal(peer.executes, 1);
}

static void a_lost_connection_is_opened_again_and_the_request_sent_again(void **state)
{
    (void)state;
    static const enum script lost[] = {HANG_UP, CUT_SHORT, WRONG_STREAM};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(outcome_of(lost[i], CQL_FOR_ROW), CQL_ANSWERED);
        assert_int_equal(peer.connections, 2);
        assert_int_equal(peer.executes, 2);
    }
}

static void a_silent_server_is_left_and_the_request_sent_again(void **state)
{
    (void)state;
    assert_int_equal(outcome_of(SILENT, CQL_FOR_ROW), CQL_ANSWERED);
    assert_int_equal(peer.connections, 2);
}

static void a_silent_page_is_never_an_empty_one(void **state)
{
    (void)state;
    assert_int_equal(outcome_of(SILENT, CQL_FOR_SCAN), CQL_SPLIT);
    assert_int_equal(fault.code, FAULT_TIMEOUT);
}

static void an_overloaded_server_is_asked_again_later(void **state)
{
    (void)state;
    assert_int_equal(outcome_of(OVERLOADED_TWICE, CQL_FOR_ROW), CQL_ANSWERED);
    assert_int_equal(peer.executes, 3);
    assert_int_equal(peer.connections, 1);
}

static void a_missing_right_is_not_tried_again(void **state)
{
    (void)state;
    assert_int_equal(outcome_of(DENY, CQL_FOR_ROW), CQL_RUN_LOST);
    assert_int_equal(fault.code, FAULT_DENIED);
    assert_int_equal(peer.executes, 1);
    assert_null(strchr(fault.text, '\x1b'));
}

static void assert_not_opened(enum script script, const char *user, enum fault_code code,
                              const char *part)
{
    start(script);
    assert_null(open_client(user));
    assert_int_equal(fault.code, code);
    assert_non_null(strstr(fault.text, part));
    assert_null(strstr(fault.text, "not shown"));
    loop_poll(loop);
    stop();
    assert_int_equal(peer.connections, 1);
}

static void what_is_not_cassandra_is_named_as_such(void **state)
{
    (void)state;
    assert_not_opened(SPEAK_HTTP, NULL, FAULT_UNSUPPORTED, "is not Cassandra");
}

static void a_server_of_the_protocol_s_second_version_is_too_old(void **state)
{
    (void)state;
    assert_not_opened(SPEAK_V2, NULL, FAULT_UNSUPPORTED, "new enough");
}

static void a_refused_login_is_tried_once(void **state)
{
    (void)state;
    assert_not_opened(BAD_LOGIN, "someone", FAULT_DENIED, "someone");
}

static void a_login_that_is_wanted_and_not_given_is_said(void **state)
{
    (void)state;
    assert_not_opened(BAD_LOGIN, NULL, FAULT_DENIED, "no user was given");
}

static void an_interrupt_ends_what_was_not_sent(void **state)
{
    (void)state;
    start(ANSWER);
    struct cql_client *c = open_client(NULL);
    assert_non_null(c);
    struct told told = {0};
    struct cql_request r = {.purpose = CQL_FOR_ROW, .done = on_done, .context = &told};
    r.statement = cql_client_statement(c, bytes_of("UPDATE t"), &fault);
    assert_true(cql_client_send(c, &r, &fault));
    loop_interrupt(loop);
    cql_client_run(c, &told.finished);
    assert_int_equal(told.times, 1);
    assert_int_equal(r.outcome, CQL_RUN_LOST);
    assert_int_equal(r.fault.code, FAULT_INTERRUPTED);
    assert_false(cql_client_send(c, &r, &fault));
    cql_client_free(c);
    loop_poll(loop);
    stop();
    assert_int_equal(peer.executes, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_request_is_prepared_then_executed),
        TEST(a_forgotten_statement_is_prepared_again),
        TEST(a_statement_with_another_id_ends_the_run),
        TEST(a_lost_connection_is_opened_again_and_the_request_sent_again),
        TEST(a_silent_server_is_left_and_the_request_sent_again),
        TEST(a_silent_page_is_never_an_empty_one),
        TEST(an_overloaded_server_is_asked_again_later),
        TEST(a_missing_right_is_not_tried_again),
        TEST(what_is_not_cassandra_is_named_as_such),
        TEST(a_server_of_the_protocol_s_second_version_is_too_old),
        TEST(a_refused_login_is_tried_once),
        TEST(a_login_that_is_wanted_and_not_given_is_said),
        TEST(an_interrupt_ends_what_was_not_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
