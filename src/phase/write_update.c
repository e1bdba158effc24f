#include "phase/write_private.h"

#include <stdlib.h>
#include <string.h>

/* Rounds of write and read-back: the first writes the plan, the others heal a torn row or write a
 * companion again. */
enum { ROUNDS_MAX = 5, CELLS_MAX = RULE_SET_MAX };

enum next { NEXT_NOTHING, NEXT_WRITE, NEXT_AGAIN, NEXT_HEAL };

struct update {
    struct work *w;
    enum next next;
    int64_t written_at; /* the newest timestamp that this row was written with */
    int64_t again_at;   /* what a run that was killed set it again with; 0: it did not */
    bool wrote_again, healed;
    const struct fault *refused; /* why a write of this row failed for good; NULL: none did */
    const struct fault *unread;  /* why the last round could not be read back; NULL: it could */
    const struct named_cell *
        cells[CELLS_MAX]; /* what the next round writes: cells of |after|, or of |before| to heal */
    int cell_count;
    int first_write, write_count; /* of this round */
    int read;                     /* of this round, behind its writes; -1: none */
};

struct updates {
    struct batch *b;
    struct update *v;
    int count;
    struct op_list ops;
    int64_t began_us; /* the round */
};

/* The cell that decides for the whole row: the one that `find` matched, when the change writes it
 * (design 4). */
static const struct named_cell *decider(const struct work *w)
{
    const char *name = w->bound->table->columns[w->bound->find_column].name;
    const struct named_cell *found = named_cells_find(&w->change->after, name);
    return found ? found : &w->change->after.v[0];
}

static const struct named_cell *cell_named(const struct named_cells *cells, struct bytes name)
{
    for (int i = 0; i < cells->n; i++)
        if (bytes_equal(cells->v[i].name, name))
            return &cells->v[i];
    return NULL;
}

/* One statement for all cells that have the same time to live left. */
static bool add_writes(struct updates *us, struct update *u, int64_t now_us, struct fault *f)
{
    const struct named_cell *group[CELLS_MAX];
    bool taken[CELLS_MAX] = {false};
    u->first_write = us->ops.count;
    u->write_count = 0;
    for (int i = 0; i < u->cell_count; i++) {
        int32_t ttl = ttl_left(u->cells[i], u->w->change, now_us);
        int n = 0;
        for (int k = i; k < u->cell_count; k++) {
            if (taken[k] || ttl_left(u->cells[k], u->w->change, now_us) != ttl)
                continue;
            taken[k] = true;
            group[n++] = u->cells[k];
        }
        if (n == 0 || ttl < 0)
            continue;
        struct row_op *op = op_list_add(&us->ops, us->b, u->w, STORE_UPDATE, &u->w->change->key, f);
        if (!op)
            return false;
        op->op.timestamp = u->written_at;
        op->op.ttl = ttl;
        if (!op_cells(op, u->w->bound->table, group, n, us->b->arena, f))
            return false;
        u->write_count++;
    }
    return true;
}

static bool add_read(struct updates *us, struct update *u, struct fault *f)
{
    const struct table *t = u->w->bound->table;
    struct row_op *op = op_list_add(&us->ops, us->b, u->w, STORE_READ, &u->w->change->key, f);
    bool *selected = arena_array(us->b->arena, (size_t)t->column_count, sizeof *selected);
    if (!op || !selected)
        return op ? fault_memory(f) : false;
    const struct named_cells *after = &u->w->change->after;
    for (int i = 0; i < after->n; i++) {
        int column = cell_column(t, after->v[i].name);
        if (column >= 0)
            selected[column] = true;
    }
    op->op.selected = selected;
    u->read = us->ops.count - 1;
    return true;
}

/* A row is read back when its writes are answered: not all rows when all writes are. */
static void chain(struct updates *us, const struct update *u)
{
    for (int i = u->first_write; i < u->read; i++)
        row_op_chain(us->ops.v[i], us->ops.v[i + 1]);
}

/* ---- what the read-back says ---- */

/* This very cell is the one that we wrote: value and timestamp. */
static bool is_ours(const struct update *u, const struct named_cell *after, const struct cell *now)
{
    return bytes_equal(now->value, after->value) &&
           (now->writetime == u->w->change->fence || now->writetime == u->written_at ||
            (u->again_at && now->writetime == u->again_at));
}

static bool judge_ours(struct updates *us, struct update *u, const struct row *row, struct fault *f)
{
    const struct change *c = u->w->change;
    const struct named_cell *d = decider(u->w), *kept = NULL;
    int64_t newest = u->written_at;
    u->cell_count = 0;
    for (int i = 0; i < c->after.n; i++) {
        const struct named_cell *after = &c->after.v[i];
        const struct named_cell *before = cell_named(&c->before, after->name);
        const struct cell *now = row_cell(row, after->name);
        if (after == d || bytes_equal(now->value, after->value))
            continue;
        /* Written again with what it was before, or hidden by an older delete: not somebody's new
         * value. */
        if (before && bytes_equal(now->value, before->value)) {
            /* Not the present: what somebody has written since this was read is newer, and stays. */
            int64_t at = bytes_are_null(now->value) ? us->began_us : now->writetime;
            newest = at > newest ? at : newest;
            u->cells[u->cell_count++] = after;
        } else {
            kept = after;
        }
    }
    if (u->cell_count) {
        u->next = NEXT_AGAIN;
        u->written_at = newest + 1;
        u->wrote_again = true;
        return true;
    }
    u->next = NEXT_NOTHING;
    if (kept)
        return settle(
            us->b, u->w, CHANGE_CONFLICT, f,
            "moved, but %.*s was changed by someone else since the plan and stays as they set it",
            (int)kept->name.n, (const char *)kept->name.p);
    return settle(us->b, u->w, CHANGE_READ, f, "%s",
                  u->wrote_again ? "a companion column had been written meanwhile and was set again"
                                 : "");
}

