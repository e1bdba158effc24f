#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_write.h"
#include "base/utf8.h"
#include "move/number_print.h"
#include "move/type.h"

/* People read a lone text as it is; inside a collection, and in JSON, it is quoted. */
enum style { STYLE_PEOPLE, STYLE_JSON };

static void print(const struct type *t, struct bytes value, enum style style, struct buf *out);

static void print_hex(struct bytes value, struct buf *out)
{
    static const char digits[] = "0123456789abcdef";
    buf_append_text(out, "0x");
    for (size_t i = 0; i < value.n; i++) {
        buf_append_char(out, digits[value.p[i] >> 4]);
        buf_append_char(out, digits[value.p[i] & 15]);
    }
}

static void print_inet(struct bytes value, struct buf *out)
{
    char text[INET6_ADDRSTRLEN] = "";
    inet_ntop(value.n == 4 ? AF_INET : AF_INET6, value.p, text, sizeof text);
    buf_append_text(out, text);
}

static void print_uuid(struct bytes value, struct buf *out)
{
    for (size_t i = 0; i < 16; i++)
        buf_printf(out, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", value.p[i]);
}

/* Whole and undamaged: the right length for its kind. Kinds of free length are looked at elsewhere.
 */
static bool has_length(enum type_kind kind, size_t n)
{
    switch (kind) {
    case TYPE_BOOLEAN:
    case TYPE_TINYINT: return n == 1;
    case TYPE_SMALLINT: return n == 2;
    case TYPE_INT:
    case TYPE_FLOAT:
    case TYPE_DATE: return n == 4;
    case TYPE_BIGINT:
    case TYPE_COUNTER:
    case TYPE_DOUBLE:
    case TYPE_TIME:
    case TYPE_TIMESTAMP: return n == 8;
    case TYPE_UUID:
    case TYPE_TIMEUUID: return n == 16;
    case TYPE_INET: return n == 4 || n == 16;
    case TYPE_VARINT: return n >= 1;
    case TYPE_DECIMAL: return n >= 5;
    case TYPE_ASCII:
    case TYPE_BLOB:
    case TYPE_CUSTOM:
    case TYPE_DURATION:
    case TYPE_LIST:
    case TYPE_MAP:
    case TYPE_SET:
    case TYPE_TEXT:
    case TYPE_TUPLE:
    case TYPE_UDT: return true;
    }
    return false;
}

/* Numbers and booleans: the same for people and in JSON. False: |t| is none of these. */
static bool print_plain(const struct type *t, struct bytes value, struct buf *out)
{
    switch (t->kind) {
    case TYPE_BOOLEAN: return buf_append_text(out, value.p[0] ? "true" : "false"), true;
    case TYPE_TINYINT:
    case TYPE_SMALLINT:
    case TYPE_INT:
    case TYPE_BIGINT:
    case TYPE_COUNTER: return buf_printf(out, "%" PRId64, number_signed(value)), true;
    case TYPE_VARINT: return number_print_varint(value, out);
    case TYPE_DECIMAL: return number_print_decimal(value, out);
    case TYPE_FLOAT:
    case TYPE_DOUBLE: return number_print_float(value, out);
    case TYPE_ASCII:
    case TYPE_BLOB:
    case TYPE_CUSTOM:
    case TYPE_DATE:
    case TYPE_DURATION:
    case TYPE_INET:
    case TYPE_LIST:
    case TYPE_MAP:
    case TYPE_SET:
    case TYPE_TEXT:
    case TYPE_TIME:
    case TYPE_TIMESTAMP:
    case TYPE_TIMEUUID:
    case TYPE_TUPLE:
    case TYPE_UDT:
    case TYPE_UUID: return false;
    }
    return false;
}

/* What JSON puts between quotes, though it needs no escapes. */
static bool print_word(const struct type *t, struct bytes value, struct buf *out)
{
    switch (t->kind) {
    case TYPE_DATE:
        return number_print_date((int64_t)(uint32_t)number_signed(value) - INT64_C(0x80000000),
                                 out);
    case TYPE_TIME: return number_print_time(number_signed(value), out);
    case TYPE_TIMESTAMP: return number_print_timestamp(number_signed(value), out);
    case TYPE_DURATION: return number_print_duration(value, out);
    case TYPE_INET: return print_inet(value, out), true;
    case TYPE_UUID:
    case TYPE_TIMEUUID: return print_uuid(value, out), true;
    case TYPE_DOUBLE:
    case TYPE_FLOAT: return number_print_float_word(value, out);
    case TYPE_ASCII:
    case TYPE_BIGINT:
    case TYPE_BLOB:
    case TYPE_BOOLEAN:
    case TYPE_COUNTER:
    case TYPE_CUSTOM:
    case TYPE_DECIMAL:
    case TYPE_INT:
    case TYPE_LIST:
    case TYPE_MAP:
    case TYPE_SET:
    case TYPE_SMALLINT:
    case TYPE_TEXT:
    case TYPE_TINYINT:
    case TYPE_TUPLE:
    case TYPE_UDT:
    case TYPE_VARINT: return false;
    }
    return false;
}

/* A member name of a JSON object is a string, whatever the key's type is. */
static void print_map_key(const struct type *t, struct bytes key, struct buf *out)
{
    struct buf text;
    buf_init(&text, out->max);
    print(t, key, STYLE_JSON, &text);
    if (text.n && text.p[0] == '"')
        buf_append_bytes(out, buf_view(&text));
    else
        json_quote(out, buf_view(&text));
    out->failed |= text.failed;
    out->no_memory |= text.no_memory;
    buf_fini(&text);
}

static bool print_list(const struct type *t, struct bytes value, struct buf *out)
{
    struct type element_type;
    struct bytes element;
    size_t cursor = 0;
    if (list_count(value) < 0 || !type_element(t, 0, &element_type))
        return false;
    buf_append_char(out, '[');
    for (bool first = true; list_next(value, &cursor, &element); first = false) {
        buf_append_text(out, first ? "" : ", ");
        print(&element_type, element, STYLE_JSON, out);
    }
    return buf_append_char(out, ']'), true;
}

static bool print_map(const struct type *t, struct bytes value, struct buf *out)
{
    struct type key_type, value_type;
    struct bytes key, entry;
    size_t cursor = 0;
    if (elements_count(value, 2) < 0 || !type_element(t, 0, &key_type) ||
        !type_element(t, 1, &value_type))
        return false;
    buf_append_char(out, '{');
    for (bool first = true; list_next(value, &cursor, &key); first = false) {
        if (!list_next(value, &cursor, &entry))
            break;
        buf_append_text(out, first ? "" : ", ");
        print_map_key(&key_type, key, out);
        buf_append_text(out, ": ");
        print(&value_type, entry, STYLE_JSON, out);
    }
    return buf_append_char(out, '}'), true;
}

/* A tuple may have been written with fewer fields than its type has now. */
static bool print_tuple(const struct type *t, struct bytes value, struct buf *out)
{
    struct type field_type;
    struct bytes field;
    size_t offset = 0;
    int n = 0;
    for (; offset < value.n; n++)
        if (!type_element(t, n, &field_type) || !element_next(value, &offset, &field))
            return false;
    offset = 0;
    buf_append_char(out, '[');
    for (int i = 0; i < n; i++) {
        type_element(t, i, &field_type);
        element_next(value, &offset, &field);
        buf_append_text(out, i ? ", " : "");
        print(&field_type, field, STYLE_JSON, out);
    }
    return buf_append_char(out, ']'), true;
}

static bool print_collection(const struct type *t, struct bytes value, struct buf *out)
{
    if (t->kind == TYPE_LIST || t->kind == TYPE_SET)
        return print_list(t, value, out);
    if (t->kind == TYPE_MAP)
        return print_map(t, value, out);
    return t->kind == TYPE_TUPLE && print_tuple(t, value, out);
}

static bool print_text(const struct type *t, struct bytes value, enum style style, struct buf *out)
{
    if ((t->kind != TYPE_TEXT && t->kind != TYPE_ASCII) || !utf8_is_valid(value))
        return false;
    if (style == STYLE_JSON)
        json_quote(out, value);
    else
        buf_append_bytes(out, value);
    return true;
}

static void print(const struct type *t, struct bytes value, enum style style, struct buf *out)
{
    if (bytes_are_null(value)) {
        buf_append_text(out, "null");
        return;
    }
    if (print_text(t, value, style, out))
        return;
    if (has_length(t->kind, value.n) &&
        (print_plain(t, value, out) || print_collection(t, value, out)))
        return;
    const char *quote = style == STYLE_JSON ? "\"" : "";
    buf_append_text(out, quote);
    if (!has_length(t->kind, value.n) || !print_word(t, value, out))
        print_hex(value, out);
    buf_append_text(out, quote);
}

void type_print(const struct type *t, struct bytes value, struct buf *out)
{
    print(t, value, STYLE_PEOPLE, out);
}

void type_print_json(const struct type *t, struct bytes value, struct buf *out)
{
    print(t, value, STYLE_JSON, out);
}
