/* move/number_print.h: CQL's numbers and times as text; only type_print.c uses it.
 *
 * Each takes a value of the right length (where its kind has one) and appends its text. False: the
 * bytes are not such a value, and nothing was appended.
 */
#ifndef MOVE_NUMBER_PRINT_H
#define MOVE_NUMBER_PRINT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/bytes.h"

/* Big-endian two's complement of 1 … 8 bytes. */
int64_t number_signed(struct bytes value);

/* Arbitrary precision, up to NUMBER_BYTES_MAX bytes; longer ones give false. */
enum { NUMBER_BYTES_MAX = 128 };
bool number_print_varint(struct bytes value, struct buf *out);
bool number_print_decimal(struct bytes value, struct buf *out); /* 32-bit scale, varint */

/* The shortest text that reads back as the same float (4 bytes) or double (8); false for NaN and
 * infinity, which number_print_float_word writes as NaN, Infinity, -Infinity. */
bool number_print_float(struct bytes value, struct buf *out);
bool number_print_float_word(struct bytes value, struct buf *out);

bool number_print_date(int64_t days, struct buf *out); /* since 1970-01-01: 2016-08-22 */
bool number_print_time(int64_t nanoseconds,
                       struct buf *out); /* since midnight: 10:00:00.000000000 */
bool number_print_timestamp(int64_t milliseconds, struct buf *out); /* 2016-08-22T10:00:00.000Z */
bool number_print_duration(struct bytes value, struct buf *out);    /* three vints: 1mo2d3ns */

#endif
