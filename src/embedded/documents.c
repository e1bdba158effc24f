#include "embedded/documents.h"

#include <stdio.h>
#include <string.h>

#include "embedded/rows.h"
#include "embedded/sql.h"
#include "move/type.h"

enum { DOCUMENT_BYTES_MAX = 64 * 1024 * 1024, SCAN_PAGE = 1000, TABLES_MAX = 16 };

/* Everything one build needs. */
struct build {
    struct embedded *file;
    struct arena *arena;
    int64_t now;
    struct bytes id;
    struct buf list; /* of organisations */
    uint32_t list_count;
};

/* The tables of one name, of every keyspace. */
struct named {
    const char *name;
    char keyspaces[TABLES_MAX][NAME_TEXT_MAX];
    int count;
};

static bool keep_named(void *context, const char *keyspace, const char *name)
{
    struct named *n = context;
    if (strcmp(name, n->name) == 0 && n->count < TABLES_MAX && strlen(keyspace) < NAME_TEXT_MAX)
        memcpy(n->keyspaces[n->count++], keyspace, strlen(keyspace) + 1);
    return true;
}

static struct bytes live(const struct build *b, const struct table *t, const struct bytes *key,
                         const struct kept_row *r, const char *column)
{
    int i = table_column(t, column);
    if (i < 0)
        return bytes_null();
    if (i < t->key_count)
        return key[i];
    return kept_cell_is_live(&r->cells[i], b->now) ? r->cells[i].value : bytes_null();
}

static bool is_deleted(const struct build *b, const struct table *t, const struct kept_row *r)
{
    bool deleted = false;
    struct bytes value = live(b, t, NULL, r, "isdeleted");
    return value_boolean(value, &deleted) && deleted;
}

/* Not the opposite of is_deleted: a membership that does not say is left out, by both generations of the service. */
static bool is_kept(const struct build *b, const struct table *t, const struct kept_row *r)
{
    bool deleted = true;
    struct bytes value = live(b, t, NULL, r, "isdeleted");
    return value_boolean(value, &deleted) && !deleted;
}

static bool put(struct build *b, enum document_kind kind, const struct kept_document *d,
                struct fault *f)
{
    sqlite3_stmt *s = sql_statement(b->file, SQL_DOCUMENT_PUT, f);
    if (!s)
        return false;
    sqlite3_bind_int(s, 1, (int)kind);
    sql_bind_bytes(s, 2, b->id);
    sql_bind_bytes(s, 3, d->root_org_id);
    sql_bind_bytes(s, 4, d->channel);
    sql_bind_bytes(s, 5, d->status);
    sql_bind_bytes(s, 6, d->organisations);
    sql_bind_bytes(s, 7, d->created_for);
    bool ok = sql_run(b->file, s, f);
    sqlite3_clear_bindings(s);
    return ok;
}

/* ---- memberships ---- */

static void add_organisation(struct build *b, const struct table *t, const struct bytes *key,
                             const struct kept_row *row)
{
    struct bytes id = live(b, t, key, row, "organisationid");
    if (!kept_row_is_live(row, b->now) || !is_kept(b, t, row) || bytes_are_null(id))
        return;
    list_add(&b->list, id);
    b->list_count++;
}

struct walk_members {
    struct build *build;
    const struct table *table;
};

static bool add_member(void *context, const struct bytes *key, const struct kept_row *row,
                       struct fault *f)
{
    struct walk_members *w = context;
    (void)f;
    add_organisation(w->build, w->table, key, row);
    return true;
}

/* user_org has its own id as key and Cassandra an index on userid; here it is a table of the
 * connection, made again when another connection has written since. A membership never goes from
 * one user to another. */
