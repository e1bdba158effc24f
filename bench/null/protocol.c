#include "protocol.h"

#include <stdio.h>

#include "cql/wire/opcode.h"

enum { GLOBAL_TABLE = 1, HAS_MORE_PAGES = 2, NO_METADATA = 4 };
enum { WITH_VALUES = 1, SKIP_METADATA = 2, PAGE_SIZE = 4, PAGING_STATE = 8, WITH_NAMES = 0x40 };
enum { RESULT_VOID = 1, RESULT_ROWS = 2, RESULT_PREPARED = 4 };
enum { ERROR_SERVER = 0, ERROR_PROTOCOL = 0x0A, ERROR_INVALID = 0x2200 };

/* What a QUERY or EXECUTE carries beside its statement. */
struct parameters {
    struct bytes values[NULL_VALUES_MAX];
    int value_count;
    bool skip_metadata;
    uint64_t page_rows, at; /* |at|: of the paging state */
    bool has_state;
};

static size_t begin(struct buf *out, const struct null_request *r, enum cql_opcode opcode)
{
    buf_append_u8(out, (uint8_t)(0x80 | r->version));
    buf_append_u8(out, 0);
    buf_append_u16(out, (uint16_t)r->stream);
    buf_append_u8(out, (uint8_t)opcode);
    buf_append_u32(out, 0);
    return out->n;
}

static bool end(struct buf *out, size_t start)
{
    if (out->failed)
        return false;
    buf_put_u32(out, start - 4, (uint32_t)(out->n - start));
    return true;
}

static void append_string(struct buf *out, struct bytes text)
{
    buf_append_u16(out, (uint16_t)text.n);
    buf_append_bytes(out, text);
}

static bool answer_empty(struct buf *out, const struct null_request *r, enum cql_opcode opcode)
{
    return end(out, begin(out, r, opcode));
}

static bool answer_error(struct buf *out, const struct null_request *r, int code, const char *text)
{
    size_t start = begin(out, r, CQL_ERROR);
    buf_append_u32(out, (uint32_t)code);
    append_string(out, bytes_of(text));
    return end(out, start);
}

static bool answer_supported(const struct null_server *s, struct buf *out,
                             const struct null_request *r)
{
    size_t start = begin(out, r, CQL_SUPPORTED);
    buf_append_u16(out, 2);
    append_string(out, bytes_of("CQL_VERSION"));
    buf_append_u16(out, 1);
    append_string(out, bytes_of("3.4.7"));
    append_string(out, bytes_of("COMPRESSION"));
    buf_append_u16(out, s->lz4 ? 1 : 0);
    if (s->lz4)
        append_string(out, bytes_of("lz4"));
    return end(out, start);
}

static bool answer_startup(struct buf *out, struct null_request *r, bool *lz4)
{
    struct cql_strings options = cql_read_string_map(&r->body);
    struct bytes key, value;
    *lz4 = false;
    while (cql_string_map_next(&options, &key, &value))
        *lz4 = *lz4 || (bytes_are(key, "COMPRESSION") && bytes_are(value, "lz4"));
    return answer_empty(out, r, CQL_READY);
}

/* ---- statements ---- */

static void append_type(struct buf *out, enum null_type type)
{
    buf_append_u16(out, (uint16_t)type);
    if (type == NULL_SET_OF_TEXT || type == NULL_MAP_OF_TEXT)
        buf_append_u16(out, NULL_TEXT);
    if (type == NULL_MAP_OF_TEXT)
        buf_append_u16(out, NULL_TEXT);
}

static enum null_type type_of(const struct null_statement *st, const struct null_item *item)
{
    if (item->what == 'w')
        return NULL_BIGINT;
    if (item->what == 't')
        return NULL_INT;
    return st->table ? st->table->columns[item->column].type : null_system_type(item->name);
}

static void append_columns(struct buf *out, const struct null_statement *st)
{
    append_string(out, st->keyspace);
    append_string(out, st->name);
    for (int i = 0; i < st->item_count; i++) {
        append_string(out, st->items[i].name);
        append_type(out, type_of(st, &st->items[i]));
    }
}

/* The metadata of rows; |more|: where the next page begins, or 0. */
static void append_metadata(struct buf *out, const struct null_statement *st, bool skip,
                            uint64_t more)
{
    uint32_t flags = skip ? NO_METADATA : GLOBAL_TABLE;
    buf_append_u32(out, flags | (more ? HAS_MORE_PAGES : 0));
    buf_append_u32(out, (uint32_t)st->item_count);
    if (more) {
        buf_append_u32(out, 8);
        buf_append_u64(out, more);
    }
    if (!skip)
        append_columns(out, st);
}

