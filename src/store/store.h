/* store/store.h: where rows live. One interface, two adapters: a real Cassandra and an embedded file.
 *
 * Owns     connections, retries, flow control; an operation's outcome is final when it is told.
 * Knows    nothing of rules, changes or the ledger.
 * Threads  one. Calls that wait run the event loop inside; an interrupt (Ctrl-C) makes them stop taking new
 *          work, finish what is in flight and return FAULT_INTERRUPTED.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/fault.h"
#include "base/pace.h"
#include "move/row.h"
#include "move/table.h"
#include "move/token_range.h"

struct store;

enum { STORE_PROBES_MAX = 64 }; /* under way at once */

struct store_about {
    char product[64]; /* "Cassandra 5.0.9", "embedded" */
    char address[256];
    int node_count;
    char consistency[32];
    char encryption[80];     /* "TLS 1.3 TLS_AES_256_GCM_SHA384", or "" */
    bool is_verified;        /* with encryption: the server is who it should be */
    int protocol_version;    /* 0: none */
    bool is_compressed;      /* what goes over the wire, with LZ4 */
    bool schema_agrees;      /* all nodes have one schema version */
    int64_t clock_offset_us; /* server's clock minus ours, roughly; 0 when it cannot be told */
};

enum store_node_state { STORE_NODE_UP, STORE_NODE_DOWN, STORE_NODE_NOT_ASKED };

/* A node of the cluster. */
struct store_node {
    const char *address; /* "10.0.0.5:9042" */
    const char *data_center, *rack;
    bool is_local;   /* of the data center whose nodes are asked */
    bool is_contact; /* the operator named it */
    enum store_node_state state;
    const char *why; /* DOWN */
};

enum store_op_kind {
    STORE_READ,   /* one row by its key */
    STORE_UPDATE, /* UPDATE … USING TIMESTAMP [AND TTL] SET … ; a null value deletes the cell */
    STORE_INSERT, /* INSERT … USING TIMESTAMP [AND TTL] ; cells that are not given stay unset */
    STORE_DELETE_CELLS, /* DELETE a, b … USING TIMESTAMP */
    STORE_DELETE_ROW,   /* DELETE … USING TIMESTAMP */
    STORE_UPDATE_IF, /* UPDATE … SET … IF a = ? AND … ; lightweight transaction, server's timestamp */
    STORE_INSERT_IF_NOT_EXISTS, /* likewise */
    STORE_DELETE_IF,            /* DELETE … IF a = ? AND … */
};

/* A column number of the table, and a value. */
struct store_cell {
    int column;
    struct bytes value; /* null: delete the cell, or in a condition: is null */
};

enum store_outcome {
    STORE_OK, /* done; a READ that found nothing has row = NULL */
    STORE_NOT_APPLIED, /* a condition did not hold: |row| has the current values of the condition's columns, or is
                          NULL when there is no such row */
    STORE_ROW_FAILED, /* this one row could not be done, after all retries: |fault| says why */
    STORE_RUN_FAILED, /* nothing more can be done: login, rights, connection lost for good, interrupted */
};

/* One operation. The caller owns it and everything it points to until |done| has been called. */
struct store_op {
    enum store_op_kind kind;
    const struct table *table;
    const struct bytes *key;        /* table->key_count values */
    const struct store_cell *cells; /* what is written */
    int cell_count;
    const bool *
        selected; /* READ: which columns; keys are always filled; NULL: all, with writetime and TTL */
    const struct store_cell *conditions;
    int condition_count;
    int64_t timestamp; /* microseconds; for kinds that say USING TIMESTAMP */
    int32_t ttl;       /* seconds; 0: none */

    /* Called exactly once, from store_drive, never before store_submit returned. */
    void (*done)(struct store_op *op);
    void *context;

    /* Filled before |done|; bytes live until |done| returns. */
    enum store_outcome outcome;
    const struct row *row;
    const struct fault *fault; /* of ROW_FAILED and RUN_FAILED; else NULL */
    uint32_t took_us; /* STORE_OK: from the last sending to the answer; 0: it cannot be told */
};

