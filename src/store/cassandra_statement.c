#include "store/cassandra_statement.h"

void statement_put_i64(uint8_t out[8], int64_t v)
{
    for (int i = 0; i < 8; i++)
        out[i] = (uint8_t)((uint64_t)v >> (56 - 8 * i));
}

static void put_i32(uint8_t out[4], int32_t v)
{
    for (int i = 0; i < 4; i++)
        out[i] = (uint8_t)((uint32_t)v >> (24 - 8 * i));
}

void statement_name(struct buf *out, const char *name)
{
    buf_append_char(out, '"');
    for (; *name; name++) {
        if (*name == '"')
            buf_append_char(out, '"');
        buf_append_char(out, *name);
    }
    buf_append_char(out, '"');
}

void statement_table(struct buf *out, const struct table *t)
{
    statement_name(out, t->keyspace);
    buf_append_char(out, '.');
    statement_name(out, t->name);
}

bool statement_has_writetime(const struct table *t, int column)
{
    return column >= t->key_count && !type_is_multicell(&t->columns[column].type);
}

static bool is_read(const struct table *t, const bool *selected, int column)
{
    return column < t->key_count || !selected || selected[column];
}

int statement_width(const struct table *t, const bool *selected)
{
    int width = 0;
    for (int i = 0; i < t->column_count; i++)
        if (is_read(t, selected, i))
            width += statement_has_writetime(t, i) ? 3 : 1;
    return width;
}

static void append_select(struct buf *out, const struct table *t, const bool *selected)
{
    const char *before = "SELECT ";
    for (int i = 0; i < t->column_count; i++) {
        if (!is_read(t, selected, i))
            continue;
        buf_append_text(out, before);
        before = ", ";
        statement_name(out, t->columns[i].name);
        if (!statement_has_writetime(t, i))
            continue;
        buf_append_text(out, ", WRITETIME(");
        statement_name(out, t->columns[i].name);
        buf_append_text(out, "), TTL(");
        statement_name(out, t->columns[i].name);
        buf_append_char(out, ')');
    }
    buf_append_text(out, " FROM ");
    statement_table(out, t);
}

static void append_token(struct buf *out, const struct table *t)
{
    buf_append_text(out, "token(");
    for (int i = 0; i < t->partition_count; i++) {
        buf_append_text(out, i ? ", " : "");
        statement_name(out, t->columns[i].name);
    }
    buf_append_char(out, ')');
}

static void append_range(struct buf *out, const struct table *t, bool first)
{
    buf_append_text(out, " WHERE ");
    append_token(out, t);
    buf_append_text(out, first ? " >= ? AND " : " > ? AND ");
    append_token(out, t);
    buf_append_text(out, " <= ?");
}

void statement_scan(struct buf *out, const struct table *t, const bool *selected, bool first,
                    const struct store_find *find)
{
    append_select(out, t, selected);
    append_range(out, t, first);
    if (!find)
        return;
    buf_append_text(out, " AND ");
    statement_name(out, t->columns[find->column].name);
    buf_append_text(out, find->is_element ? " CONTAINS ? ALLOW FILTERING" : " = ? ALLOW FILTERING");
}

void statement_scan_keys(struct buf *out, const struct table *t, bool first)
{
    for (int i = 0; i < t->partition_count; i++) {
        buf_append_text(out, i ? ", " : "SELECT DISTINCT ");
        statement_name(out, t->columns[i].name);
    }
    buf_append_text(out, " FROM ");
    statement_table(out, t);
    append_range(out, t, first);
    buf_append_text(out, " LIMIT 1");
}

static bool are_static(const struct table *t, const struct store_cell *cells, int count)
{
    for (int i = 0; i < count; i++)
        if (t->columns[cells[i].column].role != COLUMN_STATIC)
            return false;
    return true;
}

/* A partition that has static columns only is read as a row without clustering values; and an
 * UPDATE of static columns must not name clustering columns. What deletes or inserts a row always
 * names it whole: with less, a DELETE would take the partition. */
