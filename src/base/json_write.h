/* base/json_write.h: writes JSON as a stream, with commas and nesting looked after.
 *
 *   json_begin_object(w); json_key(w, "a"); json_int_value(w, 1); json_end(w);
 * Bytes that are not UTF-8 are written as U+FFFD; the output is one line unless |pretty|.
 */
#ifndef BASE_JSON_WRITE_H
#define BASE_JSON_WRITE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/bytes.h"

enum { JSON_WRITE_DEPTH_MAX = 32 };

struct json_writer {
    struct buf *out;
    bool pretty;
    int depth;
    bool is_object[JSON_WRITE_DEPTH_MAX];
    bool has_member[JSON_WRITE_DEPTH_MAX];
    bool after_key;
};

void json_writer_init(struct json_writer *w, struct buf *out, bool pretty);
void json_begin_object(struct json_writer *w);
void json_begin_array(struct json_writer *w);
void json_end(struct json_writer *w); /* of the innermost object or array */
void json_key(struct json_writer *w, const char *key);
void json_text_value(struct json_writer *w, const char *text);   /* NULL: null */
void json_bytes_value(struct json_writer *w, struct bytes text); /* null: null */
void json_int_value(struct json_writer *w, int64_t v);
void json_double_value(struct json_writer *w, double v);
void json_bool_value(struct json_writer *w, bool v);
void json_null_value(struct json_writer *w);
void json_raw_value(struct json_writer *w, struct bytes json); /* already JSON */

/* key and value in one call. */
void json_member_text(struct json_writer *w, const char *key, const char *text);
void json_member_bytes(struct json_writer *w, const char *key, struct bytes text);
void json_member_int(struct json_writer *w, const char *key, int64_t v);
void json_member_bool(struct json_writer *w, const char *key, bool v);

/* One JSON string with its quotes. */
void json_quote(struct buf *out, struct bytes text);

#endif
