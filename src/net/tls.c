#include "net/tls.h"

#include <arpa/inet.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "net/tls_private.h"

/* The memory BIO of a session, one for both directions. OpenSSL's own would copy all bytes once
 * more, and has no maximum: this one reads what was fed where it lies, and writes straight to the
 * socket's buffer. */
static int bio_read(BIO *b, char *out, int room)
{
    struct tls *t = BIO_get_data(b);
    BIO_clear_retry_flags(b);
    if (t->fed_bytes == 0) {
        BIO_set_retry_read(b);
        return -1;
    }
    size_t n = t->fed_bytes < (size_t)room ? t->fed_bytes : (size_t)room;
    memcpy(out, t->fed, n);
    t->fed += n;
    t->fed_bytes -= n;
    return (int)n;
}

static int bio_write(BIO *b, const char *p, int n)
{
    struct tls *t = BIO_get_data(b);
    BIO_clear_retry_flags(b);
    if (n > 0 && t->send(t->send_context, p, (size_t)n))
        return n;
    t->sent_none = true;
    return -1;
}

static long bio_control(BIO *b, int command, long number, void *p)
{
    (void)b;
    (void)number;
    (void)p;
    return command == BIO_CTRL_FLUSH; /* the handshake asks for it; everything else we cannot do */
}

BIO_METHOD *tls_bio_new(void)
{
    BIO_METHOD *m = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "fed bytes");
    if (m && BIO_meth_set_read(m, bio_read) && BIO_meth_set_write(m, bio_write) &&
        BIO_meth_set_ctrl(m, bio_control))
        return m;
    BIO_meth_free(m);
    return NULL;
}

/* Only called when the server asks for our certificate. */
static int on_certificate_wanted(SSL *ssl, void *context)
{
    (void)context;
    struct tls *t = SSL_get_app_data(ssl);
    t->wants_certificate = true;
    return 1;
}

/* As a certificate names hosts: without the zone of an IPv6 address and without the dot at the end
 * of a name. */
