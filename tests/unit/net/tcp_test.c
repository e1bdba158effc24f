#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "net/loop.h"

/* A peer in a thread: listens on loopback, takes one connection, sends back what comes until
 * |limit| bytes or the end, then closes. */
struct peer {
    int listener, port;
    size_t limit;
    pthread_t thread;
};

static void *echo(void *context)
{
    struct peer *p = context;
    int fd = accept(p->listener, NULL, NULL);
    size_t total = 0;
    char bytes[65536];
    while (fd >= 0 && total < p->limit) {
        ssize_t n = read(fd, bytes, sizeof bytes);
        if (n <= 0)
            break;
        for (ssize_t at = 0; at < n;) {
            ssize_t m = write(fd, bytes + at, (size_t)(n - at));
            if (m <= 0)
                break;
            at += m;
        }
        total += (size_t)n;
    }
    close(fd);
    return NULL;
}

static int listen_on_loopback(int *port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(fd, 4), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &length), 0);
    *port = ntohs(a.sin_port);
    return fd;
}

static void peer_start(struct peer *p, size_t limit)
{
    p->limit = limit;
    p->listener = listen_on_loopback(&p->port);
    assert_int_equal(pthread_create(&p->thread, NULL, echo, p), 0);
}

static void peer_stop(struct peer *p)
{
    pthread_join(p->thread, NULL);
    close(p->listener);
}

struct talk {
    struct tcp *tcp;
    int opened_count, closed_count;
    size_t wanted;
    struct buf got;
    struct fault why;
    bool finished;
};

static void on_opened(void *context)
{
    struct talk *t = context;
    t->opened_count++;
    if (t->wanted == 0)
        t->finished = true;
}

static void on_received(void *context, const uint8_t *p, size_t n)
{
    struct talk *t = context;
    buf_append(&t->got, p, n);
    if (t->wanted && t->got.n >= t->wanted)
        t->finished = true;
}

static void on_closed(void *context, const struct fault *f)
{
    struct talk *t = context;
    t->closed_count++;
    t->why = *f;
    t->finished = true;
}

static const struct tcp_events events = {on_opened, on_received, on_closed};

static int make_loop(void **state)
{
    *state = loop_new(NULL);
    return *state ? 0 : -1;
}

static int free_loop(void **state)
{
    loop_free(*state);
    return 0;
}

static void talk_start(struct talk *t, struct loop *l, const char *host, int port,
                       unsigned timeout_ms)
{
    struct fault f;
    buf_init(&t->got, 64 << 20);
    t->tcp = tcp_open(l, host, port, timeout_ms, &events, t, &f);
    assert_non_null(t->tcp);
    assert_int_equal(t->opened_count + t->closed_count, 0); /* never before the call returned */
}

static void talk_end(struct talk *t)
{
    tcp_close(t->tcp);
    buf_fini(&t->got);
}

static void what_is_sent_comes_back(void **state)
{
    struct loop *l = *state;
    struct peer p;
    peer_start(&p, SIZE_MAX);
    struct talk t = {.wanted = 11};
    talk_start(&t, l, "127.0.0.1", p.port, 5000);
    assert_true(tcp_write(t.tcp, "hello ", 6)); /* before it is open */
    assert_true(tcp_write(t.tcp, "world", 5));
    assert_int_equal(tcp_unsent_bytes(t.tcp), 11);
    loop_run_until(l, &t.finished);
    assert_int_equal(t.opened_count, 1);
    assert_int_equal(t.closed_count, 0);
    assert_true(bytes_are(buf_view(&t.got), "hello world"));
    assert_int_equal(tcp_unsent_bytes(t.tcp), 0);
    char peer[32];
    snprintf(peer, sizeof peer, "127.0.0.1:%d", p.port);
    assert_string_equal(tcp_peer(t.tcp), peer);
    talk_end(&t);
    loop_poll(l);
    peer_stop(&p);
}

static void more_than_the_kernel_takes_arrives_whole(void **state)
{
    struct loop *l = *state;
    struct peer p;
    enum { N = 24 << 20 };
    peer_start(&p, SIZE_MAX);
    struct talk t = {.wanted = N};
    talk_start(&t, l, "127.0.0.1", p.port, 5000);
    uint8_t *sent = malloc(N);
    assert_non_null(sent);
    for (size_t i = 0; i < N; i++)
        sent[i] = (uint8_t)(i * 31 + i / 251);
    for (size_t at = 0; at < N; at += N / 8)
        assert_true(tcp_write(t.tcp, sent + at, N / 8));
    loop_run_until(l, &t.finished);
    assert_int_equal(t.got.n, N);
    assert_memory_equal(t.got.p, sent, N);
    free(sent);
    talk_end(&t);
    loop_poll(l);
    peer_stop(&p);
}

static void output_beyond_the_maximum_is_refused_whole(void **state)
{
    struct loop *l = *state;
    struct peer p;
    peer_start(&p, SIZE_MAX);
    struct talk t = {.wanted = 3};
    talk_start(&t, l, "127.0.0.1", p.port, 5000);
    size_t n = (64u << 20) - 2;
    uint8_t *big = calloc(1, n + 3);
    assert_non_null(big);
    assert_false(tcp_write(t.tcp, big, n + 3));
    assert_true(tcp_write(t.tcp, "ab", 2));
    assert_true(tcp_write(t.tcp, big, n));
    assert_false(tcp_write(t.tcp, "c", 1));
    free(big);
    talk_end(&t);
    /* The connection was never made by the loop: give the peer one. */
    struct talk other = {.wanted = 0};
    talk_start(&other, l, "127.0.0.1", p.port, 5000);
    loop_run_until(l, &other.finished);
    talk_end(&other);
    loop_poll(l);
    peer_stop(&p);
}

