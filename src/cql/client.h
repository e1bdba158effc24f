/* cql/client.h: requests to a Cassandra cluster, each answered exactly once.
 *
 * Owns     the connection and its reopening, the agreed protocol version, prepared statements, how
 * many requests are in flight, retries with back-off, time-outs. Knows    nothing of tables, rows
 * or what a statement is for. Every request may be sent more than once: callers send only what is
 * idempotent, or understand the answer of a conditional statement that was applied before. Threads
 * one. Nothing is sent or told outside cql_client_run.
 */
#ifndef CQL_CLIENT_H
#define CQL_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/fault.h"
#include "cql/address.h"
#include "cql/statement.h"
#include "cql/wire/error.h"
#include "cql/wire/opcode.h"
#include "cql/wire/reply.h"
#include "net/loop.h"

struct cql_client;

struct cql_client_options {
    const struct cql_address *addresses;
    int address_count;
    const char *user; /* NULL: no login */
    const char *password;
    struct tls_context *tls; /* outlives the client; NULL: no encryption */
    bool lz4;
    int version;     /* 0: the newest that both know */
    int in_flight;   /* at most, 1 … CQL_IN_FLIGHT_MAX */
    int timeout_ms;  /* of one request, on our clock */
    int max_retries; /* of one request */
    int patience_ms; /* how long a lost connection is looked for */
    enum cql_consistency consistency;
    enum cql_consistency serial_consistency;
};

enum { CQL_IN_FLIGHT_MAX = 2048, CQL_PATIENCE_MS = 120000 };

enum cql_outcome {
    CQL_ANSWERED,     /* |result| */
    CQL_SPLIT,        /* of a scan's page: too slow or too large, |fault|; ask for less */
    CQL_REQUEST_LOST, /* this request could not be done, after all retries: |fault| */
    CQL_RUN_LOST,     /* nor could any other: |fault| */
};

enum cql_request_list { CQL_NOWHERE, CQL_QUEUED, CQL_SENT, CQL_DELAYED };

/* The caller owns it, and what it points to, until |done|. A zeroed one with the first part set is
 * ready to send. */
struct cql_request {
    struct cql_statement *statement;
    const struct bytes *values;
    int value_count;
    int page_rows;             /* 0: all rows at once */
    struct bytes paging_state; /* null: the first page */
    enum cql_purpose purpose;
    bool is_local;                       /* of a node's own tables: consistency ONE */
    void (*done)(struct cql_request *r); /* may send |r| or others again */
    void *context;

    /* Filled before |done|; |result| lives until it returns. */
    enum cql_outcome outcome;
    struct cql_result *result;
    struct fault fault;

    /* The client's own. */
    struct cql_request *next, *previous;
    enum cql_request_list list;
    bool preparing; /* what was sent is the PREPARE of its statement */
    int stream;
    int tries;  /* answers or time-outs that called for a retry */
    int losses; /* connections lost under it */
    int repreparations;
    uint32_t generation;      /* of its statement, when it was sent */
    uint64_t due_ms;          /* SENT: when it is given up; DELAYED: when it is sent again */
    uint64_t received_before; /* by the connection, when it was sent */
};

/* Connects: each address in turn, once, the newest protocol version first. FAULT_UNREACHABLE,
 * FAULT_DENIED, FAULT_UNSUPPORTED, FAULT_INTERRUPTED. */
struct cql_client *cql_client_open(struct loop *loop, const struct cql_client_options *o,
                                   struct fault *f);
void cql_client_free(struct cql_client *c);

/* The statement with this text; prepared when it is first sent. Lives as long as the client. NULL:
 * FAULT_MEMORY. */
struct cql_statement *cql_client_statement(struct cql_client *c, struct bytes text,
                                           struct fault *f);

/* Queues |r|; |done| is called from cql_client_run. False: interrupted, or the connection is lost
 * for good. */
bool cql_client_send(struct cql_client *c, struct cql_request *r, struct fault *f);
/* The same, after a back-off of the |n|th try. */
bool cql_client_send_later(struct cql_client *c, struct cql_request *r, int n, struct fault *f);

/* Sends, and tells answers, until *finished. */
void cql_client_run(struct cql_client *c, const bool *finished);

/* Sends what may be sent and tells what has arrived, without waiting; nothing while only a few
 * wait, which are sent together later. */
void cql_client_push(struct cql_client *c);

/* Ends all requests that wait to be sent (again) with CQL_RUN_LOST and |f|; those that are sent get
 * their answers. */
void cql_client_cancel(struct cql_client *c, const struct fault *f);

/* Sends one request and waits for it: its outcome is CQL_ANSWERED, or false with |f|. |result| of
 * |r| is gone by then: take what is needed in |each|, which may be NULL. */
bool cql_client_ask(struct cql_client *c, struct cql_request *r,
                    bool (*each)(void *context, struct cql_result *result, struct fault *f),
                    void *context, struct fault *f);

/* The fault that ended the run, or NULL. */
const struct fault *cql_client_lost(const struct cql_client *c);

int cql_client_version(const struct cql_client *c);
bool cql_client_compresses(const struct cql_client *c);
/* "10.0.0.5:9042" */
const char *cql_client_peer(const struct cql_client *c);

#endif
