#include "embedded/nodes.h"

#include "embedded/sql.h"

bool nodes_write(struct embedded *e, int64_t id, const struct kept_property *p, struct fault *f)
{
    bool gone = bytes_are_null(p->value);
    sqlite3_stmt *s = sql_statement(e, gone ? SQL_PROPERTY_DROP : SQL_PROPERTY_PUT, f);
    if (!s)
        return false;
    sqlite3_bind_int64(s, 1, id);
    sql_bind_text(s, 2, p->name);
    if (!gone) {
        sqlite3_bind_int(s, 3, p->is_list);
        sql_bind_bytes(s, 4, p->value);
    }
    return sql_run(e, s, f);
}

bool nodes_add(struct embedded *e, const char *label, const struct kept_property *properties,
               int count, int64_t *id, struct fault *f)
{
    sqlite3_stmt *s = sql_statement(e, SQL_NODE_ADD, f);
    if (!s)
        return false;
    sql_bind_text(s, 1, label);
    if (!sql_run(e, s, f))
        return false;
    *id = sqlite3_last_insert_rowid(e->db);
    for (int i = 0; i < count; i++)
        if (!nodes_write(e, *id, &properties[i], f))
            return false;
    return true;
}

bool nodes_exist(struct embedded *e, const char *label, int64_t id, bool *exists, struct fault *f)
{
    sqlite3_stmt *s = sql_statement(e, SQL_NODE_GET, f);
    if (!s)
        return false;
    sqlite3_bind_int64(s, 1, id);
    sql_bind_text(s, 2, label);
    bool ok = sql_step(e, s, exists, f);
    sqlite3_reset(s);
    return ok;
}

bool nodes_read(struct embedded *e, int64_t id, struct kept_property *p, struct arena *a,
                struct fault *f)
{
    bool row;
    p->value = bytes_null();
    sqlite3_stmt *s = sql_statement(e, SQL_PROPERTY_GET, f);
    if (!s)
        return false;
    sqlite3_bind_int64(s, 1, id);
    sql_bind_text(s, 2, p->name);
    bool ok = sql_step(e, s, &row, f);
    if (ok && row) {
        p->is_list = sqlite3_column_int(s, 0) != 0;
        p->value = arena_copy(a, sql_bytes(s, 1));
        ok = !bytes_are_null(p->value) || fault_memory(f);
    }
    sqlite3_reset(s);
    return ok;
}

bool nodes_page(struct embedded *e, const char *label, int64_t after, int64_t *out, int max,
                int *count, struct fault *f)
{
    *count = 0;
    sqlite3_stmt *s = sql_statement(e, SQL_NODE_PAGE, f);
    if (!s)
        return false;
    sql_bind_text(s, 1, label);
    sqlite3_bind_int64(s, 2, after);
    sqlite3_bind_int(s, 3, max);
    bool row, ok;
    while ((ok = sql_step(e, s, &row, f)) && row && *count < max)
        out[(*count)++] = sqlite3_column_int64(s, 0);
    sqlite3_reset(s);
    return ok;
}

bool nodes_count(struct embedded *e, const char *label, uint64_t *out, struct fault *f)
{
    bool row;
    sqlite3_stmt *s = sql_statement(e, SQL_NODE_COUNT, f);
    if (!s)
        return false;
    sql_bind_text(s, 1, label);
    if (!sql_step(e, s, &row, f))
        return false;
    *out = row ? (uint64_t)sqlite3_column_int64(s, 0) : 0;
    sqlite3_reset(s);
    return true;
}
