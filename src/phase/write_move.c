#include "phase/write_private.h"

/* A reference inside the key: the row is copied with every cell's own writetime + 1, read back, and
 * only then is the old row deleted with a fence (design 4). */

enum stage { STAGE_LOOK, STAGE_COPY, STAGE_AGAIN, STAGE_TAKE_BACK, STAGE_COPIED, STAGE_DONE };

struct row_move {
    struct work *w;
    enum stage stage;
    struct row_op *old_row, *new_row; /* as read last */
    const struct fault *refused;
    int first_write, write_count;
    int64_t again_at; /* what hidden cells were written with once more, by this run or one before */
};

struct row_moves {
    struct batch *b;
    struct row_move *v;
    int count;
    struct op_list writes;
    int64_t looked_us; /* both rows were read after it */
};

static const struct named_cell *cell_named(const struct named_cells *cells, struct bytes name)
{
    for (int i = 0; i < cells->n; i++)
        if (bytes_equal(cells->v[i].name, name))
            return &cells->v[i];
    return NULL;
}

static struct bytes value_named(const struct named_cells *cells, struct bytes name)
{
    const struct named_cell *c = cell_named(cells, name);
    return c ? c->value : bytes_null();
}

static bool is_ours(const struct row_move *v, const struct named_cell *after,
                    const struct cell *now)
{
    if (bytes_are_null(now->value) || !bytes_equal(after->value, now->value))
        return false;
    return after->writetime == WRITETIME_NONE || now->writetime == after->writetime ||
           (v->again_at && now->writetime == v->again_at);
}

/* ---- reading both rows ---- */

static bool read_rows(struct row_moves *ms, enum stage stage, bool old_rows, bool new_rows,
                      struct fault *f)
{
    struct op_list reads;
    if (!op_list_init(&reads, 2 * ms->count, ms->b->arena, f))
        return false;
    for (int i = 0; i < ms->count; i++) {
        struct row_move *v = &ms->v[i];
        if (v->stage != stage)
            continue;
        if (old_rows)
            v->old_row = op_list_add(&reads, ms->b, v->w, STORE_READ, &v->w->change->key, f);
        if (new_rows)
            v->new_row = op_list_add(&reads, ms->b, v->w, STORE_READ, &v->w->change->new_key, f);
        if ((old_rows && !v->old_row) || (new_rows && !v->new_row))
            return false;
    }
    return row_ops_run(ms->b->move, reads.v, reads.count, f);
}

static bool not_readable(struct row_moves *ms, struct row_move *v, const struct row_op *op,
                         struct fault *f)
{
    v->stage = STAGE_DONE;
    return settle(ms->b, v->w, CHANGE_REJECTED, f, "it could not be read: %s", op->op.fault->text);
}

/* ---- is everything still as planned? ---- */

static bool old_row_is_as_planned(const struct row_move *v)
{
    const struct change *c = v->w->change;
    const struct row *r = &v->old_row->row;
    for (int i = r->table->key_count; i < r->table->column_count; i++) {
        const struct named_cell *before =
            cell_named(&c->before, bytes_of(r->table->columns[i].name));
        if (!bytes_equal(before ? before->value : bytes_null(), r->cells[i].value))
            return false;
        if (before && before->value.p && before->writetime != r->cells[i].writetime)
            return false;
    }
    return true;
}

/* Every cell of the row at the target is what the plan saw there, or what an earlier try of ours
 * wrote: that try may have written with a later time what an older delete had hidden, so that then
 * the value alone tells. */
static bool new_row_is_as_planned(const struct row_move *v)
{
    const struct change *c = v->w->change;
    const struct row *r = &v->new_row->row;
    bool tried = c->state == CHANGE_SENT;
    if (!v->new_row->found)
        return c->target_before.n == 0;
    if (!tried && c->target_before.n == 0)
        return false;
    for (int i = r->table->key_count; i < r->table->column_count; i++) {
        struct bytes name = bytes_of(r->table->columns[i].name);
        const struct named_cell *after = cell_named(&c->after, name);
        if (bytes_equal(value_named(&c->target_before, name), r->cells[i].value))
            continue;
        if (!tried || !after || !bytes_equal(after->value, r->cells[i].value))
            return false;
    }
    return true;
}