static bool index_member(void *context, const struct bytes *key, const struct kept_row *row,
                         struct fault *f)
{
    struct walk_members *w = context;
    struct bytes user = live(w->build, w->table, key, row, "userid");
    if (bytes_are_null(user))
        return true;
    sqlite3_stmt *s = sql_statement(w->build->file, SQL_MEMBER_ADD, f);
    if (!s)
        return false;
    sql_bind_bytes(s, 1, user);
    sql_bind_bytes(s, 2, key[0]);
    return sql_run(w->build->file, s, f);
}

static bool make_member_index(struct build *b, const struct table *t, struct fault *f)
{
    struct embedded *e = b->file;
    int64_t version = embedded_version(e);
    if (e->members_version == version && version != 0)
        return true;
    struct walk_members w = {.build = b, .table = t};
    sqlite3_stmt *make = sql_statement(e, SQL_MEMBER_TABLE, f);
    if (!make || !sql_run(e, make, f))
        return false;
    sqlite3_stmt *clear = sql_statement(e, SQL_MEMBER_CLEAR, f);
    if (!clear || !sql_run(e, clear, f) ||
        !rows_scan(e, t, rows_range(0, 1), SCAN_PAGE, index_member, &w, f))
        return false;
    e->members_version = version;
    return true;
}

static bool add_indexed_members(struct build *b, const struct table *t, struct fault *f)
{
    if (!make_member_index(b, t, f))
        return false;
    sqlite3_stmt *s = sql_statement(b->file, SQL_MEMBER_LIST, f);
    if (!s)
        return false;
    sql_bind_bytes(s, 1, b->id);
    bool row, ok;
    while ((ok = sql_step(b->file, s, &row, f)) && row) {
        struct kept_row member;
        struct bytes key = arena_copy(b->arena, sql_bytes(s, 0));
        ok = !bytes_are_null(key) || fault_memory(f);
        ok = ok && rows_read(b->file, t, &key, b->arena, &member, f);
        if (!ok)
            break;
        add_organisation(b, t, &key, &member);
    }
    sqlite3_reset(s);
    return ok;
}

static bool add_members(struct build *b, const char *keyspace, struct fault *f)
{
    const struct table *by_user, *by_id;
    if (!embedded_table(b->file, keyspace, "user_organisation", &by_user, f) ||
        !embedded_table(b->file, keyspace, "user_org", &by_id, f))
        return false;
    struct walk_members w = {.build = b, .table = by_user};
    if (by_user && !rows_partition(b->file, by_user, &b->id, add_member, &w, f))
        return false;
    /* The service reads one of the two: the newer, where there is one. */
    return by_user || !by_id || add_indexed_members(b, by_id, f);
}

/* ---- the three kinds ---- */

static bool build_user(struct build *b, const struct table *t, const struct kept_row *row,
                       struct fault *f)
{
    if (is_deleted(b, t, row))
        return true;
    size_t start = list_begin(&b->list);
    if (!add_members(b, t->keyspace, f))
        return false;
    list_end(&b->list, start, b->list_count);
    if (b->list.failed)
        return fault_memory(f);
    struct kept_document d = {.root_org_id = live(b, t, &b->id, row, "rootorgid"),
                              .channel = live(b, t, &b->id, row, "channel"),
                              .organisations = buf_view(&b->list)};
    return put(b, DOCUMENT_USER, &d, f);
}

static bool build_organisation(struct build *b, const struct table *t, const struct kept_row *row,
                               struct fault *f)
{
    char text[16];
    int32_t status;
    struct kept_document d = {.root_org_id = live(b, t, &b->id, row, "rootorgid"),
                              .channel = live(b, t, &b->id, row, "channel")};
    if (value_int(live(b, t, &b->id, row, "status"), &status)) {
        snprintf(text, sizeof text, "%d", (int)status);
        d.status = bytes_of(text);
    }
    return put(b, DOCUMENT_ORGANISATION, &d, f);
}

