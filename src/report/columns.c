#include "report/columns.h"

#include <stdio.h>

static bool read_line(struct bytes line, struct report_column *out, struct fault *f)
{
    const uint8_t *space = line.n ? memchr(line.p, ' ', line.n) : NULL;
    size_t n = space ? (size_t)(space - line.p) : 0;
    if (n == 0 || n >= sizeof out->name)
        return fault_set(f, FAULT_DAMAGED, "the ledger's list of columns is damaged");
    memcpy(out->name, line.p, n);
    out->name[n] = '\0';
    struct bytes type = {space + 1, line.n - n - 1};
    return type_parse(&out->type, type, f);
}

bool report_columns_read(struct ledger *l, const char *rule, struct arena *a,
                         struct report_columns *out, struct fault *f)
{
    char name[NAME_TEXT_MAX + 32];
    struct bytes text;
    *out = (struct report_columns){0};
    snprintf(name, sizeof name, "table.%s.columns", rule);
    if (!ledger_get(l, name, a, &text, f))
        return false;
    snprintf(name, sizeof name, "table.%s.personal", rule);
    if (!ledger_get(l, name, a, &out->personal, f))
        return false;
    if (text.n == 0)
        return true;
    int count = 0;
    for (size_t i = 0; i < text.n; i++)
        count += text.p[i] == '\n';
    if (count > TABLE_COLUMNS_MAX)
        return fault_set(f, FAULT_DAMAGED, "the ledger's list of columns is damaged");
    out->v = arena_array(a, (size_t)count, sizeof *out->v);
    if (!out->v)
        return fault_memory(f);
    while (out->n < count) {
        const uint8_t *end = memchr(text.p, '\n', text.n);
        size_t n = (size_t)(end - text.p);
        if (!read_line((struct bytes){text.p, n}, &out->v[out->n], f))
            return false;
        out->n++;
        text.p += n + 1;
        text.n -= n + 1;
    }
    return true;
}

bool report_is_personal(const struct report_columns *columns, struct bytes name)
{
    struct bytes rest = columns->personal;
    while (rest.n) {
        const uint8_t *end = memchr(rest.p, '\n', rest.n);
        size_t n = end ? (size_t)(end - rest.p) : rest.n;
        if (bytes_equal(name, (struct bytes){rest.p, n}))
            return true;
        n += end != NULL;
        rest = (struct bytes){rest.p + n, rest.n - n};
    }
    return false;
}

/* No text begins with a NUL, and every list with fewer than 2^24 elements does. */
static bool looks_like_a_list(struct bytes value)
{
    return value.n >= 4 && value.p[0] == 0 && list_count(value) >= 0;
}

void report_value(const struct report_columns *columns, struct bytes name, struct bytes value,
                  struct buf *out)
{
    struct type guess;
    const struct type *type = NULL;
    if (!bytes_are_null(value) && report_is_personal(columns, name)) {
        buf_append_text(out, REPORT_MASK);
        return;
    }
    for (int i = 0; i < columns->n && !type; i++)
        if (bytes_are(name, columns->v[i].name))
            type = &columns->v[i].type;
    if (!type) {
        const char *text = looks_like_a_list(value) ? "list<text>" : "text";
        if (!type_parse(&guess, bytes_of(text), NULL))
            return;
        type = &guess;
    }
    type_print(type, value, out);
}
