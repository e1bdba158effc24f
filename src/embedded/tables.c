#include <string.h>

#include "embedded/ddl.h"
#include "embedded/sql.h"

/* The text of a column's role and key place is the enum's number: the file is made and read by the
 * same program. */
static bool read_column(sqlite3_stmt *s, struct column *c, struct fault *f)
{
    struct bytes name = sql_bytes(s, 0);
    int role = sqlite3_column_int(s, 1);
    if (name.n >= sizeof c->name || role < COLUMN_PARTITION || role > COLUMN_REGULAR)
        return fault_set(f, FAULT_DAMAGED, "a column of the embedded file is damaged");
    *c = (struct column){.role = (enum column_role)role, .position = sqlite3_column_int(s, 2)};
    memcpy(c->name, name.p, name.n);
    return type_parse(&c->type, sql_bytes(s, 3), f);
}

static bool read_columns(struct embedded *e, int64_t id, struct table *t, struct fault *f)
{
    sqlite3_stmt *s = sql_statement(e, SQL_COLUMN_LIST, f);
    if (!s)
        return false;
    sqlite3_bind_int64(s, 1, id);
    bool row, ok;
    while ((ok = sql_step(e, s, &row, f)) && row) {
        if (t->column_count >= TABLE_COLUMNS_MAX ||
            !read_column(s, &t->columns[t->column_count], f)) {
            ok = false;
            break;
        }
        t->column_count++;
    }
    sqlite3_reset(s);
    return ok && table_finish(t, f);
}

static bool find_id(struct embedded *e, const char *keyspace, const char *name, int64_t *id,
                    struct fault *f)
{
    sqlite3_stmt *s = sql_statement(e, SQL_TABLE_FIND, f);
    if (!s)
        return false;
    sql_bind_text(s, 1, keyspace);
    sql_bind_text(s, 2, name);
    bool row;
    if (!sql_step(e, s, &row, f))
        return false;
    *id = row ? sqlite3_column_int64(s, 0) : 0;
    sqlite3_reset(s);
    return true;
}

/* The columns are read into room for the most there can be, and kept at their size. */
static bool read_table(struct embedded *e, int64_t id, const char *keyspace, const char *name,
                       struct table **out, struct fault *f)
{
    struct arena room;
    arena_init(&room, (size_t)TABLE_COLUMNS_MAX * sizeof(struct column) + 65536);
    struct table t = {0};
    memcpy(t.keyspace, keyspace, strlen(keyspace) + 1);
    memcpy(t.name, name, strlen(name) + 1);
    t.columns = arena_array(&room, TABLE_COLUMNS_MAX, sizeof *t.columns);
    bool ok = t.columns != NULL || fault_memory(f);
    ok = ok && read_columns(e, id, &t, f);
    if (ok) {
        *out = table_copy(&e->arena, &t);
        ok = *out != NULL || fault_memory(f);
    }
    arena_fini(&room);
    return ok;
}

static const struct known_table *known(const struct embedded *e, const char *keyspace,
                                       const char *name)
{
    for (int i = 0; i < e->known_count; i++)
        if (strcmp(e->known[i].table->name, name) == 0 &&
            strcmp(e->known[i].table->keyspace, keyspace) == 0)
            return &e->known[i];
    return NULL;
}

static bool find_table(struct embedded *e, const char *keyspace, const char *name,
                       const struct known_table **out, struct fault *f)
{
    *out = known(e, keyspace, name);
    if (*out || strlen(keyspace) >= NAME_TEXT_MAX || strlen(name) >= NAME_TEXT_MAX)
        return true;
    int64_t id;
    if (!find_id(e, keyspace, name, &id, f))
        return false;
    if (id == 0)
        return true;
    if (e->known_count == EMBEDDED_TABLES_MAX)
        return fault_set(f, FAULT_SCHEMA, "the embedded file has more than %d tables",
                         EMBEDDED_TABLES_MAX);
    struct known_table *k = &e->known[e->known_count];
    if (!read_table(e, id, keyspace, name, &k->table, f))
        return false;
    k->id = id;
    e->known_count++;
    *out = k;
    return true;
}

