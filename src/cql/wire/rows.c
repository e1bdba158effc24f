#include "cql/wire/rows.h"

#include "cql/wire/column_type.h"

/* Flags of metadata. */
enum {
    GLOBAL_TABLE = 0x01,
    HAS_MORE_PAGES = 0x02,
    NO_METADATA = 0x04,
    METADATA_CHANGED = 0x08,
};

static bool ends_early(struct fault *f)
{
    return fault_set(f, FAULT_PROTOCOL, "a RESULT message ends inside its metadata");
}

static void read_column(struct cql_reader *r, const struct cql_columns *c, struct cql_column *out)
{
    *out = (struct cql_column){.keyspace = c->keyspace, .table = c->table};
    if (!c->global) {
        out->keyspace = cql_read_string(r);
        out->table = cql_read_string(r);
    }
    out->name = cql_read_string(r);
    out->type = cql_skip_type(r);
}

/* Reads table and columns, and remembers where the columns are. Each takes bytes, so a lying count
 * ends with the input. */
static void read_specs(struct cql_reader *r, struct cql_columns *c)
{
    if (c->global) {
        c->keyspace = cql_read_string(r);
        c->table = cql_read_string(r);
    }
    struct cql_reader before = *r;
    struct cql_column column;
    for (int i = 0; i < c->count && !r->failed; i++)
        read_column(r, c, &column);
    c->specs = (struct bytes){before.p, before.n - r->n};
    c->have_specs = true;
}

bool cql_columns_decode(struct cql_reader *r, int version, struct cql_columns *out, struct fault *f)
{
    *out = (struct cql_columns){0};
    uint32_t flags = cql_read_u32(r);
    out->count = cql_read_i32(r);
    out->global = flags & GLOBAL_TABLE;
    if (flags & HAS_MORE_PAGES) {
        out->paging_state = cql_read_bytes(r);
        if (out->paging_state.n == 0 && !r->failed)
            return fault_set(f, FAULT_PROTOCOL, "there are more rows, and no way to ask for them");
    }
    if (version >= 5 && flags & METADATA_CHANGED)
        out->new_id = cql_read_short_bytes(r);
    if (out->count < 0)
        r->failed = true;
    if (!(flags & NO_METADATA) && !r->failed)
        read_specs(r, out);
    return !r->failed || ends_early(f);
}

bool cql_markers_decode(struct cql_reader *r, int version, struct cql_columns *out,
                        struct bytes *key_indices, struct fault *f)
{
    *out = (struct cql_columns){0};
    *key_indices = bytes_null();
    uint32_t flags = cql_read_u32(r);
    out->count = cql_read_i32(r);
    out->global = flags & GLOBAL_TABLE;
    if (version >= 4) {
        int32_t keys = cql_read_i32(r);
        if (keys < 0 || (size_t)keys > r->n / 2)
            r->failed = true;
        else
            *key_indices = cql_read_raw(r, (size_t)keys * 2);
    }
    if (out->count < 0)
        r->failed = true;
    if (!r->failed)
        read_specs(r, out);
    return !r->failed || ends_early(f);
}

struct cql_column_walk cql_columns_first(const struct cql_columns *columns)
{
    struct cql_column_walk w = {.columns = columns,
                                .left = columns->have_specs ? columns->count : 0};
    cql_reader_init(&w.reader, columns->specs);
    return w;
}

bool cql_columns_next(struct cql_column_walk *w, struct cql_column *out)
{
    if (w->left <= 0)
        return false;
    w->left--;
    read_column(&w->reader, w->columns, out);
    return !w->reader.failed;
}

bool cql_rows_decode(struct cql_reader *r, int version, struct cql_rows *out, struct fault *f)
{
    *out = (struct cql_rows){0};
    if (!cql_columns_decode(r, version, &out->columns, f))
        return false;
    out->count = cql_read_i32(r);
    if (r->failed || out->count < 0)
        return fault_set(f, FAULT_PROTOCOL, "a RESULT message has no count of rows");
    /* A cell takes 4 bytes at least; a row without columns would let a count of 2^31 run on. */
    size_t least = 4 * (size_t)out->columns.count;
    if (out->count > 0 && (least == 0 || (size_t)out->count > r->n / least))
        return fault_set(f, FAULT_PROTOCOL,
                         "a RESULT message announces %d rows of %d columns in %zu bytes",
                         out->count, out->columns.count, r->n);
    out->left = out->count;
    out->reader = *r;
    return true;
}

int cql_rows_next(struct cql_rows *rows, struct bytes *cells, int count, struct fault *f)
{
    if (count != rows->columns.count)
        return fault_set(f, FAULT_PROTOCOL, "the server sends %d columns where %d were asked for",
                         rows->columns.count, count),
               -1;
    if (rows->left == 0)
        return 0;
    for (int i = 0; i < count; i++)
        cells[i] = cql_read_bytes(&rows->reader);
    if (rows->reader.failed)
        return fault_set(f, FAULT_PROTOCOL, "a RESULT message ends inside row %d of %d",
                         rows->count - rows->left + 1, rows->count),
               -1;
    rows->left--;
    return 1;
}
