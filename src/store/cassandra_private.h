/* store/cassandra_private.h: the Cassandra adapter's inside, shared by its files.
 *
 * cassandra.c opens and frees; cassandra_node.c asks the node about itself and the ring;
 * cassandra_schema.c reads tables; cassandra_right.c proves rights; cassandra_scan.c reads rows,
 * in the pieces that cassandra_cut.c makes, all of them or those that cassandra_filter.c has the
 * servers look for, and cassandra_unread.c names what it had to give up;
 * cassandra_op.c does operations: cassandra_group.c puts several into one request and takes its answer
 * apart, cassandra_shape.c remembers their statements.
 */
#ifndef STORE_CASSANDRA_PRIVATE_H
#define STORE_CASSANDRA_PRIVATE_H

#include "cql/client.h"
#include "cql/ranges.h"
#include "store/cassandra_row.h"
#include "store/store.h"

struct op_group;

enum { SHAPES_MAX = 16, SHAPE_COLUMNS_MAX = 32, GROUP_MAX = 64, OPEN_GROUPS_MAX = 64 };

/* What decides the text of an operation's statement. Zeroed before it is filled: it is compared as
 * bytes. */
struct op_shape {
    const struct table *table;
    int kind, key_count, cell_count, condition_count;
    bool has_ttl, selects;
    int column_count;
    int16_t columns[SHAPE_COLUMNS_MAX]; /* of cells, conditions and what is selected */
};

struct known_shape {
    struct op_shape shape;
    bool may_share;
    struct cql_statement *statements[GROUP_MAX + 1]; /* of so many operations in one request */
};

struct cassandra {
    struct store base;
    struct loop *loop;
    struct tls_context *tls; /* NULL: no encryption */
    struct cql_client *client;
    struct store_about about;
    bool has_login;
    int max_retries;
    struct pace *pace; /* may be NULL */

    struct buf text; /* of the statement being made */
    struct buf key;  /* the partition key whose token is computed */
    struct bytes cells[CASSANDRA_WIDTH_MAX];

    /* Operations. */
    int rows_per_request;
    struct op_group *free_groups;
    struct op_group *open_groups; /* not sent: more may join them */
    struct op_group *refused;     /* could not be sent: not told yet */
    struct known_shape shapes[SHAPES_MAX];
    int shape_next;                            /* the one to be forgotten first */
    struct arena row_arena;                    /* the row of the operation that is being told */
    int outstanding;                           /* submitted, not told */
    struct op_group *probes[STORE_PROBES_MAX]; /* under way, or NULL */
    int drive_target;
    bool drive_finished;
    bool is_failing;
    struct fault run_fault;
};

/* Asks a statement over a node's own tables. |values| may be NULL. */
bool cassandra_ask_local(struct cassandra *s, const char *cql, const struct bytes *values,
                         int value_count,
                         bool (*each)(void *context, struct cql_result *result, struct fault *f),
                         void *context, struct fault *f);

/* The tokens of all nodes, from malloc. FAULT_MEMORY. */
bool cassandra_ring(struct cassandra *s, int64_t **tokens, int *token_count, int *node_count,
                    struct fault *f);
/* Version, nodes, schema agreement, clock, into s->about. */
bool cassandra_ask_about(struct cassandra *s, struct fault *f);

/* Cuts what |scan| must read, and mixes it. */
bool cassandra_cut(struct cassandra *s, const struct store_scan *scan, int page_max,
                   struct scan_ranges *out, struct fault *f);

/* cassandra_filter.c: who looks for the rows. */
struct filter_probe {
    int ranges;
    double us, width; /* of all but the first */
};
struct scan_filter {
    enum store_filter kind; /* AUTO: not decided yet */
    bool is_possible;       /* by the servers */
    int turn;
    struct filter_probe probes[2]; /* by client, by server */
    char note[160];
};
bool scan_filter_init(struct scan_filter *filter, struct cassandra *s,
                      const struct store_scan *scan, struct fault *f);
/* Shall the servers filter the next range? */
bool scan_filter_next(struct scan_filter *filter);
/* A range was read so in |us| microseconds. */
void scan_filter_measured(struct scan_filter *filter, bool by_server,
                          const struct scan_piece *piece, int64_t us);
/* The servers do not take the filter: from now on we do it. False: it was not asked of them. */
bool scan_filter_refused(struct scan_filter *filter, const struct fault *why);

/* Parts of a scan that were given up. */
struct unread_part {
    struct token_range range;
    char reason[256];
};
struct cassandra_unread {
    struct unread_part *v;
    int count, capacity;
};
/* Keeps one more; false with |f|: out of memory, or too many of them, which is |why|. */
bool unread_add(struct cassandra_unread *u, struct token_range range, const struct fault *why,
                struct fault *f);
/* Tells scan->unread of each, with its partition's key where that can be read. */
bool unread_tell(struct cassandra *s, const struct store_scan *scan,
                 const struct cassandra_unread *u, struct fault *f);
void unread_free(struct cassandra_unread *u);

bool cassandra_table(struct store *s, const char *keyspace, const char *name, struct arena *a,
                     struct table **out, struct fault *f);
bool cassandra_tables(struct store *s, const char *keyspace,
                      bool (*each)(void *context, const char *keyspace, const char *name),
                      void *context, struct fault *f);
bool cassandra_may_write(struct store *s, const struct table *t, struct fault *f);
bool cassandra_scan(struct store *s, const struct store_scan *scan, struct fault *f);
bool cassandra_submit(struct store *s, struct store_op *op, struct fault *f);
bool cassandra_drive(struct store *s, int in_flight, struct fault *f);
void cassandra_nodes(struct store *s, bool reach,
                     void (*each)(void *context, const struct store_node *n), void *context);
bool cassandra_probe(struct store *s, struct store_op *op);
void cassandra_flow(struct store *s, struct store_flow *out);
void cassandra_set_in_flight(struct store *s, int most);
void cassandra_ops_free(struct cassandra *s);
/* Sends all that waits for others to share a request with. */
void cassandra_ops_flush(struct cassandra *s);

/* cassandra_shape.c: what operations like |op| are sent as; NULL: it has too many columns for that. */
struct known_shape *cassandra_shape(struct cassandra *s, const struct store_op *op);
/* The statement of |count| operations like |op|; |known| may be NULL. NULL: FAULT_MEMORY. */
struct cql_statement *cassandra_shape_statement(struct cassandra *s, struct known_shape *known,
                                                const struct store_op *op, int count,
                                                struct fault *f);
/* Tables that were read before may be gone, and their addresses be used again. */
void cassandra_forget_shapes(struct cassandra *s);

#endif
