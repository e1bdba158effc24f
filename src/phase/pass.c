#include "phase/phase_private.h"

#include <inttypes.h>
#include <string.h>

#include "phase/pass_private.h"

enum { SCRATCH_MAX = 256 * 1024 * 1024, PROGRESS_EVERY = 4096 };

/* One rule's scan: the state that row callbacks share. */
struct rule_scan {
    struct move *m;
    const struct bound_rule *bound;
    struct rule_total total;
    struct arena scratch; /* one row's change */
    struct progress progress;
    bool repeated; /* rows may have come twice */
    bool counting; /* only count the references, write nothing */
    int64_t now_us;
    int64_t started_us; /* before the first row was read, by the servers' clock or earlier */
};

static bool tell_progress(struct rule_scan *s, struct fault *f)
{
    if (s->total.scanned % PROGRESS_EVERY != 0)
        return true;
    s->progress.done = s->total.scanned;
    s->progress.done_here = s->total.scanned;
    move_progress(s->m, &s->progress);
    return !move_interrupted(s->m, f);
}

static bool add_change(struct rule_scan *s, struct change *c, struct fault *f)
{
    c->pass = s->total.pass;
    c->rule = bytes_of(s->bound->rule->name);
    c->read_at_us = s->now_us;
    s->total.changes += c->state == CHANGE_PLANNED;
    s->total.rejected += c->state == CHANGE_REJECTED;
    return ledger_add(s->m->ledger, c, f);
}

/* A later pass finds the same row again: then it is in the ledger already. */
static bool add_rejected(struct rule_scan *s, struct change *c, struct fault *f)
{
    bool known = false;
    c->state = CHANGE_REJECTED;
    if (s->total.pass > 1 &&
        !ledger_has_rejected(s->m->ledger, s->bound->rule->name, &c->key, s->total.pass, &known, f))
        return false;
    return known || add_change(s, c, f);
}

static bool on_row(void *context, const struct row *row, struct fault *f)
{
    struct rule_scan *s = context;
    s->total.scanned++;
    if (!tell_progress(s, f))
        return false;
    if (!rule_matches(s->bound, row))
        return true;
    s->total.matched++;
    if (s->counting || s->bound->rule->leave)
        return true;
    struct change c = {.state = CHANGE_PLANNED};
    arena_reset(&s->scratch);
    s->now_us = clock_now_us();
    switch (decide(s->bound, row, s->now_us, &s->scratch, &c, f)) {
    case DECIDE_NOTHING: return true;
    case DECIDE_CHANGE:
    case DECIDE_NEED_TARGET:
        c.state = CHANGE_PLANNED;
        /* Cells that are all null have no writetime: whatever is written after the scan began is
         * newer than our write. */
        if (c.kind == CHANGE_UPDATE && c.fence == WRITETIME_NONE)
            c.fence = s->started_us;
        return add_change(s, &c, f);
    case DECIDE_REJECT: return add_rejected(s, &c, f);
    case DECIDE_FAILED: return false;
    }
    return fault_set(f, FAULT_INTERNAL, "a decision without a name");
}

static void on_range(void *context, struct token_range range, uint64_t rows, int done, int total)
{
    struct rule_scan *s = context;
    (void)done;
    (void)total;
    struct fault ignored; /* the audit line of a range is not worth stopping a scan: the next write
                             tells a full disk */
    if (!s->counting)
        ledger_add_range(s->m->ledger, s->total.pass, s->bound->rule->name, range.start, range.end,
                         rows, &ignored);
}

/* The whole primary key is what the rule looks for: one read instead of a scan. */
static bool rule_is_point(const struct bound_rule *b)
{
    return b->table->key_count == 1 && b->find_column == 0;
}

static bool scan_point(struct rule_scan *s, const bool *selected, struct fault *f)
{
    struct row row;
    bool found = false;
    struct arena a;
    arena_init(&a, SCRATCH_MAX);
    bool ok =
        row_read(s->m, s->bound->table, &s->bound->find_value, selected, &a, &row, &found, f) &&
        (!found || on_row(s, &row, f));
    arena_fini(&a);
    return ok;
}

static bool scan_table(struct rule_scan *s, struct fault *f)
{
    bool selected[TABLE_COLUMNS_MAX] = {false};
    rule_select(s->bound, selected);
    if (rule_is_point(s->bound))
        return scan_point(s, selected, f);
    struct store_scan scan = {
        .table = s->bound->table,
        .selected = selected,
        .page_rows = s->m->settings.page_rows,
        .split = s->m->settings.scan_ranges,
        .row = on_row,
        .range = on_range,
        .context = s,
        .repeated = &s->repeated,
    };
    return store_scan(s->m->store, &scan, f);
}

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

static bool drop_repeats(struct rule_scan *s, struct fault *f)
{
    const struct rule *r = s->bound->rule;
    struct change_counts left;
    uint64_t repeats = 0;
    if (!ledger_drop_repeats(s->m->ledger, r->name, s->total.pass, &repeats, f) ||
        !ledger_count(s->m->ledger, r->name, r->phase, s->total.pass, &left, f))
        return false;
    s->total.matched -= repeats;
    s->total.changes = left.by_state[CHANGE_PLANNED];
    s->total.rejected = left.by_state[CHANGE_REJECTED];
    return true;
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
    if (!ledger_put_rule(m->ledger, r->name, r->phase, place, f))
        return false;
    arena_init(&s.scratch, SCRATCH_MAX);
    bool ok = scan_table(&s, f) && ledger_flush(m->ledger, f);
    arena_fini(&s.scratch);
    if (ok && s.repeated)
        ok = drop_repeats(&s, f);
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

static bool run_one(struct move *m, const struct move_rules *rules, int place, int pass,
                    struct rule_total *total, struct fault *f)
{
    total_begin(total, m, place, pass);
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

static bool count_one(struct move *m, const struct move_rules *rules, int place, uint64_t *left,
                      uint64_t *scanned_before, struct fault *f)
{
    struct rule_scan s = {.m = m, .bound = &rules->bound[place], .counting = true};
    char part[160];
    total_begin(&s.total, m, place, 0);
    snprintf(part, sizeof part, "scan %s", s.total.table);
    s.progress = (struct progress){.phase = "verify", .part = part, .unit = "rows"};
    bool ok = scan_table(&s, f);
    *left = s.total.matched;
    *scanned_before += s.total.scanned;
    return ok;
}

bool references_count(struct move *m, const struct move_rules *rules, const char *const *only,
                      struct references *out, struct fault *f)
{
    *out = (struct references){0};
    uint64_t scanned = 0;
    for (int i = 0; i < rules->count; i++) {
        const struct rule *r = &m->profile.rules[i];
        uint64_t left = 0;
        if (r->leave || !pass_wants(m, i, 1u << RULE_MOVE, only))
            continue;
        if (r->is_graph ? m->graph == NULL : !rules->present[i])
            continue;
        if (!(r->is_graph ? count_graph(m, i, &left, f)
                          : count_one(m, rules, i, &left, &scanned, f)))
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
