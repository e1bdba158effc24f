#include "report/cypher_file.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "graph/cypher.h"
#include "move/decide.h"
#include "report/out_file.h"

enum { BATCH_BYTES_MAX = 64 * 1024 * 1024, STATEMENT_BYTES_MAX = 64 * 1024 };

struct cypher_file {
    struct ledger *l;
    const struct rule *rule;
    struct arena arena; /* of one batch */
    struct change changes[GRAPH_BATCH_MAX];
    struct node_write writes[GRAPH_BATCH_MAX];
    struct out_file out;
    uint64_t nodes;
};

static void quote_byte(struct buf *out, uint8_t c)
{
    switch (c) {
    case '"': buf_append_text(out, "\\\""); return;
    case '\n': buf_append_text(out, "\\n"); return;
    case '\r': buf_append_text(out, "\\r"); return;
    case '\t': buf_append_text(out, "\\t"); return;
    case '\b': buf_append_text(out, "\\b"); return;
    case '\f': buf_append_text(out, "\\f"); return;
    case '\\': buf_append_text(out, "\\\\"); return;
    default: break;
    }
    if (c < 0x20 || c == 0x7f)
        buf_printf(out, "\\u%04X", c);
    else
        buf_append_u8(out, c);
}

void cypher_quote(struct buf *out, struct bytes text)
{
    buf_append_char(out, '"');
    while (text.n > 0) {
        size_t n = utf8_length(text);
        if (n == 0) {
            buf_append_text(out, "\xef\xbf\xbd");
            n = 1;
        } else if (n == 1) {
            quote_byte(out, text.p[0]);
        } else {
            buf_append(out, text.p, n);
        }
        text.p += n;
        text.n -= n;
    }
    buf_append_char(out, '"');
}

static void put_value(struct buf *out, struct bytes value, bool is_list)
{
    if (bytes_are_null(value)) {
        buf_append_text(out, "null");
        return;
    }
    if (!is_list) {
        cypher_quote(out, value);
        return;
    }
    size_t cursor = 0;
    struct bytes element;
    buf_append_char(out, '[');
    for (bool first = true; list_next(value, &cursor, &element); first = false) {
        if (!first)
            buf_append_text(out, ", ");
        cypher_quote(out, element);
    }
    buf_append_char(out, ']');
}

/* The properties of |after|'s names, with the values that |cells| has. */
static struct property *properties(struct cypher_file *x, const struct named_cells *cells,
                                   const struct named_cells *after)
{
    struct property *p = arena_array(&x->arena, (size_t)after->n + 1, sizeof *p);
    for (int i = 0; p && i < after->n; i++) {
        struct bytes name = after->v[i].name;
        if (name.n == 0 || name.n >= sizeof p[i].name)
            return NULL;
        memcpy(p[i].name, name.p, name.n);
        p[i].is_list = x->rule->has_replace && bytes_are(name, x->rule->replace_list);
        const struct named_cell *c = named_cells_find(cells, p[i].name);
        p[i].value = c ? c->value : bytes_null();
    }
    return p;
}

static bool fill(struct cypher_file *x, const struct change *c, struct node_write *w,
                 struct fault *f)
{
    const struct named_cell *uid = named_cells_find(&c->key, x->rule->node_id);
    *w = (struct node_write){.property_count = c->after.n};
    if (c->kind != CHANGE_NODE || !change_node_id(c, &w->id) || c->after.n > GRAPH_PROPERTIES_MAX)
        return fault_set(f, FAULT_DAMAGED, "a node change in the ledger is not complete");
    w->uid = uid ? uid->value : bytes_null();
    struct property *before = properties(x, &c->before, &c->after);
    struct property *after = properties(x, &c->after, &c->after);
    w->before = before;
    w->after = after;
    return (before && after) || fault_memory(f);
}