/* Users and organisations: tables with the one key column id. */
static bool build_by_id(struct build *b, const char *name, enum document_kind kind, struct fault *f)
{
    struct named n = {.name = name};
    if (!embedded_tables(b->file, NULL, keep_named, &n, f))
        return false;
    for (int i = 0; i < n.count; i++) {
        const struct table *t;
        struct kept_row row;
        if (!embedded_table(b->file, n.keyspaces[i], name, &t, f))
            return false;
        if (!t || t->key_count != 1)
            continue;
        if (!rows_read(b->file, t, &b->id, b->arena, &row, f))
            return false;
        if (!kept_row_is_live(&row, b->now))
            continue;
        return kind == DOCUMENT_USER ? build_user(b, t, &row, f)
                                     : build_organisation(b, t, &row, f);
    }
    return true;
}

static bool build_batch_from(struct build *b, const struct named *n, const struct bytes *key,
                             int parts, bool *found, struct fault *f)
{
    for (int i = 0; i < n->count; i++) {
        const struct table *t;
        struct kept_row row;
        if (!embedded_table(b->file, n->keyspaces[i], n->name, &t, f))
            return false;
        if (!t || t->key_count != parts)
            continue;
        if (!rows_read(b->file, t, key, b->arena, &row, f))
            return false;
        if (!kept_row_is_live(&row, b->now))
            continue;
        struct kept_document d = {.created_for = live(b, t, key, &row, "createdfor")};
        *found = true;
        return put(b, DOCUMENT_BATCH, &d, f);
    }
    return true;
}

static bool build_batch(struct build *b, struct bytes course_id, struct fault *f)
{
    struct named n = {.name = "course_batch"};
    if (!embedded_tables(b->file, NULL, keep_named, &n, f))
        return false;
    /* The newer table names a batch by course and batch; the older one, by the batch alone. */
    const struct bytes both[2] = {course_id, b->id};
    for (int parts = bytes_are_null(course_id) ? 1 : 2; parts > 0; parts--) {
        bool found = false;
        if (!build_batch_from(b, &n, parts == 2 ? both : &b->id, parts, &found, f))
            return false;
        if (found)
            return true;
    }
    return true;
}

bool documents_build(struct embedded *e, enum document_kind kind, struct bytes id,
                     struct bytes course_id, int64_t now, struct fault *f)
{
    struct arena a;
    struct build b = {.file = e, .arena = &a, .now = now, .id = id};
    bool ok = true;
    if (bytes_are_null(id) || id.n == 0)
        return true;
    arena_init(&a, DOCUMENT_BYTES_MAX);
    buf_init(&b.list, DOCUMENT_BYTES_MAX);
    switch (kind) {
    case DOCUMENT_USER: ok = build_by_id(&b, "user", kind, f); break;
    case DOCUMENT_ORGANISATION: ok = build_by_id(&b, "organisation", kind, f); break;
    case DOCUMENT_BATCH: ok = build_batch(&b, course_id, f); break;
    }
    buf_fini(&b.list);
    arena_fini(&a);
    return ok;
}

bool documents_read(struct embedded *e, enum document_kind kind, struct bytes id, struct arena *a,
                    struct kept_document *out, struct fault *f)
{
    *out = (struct kept_document){0};
    sqlite3_stmt *s = sql_statement(e, SQL_DOCUMENT_GET, f);
    if (!s)
        return false;
    sqlite3_bind_int(s, 1, (int)kind);
    sql_bind_bytes(s, 2, id);
    bool ok = sql_step(e, s, &out->found, f);
    struct bytes *const fields[] = {&out->root_org_id, &out->channel, &out->status,
                                    &out->organisations, &out->created_for};
    for (int i = 0; ok && out->found && i < 5; i++) {
        struct bytes value = sql_bytes(s, i);
        *fields[i] = arena_copy(a, value);
        if (!bytes_are_null(value) && bytes_are_null(*fields[i]))
            ok = fault_memory(f);
    }
    sqlite3_reset(s);
    return ok;
}
