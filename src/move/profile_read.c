#include "move/profile_read.h"

#include <string.h>

#include "move/expression.h"

enum { SHOWN_MAX = 64 };

static int shown(struct bytes b)
{
    return (int)(b.n < SHOWN_MAX ? b.n : SHOWN_MAX);
}

/* Levenshtein's distance, for "did you mean"; words of a profile are short. */
static int distance(struct bytes a, const char *b)
{
    int row[SHOWN_MAX + 1];
    size_t n = strlen(b);
    if (a.n > SHOWN_MAX || n > SHOWN_MAX)
        return SHOWN_MAX;
    for (size_t k = 0; k <= n; k++)
        row[k] = (int)k;
    for (size_t i = 1; i <= a.n; i++) {
        int diagonal = row[0];
        row[0] = (int)i;
        for (size_t k = 1; k <= n; k++) {
            int replace = diagonal + (a.p[i - 1] != (uint8_t)b[k - 1]);
            int other = (row[k] < row[k - 1] ? row[k] : row[k - 1]) + 1;
            diagonal = row[k];
            row[k] = replace < other ? replace : other;
        }
    }
    return row[n];
}

/* The hint to a word that is none of |known|: the nearest one, or all of them. */
static void suggest(struct fault *f, struct bytes word, const char *const *known)
{
    const char *best = NULL;
    int least = 3;
    char all[FAULT_HINT_MAX] = "";
    for (; *known; known++) {
        int d = distance(word, *known);
        if (d < least && d < (int)strlen(*known)) {
            least = d;
            best = *known;
        }
        size_t n = strlen(all);
        if (n + strlen(*known) + 3 < sizeof all) {
            if (n)
                memcpy(all + n, ", ", 3);
            memcpy(all + n + (n ? 2 : 0), *known, strlen(*known) + 1);
        }
    }
    if (best)
        fault_hint(f, "did you mean `%s`?", best);
    else
        fault_hint(f, "known here: %s", all);
}

bool profile_check_map(struct profile_reader *r, const struct yaml_node *node, const char *what,
                       const char *const *known)
{
    if (node->kind != YAML_MAP)
        return yaml_fault(r->fault, r->source_name, node->line,
                          "%s must be a map of `key: value`, not a %s", what,
                          node->kind == YAML_LIST ? "list" : "plain value");
    for (const struct yaml_node *n = node->first; n; n = n->next) {
        const char *const *k = known;
        while (*k && !bytes_are(n->key, *k))
            k++;
        if (*k)
            continue;
        yaml_fault(r->fault, r->source_name, n->line, "unknown key `%.*s` in %s", shown(n->key),
                   (const char *)n->key.p, what);
        suggest(r->fault, n->key, known);
        return false;
    }
    return true;
}

static bool read_text(struct profile_reader *r, const struct yaml_node *node, const char *what,
                      struct bytes *out)
{
    *out = bytes_null();
    if (node->kind != YAML_TEXT || bytes_are_null(node->text))
        return yaml_fault(r->fault, r->source_name, node->line, "%s must be a plain value, not %s",
                          what,
                          node->kind == YAML_LIST  ? "a list"
                          : node->kind == YAML_MAP ? "a map"
                                                   : "nothing");
    *out = node->text;
    return true;
}

static bool is_word(struct bytes text, const char *more)
{
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        bool digit = c >= '0' && c <= '9';
        if (!letter && !digit && (c == 0 || !strchr(more, c)))
            return false;
    }
    return text.n > 0;
}

static bool copy_name(struct profile_reader *r, int line, struct bytes text, const char *what,
                      const char *more, char out[NAME_TEXT_MAX])
{
    if (!is_word(text, more) || (text.p[0] == '-' || text.p[0] == '.'))
        return yaml_fault(r->fault, r->source_name, line, "\"%.*s\" is not the name of a %s",
                          shown(text), (const char *)text.p, what);
    if (text.n >= NAME_TEXT_MAX)
        return yaml_fault(r->fault, r->source_name, line,
                          "the name of a %s is longer than %d bytes", what, NAME_TEXT_MAX - 1);
    memcpy(out, text.p, text.n);
    out[text.n] = '\0';
    return true;
}

