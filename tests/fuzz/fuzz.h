/* tests/fuzz/fuzz.h: what the fuzz targets share: the input as a stream of small decisions, and what
 * must hold of every fault.
 *
 * A target is one file with fuzz_one; see CONTRIBUTING.md, "Fuzzing".
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/fault.h"

/* What must not happen ends the program: assert, or a sanitizer. */
static void fuzz_one(struct bytes in);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static const uint8_t nothing = 0;
    fuzz_one((struct bytes){n ? p : &nothing, n});
    return 0;
}

/* The next byte; 0 at the end. */
static inline uint8_t fuzz_u8(struct bytes *in)
{
    if (in->n == 0)
        return 0;
    in->n--;
    return *in->p++;
}

static inline uint16_t fuzz_u16(struct bytes *in)
{
    uint16_t high = fuzz_u8(in);
    return (uint16_t)(high * 256 + fuzz_u8(in));
}

static inline uint64_t fuzz_u64(struct bytes *in)
{
    uint64_t v = 0;
    for (int i = 0; i < 8; i++)
        v = v << 8 | fuzz_u8(in);
    return v;
}

static inline struct bytes fuzz_take(struct bytes *in, size_t n)
{
    if (n > in->n)
        n = in->n;
    struct bytes piece = {in->p, n};
    in->p += n;
    in->n -= n;
    return piece;
}

/* A piece with its length before it, one byte. */
static inline struct bytes fuzz_short(struct bytes *in)
{
    return fuzz_take(in, fuzz_u8(in));
}

/* Up to the next line end, which is taken too: seeds that people can read. */
static inline struct bytes fuzz_line(struct bytes *in)
{
    const uint8_t *end = in->n ? memchr(in->p, '\n', in->n) : NULL;
    struct bytes line = fuzz_take(in, end ? (size_t)(end - in->p) : in->n);
    fuzz_u8(in);
    return line;
}

/* Heap memory that ends where the bytes end, so that a byte too many is seen. The caller frees it. */
static inline uint8_t *fuzz_alone(struct bytes b)
{
    uint8_t *p = malloc(b.n ? b.n : 1);
    assert(p);
    if (b.n)
        memcpy(p, b.p, b.n);
    return p;
}

/* The same as a C string. */
static inline char *fuzz_text(struct bytes b)
{
    char *text = malloc(b.n + 1);
    assert(text);
    if (b.n)
        memcpy(text, b.p, b.n);
    text[b.n] = '\0';
    return text;
}

static inline void fuzz_check_words(const char *text)
{
    for (; *text; text++)
        assert((unsigned char)*text >= 0x20 && *text != 0x7f);
}

/* A failure has a code and words, and nothing in them can steer a terminal. */
static inline void fuzz_check_fault(const struct fault *f)
{
    assert(f->code != FAULT_NONE && f->code != FAULT_INTERNAL && f->text[0] != '\0');
    fuzz_check_words(f->text);
    fuzz_check_words(f->subject);
    fuzz_check_words(f->hint);
}

#endif
