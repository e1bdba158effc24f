#include "base/json_write.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

void json_writer_init(struct json_writer *w, struct buf *out, bool pretty)
{
    *w = (struct json_writer){.out = out, .pretty = pretty};
}

static void new_line(struct json_writer *w)
{
    if (!w->pretty)
        return;
    buf_append_char(w->out, '\n');
    for (int i = 0; i < w->depth; i++)
        buf_append_text(w->out, "  ");
}

/* What stands before a key, or before a value that has no key. */
static void separate(struct json_writer *w)
{
    if (w->after_key) {
        w->after_key = false;
        return;
    }
    if (w->depth == 0)
        return;
    bool *has_member = &w->has_member[w->depth - 1];
    if (*has_member)
        buf_append_char(w->out, ',');
    *has_member = true;
    new_line(w);
}

static void begin(struct json_writer *w, bool is_object)
{
    separate(w);
    if (w->depth == JSON_WRITE_DEPTH_MAX) {
        w->out->failed = true;
        return;
    }
    buf_append_char(w->out, is_object ? '{' : '[');
    w->is_object[w->depth] = is_object;
    w->has_member[w->depth] = false;
    w->depth++;
}

void json_begin_object(struct json_writer *w)
{
    begin(w, true);
}

void json_begin_array(struct json_writer *w)
{
    begin(w, false);
}

void json_end(struct json_writer *w)
{
    if (w->depth == 0)
        return;
    w->depth--;
    if (w->has_member[w->depth])
        new_line(w);
    buf_append_char(w->out, w->is_object[w->depth] ? '}' : ']');
}

void json_key(struct json_writer *w, const char *key)
{
    separate(w);
    json_quote(w->out, bytes_of(key));
    buf_append_text(w->out, w->pretty ? ": " : ":");
    w->after_key = true;
}

void json_text_value(struct json_writer *w, const char *text)
{
    json_bytes_value(w, bytes_of(text));
}

void json_bytes_value(struct json_writer *w, struct bytes text)
{
    separate(w);
    if (bytes_are_null(text))
        buf_append_text(w->out, "null");
    else
        json_quote(w->out, text);
}

void json_int_value(struct json_writer *w, int64_t v)
{
    separate(w);
    buf_printf(w->out, "%" PRId64, v);
}

void json_double_value(struct json_writer *w, double v)
{
    separate(w);
    if (!isfinite(v)) {
        buf_append_text(w->out, "null"); /* JSON has no word for it */
        return;
    }
    char text[40];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, v);
        double again = strtod(text, NULL);
        if (memcmp(&again, &v, sizeof v) == 0)
            break;
    }
    for (char *p = text; *p; p++) {
        if (*p == ',') /* the decimal point of some locales */
            *p = '.';
    }
    buf_append_text(w->out, text);
}

void json_bool_value(struct json_writer *w, bool v)
{
    separate(w);
    buf_append_text(w->out, v ? "true" : "false");
}

void json_null_value(struct json_writer *w)
{
    separate(w);
    buf_append_text(w->out, "null");
}

void json_raw_value(struct json_writer *w, struct bytes json)
{
    separate(w);
    buf_append_bytes(w->out, json);
}

void json_member_text(struct json_writer *w, const char *key, const char *text)
{
    json_key(w, key);
    json_text_value(w, text);
}

void json_member_bytes(struct json_writer *w, const char *key, struct bytes text)
{
    json_key(w, key);
    json_bytes_value(w, text);
}

void json_member_int(struct json_writer *w, const char *key, int64_t v)
{
    json_key(w, key);
    json_int_value(w, v);
}

void json_member_bool(struct json_writer *w, const char *key, bool v)
{
    json_key(w, key);
    json_bool_value(w, v);
}

static void quote_ascii(struct buf *out, uint8_t c)
{
    switch (c) {
    case '"': buf_append_text(out, "\\\""); return;
    case '\\': buf_append_text(out, "\\\\"); return;
    case '\b': buf_append_text(out, "\\b"); return;
    case '\f': buf_append_text(out, "\\f"); return;
    case '\n': buf_append_text(out, "\\n"); return;
    case '\r': buf_append_text(out, "\\r"); return;
    case '\t': buf_append_text(out, "\\t"); return;
    default: break;
    }
    if (c < 0x20 || c == 0x7f)
        buf_printf(out, "\\u%04x", c);
    else
        buf_append_u8(out, c);
}

void json_quote(struct buf *out, struct bytes text)
{
    buf_append_char(out, '"');
    while (text.n > 0) {
        size_t n = utf8_length(text);
        if (n == 0) {
            buf_append_text(out, "\xef\xbf\xbd");
            n = 1;
        } else if (n == 1) {
            quote_ascii(out, text.p[0]);
        } else {
            buf_append(out, text.p, n);
        }
        text.p += n;
        text.n -= n;
    }
    buf_append_char(out, '"');
}