bool profile_read_name(struct profile_reader *r, const struct yaml_node *node, const char *what,
                       char out[NAME_TEXT_MAX])
{
    struct bytes text;
    return read_text(r, node, what, &text) && copy_name(r, node->line, text, what, "_", out);
}

static bool read_expression(struct profile_reader *r, const struct yaml_node *node,
                            const char *what, struct expression *out)
{
    struct bytes text;
    if (!read_text(r, node, what, &text))
        return false;
    if (expression_parse(text, out))
        return true;
    const char *known[16] = {NULL};
    for (int i = 0; i < 15 && expression_reference(i); i++)
        known[i] = expression_reference(i);
    yaml_fault(r->fault, r->source_name, node->line, "unknown reference %.*s", shown(text),
               (const char *)text.p);
    suggest(r->fault, text, known);
    return false;
}

/* One of |words|, as its number. */
static bool read_choice(struct profile_reader *r, const struct yaml_node *node, const char *what,
                        const char *const *words, int *out)
{
    struct bytes text;
    if (!read_text(r, node, what, &text))
        return false;
    for (int i = 0; words[i]; i++)
        if (bytes_are(text, words[i])) {
            *out = i;
            return true;
        }
    yaml_fault(r->fault, r->source_name, node->line, "unknown %s \"%.*s\"", what, shown(text),
               (const char *)text.p);
    suggest(r->fault, text, words);
    return false;
}

static const struct yaml_node *need(struct profile_reader *r, const struct yaml_node *map,
                                    const char *key, const char *what)
{
    const struct yaml_node *n = yaml_get(map, key);
    if (!n)
        yaml_fault(r->fault, r->source_name, map->line, "%s has no `%s`", what, key);
    return n;
}

/* `sunbird.user`: the part before the dot may be a name of `keyspaces:`, which an option overrides.
 */
static bool resolve_keyspace(struct profile_reader *r, int line, struct bytes name,
                             char out[NAME_TEXT_MAX])
{
    const struct yaml_node *n = NULL;
    for (const struct yaml_node *k = r->keyspaces ? r->keyspaces->first : NULL; k; k = k->next)
        if (bytes_equal(k->key, name))
            n = k;
    for (int i = 0; i < r->option_count; i++) {
        const char *option = r->options[i].name ? r->options[i].name : "sunbird";
        if (!bytes_are(name, option))
            continue;
        r->option_used[i] = true;
        return copy_name(r, line, bytes_of(r->options[i].actual), "keyspace", "_", out);
    }
    return copy_name(r, line, n ? n->text : name, "keyspace", "_", out);
}

static bool read_table(struct profile_reader *r, const struct yaml_node *node, struct rule *rule)
{
    struct bytes text = bytes_null();
    if (!read_text(r, node, "table", &text))
        return false;
    const uint8_t *dot = memchr(text.p, '.', text.n);
    if (!dot)
        return yaml_fault(r->fault, r->source_name, node->line,
                          "\"%.*s\" is not a table: write keyspace.table", shown(text),
                          (const char *)text.p);
    struct bytes keyspace = {text.p, (size_t)(dot - text.p)};
    struct bytes table = {dot + 1, text.n - keyspace.n - 1};
    return resolve_keyspace(r, node->line, keyspace, rule->keyspace) &&
           copy_name(r, node->line, table, "table", "_", rule->table);
}

static bool read_find(struct profile_reader *r, const struct yaml_node *node, struct rule *rule)
{
    static const char *const known[] = {"column", "key",      "list", "property",
                                        "equals", "contains", NULL};
    static const enum find_kind kinds[] = {FIND_COLUMN, FIND_KEY, FIND_LIST, FIND_PROPERTY};
    const struct yaml_node *where = NULL;
    if (!profile_check_map(r, node, "find", known))
        return false;
    for (int i = 0; i < 4; i++) {
        const struct yaml_node *n = yaml_get(node, known[i]);
        if (n && where)
            return yaml_fault(r->fault, r->source_name, n->line,
                              "find looks at one thing: %.*s or %s", shown(where->key),
                              (const char *)where->key.p, known[i]);
        if (n) {
            where = n;
            rule->find = kinds[i];
        }
    }
    if (!where)
        return yaml_fault(r->fault, r->source_name, node->line,
                          "find has none of `column`, `key`, `list`, `property`");
    bool list = rule->find == FIND_LIST;
    if (yaml_get(node, list ? "equals" : "contains"))
        return yaml_fault(r->fault, r->source_name, node->line,
                          list ? "a list `contains` a value, it does not equal one"
                               : "only a list `contains` a value, others `equals`");
    const struct yaml_node *value = need(r, node, list ? "contains" : "equals", "find");
    return value && profile_read_name(r, where, known[rule->find], rule->find_column) &&
           read_expression(r, value, "the value to find", &rule->find_value);
}