int statement_key_count(const struct store_op *op)
{
    const struct table *t = op->table;
    bool deletes_row =
        op->kind == STORE_DELETE_ROW || (op->kind == STORE_DELETE_IF && op->cell_count == 0);
    bool inserts = op->kind == STORE_INSERT || op->kind == STORE_INSERT_IF_NOT_EXISTS;
    if (deletes_row)
        return t->key_count;
    bool no_clustering = t->key_count > t->partition_count;
    for (int i = t->partition_count; i < t->key_count; i++)
        no_clustering = no_clustering && bytes_are_null(op->key[i]);
    bool is_static = op->cell_count > 0 && are_static(t, op->cells, op->cell_count) &&
                     are_static(t, op->conditions, op->condition_count);
    return no_clustering || (is_static && !inserts) ? t->partition_count : t->key_count;
}

static void append_where(struct buf *out, const struct store_op *op)
{
    for (int i = 0; i < statement_key_count(op); i++) {
        buf_append_text(out, i ? " AND " : " WHERE ");
        statement_name(out, op->table->columns[i].name);
        buf_append_text(out, " = ?");
    }
}

static void append_conditions(struct buf *out, const struct store_op *op)
{
    if (op->condition_count == 0)
        buf_append_text(out, " IF EXISTS");
    for (int i = 0; i < op->condition_count; i++) {
        buf_append_text(out, i ? " AND " : " IF ");
        statement_name(out, op->table->columns[op->conditions[i].column].name);
        buf_append_text(out, " = ?");
    }
}

static void append_assignments(struct buf *out, const struct store_op *op)
{
    for (int i = 0; i < op->cell_count; i++) {
        buf_append_text(out, i ? ", " : " SET ");
        statement_name(out, op->table->columns[op->cells[i].column].name);
        buf_append_text(out, " = ?");
    }
}

static void append_cell_names(struct buf *out, const struct store_op *op, const char *before)
{
    for (int i = 0; i < op->cell_count; i++) {
        buf_append_text(out, before);
        before = ", ";
        statement_name(out, op->table->columns[op->cells[i].column].name);
    }
}

static void append_insert(struct buf *out, const struct store_op *op)
{
    int keys = statement_key_count(op);
    buf_append_text(out, "INSERT INTO ");
    statement_table(out, op->table);
    for (int i = 0; i < keys; i++) {
        buf_append_text(out, i ? ", " : " (");
        statement_name(out, op->table->columns[i].name);
    }
    append_cell_names(out, op, ", ");
    buf_append_text(out, ") VALUES (?");
    for (int i = 1; i < keys + op->cell_count; i++)
        buf_append_text(out, ", ?");
    buf_append_char(out, ')');
    if (op->kind == STORE_INSERT_IF_NOT_EXISTS)
        buf_append_text(out, op->ttl > 0 ? " IF NOT EXISTS USING TTL ?" : " IF NOT EXISTS");
    else
        buf_append_text(out, op->ttl > 0 ? " USING TIMESTAMP ? AND TTL ?" : " USING TIMESTAMP ?");
}

void statement_of(struct buf *out, const struct store_op *op)
{
    switch (op->kind) {
    case STORE_READ:
        append_select(out, op->table, op->selected);
        append_where(out, op);
        if (statement_key_count(op) < op->table->key_count)
            buf_append_text(out, " LIMIT 1");
        break;
    case STORE_UPDATE:
    case STORE_UPDATE_IF:
        buf_append_text(out, "UPDATE ");
        statement_table(out, op->table);
        if (op->kind == STORE_UPDATE)
            buf_append_text(out,
                            op->ttl > 0 ? " USING TIMESTAMP ? AND TTL ?" : " USING TIMESTAMP ?");
        else if (op->ttl > 0)
            buf_append_text(out, " USING TTL ?");
        append_assignments(out, op);
        append_where(out, op);
        if (op->kind == STORE_UPDATE_IF)
            append_conditions(out, op);
        break;
    case STORE_INSERT:
    case STORE_INSERT_IF_NOT_EXISTS: append_insert(out, op); break;
    case STORE_DELETE_CELLS:
    case STORE_DELETE_ROW:
    case STORE_DELETE_IF:
        buf_append_text(out, "DELETE");
        if (op->kind != STORE_DELETE_ROW)
            append_cell_names(out, op, " ");
        buf_append_text(out, " FROM ");
        statement_table(out, op->table);
        if (op->kind != STORE_DELETE_IF)
            buf_append_text(out, " USING TIMESTAMP ?");
        append_where(out, op);
        if (op->kind == STORE_DELETE_IF)
            append_conditions(out, op);
        break;
    }
}

static bool is_whole_key(const struct store_op *op)
{
    return statement_key_count(op) == op->table->key_count;
}

