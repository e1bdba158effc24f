#include "ledger/ledger_private.h"

bool rules_load(struct ledger *l, struct fault *f)
{
    l->rule_count = 0;
    sqlite3_stmt *s = statement(l, SQL_RULES, f);
    if (!s)
        return false;
    int more;
    while ((more = step(l, s, f)) == 1) {
        if (l->rule_count == PROFILE_RULES_MAX) {
            sqlite3_reset(s);
            return fault_set(f, FAULT_DAMAGED, "the ledger names more rules than there can be");
        }
        struct ledger_rule *r = &l->rules[l->rule_count++];
        r->id = sqlite3_column_int64(s, 0);
        column_copy(s, 1, r->name, sizeof r->name);
        r->phase = sqlite3_column_int(s, 2) == RULE_RETIRE ? RULE_RETIRE : RULE_MOVE;
        r->ordinal = sqlite3_column_int(s, 3);
    }
    return more == 0;
}

const struct ledger_rule *rule_named(const struct ledger *l, struct bytes name)
{
    for (int i = 0; i < l->rule_count; i++)
        if (bytes_are(name, l->rules[i].name))
            return &l->rules[i];
    return NULL;
}

const struct ledger_rule *rule_of(const struct ledger *l, int64_t id)
{
    for (int i = 0; i < l->rule_count; i++)
        if (l->rules[i].id == id)
            return &l->rules[i];
    return NULL;
}

static bool has_changes(struct ledger *l, int64_t rule)
{
    for (int i = 0; i < l->tally_count; i++)
        for (int state = 1; state < CHANGE_STATES; state++)
            if (l->tallies[i].rule == rule && l->tallies[i].by_state[state] > 0)
                return true;
    return false;
}

bool ledger_put_rule(struct ledger *l, const char *rule, enum rule_phase phase, int ordinal,
                     struct fault *f)
{
    const struct ledger_rule *known = rule_named(l, bytes_of(rule));
    if (known && known->phase == phase && known->ordinal == ordinal)
        return true;
    if (known && known->phase != phase && has_changes(l, known->id))
        return fault_set(f, FAULT_INTERNAL, "the rule %s has changes of its other phase", rule);
    if (!known && l->rule_count == PROFILE_RULES_MAX)
        return fault_set(f, FAULT_INTERNAL, "there are more than %d rules", PROFILE_RULES_MAX);
    if (strlen(rule) >= NAME_TEXT_MAX)
        return fault_set(f, FAULT_INTERNAL, "the name of rule %s is too long", rule);
    sqlite3_stmt *s = transaction_begin(l, f) ? statement(l, SQL_PUT_RULE, f) : NULL;
    if (!s)
        return false;
    bind_text(l, s, 1, bytes_of(rule));
    bind_int(l, s, 2, (int64_t)phase);
    bind_int(l, s, 3, ordinal);
    return run(l, s, f) && transaction_commit(l, f) && rules_load(l, f);
}

/* A reader's own numbers are as old as its opening. */
static bool refresh(struct ledger *l, struct fault *f)
{
    return l->mode != LEDGER_READ || (rules_load(l, f) && tallies_load(l, f));
}

bool ledger_each_rule(struct ledger *l,
                      bool (*each)(void *context, const char *rule, enum rule_phase phase),
                      void *context, struct fault *f)
{
    if (!refresh(l, f))
        return false;
    for (int i = 0; i < l->rule_count; i++) {
        if (!has_changes(l, l->rules[i].id))
            continue;
        if (!each(context, l->rules[i].name, l->rules[i].phase))
            return true;
    }
    return true;
}

uint64_t change_counts_open(const struct change_counts *c)
{
    return c->by_state[CHANGE_PLANNED] + c->by_state[CHANGE_SENT] + c->by_state[CHANGE_COPIED];
}

bool change_counts_are_begun(const struct change_counts *c)
{
    return c->all > c->by_state[CHANGE_PLANNED] + c->by_state[CHANGE_REJECTED];
}

bool ledger_count(struct ledger *l, const char *rule, enum rule_phase phase, int pass,
                  struct change_counts *out, struct fault *f)
{
    *out = (struct change_counts){0};
    if (!refresh(l, f))
        return false;
    for (int i = 0; i < l->tally_count; i++) {
        const struct tally *t = &l->tallies[i];
        const struct ledger_rule *r = rule_of(l, t->rule);
        if (!r || (pass && t->pass != pass))
            continue;
        if (rule ? strcmp(r->name, rule) != 0 : r->phase != phase)
            continue;
        for (int state = 1; state < CHANGE_STATES; state++) {
            out->by_state[state] += (uint64_t)t->by_state[state];
            out->all += (uint64_t)t->by_state[state];
        }
    }
    return true;
}
