#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "net/stream.h"
#include "tls_pki.h"

enum peer_kind {
    PEER_ECHO,
    PEER_CUT,    /* answers once, then closes the socket without a word */
    PEER_SILENT, /* takes the connection and says nothing */
    PEER_PLAIN   /* echoes without TLS */
};

/* A server in a thread: takes one connection on loopback. */
struct peer {
    enum peer_kind kind;
    int listener, port;
    SSL_CTX *context;
    pthread_t thread;
    size_t read_bytes; /* of what was said to it, decrypted */
};

static struct pki pki;
static struct pair node;
static const char *ca_file, *other_file;

static void *serve(void *context)
{
    struct peer *p = context;
    char bytes[16384];
    int fd = accept(p->listener, NULL, NULL), n;
    SSL *ssl = SSL_new(p->context);
    SSL_set_fd(ssl, fd);
    if (p->kind == PEER_SILENT || p->kind == PEER_PLAIN) {
        while ((n = (int)read(fd, bytes, sizeof bytes)) > 0)
            if (p->kind == PEER_PLAIN && write(fd, bytes, (size_t)n) != n)
                break;
    } else if (SSL_accept(ssl) == 1) {
        while ((n = SSL_read(ssl, bytes, sizeof bytes)) > 0) {
            p->read_bytes += (size_t)n;
            SSL_write(ssl, bytes, n);
            if (p->kind == PEER_CUT)
                break;
        }
    }
    SSL_free(ssl);
    close(fd);
    return NULL;
}

static void peer_start(struct peer *p, enum peer_kind kind)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof a;
    *p = (struct peer){.kind = kind, .listener = socket(AF_INET, SOCK_STREAM, 0)};
    assert_int_equal(bind(p->listener, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(p->listener, 4), 0);
    assert_int_equal(getsockname(p->listener, (struct sockaddr *)&a, &length), 0);
    p->port = ntohs(a.sin_port);
    p->context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate(p->context, node.certificate);
    SSL_CTX_use_PrivateKey(p->context, node.key);
    assert_int_equal(pthread_create(&p->thread, NULL, serve, p), 0);
}

static void peer_stop(struct peer *p)
{
    pthread_join(p->thread, NULL);
    SSL_CTX_free(p->context);
    close(p->listener);
}

struct talk {
    struct stream *stream;
    struct tls_context *tls;
    size_t wanted;
    bool closes; /* in |received| */
    int opened_count, closed_count;
    struct buf got;
    struct fault why;
    bool finished;
};

static void on_opened(void *context)
{
    struct talk *t = context;
    assert_false(stream_is_shaking_hands(t->stream));
    t->opened_count++;
    assert_true(stream_write(t->stream, "hello", 5));
}

static void on_received(void *context, const uint8_t *p, size_t n)
{
    struct talk *t = context;
    buf_append(&t->got, p, n);
    if (t->closes) {
        stream_close(t->stream);
        t->stream = NULL;
    }
    t->finished = t->wanted && t->got.n >= t->wanted;
}

static void on_closed(void *context, const struct fault *f)
{
    struct talk *t = context;
    t->closed_count++;
    t->why = *f;
    t->finished = true;
    stream_close(t->stream); /* as cql/conn.c does */
    t->stream = NULL;
}

static const struct tcp_events events = {on_opened, on_received, on_closed};

static void talk_start(struct talk *t, struct loop *l, int port, const char *ca)
{
    struct fault f;
    const struct tls_options o = {.ca_file = ca, .verify = true, .prefix = "cassandra"};
    buf_init(&t->got, 1 << 20);
    t->tls = ca ? tls_context_new(&o, &f) : NULL;
    assert_true(!ca || t->tls);
    t->stream = stream_open(l, "127.0.0.1", port, 5000, t->tls, &events, t, &f);
    assert_non_null(t->stream);
    assert_int_equal(t->opened_count + t->closed_count, 0);
}

static void talk_end(struct talk *t, struct peer *p)
{
    stream_close(t->stream);
    tls_context_free(t->tls);
    buf_fini(&t->got);
    peer_stop(p);
}

