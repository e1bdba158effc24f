#include "move/json.h"

#include <stdlib.h>

#include <jansson.h>

/* jansson has macros of these names; ours are functions. */
#undef json_is_array
#undef json_is_object
#undef json_is_null

enum { JSON_DEPTH_MAX = 64 };

struct json {
    json_t *root;
};

/* jansson's readers take pointers that are not const, though they change nothing. */
static json_t *node(json_value v)
{
    return (json_t *)(uintptr_t)v;
}

static bool is(json_value v, json_type type)
{
    return v && json_typeof(node(v)) == type;
}

/* Before jansson sees the text: its own limit is 2,048 levels, on our stack. */
static bool is_too_deep(struct bytes text)
{
    int depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        if (in_string && c == '\\')
            i++;
        else if (c == '"')
            in_string = !in_string;
        else if (!in_string && (c == '[' || c == '{') && ++depth > JSON_DEPTH_MAX)
            return true;
        else if (!in_string && (c == ']' || c == '}'))
            depth--;
    }
    return false;
}

struct json *json_parse(struct bytes text, struct fault *f)
{
    if (is_too_deep(text)) {
        fault_set(f, FAULT_PROTOCOL, "the answer is JSON nested deeper than %d levels",
                  JSON_DEPTH_MAX);
        return NULL;
    }
    struct json *j = calloc(1, sizeof *j);
    if (!j) {
        fault_memory(f);
        return NULL;
    }
    json_error_t e;
    j->root = json_loadb(text.p ? (const char *)text.p : "", text.n,
                         JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &e);
    if (j->root)
        return j;
    free(j);
    if (json_error_code(&e) == json_error_out_of_memory)
        fault_memory(f);
    else
        fault_set(f, FAULT_PROTOCOL, "not JSON: line %d, column %d: %s", e.line, e.column, e.text);
    return NULL;
}

void json_free(struct json *j)
{
    if (!j)
        return;
    json_decref(j->root);
    free(j);
}

json_value json_root(const struct json *j)
{
    return j->root;
}

json_value json_get(json_value v, const char *key)
{
    return is(v, JSON_OBJECT) ? json_object_get(node(v), key) : NULL;
}

json_value json_at(json_value v, size_t i)
{
    return is(v, JSON_ARRAY) ? json_array_get(node(v), i) : NULL;
}

size_t json_count(json_value v)
{
    if (is(v, JSON_ARRAY))
        return json_array_size(node(v));
    return is(v, JSON_OBJECT) ? json_object_size(node(v)) : 0;
}

bool json_is_array(json_value v)
{
    return is(v, JSON_ARRAY);
}

bool json_is_object(json_value v)
{
    return is(v, JSON_OBJECT);
}

bool json_is_null(json_value v)
{
    return !v || is(v, JSON_NULL);
}

struct bytes json_text(json_value v)
{
    if (!is(v, JSON_STRING))
        return bytes_null();
    return (struct bytes){(const uint8_t *)json_string_value(node(v)), json_string_length(node(v))};
}

bool json_int(json_value v, int64_t *out)
{
    if (!is(v, JSON_INTEGER))
        return false;
    *out = json_integer_value(node(v));
    return true;
}

bool json_bool(json_value v, bool *out)
{
    if (!is(v, JSON_TRUE) && !is(v, JSON_FALSE))
        return false;
    *out = is(v, JSON_TRUE);
    return true;
}

bool json_next(json_value object, void **cursor, const char **key, json_value *value)
{
    if (!is(object, JSON_OBJECT))
        return false;
    void *at =
        *cursor ? json_object_iter_next(node(object), *cursor) : json_object_iter(node(object));
    if (!at)
        return false;
    *cursor = at;
    *key = json_object_iter_key(at);
    *value = json_object_iter_value(at);
    return true;
}
