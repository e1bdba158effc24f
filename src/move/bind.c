#include <stdio.h>
#include <string.h>

#include "move/decide.h"
#include "move/expression.h"
#include "move/profile.h"

struct binder {
    struct bound_rule *b;
    const struct tenant *source, *target;
    struct arena *arena;
    struct fault *fault;
};

static bool schema_fault(struct binder *w, const char *column, const char *text)
{
    const struct table *t = w->b->table;
    fault_set(w->fault, FAULT_SCHEMA, "rule %s: the column %s %s", w->b->rule->name, column, text);
    return fault_subject(w->fault, "%s.%s", t->keyspace, t->name);
}

/* The expression's text for these tenants. A reference that is empty would be written over good
 * values. */
static bool value_text(const char *rule, const struct expression *e, const struct tenant *source,
                       const struct tenant *target, struct bytes *out, struct fault *f)
{
    *out = expression_value(e, source, target);
    if (out->n || !e->is_reference)
        return true;
    const struct tenant *t = e->of_target ? target : source;
    fault_set(f, FAULT_REFUSED, "rule %s needs %s, which is empty", rule, expression_name(e));
    fault_subject(f, "organisation %.*s", (int)(t->id.n < 64 ? t->id.n : 64),
                  t->id.p ? (const char *)t->id.p : "");
    return fault_hint(f, "fill that column of its row in sunbird.organisation first");
}

static bool value_for(struct binder *w, const struct expression *e, const struct column *c,
                      const struct type *t, struct bytes *out)
{
    struct bytes text;
    if (!value_text(w->b->rule->name, e, w->source, w->target, &text, w->fault))
        return false;
    if (expression_serialize(t, text, w->arena, out, w->fault))
        return true;
    if (w->fault && w->fault->code == FAULT_SCHEMA) {
        fault_subject(w->fault, "%s.%s, column %s", w->b->table->keyspace, w->b->table->name,
                      c->name);
        fault_hint(w->fault, "line %d of the profile: rule %s", w->b->rule->line, w->b->rule->name);
    }
    return false;
}

static void note_missing(struct bound_rule *b, const char *column)
{
    size_t n = strlen(b->missing);
    snprintf(b->missing + n, sizeof b->missing - n, "%s%s", n ? ", " : "", column);
}

/* An optional column: its number, or -1 and a note. */
static int optional_column(struct bound_rule *b, const char *name)
{
    if (!name[0])
        return -1;
    int column = table_column(b->table, name);
    if (column < 0)
        note_missing(b, name);
    return column;
}

static bool is_text_list(const struct column *c)
{
    struct type element;
    return (c->type.kind == TYPE_LIST || c->type.kind == TYPE_SET) &&
           type_element(&c->type, 0, &element) &&
           (element.kind == TYPE_TEXT || element.kind == TYPE_ASCII);
}

static bool bind_find(struct binder *w)
{
    struct bound_rule *b = w->b;
    const char *name = b->rule->find_column;
    b->find_column = table_column(b->table, name);
    if (b->find_column < 0)
        return schema_fault(w, name, "is not there");
    const struct column *c = &b->table->columns[b->find_column];
    bool in_key = b->find_column < b->table->key_count;
    if (b->rule->find == FIND_KEY && !in_key)
        return schema_fault(w, name, "is not part of the primary key: find it by `column`");
    if (b->rule->find != FIND_KEY && in_key)
        return schema_fault(w, name, "is part of the primary key: find it by `key`");
    if (c->role == COLUMN_STATIC)
        return schema_fault(w, name, "is static, which no rule can change");
    if (b->rule->find != FIND_LIST)
        return value_for(w, &b->rule->find_value, c, &c->type, &b->find_value);
    if (!is_text_list(c))
        return schema_fault(w, name, "is not a list or set of text");
    struct type element;
    type_element(&c->type, 0, &element);
    if (!value_for(w, &b->rule->find_value, c, &element, &b->find_value))
        return false;
    b->replace_column = b->find_column;
    return !b->rule->has_replace ||
           (value_for(w, &b->rule->replace_from, c, &element, &b->replace_from) &&
            value_for(w, &b->rule->replace_to, c, &element, &b->replace_to));
}

static bool bind_set(struct binder *w)
{
    struct bound_rule *b = w->b;
    bool sets_found = false;
    for (int i = 0; i < b->rule->set_count; i++) {
        const struct assignment *s = &b->rule->set[i];
        int column = optional_column(b, s->column);
        if (column < 0)
            continue;
        const struct column *c = &b->table->columns[column];
        if (c->role == COLUMN_STATIC)
            return schema_fault(w, s->column, "is static, which no rule can change");
        if (!value_for(w, &s->value, c, &c->type, &b->set_value[b->set_count]))
            return false;
        bool in_key = column < b->table->key_count;
        if (in_key && b->set_value[b->set_count].n == 0 && c->role == COLUMN_PARTITION)
            return schema_fault(w, s->column, "is a partition key, which cannot be empty");
        b->moves_row |= in_key;
        sets_found |= column == b->find_column;
        b->set_column[b->set_count++] = column;
    }
    if (b->rule->leave || b->rule->find == FIND_LIST)
        return true;
    if (b->set_count == 0)
        return schema_fault(w, b->rule->set[0].column, "is not there, nor any other that is set");
    if (b->moves_row && b->rule->find != FIND_KEY)
        return schema_fault(w, b->rule->find_column,
                            "is not in the key, but the rule sets a column that is");
    if (b->moves_row && !sets_found)
        return schema_fault(w, b->rule->find_column,
                            "must be set too: the moved row would be found again");
    return true;
}

