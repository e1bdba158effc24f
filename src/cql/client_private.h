/* cql/client_private.h: the client's inside, shared by its files: client.c (calls, time),
 * client_link.c (the connection) and client_request.c (sending and answers).
 */
#ifndef CQL_CLIENT_PRIVATE_H
#define CQL_CLIENT_PRIVATE_H

#include "cql/client.h"
#include "cql/conn.h"

enum client_link {
    LINK_OPENING, /* |conn| is not ready yet */
    LINK_READY,
    LINK_RESTING, /* no connection; the next try is at |link_due_ms| */
    LINK_LOST,    /* for good: |lost| */
};

struct request_list {
    struct cql_request *first, *last;
    int count;
};

struct cql_client {
    struct loop *loop;
    struct cql_client_options o;
    struct cql_address addresses[CQL_CONTACT_POINTS_MAX];
    char *user, *password;

    enum client_link link;
    struct cql_conn *conn;
    struct cql_conn_options conn_options;
    int address;      /* the one in use, or to be tried */
    int tries;        /* of addresses, since the link was last ready */
    int version;      /* agreed, for the whole run; 0: not yet */
    bool was_ready;   /* once: from then on a lost connection is looked for */
    bool is_finished; /* the first opening: ready or lost */
    uint64_t link_due_ms;
    uint64_t lost_at_ms;
    struct fault lost;

    struct cql_statements statements;
    struct request_list queued, sent, delayed; /* |sent| in the order of sending */
    int limit; /* of sent and delayed; moves between IN_FLIGHT_LEAST and the option */
    int answered_since_growth;
    int server_errors; /* in a row */

    struct timer *timer;
    int running;
    uint64_t clock_ms; /* runs only while answers can be told, so that a caller's long work times
                          nothing out */
    uint64_t seen_ms;  /* the loop's time when |clock_ms| was last moved */
};

enum {
    CLIENT_TICK_MS = 25,
    CLIENT_STALL_MS = 250,
    IN_FLIGHT_LEAST = 4,
    LOSSES_MAX = 20,
    SERVER_ERRORS_MAX = 3,
    PUSH_LEAST = 16
};

void list_append(struct request_list *l, struct cql_request *r);
void list_prepend(struct request_list *l, struct cql_request *r);
void list_remove(struct request_list *l, struct cql_request *r);

/* client_link.c */
const struct cql_conn_events *cql_client_conn_events(void);
void client_connect(struct cql_client *c);
/* Gives the connection up; its requests are queued again. */
void client_drop_link(struct cql_client *c, const struct fault *f);
/* Nothing can be done any more. */
void client_lose(struct cql_client *c, const struct fault *f);

/* client_request.c */
void client_pump(struct cql_client *c);
void client_answer(void *context, void *owner, const struct cql_reply *reply);
void client_finish(struct cql_request *r, enum cql_outcome outcome, const struct fault *f);
void client_requeue_sent(struct cql_client *c, const struct fault *f);
void client_time_out(struct cql_client *c);
/* Ends all that wait, with |f|; what is sent stays. */
void client_fail_waiting(struct cql_client *c, const struct fault *f);
/* True: interrupted; then nothing waits any more. */
bool client_stopped(struct cql_client *c);

#endif
