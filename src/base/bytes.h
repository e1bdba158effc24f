/* base/bytes.h: a borrowed run of bytes. Strings from servers are bytes with a length.
 *
 * A NULL |p| is "null" (absent), which differs from an empty run (p != NULL, n == 0).
 * The bytes belong to somebody else: each function that returns one says how long they live.
 */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct bytes {
    const uint8_t *p;
    size_t n;
};

static inline struct bytes bytes_null(void)
{
    return (struct bytes){NULL, 0};
}

/* A view of a C string without its end mark; NULL gives null. */
static inline struct bytes bytes_of(const char *text)
{
    return (struct bytes){(const uint8_t *)text, text ? strlen(text) : 0};
}

static inline bool bytes_are_null(struct bytes b)
{
    return b.p == NULL;
}

/* Equal contents; null equals only null. */
static inline bool bytes_equal(struct bytes a, struct bytes b)
{
    if (!a.p || !b.p)
        return !a.p && !b.p;
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool bytes_are(struct bytes a, const char *text)
{
    return bytes_equal(a, bytes_of(text));
}

#endif
