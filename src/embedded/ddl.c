#include "embedded/ddl.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum token_kind { TOKEN_END, TOKEN_NAME, TOKEN_QUOTED, TOKEN_STRING, TOKEN_SIGN };

enum { TOKEN_TEXT_MAX = TYPE_TEXT_MAX };

struct token {
    enum token_kind kind;
    char text[TOKEN_TEXT_MAX];
};

struct reader {
    struct bytes text;
    size_t at;
    int line;
    struct token token; /* the one that is looked at */
    struct arena *arena;
    char keyspace[NAME_TEXT_MAX]; /* of USE */
    struct fault *fault;
};

static bool broken(struct reader *r, const char *wanted)
{
    if (r->token.kind == TOKEN_END)
        fault_set(r->fault, FAULT_USAGE, "the schema ends where %s should stand", wanted);
    else
        fault_set(r->fault, FAULT_USAGE, "the schema has \"%s\" where %s should stand",
                  r->token.text, wanted);
    return fault_subject(r->fault, "line %d", r->line);
}

static uint8_t look(const struct reader *r, size_t ahead)
{
    return r->text.n - r->at > ahead ? r->text.p[r->at + ahead] : 0;
}

static void skip_line(struct reader *r)
{
    while (r->at < r->text.n && r->text.p[r->at] != '\n')
        r->at++;
}

static void skip_blanks(struct reader *r)
{
    while (r->at < r->text.n) {
        uint8_t c = look(r, 0), d = look(r, 1);
        if ((c == '-' && d == '-') || (c == '/' && d == '/')) {
            skip_line(r);
        } else if (c == '/' && d == '*') {
            for (r->at += 2; r->at < r->text.n && !(look(r, 0) == '*' && look(r, 1) == '/');
                 r->at++)
                r->line += look(r, 0) == '\n';
            r->at = r->at + 2 < r->text.n ? r->at + 2 : r->text.n;
        } else if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
            r->line += c == '\n';
            r->at++;
        } else {
            return;
        }
    }
}