bool statement_may_share(const struct store_op *op)
{
    switch (op->kind) {
    case STORE_READ: return op->table->partition_count == 1 && is_whole_key(op);
    case STORE_UPDATE:
    case STORE_INSERT:
        for (int i = 0; i < op->cell_count; i++)
            if (type_is_multicell(&op->table->columns[op->cells[i].column].type))
                return false;
        return true;
    case STORE_DELETE_CELLS:
    case STORE_DELETE_ROW: return true;
    case STORE_UPDATE_IF:
    case STORE_INSERT_IF_NOT_EXISTS:
    case STORE_DELETE_IF: return false;
    }
    return false;
}

void statement_of_many(struct buf *out, const struct store_op *op, int count)
{
    const struct table *t = op->table;
    if (op->kind != STORE_READ) {
        buf_append_text(out, "BEGIN UNLOGGED BATCH ");
        for (int i = 0; i < count; i++) {
            statement_of(out, op);
            buf_append_text(out, "; ");
        }
        buf_append_text(out, "APPLY BATCH");
        return;
    }
    append_select(out, t, op->selected);
    buf_append_text(out, " WHERE ");
    statement_name(out, t->columns[0].name);
    for (int i = 0; i < count; i++)
        buf_append_text(out, i ? ", ?" : " IN (?");
    buf_append_char(out, ')');
    for (int i = 1; i < t->key_count; i++) {
        buf_append_text(out, " AND ");
        statement_name(out, t->columns[i].name);
        buf_append_text(out, " = ?");
    }
}

int statement_values_of_reads(struct store_op *const *ops, int count, struct bytes *values)
{
    int n = 0;
    for (int i = 0; i < count; i++)
        values[n++] = ops[i]->key[0];
    for (int i = 1; i < ops[0]->table->key_count; i++)
        values[n++] = ops[0]->key[i];
    return n;
}

int statement_values_max(const struct store_op *op)
{
    return 2 + op->table->key_count + op->cell_count + op->condition_count;
}

static int add_using(const struct store_op *op, struct statement_integers *integers,
                     struct bytes *values, int n)
{
    bool has_timestamp = op->kind == STORE_UPDATE || op->kind == STORE_INSERT ||
                         op->kind == STORE_DELETE_CELLS || op->kind == STORE_DELETE_ROW;
    bool may_have_ttl = op->kind == STORE_UPDATE || op->kind == STORE_INSERT ||
                        op->kind == STORE_UPDATE_IF || op->kind == STORE_INSERT_IF_NOT_EXISTS;
    if (has_timestamp) {
        statement_put_i64(integers->timestamp, op->timestamp);
        values[n++] = (struct bytes){integers->timestamp, 8};
    }
    if (may_have_ttl && op->ttl > 0) {
        put_i32(integers->ttl, op->ttl);
        values[n++] = (struct bytes){integers->ttl, 4};
    }
    return n;
}

static int add_key(const struct store_op *op, struct bytes *values, int n)
{
    for (int i = 0; i < statement_key_count(op); i++)
        values[n++] = op->key[i];
    return n;
}

static int add_cells(const struct store_cell *cells, int count, struct bytes *values, int n)
{
    for (int i = 0; i < count; i++)
        values[n++] = cells[i].value;
    return n;
}

int statement_values(const struct store_op *op, struct statement_integers *integers,
                     struct bytes *values)
{
    int n = 0;
    switch (op->kind) {
    case STORE_READ: return add_key(op, values, n);
    case STORE_UPDATE:
    case STORE_UPDATE_IF:
        n = add_using(op, integers, values, n);
        n = add_cells(op->cells, op->cell_count, values, n);
        n = add_key(op, values, n);
        break;
    case STORE_INSERT:
    case STORE_INSERT_IF_NOT_EXISTS:
        n = add_key(op, values, n);
        n = add_cells(op->cells, op->cell_count, values, n);
        return add_using(op, integers, values, n);
    case STORE_DELETE_CELLS:
    case STORE_DELETE_ROW:
    case STORE_DELETE_IF:
        n = add_using(op, integers, values, n);
        n = add_key(op, values, n);
        break;
    }
    if (op->kind == STORE_UPDATE_IF || op->kind == STORE_DELETE_IF)
        n = add_cells(op->conditions, op->condition_count, values, n);
    return n;
}