bool embedded_table(struct embedded *e, const char *keyspace, const char *name,
                    const struct table **out, struct fault *f)
{
    const struct known_table *k;
    *out = NULL;
    if (!find_table(e, keyspace, name, &k, f))
        return false;
    if (k)
        *out = k->table;
    return true;
}

static bool same_columns(const struct table *a, const struct table *b)
{
    if (a->column_count != b->column_count || a->key_count != b->key_count)
        return false;
    for (int i = 0; i < a->column_count; i++)
        if (strcmp(a->columns[i].name, b->columns[i].name) != 0)
            return false;
    return true;
}

bool sql_table_id(struct embedded *e, const struct table *t, int64_t *id, struct fault *f)
{
    const struct known_table *k;
    if (!find_table(e, t->keyspace, t->name, &k, f))
        return false;
    if (!k || (k->table != t && !same_columns(k->table, t))) {
        fault_set(f, FAULT_SCHEMA,
                  k ? "the table has other columns in the embedded file"
                    : "the embedded file has no such table");
        return fault_subject(f, "%s.%s", t->keyspace, t->name);
    }
    *id = k->id;
    return true;
}

bool embedded_tables(struct embedded *e, const char *keyspace,
                     bool (*each)(void *context, const char *keyspace, const char *name),
                     void *context, struct fault *f)
{
    sqlite3_stmt *s = sql_statement(e, SQL_TABLE_LIST, f);
    if (!s)
        return false;
    sql_bind_text(s, 1, keyspace);
    bool row, ok;
    while ((ok = sql_step(e, s, &row, f)) && row)
        if (!each(context, (const char *)sqlite3_column_text(s, 0),
                  (const char *)sqlite3_column_text(s, 1)))
            break;
    sqlite3_reset(s);
    return ok;
}

static bool add_column(struct embedded *e, int64_t id, const struct column *c, struct fault *f)
{
    sqlite3_stmt *s = sql_statement(e, SQL_COLUMN_ADD, f);
    if (!s)
        return false;
    sqlite3_bind_int64(s, 1, id);
    sql_bind_text(s, 2, c->name);
    sqlite3_bind_int(s, 3, (int)c->role);
    sqlite3_bind_int(s, 4, c->position);
    sql_bind_text(s, 5, c->type.text);
    return sql_run(e, s, f);
}

static bool add_table(void *context, const struct table *t, bool if_not_exists, struct fault *f)
{
    struct embedded *e = context;
    int64_t id;
    if (!find_id(e, t->keyspace, t->name, &id, f))
        return false;
    if (id != 0) {
        if (if_not_exists)
            return true;
        fault_set(f, FAULT_SCHEMA, "the table is there already");
        return fault_subject(f, "%s.%s", t->keyspace, t->name);
    }
    sqlite3_stmt *s = sql_statement(e, SQL_TABLE_ADD, f);
    if (!s)
        return false;
    sql_bind_text(s, 1, t->keyspace);
    sql_bind_text(s, 2, t->name);
    if (!sql_run(e, s, f))
        return false;
    id = sqlite3_last_insert_rowid(e->db);
    for (int i = 0; i < t->column_count; i++)
        if (!add_column(e, id, &t->columns[i], f))
            return false;
    return true;
}

bool embedded_schema(struct embedded *e, struct bytes ddl, struct fault *f)
{
    struct arena a;
    if (ddl.n > EMBEDDED_SCHEMA_MAX)
        return fault_set(f, FAULT_USAGE, "the schema is longer than %d bytes", EMBEDDED_SCHEMA_MAX);
    arena_init(&a, (size_t)1 << 30);
    bool ok = embedded_begin(e, f);
    if (ok) {
        ok = ddl_read(ddl, &a, add_table, e, f) && embedded_commit(e, f);
        if (!ok)
            embedded_rollback(e);
    }
    arena_fini(&a);
    return ok;
}
