/* net/tls_private.h: what the files of TLS share: tls_context.c (the files), tls.c (a session),
 * tls_fault.c (the words for what went wrong).
 */
#ifndef NET_TLS_PRIVATE_H
#define NET_TLS_PRIVATE_H

#include <openssl/ssl.h>

#include "net/tls.h"

enum { TLS_PLAIN_BYTES = 64 * 1024, TLS_HOST_MAX = 256, TLS_NAMES_MAX = 200, TLS_AGREED_MAX = 80 };

struct tls_context {
    SSL_CTX *ssl;
    BIO_METHOD *bio; /* see tls.c */
    const char *prefix;
    bool verifies;
    bool has_certificate; /* our own */
    char agreed[TLS_AGREED_MAX];
};

struct tls {
    struct tls_context *context;
    SSL *ssl;
    tls_send *send;
    void *send_context;
    const uint8_t *fed; /* not yet used up */
    size_t fed_bytes;
    bool is_open;
    bool has_received;      /* anything at all: the first byte tells whether it is TLS */
    bool has_told;          /* something that the server said after the handshake */
    bool wants_certificate; /* the server asked for ours */
    bool sent_none;         /* |send| took no more */
    bool has_failed;        /* |fault| is final */
    struct fault fault;
    struct fault distrust; /* why the server's certificate was refused; set by the check itself */
    char host[TLS_HOST_MAX];
    uint8_t plain[TLS_PLAIN_BYTES];
};

/* tls.c */
BIO_METHOD *tls_bio_new(void);

/* tls_fault.c: OpenSSL's callback for each certificate of the server's chain. */
int tls_on_verify(int ok, X509_STORE_CTX *store);
/* Of the error that OpenSSL has in its queue. */
void tls_describe(const struct tls *t, struct fault *f);
/* Of the first bytes of a server that does not speak TLS. */
void tls_describe_stranger(const struct tls *t, struct fault *f);

#endif
