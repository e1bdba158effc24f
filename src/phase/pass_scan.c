/* Rows become changes, and what is read is written down with them, so that a scan that was cut
 * short reads only the rest. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "phase/pass_private.h"

enum {
    SCRATCH_MAX = 256 * 1024 * 1024,
    PROGRESS_EVERY = 4096,
    /* What a kill can make a scan read again is what was read within this time. */
    COMMIT_EVERY_US = 100 * 1000,
    SKIP_MAX = 1 << 22,
};

static bool tell_progress(struct rule_scan *s, struct fault *f)
{
    if (s->total.scanned % PROGRESS_EVERY != 0)
        return true;
    s->progress.done = s->total.scanned;
    s->progress.done_here = s->total.scanned - s->scanned_before;
    move_progress(s->m, &s->progress);
    return !move_interrupted(s->m, f);
}

static bool add_change(struct rule_scan *s, struct change *c, struct fault *f)
{
    c->pass = s->total.pass;
    c->rule = bytes_of(s->bound->rule->name);
    c->read_at_us = s->now_us;
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

/* The servers tell no row that they leave out: ranges say how far it is. */
static void tell_ranges(struct rule_scan *s, const struct store_progress *p)
{
    struct progress ranges = s->progress;
    ranges.done = ranges.done_here = (uint64_t)p->done;
    ranges.total = (uint64_t)p->total;
    ranges.unit = "ranges";
    move_progress(s->m, &ranges);
}

static bool on_progress(void *context, const struct store_progress *p, struct fault *f)
{
    struct rule_scan *s = context;
    if (p->is_done)
        s->rows_done += p->rows;
    if (p->by_server)
        tell_ranges(s, p);
    if (move_interrupted(s->m, f))
        return false;
    if (s->counting)
        return true;
    const struct scanned_range r = {p->covered, p->rows, s->total.matched - s->matched_noted};
    if (!ledger_put_range(s->m->ledger, s->total.pass, s->bound->rule->name, &r, f))
        return false;
    s->matched_noted = s->total.matched;
    int64_t now = clock_now_us();
    if (now - s->committed_us < COMMIT_EVERY_US)
        return true;
    s->committed_us = now;
    return ledger_flush(s->m->ledger, f);
}

/* The plan keeps its own; of later scans only the last one counts. */
static int unread_pass(const struct rule_scan *s)
{
    return s->total.pass == 1 ? 1 : 0;
}

static bool on_unread(void *context, const struct store_unread *u, struct fault *f)
{
    struct rule_scan *s = context;
    struct unread_range r = {.range = u->range};
    snprintf(r.rule, sizeof r.rule, "%s", s->bound->rule->name);
    snprintf(r.table, sizeof r.table, "%s", s->total.table);
    snprintf(r.partition, sizeof r.partition, "%s", u->partition);
    snprintf(r.reason, sizeof r.reason, "%s", u->reason);
    s->total.unread++;
    return ledger_put_unread(s->m->ledger, unread_pass(s), &r, f);
}

/* ---- what an earlier run has read ---- */

static bool add_skip(void *context, const struct scanned_range *r)
{
    struct rule_scan *s = context;
    s->rows_done += r->rows;
    s->total.matched += r->matched;
    struct token_range *last = s->skip_count ? &s->skip[s->skip_count - 1] : NULL;
    if (last && last->end == r->range.start) {
        last->end = r->range.end;
        return true;
    }
    if (s->skip_count == s->skip_capacity) {
        int capacity = s->skip_capacity ? 2 * s->skip_capacity : 64;
        struct token_range *skip =
            capacity <= SKIP_MAX ? realloc(s->skip, (size_t)capacity * sizeof *skip) : NULL;
        s->out_of_memory = !skip;
        if (!skip)
            return false;
        s->skip = skip;
        s->skip_capacity = capacity;
    }
    s->skip[s->skip_count++] = r->range;
    return true;
}

static bool load_skip(struct rule_scan *s, struct fault *f)
{
    const char *rule = s->bound->rule->name;
    if (!ledger_each_range(s->m->ledger, s->total.pass, rule, add_skip, s, f))
        return false;
    if (s->out_of_memory)
        return fault_memory(f);
    if (!s->skip_count)
        return true;
    s->total.scanned = s->scanned_before = s->rows_done;
    s->matched_noted = s->total.matched;
    move_note(s->m, "%s: %" PRIu64 " rows were read before; the scan goes on with the rest",
              s->total.table, s->rows_done);
    return true;
}

/* A run that was cut short left changes: their rows, or a part of their partitions, come again. */
static bool look_for_earlier(struct rule_scan *s, struct fault *f)
{
    struct change_counts c;
    const struct rule *r = s->bound->rule;
    if (!ledger_count(s->m->ledger, r->name, r->phase, s->total.pass, &c, f))
        return false;
    s->repeated = c.all > 0;
    return true;
}

/* ---- the scan ---- */

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
    s->rows_done = s->total.scanned;
    return ok;
}

