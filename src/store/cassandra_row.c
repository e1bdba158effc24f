#include "store/cassandra_row.h"

#include "store/cassandra_statement.h"

static void clear(struct row *row)
{
    for (int i = 0; i < row->table->column_count; i++)
        row->cells[i] = (struct cell){.writetime = WRITETIME_NONE};
}

int cassandra_row_next(struct cql_rows *rows, const bool *selected, struct bytes *cells,
                       struct row *row, struct fault *f)
{
    const struct table *t = row->table;
    /* All rows of a page have the same columns: what is not among them is cleared once. */
    bool is_first = rows->left == rows->count;
    int width = is_first ? statement_width(t, selected) : rows->columns.count;
    int got = cql_rows_next(rows, cells, width, f);
    if (got <= 0)
        return got;
    if (is_first)
        clear(row);
    for (int i = 0, at = 0; i < t->column_count; i++) {
        if (i >= t->key_count && selected && !selected[i])
            continue;
        struct cell *cell = &row->cells[i];
        *cell = (struct cell){cells[at++], WRITETIME_NONE, 0, true};
        if (!statement_has_writetime(t, i))
            continue;
        struct bytes writetime = cells[at++];
        struct bytes ttl = cells[at++];
        if ((!bytes_are_null(writetime) && !value_bigint(writetime, &cell->writetime)) ||
            (!bytes_are_null(ttl) && !value_int(ttl, &cell->ttl))) {
            fault_set(f, FAULT_PROTOCOL, "the writetime of a cell is not a number");
            fault_subject(f, "%s.%s.%s", t->keyspace, t->name, t->columns[i].name);
            return -1;
        }
    }
    return 1;
}

bool cassandra_row_applied(struct cql_rows *rows, struct bytes *cells, struct row *row,
                           bool *applied, bool *exists, struct fault *f)
{
    int width = rows->columns.count;
    *applied = *exists = false;
    if (width < 1 || width > CASSANDRA_WIDTH_MAX)
        return fault_set(f, FAULT_PROTOCOL, "the answer to a condition has %d columns", width);
    int got = cql_rows_next(rows, cells, width, f);
    if (got < 0)
        return false;
    if (got == 0 || !value_boolean(cells[0], applied))
        return fault_set(f, FAULT_PROTOCOL,
                         "the answer to a condition does not say whether it held");
    clear(row);
    struct cql_column_walk walk = cql_columns_first(&rows->columns);
    struct cql_column column;
    for (int at = 0; !*applied && at < width && cql_columns_next(&walk, &column); at++) {
        char name[NAME_TEXT_MAX];
        if (at == 0 || column.name.n >= sizeof name)
            continue;
        memcpy(name, column.name.p, column.name.n);
        name[column.name.n] = '\0';
        int i = table_column(row->table, name);
        if (i < 0)
            continue;
        row->cells[i].selected = true;
        row->cells[i].value = cells[at];
        *exists = true;
    }
    return true;
}
