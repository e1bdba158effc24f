#include "move/expression.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *text;
    bool of_target;
    int field;
} references[] = {
    {"$source.id", false, FIELD_ID},
    {"$source.name", false, FIELD_NAME},
    {"$source.channel", false, FIELD_CHANNEL},
    {"$source.hashtagid", false, FIELD_HASHTAGID},
    {"$target.id", true, FIELD_ID},
    {"$target.name", true, FIELD_NAME},
    {"$target.channel", true, FIELD_CHANNEL},
    {"$target.hashtagid", true, FIELD_HASHTAGID},
};
enum { REFERENCE_COUNT = sizeof references / sizeof references[0] };

bool expression_parse(struct bytes text, struct expression *out)
{
    *out = (struct expression){.literal = text};
    if (text.n == 0 || text.p[0] != '$')
        return true;
    out->literal = bytes_null();
    for (int i = 0; i < REFERENCE_COUNT; i++) {
        if (!bytes_are(text, references[i].text))
            continue;
        out->is_reference = true;
        out->of_target = references[i].of_target;
        out->field = references[i].field;
        return true;
    }
    return false;
}

const char *expression_reference(int i)
{
    return i >= 0 && i < REFERENCE_COUNT ? references[i].text : NULL;
}

const char *expression_name(const struct expression *e)
{
    for (int i = 0; e->is_reference && i < REFERENCE_COUNT; i++)
        if (references[i].of_target == e->of_target && references[i].field == (int)e->field)
            return references[i].text;
    return "the literal";
}

bool expressions_equal(const struct expression *a, const struct expression *b)
{
    if (a->is_reference != b->is_reference)
        return false;
    if (a->is_reference)
        return a->of_target == b->of_target && a->field == b->field;
    return bytes_equal(a->literal, b->literal);
}

struct bytes expression_value(const struct expression *e, const struct tenant *source,
                              const struct tenant *target)
{
    const struct tenant *t = e->of_target ? target : source;
    if (!e->is_reference)
        return e->literal;
    switch (e->field) {
    case FIELD_ID: return t->id;
    case FIELD_NAME: return t->name;
    case FIELD_CHANNEL: return t->channel;
    case FIELD_HASHTAGID: return t->hashtagid;
    }
    return bytes_null();
}

/* A decimal number with an optional minus, inside |min| … |max|. */
static bool read_integer(struct bytes text, int64_t min, int64_t max, int64_t *out)
{
    bool negative = text.n && text.p[0] == '-';
    size_t i = negative;
    int64_t v = 0;
    if (i == text.n || text.n > 20)
        return false;
    for (; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return false;
        int digit = text.p[i] - '0';
        if (__builtin_mul_overflow(v, 10, &v) ||
            __builtin_add_overflow(v, negative ? -digit : digit, &v))
            return false;
    }
    *out = v;
    return v >= min && v <= max;
}

static bool integer_value(struct bytes text, size_t width, struct arena *a, struct bytes *out)
{
    int64_t max = width == 8 ? INT64_MAX : (INT64_C(1) << (8 * width - 1)) - 1, v;
    if (!read_integer(text, -max - 1, max, &v))
        return false;
    uint8_t *p = arena_alloc(a, width);
    for (size_t i = 0; p && i < width; i++)
        p[i] = (uint8_t)((uint64_t)v >> (8 * (width - 1 - i)));
    *out = (struct bytes){p, p ? width : 0};
    return true;
}

static bool boolean_value(struct bytes text, struct arena *a, struct bytes *out)
{
    bool yes = bytes_are(text, "true");
    if (!yes && !bytes_are(text, "false"))
        return false;
    uint8_t *p = arena_alloc(a, 1);
    if (p)
        *p = yes;
    *out = (struct bytes){p, p ? 1 : 0};
    return true;
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool uuid_value(struct bytes text, struct arena *a, struct bytes *out)
{
    uint8_t raw[16] = {0};
    size_t digits = 0;
    if (text.n != 36)
        return false;
    for (size_t i = 0; i < text.n; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        int digit = hex_digit(text.p[i]);
        if (dash ? text.p[i] != '-' : digit < 0)
            return false;
        if (dash)
            continue;
        raw[digits / 2] = (uint8_t)(raw[digits / 2] << 4 | digit);
        digits++;
    }
    *out = arena_copy(a, (struct bytes){raw, sizeof raw});
    return true;
}

bool expression_serialize(const struct type *t, struct bytes text, struct arena *a,
                          struct bytes *out, struct fault *f)
{
    bool ok = false;
    *out = bytes_null();
    if (t->kind == TYPE_TEXT || t->kind == TYPE_ASCII) {
        *out = arena_copy(a, text);
        ok = true;
    } else if (t->kind == TYPE_TINYINT) {
        ok = integer_value(text, 1, a, out);
    } else if (t->kind == TYPE_SMALLINT) {
        ok = integer_value(text, 2, a, out);
    } else if (t->kind == TYPE_INT) {
        ok = integer_value(text, 4, a, out);
    } else if (t->kind == TYPE_BIGINT) {
        ok = integer_value(text, 8, a, out);
    } else if (t->kind == TYPE_BOOLEAN) {
        ok = boolean_value(text, a, out);
    } else if (t->kind == TYPE_UUID || t->kind == TYPE_TIMEUUID) {
        ok = uuid_value(text, a, out);
    }
    if (!ok)
        return fault_set(f, FAULT_SCHEMA, "a column of type %s cannot hold the value \"%.*s\"",
                         t->text, (int)(text.n < 64 ? text.n : 64), (const char *)text.p);
    if (bytes_are_null(*out) && !bytes_are_null(text))
        return fault_memory(f);
    return true;
}