/* Does the rule set more of the key than what it looks for, so that two old rows may have one new
 * key? */
static bool joins_rows(const struct row_move *v)
{
    const struct bound_rule *b = v->w->bound;
    for (int i = 0; i < b->set_count; i++)
        if (b->set_column[i] < b->table->key_count && b->set_column[i] != b->find_column)
            return true;
    return false;
}

/* Only an earlier try that was cut off can have left cells of ours at the target. */
static bool may_have_copied(const struct row_move *v)
{
    return v->w->change->state == CHANGE_SENT && v->new_row->found && !joins_rows(v);
}

static bool look(struct row_moves *ms, struct row_move *v, struct fault *f)
{
    if (v->old_row->op.outcome != STORE_OK)
        return not_readable(ms, v, v->old_row, f);
    if (v->new_row->op.outcome != STORE_OK)
        return not_readable(ms, v, v->new_row, f);
    const char *why = NULL;
    if (!v->old_row->found)
        why = "the row was deleted since the plan; it stays deleted";
    else if (!old_row_is_as_planned(v))
        why = "the row was changed by someone else since the plan; the next pass plans it again";
    else if (!new_row_is_as_planned(v))
        why = "the row at the target was changed by someone else since the plan; the next pass "
              "plans it again";
    v->stage = STAGE_COPY;
    if (!why)
        return true;
    v->stage = may_have_copied(v) ? STAGE_TAKE_BACK : STAGE_DONE;
    return settle(ms->b, v->w, CHANGE_CONFLICT, f, "%s", why);
}

static bool same_new_key(const struct row_move *a, const struct row_move *b)
{
    const struct named_cells *x = &a->w->change->new_key, *y = &b->w->change->new_key;
    bool same = a->w->bound == b->w->bound && x->n == y->n;
    for (int i = 0; same && i < x->n; i++)
        same = bytes_equal(x->v[i].value, y->v[i].value);
    return same;
}

/* Of two rows with one new key the first is copied; for the second it is then a row of the target,
 * which the next pass asks the collision policy about. */
static bool keep_apart(struct row_moves *ms, struct fault *f)
{
    for (int i = 0; i < ms->count; i++) {
        struct row_move *v = &ms->v[i];
        bool taken = false;
        for (int k = 0; !taken && k < i && v->stage == STAGE_COPY && joins_rows(v); k++)
            taken = ms->v[k].stage == STAGE_COPY && same_new_key(&ms->v[k], v);
        if (!taken)
            continue;
        v->stage = STAGE_DONE;
        if (!settle(ms->b, v->w, CHANGE_CONFLICT, f,
                    "another row moves to the same key; the next pass plans it again"))
            return false;
    }
    return true;
}

/* ---- copying ---- */

/* One statement for all cells with the same timestamp and the same time to live. */
static bool add_copies(struct row_moves *ms, struct row_move *v, int64_t now_us, struct fault *f)
{
    const struct change *c = v->w->change;
    const struct named_cell **group =
        arena_array(ms->b->arena, (size_t)c->after.n + 1, sizeof *group);
    bool *taken = arena_array(ms->b->arena, (size_t)c->after.n + 1, sizeof *taken);
    enum store_op_kind kind = c->origin == CHANGE_PLAIN ? STORE_INSERT : STORE_UPDATE;
    if (!group || !taken)
        return fault_memory(f);
    for (int i = 0; i < c->after.n; i++) {
        int64_t at = c->after.v[i].writetime;
        int32_t ttl = ttl_left(&c->after.v[i], c, now_us);
        int n = 0;
        if (taken[i] || at == WRITETIME_NONE || ttl < 0)
            continue;
        for (int k = i; k < c->after.n; k++) {
            if (taken[k] || c->after.v[k].writetime != at ||
                ttl_left(&c->after.v[k], c, now_us) != ttl)
                continue;
            taken[k] = true;
            group[n++] = &c->after.v[k];
        }
        struct row_op *op = op_list_add(&ms->writes, ms->b, v->w, kind, &c->new_key, f);
        if (!op || !op_cells(op, v->w->bound->table, group, n, ms->b->arena, f))
            return false;
        op->op.timestamp = at;
        op->op.ttl = ttl;
    }
    /* A row of keys only has no timestamp to carry: it is made on condition. */
    if (c->origin == CHANGE_PLAIN && ms->writes.count == v->first_write && v->old_row->found &&
        !op_list_add(&ms->writes, ms->b, v->w, STORE_INSERT_IF_NOT_EXISTS, &c->new_key, f))
        return false;
    return true;
}

