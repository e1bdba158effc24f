/* cql/client_private.h: the client's inside, shared by its files: client.c (calls, time),
 * client_link.c (whether anybody can be reached), client_members.c (which nodes there are),
 * client_control.c (what the cluster looks like, and events), client_route.c (which node takes a
 * request), client_request.c (sending and answers), client_flow.c (the pace, probes) and node.c
 * (connections).
 */
#ifndef CQL_CLIENT_PRIVATE_H
#define CQL_CLIENT_PRIVATE_H

#include "cql/client.h"
#include "cql/node.h"
#include "cql/placement.h"

/* One node's connection is also the control connection: it tells what happens in the cluster, and
 * is asked what the cluster looks like, step by step. */
enum control_step {
    CONTROL_NONE,
    CONTROL_REGISTER, /* for events first, so that nothing is missed between them and the rows */
    CONTROL_LOCAL,
    CONTROL_PEERS_V2,
    CONTROL_PEERS,
    CONTROL_KEYSPACES,
    CONTROL_WATCHES, /* all is known; events come */
};

struct control {
    struct node *node; /* NULL: none can be had at the moment */
    enum control_step step;
    int stream;
    uint64_t due_ms;              /* of the answer */
    bool is_stale;                /* something happened since the rows were read, or began to be */
    uint64_t stale_due_ms;        /* when to read them again */
    int failures;                 /* in a row */
    struct cql_topology topology; /* being read */
};

struct cql_client {
    struct loop *loop;
    struct cql_client_options o;
    struct cql_address addresses[CQL_CONTACT_POINTS_MAX];
    char *user, *password, *wished_dc;
    char local_dc[CQL_NAME_MAX]; /* "": not known yet */

    struct node **nodes; /* all there ever were */
    int node_count, node_capacity;
    struct node **usable; /* those of the local data center */
    int usable_count;
    struct node **of_member; /* by the topology's number */
    struct node *contact;    /* a contact point that has not said yet who it is; or NULL */
    int next_address, address_tries;
    struct cql_topology topology;
    struct cql_placement placement;
    struct control control;

    int version;      /* agreed, for the whole run; 0: not yet */
    bool is_open;     /* the cluster was read once */
    bool is_finished; /* the opening: |is_open| or |is_lost| */
    bool is_lost;     /* for good: |lost| */
    bool is_reached;
    bool doubts_login; /* none was accepted since a connection was lost */
    bool is_alone;     /* no node of the local data center is ready */
    uint64_t alone_since_ms;
    struct fault lost;

    struct cql_statements statements;
    struct request_list queued, delayed;

    struct timer *timer;
    int running;
    uint32_t run_number;
    unsigned probe_number;
    uint64_t answered_ms; /* when a request was last answered, by whatever node */
    uint64_t clock_ms;    /* runs only while answers can be told, so that a caller's long work times
                          nothing out */
    uint64_t seen_ms;     /* the loop's time when |clock_ms| was last moved */
};

enum {
    CLIENT_TICK_MS = 25,
    CLIENT_STALL_MS = 250,
    LOSSES_MAX = 20,
    LIES_MAX = 2,
    SERVER_ERRORS_MAX = 3,
    PUSH_LEAST = 16
};

void list_append(struct request_list *l, struct cql_request *r);
void list_prepend(struct request_list *l, struct cql_request *r);
void list_remove(struct request_list *l, struct cql_request *r);

/* client.c */
void client_begin(struct cql_request *r, enum cql_request_list list);

/* client_link.c */
/* Nothing can be done any more. */
void client_lose(struct cql_client *c, const struct fault *f);
/* Is a node of the local data center ready? */
bool client_has_ready(const struct cql_client *c);
/* When none is, the patience begins to run. */
void client_note_alone(struct cql_client *c);
/* While none is: tries the contact points too, and loses the run in the end. */
void client_look_around(struct cql_client *c);
/* Has every node that cql_client_reach waits for been tried? */
void client_note_reached(struct cql_client *c);
/* What nodes tell. */
void client_node_ready(struct node *n);
void client_node_ended(struct node *n, bool was_ready, enum cql_conn_end end,
                       const struct fault *f);

/* client_control.c */
/* Makes |n|'s connection the control connection, when there is none. */
void control_begin(struct node *n);
/* |n| has no connection any more. */
void control_lost(struct node *n);
void control_answer(struct cql_client *c, const struct cql_reply *reply);
void control_event(struct node *n, const struct cql_event *e);
void control_tick(struct cql_client *c);
void control_fini(struct control *k);

/* client_members.c */
/* Which data center is the local one, when that is not known yet. FAULT_USAGE. */
bool client_choose_data_center(struct cql_client *c, const struct cql_topology *t, struct fault *f);
/* The nodes as the topology just read has them; takes |t|. FAULT_MEMORY. */
bool client_take_topology(struct cql_client *c, struct node *told_by, struct cql_topology *t,
                          struct fault *f);
struct node *client_find_ip(struct cql_client *c, const struct cql_ip *ip, int port);
/* Is |a| a name of this member? */
bool client_is_named(const struct node *n, const struct cql_address *a);
/* The next contact point that is no member's address; NULL: there is none. */
const struct cql_address *client_next_contact(struct cql_client *c);

/* client_route.c */
/* Who is to take |r| now; NULL: nobody can. Opens connections that are missed. */
struct node *client_route(struct cql_client *c, struct cql_request *r);

/* client_flow.c */
/* Asked of everything but what the cluster says of itself. */
bool client_pace_allows(const struct cql_client *c, const struct cql_request *r);
/* How long the answer took that is being told; 0: it cannot be told. */
uint32_t client_took_us(const struct cql_client *c, const struct cql_request *r);

/* client_request.c */
/* Writes |r| to |n|; false: it could not be written, |f|. */
bool client_send(struct node *n, struct cql_request *r, struct fault *f);
void client_pump(struct cql_client *c);
void client_answer(struct node *n, struct cql_request *r, const struct cql_reply *reply);
void client_finish(struct cql_request *r, enum cql_outcome outcome, const struct fault *f);
void client_requeue_sent(struct node *n, const struct fault *f);
void client_time_out(struct cql_client *c);
/* Ends all that wait, with |f|; what is sent stays. */
void client_fail_waiting(struct cql_client *c, const struct fault *f);
/* True: interrupted; then nothing waits any more. */
bool client_stopped(struct cql_client *c);

#endif