static bool read_set(struct profile_reader *r, const struct yaml_node *node, struct rule *rule)
{
    if (node->kind != YAML_MAP || node->count == 0)
        return yaml_fault(r->fault, r->source_name, node->line,
                          "set must be a map of `column: value`");
    if (node->count > RULE_SET_MAX)
        return yaml_fault(r->fault, r->source_name, node->line, "set has more than %d columns",
                          RULE_SET_MAX);
    for (const struct yaml_node *n = node->first; n; n = n->next) {
        struct assignment *s = &rule->set[rule->set_count++];
        if (!copy_name(r, n->line, n->key, "column", "_", s->column) ||
            !read_expression(r, n, "the value of a column", &s->value))
            return false;
    }
    return true;
}

static bool read_replace(struct profile_reader *r, const struct yaml_node *node, struct rule *rule)
{
    static const char *const known[] = {"list", "from", "to", NULL};
    if (!profile_check_map(r, node, "replace", known))
        return false;
    const struct yaml_node *n[3];
    for (int i = 0; i < 3; i++)
        if (!(n[i] = need(r, node, known[i], "replace")))
            return false;
    rule->has_replace = true;
    return profile_read_name(r, n[0], "list", rule->replace_list) &&
           read_expression(r, n[1], "the value to replace", &rule->replace_from) &&
           read_expression(r, n[2], "the new value", &rule->replace_to);
}

static bool read_sync(struct profile_reader *r, const struct yaml_node *node, struct rule *rule)
{
    static const char *const known[] = {"object", "id", NULL};
    static const char *const objects[] = {"user", "organisation", "batch", NULL};
    static const char *const parts[] = {"courseId", "batchId", NULL};
    const struct yaml_node *object, *id, *course, *batch;
    int which = 0;
    if (!profile_check_map(r, node, "sync", known) || !(object = need(r, node, "object", "sync")) ||
        !(id = need(r, node, "id", "sync")) ||
        !read_choice(r, object, "sync object", objects, &which))
        return false;
    rule->sync = (enum sync_object)(SYNC_USER + which);
    if (id->kind != YAML_MAP)
        return profile_read_name(r, id, "sync id", rule->sync_id);
    if (rule->sync != SYNC_BATCH)
        return yaml_fault(r->fault, r->source_name, id->line,
                          "only a batch has an id of two columns");
    return profile_check_map(r, id, "sync id", parts) &&
           (course = need(r, id, "courseId", "sync id")) &&
           (batch = need(r, id, "batchId", "sync id")) &&
           profile_read_name(r, course, "column", rule->sync_course_id) &&
           profile_read_name(r, batch, "column", rule->sync_id);
}

static bool read_columns(struct profile_reader *r, const struct yaml_node *node, const char *what,
                         char (*out)[NAME_TEXT_MAX], int *count)
{
    if (node->kind != YAML_LIST)
        return yaml_fault(r->fault, r->source_name, node->line, "%s must be a list: [column, …]",
                          what);
    if (node->count > RULE_SET_MAX)
        return yaml_fault(r->fault, r->source_name, node->line, "%s has more than %d columns", what,
                          RULE_SET_MAX);
    for (const struct yaml_node *n = node->first; n; n = n->next)
        if (!profile_read_name(r, n, "column", out[(*count)++]))
            return false;
    return true;
}

