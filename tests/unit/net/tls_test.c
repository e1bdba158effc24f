#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tls_talk.h"

static int allocations;

static void both_versions_carry_bytes_both_ways(void **state)
{
    (void)state;
    static const struct {
        int version;
        const char *agreed;
    } versions[] = {{TLS1_2_VERSION, "TLS 1.2 ECDHE-ECDSA-AES"},
                    {TLS1_3_VERSION, "TLS 1.3 TLS_AES"}};
    for (int v = 0; v < 2; v++) {
        static const size_t cuts[] = {SIZE_MAX, 1, 7, 16384};
        for (int i = 0; i < 4; i++) {
            struct talk t;
            struct tls_options o = trusting();
            talk_open(&t, &(struct server_wish){.pair = &good, .version = versions[v].version}, &o,
                      "db.example");
            assert_string_equal(tls_context_agreed(t.context), "");
            t.cut = cuts[i];
            talk_begin(&t);
            assert_int_equal(t.opened, 1);
            struct buf sent;
            buf_init(&sent, 1 << 20);
            for (int k = 0; k < 300000; k++)
                buf_append_u8(&sent, (uint8_t)(k * 7 + k / 256));
            assert_true(tls_write(t.tls, sent.p, sent.n, &t.f));
            talk_on(&t);
            assert_false(t.failed);
            assert_true(bytes_equal(buf_view(&t.got), buf_view(&sent)));
            assert_memory_equal(tls_context_agreed(t.context), versions[v].agreed,
                                strlen(versions[v].agreed));
            buf_fini(&sent);
            talk_close(&t);
        }
    }
}

static void who_does_not_speak_tls_is_said_to(void **state)
{
    (void)state;
    static const char *const greetings[] = {"HTTP/1.1 400 Bad Request\r\n", "\x85\0\0\0\0", "\x84",
                                            "x"};
    struct tls_options o = trusting();
    for (size_t i = 0; i < sizeof greetings / sizeof greetings[0]; i++) {
        struct talk t;
        talk_open(&t, &plain_server, &o, "db.example");
        assert_true(tls_start(t.tls, &t.f));
        buf_append_text(&t.to_client, greetings[i]);
        client_step(&t);
        says(&t, FAULT_UNSUPPORTED, "does not speak TLS", "cassandra-tls: no");
        talk_close(&t);
    }
}

static void a_name_is_told_to_the_server_and_an_address_is_not(void **state)
{
    (void)state;
    struct tls_options o = trusting();
    static const char *const hosts[] = {"db.example.", "127.0.0.1"};
    for (int i = 0; i < 2; i++) {
        struct talk t;
        talk_open(&t, &plain_server, &o, hosts[i]);
        talk_begin(&t);
        const char *name = SSL_get_servername(t.server.ssl, TLSEXT_NAMETYPE_host_name);
        if (i == 0)
            assert_string_equal(name, "db.example");
        else
            assert_null(name);
        talk_close(&t);
    }
}

static void a_closed_session_is_no_end_of_rows(void **state)
{
    (void)state;
    struct tls_options o = trusting();
    struct talk t;
    talk_open(&t, &plain_server, &o, "db.example");
    talk_begin(&t);
    assert_true(tls_write(t.tls, "half a row", 10, &t.f));
    server_step(&t);
    SSL_shutdown(t.server.ssl);
    server_step(&t);
    client_step(&t);
    assert_true(bytes_are(buf_view(&t.got), "half a row")); /* what it said before is told */
    assert_true(t.failed);
    assert_int_equal(t.f.code, FAULT_UNREACHABLE);
    assert_string_equal(t.f.text, "the server closed the connection");
    talk_close(&t);
}

/* Every place in a deep run, else one of so many. */
static size_t stride(size_t otherwise)
{
    const char *deep = getenv("TENANTMOVE_DEEP");
    return deep && deep[0] ? 1 : otherwise;
}

/* Wherever the connection is cut, nothing is taken for the end, and nothing is told that was not
 * whole. */
static void a_cut_at_every_byte_is_a_cut(void **state)
{
    (void)state;
    struct tls_options o = trusting();
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        size_t got = 0, stop;
        for (stop = 1; got == 0; stop += stride(3)) {
            struct talk t;
            struct fault f;
            talk_open(&t, &(struct server_wish){.pair = &good, .version = version}, &o,
                      "db.example");
            t.stop = stop;
            talk_begin(&t);
            if (t.opened)
                tls_write(t.tls, "a row", 5, &t.f);
            talk_on(&t);
            got = t.got.n;
            assert_false(t.failed);
            assert_true(got == 0 || bytes_are(buf_view(&t.got), "a row"));
            fault_set(&f, FAULT_UNREACHABLE, "the server closed the connection");
            tls_cut(t.tls, &f);
            assert_int_equal(f.code, FAULT_UNREACHABLE);
            assert_non_null(
                strstr(f.hint, t.opened ? "cut off" : "in the middle of the TLS handshake"));
            talk_close(&t);
        }
        assert_true(stop > 600);
    }
}