static bool set_host(struct tls *t, const char *host)
{
    uint8_t address[16];
    snprintf(t->host, sizeof t->host, "%s", host);
    char *zone = strchr(t->host, '%');
    if (zone && strchr(t->host, ':'))
        *zone = '\0';
    size_t n = strlen(t->host);
    if (n > 1 && t->host[n - 1] == '.')
        t->host[n - 1] = '\0';
    X509_VERIFY_PARAM *check = SSL_get0_param(t->ssl);
    X509_VERIFY_PARAM_set_hostflags(check, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (inet_pton(AF_INET, t->host, address) == 1 || inet_pton(AF_INET6, t->host, address) == 1)
        return X509_VERIFY_PARAM_set1_ip_asc(check, t->host) == 1;
    return X509_VERIFY_PARAM_set1_host(check, t->host, 0) == 1 &&
           SSL_set_tlsext_host_name(t->ssl, t->host) == 1;
}

struct tls *tls_new(struct tls_context *c, const char *host, tls_send *send, void *context,
                    struct fault *f)
{
    if (!host[0] || strlen(host) >= TLS_HOST_MAX) {
        fault_set(f, FAULT_USAGE, "not a host: \"%.200s\"", host);
        return NULL;
    }
    struct tls *t = calloc(1, sizeof *t);
    if (!t)
        return fault_memory(f), NULL;
    ERR_clear_error();
    t->context = c;
    t->send = send;
    t->send_context = context;
    t->ssl = SSL_new(c->ssl);
    BIO *bio = t->ssl ? BIO_new(c->bio) : NULL;
    if (!bio || !set_host(t, host)) {
        BIO_free(bio);
        tls_free(t);
        return fault_memory(f), NULL;
    }
    BIO_set_data(bio, t);
    BIO_set_init(bio, 1);
    SSL_set_bio(t->ssl, bio, bio);
    SSL_set_app_data(t->ssl, t);
    SSL_set_cert_cb(t->ssl, on_certificate_wanted, NULL);
    SSL_set_connect_state(t->ssl);
    return t;
}

void tls_free(struct tls *t)
{
    if (!t)
        return;
    SSL_free(t->ssl);
    OPENSSL_cleanse(t->plain, sizeof t->plain);
    free(t);
}

static enum tls_event fail(struct tls *t)
{
    t->has_failed = true;
    return TLS_FAILED;
}

/* After a call that did not succeed: is more wanted, or is it over? */
static enum tls_event look_at_error(struct tls *t, int result)
{
    struct fault *f = &t->fault;
    switch (SSL_get_error(t->ssl, result)) {
    case SSL_ERROR_WANT_READ: return TLS_WAITS;
    case SSL_ERROR_ZERO_RETURN:
        fault_set(f, FAULT_UNREACHABLE, "the server closed the connection");
        return fail(t);
    default: break;
    }
    if (t->sent_none)
        fault_set(f, FAULT_UNREACHABLE, "the connection takes no more requests");
    else
        tls_describe(t, f);
    return fail(t);
}

static enum tls_event shake_hands(struct tls *t)
{
    int result = SSL_do_handshake(t->ssl);
    if (result != 1)
        return look_at_error(t, result);
    t->is_open = true;
    const char *version = SSL_get_version(t->ssl); /* "TLSv1.3" */
    snprintf(t->context->agreed, sizeof t->context->agreed, "TLS %s %s",
             strncmp(version, "TLSv", 4) == 0 ? version + 4 : version, SSL_get_cipher_name(t->ssl));
    return TLS_OPENED;
}

static enum tls_event receive(struct tls *t, struct bytes *plain)
{
    size_t n = 0;
    int result = 1;
    while (n < sizeof t->plain && result > 0) {
        result = SSL_read(t->ssl, t->plain + n, (int)(sizeof t->plain - n));
        n += result > 0 ? (size_t)result : 0;
    }
    /* OpenSSL tells an error once: it is kept for the next call. */
    enum tls_event e = result > 0 ? TLS_RECEIVED : look_at_error(t, result);
    if (n == 0)
        return e;
    t->has_told = true;
    *plain = (struct bytes){t->plain, n};
    return TLS_RECEIVED;
}

bool tls_start(struct tls *t, struct fault *f)
{
    ERR_clear_error();
    if (shake_hands(t) != TLS_FAILED)
        return true;
    *f = t->fault;
    return false;
}

void tls_feed(struct tls *t, const void *p, size_t n)
{
    t->fed = p;
    t->fed_bytes = n;
}

/* A record of a handshake, or of an alert. */
static bool may_be_tls(uint8_t first)
{
    return first == 0x16 || first == 0x15;
}

enum tls_event tls_next(struct tls *t, struct bytes *plain, struct fault *f)
{
    enum tls_event e = TLS_FAILED;
    *plain = (struct bytes){0};
    ERR_clear_error();
    if (!t->has_failed && !t->has_received && t->fed_bytes > 0) {
        t->has_received = true;
        if (!may_be_tls(t->fed[0])) {
            tls_describe_stranger(t, &t->fault);
            fail(t);
        }
    }
    if (!t->has_failed)
        e = t->is_open ? receive(t, plain) : shake_hands(t);
    ERR_clear_error();
    if (e == TLS_FAILED)
        *f = t->fault;
    return e;
}

bool tls_write(struct tls *t, const void *p, size_t n, struct fault *f)
{
    const uint8_t *at = p;
    ERR_clear_error();
    while (n > 0 && !t->has_failed && t->is_open) {
        int part = n < INT_MAX ? (int)n : INT_MAX;
        int result = SSL_write(t->ssl, at, part);
        if (result <= 0) {
            look_at_error(t, result);
            if (!t->has_failed) { /* it wants to read first: that is renegotiation, which is off */
                fault_set(&t->fault, FAULT_PROTOCOL, "the server began a second TLS handshake");
                fail(t);
            }
            break;
        }
        at += result;
        n -= (size_t)result;
    }
    ERR_clear_error();
    if (n > 0 && t->has_failed)
        *f = t->fault;
    else if (n > 0)
        fault_set(f, FAULT_INTERNAL, "bytes were to be sent before the TLS handshake was done");
    return n == 0;
}
