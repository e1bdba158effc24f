#include <string.h>

#include "http/http.h"

/* RFC 4648 4, a byte at a time: no copy of the password is made but the encoded one. */
bool http_basic(const char *user, const char *password, struct buf *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if (strchr(user, ':'))
        return false; /* RFC 7617 2: it would end the name too early */
    size_t user_bytes = strlen(user);
    size_t total = user_bytes + 1 + strlen(password);
    /* All its room at once: growing would leave pieces of the password behind in freed memory. */
    size_t start = out->n;
    if (total > out->max || !buf_extend(out, strlen("Basic ") + (total + 2) / 3 * 4))
        return false;
    out->n = start;
    buf_append_text(out, "Basic ");
    uint32_t bits = 0;
    for (size_t i = 0; i < total; i++) {
        char c = ':';
        if (i < user_bytes)
            c = user[i];
        else if (i > user_bytes)
            c = password[i - user_bytes - 1];
        bits = bits << 8 | (uint8_t)c;
        if (i % 3 == 2)
            for (int shift = 18; shift >= 0; shift -= 6)
                buf_append_char(out, digits[bits >> shift & 63]);
    }
    if (total % 3 == 1) {
        buf_append_char(out, digits[bits >> 2 & 63]);
        buf_append_char(out, digits[bits << 4 & 63]);
        buf_append_text(out, "==");
    } else if (total % 3 == 2) {
        buf_append_char(out, digits[bits >> 10 & 63]);
        buf_append_char(out, digits[bits >> 4 & 63]);
        buf_append_char(out, digits[bits << 2 & 63]);
        buf_append_char(out, '=');
    }
    return !out->failed;
}
