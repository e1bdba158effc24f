#include "phase/write_private.h"

/* A list is replaced only while it is what the plan saw: UPDATE … IF list = before. The answer "not
 * applied, and the list is what we wanted" means that an earlier try, whose answer was lost, did
 * it. */

struct list_write {
    struct work *w;
    struct row_op *write, *read;
};

static bool add_write(struct batch *b, struct op_list *ops, struct list_write *l, struct fault *f)
{
    const struct change *c = l->w->change;
    const struct named_cell *after[1], *before[1];
    if (c->after.n != 1)
        return fault_set(f, FAULT_DAMAGED, "a list change in the ledger writes %d columns",
                         c->after.n);
    after[0] = &c->after.v[0];
    before[0] = NULL;
    for (int i = 0; i < c->before.n; i++)
        if (bytes_equal(c->before.v[i].name, after[0]->name))
            before[0] = &c->before.v[i];
    l->write = op_list_add(ops, b, l->w, STORE_UPDATE_IF, &c->key, f);
    if (!l->write)
        return false;
    if (!before[0])
        return fault_set(f, FAULT_DAMAGED, "a list change in the ledger is not complete");
    return op_cells(l->write, l->w->bound->table, after, 1, b->arena, f) &&
           op_conditions(l->write, l->w->bound->table, before, 1, b->arena, f);
}

static bool add_read(struct batch *b, struct op_list *ops, struct list_write *l, struct fault *f)
{
    const struct table *t = l->w->bound->table;
    bool *selected = arena_array(b->arena, (size_t)t->column_count, sizeof *selected);
    l->read = op_list_add(ops, b, l->w, STORE_READ, &l->w->change->key, f);
    if (!l->read || !selected)
        return l->read ? fault_memory(f) : false;
    selected[cell_column(t, l->w->change->after.v[0].name)] = true;
    l->read->op.selected = selected;
    return true;
}

static bool judge(struct batch *b, struct list_write *l, struct fault *f)
{
    const struct named_cell *after = &l->w->change->after.v[0];
    if (l->read->op.outcome != STORE_OK)
        return settle(b, l->w, CHANGE_REJECTED, f, "it could not be read back: %s",
                      l->read->op.fault->text);
    if (!l->read->found)
        return settle(b, l->w, CHANGE_CONFLICT, f,
                      "the row was deleted since the plan; it stays deleted");
    if (bytes_equal(row_cell(&l->read->row, after->name)->value, after->value))
        return settle(b, l->w, CHANGE_READ, f, "%s", "");
    if (l->write->op.outcome == STORE_ROW_FAILED)
        return settle(b, l->w, CHANGE_REJECTED, f, "%s", l->write->op.fault->text);
    return settle(b, l->w, CHANGE_CONFLICT, f,
                  "%.*s was changed by someone else since the plan: theirs stays",
                  (int)after->name.n, (const char *)after->name.p);
}

bool write_lists(struct batch *b, struct fault *f)
{
    struct op_list ops;
    struct list_write *v = arena_array(b->arena, (size_t)(b->count ? b->count : 1), sizeof *v);
    int n = 0;
    if (!v)
        return fault_memory(f);
    for (int i = 0; i < b->count; i++)
        if (b->works[i].change->kind == CHANGE_LIST)
            v[n++].w = &b->works[i];
    if (!op_list_init(&ops, 2 * n, b->arena, f))
        return false;
    for (int i = 0; i < n; i++) {
        if (!add_write(b, &ops, &v[i], f) || !add_read(b, &ops, &v[i], f))
            return false;
        row_op_chain(v[i].write, v[i].read);
    }
    if (!row_ops_run(b->move, ops.v, ops.count, f))
        return false;
    for (int i = 0; i < n; i++)
        if (!judge(b, &v[i], f))
            return false;
    return true;
}