static void a_byte_changed_on_the_way_never_gets_through(void **state)
{
    (void)state;
    struct tls_options o = trusting();
    int failures = 0, opened = 0;
    size_t step = stride(7);
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        for (size_t damage = 1; damage < 1400; damage += step) {
            struct talk t;
            talk_open(&t, &(struct server_wish){.pair = &good, .version = version}, &o,
                      "db.example");
            t.damage = damage;
            talk_begin(&t);
            if (t.opened && !t.failed && tls_write(t.tls, "a row", 5, &t.f))
                talk_on(&t);
            assert_true(t.got.n == 0 || bytes_are(buf_view(&t.got), "a row"));
            failures += t.failed;
            opened += t.opened && t.failed;
            if (t.opened && t.failed)
                assert_true(t.f.code == FAULT_PROTOCOL || t.f.code == FAULT_UNREACHABLE);
            talk_close(&t);
        }
    }
    assert_true(failures > 200 && opened > 3);
}

static void a_second_handshake_is_declined(void **state)
{
    (void)state;
    struct tls_options o = trusting();
    struct talk t;
    talk_open(&t, &(struct server_wish){.pair = &good, .version = TLS1_2_VERSION}, &o,
              "db.example");
    talk_begin(&t);
    SSL_renegotiate(t.server.ssl);
    SSL_do_handshake(t.server.ssl);
    server_step(&t);
    client_step(&t);
    talk_on(&t);
    assert_true(t.failed || tls_write(t.tls, "hello", 5, &t.f));
    assert_int_equal(t.opened, 1);
    assert_int_equal(t.got.n, 0);
    talk_close(&t);
}

static void a_full_socket_ends_the_session(void **state)
{
    (void)state;
    struct tls_options o = trusting();
    struct talk t;
    talk_open(&t, &plain_server, &o, "db.example");
    t.room = 10;
    assert_false(tls_start(t.tls, &t.f));
    assert_int_equal(t.f.code, FAULT_UNREACHABLE);
    talk_close(&t);

    talk_open(&t, &plain_server, &o, "db.example");
    assert_false(tls_write(t.tls, "x", 1, &t.f)); /* too early */
    assert_int_equal(t.f.code, FAULT_INTERNAL);
    talk_begin(&t);
    t.room = 20000;
    static const char much[100000];
    assert_false(tls_write(t.tls, much, sizeof much, &t.f));
    assert_int_equal(t.f.code, FAULT_UNREACHABLE);
    assert_false(tls_write(t.tls, "x", 1, &t.f));
    talk_close(&t);
}

static void a_request_allocates_only_what_openssl_does(void **state)
{
    (void)state;
    struct tls_options o = trusting();
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        struct talk t;
        talk_open(&t, &(struct server_wish){.pair = &good, .version = version}, &o, "db.example");
        talk_begin(&t);
        for (int i = 0; i < 50; i++) {
            struct bytes plain;
            int before = allocations;
            assert_true(tls_write(t.tls, "a request of some bytes", 23, &t.f));
            assert_true(allocations - before <= (version == TLS1_3_VERSION ? 3 : 2));
            server_step(&t);
            tls_feed(t.tls, t.to_client.p, t.to_client.n);
            before = allocations;
            assert_int_equal(tls_next(t.tls, &plain, &t.f), TLS_RECEIVED);
            assert_int_equal(tls_next(t.tls, &plain, &t.f), TLS_WAITS);
            assert_true(allocations - before <= (version == TLS1_3_VERSION ? 1 : 0));
            buf_clear(&t.to_client);
        }
        talk_close(&t);
    }
}

static void *counting_malloc(size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    allocations++;
    return malloc(n);
}

static void *counting_realloc(void *p, size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    allocations++;
    return realloc(p, n);
}

static void counting_free(void *p, const char *file, int line)
{
    (void)file;
    (void)line;
    free(p);
}

int main(void)
{
    CRYPTO_set_mem_functions(counting_malloc, counting_realloc, counting_free);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_versions_carry_bytes_both_ways),
        cmocka_unit_test(who_does_not_speak_tls_is_said_to),
        cmocka_unit_test(a_name_is_told_to_the_server_and_an_address_is_not),
        cmocka_unit_test(a_closed_session_is_no_end_of_rows),
        cmocka_unit_test(a_cut_at_every_byte_is_a_cut),
        cmocka_unit_test(a_byte_changed_on_the_way_never_gets_through),
        cmocka_unit_test(a_second_handshake_is_declined),
        cmocka_unit_test(a_full_socket_ends_the_session),
        cmocka_unit_test(a_request_allocates_only_what_openssl_does),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
