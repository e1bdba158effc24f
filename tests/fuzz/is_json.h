/* tests/fuzz/is_json.h: is a text one JSON value (RFC 8259)? A reader of its own, so that what the
 * program writes is not judged by what it reads with. Numbers of any size pass. */
#ifndef TESTS_FUZZ_IS_JSON_H
#define TESTS_FUZZ_IS_JSON_H

#include "base/bytes.h"
#include "base/utf8.h"

static inline bool is_json_value(struct bytes *t);

static inline void is_json_blanks(struct bytes *t)
{
    while (t->n > 0 && memchr(" \t\r\n", t->p[0], 4))
        *t = (struct bytes){t->p + 1, t->n - 1};
}

static inline bool is_json_take(struct bytes *t, const char *text)
{
    size_t n = strlen(text);
    if (t->n < n || memcmp(t->p, text, n) != 0)
        return false;
    *t = (struct bytes){t->p + n, t->n - n};
    return true;
}

static inline bool is_json_string(struct bytes *t)
{
    if (!is_json_take(t, "\""))
        return false;
    while (t->n > 0 && t->p[0] != '"') {
        size_t n = utf8_length(*t);
        if (n == 0 || t->p[0] < 0x20)
            return false;
        if (t->p[0] == '\\') {
            n = t->n > 1 && t->p[1] == 'u' ? 6 : 2;
            if (t->n < n || !memchr("\"\\/bfnrtu", t->p[1], 9))
                return false;
            for (size_t i = 2; i < n; i++)
                if (!memchr("0123456789abcdefABCDEF", t->p[i], 22))
                    return false;
        }
        *t = (struct bytes){t->p + n, t->n - n};
    }
    return is_json_take(t, "\"");
}

static inline size_t is_json_digits(struct bytes *t)
{
    size_t n = 0;
    for (; t->n > 0 && t->p[0] >= '0' && t->p[0] <= '9'; n++)
        *t = (struct bytes){t->p + 1, t->n - 1};
    return n;
}

static inline bool is_json_number(struct bytes *t)
{
    is_json_take(t, "-");
    bool zero = is_json_take(t, "0");
    size_t digits = is_json_digits(t);
    if (zero == (digits > 0))
        return false;
    if (is_json_take(t, ".") && is_json_digits(t) == 0)
        return false;
    if (!is_json_take(t, "e") && !is_json_take(t, "E"))
        return true;
    if (!is_json_take(t, "+"))
        is_json_take(t, "-");
    return is_json_digits(t) > 0;
}

static inline bool is_json_members(struct bytes *t, bool named, const char *end)
{
    is_json_blanks(t);
    if (is_json_take(t, end))
        return true;
    for (;;) {
        is_json_blanks(t);
        if (named && !is_json_string(t))
            return false;
        is_json_blanks(t);
        if ((named && !is_json_take(t, ":")) || !is_json_value(t))
            return false;
        if (is_json_take(t, end))
            return true;
        if (!is_json_take(t, ","))
            return false;
    }
}

static inline bool is_json_value(struct bytes *t)
{
    is_json_blanks(t);
    bool ok;
    if (is_json_take(t, "{"))
        ok = is_json_members(t, true, "}");
    else if (is_json_take(t, "["))
        ok = is_json_members(t, false, "]");
    else if (t->n > 0 && t->p[0] == '"')
        ok = is_json_string(t);
    else
        ok = is_json_take(t, "null") || is_json_take(t, "true") || is_json_take(t, "false") ||
             is_json_number(t);
    is_json_blanks(t);
    return ok;
}

static inline bool is_json(struct bytes t)
{
    return is_json_value(&t) && t.n == 0;
}

#endif
