#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/http.h"
#include "net/loop.h"

#include "scripted_peer.h"

struct fixture {
    struct loop *loop;
    struct http *http;
    struct fault f;
    struct http_answer answer;
};

static int start(void **state)
{
    struct fixture *x = calloc(1, sizeof *x);
    if (!x)
        return -1;
    x->loop = loop_new(&x->f);
    x->http = http_new(x->loop, &x->f);
    *state = x;
    return x->http ? 0 : -1;
}

static int end(void **state)
{
    struct fixture *x = *state;
    http_answer_fini(&x->answer);
    http_free(x->http);
    loop_free(x->loop);
    free(x);
    return 0;
}

static void an_answer_comes_with_status_type_and_body(void **state)
{
    struct fixture *x = *state;
    static const struct step steps[] = {
        {.answer = "HTTP/1.1 404 Not Found\r\nContent-Type: text/html; charset=utf-8\r\n"
                   "Content-Length: 5\r\n\r\nhello"},
        {0}};
    struct peer p;
    peer_start(&p, steps);
    struct http_request r = {.method = "GET", .url = p.url};
    assert_true(http_call(x->http, &r, &x->answer, &x->f));
    peer_stop(&p);
    assert_int_equal(x->answer.status, 404);
    assert_string_equal(x->answer.content_type, "text/html; charset=utf-8");
    assert_true(bytes_are(buf_view(&x->answer.body), "hello"));
    assert_int_equal(x->answer.retry_after_ms, -1);
    assert_non_null(strstr(p.requests[0], "GET / HTTP/1.1\r\n"));
    assert_non_null(strstr(p.requests[0], "Accept: application/json\r\n"));
    assert_null(strstr(p.requests[0], "Authorization"));
    peer_free(&p);
}

