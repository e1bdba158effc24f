#include "move/profile.h"

#include <string.h>

#include "base/utf8.h"
#include "move/profile_read.h"
#include "move/yaml_tree.h"

static bool check_keyspaces(struct profile_reader *r)
{
    if (!r->keyspaces)
        return true;
    if (r->keyspaces->kind != YAML_MAP)
        return yaml_fault(r->fault, r->source_name, r->keyspaces->line,
                          "keyspaces must be a map: name: keyspace");
    char name[NAME_TEXT_MAX];
    for (const struct yaml_node *n = r->keyspaces->first; n; n = n->next) {
        const struct yaml_node key = {.kind = YAML_TEXT, .line = n->line, .text = n->key};
        if (!profile_read_name(r, &key, "keyspace", name) ||
            !profile_read_name(r, n, "keyspace", name))
            return false;
        for (int i = 0; i < r->option_count; i++) {
            const char *option = r->options[i].name ? r->options[i].name : "sunbird";
            r->option_used[i] |= bytes_are(n->key, option);
        }
    }
    return true;
}

static bool check_options(struct profile_reader *r)
{
    for (int i = 0; i < r->option_count; i++) {
        if (r->option_used[i])
            continue;
        const char *name = r->options[i].name ? r->options[i].name : "sunbird";
        fault_set(r->fault, FAULT_USAGE, "the profile knows no keyspace by the name %s", name);
        fault_subject(r->fault, "%s", r->source_name);
        return fault_hint(r->fault, "the names stand under `keyspaces:` at the top of the profile");
    }
    return true;
}

static bool check_once(struct profile_reader *r, const struct profile *p, int last)
{
    for (int i = 0; i < last; i++)
        if (strcmp(p->rules[i].name, p->rules[last].name) == 0)
            return yaml_fault(r->fault, r->source_name, p->rules[last].line,
                              "two rules are named %s, the first in line %d", p->rules[i].name,
                              p->rules[i].line);
    return true;
}

static bool read_rules(struct profile_reader *r, struct profile *p, const struct yaml_node *list)
{
    if (list->kind != YAML_LIST || list->count == 0)
        return yaml_fault(r->fault, r->source_name, list->line,
                          "rules must be a list of one rule or more");
    if (list->count > PROFILE_RULES_MAX)
        return yaml_fault(r->fault, r->source_name, list->line, "more than %d rules",
                          PROFILE_RULES_MAX);
    p->rules = arena_array(r->arena, (size_t)list->count, sizeof p->rules[0]);
    if (!p->rules)
        return fault_memory(r->fault);
    for (const struct yaml_node *n = list->first; n; n = n->next) {
        int i = p->rule_count;
        if (!profile_read_rule(r, n, &p->rules[i]) || !check_once(r, p, i))
            return false;
        p->rule_count++;
    }
    return true;
}

static bool check_text(struct bytes yaml, const char *source_name, struct fault *f)
{
    if (yaml.n > PROFILE_TEXT_MAX) {
        fault_set(f, FAULT_USAGE, "the profile is longer than %d bytes", PROFILE_TEXT_MAX);
        return fault_subject(f, "%s", source_name);
    }
    int line = 1;
    for (size_t i = 0, n; i < yaml.n; i += n) {
        n = utf8_length((struct bytes){yaml.p + i, yaml.n - i});
        if (n == 0)
            return yaml_fault(f, source_name, line, "the profile is not UTF-8");
        line += yaml.p[i] == '\n';
    }
    return true;
}

bool profile_parse(struct profile *p, struct bytes yaml, const char *source_name,
                   const struct keyspace_map *keyspaces, int keyspace_count, struct arena *a,
                   struct fault *f)
{
    static const char *const known[] = {"keyspaces", "rules", NULL};
    struct profile_reader r = {.source_name = source_name,
                               .options = keyspaces,
                               .option_count = keyspace_count,
                               .arena = a,
                               .fault = f};
    *p = (struct profile){0};
    if (!check_text(yaml, source_name, f))
        return false;
    r.option_used = arena_array(a, (size_t)keyspace_count, sizeof r.option_used[0]);
    p->text = arena_copy(a, yaml);
    if (!r.option_used || (bytes_are_null(p->text) && !bytes_are_null(yaml)))
        return fault_memory(f);
    const struct yaml_node *root = yaml_tree_read(p->text, source_name, a, f);
    if (!root || !profile_check_map(&r, root, "the profile", known))
        return false;
    r.keyspaces = yaml_get(root, "keyspaces");
    const struct yaml_node *rules = yaml_get(root, "rules");
    if (!rules)
        return yaml_fault(f, source_name, root->line, "the profile has no `rules:`");
    return check_keyspaces(&r) && read_rules(&r, p, rules) && check_options(&r);
}
