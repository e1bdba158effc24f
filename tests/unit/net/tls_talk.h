/* tls_talk.h: a client of net/tls.h and a server of OpenSSL, who talk over memory. */
#ifndef TESTS_TLS_TALK_H
#define TESTS_TLS_TALK_H

#include <openssl/err.h>

#include "base/buf.h"
#include "net/tls.h"
#include "tls_pki.h"

/* A server over memory that sends back what it gets. */
struct server {
    SSL_CTX *context;
    SSL *ssl;
    BIO *in, *out;
};

struct server_wish {
    const struct pair *pair, *more; /* its certificate, and one between it and its CA */
    const struct pair *client_ca;   /* it wants a certificate of this CA */
    int version;                    /* the only one; 0: 1.2 and 1.3 */
    const char *suites;             /* of 1.3 */
};

/* Both sides, and what the client saw. */
struct talk {
    struct server server;
    struct tls_context *context;
    struct tls *tls;
    struct buf to_server, to_client, got;
    size_t cut;    /* the client is fed so many bytes at once */
    size_t room;   /* the client may send so many bytes */
    size_t damage; /* this byte from the server is changed, from 1; 0: none */
    size_t stop;   /* only so many bytes of the server arrive; 0: all */
    size_t arrived;
    int opened;
    bool failed;
    struct fault f;
};

static struct pki pki;
static struct pair ca, other_ca, good, client;
static const char *ca_file;

static inline int setup(void **state)
{
    (void)state;
    pki_init(&pki);
    ca = pki_make(&pki, &(struct wish){.name = "the CA", .is_ca = true});
    other_ca = pki_make(&pki, &(struct wish){.name = "another CA", .is_ca = true});
    good = pki_make(&pki, &(struct wish){.name = "node",
                                         .alternatives = "DNS:db.example,DNS:*.ring.example,"
                                                         "IP:127.0.0.1,IP:::1",
                                         .by = &ca});
    client = pki_make(&pki, &(struct wish){.name = "tenantmove", .by = &ca});
    ca_file = pki_write(&pki, &ca, NULL, false);
    return 0;
}

static inline int teardown(void **state)
{
    (void)state;
    pair_free(&ca);
    pair_free(&other_ca);
    pair_free(&good);
    pair_free(&client);
    pki_fini(&pki);
    return 0;
}

