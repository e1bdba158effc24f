/* Tables as system_schema describes them (Cassandra 3.0 and newer). */
#include <stdio.h>
#include <stdlib.h>

#include "store/cassandra_private.h"

struct table_reading {
    struct arena *arena;
    struct table *table;
    bool is_there;
};

static bool copy_name(char out[NAME_TEXT_MAX], struct bytes name, const struct table *t,
                      struct fault *f)
{
    if (name.n >= NAME_TEXT_MAX) {
        fault_set(f, FAULT_SCHEMA, "a column's name is longer than %d bytes", NAME_TEXT_MAX - 1);
        return fault_subject(f, "%s.%s", t->keyspace, t->name);
    }
    if (name.n)
        memcpy(out, name.p, name.n);
    out[name.n] = '\0';
    return true;
}

static bool parse_role(struct bytes kind, enum column_role *role)
{
    static const struct {
        const char *kind;
        enum column_role role;
    } roles[] = {{"partition_key", COLUMN_PARTITION},
                 {"clustering", COLUMN_CLUSTERING},
                 {"static", COLUMN_STATIC},
                 {"regular", COLUMN_REGULAR}};
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        if (bytes_are(kind, roles[i].kind)) {
            *role = roles[i].role;
            return true;
        }
    }
    return false;
}

enum { COLUMN_CELLS = 4 };

static bool take_column(struct table *t, const struct bytes cells[COLUMN_CELLS], struct fault *f)
{
    struct column *c = &t->columns[t->column_count];
    int32_t position = -1;
    /* A compact table's placeholder: it has no values and cannot be selected. */
    if (bytes_are(cells[3], "empty"))
        return true;
    if (!copy_name(c->name, cells[0], t, f))
        return false;
    bool known = parse_role(cells[1], &c->role) && value_int(cells[2], &position);
    if (!known) {
        fault_set(f, FAULT_SCHEMA, "column \"%s\" is of a kind that is not known: %.*s", c->name,
                  (int)(cells[1].n < 40 ? cells[1].n : 40), (const char *)cells[1].p);
        return fault_subject(f, "%s.%s", t->keyspace, t->name);
    }
    c->position = c->role == COLUMN_PARTITION || c->role == COLUMN_CLUSTERING ? position : -1;
    t->column_count++;
    return type_parse(&c->type, cells[3], f);
}

static bool take_columns(void *context, struct cql_result *result, struct fault *f)
{
    struct table_reading *reading = context;
    struct table *t = reading->table;
    int32_t count = result->rows.count;
    if (count > TABLE_COLUMNS_MAX) {
        fault_set(f, FAULT_SCHEMA, "the table has %d columns; at most %d are supported", count,
                  TABLE_COLUMNS_MAX);
        return fault_subject(f, "%s.%s", t->keyspace, t->name);
    }
    t->columns = arena_array(reading->arena, count > 0 ? (size_t)count : 1, sizeof t->columns[0]);
    if (!t->columns)
        return fault_memory(f);
    struct bytes cells[COLUMN_CELLS];
    int got;
    while ((got = cql_rows_next(&result->rows, cells, COLUMN_CELLS, f)) > 0)
        if (!take_column(t, cells, f))
            return false;
    return got == 0;
}

static bool take_flags(void *context, struct cql_result *result, struct fault *f)
{
    struct table_reading *reading = context;
    struct bytes flags, flag;
    size_t cursor = 0;
    int got = cql_rows_next(&result->rows, &flags, 1, f);
    if (got <= 0)
        return got == 0;
    reading->is_there = true;
    while (!bytes_are_null(flags) && list_next(flags, &cursor, &flag))
        if (bytes_are(flag, "counter"))
            reading->table->has_counter = true;
    return true;
}

static bool take_triggers(void *context, struct cql_result *result, struct fault *f)
{
    struct table_reading *reading = context;
    if (result->kind != CQL_RESULT_ROWS)
        return fault_set(f, FAULT_PROTOCOL, "the answer about triggers has no rows");
    reading->table->has_trigger = result->rows.count > 0;
    return true;
}

