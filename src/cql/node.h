/* cql/node.h: one node of the cluster, as the client uses it.
 *
 * Owns     its connection and the reopening of it, what was sent to it and not answered, which
 * statements it has prepared, how many requests it takes at once.
 * Knows    nothing of what else there is in the cluster: it tells its client what happened
 * (client_private.h).
 */
#ifndef CQL_NODE_H
#define CQL_NODE_H

#include "cql/client.h"
#include "cql/conn.h"
#include "cql/in_flight.h"
#include "cql/retry_budget.h"
#include "cql/topology.h"

enum node_link {
    NODE_IDLE, /* nobody wanted a connection yet */
    NODE_OPENING,
    NODE_READY,
    NODE_RESTING, /* the next try is at |due_ms| */
    NODE_GONE,    /* it left the cluster, or the run is lost */
};

struct request_list {
    struct cql_request *first, *last;
    int count;
};

struct node_statement {
    bool is_ready, is_preparing;
    uint32_t generation;   /* counts preparations */
    uint64_t preparing_ms; /* since when */
    struct answer_best best;
};

struct node {
    struct cql_client *client;
    int number;       /* among the client's */
    bool is_member;   /* |member| tells who it is; else a contact point that has not said */
    bool is_usable;   /* of the local data center: requests are sent to it */
    bool is_reaching; /* cql_client_reach waits for it */
    struct cql_member member;
    struct cql_address contact; /* what the operator calls it; no host: nothing */
    struct cql_address address; /* of the connection */

    enum node_link link;
    struct cql_conn *conn;
    struct cql_conn_options conn_options;
    int tries; /* since it was last ready for a while */
    uint64_t due_ms, opening_since_ms, ready_since_ms;
    struct fault fault;  /* why the last connection ended */
    const void *culprit; /* the request whose answer ended it; NULL: none */

    struct request_list sent;   /* in the order of sending */
    int probe_count;            /* of |sent|; they do not count for |limit| */
    int delayed_count;          /* answered by it with "later" */
    struct in_flight in_flight; /* how many of both there may be */
    struct retry_budget retries;
    int server_errors; /* in a row */
    struct node_statement *statements;
    int statement_count;

    uint64_t received_bytes, quiet_since_ms; /* nothing has come since */
    bool is_asked;                           /* whether it is there: an OPTIONS is under way */
    uint64_t request_count, replica_count;   /* sent to it; as a replica of their token */
};

enum { NODE_STEADY_MS = 10000, NODE_QUIET_MS = 30000 };

struct node *node_new(struct cql_client *c);
void node_free(struct node *n);

/* Opens a connection, unless there is one. After a connection was lost, one node at a time logs in,
 * until a login is accepted. */
void node_connect(struct node *n);
/* Gives the connection up; its requests are queued again. */
void node_drop(struct node *n, const struct fault *f);
/* It is no part of the cluster any more, or of the run. */
void node_leave(struct node *n);
/* It said that it is up: the next try need not wait. */
void node_knock(struct node *n);
/* Asks whether it is there: an OPTIONS, which must be answered within a request's time. */
void node_ask(struct node *n);
/* Reopens, asks when it is quiet, drops it when it is silent. */
void node_tick(struct node *n);

/* What it knows of a statement; NULL: no memory. */
struct node_statement *node_statement(struct node *n, const struct cql_statement *s);

/* What counts for its limit. */
int node_busy(const struct node *n);

/* "10.0.0.5:9042", as it is or would be reached. */
const char *node_name(const struct node *n, char text[CQL_HOST_MAX + 8]);

#endif
