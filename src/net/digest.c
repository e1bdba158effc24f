#include "net/digest.h"

/* The EVP calls allocate, so each of them may fail; a digest that is wrong could pass for an equal one,
 * and then a stale plan would run. These do not allocate, and cannot fail. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>

struct digest {
    SHA256_CTX context;
};

struct digest *digest_new(void)
{
    struct digest *d = malloc(sizeof *d);
    if (d)
        SHA256_Init(&d->context);
    return d;
}

void digest_add(struct digest *d, const void *p, size_t n)
{
    if (n)
        SHA256_Update(&d->context, p, n);
}

void digest_add_bytes(struct digest *d, struct bytes b)
{
    uint64_t length = b.p ? b.n : UINT64_MAX;
    uint8_t wire[8];
    for (int i = 0; i < 8; i++)
        wire[i] = (uint8_t)(length >> (56 - 8 * i));
    digest_add(d, wire, sizeof wire);
    if (b.p)
        digest_add(d, b.p, b.n);
}

void digest_take(struct digest *d, uint8_t out[DIGEST_BYTES])
{
    SHA256_Final(out, &d->context);
    SHA256_Init(&d->context);
}

void digest_free(struct digest *d)
{
    free(d);
}

void digest_print(const uint8_t hash[DIGEST_BYTES], char out[DIGEST_TEXT])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < DIGEST_BYTES; i++) {
        out[2 * i] = digits[hash[i] >> 4];
        out[2 * i + 1] = digits[hash[i] & 15];
    }
    out[DIGEST_TEXT - 1] = '\0';
}

static void end(struct digest *d, char out[DIGEST_TEXT])
{
    uint8_t hash[DIGEST_BYTES];
    SHA256_Final(hash, &d->context);
    digest_print(hash, out);
}

void digest_finish(struct digest *d, char out[DIGEST_TEXT])
{
    end(d, out);
    digest_free(d);
}

void digest_of(struct bytes b, char out[DIGEST_TEXT])
{
    struct digest d;
    SHA256_Init(&d.context);
    if (b.p)
        digest_add(&d, b.p, b.n);
    end(&d, out);
}

void digest_short(const char *hex, char *out)
{
    snprintf(out, 10, "%.4s-%.4s", hex, strlen(hex) > 4 ? hex + 4 : "");
}
