#include "embedded/rows.h"

#include "embedded/sql.h"

enum { KEY_BYTES_MAX = 1024 * 1024, PARTITION_PAGE = 256 };

/* Enough for a page of ordinary rows, and for a few very large ones. */
static const size_t page_bytes_max = (size_t)512 * 1024 * 1024;

static uint64_t mix(uint64_t h)
{
    h ^= h >> 33;
    h *= 0xff51afd7ed558ccdULL;
    h ^= h >> 33;
    h *= 0xc4ceb9fe1a85ec53ULL;
    return h ^ h >> 33;
}

static uint64_t hash_part(uint64_t h, struct bytes part)
{
    h = (h ^ part.n) * 0x100000001b3ULL;
    for (size_t i = 0; i < part.n; i++)
        h = (h ^ part.p[i]) * 0x100000001b3ULL;
    return h;
}

static int64_t token_of(const struct table *t, const struct bytes *key)
{
    uint64_t h = 0xcbf29ce484222325ULL;
    for (int i = 0; i < t->partition_count; i++)
        h = hash_part(h, key[i]);
    int64_t token = (int64_t)mix(h);
    return token == INT64_MIN ? INT64_MAX : token; /* a range's start is exclusive */
}

static bool key_parts(const struct table *t, const struct bytes *key, int count, struct buf *out,
                      struct fault *f)
{
    for (int i = 0; i < count; i++) {
        if (bytes_are_null(key[i]) || (t->partition_count == 1 && i == 0 && key[i].n == 0)) {
            fault_set(f, FAULT_USAGE, "the key column %s is %s", t->columns[i].name,
                      bytes_are_null(key[i]) ? "null" : "empty");
            return fault_subject(f, "%s.%s", t->keyspace, t->name);
        }
        if (key[i].n > KEY_BYTES_MAX)
            return fault_set(f, FAULT_USAGE, "a key is longer than %d bytes", KEY_BYTES_MAX);
        buf_append_u32(out, (uint32_t)key[i].n);
        buf_append_bytes(out, key[i]);
    }
    return !out->failed || fault_memory(f);
}

bool rows_key(const struct table *t, const struct bytes *key, struct buf *out, struct fault *f)
{
    return key_parts(t, key, t->key_count, out, f);
}

static bool split_key(const struct table *t, struct bytes packed, struct bytes *key)
{
    for (int i = 0; i < t->key_count; i++) {
        if (packed.n < 4)
            return false;
        size_t n = (size_t)packed.p[0] << 24 | (size_t)packed.p[1] << 16 |
                   (size_t)packed.p[2] << 8 | packed.p[3];
        if (packed.n - 4 < n)
            return false;
        key[i] = (struct bytes){packed.p + 4, n};
        packed = (struct bytes){packed.p + 4 + n, packed.n - 4 - n};
    }
    return packed.n == 0;
}

static sqlite3_stmt *row_statement(struct embedded *e, enum sql which, const struct table *t,
                                   const struct bytes *key, struct buf *packed, struct fault *f)
{
    int64_t id;
    buf_init(packed, (size_t)KEY_BYTES_MAX * 64);
    sqlite3_stmt *s = NULL;
    if (sql_table_id(e, t, &id, f) && rows_key(t, key, packed, f))
        s = sql_statement(e, which, f);
    if (s) {
        sqlite3_bind_int64(s, 1, id);
        sqlite3_bind_int64(s, 2, token_of(t, key));
        sql_bind_bytes(s, 3, buf_view(packed));
    }
    return s;
}

bool rows_read(struct embedded *e, const struct table *t, const struct bytes *key, struct arena *a,
               struct kept_row *out, struct fault *f)
{
    struct buf packed;
    bool row = false;
    sqlite3_stmt *s = row_statement(e, SQL_ROW_GET, t, key, &packed, f);
    bool ok = s && sql_step(e, s, &row, f);
    if (ok && row) {
        struct bytes blob = arena_copy(a, sql_bytes(s, 0));
        ok = !bytes_are_null(blob) ? kept_row_decode(blob, t, a, out, f) : fault_memory(f);
    } else if (ok) {
        ok = kept_row_new(a, t, out) || fault_memory(f);
    }
    if (s)
        sqlite3_reset(s);
    buf_fini(&packed);
    return ok;
}

bool rows_keep(struct embedded *e, const struct table *t, const struct bytes *key,
               const struct kept_row *row, struct fault *f)
{
    struct buf packed, blob;
    buf_init(&blob, KEPT_ROW_BYTES_MAX);
    sqlite3_stmt *s = row_statement(e, SQL_ROW_PUT, t, key, &packed, f);
    bool ok = s != NULL;
    if (ok && !kept_row_encode(row, &blob))
        ok = blob.no_memory ? fault_memory(f)
                            : fault_set(f, FAULT_UNSUPPORTED, "a row is larger than %d bytes",
                                        KEPT_ROW_BYTES_MAX);
    if (ok) {
        sql_bind_bytes(s, 4, buf_view(&blob));
        ok = sql_run(e, s, f);
    }
    if (s)
        sqlite3_clear_bindings(s);
    buf_fini(&blob);
    buf_fini(&packed);
    return ok;
}

/* One page of a scan: the rows are copied out before anybody is told of them. */
struct page {
    struct arena arena;
    struct bytes *keys; /* packed */
    struct bytes *blobs;
    int64_t *tokens;
    int count;
};

