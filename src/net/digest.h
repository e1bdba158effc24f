/* net/digest.h: SHA-256, for the plan's name, the profile's and the tables' hashes, and the proof.
 *
 * Nothing here can fail but digest_new: a digest that may be wrong must never be compared.
 */
#ifndef NET_DIGEST_H
#define NET_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

enum { DIGEST_BYTES = 32, DIGEST_TEXT = 65 };

struct digest;                   /* a hash being computed */
struct digest *digest_new(void); /* NULL: no memory */
void digest_add(struct digest *d, const void *p, size_t n);
/* Adds a length and the bytes, so that ("ab","c") differs from ("a","bc"); null differs from empty.
 */
void digest_add_bytes(struct digest *d, struct bytes b);
/* Writes the hash, and begins the next one. */
void digest_take(struct digest *d, uint8_t out[DIGEST_BYTES]);
void digest_free(struct digest *d);
/* The hash as text, in hexadecimal. */
void digest_print(const uint8_t hash[DIGEST_BYTES], char out[DIGEST_TEXT]);
/* Writes 64 hex digits and an end mark, and frees |d|. */
void digest_finish(struct digest *d, char out[DIGEST_TEXT]);

void digest_of(struct bytes b, char out[DIGEST_TEXT]);

/* "3f9c-21ab": the first eight digits, for people. |out| has room for 10 bytes. */
void digest_short(const char *hex, char *out);

#endif