static struct null_statement *find(struct null_server *s, struct bytes text)
{
    for (int i = 0; i < s->statement_count; i++)
        if (bytes_are(text, s->statements[i].text))
            return &s->statements[i];
    if (s->statement_count == NULL_STATEMENTS_MAX)
        return NULL;
    struct null_statement *st = &s->statements[s->statement_count];
    if (!null_statement_init(st, text))
        return NULL;
    s->statement_count++;
    return st;
}

static bool answer_unknown(struct buf *out, const struct null_request *r, struct bytes text)
{
    char words[400];
    snprintf(words, sizeof words, "the null server does not know this statement: %.*s",
             (int)(text.n < 300 ? text.n : 300), (const char *)text.p);
    return answer_error(out, r, ERROR_INVALID, words);
}

static void append_markers(struct buf *out, const struct null_request *r,
                           const struct null_statement *st)
{
    int key = -1;
    for (int i = 0; i < st->marker_count; i++)
        if (st->kind != NULL_SCAN && st->table && st->markers[i].column == 0)
            key = i;
    buf_append_u32(out, GLOBAL_TABLE);
    buf_append_u32(out, (uint32_t)st->marker_count);
    if (r->version >= 4)
        buf_append_u32(out, key >= 0 ? 1 : 0);
    if (r->version >= 4 && key >= 0)
        buf_append_u16(out, (uint16_t)key);
    append_string(out, st->keyspace);
    append_string(out, st->name);
    for (int i = 0; i < st->marker_count; i++) {
        append_string(out, st->markers[i].name);
        append_type(out, st->markers[i].type);
    }
}

static bool answer_prepare(struct null_server *s, struct buf *out, struct null_request *r)
{
    struct bytes text = cql_read_long_string(&r->body);
    struct null_statement *st = r->body.failed ? NULL : find(s, text);
    if (!st)
        return answer_unknown(out, r, text);
    size_t start = begin(out, r, CQL_RESULT);
    uint8_t id[2] = {0, (uint8_t)(st - s->statements)};
    buf_append_u32(out, RESULT_PREPARED);
    append_string(out, (struct bytes){id, sizeof id});
    if (r->version >= 5)
        append_string(out, (struct bytes){id, sizeof id});
    append_markers(out, r, st);
    append_metadata(out, st, false, 0);
    return end(out, start);
}

static bool read_parameters(struct null_request *r, struct parameters *p)
{
    struct cql_reader *b = &r->body;
    *p = (struct parameters){0};
    cql_read_u16(b); /* consistency */
    uint32_t flags = r->version >= 5 ? cql_read_u32(b) : cql_read_u8(b);
    if (flags & WITH_VALUES) {
        p->value_count = cql_read_u16(b);
        if (p->value_count > NULL_VALUES_MAX)
            return false;
        for (int i = 0; i < p->value_count; i++) {
            bool unset;
            if (flags & WITH_NAMES)
                cql_read_string(b);
            p->values[i] = cql_read_value(b, &unset);
        }
    }
    p->skip_metadata = flags & SKIP_METADATA;
    if (flags & PAGE_SIZE)
        p->page_rows = (uint64_t)cql_read_i32(b);
    if (flags & PAGING_STATE) {
        struct cql_reader state;
        cql_reader_init(&state, cql_read_bytes(b));
        p->at = (uint64_t)cql_read_i64(&state);
        p->has_state = !state.failed;
    }
    return !b->failed;
}

/* ---- answers with rows ---- */

static int64_t token_of(struct bytes value)
{
    struct cql_reader r;
    cql_reader_init(&r, value);
    return cql_read_i64(&r);
}

static bool answer_scan(struct null_server *s, struct null_statement *st,
                        const struct parameters *p, struct buf *out, const struct null_request *r)
{
    bool has_bounds = p->value_count >= 2;
    uint64_t at = has_bounds ? null_place(&s->space, token_of(p->values[0])) : 0;
    uint64_t last = has_bounds ? null_place(&s->space, token_of(p->values[1]))
                               : s->space.key_count * s->space.repeats;
    if (p->has_state)
        at = p->at < last ? p->at : last;
    uint64_t behind = at;
    uint64_t count = null_page_count(&s->space, st, &behind, last, p->page_rows);
    size_t start = begin(out, r, CQL_RESULT);
    buf_append_u32(out, RESULT_ROWS);
    append_metadata(out, st, p->skip_metadata, behind < last ? behind : 0);
    buf_append_u32(out, (uint32_t)count);
    s->scanned += behind - at;
    return null_page_append(&s->space, st, at, behind, out) && end(out, start);
}

