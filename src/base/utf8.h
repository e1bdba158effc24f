/* base/utf8.h: is this UTF-8 (RFC 3629: no surrogates, no overlong forms, at most U+10FFFF)? */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"

bool utf8_is_valid(struct bytes b);
/* Length of the valid sequence at the start of |b|, or 0. */
size_t utf8_length(struct bytes b);

/* Printable ASCII only, one byte at least: what a version or a name of a product looks like. A server
 * that says something else there may mean to steer the terminal. */
bool ascii_is_printable(struct bytes b);

#endif