static void a_peer_that_closes_is_told_once(void **state)
{
    struct loop *l = *state;
    struct peer p;
    peer_start(&p, 1);
    struct talk t = {.wanted = 100};
    talk_start(&t, l, "127.0.0.1", p.port, 5000);
    tcp_write(t.tcp, "x", 1);
    loop_run_until(l, &t.finished);
    assert_int_equal(t.opened_count, 1);
    assert_int_equal(t.closed_count, 1);
    assert_int_equal(t.got.n, 1);
    assert_non_null(strstr(t.why.text, "closed the connection"));
    assert_false(tcp_write(t.tcp, "y", 1));
    loop_sleep(l, 20);
    assert_int_equal(t.closed_count, 1);
    talk_end(&t);
    peer_stop(&p);
}

static void a_refused_connection_is_unreachable(void **state)
{
    struct loop *l = *state;
    int port;
    close(listen_on_loopback(&port)); /* free again, so nobody listens */
    struct talk t = {.wanted = 1};
    talk_start(&t, l, "127.0.0.1", port, 5000);
    loop_run_until(l, &t.finished);
    assert_int_equal(t.opened_count, 0);
    assert_int_equal(t.closed_count, 1);
    assert_int_equal(t.why.code, FAULT_UNREACHABLE);
    assert_non_null(strstr(t.why.hint, "nothing listens"));
    talk_end(&t);
}

static void a_name_that_does_not_resolve_is_unreachable(void **state)
{
    struct loop *l = *state;
    struct talk t = {.wanted = 1};
    talk_start(&t, l, "no-such-host.invalid", 9042, 20000); /* RFC 6761: never resolves */
    loop_run_until(l, &t.finished);
    assert_int_equal(t.opened_count, 0);
    assert_int_equal(t.why.code, FAULT_UNREACHABLE);
    talk_end(&t);
}

static void a_name_with_two_addresses_tries_both(void **state)
{
    struct loop *l = *state;
    struct peer p; /* listens on 127.0.0.1 only; "localhost" may give ::1 first */
    peer_start(&p, SIZE_MAX);
    struct talk t = {.wanted = 0};
    talk_start(&t, l, "localhost", p.port, 5000);
    loop_run_until(l, &t.finished);
    assert_int_equal(t.opened_count, 1);
    talk_end(&t);
    loop_poll(l);
    peer_stop(&p);
}

static void an_address_that_never_answers_times_out(void **state)
{
    struct loop *l = *state;
    /* A listener whose queue is full drops further SYNs. */
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(fd, 0), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &length), 0);
    int fill[4];
    for (size_t i = 0; i < 4; i++) {
        fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)!connect(fill[i], (struct sockaddr *)&a, sizeof a);
    }
    struct talk t = {.wanted = 0};
    talk_start(&t, l, "127.0.0.1", ntohs(a.sin_port), 150);
    uint64_t start = loop_now_ms(l);
    loop_run_until(l, &t.finished);
    assert_int_equal(t.opened_count, 0);
    assert_int_equal(t.why.code, FAULT_UNREACHABLE);
    assert_non_null(strstr(t.why.text, "150 ms"));
    assert_true(loop_now_ms(l) - start >= 140);
    talk_end(&t);
    for (size_t i = 0; i < 4; i++)
        close(fill[i]);
    close(fd);
}

static void closing_at_once_gives_no_event(void **state)
{
    struct loop *l = *state;
    struct talk t = {.wanted = 0};
    talk_start(&t, l, "localhost", 9, 5000);
    talk_end(&t);
    loop_sleep(l, 30);
    assert_int_equal(t.opened_count + t.closed_count, 0);
}

static void a_port_out_of_range_is_a_usage_fault(void **state)
{
    struct fault f;
    struct talk t = {.wanted = 0};
    assert_null(tcp_open(*state, "localhost", 70000, 100, &events, &t, &f));
    assert_int_equal(f.code, FAULT_USAGE);
    assert_null(tcp_open(*state, "", 70, 100, &events, &t, &f));
    assert_int_equal(f.code, FAULT_USAGE);
}

int main(void)
{
#define ON_A_LOOP(name) cmocka_unit_test_setup_teardown(name, make_loop, free_loop)
    const struct CMUnitTest tests[] = {
        ON_A_LOOP(what_is_sent_comes_back),
        ON_A_LOOP(more_than_the_kernel_takes_arrives_whole),
        ON_A_LOOP(output_beyond_the_maximum_is_refused_whole),
        ON_A_LOOP(a_peer_that_closes_is_told_once),
        ON_A_LOOP(a_refused_connection_is_unreachable),
        ON_A_LOOP(a_name_that_does_not_resolve_is_unreachable),
        ON_A_LOOP(a_name_with_two_addresses_tries_both),
        ON_A_LOOP(an_address_that_never_answers_times_out),
        ON_A_LOOP(closing_at_once_gives_no_event),
        ON_A_LOOP(a_port_out_of_range_is_a_usage_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
