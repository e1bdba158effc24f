#include "base/utf8.h"

static bool follows(uint8_t c)
{
    return (c & 0xc0) == 0x80;
}

size_t utf8_length(struct bytes b)
{
    if (b.n == 0)
        return 0;
    const uint8_t *p = b.p;
    if (p[0] < 0x80)
        return 1;
    if (p[0] >= 0xc2 && p[0] <= 0xdf)
        return b.n >= 2 && follows(p[1]) ? 2 : 0;
    if (p[0] >= 0xe0 && p[0] <= 0xef) {
        if (b.n < 3 || !follows(p[1]) || !follows(p[2]))
            return 0;
        if (p[0] == 0xe0 && p[1] < 0xa0)
            return 0; /* overlong */
        if (p[0] == 0xed && p[1] > 0x9f)
            return 0; /* a surrogate */
        return 3;
    }
    if (p[0] >= 0xf0 && p[0] <= 0xf4) {
        if (b.n < 4 || !follows(p[1]) || !follows(p[2]) || !follows(p[3]))
            return 0;
        if (p[0] == 0xf0 && p[1] < 0x90)
            return 0; /* overlong */
        if (p[0] == 0xf4 && p[1] > 0x8f)
            return 0; /* above U+10FFFF */
        return 4;
    }
    return 0;
}

bool ascii_is_printable(struct bytes b)
{
    for (size_t i = 0; i < b.n; i++)
        if (b.p[i] < 0x20 || b.p[i] > 0x7e)
            return false;
    return b.n > 0;
}

bool utf8_is_valid(struct bytes b)
{
    while (b.n > 0) {
        size_t n = b.p[0] < 0x80 ? 1 : utf8_length(b);
        if (n == 0)
            return false;
        b.p += n;
        b.n -= n;
    }
    return true;
}
