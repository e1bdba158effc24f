#include "report/csv_plan.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/csv.h"
#include "report/columns.h"
#include "report/out_file.h"

enum {
    CHANGES_AT_ONCE = 256,
    BATCH_BYTES_MAX = 64 * 1024 * 1024,
    NAMES_BYTES_MAX = 4 * 1024 * 1024,
    VALUE_TEXT_MAX = 128 * 1024 * 1024,
};

/* The columns of one file. */
struct names {
    struct bytes v[TABLE_COLUMNS_MAX];
    int n;
};

struct csv_plan {
    struct ledger *l;
    struct ledger_query query;
    struct report_columns columns;
    struct names keys, touched;
    bool has_grown; /* a change has a column that the header does not */
    struct arena names_arena, batch_arena;
    struct change *batch;
    struct buf value;
    struct out_file *out;
    uint64_t rows;
};

static bool names_add(struct csv_plan *p, struct names *names, struct bytes name, struct fault *f)
{
    for (int i = 0; i < names->n; i++)
        if (bytes_equal(names->v[i], name))
            return true;
    if (names->n == TABLE_COLUMNS_MAX)
        return fault_set(f, FAULT_DAMAGED, "a rule's changes touch more than %d columns",
                         TABLE_COLUMNS_MAX);
    struct bytes copy = arena_copy(&p->names_arena, name);
    if (bytes_are_null(copy))
        return fault_memory(f);
    names->v[names->n++] = copy;
    return true;
}

static const struct named_cell *cell(const struct named_cells *cells, struct bytes name)
{
    for (int i = 0; i < cells->n; i++)
        if (bytes_equal(cells->v[i].name, name))
            return &cells->v[i];
    return NULL;
}

static const struct named_cell *cell_of(const struct named_cells *first,
                                        const struct named_cells *second, struct bytes name)
{
    const struct named_cell *c = cell(first, name);
    return c ? c : cell(second, name);
}

/* A moved row is copied whole: only what differs in the new row is touched. */
static bool is_touched(const struct change *c, const struct named_cell *after)
{
    const struct named_cell *before = cell_of(&c->before, &c->key, after->name);
    return !before || !bytes_equal(before->value, after->value);
}

static bool note_touched(struct csv_plan *p, const struct change *c,
                         const struct named_cells *cells, struct fault *f)
{
    for (int i = 0; i < cells->n; i++)
        if (is_touched(c, &cells->v[i]) && !names_add(p, &p->touched, cells->v[i].name, f))
            return false;
    return true;
}

static bool note_names(struct csv_plan *p, const struct change *c, struct fault *f)
{
    for (int i = 0; i < c->key.n; i++)
        if (!names_add(p, &p->keys, c->key.v[i].name, f))
            return false;
    return note_touched(p, c, &c->new_key, f) && note_touched(p, c, &c->after, f);
}

static void put_value(struct csv_plan *p, const struct named_cell *c)
{
    buf_clear(&p->value);
    if (c)
        report_value(&p->columns, c->name, c->value, &p->value);
    if (p->value.failed)
        p->out->text.failed = true;
    csv_field(&p->out->text, buf_view(&p->value), false);
}

static void put_text(struct csv_plan *p, const char *text)
{
    csv_field(&p->out->text, bytes_of(text), false);
}

static bool put_change(struct csv_plan *p, const struct change *c, struct fault *f)
{
    char fence[32] = "";
    int known = p->keys.n + p->touched.n;
    if (!note_names(p, c, f))
        return false;
    p->has_grown = p->has_grown || p->keys.n + p->touched.n > known;
    if (p->has_grown)
        return true; /* it is all written once more; the other changes may have more columns yet */
    buf_clear(&p->value);
    change_row_name(c, &p->value);
    if (p->value.failed)
        return fault_memory(f);
    csv_field(&p->out->text, buf_view(&p->value), true);
    for (int i = 0; i < p->keys.n; i++)
        put_value(p, cell(&c->key, p->keys.v[i]));
    for (int i = 0; i < p->touched.n; i++) {
        put_value(p, cell_of(&c->before, &c->key, p->touched.v[i]));
        put_value(p, cell_of(&c->after, &c->new_key, p->touched.v[i]));
    }
    if (c->fence != WRITETIME_NONE)
        snprintf(fence, sizeof fence, "%" PRId64, c->fence);
    put_text(p, change_kind_name(c->kind));
    put_text(p, change_origin_name(c->origin));
    put_text(p, change_state_name(c->state));
    put_text(p, fence);
    csv_field(&p->out->text, c->reason, false);
    csv_end(&p->out->text);
    p->rows++;
    return out_file_flow(p->out, f);
}