static void put_row(struct buf *out, const struct node_write *w, uint64_t i,
                    const struct cypher_names *names)
{
    buf_printf(out, "{i: %" PRIu64 ", id: %" PRId64 ", uid: ", i, w->id);
    put_value(out, w->uid, false);
    for (int k = 0; k < names->count; k++) {
        int at = 0;
        while (at < w->property_count && strcmp(w->after[at].name, names->names[k]) != 0)
            at++;
        bool has = at < w->property_count;
        buf_printf(out, ", h%d: %s, b%d: ", k, has ? "true" : "false", k);
        put_value(out, has ? w->before[at].value : bytes_null(), has && w->before[at].is_list);
        buf_printf(out, ", a%d: ", k);
        put_value(out, has ? w->after[at].value : bytes_null(), has && w->after[at].is_list);
    }
    buf_append_char(out, '}');
}

/* apply's statement, with the rows in place of its one parameter. */
static bool put_statement(struct cypher_file *x, int count, struct fault *f)
{
    static const char parameter[] = "$rows";
    struct cypher_names names;
    struct buf statement;
    struct buf *out = &x->out.text;
    buf_init(&statement, STATEMENT_BYTES_MAX);
    bool ok = cypher_collect_names(&names, x->writes, count, f) &&
              cypher_write(&statement, x->rule->table, x->rule->node_id, &names, f);
    const char *text = buf_text(&statement), *at = ok ? strstr(text, parameter) : NULL;
    if (ok && !at)
        ok = fault_set(f, FAULT_INTERNAL, "the statement has no rows");
    if (ok) {
        buf_append(out, text, (size_t)(at - text));
        buf_append_text(out, "[\n");
        for (int i = 0; i < count; i++) {
            put_row(out, &x->writes[i], x->nodes + (uint64_t)i + 1, &names);
            buf_append_text(out, i + 1 < count ? ",\n" : "\n]");
        }
        buf_append_text(out, at + strlen(parameter));
        buf_append_text(out, ";\n");
        x->nodes += (uint64_t)count;
        ok = out_file_flow(&x->out, f);
    }
    buf_fini(&statement);
    return ok;
}

static bool write_all(struct cypher_file *x, int pass, struct fault *f)
{
    struct ledger_query q = {.rule = x->rule->name, .pass = pass};
    int n;
    buf_printf(&x->out.text,
               "// Rule %s: the nodes that the plan changes, for cypher-shell.\n"
               "// Each statement is one transaction; a node that was changed since the plan is "
               "left as it is.\n",
               x->rule->name);
    do {
        int count = 0;
        arena_reset(&x->arena);
        n = ledger_read(x->l, &q, x->changes, GRAPH_BATCH_MAX, &x->arena, f);
        for (int i = 0; i < n; i++) {
            const struct change *c = &x->changes[i];
            q.after_seq = c->seq;
            if (c->state == CHANGE_REJECTED || c->state == CHANGE_SKIPPED || c->after.n == 0)
                continue;
            if (!fill(x, c, &x->writes[count++], f))
                return false;
        }
        if (count > 0 && !put_statement(x, count, f))
            return false;
    } while (n > 0);
    return n == 0 && out_file_finish(&x->out, f);
}

bool cypher_file_write(struct ledger *l, const struct rule *rule, int pass, const char *dir,
                       char *path, size_t path_size, uint64_t *nodes, struct fault *f)
{
    if (!out_file_path(path, path_size, dir, rule->name, "cypher", f))
        return false;
    struct cypher_file *x = calloc(1, sizeof *x);
    if (!x)
        return fault_memory(f);
    x->l = l;
    x->rule = rule;
    arena_init(&x->arena, BATCH_BYTES_MAX);
    bool ok = out_file_init(&x->out, path, f) && write_all(x, pass, f);
    if (ok && nodes)
        *nodes = x->nodes;
    out_file_fini(&x->out);
    arena_fini(&x->arena);
    free(x);
    return ok;
}