/* A moving row takes its cells along; static cells belong to all rows of the partition. */
static bool check_move(struct binder *w)
{
    const struct table *t = w->b->table;
    for (int i = t->key_count; w->b->moves_row && i < t->column_count; i++)
        if (t->columns[i].role == COLUMN_STATIC)
            return schema_fault(w, t->columns[i].name,
                                "is static: rows of such a table cannot be moved");
    return true;
}

static bool bind_merge(struct binder *w)
{
    struct bound_rule *b = w->b;
    const struct rule *r = b->rule;
    b->merge_live = optional_column(b, r->merge_live);
    if (b->merge_live >= 0 && b->table->columns[b->merge_live].type.kind != TYPE_BOOLEAN)
        return schema_fault(w, r->merge_live, "is not boolean, as `live` needs it");
    for (int i = 0; i < r->merge_earliest_count; i++) {
        int column = optional_column(b, r->merge_earliest[i]);
        if (column >= 0 && b->table->columns[column].type.kind != TYPE_TEXT &&
            b->table->columns[column].type.kind != TYPE_ASCII)
            return schema_fault(w, r->merge_earliest[i], "is not text, as `earliest` needs it");
        if (column >= 0)
            b->merge_earliest[b->merge_earliest_count++] = column;
    }
    for (int i = 0; i < r->merge_union_count; i++) {
        int column = optional_column(b, r->merge_union[i]);
        if (column >= 0 && !is_text_list(&b->table->columns[column]))
            return schema_fault(w, r->merge_union[i],
                                "is not a list or set of text, as `union` needs it");
        if (column >= 0)
            b->merge_union[b->merge_union_count++] = column;
    }
    return true;
}

static bool bind_sync(struct binder *w)
{
    struct bound_rule *b = w->b;
    const char *names[] = {b->rule->sync_id, b->rule->sync_course_id};
    int *out[] = {&b->sync_id, &b->sync_course_id};
    for (int i = 0; i < 2; i++) {
        *out[i] = names[i][0] ? table_column(b->table, names[i]) : -1;
        if (names[i][0] && *out[i] < 0)
            return schema_fault(w, names[i], "is not there, but `sync` needs it");
    }
    return true;
}

bool rule_bind(struct bound_rule *b, const struct rule *r, const struct table *t,
               const struct tenant *source, const struct tenant *target, struct arena *a,
               struct fault *f)
{
    struct binder w = {.b = b, .source = source, .target = target, .arena = a, .fault = f};
    *b = (struct bound_rule){.rule = r,
                             .table = t,
                             .replace_column = -1,
                             .merge_live = -1,
                             .sync_id = -1,
                             .sync_course_id = -1};
    if (t->has_counter) {
        fault_set(f, FAULT_SCHEMA, "rule %s: a table of counters cannot be changed safely",
                  r->name);
        fault_subject(f, "%s.%s", t->keyspace, t->name);
        return fault_hint(f, "take the rule out of the profile");
    }
    return bind_find(&w) && bind_set(&w) && check_move(&w) && bind_merge(&w) && bind_sync(&w);
}

void rule_select(const struct bound_rule *b, bool *selected)
{
    for (int i = 0; i < b->table->column_count; i++)
        selected[i] = i < b->table->key_count || b->moves_row;
    selected[b->find_column] = true;
    for (int i = 0; i < b->set_count; i++)
        selected[b->set_column[i]] = true;
    if (b->sync_id >= 0)
        selected[b->sync_id] = true;
    if (b->sync_course_id >= 0)
        selected[b->sync_course_id] = true;
}

bool rule_bind_node(struct bound_node *b, const struct rule *r, const struct tenant *source,
                    const struct tenant *target, struct fault *f)
{
    *b = (struct bound_node){.rule = r};
    struct bytes find;
    if (!value_text(r->name, &r->find_value, source, target, &find, f))
        return false;
    if (r->find == FIND_PROPERTY) {
        b->property = r->find_column;
        b->find_value = find;
        if (r->set_count &&
            !value_text(r->name, &r->set[0].value, source, target, &b->set_value, f))
            return false;
    } else {
        b->list = r->find_column;
        b->replace_from = find;
    }
    if (!r->has_replace)
        return true;
    b->list = r->replace_list;
    return value_text(r->name, &r->replace_from, source, target, &b->replace_from, f) &&
           value_text(r->name, &r->replace_to, source, target, &b->replace_to, f);
}
