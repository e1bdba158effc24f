#include "base/csv.h"

#include <string.h>

#include "base/utf8.h"

static bool starts_a_formula(struct bytes field)
{
    return field.n > 0 && strchr("=+-@\t", field.p[0]) != NULL && field.p[0] != '\0';
}

static bool needs_quotes(struct bytes field)
{
    if (starts_a_formula(field))
        return true;
    for (size_t i = 0; i < field.n; i++) {
        uint8_t c = field.p[i];
        if (c == ',' || c == '"' || c == '\n' || c == '\r')
            return true;
    }
    return false;
}

/* How many bytes at the front can be written as they are: mostly all of them. */
static size_t plain_length(struct bytes field)
{
    size_t n = 0;
    while (n < field.n && field.p[n] < 0x80 && field.p[n] != '"')
        n++;
    return n;
}

void csv_field(struct buf *out, struct bytes field, bool first)
{
    if (!first)
        buf_append_char(out, ',');
    bool quoted = needs_quotes(field);
    if (quoted)
        buf_append_char(out, '"');
    if (starts_a_formula(field))
        buf_append_char(out, '\'');
    while (field.n > 0) {
        size_t n = plain_length(field);
        if (n > 0) {
            buf_append(out, field.p, n);
        } else if ((n = utf8_length(field)) == 0) {
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

void csv_end(struct buf *out)
{
    buf_append_char(out, '\n');
}
