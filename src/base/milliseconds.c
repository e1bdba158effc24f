#include "base/milliseconds.h"

#include <stdio.h>
#include <string.h>

/* Takes the digits at the front of |text|; how many there were. */
static int take_digits(struct bytes *text, int most, long long *out)
{
    int n = 0;
    while (text->n > 0 && *text->p >= '0' && *text->p <= '9' && *out <= most) {
        *out = *out * 10 + (*text->p - '0');
        *text = (struct bytes){text->p + 1, text->n - 1};
        n++;
    }
    return n;
}

bool milliseconds_parse(struct bytes text, int most_ms, int *out_us)
{
    long long whole = 0, part = 0;
    int digits = 3;
    if (take_digits(&text, most_ms, &whole) == 0)
        return false;
    if (text.n > 0 && *text.p == '.') {
        text = (struct bytes){text.p + 1, text.n - 1};
        digits = take_digits(&text, 999, &part);
        if (digits < 1 || digits > 3)
            return false;
    }
    for (; digits < 3; digits++)
        part *= 10;
    if (text.n > 0 || whole * 1000 + part > (long long)most_ms * 1000)
        return false;
    *out_us = (int)(whole * 1000 + part);
    return true;
}

const char *milliseconds_print(int us, char out[MILLISECONDS_TEXT])
{
    snprintf(out, MILLISECONDS_TEXT, "%d.%03d", us / 1000, us % 1000);
    size_t n = strlen(out);
    while (out[n - 1] == '0')
        out[--n] = '\0';
    if (out[n - 1] == '.')
        out[--n] = '\0';
    return out;
}