/* How far a scan is. */
struct store_progress {
    struct token_range covered; /* read with all its rows; grows from one start while a range is
                                   being read */
    uint64_t rows;              /* in it */
    bool is_done;               /* the whole range is read: |covered| grows no more */
    bool by_server;             /* the servers filter this range: |rows| is what they sent */
    int done, total;            /* ranges */
};

/* A part of the ring that could not be read, whatever was tried: one token, mostly one partition. */
struct store_unread {
    struct token_range range;
    const char *partition; /* its key as text; "": not even that could be read */
    const char *reason;    /* the server's words */
};

/* Which rows a scan is for: column = value, or an element of the column = value. */
struct store_find {
    int column;
    struct bytes value;
    bool is_element;
};

/* Who leaves the other rows out. */
enum store_filter {
    STORE_FILTER_AUTO, /* what a measurement of both finds faster */
    STORE_FILTER_CLIENT,
    STORE_FILTER_SERVER,
};

struct store_filtered {
    int client_ranges, server_ranges; /* how many ranges were read so */
    char note[160];                   /* why; may be empty */
};

struct store_scan {
    const struct table *table;
    const bool *selected; /* columns to read, with writetime and TTL where they can be read */
    int page_rows;        /* 0: the adapter's default */
    int ranges_in_flight; /* 0: the adapter's default */
    int split; /* how many ranges to cut the ring into at least; 0: the adapter's default */

    const struct token_range *skip; /* in ring order, none overlaps another: read before, not read
                                       again */
    int skip_count;

    const struct store_find *find; /* NULL: all rows. Rows that are not meant may come too, whoever
                                      filters: the caller looks at each */
    enum store_filter filter;
    struct store_filtered *filtered; /* filled; may be NULL */

    /* For each row; order between ranges is not defined; a row may come twice after a retry.
     * The row's bytes live until it returns. False with |f| set stops the scan. */
    bool (*row)(void *context, const struct row *row, struct fault *f);
    /* After each page, when all its rows were told, and after each range's end. May be NULL; false
     * with |f| set stops the scan. */
    bool (*progress)(void *context, const struct store_progress *p, struct fault *f);
    /* At the end, for each part that could not be read: the scan is whole but for these. NULL: such
     * a part makes the scan fail. */
    bool (*unread)(void *context, const struct store_unread *u, struct fault *f);
    void *context;
    bool *repeated; /* set to true when rows may have come twice; may be NULL */
};

/* Requests on their way. */
struct store_flow {
    int in_flight;
    int most; /* how many there may be at the moment; 0: not known */
    uint32_t
        run; /* another one each time that answers begin to be taken; 0: they are not, just now */
};

struct store_adapter {
    void (*free)(struct store *s);
    void (*about)(struct store *s, struct store_about *out);
    bool (*table)(struct store *s, const char *keyspace, const char *name, struct arena *a,
                  struct table **out, struct fault *f);
    bool (*tables)(struct store *s, const char *keyspace,
                   bool (*each)(void *context, const char *keyspace, const char *name),
                   void *context, struct fault *f);
    bool (*may_write)(struct store *s, const struct table *t, struct fault *f);
    bool (*scan)(struct store *s, const struct store_scan *scan, struct fault *f);
    bool (*submit)(struct store *s, struct store_op *op, struct fault *f);
    bool (*drive)(struct store *s, int in_flight, struct fault *f);
    void (*nodes)(struct store *s, bool reach,
                  void (*each)(void *context, const struct store_node *n),
                  void *context); /* NULL: it has none */
    /* These may be NULL: there are no requests then. */
    bool (*probe)(struct store *s, struct store_op *op);
    void (*flow)(struct store *s, struct store_flow *out);
    void (*set_in_flight)(struct store *s, int most);
};

/* What every adapter's struct begins with. */
struct store {
    const struct store_adapter *adapter;
};

struct loop;