/* Multi-cell columns: only while the target's column is what the plan saw. */
static bool add_conditional(struct row_moves *ms, struct row_move *v, struct fault *f)
{
    const struct change *c = v->w->change;
    for (int i = 0; i < c->after.n; i++) {
        const struct named_cell *after = &c->after.v[i];
        if (after->writetime != WRITETIME_NONE)
            continue;
        struct named_cell *before = arena_alloc(ms->b->arena, sizeof *before);
        struct row_op *op = op_list_add(&ms->writes, ms->b, v->w, STORE_UPDATE_IF, &c->new_key, f);
        if (!before || !op)
            return op ? fault_memory(f) : false;
        *before = (struct named_cell){.name = after->name,
                                      .value = value_named(&c->target_before, after->name)};
        const struct named_cell *one[1] = {after}, *condition[1] = {before};
        if (!op_cells(op, v->w->bound->table, one, 1, ms->b->arena, f) ||
            !op_conditions(op, v->w->bound->table, condition, 1, ms->b->arena, f))
            return false;
    }
    return true;
}

/* A copy that fell under an older delete is not to be seen: those cells are written once more, with the
 * time before both rows were read, so that whatever somebody has written since is newer. */
static bool add_again(struct row_moves *ms, struct row_move *v, int64_t now_us, struct fault *f)
{
    const struct change *c = v->w->change;
    for (int i = 0; i < c->after.n; i++) {
        const struct named_cell *after = &c->after.v[i];
        int32_t ttl = ttl_left(after, c, now_us);
        const struct cell *now = v->new_row->found ? row_cell(&v->new_row->row, after->name) : NULL;
        if (after->writetime == WRITETIME_NONE || ttl < 0 || (now && now->value.p))
            continue;
        struct row_op *op = op_list_add(&ms->writes, ms->b, v->w, STORE_INSERT, &c->new_key, f);
        if (!op || !op_cells(op, v->w->bound->table, &after, 1, ms->b->arena, f))
            return false;
        op->op.timestamp = v->again_at;
        op->op.ttl = ttl;
    }
    return true;
}

/* Should this process die, the next one must know its own cells. */
static bool note_again(struct row_moves *ms, struct fault *f)
{
    bool any = false;
    for (int i = 0; i < ms->count; i++) {
        struct row_move *v = &ms->v[i];
        if (v->stage != STAGE_AGAIN)
            continue;
        any = true;
        v->again_at = ms->looked_us;
        if (!settle_again(ms->b, v->w, v->again_at, f))
            return false;
    }
    return !any ||
           ledger_mark(ms->b->move->ledger, ms->b->works[0].change, ms->b->count, CHANGE_SENT, f);
}

/* One cell that an earlier try of ours put at the target gets its former value back, by its own timestamp + 1, so that
 * what others wrote stays. A multi-cell column: only while it is what we wrote. */
