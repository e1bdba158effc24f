/* cql/conn.h: one connection to one Cassandra node: opening, login, streams, bytes both ways.
 *
 * Owns     the socket, the agreed dialect, which stream carries whose request. Stream 0 carries the
 * opening only: there a server says what it has to say about bytes in which it found no request.
 * Knows    nothing of statements, retries, other nodes or what a request is for.
 *
 * A connection tries exactly one protocol version. When the server wants another one it ends with
 * CQL_END_VERSION, and its owner opens a new connection.
 */
#ifndef CQL_CONN_H
#define CQL_CONN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/fault.h"
#include "cql/wire/opcode.h"
#include "cql/wire/reply.h"
#include "net/loop.h"

enum { CQL_CONN_STREAMS = 4096, CQL_OPEN_TIMEOUT_MS = 5000 };

struct cql_conn;

enum cql_conn_end {
    CQL_END_LOST,    /* unreachable, broken, silent: may work later, or elsewhere */
    CQL_END_VERSION, /* it does not speak this version: try |lower| */
    CQL_END_REFUSED, /* login refused, not Cassandra: trying again does not help */
};

struct cql_conn_events {
    void (*ready)(void *context);
    /* A reply to the request that |owner| took a stream for; the stream is free again. Its bytes
     * live until this returns. */
    void (*answered)(void *context, void *owner, const struct cql_reply *reply);
    /* What the server tells without being asked, after REGISTER; its bytes live until this returns.
     */
    void (*happened)(void *context, const struct cql_event *e);
    /* All replies that had arrived have been told: a good moment to send more. */
    void (*drained)(void *context);
    /* Once, and nothing after it. Free the connection; the owners of its streams get no answer. */
    void (*closed)(void *context, enum cql_conn_end end, int lower, const struct fault *f);
};

struct cql_conn_options {
    const char *host;
    int port;
    int version;
    bool lz4;         /* where the server offers it */
    const char *user; /* NULL: no login */
    const char *password;
    size_t body_max;
    struct tls_context *tls; /* NULL: no encryption */
};

/* Begins to open; |o| and what it points to must live as long as the connection. NULL with |f| set.
 */
struct cql_conn *cql_conn_open(struct loop *loop, const struct cql_conn_options *o,
                               const struct cql_conn_events *events, void *context,
                               struct fault *f);
/* Closes; no more events. May be called from an event. */
void cql_conn_free(struct cql_conn *c);

struct cql_dialect cql_conn_dialect(const struct cql_conn *c);
/* "10.0.0.5:9042" */
const char *cql_conn_peer(const struct cql_conn *c);
bool cql_conn_is_ready(const struct cql_conn *c);

/* After it closed: whose answer was so wrong that it had to; NULL: nobody's. */
void *cql_conn_culprit(const struct cql_conn *c);

/* The count of bytes received so far: a connection where it stands still is silent. */
uint64_t cql_conn_received_bytes(const struct cql_conn *c);

/* A free stream, now |owner|'s; -1: none is free. */
int cql_conn_stream_take(struct cql_conn *c, void *owner);
/* Gives a stream back whose request was never written. */
void cql_conn_stream_return(struct cql_conn *c, int stream);
/* Nobody waits for this answer any more; the stream stays taken until it comes. */
void cql_conn_stream_abandon(struct cql_conn *c, int stream);

/* Where to append envelopes (cql/wire/message.h), and cql_conn_flush to send what was appended.
 * False with |f|: the output is full or the connection is closed. */
struct buf *cql_conn_output(struct cql_conn *c);
bool cql_conn_flush(struct cql_conn *c, struct fault *f);
/* So much waits to be sent, or to be answered, that more must wait. */
bool cql_conn_is_congested(const struct cql_conn *c);

/* While held back, nothing is told but the opening and the closing: what arrives is kept. */
void cql_conn_hold(struct cql_conn *c);
void cql_conn_resume(struct cql_conn *c);

#endif