static enum store_filter filter_of(const char *name)
{
    if (strcmp(name, "client") == 0)
        return STORE_FILTER_CLIENT;
    return strcmp(name, "server") == 0 ? STORE_FILTER_SERVER : STORE_FILTER_AUTO;
}

static bool scan_table(struct rule_scan *s, struct fault *f)
{
    bool selected[TABLE_COLUMNS_MAX] = {false};
    rule_select(s->bound, selected);
    if (rule_is_point(s->bound))
        return scan_point(s, selected, f);
    if (!s->counting && !load_skip(s, f))
        return false;
    const struct store_find find = {
        .column = s->bound->find_column,
        .value = s->bound->find_value,
        .is_element = s->bound->rule->find == FIND_LIST,
    };
    struct store_scan scan = {
        .table = s->bound->table,
        .selected = selected,
        .page_rows = s->m->settings.page_rows,
        .split = s->m->settings.scan_ranges,
        .skip = s->skip,
        .skip_count = s->skip_count,
        .find = &find,
        .filter = filter_of(s->m->settings.filter),
        .filtered = &s->filtered,
        .row = on_row,
        .progress = on_progress,
        .unread = on_unread,
        .context = s,
        .repeated = &s->repeated,
    };
    return store_scan(s->m->store, &scan, f);
}

/* The ledger knows best what was planned, also by runs that were cut short. */
static bool count_changes(struct rule_scan *s, struct fault *f)
{
    struct change_counts c;
    const char *rule = s->bound->rule->name;
    uint64_t repeats = 0;
    if (s->repeated && !ledger_drop_repeats(s->m->ledger, rule, s->total.pass, &repeats, f))
        return false;
    if (!ledger_count(s->m->ledger, rule, s->bound->rule->phase, s->total.pass, &c, f))
        return false;
    s->total.changes = c.by_state[CHANGE_PLANNED];
    s->total.rejected = c.by_state[CHANGE_REJECTED];
    if (repeats && s->total.pass == 1)
        s->total.matched = c.all;
    else
        s->total.matched -= repeats;
    return true;
}

bool rule_scan_run(struct rule_scan *s, struct fault *f)
{
    const char *rule = s->bound->rule->name;
    s->committed_us = clock_now_us();
    arena_init(&s->scratch, SCRATCH_MAX);
    bool ok = (s->counting || look_for_earlier(s, f)) &&
              ledger_clear_unread(s->m->ledger, unread_pass(s), rule, f) && scan_table(s, f) &&
              ledger_flush(s->m->ledger, f);
    arena_fini(&s->scratch);
    free(s->skip);
    s->skip = NULL;
    s->total.scanned = s->rows_done;
    s->total.server_filtered = s->filtered.server_ranges > 0;
    return ok && (s->counting || count_changes(s, f));
}
