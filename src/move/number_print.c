#include "move/number_print.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int64_t number_signed(struct bytes value)
{
    uint64_t v = value.n && value.p[0] & 0x80 ? UINT64_MAX : 0;
    for (size_t i = 0; i < value.n; i++)
        v = v << 8 | value.p[i];
    return (int64_t)v;
}

/* Decimal digits of |value| into |digits| (without sign), by repeated division. 128 bytes have 309
 * digits. */
enum { DIGITS_MAX = 320 };

static bool to_digits(struct bytes value, bool *negative, char digits[DIGITS_MAX])
{
    uint8_t magnitude[NUMBER_BYTES_MAX];
    char reversed[DIGITS_MAX];
    size_t n = 0;
    if (value.n == 0 || value.n > NUMBER_BYTES_MAX)
        return false;
    memcpy(magnitude, value.p, value.n);
    *negative = value.p[0] & 0x80;
    unsigned carry = 1;
    for (size_t i = value.n; *negative && i-- > 0;) {
        carry += (uint8_t)~magnitude[i];
        magnitude[i] = (uint8_t)carry;
        carry >>= 8;
    }
    for (bool more = true; more;) {
        unsigned rest = 0;
        more = false;
        for (size_t i = 0; i < value.n; i++) {
            rest = rest << 8 | magnitude[i];
            magnitude[i] = (uint8_t)(rest / 10);
            more |= magnitude[i] != 0;
            rest %= 10;
        }
        reversed[n++] = (char)('0' + rest);
    }
    for (size_t i = 0; i < n; i++)
        digits[i] = reversed[n - 1 - i];
    digits[n] = '\0';
    return true;
}

bool number_print_varint(struct bytes value, struct buf *out)
{
    char digits[DIGITS_MAX];
    bool negative;
    if (!to_digits(value, &negative, digits))
        return false;
    buf_printf(out, "%s%s", negative ? "-" : "", digits);
    return true;
}

bool number_print_decimal(struct bytes value, struct buf *out)
{
    char digits[DIGITS_MAX];
    bool negative;
    if (value.n < 5)
        return false;
    int64_t scale = number_signed((struct bytes){value.p, 4});
    if (!to_digits((struct bytes){value.p + 4, value.n - 4}, &negative, digits))
        return false;
    const char *sign = negative ? "-" : "";
    size_t n = strlen(digits);
    if (scale == 0) {
        buf_printf(out, "%s%s", sign, digits);
    } else if (scale < 0 || scale > DIGITS_MAX) {
        buf_printf(out, "%s%sE%" PRId64, sign, digits, -scale);
    } else if ((size_t)scale < n) {
        buf_printf(out, "%s%.*s.%s", sign, (int)(n - (size_t)scale), digits,
                   digits + n - (size_t)scale);
    } else {
        buf_printf(out, "%s0.", sign);
        for (size_t i = n; i < (size_t)scale; i++)
            buf_append_char(out, '0');
        buf_append_text(out, digits);
    }
    return true;
}

static double to_double(struct bytes value)
{
    int64_t bits = number_signed(value);
    if (value.n == 4) {
        float f;
        int32_t half = (int32_t)bits;
        memcpy(&f, &half, sizeof f);
        return (double)f;
    }
    double d;
    memcpy(&d, &bits, sizeof d);
    return d;
}

bool number_print_float(struct bytes value, struct buf *out)
{
    double d = to_double(value);
    char text[40];
    if (!isfinite(d))
        return false;
    for (int precision = value.n == 4 ? 6 : 15; precision <= 17; precision++) {
        snprintf(text, sizeof text, "%.*g", precision, d);
        bool same = value.n == 4 ? (double)strtof(text, NULL) == d : strtod(text, NULL) == d;
        if (same)
            break;
    }
    buf_append_text(out, text);
    return true;
}

bool number_print_float_word(struct bytes value, struct buf *out)
{
    double d = to_double(value);
    if (isfinite(d))
        return false;
    buf_append_text(out, isnan(d) ? "NaN" : d > 0 ? "Infinity" : "-Infinity");
    return true;
}

/* Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days. */
bool number_print_date(int64_t days, struct buf *out)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t m = (5 * day_of_year + 2) / 153;
    int64_t day = day_of_year - (153 * m + 2) / 5 + 1;
    int64_t month = m < 10 ? m + 3 : m - 9;
    int64_t year = year_of_era + era * 400 + (month <= 2);
    buf_printf(out, "%s%04" PRId64 "-%02" PRId64 "-%02" PRId64, year < 0 ? "-" : "",
               year < 0 ? -year : year, month, day);
    return true;
}

bool number_print_time(int64_t nanoseconds, struct buf *out)
{
    const int64_t second = INT64_C(1000000000);
    if (nanoseconds < 0 || nanoseconds >= 86400 * second)
        return false;
    int64_t seconds = nanoseconds / second;
    buf_printf(out, "%02" PRId64 ":%02" PRId64 ":%02" PRId64 ".%09" PRId64, seconds / 3600,
               seconds / 60 % 60, seconds % 60, nanoseconds % second);
    return true;
}

bool number_print_timestamp(int64_t milliseconds, struct buf *out)
{
    const int64_t day = 86400000;
    int64_t days = milliseconds / day, rest = milliseconds % day;
    if (rest < 0) {
        rest += day;
        days--;
    }
    number_print_date(days, out);
    buf_printf(out, "T%02" PRId64 ":%02" PRId64 ":%02" PRId64 ".%03" PRId64 "Z", rest / 3600000,
               rest / 60000 % 60, rest / 1000 % 60, rest % 1000);
    return true;
}

/* A vint of Cassandra: the leading one bits of the first byte count the bytes that follow
 * (native_protocol_v5.spec 3, [vint]); the number is zig-zag. */
static bool take_vint(struct bytes *left, int64_t *out)
{
    if (left->n == 0)
        return false;
    size_t more = 0;
    while (more < 8 && left->p[0] & (0x80u >> more))
        more++;
    if (left->n < more + 1)
        return false;
    uint64_t v = more < 8 ? left->p[0] & (0xffu >> more) : 0;
    for (size_t i = 1; i <= more; i++)
        v = v << 8 | left->p[i];
    left->p += more + 1;
    left->n -= more + 1;
    *out = (int64_t)(v >> 1 ^ (0 - (v & 1)));
    return true;
}

bool number_print_duration(struct bytes value, struct buf *out)
{
    int64_t months, days, nanoseconds;
    if (!take_vint(&value, &months) || !take_vint(&value, &days) ||
        !take_vint(&value, &nanoseconds) || value.n)
        return false;
    buf_printf(out, "%" PRId64 "mo%" PRId64 "d%" PRId64 "ns", months, days, nanoseconds);
    return true;
}