static void put_name(struct csv_plan *p, struct bytes name, const char *ending)
{
    buf_clear(&p->value);
    buf_append_bytes(&p->value, name);
    buf_append_text(&p->value, ending);
    if (p->value.failed)
        p->out->text.failed = true;
    csv_field(&p->out->text, buf_view(&p->value), false);
}

static void put_header(struct csv_plan *p)
{
    static const char *const last[] = {"kind", "origin", "state", "fence", "reason"};
    csv_field(&p->out->text, bytes_of("row_name"), true);
    for (int i = 0; i < p->keys.n; i++)
        put_name(p, p->keys.v[i], "");
    for (int i = 0; i < p->touched.n; i++) {
        put_name(p, p->touched.v[i], ".before");
        put_name(p, p->touched.v[i], ".after");
    }
    for (size_t i = 0; i < sizeof last / sizeof *last; i++)
        put_text(p, last[i]);
    csv_end(&p->out->text);
}

/* At most |most| changes; 0: all. */
static bool each_change(struct csv_plan *p, int most,
                        bool (*each)(struct csv_plan *p, const struct change *c, struct fault *f),
                        struct fault *f)
{
    int n, max = most ? most : CHANGES_AT_ONCE;
    p->query.after_seq = 0;
    do {
        arena_reset(&p->batch_arena);
        n = ledger_read(p->l, &p->query, p->batch, max, &p->batch_arena, f);
        for (int i = 0; i < n; i++) {
            if (!each(p, &p->batch[i], f))
                return false;
            p->query.after_seq = p->batch[i].seq;
        }
    } while (n > 0 && !most);
    return n >= 0;
}

/* The header needs the names of all columns. Nearly always the first change has them all; when a
 * later one has another, the file is begun again. */
static bool write_rule(struct csv_plan *p, const char *path, struct fault *f)
{
    if (!report_columns_read(p->l, p->query.rule, &p->names_arena, &p->columns, f) ||
        !each_change(p, 1, note_names, f))
        return false;
    do {
        p->has_grown = false;
        p->rows = 0;
        out_file_fini(p->out);
        if (!out_file_init(p->out, path, f))
            return false;
        put_header(p);
        if (!each_change(p, 0, put_change, f))
            return false;
    } while (p->has_grown);
    return out_file_finish(p->out, f);
}

bool csv_plan_write_rule(struct ledger *l, const char *rule, int pass, const char *path,
                         uint64_t *rows, struct fault *f)
{
    struct csv_plan *p = calloc(1, sizeof *p);
    struct out_file *out = calloc(1, sizeof *out);
    bool ok = false;
    if (!p || !out) {
        fault_memory(f);
        goto out;
    }
    out->fd = -1;
    *p = (struct csv_plan){.l = l, .query = {.rule = rule, .pass = pass}, .out = out};
    arena_init(&p->names_arena, NAMES_BYTES_MAX);
    arena_init(&p->batch_arena, BATCH_BYTES_MAX);
    buf_init(&p->value, VALUE_TEXT_MAX);
    p->batch = calloc(CHANGES_AT_ONCE, sizeof *p->batch);
    ok = p->batch ? write_rule(p, path, f) : fault_memory(f);
    if (ok && rows)
        *rows = p->rows;
    out_file_fini(out);
    arena_fini(&p->names_arena);
    arena_fini(&p->batch_arena);
    buf_fini(&p->value);
    free(p->batch);
out:
    free(p);
    free(out);
    return ok;
}

/* Kept aside, for reading a rule's changes while the ledger walks its rules is not foreseen. */
struct rule_names {
    char v[PROFILE_RULES_MAX][NAME_TEXT_MAX];
    int n;
};

static bool keep_name(void *context, const char *rule, enum rule_phase phase)
{
    struct rule_names *names = context;
    (void)phase;
    if (names->n < PROFILE_RULES_MAX)
        snprintf(names->v[names->n++], NAME_TEXT_MAX, "%s", rule);
    return true;
}

bool csv_plan_write(struct ledger *l, const char *dir, int pass, int *files, struct fault *f)
{
    struct rule_names names = {0};
    char path[PATH_MAX];
    if (files)
        *files = 0;
    if (!ledger_each_rule(l, keep_name, &names, f))
        return false;
    for (int i = 0; i < names.n; i++) {
        struct change_counts counts;
        if (!ledger_count(l, names.v[i], RULE_MOVE, pass, &counts, f))
            return false;
        if (counts.all == 0)
            continue;
        if (!out_file_path(path, sizeof path, dir, names.v[i], "csv", f) ||
            !csv_plan_write_rule(l, names.v[i], pass, path, NULL, f))
            return false;
        if (files)
            ++*files;
    }
    return true;
}