static bool take_cell_back(struct row_moves *ms, struct row_move *v, const struct named_cell *after,
                           const struct cell *now, int64_t now_us, struct fault *f)
{
    const struct change *c = v->w->change;
    bool fenced = after->writetime != WRITETIME_NONE;
    struct named_cell *former = arena_alloc(ms->b->arena, sizeof *former);
    struct row_op *op = op_list_add(&ms->writes, ms->b, v->w,
                                    fenced ? STORE_UPDATE : STORE_UPDATE_IF, &c->new_key, f);
    if (!former || !op)
        return op ? fault_memory(f) : false;
    const struct named_cell *before = cell_named(&c->target_before, after->name);
    int32_t ttl = before ? ttl_left(before, c, now_us) : 0;
    *former = (struct named_cell){.name = after->name,
                                  .value = before && ttl >= 0 ? before->value : bytes_null()};
    const struct named_cell *one[1] = {former}, *condition[1] = {after};
    if (!op_cells(op, v->w->bound->table, one, 1, ms->b->arena, f))
        return false;
    op->op.timestamp = fenced ? now->writetime + 1 : 0;
    op->op.ttl = ttl > 0 ? ttl : 0;
    return fenced || op_conditions(op, v->w->bound->table, condition, 1, ms->b->arena, f);
}

static bool add_take_back(struct row_moves *ms, struct row_move *v, int64_t now_us, struct fault *f)
{
    const struct change *c = v->w->change;
    for (int i = 0; i < c->after.n; i++) {
        const struct named_cell *after = &c->after.v[i];
        const struct cell *now = row_cell(&v->new_row->row, after->name);
        if (is_ours(v, after, now) &&
            !bytes_equal(value_named(&c->target_before, after->name), after->value) &&
            !take_cell_back(ms, v, after, now, now_us, f))
            return false;
    }
    return true;
}

/* Every regular column of the row is what |cells| say, or null. */
static bool all_conditions(struct row_moves *ms, struct row_op *op, const struct table *t,
                           const struct named_cells *cells, struct fault *f)
{
    int n = t->column_count - t->key_count;
    struct store_cell *conditions = arena_array(ms->b->arena, (size_t)n + 1, sizeof *conditions);
    if (!conditions)
        return fault_memory(f);
    op->op.conditions = conditions;
    for (int i = t->key_count; i < t->column_count; i++) {
        if (t->columns[i].role != COLUMN_REGULAR)
            continue;
        conditions[op->op.condition_count++] = (struct store_cell){
            .column = i,
            .value = value_named(cells, bytes_of(t->columns[i].name)),
        };
    }
    return true;
}

/* Where the plan saw no row, the marker of our copy goes too, unless somebody's cells hold the row by now. */
static bool add_take_marker_back(struct row_moves *ms, struct row_move *v, int64_t now_us,
                                 struct fault *f)
{
    static const struct named_cells none = {0};
    (void)now_us;
    if (v->w->change->target_before.n)
        return true;
    struct row_op *op =
        op_list_add(&ms->writes, ms->b, v->w, STORE_DELETE_IF, &v->w->change->new_key, f);
    return op && all_conditions(ms, op, v->w->bound->table, &none, f);
}

static bool run_writes(struct row_moves *ms, enum stage stage,
                       bool (*add)(struct row_moves *ms, struct row_move *v, int64_t now_us,
                                   struct fault *f),
                       struct fault *f)
{
    int most = 0;
    int64_t now = clock_now_us();
    for (int i = 0; i < ms->count; i++)
        if (ms->v[i].stage == stage)
            most += ms->v[i].w->change->after.n + 1;
    if (!op_list_init(&ms->writes, most, ms->b->arena, f))
        return false;
    for (int i = 0; i < ms->count; i++) {
        struct row_move *v = &ms->v[i];
        if (v->stage != stage)
            continue;
        v->first_write = ms->writes.count;
        if (!add(ms, v, now, f))
            return false;
        v->write_count = ms->writes.count - v->first_write;
    }
    if (!row_ops_run(ms->b->move, ms->writes.v, ms->writes.count, f))
        return false;
    for (int i = 0; i < ms->count; i++)
        for (int k = 0; ms->v[i].stage == stage && k < ms->v[i].write_count; k++)
            if (ms->writes.v[ms->v[i].first_write + k]->op.outcome == STORE_ROW_FAILED)
                ms->v[i].refused = ms->writes.v[ms->v[i].first_write + k]->op.fault;
    return true;
}

