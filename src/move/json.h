/* move/json.h: reading JSON texts of servers, strictly: UTF-8, nothing behind the end, a limit on depth.
 *
 * Wraps jansson, which is included nowhere else. Writing is base/json_write.h.
 */
#ifndef MOVE_JSON_H
#define MOVE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/fault.h"

/* A parsed document; values inside are borrowed from it. */
struct json;
typedef const void *json_value; /* a borrowed value; NULL: absent */

/* FAULT_PROTOCOL with line and column for text that is not JSON. */
struct json *json_parse(struct bytes text, struct fault *f);
void json_free(struct json *j);
json_value json_root(const struct json *j);

/* By key or index; NULL when |v| is NULL, of another kind, or has none. */
json_value json_get(json_value v, const char *key);
json_value json_at(json_value v, size_t i);
size_t json_count(json_value v); /* of an array or object; else 0 */

bool json_is_array(json_value v);
bool json_is_object(json_value v);
bool json_is_null(json_value v); /* JSON null, or absent */

/* The text of a string; null for another kind. Lives as long as the document. */
struct bytes json_text(json_value v);
bool json_int(json_value v, int64_t *out);
bool json_bool(json_value v, bool *out); /* false returned: not a boolean */

/* Walks the members of an object; |cursor| starts as NULL. */
bool json_next(json_value object, void **cursor, const char **key, json_value *value);

#endif