bool cassandra_table(struct store *store, const char *keyspace, const char *name, struct arena *a,
                     struct table **out, struct fault *f)
{
    struct cassandra *s = (struct cassandra *)store;
    *out = NULL;
    cassandra_forget_shapes(s);
    if (strlen(keyspace) >= NAME_TEXT_MAX || strlen(name) >= NAME_TEXT_MAX)
        return true; /* Cassandra has no such names */
    struct table_reading reading = {.arena = a, .table = arena_alloc(a, sizeof(struct table))};
    if (!reading.table)
        return fault_memory(f);
    snprintf(reading.table->keyspace, NAME_TEXT_MAX, "%s", keyspace);
    snprintf(reading.table->name, NAME_TEXT_MAX, "%s", name);
    const struct bytes key[] = {bytes_of(keyspace), bytes_of(name)};
    if (!cassandra_ask_local(s,
                             "SELECT flags FROM system_schema.tables "
                             "WHERE keyspace_name = ? AND table_name = ?",
                             key, 2, take_flags, &reading, f))
        return false;
    if (!reading.is_there)
        return true;
    bool read = cassandra_ask_local(s,
                                    "SELECT column_name, kind, position, type "
                                    "FROM system_schema.columns "
                                    "WHERE keyspace_name = ? AND table_name = ?",
                                    key, 2, take_columns, &reading, f) &&
                cassandra_ask_local(s,
                                    "SELECT trigger_name FROM system_schema.triggers "
                                    "WHERE keyspace_name = ? AND table_name = ?",
                                    key, 2, take_triggers, &reading, f) &&
                table_finish(reading.table, f);
    if (read)
        *out = reading.table;
    return read;
}

/* Names are collected first: whoever is told them may ask for more, which runs the loop. */
struct names_reading {
    struct buf names; /* keyspace NUL table NUL … */
};

static bool is_system(struct bytes keyspace)
{
    static const char prefix[] = "system_";
    return bytes_are(keyspace, "system") ||
           (keyspace.n >= sizeof prefix - 1 && memcmp(keyspace.p, prefix, sizeof prefix - 1) == 0);
}

static bool take_names(void *context, struct cql_result *result, struct fault *f)
{
    struct names_reading *reading = context;
    struct bytes cells[2];
    int got;
    while ((got = cql_rows_next(&result->rows, cells, 2, f)) > 0) {
        if (is_system(cells[0]))
            continue;
        for (int i = 0; i < 2; i++) {
            if (cells[i].n == 0 || memchr(cells[i].p, '\0', cells[i].n))
                return fault_set(f, FAULT_PROTOCOL, "a table came with a name that is none");
            buf_append_bytes(&reading->names, cells[i]);
            buf_append_char(&reading->names, '\0');
        }
    }
    if (reading->names.failed)
        return fault_memory(f);
    return got == 0;
}

bool cassandra_tables(struct store *store, const char *keyspace,
                      bool (*each)(void *context, const char *keyspace, const char *name),
                      void *context, struct fault *f)
{
    struct cassandra *s = (struct cassandra *)store;
    struct names_reading reading;
    const struct bytes key = bytes_of(keyspace);
    buf_init(&reading.names, 16 << 20);
    bool read =
        keyspace
            ? cassandra_ask_local(s,
                                  "SELECT keyspace_name, table_name FROM system_schema.tables "
                                  "WHERE keyspace_name = ?",
                                  &key, 1, take_names, &reading, f)
            : cassandra_ask_local(s, "SELECT keyspace_name, table_name FROM system_schema.tables",
                                  NULL, 0, take_names, &reading, f);
    const char *at = (const char *)reading.names.p;
    const char *end = at ? at + reading.names.n : at;
    while (read && at < end) {
        const char *name = at + strlen(at) + 1;
        if (!each(context, at, name))
            break;
        at = name + strlen(name) + 1;
    }
    buf_fini(&reading.names);
    return read;
}