static bool is_word(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static bool quoted(struct reader *r, uint8_t quote)
{
    size_t n = 0;
    r->token.kind = quote == '"' ? TOKEN_QUOTED : TOKEN_STRING;
    for (r->at++; r->at < r->text.n; r->at++) {
        uint8_t c = look(r, 0);
        if (c == quote && look(r, 1) == quote) {
            r->at++;
        } else if (c == quote) {
            r->at++;
            r->token.text[n] = '\0';
            return true;
        }
        if (c == '\0' || n + 1 >= sizeof r->token.text)
            break;
        r->line += c == '\n';
        r->token.text[n++] = (char)c;
    }
    fault_set(r->fault, FAULT_USAGE,
              "the schema has a quoted text that does not end, or is longer than %d bytes",
              TOKEN_TEXT_MAX - 1);
    return fault_subject(r->fault, "line %d", r->line);
}

static bool next(struct reader *r)
{
    skip_blanks(r);
    size_t n = 0;
    uint8_t c = look(r, 0);
    if (r->at >= r->text.n) {
        r->token = (struct token){.kind = TOKEN_END};
        return true;
    }
    if (c == '"' || c == '\'')
        return quoted(r, c);
    if (!is_word(c)) {
        r->token = (struct token){.kind = TOKEN_SIGN, .text = {(char)c}};
        r->at++;
        return true;
    }
    r->token.kind = TOKEN_NAME;
    for (; is_word(look(r, 0)) && n + 1 < sizeof r->token.text; r->at++) {
        uint8_t letter = look(r, 0);
        r->token.text[n++] = (char)(letter >= 'A' && letter <= 'Z' ? letter + 32 : letter);
    }
    r->token.text[n] = '\0';
    return true;
}

static bool is_name(const struct reader *r, const char *word)
{
    return r->token.kind == TOKEN_NAME && strcmp(r->token.text, word) == 0;
}

static bool is_sign(const struct reader *r, char sign)
{
    return r->token.kind == TOKEN_SIGN && r->token.text[0] == sign;
}

static bool take_name(struct reader *r, const char *word)
{
    return is_name(r, word) ? next(r) : broken(r, word);
}

static bool take_sign(struct reader *r, char sign)
{
    const char wanted[] = {'"', sign, '"', '\0'};
    return is_sign(r, sign) ? next(r) : broken(r, wanted);
}

static bool take_identifier(struct reader *r, char *out, const char *wanted)
{
    if (r->token.kind != TOKEN_NAME && r->token.kind != TOKEN_QUOTED)
        return broken(r, wanted);
    if (strlen(r->token.text) >= NAME_TEXT_MAX || r->token.text[0] == '\0')
        return broken(r, "a name of 1 to 63 bytes");
    snprintf(out, NAME_TEXT_MAX, "%.*s", NAME_TEXT_MAX - 1, r->token.text);
    return next(r);
}

/* Spells a type as system_schema does: "map<text, frozen<list<int>>>". */
static bool read_type(struct reader *r, struct buf *out, int depth)
{
    if (depth > TYPE_DEPTH_MAX || r->token.kind == TOKEN_SIGN || r->token.kind == TOKEN_END)
        return broken(r, "a type");
    if (r->token.kind == TOKEN_STRING)
        buf_printf(out, "'%s'", r->token.text);
    else if (r->token.kind == TOKEN_QUOTED)
        buf_printf(out, "\"%s\"", r->token.text);
    else
        buf_append_text(out, strcmp(r->token.text, "varchar") == 0 ? "text" : r->token.text);
    if (!next(r))
        return false;
    if (!is_sign(r, '<'))
        return true;
    buf_append_char(out, '<');
    do {
        if (!next(r) || !read_type(r, out, depth + 1))
            return false;
        if (is_sign(r, ','))
            buf_append_text(out, ", ");
    } while (is_sign(r, ','));
    buf_append_char(out, '>');
    return take_sign(r, '>');
}

static struct column *column_named(struct table *t, const char *name)
{
    int i = table_column(t, name);
    return i < 0 ? NULL : &t->columns[i];
}

static bool key_column(struct reader *r, struct table *t, enum column_role role, int position)
{
    char name[NAME_TEXT_MAX];
    if (!take_identifier(r, name, "a key column"))
        return false;
    struct column *c = column_named(t, name);
    if (!c || c->role != COLUMN_REGULAR) {
        fault_set(r->fault, FAULT_SCHEMA, "the primary key names %s, which is %s", name,
                  c ? "in it already, or static" : "not a column");
        return fault_subject(r->fault, "line %d", r->line);
    }
    c->role = role;
    c->position = position;
    return true;
}

/* "(a, b)" or "((a, b), c)": the outer bracket is open already when this is called. */
static bool read_key(struct reader *r, struct table *t)
{
    int position = 0;
    if (is_sign(r, '(')) {
        do {
            if (!next(r) || !key_column(r, t, COLUMN_PARTITION, position++))
                return false;
        } while (is_sign(r, ','));
        if (!take_sign(r, ')'))
            return false;
    } else if (!key_column(r, t, COLUMN_PARTITION, 0)) {
        return false;
    }
    for (position = 0; is_sign(r, ','); position++)
        if (!next(r) || !key_column(r, t, COLUMN_CLUSTERING, position))
            return false;
    return take_sign(r, ')');
}

static bool read_column(struct reader *r, struct table *t)
{
    if (t->column_count >= TABLE_COLUMNS_MAX)
        return broken(r, "the end of the table (too many columns)");
    struct column *c = &t->columns[t->column_count];
    *c = (struct column){.role = COLUMN_REGULAR, .position = -1};
    if (!take_identifier(r, c->name, "a column"))
        return false;
    struct buf type;
    buf_init(&type, TYPE_TEXT_MAX - 1);
    bool ok = read_type(r, &type, 0);
    if (ok && type.failed)
        ok = broken(r, "a shorter type");
    ok = ok && type_parse(&c->type, buf_view(&type), r->fault);
    buf_fini(&type);
    if (!ok)
        return false;
    t->column_count++;
    if (is_name(r, "static")) {
        c->role = COLUMN_STATIC;
        return next(r);
    }
    if (is_name(r, "primary")) {
        c->role = COLUMN_PARTITION;
        c->position = 0;
        return next(r) && take_name(r, "key");
    }
    return true;
}

/* The rest of a statement: whatever stands behind the part that matters. */
static bool skip_statement(struct reader *r)
{
    while (r->token.kind != TOKEN_END && !is_sign(r, ';'))
        if (!next(r))
            return false;
    return r->token.kind == TOKEN_END || next(r);
}

static bool read_table_name(struct reader *r, struct table *t)
{
    if (!take_identifier(r, t->name, "a table"))
        return false;
    if (is_sign(r, '.')) {
        memcpy(t->keyspace, t->name, sizeof t->keyspace);
        return next(r) && take_identifier(r, t->name, "a table");
    }
    if (!r->keyspace[0])
        return broken(r, "a keyspace before the table's name");
    memcpy(t->keyspace, r->keyspace, sizeof t->keyspace);
    return true;
}

static bool read_table(struct reader *r, struct table *t, bool *if_not_exists)
{
    *if_not_exists = is_name(r, "if");
    if (*if_not_exists && !(next(r) && take_name(r, "not") && take_name(r, "exists")))
        return false;
    if (!read_table_name(r, t) || !take_sign(r, '('))
        return false;
    while (!is_sign(r, ')')) {
        bool ok;
        if (is_name(r, "primary"))
            ok = next(r) && take_name(r, "key") && take_sign(r, '(') && read_key(r, t);
        else
            ok = read_column(r, t);
        if (!ok || (!is_sign(r, ')') && !take_sign(r, ',')))
            return false;
    }
    return skip_statement(r) && table_finish(t, r->fault);
}

static bool create(struct reader *r,
                   bool (*each)(void *context, const struct table *t, bool if_not_exists,
                                struct fault *f),
                   void *context)
{
    if (!take_name(r, "create"))
        return false;
    if (is_name(r, "keyspace") || is_name(r, "index") || is_name(r, "custom"))
        return skip_statement(r);
    if (!take_name(r, "table"))
        return false;
    struct table *t = arena_alloc(r->arena, sizeof *t);
    struct column *room = arena_array(r->arena, TABLE_COLUMNS_MAX, sizeof *room);
    if (!t || !room)
        return fault_memory(r->fault);
    t->columns = room;
    bool if_not_exists;
    return read_table(r, t, &if_not_exists) && each(context, t, if_not_exists, r->fault);
}

bool ddl_read(struct bytes text, struct arena *a,
              bool (*each)(void *context, const struct table *t, bool if_not_exists,
                           struct fault *f),
              void *context, struct fault *f)
{
    struct reader r = {.text = text, .line = 1, .arena = a, .fault = f};
    if (!next(&r))
        return false;
    while (r.token.kind != TOKEN_END) {
        bool ok;
        if (is_sign(&r, ';'))
            ok = next(&r);
        else if (is_name(&r, "use"))
            ok = next(&r) && take_identifier(&r, r.keyspace, "a keyspace") && skip_statement(&r);
        else
            ok = create(&r, each, context);
        if (!ok)
            return false;
    }
    return true;
}
