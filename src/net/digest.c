#include "net/digest.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

struct digest {
    EVP_MD_CTX *context;
};

/* A wrong digest could pass for an equal one, and then a stale plan would run. SHA-256 itself
 * cannot fail; what can is memory, and there stopping is the only safe answer. */
static void require(int ok)
{
    if (ok == 1)
        return;
    fputs("tenantmove: out of memory while hashing\n", stderr);
    abort();
}

struct digest *digest_new(void)
{
    struct digest *d = calloc(1, sizeof *d);
    require(d != NULL);
    d->context = EVP_MD_CTX_new();
    require(d->context != NULL);
    require(EVP_DigestInit_ex(d->context, EVP_sha256(), NULL));
    return d;
}

void digest_add(struct digest *d, const void *p, size_t n)
{
    if (n)
        require(EVP_DigestUpdate(d->context, p, n));
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

/* Beginning again without naming SHA-256 anew: OpenSSL takes far longer to look it up than to hash
 * a row. */
void digest_take(struct digest *d, uint8_t out[DIGEST_BYTES])
{
    require(EVP_DigestFinal_ex(d->context, out, NULL));
    require(EVP_DigestInit_ex(d->context, NULL, NULL));
}

void digest_free(struct digest *d)
{
    if (!d)
        return;
    EVP_MD_CTX_free(d->context);
    free(d);
}

void digest_finish(struct digest *d, char out[DIGEST_TEXT])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t hash[DIGEST_BYTES];
    require(EVP_DigestFinal_ex(d->context, hash, NULL));
    for (size_t i = 0; i < DIGEST_BYTES; i++) {
        out[2 * i] = digits[hash[i] >> 4];
        out[2 * i + 1] = digits[hash[i] & 15];
    }
    out[DIGEST_TEXT - 1] = '\0';
    digest_free(d);
}

void digest_of(struct bytes b, char out[DIGEST_TEXT])
{
    struct digest *d = digest_new();
    if (b.p)
        digest_add(d, b.p, b.n);
    digest_finish(d, out);
}

void digest_short(const char *hex, char *out)
{
    snprintf(out, 10, "%.4s-%.4s", hex, strlen(hex) > 4 ? hex + 4 : "");
}
