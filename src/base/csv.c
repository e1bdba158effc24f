#include "base/csv.h"

#include <string.h>

#include "base/utf8.h"

static bool starts_a_formula(struct bytes field)
{
    return field.n > 0 && strchr("=+-@\t", field.p[0]) != NULL && field.p[0] != '\0';
}

static bool needs_quotes(uint8_t c)
{
    return c == ',' || c == '"' || c == '\n' || c == '\r';
}

/* How many bytes at the front can be written as they are, without quotes: mostly all of them. */
static size_t plain_length(struct bytes field)
{
    size_t n = 0;
    while (n < field.n && field.p[n] < 0x80 && !(field.p[n] <= ',' && needs_quotes(field.p[n])))
        n++;
    return n;
}

static void append_special(struct buf *out, struct bytes field, size_t plain)
{
    bool quoted = starts_a_formula(field);
    for (size_t i = plain; i < field.n && !quoted; i++)
        quoted = needs_quotes(field.p[i]);
    if (quoted)
        buf_append_char(out, '"');
    if (starts_a_formula(field))
        buf_append_char(out, '\'');
    while (field.n > 0) {
        size_t n = utf8_length(field);
        if (n == 0) {
            buf_append_text(out, "\xef\xbf\xbd");
            n = 1;
        } else if (field.p[0] == '"') {
            buf_append_text(out, "\"\"");
        } else {
            buf_append(out, field.p, n);
        }
        field.p += n;
        field.n -= n;
    }
    if (quoted)
        buf_append_char(out, '"');
}

void csv_field(struct buf *out, struct bytes field, bool first)
{
    if (!first)
        buf_append_char(out, ',');
    size_t plain = plain_length(field);
    if (plain == field.n && !starts_a_formula(field))
        buf_append_bytes(out, field);
    else
        append_special(out, field, plain);
}

void csv_end(struct buf *out)
{
    buf_append_char(out, '\n');
}
