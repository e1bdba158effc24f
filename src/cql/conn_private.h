/* cql/conn_private.h: a connection's inside, shared by its files: conn.c (bytes both ways, streams,
 * the end) and conn_opening.c (who is there, version, login).
 */
#ifndef CQL_CONN_PRIVATE_H
#define CQL_CONN_PRIVATE_H

#include "cql/conn.h"
#include "cql/wire/input.h"
#include "net/stream.h"

enum conn_state {
    CONN_CONNECTING,
    CONN_OPTIONS, /* asked what it supports */
    CONN_STARTUP, /* sent STARTUP */
    CONN_LOGIN,   /* sent user and password */
    CONN_READY,
    CONN_KNOCKING, /* it was silent for too long: is it an HTTP server, which waits for a line? */
    CONN_CLOSED,
};

struct cql_conn {
    const struct cql_conn_options *o;
    struct cql_conn_events events;
    void *context;
    enum conn_state state;
    struct stream *stream;
    struct timer *patience; /* runs until ready */
    struct cql_dialect dialect;
    struct cql_input input;
    struct buf output;   /* whole envelopes */
    struct buf segments; /* v5: the same, wrapped */
    bool wraps;          /* v5, after READY or AUTHENTICATE */
    bool held;
    bool draining;
    bool doomed; /* freed while draining */
    uint64_t received_bytes;
    void *owners[CQL_CONN_STREAMS];
    void *culprit;
    int16_t free_streams[CQL_CONN_STREAMS];
    int free_count;
};

/* conn.c */
/* Closes it and tells its owner, once. */
void conn_end(struct cql_conn *c, enum cql_conn_end why, int lower, const struct fault *f);
/* The same; like the socket's own faults, |f| names the node then. */
void conn_end_about(struct cql_conn *c, enum cql_conn_end why, struct fault *f);

/* conn_opening.c: until it is ready. Each may end it. */
/* The socket is open: asks what the server supports. */
void conn_opening_begin(struct cql_conn *c);
/* The first byte that ever comes tells who is there; false: nobody of use, it has ended. */
bool conn_opening_knows(struct cql_conn *c, uint8_t first);
/* One step, with the answer to the last. */
void conn_opening_take(struct cql_conn *c, const struct cql_envelope *e, const struct cql_reply *r);
/* The time is over: knocks where nothing was ever heard, once; else ends it. */
void conn_opening_late(struct cql_conn *c);
/* Ends it: it said nothing, or too little. */
void conn_opening_silent(struct cql_conn *c);

#endif