static bool conditional_now(struct row_moves *ms, struct row_move *v, int64_t now_us,
                            struct fault *f)
{
    (void)now_us;
    return add_conditional(ms, v, f);
}

enum seen {
    SEEN_RIGHT,  /* as written, or newer, or it has expired */
    SEEN_HIDDEN, /* nothing is there */
    SEEN_NOT, /* another value is there, and no newer one: what the old row has is not at the target */
};

static enum seen see_cell(const struct row_move *v, const struct named_cell *after, int64_t now_us)
{
    const struct cell *now = v->new_row->found ? row_cell(&v->new_row->row, after->name) : NULL;
    if (!now || bytes_are_null(now->value))
        return ttl_left(after, v->w->change, now_us) < 0 ? SEEN_RIGHT : SEEN_HIDDEN;
    if (bytes_equal(now->value, after->value))
        return SEEN_RIGHT;
    bool fenced = after->writetime != WRITETIME_NONE;
    return fenced && now->writetime >= after->writetime ? SEEN_RIGHT : SEEN_NOT;
}

static bool not_copied(struct row_moves *ms, struct row_move *v, const struct named_cell *missed,
                       struct fault *f)
{
    if (missed && !v->refused && missed->writetime == WRITETIME_NONE) {
        v->stage = STAGE_TAKE_BACK;
        return settle(ms->b, v->w, CHANGE_CONFLICT, f,
                      "%.*s of the row at the target was changed by someone else since the plan; "
                      "the next pass plans it again",
                      (int)missed->name.n, (const char *)missed->name.p);
    }
    v->stage = STAGE_DONE;
    return settle(ms->b, v->w, CHANGE_REJECTED, f,
                  "the copy cannot be read back, the old row stays: %s",
                  v->refused ? v->refused->text : "the server does not show it");
}

/* The old row was read once more, with the copy: what somebody deleted meanwhile must not live on in it. Where another
 * row may have the same new key, nobody can tell whose cells are at the target. */
static bool was_touched(const struct row_move *v)
{
    return v->old_row->op.outcome == STORE_OK && !joins_rows(v) &&
           (!v->old_row->found || !old_row_is_as_planned(v));
}

/* After a copy: is all that the old row has to be seen at the target? A cell that somebody else
 * wrote there since is theirs. */
static bool judge_copy(struct row_moves *ms, struct row_move *v, bool last, struct fault *f)
{
    const struct change *c = v->w->change;
    const struct named_cell *missed = NULL;
    int64_t now_us = clock_now_us();
    int hidden = 0;
    if (v->new_row->op.outcome != STORE_OK)
        return not_readable(ms, v, v->new_row, f);
    for (int i = 0; i < c->after.n; i++) {
        enum seen seen = see_cell(v, &c->after.v[i], now_us);
        hidden += seen == SEEN_HIDDEN;
        if (seen == SEEN_NOT)
            missed = &c->after.v[i];
    }
    hidden += c->origin == CHANGE_PLAIN && c->after.n == 0 && !v->new_row->found;
    if (missed || (hidden && (last || v->refused)))
        return not_copied(ms, v, missed, f);
    if (hidden) {
        v->stage = STAGE_AGAIN;
        return true;
    }
    if (was_touched(v)) {
        v->stage = STAGE_TAKE_BACK;
        return settle(ms->b, v->w, CHANGE_CONFLICT, f,
                      v->old_row->found
                          ? "the row was changed by someone else while it was copied; the next "
                            "pass plans it again"
                          : "the row was deleted while it was copied; it stays deleted");
    }
    v->stage = STAGE_COPIED;
    return settle(ms->b, v->w, CHANGE_COPIED, f, "%s",
                  v->again_at ? "an older delete hid the copy; it was written with a newer time"
                              : "");
}

static bool judge_stage(struct row_moves *ms, enum stage stage, bool last, struct fault *f)
{
    for (int i = 0; i < ms->count; i++)
        if (ms->v[i].stage == stage && !judge_copy(ms, &ms->v[i], last, f))
            return false;
    return true;
}

