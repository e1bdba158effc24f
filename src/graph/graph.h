/* graph/graph.h: where content lives. One interface, two adapters: Neo4j over HTTP and an embedded
 * file.
 *
 * Knows    nothing of rules or the ledger; speaks of nodes with two kinds of properties: text and
 *          list of text.
 * Values   text is UTF-8 bytes; a list is in CQL's serialization of list<text> (move/type.h), as in
 *          the ledger.
 */
#ifndef GRAPH_GRAPH_H
#define GRAPH_GRAPH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/fault.h"

struct graph;
struct loop;

enum { GRAPH_BATCH_MAX = 500, GRAPH_PROPERTIES_MAX = 8 };

struct graph_about {
    char product[64];  /* "Neo4j 3.5.34", "embedded" */
    char endpoint[64]; /* "query/v2", "tx/commit", "transaction/commit" */
    char address[256];
};

/* One property of one node. */
struct property {
    char name[64];
    bool is_list;
    struct bytes value; /* null: the node does not have it */
};

struct node {
    struct bytes uid; /* the value of the id property; null when the node has none */
    int64_t id;       /* the server's own node id */
    struct property *properties;
    int property_count;
};

/* Which nodes: label, and any of: property = value, or value in list. */
struct graph_find {
    const char *label;
    const char *id_property;
    const char *property; /* NULL: none */
    struct bytes equals;
    const char *list; /* NULL: none */
    struct bytes contains;
};

enum node_outcome {
    NODE_DONE,     /* written now */
    NODE_WAS,      /* had the after values already */
    NODE_CONFLICT, /* has neither the before nor the after values: left alone */
    NODE_GONE,     /* no such node */
};

struct node_write {
    struct bytes uid;
    int64_t id;
    const struct property *before;
    const struct property *after;
    int property_count; /* of both, in the same order */
    enum node_outcome outcome;
};

struct graph_options {
    const char *address; /* "http://host:7474" or "embedded:PATH" */
    const char *user, *password;
    const char *database; /* NULL: neo4j */
    int max_retries;      /* 0: 8 */
};

struct graph *graph_open(struct loop *loop, const struct graph_options *o, struct fault *f);
void graph_free(struct graph *g);
void graph_about(struct graph *g, struct graph_about *out);

/* Every node that |find| matches, each with the two properties (property first, then list), in
 * pages. */
bool graph_scan(struct graph *g, const struct graph_find *find,
                bool (*each)(void *context, const struct node *n, struct fault *f), void *context,
                struct fault *f);

/* How many nodes |find| matches; and how many nodes have the label. */
bool graph_count(struct graph *g, const struct graph_find *find, uint64_t *matching, uint64_t *all,
                 struct fault *f);

/* Writes 1 … GRAPH_BATCH_MAX nodes in one transaction: each is locked, compared with |before|, and
 * set to |after| only when equal. Idempotent: a lost answer is asked again. Fills every outcome. */
bool graph_write(struct graph *g, const char *label, const char *id_property,
                 struct node_write *writes, int count, struct fault *f);

/* Reads nodes back by id and uid: |each| is called per node in order, with n = NULL when it is
 * gone. */
bool graph_read(struct graph *g, const char *label, const char *id_property,
                const struct node_write *keys, int count,
                bool (*each)(void *context, int i, const struct node *n, struct fault *f),
                void *context, struct fault *f);

struct graph_adapter {
    void (*free)(struct graph *g);
    void (*about)(struct graph *g, struct graph_about *out);
    bool (*scan)(struct graph *g, const struct graph_find *find,
                 bool (*each)(void *context, const struct node *n, struct fault *f), void *context,
                 struct fault *f);
    bool (*count)(struct graph *g, const struct graph_find *find, uint64_t *matching, uint64_t *all,
                  struct fault *f);
    bool (*write)(struct graph *g, const char *label, const char *id_property,
                  struct node_write *writes, int count, struct fault *f);
    bool (*read)(struct graph *g, const char *label, const char *id_property,
                 const struct node_write *keys, int count,
                 bool (*each)(void *context, int i, const struct node *n, struct fault *f),
                 void *context, struct fault *f);
};

struct graph {
    const struct graph_adapter *adapter;
};

struct graph *graph_neo4j_open(struct loop *loop, const struct graph_options *o, struct fault *f);
struct graph *graph_embedded_open(const char *path, struct fault *f);

#endif
