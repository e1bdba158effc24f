/* cql/client.h: requests to a Cassandra cluster, each answered exactly once.
 *
 * Owns     what is known of the cluster and its keyspaces, a connection to each node that is asked
 *          and its reopening, the agreed protocol version, prepared statements, which node takes a
 *          request, how many requests are in flight at each, retries with back-off, time-outs.
 * Knows    nothing of tables, rows or what a statement is for. Every request may be sent more than
 *          once: callers send only what is idempotent, or understand the answer of a conditional
 *          statement that was applied before.
 * Threads  one. Nothing is sent or told outside cql_client_run.
 *
 * Only nodes of the local data center are asked. A request with a token goes to the replica of it
 * that has the least to do, or to another node when none of them can take it.
 */
#ifndef CQL_CLIENT_H
#define CQL_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/fault.h"
#include "base/pace.h"
#include "cql/address.h"
#include "cql/statement.h"
#include "cql/topology.h"
#include "cql/wire/error.h"
#include "cql/wire/opcode.h"
#include "cql/wire/reply.h"
#include "net/loop.h"

struct cql_client;
struct node;

struct cql_client_options {
    const struct cql_address *addresses;
    int address_count;
    const char *local_dc; /* NULL, "": the data center of the contact point that answers first */
    const char *user;     /* NULL: no login */
    const char *password;
    struct tls_context *tls; /* outlives the client; NULL: no encryption */
    bool lz4;
    int version;     /* 0: the newest that both know */
    int in_flight;   /* at one node, at most, 1 … CQL_IN_FLIGHT_MAX; 0: found by its answers */
    int timeout_ms;  /* of one request, on our clock */
    int max_retries; /* of one request */
    int patience_ms; /* how long the run goes on while no node can be reached */
    enum cql_consistency consistency;
    enum cql_consistency serial_consistency;
    struct pace *pace; /* NULL: none; a page's rows are spent by who reads it */
};

enum { CQL_IN_FLIGHT_MAX = 2048, CQL_PATIENCE_MS = 120000 };

enum cql_outcome {
    CQL_ANSWERED,     /* |result| */
    CQL_SPLIT,        /* of a scan's page: too slow, too large or wrong, |fault|; ask for less */
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
    int rows;      /* FOR_ROW: how many it reads or writes; 0: one */
    bool is_local; /* of a node's own tables: consistency ONE */
    /* Where the rows are: NULL: anywhere. Lives until |done|. */
    const char *keyspace;
    int64_t token;                       /* of the partition, or a range's last one */
    void (*done)(struct cql_request *r); /* may send |r| or others again */
    void *context;

    /* Filled before |done|; |result| lives until it returns. */
    enum cql_outcome outcome;
    struct cql_result *result;
    struct fault fault;
    uint32_t took_us; /* ANSWERED: from the last sending to the answer; 0: it cannot be told */

    /* The client's own. */
    struct cql_request *next, *previous;
    enum cql_request_list list;
    struct node *node; /* SENT: to whom; DELAYED: by whom it was answered, if anybody */
    uint64_t tried;    /* nodes that are not asked again while there are others, one bit each */
    bool preparing;    /* what was sent is the PREPARE of its statement */
    bool is_probe;
    int owed; /* to the pace, while it is sent: rows that a page may bring */
    int stream;
    int tries;        /* answers or time-outs that called for a retry */
    int losses;       /* connections lost under it */
    int lies;         /* those that were lost by a wrong answer to it */
    uint64_t lost_ms; /* the first of them */
    int repreparations;
    uint32_t generation;      /* of its statement at the node, when it was sent */
    uint64_t due_ms;          /* SENT: when it is given up; DELAYED: when it is sent again */
    uint64_t received_before; /* by the connection, when it was sent */
    uint64_t sent_us;
    uint32_t sent_in; /* which run of the client; an answer in another one cannot be timed */
};

/* Connects: each address in turn, once, the newest protocol version first; and asks for the nodes
 * and keyspaces. FAULT_UNREACHABLE, FAULT_DENIED, FAULT_UNSUPPORTED, FAULT_INTERRUPTED; FAULT_USAGE:
 * there is no such data center. */
struct cql_client *cql_client_open(struct loop *loop, const struct cql_client_options *o,
                                   struct fault *f);
void cql_client_free(struct cql_client *c);

/* The statement with this text; prepared when it is first sent. Lives as long as the client. NULL:
 * FAULT_MEMORY. */
struct cql_statement *cql_client_statement(struct cql_client *c, struct bytes text,
                                           struct fault *f);

/* Queues |r|; |done| is called from cql_client_run. False: interrupted, or no node could be reached
 * for so long that the run is lost. */
bool cql_client_send(struct cql_client *c, struct cql_request *r, struct fault *f);
/* The same, after a back-off of the |n|th try. */
bool cql_client_send_later(struct cql_client *c, struct cql_request *r, int n, struct fault *f);

/* Sends |r| at once, past the queue, the pace and the number in flight, to learn how long its answer
 * takes. It is not tried again. False: it cannot be sent now. */
bool cql_client_probe(struct cql_client *c, struct cql_request *r);

/* Sends, and tells answers, until *finished. */
void cql_client_run(struct cql_client *c, const bool *finished);
/* Another one each time that it begins to; 0: it does not now, and what was sent has to wait. */
uint32_t cql_client_run_number(const struct cql_client *c);

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

/* Requests that are not answered yet, and how many there may be. */
int cql_client_in_flight(const struct cql_client *c, int *most);
/* From now on; 0: found by their answers. */
void cql_client_set_in_flight(struct cql_client *c, int most);

int cql_client_version(const struct cql_client *c);
bool cql_client_compresses(const struct cql_client *c);
/* "10.0.0.5:9042": the node that tells what happens in the cluster. */
const char *cql_client_peer(const struct cql_client *c);

/* The cluster as it was last read; changes with events, while the client runs. */
const struct cql_topology *cql_client_topology(const struct cql_client *c);
const char *cql_client_local_dc(const struct cql_client *c);
/* Does a token make a difference: is there more than one node to choose from? */
bool cql_client_has_choice(const struct cql_client *c);
/* The first replica of a token, as a number; -1: not known. Rows with one home may share a request. */
int cql_client_home(struct cql_client *c, const char *keyspace, int64_t token);

enum cql_node_state { CQL_NODE_UP, CQL_NODE_DOWN, CQL_NODE_NOT_ASKED };

struct cql_node_view {
    char address[CQL_HOST_MAX + 8]; /* "10.0.0.5:9042" */
    const char *data_center, *rack;
    bool is_local; /* of the local data center */
    bool is_contact;
    enum cql_node_state state;
    const char *why; /* DOWN: what happened to the last connection */
};

/* Tries to connect to every node of the local data center, once. */
void cql_client_reach(struct cql_client *c);
/* The |i|th node of the topology, as it is now. */
struct cql_node_view cql_client_node(const struct cql_client *c, int i);

#endif
