#include "cql/wire/column_type.h"

#include <stddef.h>
#include <string.h>

enum {
    ID_CUSTOM = 0x00,
    ID_LIST = 0x20,
    ID_MAP = 0x21,
    ID_SET = 0x22,
    ID_UDT = 0x30,
    ID_TUPLE = 0x31
};

struct known {
    uint16_t id;
    enum type_kind kind;
    const char *name;
};

static const struct known known_types[] = {
    {ID_CUSTOM, TYPE_CUSTOM, "custom"},  {0x01, TYPE_ASCII, "ascii"},
    {0x02, TYPE_BIGINT, "bigint"},       {0x03, TYPE_BLOB, "blob"},
    {0x04, TYPE_BOOLEAN, "boolean"},     {0x05, TYPE_COUNTER, "counter"},
    {0x06, TYPE_DECIMAL, "decimal"},     {0x07, TYPE_DOUBLE, "double"},
    {0x08, TYPE_FLOAT, "float"},         {0x09, TYPE_INT, "int"},
    {0x0A, TYPE_TEXT, "text"}, /* v1 and v2; some servers still send it */
    {0x0B, TYPE_TIMESTAMP, "timestamp"}, {0x0C, TYPE_UUID, "uuid"},
    {0x0D, TYPE_TEXT, "text"},           {0x0E, TYPE_VARINT, "varint"},
    {0x0F, TYPE_TIMEUUID, "timeuuid"},   {0x10, TYPE_INET, "inet"},
    {0x11, TYPE_DATE, "date"},           {0x12, TYPE_TIME, "time"},
    {0x13, TYPE_SMALLINT, "smallint"},   {0x14, TYPE_TINYINT, "tinyint"},
    {0x15, TYPE_DURATION, "duration"},   {ID_LIST, TYPE_LIST, "list"},
    {ID_MAP, TYPE_MAP, "map"},           {ID_SET, TYPE_SET, "set"},
    {ID_UDT, TYPE_UDT, "udt"},           {ID_TUPLE, TYPE_TUPLE, "tuple"},
};

static const struct known *find(uint16_t id)
{
    for (size_t i = 0; i < sizeof known_types / sizeof known_types[0]; i++)
        if (known_types[i].id == id)
            return &known_types[i];
    return NULL;
}

/* The text being written; NULL |text|: only checked. */
struct writer {
    char *text;
    size_t n;
};

static void put(struct writer *w, const char *p, size_t n)
{
    if (!w->text)
        return;
    if (n > TYPE_TEXT_MAX - 1 - w->n)
        n = TYPE_TEXT_MAX - 1 - w->n;
    memcpy(w->text + w->n, p, n);
    w->n += n;
}

static void put_text(struct writer *w, const char *text)
{
    put(w, text, strlen(text));
}

static void put_bytes(struct writer *w, struct bytes b)
{
    if (b.p)
        put(w, (const char *)b.p, b.n);
}

static void walk(struct cql_reader *r, struct writer *w, int depth);

static void walk_elements(struct cql_reader *r, struct writer *w, int depth, int count)
{
    put_text(w, "<");
    for (int i = 0; i < count && !r->failed; i++) {
        if (i > 0)
            put_text(w, ", ");
        walk(r, w, depth + 1);
    }
    put_text(w, ">");
}

/* A user type is written by its name; its fields are only checked. */
static void walk_udt(struct cql_reader *r, struct writer *w, int depth)
{
    struct writer silent = {NULL, 0};
    cql_read_string(r);
    put_bytes(w, cql_read_string(r));
    int fields = cql_read_u16(r);
    for (int i = 0; i < fields && !r->failed; i++) {
        cql_read_string(r);
        walk(r, &silent, depth + 1);
    }
}

static void walk(struct cql_reader *r, struct writer *w, int depth)
{
    uint16_t id = cql_read_u16(r);
    const struct known *k = find(id);
    if (!k || depth >= CQL_TYPE_DEPTH_MAX)
        r->failed = true;
    if (r->failed)
        return;
    if (id == ID_CUSTOM) {
        put_text(w, "'");
        put_bytes(w, cql_read_string(r));
        put_text(w, "'");
        return;
    }
    if (id == ID_UDT) {
        walk_udt(r, w, depth);
        return;
    }
    put_text(w, k->name);
    if (id == ID_LIST || id == ID_SET)
        walk_elements(r, w, depth, 1);
    else if (id == ID_MAP)
        walk_elements(r, w, depth, 2);
    else if (id == ID_TUPLE)
        walk_elements(r, w, depth, cql_read_u16(r));
}

struct bytes cql_skip_type(struct cql_reader *r)
{
    struct writer silent = {NULL, 0};
    struct cql_reader before = *r;
    walk(r, &silent, 0);
    return r->failed ? bytes_null() : (struct bytes){before.p, before.n - r->n};
}

void cql_type_of(struct bytes option, struct type *out)
{
    *out = (struct type){.kind = TYPE_CUSTOM};
    struct cql_reader r;
    cql_reader_init(&r, option);
    const struct known *k = find(cql_read_u16(&r));
    if (k && !r.failed)
        out->kind = k->kind;
    cql_reader_init(&r, option);
    struct writer w = {out->text, 0};
    walk(&r, &w, 0);
}