/* A row for each key. */
static bool answer_rows(struct null_server *s, struct null_statement *st,
                        const struct parameters *p, struct buf *out, const struct null_request *r)
{
    size_t start = begin(out, r, CQL_RESULT);
    buf_append_u32(out, RESULT_ROWS);
    append_metadata(out, st, p->skip_metadata, 0);
    size_t count = out->n;
    uint32_t rows = 0;
    buf_append_u32(out, 0);
    bool has_key = false;
    for (int i = 0; i < st->marker_count && i < p->value_count && !out->failed; i++) {
        size_t row = out->n;
        bool is_key = st->markers[i].column == 0;
        bool is_last = i + 1 == st->marker_count && !has_key;
        if (!is_key && !is_last)
            continue;
        has_key = true;
        if (null_row_append(&s->space, st, is_key ? p->values[i] : bytes_null(), out))
            rows++;
        else
            out->n = row;
    }
    s->read += rows;
    if (!out->failed)
        buf_put_u32(out, count, rows);
    return end(out, start);
}

static bool answer_system(struct null_statement *st, const struct parameters *p, struct buf *out,
                          const struct null_request *r)
{
    int rows = null_system_rows(st->name, p->values, p->value_count);
    size_t start = begin(out, r, CQL_RESULT);
    buf_append_u32(out, RESULT_ROWS);
    append_metadata(out, st, p->skip_metadata, 0);
    buf_append_u32(out, (uint32_t)rows);
    for (int row = 0; row < rows; row++)
        for (int i = 0; i < st->item_count; i++) {
            size_t length = out->n;
            buf_append_u32(out, UINT32_MAX);
            if (null_system_cell(st->name, st->items[i].name, row, p->values, p->value_count,
                                 out) &&
                !out->failed)
                buf_put_u32(out, length, (uint32_t)(out->n - length - 4));
        }
    return end(out, start);
}

static bool answer_statement(struct null_server *s, struct null_statement *st, struct buf *out,
                             struct null_request *r)
{
    struct parameters p;
    if (!read_parameters(r, &p) || p.value_count != st->marker_count)
        return answer_error(out, r, ERROR_PROTOCOL, "the values do not fit the statement");
    size_t start;
    switch (st->kind) {
    case NULL_SCAN: return answer_scan(s, st, &p, out, r);
    case NULL_READ: return answer_rows(s, st, &p, out, r);
    case NULL_SYSTEM: return answer_system(st, &p, out, r);
    case NULL_UPDATE: break;
    }
    null_write(&s->space, st, p.values);
    for (int i = 0; i < st->marker_count; i++)
        s->written += st->markers[i].type == NULL_BIGINT;
    start = begin(out, r, CQL_RESULT);
    buf_append_u32(out, RESULT_VOID);
    return end(out, start);
}

static bool answer_execute(struct null_server *s, struct buf *out, struct null_request *r)
{
    struct bytes id = cql_read_short_bytes(&r->body);
    if (r->version >= 5)
        cql_read_short_bytes(&r->body);
    if (id.n != 2 || id.p[1] >= s->statement_count)
        return answer_error(out, r, ERROR_SERVER, "this statement was not prepared");
    return answer_statement(s, &s->statements[id.p[1]], out, r);
}

static bool answer_query(struct null_server *s, struct buf *out, struct null_request *r)
{
    struct bytes text = cql_read_long_string(&r->body);
    struct null_statement *st = r->body.failed ? NULL : find(s, text);
    return st ? answer_statement(s, st, out, r) : answer_unknown(out, r, text);
}

bool null_answer(struct null_server *s, struct null_request *r, bool *lz4, struct buf *out)
{
    if (r->version > s->version_max) {
        r->version = s->version_max;
        return answer_error(out, r, ERROR_PROTOCOL, "Invalid or unsupported protocol version");
    }
    switch (r->opcode) {
    case CQL_OPTIONS: return answer_supported(s, out, r);
    case CQL_STARTUP: return answer_startup(out, r, lz4);
    case CQL_REGISTER: return answer_empty(out, r, CQL_READY);
    case CQL_PREPARE: return answer_prepare(s, out, r);
    case CQL_EXECUTE: return answer_execute(s, out, r);
    case CQL_QUERY: return answer_query(s, out, r);
    default: return answer_error(out, r, ERROR_PROTOCOL, "the null server does not know this");
    }
}

void null_server_fini(struct null_server *s)
{
    for (int i = 0; i < s->statement_count; i++)
        null_statement_fini(&s->statements[i]);
    null_space_fini(&s->space);
}
