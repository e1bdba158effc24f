#include "phase/phase_private.h"

#include <inttypes.h>
#include <string.h>

#include "phase/pass_private.h"

static void total_begin(struct rule_total *t, const struct move *m, int place, int pass)
{
    const struct rule *r = &m->profile.rules[place];
    *t = (struct rule_total){.pass = pass, .ordinal = place};
    snprintf(t->rule, sizeof t->rule, "%s", r->name);
    if (r->is_graph)
        snprintf(t->table, sizeof t->table, "graph %s", r->table);
    else
        snprintf(t->table, sizeof t->table, "%s.%s", r->keyspace, r->table);
}

static bool note_only(struct move *m, struct rule_total *t, const char *note, struct fault *f)
{
    snprintf(t->note, sizeof t->note, "%s", note);
    if (m->observer.rule)
        m->observer.rule(m->observer.context, t);
    return ledger_put_total(m->ledger, t, f);
}

static bool run_rule(struct move *m, const struct move_rules *rules, int place, int pass,
                     struct rule_total *total, struct fault *f)
{
    const struct rule *r = &m->profile.rules[place];
    char part[160];
    struct rule_scan s = {.m = m, .bound = &rules->bound[place]};
    total_begin(&s.total, m, place, pass);
    snprintf(part, sizeof part, "scan %s", s.total.table);
    s.progress =
        (struct progress){.phase = pass > 1 ? "apply" : "plan", .part = part, .unit = "rows"};
    int64_t started = clock_now_us(), behind = m->store_about.clock_offset_us;
    s.started_us = started + (behind < 0 ? behind : 0);
    bool ok = ledger_put_rule(m->ledger, r->name, r->phase, place, f) && rule_scan_run(&s, f);
    if (ok && s.bound->moves_row && s.total.changes > 0)
        ok = pass_read_targets(m, s.bound, pass, &s.total, f);
    s.total.duration_us = (uint64_t)(clock_now_us() - started);
    if (rules->note[place].p)
        snprintf(s.total.note, sizeof s.total.note, "%.*s", (int)rules->note[place].n,
                 (const char *)rules->note[place].p);
    ok = ok && ledger_put_total(m->ledger, &s.total, f) && ledger_flush(m->ledger, f);
    if (ok && m->observer.rule)
        m->observer.rule(m->observer.context, &s.total);
    *total = s.total;
    return ok;
}

bool pass_wants(const struct move *m, int place, unsigned phase_mask, const char *const *only)
{
    const struct rule *r = &m->profile.rules[place];
    if (!(phase_mask & (1u << r->phase)))
        return false;
    for (int i = 0; only && only[i]; i++)
        if (strcmp(only[i], r->name) == 0)
            return true;
    return only == NULL;
}

struct total_search {
    const char *rule;
    struct rule_total *total;
    bool found;
};

static bool is_total_of(void *context, const struct rule_total *t)
{
    struct total_search *s = context;
    s->found = strcmp(t->rule, s->rule) == 0;
    if (s->found)
        *s->total = *t;
    return !s->found;
}

/* An earlier run of this pass has come to the end of this rule. */
static bool was_run(struct move *m, int place, int pass, struct rule_total *total, bool *found,
                    struct fault *f)
{
    struct total_search s = {.rule = m->profile.rules[place].name, .total = total};
    if (!ledger_each_total(m->ledger, pass, is_total_of, &s, f))
        return false;
    *found = s.found;
    if (s.found && m->observer.rule)
        m->observer.rule(m->observer.context, total);
    return true;
}

static bool run_one(struct move *m, const struct move_rules *rules, int place, int pass,
                    struct rule_total *total, struct fault *f)
{
    bool found;
    total_begin(total, m, place, pass);
    if (!was_run(m, place, pass, total, &found, f) || found)
        return found;
    if (m->profile.rules[place].is_graph) {
        if (!m->graph)
            return pass > 1 || note_only(m, total, "no graph is set", f);
        return pass_run_graph(m, place, total, f);
    }
    if (!rules->present[place])
        return pass > 1 || note_only(m, total, "not in this cluster", f);
    if (m->profile.rules[place].leave && pass > 1)
        return true;
    return run_rule(m, rules, place, pass, total, f);
}

bool pass_run(struct move *m, const struct move_rules *rules, int pass, unsigned phase_mask,
              const char *const *only, struct pass_result *out, struct fault *f)
{
    *out = (struct pass_result){0};
    for (int i = 0; i < rules->count; i++) {
        struct rule_total total;
        if (!pass_wants(m, i, phase_mask, only))
            continue;
        if (!run_one(m, rules, i, pass, &total, f))
            return false;
        if (m->profile.rules[i].phase == RULE_MOVE)
            out->planned += total.changes;
        else
            out->retire += total.changes;
        out->collisions += total.collisions;
        out->rejected += total.rejected;
        out->unread += total.unread;
    }
    return true;
}

/* ---- counting only ---- */

static bool count_graph(struct move *m, int place, uint64_t *left, struct fault *f)
{
    struct graph_find find;
    uint64_t all = 0;
    return pass_graph_find(m, place, &find, f) && graph_count(m->graph, &find, left, &all, f);
}

static bool count_one(struct move *m, const struct move_rules *rules, int place,
                      struct references *out, uint64_t *left, struct fault *f)
{
    struct rule_scan s = {.m = m, .bound = &rules->bound[place], .counting = true};
    char part[160];
    total_begin(&s.total, m, place, 0);
    snprintf(part, sizeof part, "scan %s", s.total.table);
    s.progress = (struct progress){.phase = "verify", .part = part, .unit = "rows"};
    bool ok = rule_scan_run(&s, f);
    *left = s.total.matched;
    out->unread += s.total.unread;
    return ok;
}

bool references_count(struct move *m, const struct move_rules *rules, const char *const *only,
                      struct references *out, struct fault *f)
{
    *out = (struct references){0};
    for (int i = 0; i < rules->count; i++) {
        const struct rule *r = &m->profile.rules[i];
        uint64_t left = 0;
        if (r->leave || !pass_wants(m, i, 1u << RULE_MOVE, only))
            continue;
        if (r->is_graph ? m->graph == NULL : !rules->present[i])
            continue;
        if (!(r->is_graph ? count_graph(m, i, &left, f) : count_one(m, rules, i, out, &left, f)))
            return false;
        out->tables += !r->is_graph;
        out->graphs += r->is_graph;
        out->rows += left;
        size_t n = strlen(out->first);
        if (left && n < sizeof out->first)
            snprintf(out->first + n, sizeof out->first - n, "%s%s %" PRIu64, n ? ", " : "", r->name,
                     left);
    }
    return true;
}
