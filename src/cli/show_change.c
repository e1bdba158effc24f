#include "cli/show_change.h"

#include <stdio.h>
#include <string.h>

#include "base/json_write.h"
#include "base/utf8.h"
#include "cli/text.h"
#include "move/type.h"

enum { TYPES_ARENA_MAX = 4 * 1024 * 1024, VALUE_MAX = 16 * 1024 * 1024, SHOWN_BYTES = 400 };

void show_types_init(struct show_types *t, struct ledger *l)
{
    *t = (struct show_types){.ledger = l};
    arena_init(&t->arena, TYPES_ARENA_MAX);
}

void show_types_fini(struct show_types *t)
{
    arena_fini(&t->arena);
}

static bool choose_rule(struct show_types *t, struct bytes rule, struct fault *f)
{
    if (bytes_are(rule, t->rule) && t->rule[0])
        return true;
    arena_reset(&t->arena);
    snprintf(t->rule, sizeof t->rule, "%.*s", (int)rule.n, (const char *)rule.p);
    return report_columns_read(t->ledger, t->rule, &t->arena, &t->columns, f);
}

/* In a graph a value is text or a list of text; a list's four bytes of length are never a text of letters. */
static void guess_type(struct bytes value, struct type *out)
{
    *out = (struct type){.kind = TYPE_TEXT};
    if (value.n >= 4 && value.p[0] == 0 && list_count(value) >= 0) {
        struct fault f;
        if (!type_parse(out, bytes_of("list<text>"), &f))
            *out = (struct type){.kind = TYPE_CUSTOM};
    } else if (!bytes_are_null(value) && !utf8_is_valid(value)) {
        out->kind = TYPE_CUSTOM;
    }
}

static void type_of(const struct show_types *t, const struct named_cell *c, struct type *out)
{
    for (int i = 0; i < t->columns.n; i++) {
        if (bytes_are(c->name, t->columns.v[i].name)) {
            *out = t->columns.v[i].type;
            return;
        }
    }
    guess_type(c->value, out);
}

static const struct named_cell *find(const struct named_cells *cells, struct bytes name)
{
    for (int i = 0; i < cells->n; i++) {
        if (bytes_equal(cells->v[i].name, name))
            return &cells->v[i];
    }
    return NULL;
}

static void append_value(const struct show_types *t, const struct named_cell *c, struct buf *out)
{
    struct buf value;
    if (!c) {
        buf_append_text(out, "(none)");
        return;
    }
    buf_init(&value, VALUE_MAX);
    report_value(&t->columns, c->name, c->value, &value);
    struct bytes shown = buf_view(&value);
    bool cut = shown.n > SHOWN_BYTES;
    if (cut) {
        shown.n = SHOWN_BYTES;
        while (shown.n > 0 && (shown.p[shown.n] & 0xc0) == 0x80)
            shown.n--;
    }
    text_plain(out, shown);
    out->failed |= value.no_memory;
    if (cut)
        buf_printf(out, "… (%zu bytes)", value.n);
    buf_fini(&value);
}

static void append_pair(const struct show_types *t, const struct named_cell *before,
                        const struct named_cell *after, struct buf *out)
{
    struct bytes name = after ? after->name : before->name;
    buf_append_text(out, "    ");
    text_plain(out, name);
    for (size_t n = name.n; n < 20; n++)
        buf_append_char(out, ' ');
    buf_append_char(out, ' ');
    append_value(t, before, out);
    buf_append_text(out, " → ");
    append_value(t, after, out);
    buf_append_char(out, '\n');
}

/* The pairs that differ; returns how many stay as they are. */
static int append_pairs(const struct show_types *t, const struct named_cells *before,
                        const struct named_cells *after, struct buf *out)
{
    int same = 0;
    for (int i = 0; i < after->n; i++) {
        const struct named_cell *was = find(before, after->v[i].name);
        if (was && bytes_equal(was->value, after->v[i].value))
            same++;
        else
            append_pair(t, was, &after->v[i], out);
    }
    return same;
}

