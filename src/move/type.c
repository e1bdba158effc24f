#include "move/type.h"

#include <stdint.h>
#include <string.h>

static const struct {
    const char *name;
    enum type_kind kind;
    int parameters; /* 0: none; -1: one or more */
} types[] = {
    {"ascii", TYPE_ASCII, 0},       {"bigint", TYPE_BIGINT, 0},
    {"blob", TYPE_BLOB, 0},         {"boolean", TYPE_BOOLEAN, 0},
    {"counter", TYPE_COUNTER, 0},   {"date", TYPE_DATE, 0},
    {"decimal", TYPE_DECIMAL, 0},   {"double", TYPE_DOUBLE, 0},
    {"duration", TYPE_DURATION, 0}, {"float", TYPE_FLOAT, 0},
    {"inet", TYPE_INET, 0},         {"int", TYPE_INT, 0},
    {"list", TYPE_LIST, 1},         {"map", TYPE_MAP, 2},
    {"set", TYPE_SET, 1},           {"smallint", TYPE_SMALLINT, 0},
    {"text", TYPE_TEXT, 0},         {"varchar", TYPE_TEXT, 0},
    {"time", TYPE_TIME, 0},         {"timestamp", TYPE_TIMESTAMP, 0},
    {"timeuuid", TYPE_TIMEUUID, 0}, {"tinyint", TYPE_TINYINT, 0},
    {"tuple", TYPE_TUPLE, -1},      {"uuid", TYPE_UUID, 0},
    {"varint", TYPE_VARINT, 0},
};

static struct bytes trim(struct bytes b)
{
    while (b.n && b.p[0] == ' ') {
        b.p++;
        b.n--;
    }
    while (b.n && b.p[b.n - 1] == ' ')
        b.n--;
    return b;
}

/* Brackets outside quotes must close, and not more than TYPE_DEPTH_MAX of them stand open. */
static bool check_brackets(struct bytes text, struct fault *f)
{
    int depth = 0;
    uint8_t quote = 0;
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        if (c == '\0')
            return fault_set(f, FAULT_SCHEMA, "a column type contains a NUL byte");
        if (quote) {
            if (c == quote)
                quote = 0;
        } else if (c == '\'' || c == '"') {
            quote = c;
        } else if (c == '<') {
            if (++depth > TYPE_DEPTH_MAX)
                return fault_set(f, FAULT_SCHEMA, "a column type is nested deeper than %d levels",
                                 TYPE_DEPTH_MAX);
        } else if (c == '>' && --depth < 0) {
            break;
        }
    }
    if (depth != 0 || quote)
        return fault_set(f, FAULT_SCHEMA, "the brackets or quotes of a column type do not match");
    return true;
}

/* The |which|-th piece of "a, b<c, d>", split at the commas outside brackets and quotes. */
static bool parameter(struct bytes list, int which, struct bytes *out)
{
    int depth = 0;
    uint8_t quote = 0;
    size_t start = 0;
    for (size_t i = 0; i <= list.n; i++) {
        uint8_t c = i < list.n ? list.p[i] : ',';
        if (quote && i < list.n) {
            if (c == quote)
                quote = 0;
        } else if (c == '\'' || c == '"') {
            quote = c;
        } else if (c == '<') {
            depth++;
        } else if (c == '>') {
            depth--;
        } else if (c == ',' && depth == 0) {
            if (which-- == 0) {
                *out = trim((struct bytes){list.p + start, i - start});
                return out->n > 0;
            }
            start = i + 1;
        }
    }
    return false;
}

static int parameter_count(struct bytes list)
{
    struct bytes piece;
    int n = 0;
    while (parameter(list, n, &piece))
        n++;
    return n;
}

/* "list<text>" into "list" and "text"; |inner| is null for a plain name. */
static bool cut(struct bytes text, struct bytes *name, struct bytes *inner)
{
    const uint8_t *open = memchr(text.p, '<', text.n);
    *name = text;
    *inner = bytes_null();
    if (!open)
        return memchr(text.p, '>', text.n) == NULL;
    if (text.p[text.n - 1] != '>')
        return false;
    name->n = (size_t)(open - text.p);
    *name = trim(*name);
    *inner = trim((struct bytes){open + 1, (size_t)(text.p + text.n - 1 - (open + 1))});
    return true;
}

static bool is_identifier(struct bytes name)
{
    if (name.n >= 2 && name.p[0] == '"' && name.p[name.n - 1] == '"')
        return true;
    for (size_t i = 0; i < name.n; i++) {
        uint8_t c = name.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!letter && !(i > 0 && ((c >= '0' && c <= '9') || c == '.')))
            return false;
    }
    return name.n > 0;
}

static enum type_kind kind_of(struct bytes name, struct bytes inner)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (!bytes_are(name, types[i].name))
            continue;
        int have = bytes_are_null(inner) ? 0 : parameter_count(inner);
        bool fits = types[i].parameters < 0 ? have > 0 : have == types[i].parameters;
        return fits ? types[i].kind : TYPE_CUSTOM;
    }
    return bytes_are_null(inner) && is_identifier(name) ? TYPE_UDT : TYPE_CUSTOM;
}

bool type_parse(struct type *t, struct bytes text, struct fault *f)
{
    *t = (struct type){.kind = TYPE_CUSTOM};
    text = trim(text);
    if (text.n == 0)
        return fault_set(f, FAULT_SCHEMA, "a column has an empty type");
    if (text.n >= TYPE_TEXT_MAX)
        return fault_set(f, FAULT_SCHEMA, "a column type is longer than %d bytes",
                         TYPE_TEXT_MAX - 1);
    if (!check_brackets(text, f))
        return false;
    memcpy(t->text, text.p, text.n);
    if (text.p[0] == '\'')
        return true;
    struct bytes name, inner;
    if (!cut(text, &name, &inner))
        return fault_set(f, FAULT_SCHEMA, "the type \"%s\" does not end with its bracket", t->text);
    while (bytes_are(name, "frozen") && !bytes_are_null(inner)) {
        t->frozen = true;
        text = inner;
        if (text.n == 0 || !cut(text, &name, &inner))
            return fault_set(f, FAULT_SCHEMA, "the type \"%s\" freezes nothing", t->text);
    }
    t->kind = kind_of(name, inner);
    return true;
}

bool type_is_multicell(const struct type *t)
{
    return !t->frozen && (t->kind == TYPE_LIST || t->kind == TYPE_SET || t->kind == TYPE_MAP ||
                          t->kind == TYPE_UDT);
}

bool type_element(const struct type *t, int which, struct type *out)
{
    bool one = t->kind == TYPE_LIST || t->kind == TYPE_SET;
    bool more = t->kind == TYPE_MAP || t->kind == TYPE_TUPLE;
    if (which < 0 || !(more || (one && which == 0)))
        return false;
    struct bytes name, inner, piece;
    if (!cut(bytes_of(t->text), &name, &inner))
        return false;
    while (bytes_are(name, "frozen") && !bytes_are_null(inner)) {
        struct bytes text = inner;
        if (text.n == 0 || !cut(text, &name, &inner))
            return false;
    }
    return !bytes_are_null(inner) && parameter(inner, which, &piece) &&
           type_parse(out, piece, NULL);
}
