/* A move does the same few things a million times: building the text of each anew would cost more
 * than all else that the client does for it. */
#include <string.h>

#include "store/cassandra_private.h"
#include "store/cassandra_statement.h"

void cassandra_forget_shapes(struct cassandra *s)
{
    memset(s->shapes, 0, sizeof s->shapes);
}

/* False: it has more columns than a shape can hold. */
static bool shape_of(const struct store_op *op, struct op_shape *shape)
{
    memset(shape, 0, sizeof *shape);
    shape->table = op->table;
    shape->kind = (int)op->kind;
    shape->key_count = statement_key_count(op);
    shape->cell_count = op->cell_count;
    shape->condition_count = op->condition_count;
    shape->has_ttl = op->ttl > 0;
    shape->selects = op->kind == STORE_READ && op->selected;
    if (op->cell_count + op->condition_count > SHAPE_COLUMNS_MAX)
        return false;
    int n = 0;
    for (int i = 0; i < op->cell_count; i++)
        shape->columns[n++] = (int16_t)op->cells[i].column;
    for (int i = 0; i < op->condition_count; i++)
        shape->columns[n++] = (int16_t)op->conditions[i].column;
    for (int i = 0; shape->selects && i < op->table->column_count; i++) {
        if (!op->selected[i])
            continue;
        if (n == SHAPE_COLUMNS_MAX)
            return false;
        shape->columns[n++] = (int16_t)i;
    }
    shape->column_count = n;
    return true;
}

struct known_shape *cassandra_shape(struct cassandra *s, const struct store_op *op)
{
    struct op_shape shape;
    if (!shape_of(op, &shape))
        return NULL;
    for (int i = 0; i < SHAPES_MAX; i++)
        if (s->shapes[i].shape.table && memcmp(&s->shapes[i].shape, &shape, sizeof shape) == 0)
            return &s->shapes[i];
    struct known_shape *known = &s->shapes[s->shape_next];
    s->shape_next = (s->shape_next + 1) % SHAPES_MAX;
    cassandra_ops_flush(s); /* what waits with the shape that is forgotten now */
    *known = (struct known_shape){.shape = shape, .may_share = statement_may_share(op)};
    return known;
}

struct cql_statement *cassandra_shape_statement(struct cassandra *s, struct known_shape *known,
                                                const struct store_op *op, int count,
                                                struct fault *f)
{
    if (known && known->statements[count])
        return known->statements[count];
    buf_clear(&s->text);
    if (count == 1)
        statement_of(&s->text, op);
    else
        statement_of_many(&s->text, op, count);
    if (s->text.failed)
        return fault_memory(f), NULL;
    struct cql_statement *made = cql_client_statement(s->client, buf_view(&s->text), f);
    if (known)
        known->statements[count] = made;
    return made;
}