static bool gather(struct row_moves *ms, struct batch *b, bool copied, struct fault *f)
{
    *ms = (struct row_moves){.b = b, .looked_us = clock_now_us()};
    ms->v = arena_array(b->arena, (size_t)(b->count ? b->count : 1), sizeof *ms->v);
    if (!ms->v)
        return fault_memory(f);
    for (int i = 0; i < b->count; i++) {
        const struct change *c = b->works[i].change;
        bool open = c->state == CHANGE_PLANNED || c->state == CHANGE_SENT;
        if (c->kind == CHANGE_MOVE && (copied ? c->state == CHANGE_COPIED : open))
            ms->v[ms->count++] = (struct row_move){.w = &b->works[i], .again_at = again_at(c)};
    }
    return true;
}

static bool judge_take_back(struct row_moves *ms, struct fault *f)
{
    for (int i = 0; i < ms->count; i++) {
        struct row_move *v = &ms->v[i];
        if (v->stage == STAGE_TAKE_BACK && v->refused &&
            !settle(ms->b, v->w, CHANGE_REJECTED, f,
                    "what was copied to the target could not be taken back: %s", v->refused->text))
            return false;
    }
    return true;
}

bool write_copies(struct batch *b, struct fault *f)
{
    struct row_moves ms;
    if (!gather(&ms, b, false, f) || !read_rows(&ms, STAGE_LOOK, true, true, f))
        return false;
    for (int i = 0; i < ms.count; i++)
        if (!look(&ms, &ms.v[i], f))
            return false;
    return keep_apart(&ms, f) && run_writes(&ms, STAGE_COPY, add_copies, f) &&
           run_writes(&ms, STAGE_COPY, conditional_now, f) &&
           read_rows(&ms, STAGE_COPY, true, true, f) && judge_stage(&ms, STAGE_COPY, false, f) &&
           note_again(&ms, f) && run_writes(&ms, STAGE_AGAIN, add_again, f) &&
           read_rows(&ms, STAGE_AGAIN, true, true, f) && judge_stage(&ms, STAGE_AGAIN, true, f) &&
           run_writes(&ms, STAGE_TAKE_BACK, add_take_back, f) &&
           run_writes(&ms, STAGE_TAKE_BACK, add_take_marker_back, f) && judge_take_back(&ms, f);
}

/* ---- deleting the old row ---- */

static bool add_delete(struct row_moves *ms, struct row_move *v, int64_t now_us, struct fault *f)
{
    const struct change *c = v->w->change;
    const struct table *t = v->w->bound->table;
    bool fenced = c->fence != WRITETIME_NONE;
    struct row_op *op = op_list_add(&ms->writes, ms->b, v->w,
                                    fenced ? STORE_DELETE_ROW : STORE_DELETE_IF, &c->key, f);
    (void)now_us;
    if (!op)
        return false;
    op->op.timestamp = fenced ? c->fence : 0;
    if (fenced)
        return true;
    return all_conditions(ms, op, t, &c->before, f);
}

static bool judge_delete(struct row_moves *ms, struct row_move *v, struct fault *f)
{
    if (v->old_row->op.outcome != STORE_OK)
        return not_readable(ms, v, v->old_row, f);
    if (!v->old_row->found) {
        v->w->change->state = CHANGE_READ;
        return true;
    }
    if (v->refused)
        return settle(ms->b, v->w, CHANGE_REJECTED, f,
                      "copied, but the old row could not be deleted: %s", v->refused->text);
    return settle(ms->b, v->w, CHANGE_READ, f,
                  "somebody wrote into the old row meanwhile; the next pass carries that over");
}

bool write_deletes(struct batch *b, struct fault *f)
{
    struct row_moves ms;
    if (!gather(&ms, b, true, f) || !run_writes(&ms, STAGE_LOOK, add_delete, f) ||
        !read_rows(&ms, STAGE_LOOK, true, false, f))
        return false;
    for (int i = 0; i < ms.count; i++)
        if (!judge_delete(&ms, &ms.v[i], f))
            return false;
    return true;
}
