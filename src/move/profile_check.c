#include <string.h>

#include "move/expression.h"
#include "move/profile_read.h"

static bool sets(const struct rule *rule, const char *column)
{
    for (int i = 0; i < rule->set_count; i++)
        if (strcmp(rule->set[i].column, column) == 0)
            return true;
    return false;
}

/* What finds a row must be what the rule changes: otherwise the row is found again for ever. */
static const char *check_table_rule(const struct rule *rule)
{
    switch (rule->find) {
    case FIND_PROPERTY: return "`property` belongs to a rule with a label; a table has columns";
    case FIND_LIST:
        if (rule->set_count)
            return "a rule that finds by `list` has `replace`, not `set`";
        if (!rule->leave && !rule->has_replace)
            return "a rule that finds by `list` needs `replace`, or `leave` with a reason";
        break;
    case FIND_COLUMN:
        if (!rule->leave && !sets(rule, rule->find_column))
            return "the column that is found must be among those that are set";
        break;
    case FIND_KEY:
        if (!rule->leave && !rule->set_count)
            return "the rule changes nothing: give `set`, or `leave` with a reason";
        break;
    }
    if (rule->has_replace && rule->find != FIND_LIST)
        return "`replace` belongs to a rule that finds by `list`";
    return NULL;
}

static const char *check_graph_rule(const struct rule *rule)
{
    if (rule->find != FIND_PROPERTY && rule->find != FIND_LIST)
        return "a rule with a label finds by `property` or `list`";
    if (rule->sync != SYNC_NONE)
        return "`sync` belongs to a rule with a table: nodes have no sync object";
    if (rule->phase != RULE_MOVE)
        return "a rule with a label belongs to the move itself";
    if (rule->leave)
        return NULL;
    if (rule->find == FIND_PROPERTY &&
        (rule->set_count != 1 || strcmp(rule->set[0].column, rule->find_column) != 0))
        return "a rule that finds by `property` sets that property, and no other";
    if (rule->find == FIND_LIST && (rule->set_count || !rule->has_replace))
        return "a rule that finds by `list` has `replace`, and no `set`";
    return NULL;
}

static const char *check_replace(const struct rule *rule)
{
    if (rule->find == FIND_LIST && strcmp(rule->replace_list, rule->find_column) != 0)
        return "`replace` must name the list that `find` looks at";
    if (rule->find == FIND_LIST && !expressions_equal(&rule->replace_from, &rule->find_value))
        return "what `find` looks for and what `replace` replaces must be the same";
    if (expressions_equal(&rule->replace_from, &rule->replace_to))
        return "`replace` puts back what it takes out";
    return NULL;
}

bool profile_check_rule(struct profile_reader *r, const struct rule *rule)
{
    const char *problem = NULL;
    if (rule->leave && (rule->set_count || rule->has_replace))
        problem = "a rule with `leave` changes nothing: it cannot have `set` or `replace`";
    if (!problem)
        problem = rule->is_graph ? check_graph_rule(rule) : check_table_rule(rule);
    if (!problem && rule->has_replace)
        problem = check_replace(rule);
    if (!problem)
        return true;
    return yaml_fault(r->fault, r->source_name, rule->line, "rule %s: %s", rule->name, problem);
}
