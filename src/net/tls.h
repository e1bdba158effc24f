/* net/tls.h: TLS 1.2 and 1.3 of a client, pure: bytes in, bytes out, no socket and no clock but the
 * one that certificates are checked by.
 *
 * Owns     what both sides agreed on, whether the server is who it should be, and the words for
 *          each way in which that fails.
 * Knows    nothing of sockets (net/stream.h carries the bytes) nor of what is said through it.
 *
 * One context per client holds the files; one session per connection:
 *
 *   tls_start(t, f);                       the greeting goes out through |send|
 *   tls_feed(t, p, n);                     whatever came from the socket, however it was cut
 *   while ((e = tls_next(t, &plain, f)) > TLS_WAITS)
 *       …;
 *
 * Secrets  a private key is in memory and nowhere else; no fault says anything of it.
 */
#ifndef NET_TLS_H
#define NET_TLS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"
#include "base/fault.h"

struct tls_options {
    const char *ca_file;          /* PEM, one or several; NULL or "": those of the system */
    const char *certificate_file; /* PEM, ours and those between it and its CA; NULL or "": none */
    const char *key_file;         /* PEM; NULL or "": it is in the certificate's file */
    bool verify; /* chain, dates and host; false: whoever answers is taken for the server */
    const char
        *prefix; /* of the names of the options in hints, "cassandra"; outlives the context */
};

struct tls_context;

/* Reads the files. NULL: FAULT_USAGE (a file that is missing, unreadable or not PEM, a key that is
 * encrypted or not the certificate's; the file is the subject), FAULT_MEMORY. */
struct tls_context *tls_context_new(const struct tls_options *o, struct fault *f);
/* After all its sessions. */
void tls_context_free(struct tls_context *c);
/* What the newest session agreed on, "TLS 1.3 TLS_AES_256_GCM_SHA384"; "" before the first. */
const char *tls_context_agreed(const struct tls_context *c);

struct tls;

/* Hands bytes to the socket; they are borrowed. False: it takes no more. */
typedef bool tls_send(void *context, const void *p, size_t n);

/* |host|  name or address as the operator gave it: the certificate must be for it */
struct tls *tls_new(struct tls_context *c, const char *host, tls_send *send, void *context,
                    struct fault *f);
void tls_free(struct tls *t);

/* Sends the greeting. */
bool tls_start(struct tls *t, struct fault *f);

enum tls_event {
    TLS_FAILED = -1, /* over; each later call says so again */
    TLS_WAITS = 0,   /* all that was fed is used up */
    TLS_OPENED = 1,  /* once: from now on tls_write may be called */
    TLS_RECEIVED = 2 /* |plain|, not empty; lives until the next call on |t| */
};

/* |p| lives until tls_next has returned TLS_WAITS or TLS_FAILED, or |t| is freed. */
void tls_feed(struct tls *t, const void *p, size_t n);

/* What came of the bytes that were fed. What a server sent before it failed is told first. |f|:
 *   FAULT_UNREACHABLE  it closed the session, or had an error of its own: may work later
 *   FAULT_REFUSED      we do not trust it: certificate, its dates, its CA, its name
 *   FAULT_DENIED       it does not trust us: it wants a certificate, or another one
 *   FAULT_UNSUPPORTED  no TLS at all, or no version or cipher that both know
 *   FAULT_PROTOCOL     bytes that were damaged or forged on the way
 *   FAULT_MEMORY */
enum tls_event tls_next(struct tls *t, struct bytes *plain, struct fault *f);

/* Encrypts and sends all of it. False: the session is over, or |send| took no more: |f|. */
bool tls_write(struct tls *t, const void *p, size_t n, struct fault *f);

/* The connection ended with |f| without TLS's own closing words: adds what that means here. Never
 * an orderly end: whoever cuts a connection can do this. */
void tls_cut(struct tls *t, struct fault *f);

#endif