static bool page_read(struct embedded *e, int64_t id, int64_t token, struct bytes after,
                      int64_t end, int rows, struct page *p, struct fault *f)
{
    arena_reset(&p->arena);
    p->count = 0;
    p->keys = arena_array(&p->arena, (size_t)rows, sizeof *p->keys);
    p->blobs = arena_array(&p->arena, (size_t)rows, sizeof *p->blobs);
    p->tokens = arena_array(&p->arena, (size_t)rows, sizeof *p->tokens);
    if (!p->keys || !p->blobs || !p->tokens)
        return fault_memory(f);
    sqlite3_stmt *s = sql_statement(e, SQL_ROW_PAGE, f);
    if (!s)
        return false;
    sqlite3_bind_int64(s, 1, id);
    sqlite3_bind_int64(s, 2, token);
    sql_bind_bytes(s, 3, after);
    sqlite3_bind_int64(s, 4, end);
    sqlite3_bind_int(s, 5, rows);
    bool row, ok;
    while ((ok = sql_step(e, s, &row, f)) && row && p->count < rows) {
        p->tokens[p->count] = sqlite3_column_int64(s, 0);
        p->keys[p->count] = arena_copy(&p->arena, sql_bytes(s, 1));
        p->blobs[p->count] = arena_copy(&p->arena, sql_bytes(s, 2));
        if (bytes_are_null(p->keys[p->count]) || bytes_are_null(p->blobs[p->count])) {
            ok = fault_memory(f);
            break;
        }
        p->count++;
    }
    sqlite3_reset(s);
    sqlite3_clear_bindings(s);
    return ok;
}

struct walk {
    const struct table *table;
    int64_t table_id;
    int64_t token; /* after this token and key … */
    struct buf after;
    int64_t end; /* … up to this token */
    int page_rows;
    struct bytes prefix; /* null: all; else only keys that begin so */
    bool (*each)(void *context, const struct bytes *key, const struct kept_row *row,
                 struct fault *f);
    void *context;
};

static bool tell_row(const struct walk *w, struct page *p, int i, struct arena *room,
                     struct fault *f)
{
    struct kept_row row;
    struct bytes packed = p->keys[i];
    if (w->prefix.p && (packed.n < w->prefix.n || memcmp(packed.p, w->prefix.p, w->prefix.n) != 0))
        return true;
    arena_reset(room);
    struct bytes *key = arena_array(room, (size_t)w->table->key_count, sizeof *key);
    if (!key)
        return fault_memory(f);
    if (!split_key(w->table, packed, key))
        return fault_set(f, FAULT_DAMAGED, "a key of %s.%s is damaged in the embedded file",
                         w->table->keyspace, w->table->name);
    return kept_row_decode(p->blobs[i], w->table, room, &row, f) &&
           w->each(w->context, key, &row, f);
}

static bool walk(struct embedded *e, struct walk *w, struct fault *f)
{
    struct page p = {0};
    struct arena room;
    bool ok = sql_table_id(e, w->table, &w->table_id, f);
    arena_init(&p.arena, page_bytes_max);
    arena_init(&room, KEPT_ROW_BYTES_MAX);
    do {
        ok = ok &&
             page_read(e, w->table_id, w->token, buf_view(&w->after), w->end, w->page_rows, &p, f);
        for (int i = 0; ok && i < p.count; i++)
            ok = tell_row(w, &p, i, &room, f);
        if (ok && p.count) {
            w->token = p.tokens[p.count - 1];
            buf_clear(&w->after);
            ok = buf_append_bytes(&w->after, p.keys[p.count - 1]) || fault_memory(f);
        }
    } while (ok && p.count == w->page_rows);
    arena_fini(&room);
    arena_fini(&p.arena);
    buf_fini(&w->after);
    return ok;
}

bool rows_scan(struct embedded *e, const struct table *t, struct token_range range, int page_rows,
               bool (*each)(void *context, const struct bytes *key, const struct kept_row *row,
                            struct fault *f),
               void *context, struct fault *f)
{
    /* (start + 1, empty key) is the first place behind every key of |start|. */
    struct walk w = {.table = t,
                     .token = range.start == INT64_MAX ? INT64_MAX : range.start + 1,
                     .end = range.end,
                     .page_rows = page_rows,
                     .each = each,
                     .context = context};
    if (range.start >= range.end)
        return true;
    buf_init(&w.after, (size_t)KEY_BYTES_MAX * 64);
    return walk(e, &w, f);
}

bool rows_partition(struct embedded *e, const struct table *t, const struct bytes *partition,
                    bool (*each)(void *context, const struct bytes *key, const struct kept_row *row,
                                 struct fault *f),
                    void *context, struct fault *f)
{
    struct buf prefix;
    buf_init(&prefix, (size_t)KEY_BYTES_MAX * 64);
    bool ok = key_parts(t, partition, t->partition_count, &prefix, f);
    if (ok) {
        struct walk w = {.table = t,
                         .token = token_of(t, partition),
                         .end = token_of(t, partition),
                         .page_rows = PARTITION_PAGE,
                         .prefix = buf_view(&prefix),
                         .each = each,
                         .context = context};
        buf_init(&w.after, (size_t)KEY_BYTES_MAX * 64);
        ok = walk(e, &w, f);
    }
    buf_fini(&prefix);
    return ok;
}

struct token_range rows_range(int i, int count)
{
    uint64_t piece = UINT64_MAX / (uint64_t)count;
    struct token_range r = {
        .start = (int64_t)((uint64_t)INT64_MIN + piece * (uint64_t)i),
        .end =
            i + 1 == count ? INT64_MAX : (int64_t)((uint64_t)INT64_MIN + piece * (uint64_t)(i + 1)),
    };
    return r;
}
