/* cli/text.h: small texts for people: numbers, durations, bytes from servers, the name that was
 * meant. */
#ifndef CLI_TEXT_H
#define CLI_TEXT_H

#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/fault.h"

enum { TEXT_COUNT_MAX = 32 };

/* "6,515" into |out|, which is returned. */
const char *text_count(char out[TEXT_COUNT_MAX], uint64_t n);

/* "1 change", "6,515 changes"; |out| has room for 64 bytes. */
const char *text_counted(char *out, uint64_t n, const char *one, const char *many);

/* "0.1 s", "12 s", "3:07", "2:05:09" into |out|. */
const char *text_duration(char out[TEXT_COUNT_MAX], uint64_t us);

/* Appends bytes from outside so that they cannot steer a terminal: control characters and bytes
 * that are not UTF-8 become '?'. Null: "(none)". */
void text_plain(struct buf *out, struct bytes b);
/* The same to a file, with at least |width| columns when it is plain ASCII. */
void text_print(FILE *to, struct bytes b, int width);

/* Prints what was written into |out| and a line's end; nothing, and FAULT_MEMORY, when a part is missing. */
bool text_put(struct buf *out, struct fault *f);

/* The name that |word| was most likely meant to be, or NULL: a few letters off, or the beginning of
 * just one. */
const char *text_nearest(const char *word, const char *const *names, int count);

#endif