static inline void server_open(struct server *s, const struct server_wish *w)
{
    s->context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate(s->context, w->pair->certificate);
    SSL_CTX_use_PrivateKey(s->context, w->pair->key);
    if (w->more) {
        X509_up_ref(w->more->certificate);
        SSL_CTX_add_extra_chain_cert(s->context, w->more->certificate);
    }
    if (w->version && w->version < TLS1_2_VERSION)
        SSL_CTX_set_security_level(s->context, 0);
    SSL_CTX_set_min_proto_version(s->context, w->version ? w->version : TLS1_2_VERSION);
    SSL_CTX_set_max_proto_version(s->context, w->version ? w->version : TLS1_3_VERSION);
    if (w->suites)
        assert_int_equal(SSL_CTX_set_ciphersuites(s->context, w->suites), 1);
    if (w->client_ca) {
        X509_STORE_add_cert(SSL_CTX_get_cert_store(s->context), w->client_ca->certificate);
        SSL_CTX_set_verify(s->context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    }
    s->ssl = SSL_new(s->context);
    s->in = BIO_new(BIO_s_mem());
    s->out = BIO_new(BIO_s_mem());
    SSL_set_bio(s->ssl, s->in, s->out);
    SSL_set_accept_state(s->ssl);
}

static inline bool to_server(void *context, const void *p, size_t n)
{
    struct talk *t = context;
    if (n > t->room)
        return false;
    t->room -= n;
    return buf_append(&t->to_server, p, n);
}

static const struct server_wish plain_server = {.pair = &good};

static inline void talk_open(struct talk *t, const struct server_wish *w,
                             const struct tls_options *o, const char *host)
{
    *t = (struct talk){.cut = SIZE_MAX, .room = SIZE_MAX};
    server_open(&t->server, w);
    buf_init(&t->to_server, 64 << 20);
    buf_init(&t->to_client, 64 << 20);
    buf_init(&t->got, 64 << 20);
    t->context = tls_context_new(o, &t->f);
    assert_non_null(t->context);
    t->tls = tls_new(t->context, host, to_server, t, &t->f);
    assert_non_null(t->tls);
}

static inline void talk_close(struct talk *t)
{
    tls_free(t->tls);
    tls_context_free(t->context);
    SSL_free(t->server.ssl);
    SSL_CTX_free(t->server.context);
    buf_fini(&t->to_server);
    buf_fini(&t->to_client);
    buf_fini(&t->got);
    ERR_clear_error();
}

static inline void server_step(struct talk *t)
{
    char bytes[16384];
    int n;
    if (t->to_server.n)
        BIO_write(t->server.in, t->to_server.p, (int)t->to_server.n);
    buf_clear(&t->to_server);
    while ((n = SSL_read(t->server.ssl, bytes, sizeof bytes)) > 0)
        SSL_write(t->server.ssl, bytes, n);
    while ((n = BIO_read(t->server.out, bytes, sizeof bytes)) > 0)
        buf_append(&t->to_client, bytes, (size_t)n);
    ERR_clear_error();
}

static inline void client_step(struct talk *t)
{
    size_t n = t->to_client.n;
    for (size_t at = 0; at < n && !t->failed;) {
        size_t part = n - at < t->cut ? n - at : t->cut;
        if (t->stop && t->arrived + part > t->stop)
            part = t->stop - t->arrived;
        if (part == 0)
            break;
        if (t->damage > t->arrived && t->damage <= t->arrived + part)
            t->to_client.p[at + (t->damage - t->arrived) - 1] ^= 0x20;
        uint8_t *copy = malloc(part); /* so that the sanitizer sees a read beyond what was fed */
        memcpy(copy, t->to_client.p + at, part);
        tls_feed(t->tls, copy, part);
        enum tls_event e;
        struct bytes plain;
        do {
            e = tls_next(t->tls, &plain, &t->f);
            t->opened += e == TLS_OPENED;
            t->failed |= e == TLS_FAILED;
            if (e == TLS_RECEIVED) {
                assert_int_equal(t->opened, 1); /* nothing before the server is trusted */
                buf_append(&t->got, plain.p, plain.n);
            }
        } while (e > TLS_WAITS);
        free(copy);
        at += part;
        t->arrived += part;
    }
    buf_clear(&t->to_client);
}

/* Until neither has anything to say. */
static inline void talk_on(struct talk *t)
{
    for (int i = 0; i < 1000 && !t->failed && t->to_server.n; i++) {
        server_step(t);
        client_step(t);
    }
}

static inline void talk_begin(struct talk *t)
{
    assert_true(tls_start(t->tls, &t->f));
    talk_on(t);
}

static inline struct tls_options trusting(void)
{
    return (struct tls_options){.ca_file = ca_file, .verify = true, .prefix = "cassandra"};
}

static inline void says(const struct talk *t, enum fault_code code, const char *text,
                        const char *hint)
{
    if (!t->failed || t->f.code != code || !strstr(t->f.text, text) || !strstr(t->f.hint, hint))
        fail_msg("%s: \"%s\" (%s) in place of %s: \"%s\" (%s)", fault_code_name(t->f.code),
                 t->f.text, t->f.hint, fault_code_name(code), text, hint);
    assert_int_equal(t->got.n, 0);
}

/* A handshake that must fail with these words, whole and cut into single bytes. */
static inline void refused(const struct server_wish *w, const struct tls_options *o,
                           const char *host, enum fault_code code, const char *text,
                           const char *hint)
{
    for (int fragments = 0; fragments < 2; fragments++) {
        struct talk t;
        talk_open(&t, w, o, host);
        t.cut = fragments ? 1 : SIZE_MAX;
        talk_begin(&t);
        says(&t, code, text, hint);
        struct bytes plain;
        struct fault again = {0};
        assert_int_equal(tls_next(t.tls, &plain, &again), TLS_FAILED);
        assert_string_equal(again.text, t.f.text);
        assert_false(tls_write(t.tls, "secret", 6, &again));
        talk_close(&t);
    }
}

/* A handshake that must do. */
static inline void accepted(const struct server_wish *w, const struct tls_options *o,
                            const char *host)
{
    struct talk t;
    talk_open(&t, w, o, host);
    talk_begin(&t);
    if (t.failed)
        fail_msg("%s: %s", t.f.text, t.f.hint);
    assert_int_equal(t.opened, 1);
    assert_true(tls_write(t.tls, "hello", 5, &t.f));
    talk_on(&t);
    assert_true(bytes_are(buf_view(&t.got), "hello"));
    talk_close(&t);
}

#endif