struct store_options {
    const char *address;  /* "host[:port][,host[:port]…]", or "embedded:PATH" */
    int port;             /* for hosts without one; 0: 9042 */
    const char *user;     /* NULL or "": no login */
    const char *password; /* copied, and wiped when the store is freed */
    bool tls;
    bool tls_verify;     /* with tls: the server's certificate and host */
    const char *ca_file; /* PEM files; NULL or "": the system's CAs, no certificate of ours */
    const char *certificate_file;
    const char *key_file;
    const char *consistency; /* NULL: LOCAL_QUORUM */
    const char *local_dc;    /* the data center whose nodes are asked; NULL, "": the first contact
                                point's that answers */
    bool compression;        /* LZ4 where the server offers it */
    int in_flight;           /* requests to one node at most; 0: found by its answers */
    int rows_per_request;    /* written or read by their keys at once, at most; 0: 10 */
    int protocol_version;    /* 0: the newest both know */
    int request_timeout_ms;  /* 0: 12000 */
    int max_retries;         /* of one request; 0: 8 */
    struct pace *pace; /* how fast rows are read and written; NULL: no limit. It may be changed
                                at any time, and is looked at all the time. Paused: scans read no
                                further page; operations that were submitted are done. */
};

/* Connects, or opens the file. FAULT_UNREACHABLE, FAULT_DENIED, FAULT_UNSUPPORTED, FAULT_USAGE (bad consistency). */
struct store *store_open(struct loop *loop, const struct store_options *o, struct fault *f);
void store_free(struct store *s);

void store_about(struct store *s, struct store_about *out);

/* Tells all nodes of the cluster; |reach|: after trying to reach each that may be asked, once. The
 * strings live until |each| returns. */
void store_nodes(struct store *s, bool reach,
                 void (*each)(void *context, const struct store_node *n), void *context);

/* Reads a table's columns from the live schema into |a|. *out = NULL, true: there is no such table.
 * |keyspace| is case-sensitive. A keyspace that does not exist gives NULL too. */
bool store_table(struct store *s, const char *keyspace, const char *name, struct arena *a,
                 struct table **out, struct fault *f);

/* Calls |each| for every table of a keyspace (NULL: of all that are not system keyspaces); false from it stops.
 * For a keyspace that does not exist nothing is called. */
bool store_tables(struct store *s, const char *keyspace,
                  bool (*each)(void *context, const char *keyspace, const char *name),
                  void *context, struct fault *f);

/* Proves that this login may write to |t| without changing anything (a conditional delete of a row that cannot
 * exist, or system_auth). FAULT_DENIED when it may not. */
bool store_may_write(struct store *s, const struct table *t, struct fault *f);

/* Reads a whole table, several token ranges at once; a range that times out is cut in two and read again, never
 * counted as empty. True only when every range was read to its end, or told to |unread|. */
bool store_scan(struct store *s, const struct store_scan *scan, struct fault *f);

/* Queues |op|. False: it was not taken (|f|: FAULT_INTERRUPTED, FAULT_MEMORY), |done| will not be called. */
bool store_submit(struct store *s, struct store_op *op, struct fault *f);

/* Runs until at most |in_flight| operations are unanswered (0: until all are). False with |f| set when the run
 * cannot go on; every queued operation's |done| has been called even then. */
bool store_drive(struct store *s, int in_flight, struct fault *f);

/* Reads one row at once, past whatever waits and whatever the pace is, to learn how long its answer
 * takes: |done| is told as for other operations, with |took_us|, or STORE_ROW_FAILED; no retry.
 * False: not possible now, or never (an embedded file); |done| will not be called. */
bool store_probe(struct store *s, struct store_op *op);
bool store_can_probe(const struct store *s);

void store_flow(struct store *s, struct store_flow *out);
/* From now on; 0: found by the answers. */
void store_set_in_flight(struct store *s, int most);

/* The adapters' own openers, used by store_open. */
struct store *store_cassandra_open(struct loop *loop, const struct store_options *o,
                                   struct fault *f);
struct store *store_embedded_open(const char *path, struct fault *f);
/* An embedded file that keeps a pace; the loop runs while it waits. */
void store_embedded_pace(struct store *s, struct loop *loop, struct pace *pace);

#endif