/* What the row at the target has, where the merged row differs from it. */
static void append_target(const struct show_types *t, const struct change *c, struct buf *out)
{
    for (int i = 0; i < c->target_before.n; i++) {
        const struct named_cell *was = &c->target_before.v[i], *is = find(&c->after, was->name);
        if (!is || bytes_equal(was->value, is->value))
            continue;
        buf_append_text(out, "    the target's row had ");
        text_plain(out, was->name);
        buf_append_char(out, ' ');
        append_value(t, was, out);
        buf_append_char(out, '\n');
    }
}

bool show_change_text(struct show_types *t, const struct change *c, struct buf *out,
                      struct fault *f)
{
    if (!choose_rule(t, c->rule, f))
        return false;
    change_row_name(c, out);
    buf_printf(out, "   %s", change_kind_name(c->kind));
    if (c->origin != CHANGE_PLAIN)
        buf_printf(out, " (%s)", change_origin_name(c->origin));
    buf_printf(out, "   %s", change_state_name(c->state));
    if (c->pass > 1)
        buf_printf(out, "   found by pass %d", c->pass);
    buf_append_char(out, '\n');
    append_pairs(t, &c->key, &c->new_key, out);
    int same = append_pairs(t, &c->before, &c->after, out);
    if (c->origin == CHANGE_DROP)
        buf_append_text(out, "    the row that stands at the new key stays; this one is deleted\n");
    else if (same > 0)
        buf_printf(out, "    and %d column%s as %s\n", same, same == 1 ? "" : "s",
                   same == 1 ? "it is" : "they are");
    append_target(t, c, out);
    if (c->reason.n > 0) {
        buf_append_text(out, "    ");
        text_plain(out, c->reason);
        buf_append_char(out, '\n');
    }
    return !out->failed || fault_memory(f);
}

static void json_cells(struct json_writer *w, const struct show_types *t, const char *key,
                       const struct named_cells *cells, struct buf *scratch)
{
    if (cells->n == 0)
        return;
    json_key(w, key);
    json_begin_object(w);
    for (int i = 0; i < cells->n; i++) {
        char name[256];
        struct type type;
        snprintf(name, sizeof name, "%.*s", (int)cells->v[i].name.n,
                 (const char *)cells->v[i].name.p);
        json_key(w, name);
        if (!bytes_are_null(cells->v[i].value) &&
            report_is_personal(&t->columns, cells->v[i].name)) {
            json_text_value(w, REPORT_MASK);
            continue;
        }
        type_of(t, &cells->v[i], &type);
        buf_clear(scratch);
        type_print_json(&type, cells->v[i].value, scratch);
        w->out->failed |= scratch->failed;
        json_raw_value(w, buf_view(scratch));
    }
    json_end(w);
}

bool show_change_json(struct show_types *t, const struct change *c, struct buf *out,
                      struct fault *f)
{
    struct json_writer w;
    struct buf scratch;
    if (!choose_rule(t, c->rule, f))
        return false;
    buf_init(&scratch, VALUE_MAX);
    json_writer_init(&w, out, false);
    json_begin_object(&w);
    json_member_int(&w, "seq", c->seq);
    json_member_int(&w, "pass", c->pass);
    json_member_bytes(&w, "rule", c->rule);
    change_row_name(c, &scratch);
    out->failed |= scratch.failed;
    json_member_bytes(&w, "row", buf_view(&scratch));
    json_member_text(&w, "kind", change_kind_name(c->kind));
    json_member_text(&w, "origin", change_origin_name(c->origin));
    json_member_text(&w, "state", change_state_name(c->state));
    json_cells(&w, t, "key", &c->key, &scratch);
    json_cells(&w, t, "new_key", &c->new_key, &scratch);
    json_cells(&w, t, "before", &c->before, &scratch);
    json_cells(&w, t, "after", &c->after, &scratch);
    if (c->reason.n > 0)
        json_member_bytes(&w, "reason", c->reason);
    json_end(&w);
    buf_append_char(out, '\n');
    buf_fini(&scratch);
    return !out->failed || fault_memory(f);
}
