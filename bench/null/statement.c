#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "rows.h"

enum { ROW_BYTES_MAX = 64 * 1024 };

/* Words, quoted names (without their quotes) and single characters, one after the other. */
struct words {
    const char *p;
    struct bytes word;
    bool is_name; /* a word, and not a quoted one or a sign */
};

static bool next_word(struct words *w)
{
    while (isspace((unsigned char)*w->p))
        w->p++;
    const char *start = w->p;
    w->is_name = isalpha((unsigned char)*start) != 0;
    if (*start == '"' || *start == '\'') {
        const char *end = strchr(start + 1, *start);
        w->word = (struct bytes){(const uint8_t *)start + 1, end ? (size_t)(end - start - 1) : 0};
        w->p = end ? end + 1 : start + strlen(start);
        return true;
    }
    while (isalnum((unsigned char)*w->p) || *w->p == '_')
        w->p++;
    if (w->p == start && *start)
        w->p++;
    w->word = (struct bytes){(const uint8_t *)start, (size_t)(w->p - start)};
    return w->word.n > 0;
}

static bool is_word(const struct words *w, const char *text)
{
    return w->word.n == strlen(text) && strncasecmp((const char *)w->word.p, text, w->word.n) == 0;
}

/* One item of a SELECT: a name, or a function with one name in it. */
static void take_item(struct null_statement *st, struct words *w)
{
    struct null_item *item = &st->items[st->item_count];
    *item = (struct null_item){.name = w->word, .column = -1, .what = 'v'};
    if (is_word(w, "WRITETIME"))
        item->what = 'w';
    else if (is_word(w, "TTL"))
        item->what = 't';
    const char *start = (const char *)w->word.p;
    struct words ahead = *w;
    if (next_word(&ahead) && is_word(&ahead, "(")) {
        int depth = 1;
        while (depth > 0 && next_word(&ahead)) {
            depth += is_word(&ahead, "(") ? 1 : is_word(&ahead, ")") ? -1 : 0;
            if (item->what != 'v' && depth == 1)
                item->name = ahead.word;
        }
        if (item->what == 'v')
            item->name = (struct bytes){(const uint8_t *)start, (size_t)(ahead.p - start)};
        *w = ahead;
    }
    st->item_count++;
}

static bool take_select(struct null_statement *st, struct words *w)
{
    while (next_word(w) && !is_word(w, "FROM")) {
        if (is_word(w, ","))
            continue;
        if (st->item_count == NULL_ITEMS_MAX || is_word(w, "*"))
            return false;
        take_item(st, w);
    }
    return st->item_count > 0;
}

static bool take_table(struct null_statement *st, struct words *w)
{
    if (!next_word(w))
        return false;
    st->keyspace = w->word;
    if (!next_word(w) || !is_word(w, ".") || !next_word(w))
        return false;
    st->name = w->word;
    return true;
}

/* The rest: each marker belongs to the name before it. */
static bool take_markers(struct null_statement *st, struct words *w)
{
    struct bytes name = bytes_null();
    bool is_token = false;
    while (next_word(w)) {
        if (is_word(w, "?")) {
            if (st->marker_count == NULL_MARKERS_MAX)
                return false;
            struct null_marker *m = &st->markers[st->marker_count++];
            m->name = is_token ? bytes_of("partition key token") : name;
            m->column = st->table && !is_token ? null_table_column(st->table, name) : -1;
            m->type = m->column >= 0 ? st->table->columns[m->column].type : NULL_TEXT;
            if (is_token || bytes_are(name, "TIMESTAMP"))
                m->type = NULL_BIGINT;
            else if (bytes_are(name, "TTL") || bytes_are(name, "LIMIT"))
                m->type = NULL_INT;
        } else if (is_word(w, "token")) {
            is_token = true;
            st->kind = NULL_SCAN;
        } else if (is_word(w, "AND")) {
            is_token = false;
        } else if (is_word(w, "IN")) {
            continue;
        } else if (w->is_name || (w->word.p[-1] == '"')) {
            name = w->word;
            st->has_filter |= st->kind != NULL_UPDATE && bytes_are(name, "rootorgid");
        }
    }
    return true;
}

static bool parse(struct null_statement *st)
{
    struct words w = {.p = st->text};
    if (!next_word(&w))
        return false;
    /* BEGIN UNLOGGED BATCH UPDATE …; UPDATE …; APPLY BATCH: one statement with more markers. */
    if (is_word(&w, "BEGIN"))
        while (!is_word(&w, "UPDATE") && next_word(&w))
            ;
    st->kind = is_word(&w, "UPDATE") ? NULL_UPDATE : NULL_READ;
    if (st->kind == NULL_READ && (!is_word(&w, "SELECT") || !take_select(st, &w)))
        return false;
    if (!take_table(st, &w))
        return false;
    st->table = null_table_find(st->keyspace, st->name);
    bool is_system = st->keyspace.n >= 6 && memcmp(st->keyspace.p, "system", 6) == 0;
    if (!st->table && !is_system)
        return false;
    for (int i = 0; st->table && i < st->item_count; i++)
        st->items[i].column = null_table_column(st->table, st->items[i].name);
    if (!take_markers(st, &w))
        return false;
    if (is_system)
        st->kind = NULL_SYSTEM;
    else if (st->kind == NULL_READ && st->marker_count == 0)
        st->kind = NULL_SCAN;
    return true;
}

bool null_statement_init(struct null_statement *st, struct bytes text)
{
    *st = (struct null_statement){.text = strndup((const char *)text.p, text.n)};
    for (int k = 0; k < 2; k++)
        buf_init(&st->rows[k].row, ROW_BYTES_MAX);
    if (st->text && parse(st))
        return true;
    null_statement_fini(st);
    return false;
}

void null_statement_fini(struct null_statement *st)
{
    for (int k = 0; k < 2; k++)
        buf_fini(&st->rows[k].row);
    free(st->text);
    st->text = NULL;
}