static bool judge_theirs(struct updates *us, struct update *u, const struct row *row,
                         struct fault *f)
{
    const struct change *c = u->w->change;
    const struct named_cell *d = decider(u->w);
    int64_t newest = u->written_at;
    u->cell_count = 0;
    for (int i = 0; i < c->after.n; i++) {
        const struct named_cell *before = cell_named(&c->before, c->after.v[i].name);
        const struct cell *now = row_cell(row, c->after.v[i].name);
        if (!before || !is_ours(u, &c->after.v[i], now))
            continue;
        newest = now->writetime > newest ? now->writetime : newest;
        u->cells[u->cell_count++] = before;
    }
    if (u->cell_count) {
        u->next = NEXT_HEAL;
        u->written_at = newest + 1;
        u->healed = true;
        return true;
    }
    u->next = NEXT_NOTHING;
    if (u->refused && !u->healed)
        return settle(us->b, u->w, CHANGE_REJECTED, f, "%s", u->refused->text);
    return settle(us->b, u->w, CHANGE_CONFLICT, f,
                  "%.*s was changed by someone else since the plan: theirs stays%s", (int)d->name.n,
                  (const char *)d->name.p,
                  u->healed ? "; what had been written beside it was taken back" : "");
}

static bool judge(struct updates *us, struct update *u, struct fault *f)
{
    const struct row_op *read = us->ops.v[u->read];
    for (int i = 0; i < u->write_count; i++) {
        const struct store_op *op = &us->ops.v[u->first_write + i]->op;
        if (op->outcome != STORE_OK)
            u->refused = op->fault;
    }
    /* The same round once more: what is half written must not be left so. */
    u->unread = read->op.outcome != STORE_OK ? read->op.fault : NULL;
    if (u->unread)
        return true;
    if (!read->found) {
        u->next = NEXT_NOTHING;
        return settle(us->b, u->w, CHANGE_CONFLICT, f,
                      "the row was deleted since the plan; it stays deleted");
    }
    const struct named_cell *d = decider(u->w);
    if (bytes_equal(row_cell(&read->row, d->name)->value, d->value))
        return judge_ours(us, u, &read->row, f);
    return judge_theirs(us, u, &read->row, f);
}

/* ---- rounds ---- */

/* A time that is not the fence is on the disk before it leaves: should this process die, the next
 * one must know its own cells. */
static bool note_again(struct updates *us, struct fault *f)
{
    bool any = false;
    for (int i = 0; i < us->count; i++) {
        struct update *u = &us->v[i];
        if (u->next != NEXT_AGAIN)
            continue;
        any = true;
        if (!settle_again(us->b, u->w, u->written_at, f))
            return false;
    }
    return !any ||
           ledger_mark(us->b->move->ledger, us->b->works[0].change, us->b->count, CHANGE_SENT, f);
}

static bool run_round(struct updates *us, struct fault *f)
{
    int64_t now = us->began_us = clock_now_us();
    int most = 0, open = 0;
    for (int i = 0; i < us->count; i++) {
        most += us->v[i].next != NEXT_NOTHING ? us->v[i].cell_count : 0;
        open += us->v[i].next != NEXT_NOTHING;
    }
    if (!op_list_init(&us->ops, most + open, us->b->arena, f) || !note_again(us, f))
        return false;
    for (int i = 0; i < us->count; i++) {
        struct update *u = &us->v[i];
        u->read = -1;
        if (u->next == NEXT_NOTHING)
            continue;
        if (!add_writes(us, u, now, f) || !add_read(us, u, f))
            return false;
        chain(us, u);
    }
    if (!row_ops_run(us->b->move, us->ops.v, us->ops.count, f))
        return false;
    for (int i = 0; i < us->count; i++)
        if (us->v[i].read >= 0 && !judge(us, &us->v[i], f))
            return false;
    return true;
}

static bool begin(struct update *u, struct work *w, struct fault *f)
{
    const struct change *c = w->change;
    if (c->after.n < 1 || c->after.n > CELLS_MAX)
        return fault_set(f, FAULT_DAMAGED, "a change in the ledger writes %d columns", c->after.n);
    *u = (struct update){
        .w = w,
        .next = NEXT_WRITE,
        .written_at = c->fence,
        .again_at = again_at(c),
        .cell_count = c->after.n,
    };
    for (int i = 0; i < c->after.n; i++)
        u->cells[i] = &c->after.v[i];
    return true;
}

bool write_updates(struct batch *b, struct fault *f)
{
    struct updates us = {.b = b};
    us.v = arena_array(b->arena, (size_t)(b->count ? b->count : 1), sizeof *us.v);
    if (!us.v)
        return fault_memory(f);
    for (int i = 0; i < b->count; i++)
        if (b->works[i].change->kind == CHANGE_UPDATE && !begin(&us.v[us.count++], &b->works[i], f))
            return false;
    bool open = us.count > 0;
    for (int round = 0; open && round < ROUNDS_MAX; round++) {
        if (!run_round(&us, f))
            return false;
        open = false;
        for (int i = 0; i < us.count; i++)
            open |= us.v[i].next != NEXT_NOTHING;
    }
    for (int i = 0; i < us.count; i++) {
        const struct update *u = &us.v[i];
        if (u->next != NEXT_NOTHING &&
            !(u->unread ? settle(b, u->w, CHANGE_REJECTED, f,
                                 "it could not be read back, and may be half written: %s",
                                 u->unread->text)
                        : settle(b, u->w, CHANGE_REJECTED, f,
                                 "somebody else writes this row again and again")))
            return false;
    }
    return true;
}