static void what_is_sent_comes_back(void **state)
{
    for (int plain = 0; plain < 2; plain++) {
        struct peer p;
        struct talk t = {.wanted = 5 + 200000};
        peer_start(&p, plain ? PEER_PLAIN : PEER_ECHO);
        talk_start(&t, *state, p.port, plain ? NULL : ca_file);
        while (!t.opened_count)
            loop_poll(*state);
        struct buf much;
        buf_init(&much, 1 << 20);
        for (int i = 0; i < 100000; i++)
            buf_append_u16(&much, (uint16_t)i);
        assert_true(stream_write(t.stream, much.p, much.n));
        assert_true(stream_unsent_bytes(t.stream) >= much.n);
        loop_run_until(*state, &t.finished);
        assert_int_equal(t.closed_count, 0);
        assert_int_equal(t.got.n, 5 + much.n);
        assert_memory_equal(t.got.p, "hello", 5);
        assert_memory_equal(t.got.p + 5, much.p, much.n);
        assert_memory_equal(stream_peer(t.stream), "127.0.0.1:", 10);
        buf_fini(&much);
        talk_end(&t, &p);
    }
}

static void nothing_reaches_a_server_that_is_not_trusted(void **state)
{
    struct peer p;
    struct talk t = {0};
    char subject[32];
    peer_start(&p, PEER_ECHO);
    talk_start(&t, *state, p.port, other_file);
    loop_run_until(*state, &t.finished);
    snprintf(subject, sizeof subject, "127.0.0.1:%d", p.port);
    assert_int_equal(t.opened_count, 0);
    assert_int_equal(t.closed_count, 1);
    assert_int_equal(t.why.code, FAULT_REFUSED);
    assert_string_equal(t.why.subject, subject);
    talk_end(&t, &p);
    assert_int_equal(p.read_bytes, 0);
}

static void a_peer_that_does_not_speak_tls_is_no_peer(void **state)
{
    struct peer p;
    struct talk t = {0};
    peer_start(&p, PEER_PLAIN);
    talk_start(&t, *state, p.port, ca_file);
    loop_run_until(*state, &t.finished);
    assert_int_equal(t.opened_count, 0);
    /* It sends our own greeting back, which is TLS, but no server's. */
    assert_true(t.why.code == FAULT_UNSUPPORTED);
    talk_end(&t, &p);
}

static void a_cut_is_said_to_be_one(void **state)
{
    struct peer p;
    struct talk t = {0};
    peer_start(&p, PEER_CUT);
    talk_start(&t, *state, p.port, ca_file);
    loop_run_until(*state, &t.finished);
    assert_true(bytes_are(buf_view(&t.got), "hello"));
    assert_int_equal(t.closed_count, 1);
    assert_int_equal(t.why.code, FAULT_UNREACHABLE);
    assert_non_null(strstr(t.why.hint, "cut off"));
    talk_end(&t, &p);
}

static void a_server_that_does_not_greet_back_can_be_told_from_one_that_is_away(void **state)
{
    struct peer p;
    struct talk t = {0};
    peer_start(&p, PEER_SILENT);
    talk_start(&t, *state, p.port, ca_file);
    assert_false(stream_is_shaking_hands(t.stream));
    loop_sleep(*state, 100);
    assert_true(stream_is_shaking_hands(t.stream));
    assert_false(stream_write(t.stream, "secret", 6));
    talk_end(&t, &p);
    assert_int_equal(t.opened_count + t.closed_count, 0);
}

static void it_may_be_closed_while_bytes_are_told(void **state)
{
    struct peer p;
    struct talk t = {.closes = true, .wanted = 5};
    peer_start(&p, PEER_ECHO);
    talk_start(&t, *state, p.port, ca_file);
    loop_run_until(*state, &t.finished);
    loop_poll(*state);
    assert_int_equal(t.closed_count, 0);
    talk_end(&t, &p);
}

static int setup(void **state)
{
    pki_init(&pki);
    struct pair other = pki_make(&pki, &(struct wish){.name = "other", .is_ca = true});
    node = pki_make(&pki, &(struct wish){.name = "node", .alternatives = "IP:127.0.0.1"});
    ca_file = pki_write(&pki, &node, NULL, false);
    other_file = pki_write(&pki, &other, NULL, false);
    pair_free(&other);
    *state = loop_new(NULL);
    return *state ? 0 : -1;
}

static int teardown(void **state)
{
    pair_free(&node);
    pki_fini(&pki);
    loop_free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_sent_comes_back),
        cmocka_unit_test(nothing_reaches_a_server_that_is_not_trusted),
        cmocka_unit_test(a_peer_that_does_not_speak_tls_is_no_peer),
        cmocka_unit_test(a_cut_is_said_to_be_one),
        cmocka_unit_test(a_server_that_does_not_greet_back_can_be_told_from_one_that_is_away),
        cmocka_unit_test(it_may_be_closed_while_bytes_are_told),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