static bool read_merge(struct profile_reader *r, const struct yaml_node *node, struct rule *rule)
{
    static const char *const known[] = {"live", "earliest", "union", NULL};
    if (!profile_check_map(r, node, "merge", known))
        return false;
    const struct yaml_node *live = yaml_get(node, "live");
    const struct yaml_node *earliest = yaml_get(node, "earliest");
    const struct yaml_node *both = yaml_get(node, "union");
    if (live && !profile_read_name(r, live, "column", rule->merge_live))
        return false;
    if (earliest &&
        !read_columns(r, earliest, "earliest", rule->merge_earliest, &rule->merge_earliest_count))
        return false;
    return !both || read_columns(r, both, "union", rule->merge_union, &rule->merge_union_count);
}

static bool read_where(struct profile_reader *r, const struct yaml_node *node, struct rule *rule)
{
    const struct yaml_node *table = yaml_get(node, "table"), *label = yaml_get(node, "label");
    if (!table == !label)
        return yaml_fault(r->fault, r->source_name, node->line,
                          "rule %s must have either `table` or `label`", rule->name);
    if (table)
        return read_table(r, table, rule);
    rule->is_graph = true;
    const struct yaml_node *id = need(r, node, "id", "a rule with a label");
    return id && profile_read_name(r, label, "label", rule->table) &&
           profile_read_name(r, id, "property", rule->node_id);
}

static bool read_policy(struct profile_reader *r, const struct yaml_node *node, struct rule *rule)
{
    static const char *const policies[] = {"stop", "keep-target", "merge", NULL};
    static const char *const phases[] = {"move", "retire", NULL};
    const struct yaml_node *n;
    int which = 0;
    if ((n = yaml_get(node, "collision"))) {
        if (!read_choice(r, n, "collision policy", policies, &which))
            return false;
        rule->collision = (enum collision_policy)which;
    }
    if ((n = yaml_get(node, "phase"))) {
        if (!read_choice(r, n, "phase", phases, &which))
            return false;
        rule->phase = (enum rule_phase)which;
    }
    if ((n = yaml_get(node, "personal")) &&
        !read_columns(r, n, "personal", rule->personal, &rule->personal_count))
        return false;
    if ((n = yaml_get(node, "leave"))) {
        struct bytes reason;
        if (!read_text(r, n, "the reason of `leave`", &reason))
            return false;
        rule->leave = arena_text(r->arena, reason);
        if (!rule->leave)
            return fault_memory(r->fault);
    }
    return true;
}

bool profile_read_rule(struct profile_reader *r, const struct yaml_node *node, struct rule *rule)
{
    static const char *const known[] = {"rule",  "table",   "label",    "id",    "find",
                                        "set",   "replace", "sync",     "merge", "collision",
                                        "phase", "leave",   "personal", NULL};
    const struct yaml_node *n, *find;
    struct bytes name;
    rule->line = node->line;
    if (!profile_check_map(r, node, "a rule", known) || !(n = need(r, node, "rule", "a rule")) ||
        !read_text(r, n, "rule", &name) ||
        !copy_name(r, n->line, name, "rule", "_-.", rule->name) || !read_where(r, node, rule) ||
        !(find = need(r, node, "find", "a rule")) || !read_find(r, find, rule))
        return false;
    static const struct {
        const char *key;
        bool (*read)(struct profile_reader *, const struct yaml_node *, struct rule *);
    } parts[] = {
        {"set", read_set}, {"replace", read_replace}, {"sync", read_sync}, {"merge", read_merge}};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if ((n = yaml_get(node, parts[i].key)) && !parts[i].read(r, n, rule))
            return false;
    if ((n = yaml_get(node, "merge")) &&
        (!yaml_get(node, "collision") || !bytes_are(yaml_get(node, "collision")->text, "merge")))
        return yaml_fault(r->fault, r->source_name, n->line,
                          "`merge` has a meaning only with `collision: merge`");
    if ((n = yaml_get(node, "id")) && !rule->is_graph)
        return yaml_fault(r->fault, r->source_name, n->line, "`id` belongs to a rule with a label");
    if ((n = yaml_get(node, "collision")) && rule->find != FIND_KEY)
        return yaml_fault(r->fault, r->source_name, n->line,
                          "`collision` belongs to a rule that finds by `key`");
    return read_policy(r, node, rule) && profile_check_rule(r, rule);
}
