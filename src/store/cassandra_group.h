/* store/cassandra_group.h: operations on rows that share one request, and what its answer says to each
 * of them. Part of the Cassandra adapter; used by cassandra_op.c.
 */
#ifndef STORE_CASSANDRA_GROUP_H
#define STORE_CASSANDRA_GROUP_H

#include "store/cassandra_private.h"
#include "store/cassandra_statement.h"

/* Where a row is. */
struct place {
    const char *keyspace; /* NULL: it makes no difference */
    int64_t token;
    int home; /* the first node that has it, as a number; -1: not known */
};

/* One request and its operations; kept and used again, so that a long run allocates nothing. */
struct op_group {
    struct op_group *next; /* while it is free, open or refused */
    struct cql_request request;
    struct cassandra *store;
    struct known_shape *shape; /* NULL: it has none, and one operation */
    int home;                  /* of all its rows */
    int count;
    size_t bytes;
    struct store_op *ops[GROUP_MAX];
    struct statement_integers integers[GROUP_MAX];
    struct bytes *values;
    int value_count, capacity;
    int probe; /* its place among the probes, or -1. Nobody drives for a probe, and its failure is
                  nobody else's */
};

/* One with no operation, of those that were given back where there are any. NULL: no memory. */
struct op_group *group_take(struct cassandra *s);
void group_give_back(struct cassandra *s, struct op_group *g);
/* Can it bind |values| more? Makes room; false: no memory. */
bool group_has_room(struct op_group *g, int values);
/* Room must have been made. */
void group_add(struct op_group *g, struct store_op *op);

/* Tell every operation of the group, exactly once. */
void group_tell_answer(struct op_group *g, struct cql_result *result);
void group_tell_fault(struct op_group *g, enum store_outcome outcome, const struct fault *why);
/* One operation that is told alone. */
void group_tell_one(struct op_group *g, struct store_op *op, enum store_outcome outcome,
                    const struct fault *why);

#endif