static void a_post_sends_its_body_and_headers(void **state)
{
    struct fixture *x = *state;
    static const struct step steps[] = {{.answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
                                        {0}};
    struct peer p;
    peer_start(&p, steps);
    size_t n = 2 << 20; /* large enough for curl's Expect header, if it were on */
    char *body = malloc(n);
    memset(body, 'b', n);
    struct http_request r = {.method = "POST",
                             .url = p.url,
                             .content_type = "application/json",
                             .authorization = "Bearer secret",
                             .body = {(const uint8_t *)body, n}};
    assert_true(http_call(x->http, &r, &x->answer, &x->f));
    peer_stop(&p);
    assert_int_equal(x->answer.status, 200);
    assert_non_null(strstr(p.requests[0], "POST / HTTP/1.1\r\n"));
    assert_non_null(strstr(p.requests[0], "Content-Type: application/json\r\n"));
    assert_non_null(strstr(p.requests[0], "Authorization: Bearer secret\r\n"));
    assert_null(strstr(p.requests[0], "Expect"));
    assert_int_equal(strlen(peer_body(&p, 0)), n);
    free(body);
    peer_free(&p);
}

static void a_redirect_is_an_answer_and_is_not_followed(void **state)
{
    struct fixture *x = *state;
    static const struct step steps[] = {
        {.answer =
             "HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n"},
        {0}};
    struct peer p;
    peer_start(&p, steps);
    struct http_request r = {.method = "GET", .url = p.url};
    assert_true(http_call(x->http, &r, &x->answer, &x->f));
    peer_stop(&p);
    assert_int_equal(x->answer.status, 302);
    peer_free(&p);
}

static void expect_failure(struct fixture *x, const struct step *steps,
                           const struct http_request *given, enum fault_code code)
{
    struct peer p;
    peer_start(&p, steps);
    struct http_request r = *given;
    r.url = p.url;
    assert_false(http_call(x->http, &r, &x->answer, &x->f));
    assert_int_equal(x->f.code, code);
    assert_non_null(strstr(x->f.subject, p.url));
    peer_stop(&p);
    peer_free(&p);
}

static const struct http_request get = {.method = "GET", .timeout_ms = 5000};

static void a_body_that_is_cut_is_a_failure(void **state)
{
    static const struct step steps[] = {
        {.answer = "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{\"response\":"}, {0}};
    expect_failure(*state, steps, &get, FAULT_PROTOCOL);
}

static void a_chunked_body_that_is_cut_is_a_failure(void **state)
{
    static const struct step steps[] = {
        {.answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"}, {0}};
    expect_failure(*state, steps, &get, FAULT_PROTOCOL);
}

static void a_connection_closed_without_an_answer_is_a_failure(void **state)
{
    static const struct step steps[] = {{.answer = ""}, {0}};
    expect_failure(*state, steps, &get, FAULT_PROTOCOL);
}

static void a_peer_that_does_not_speak_http_is_a_failure(void **state)
{
    static const struct step steps[] = {
        {.answer = "\x84\x01\x02garbage from another protocol\r\n\r\n"}, {0}};
    expect_failure(*state, steps, &get, FAULT_PROTOCOL);
}

static void silence_ends_with_a_time_out(void **state)
{
    struct fixture *x = *state;
    static const struct step steps[] = {{.answer = "", .hold = true}, {0}};
    struct http_request r = {.method = "GET", .timeout_ms = 200};
    uint64_t began = loop_now_ms(x->loop);
    expect_failure(x, steps, &r, FAULT_TIMEOUT);
    assert_true(loop_now_ms(x->loop) - began >= 190);
}

static void a_body_over_the_limit_is_refused(void **state)
{
    struct fixture *x = *state;
    static const struct step steps[] = {
        {.answer = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", .filler = 1 << 20}, {0}};
    struct http_request r = {.method = "GET", .timeout_ms = 5000, .max_answer_bytes = 100000};
    expect_failure(x, steps, &r, FAULT_PROTOCOL);
    assert_non_null(strstr(x->f.text, "larger than 100000 bytes"));
}

static void a_refused_connection_is_unreachable(void **state)
{
    struct fixture *x = *state;
    int port;
    close(peer_listen(&port));
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d/x", port);
    struct http_request r = {.method = "GET", .url = url};
    assert_false(http_call(x->http, &r, &x->answer, &x->f));
    assert_int_equal(x->f.code, FAULT_UNREACHABLE);
}

static void other_protocols_are_refused(void **state)
{
    struct fixture *x = *state;
    static const char *const urls[] = {"file:///etc/passwd", "ftp://127.0.0.1/", "127.0.0.1:80",
                                       ""};
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        struct http_request r = {.method = "GET", .url = urls[i]};
        assert_false(http_call(x->http, &r, &x->answer, &x->f));
        assert_int_equal(x->f.code, FAULT_USAGE);
        http_answer_fini(&x->answer);
    }
}

static void a_line_break_in_a_key_starts_no_header(void **state)
{
    struct fixture *x = *state;
    struct http_request r = {
        .method = "GET", .url = "http://127.0.0.1:1/", .authorization = "Bearer k\r\nX-Other: y"};
    assert_false(http_call(x->http, &r, &x->answer, &x->f));
    assert_int_equal(x->f.code, FAULT_USAGE);
    assert_null(strstr(x->f.text, "Bearer"));
}

static void a_login_in_the_address_is_not_shown(void **state)
{
    struct fixture *x = *state;
    struct http_request r = {.method = "GET", .url = "ftp://joe:hunter2@example.org/a?key=hunter2"};
    assert_false(http_call(x->http, &r, &x->answer, &x->f));
    assert_string_equal(x->f.subject, "ftp://example.org/a");
}

static void an_interrupt_ends_the_wait(void **state)
{
    struct fixture *x = *state;
    static const struct step steps[] = {{.answer = "", .hold = true}, {0}};
    struct peer p;
    peer_start(&p, steps);
    struct timer *t = timer_new(x->loop, (void (*)(void *))loop_interrupt, x->loop);
    timer_start(t, 100, 0);
    struct http_request r = {.method = "GET", .url = p.url};
    assert_false(http_call_retrying(x->http, &r, 5, &x->answer, &x->f));
    assert_int_equal(x->f.code, FAULT_INTERRUPTED);
    timer_free(t);
    peer_stop(&p);
    assert_int_equal(p.served, 1);
    peer_free(&p);
}

static void what_may_pass_is_asked_again(void **state)
{
    struct fixture *x = *state;
    static const struct step steps[] = {
        {.answer = "HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy"},
        {.answer = ""},
        {.answer = "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\ncut"},
        {.answer = "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"},
        {.answer = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood"},
        {0}};
    struct peer p;
    peer_start(&p, steps);
    struct http_request r = {.method = "POST", .url = p.url, .body = bytes_of("the body")};
    assert_true(http_call_retrying(x->http, &r, 8, &x->answer, &x->f));
    peer_stop(&p);
    assert_int_equal(p.served, 5);
    assert_int_equal(x->answer.status, 200);
    assert_true(bytes_are(buf_view(&x->answer.body), "good"));
    for (int i = 0; i < 5; i++)
        assert_string_equal(peer_body(&p, i), "the body");
    peer_free(&p);
}

static void what_cannot_pass_is_asked_once(void **state)
{
    struct fixture *x = *state;
    static const struct step steps[] = {{.answer = "HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n"},
                                        {.answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
                                        {0}};
    struct peer p;
    peer_start(&p, steps);
    struct http_request r = {.method = "GET", .url = p.url};
    assert_true(http_call_retrying(x->http, &r, 8, &x->answer, &x->f));
    assert_int_equal(x->answer.status, 401);
    peer_stop(&p);
    assert_int_equal(p.served, 1);
    peer_free(&p);
}

static void retries_end(void **state)
{
    struct fixture *x = *state;
    static const struct step steps[] = {{.answer = "HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n"},
                                        {.answer = "HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n"},
                                        {.answer = "HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n"},
                                        {.answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
                                        {0}};
    struct peer p;
    peer_start(&p, steps);
    struct http_request r = {.method = "GET", .url = p.url};
    assert_true(http_call_retrying(x->http, &r, 2, &x->answer, &x->f));
    assert_int_equal(x->answer.status, 502);
    peer_stop(&p);
    assert_int_equal(p.served, 3);
    peer_free(&p);
}

static void an_idle_connection_that_is_reset_is_replaced(void **state)
{
    struct fixture *x = *state;
    static const struct step steps[] = {
        {.answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst", .reset = true},
        {.answer = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond"},
        {0}};
    struct peer p;
    peer_start(&p, steps);
    struct http_request r = {.method = "POST", .url = p.url, .body = bytes_of("the body")};
    assert_true(http_call(x->http, &r, &x->answer, &x->f));
    http_answer_fini(&x->answer);
    assert_true(http_call(x->http, &r, &x->answer, &x->f));
    peer_stop(&p);
    assert_true(bytes_are(buf_view(&x->answer.body), "second"));
    assert_string_equal(peer_body(&p, 1), "the body");
    peer_free(&p);
}

static void a_server_that_says_when_is_obeyed(void **state)
{
    struct fixture *x = *state;
    static const struct step steps[] = {
        {.answer = "HTTP/1.1 429 Slow\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"},
        {.answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
        {0}};
    struct peer p;
    peer_start(&p, steps);
    struct http_request r = {.method = "GET", .url = p.url};
    uint64_t began = loop_now_ms(x->loop);
    assert_true(http_call_retrying(x->http, &r, 8, &x->answer, &x->f));
    assert_int_equal(x->answer.status, 200);
    assert_true(loop_now_ms(x->loop) - began >= 990);
    peer_stop(&p);
    peer_free(&p);
}

static void retry_after_is_told_in_milliseconds(void **state)
{
    struct fixture *x = *state;
    static const struct step steps[] = {
        {.answer = "HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n"}, {0}};
    struct peer p;
    peer_start(&p, steps);
    struct http_request r = {.method = "GET", .url = p.url};
    assert_true(http_call(x->http, &r, &x->answer, &x->f));
    assert_int_equal(x->answer.retry_after_ms, 7000);
    peer_stop(&p);
    peer_free(&p);
}

/* RFC 4648 10, with a colon before the last byte or two. */
static void basic_is_base64_of_name_and_password(void **state)
{
    (void)state;
    static const char *const rows[][3] = {
        {"Aladdin", "open sesame", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="},
        {"", "", "Basic Og=="},
        {"a", "", "Basic YTo="},
        {"a", "b", "Basic YTpi"},
        {"test", "123\xc2\xa3", "Basic dGVzdDoxMjPCow=="}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf b;
        buf_init(&b, 100);
        assert_true(http_basic(rows[i][0], rows[i][1], &b));
        assert_string_equal(buf_text(&b), rows[i][2]);
        buf_fini(&b);
    }
    struct buf b;
    buf_init(&b, 8);
    assert_false(http_basic("too", "long", &b));
    buf_fini(&b);
    buf_init(&b, 100);
    assert_false(http_basic("a:b", "c", &b));
    buf_fini(&b);
}

int main(void)
{
#define ASKING(name) cmocka_unit_test_setup_teardown(name, start, end)
    const struct CMUnitTest tests[] = {
        ASKING(an_answer_comes_with_status_type_and_body),
        ASKING(a_post_sends_its_body_and_headers),
        ASKING(a_redirect_is_an_answer_and_is_not_followed),
        ASKING(a_body_that_is_cut_is_a_failure),
        ASKING(a_chunked_body_that_is_cut_is_a_failure),
        ASKING(a_connection_closed_without_an_answer_is_a_failure),
        ASKING(a_peer_that_does_not_speak_http_is_a_failure),
        ASKING(silence_ends_with_a_time_out),
        ASKING(a_body_over_the_limit_is_refused),
        ASKING(a_refused_connection_is_unreachable),
        ASKING(other_protocols_are_refused),
        ASKING(a_line_break_in_a_key_starts_no_header),
        ASKING(a_login_in_the_address_is_not_shown),
        ASKING(an_interrupt_ends_the_wait),
        ASKING(what_may_pass_is_asked_again),
        ASKING(what_cannot_pass_is_asked_once),
        ASKING(retries_end),
        ASKING(an_idle_connection_that_is_reset_is_replaced),
        ASKING(a_server_that_says_when_is_obeyed),
        ASKING(retry_after_is_told_in_milliseconds),
        cmocka_unit_test(basic_is_base64_of_name_and_password),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
