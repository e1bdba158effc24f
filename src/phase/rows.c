#include "phase/phase_private.h"

static void keep_answer(struct store_op *op);

static bool submit(struct row_op *r, struct store *store, struct fault *f)
{
    r->store = store;
    r->op.done = keep_answer;
    r->op.context = r;
    return store_submit(store, &r->op, f);
}

/* What the answer's |fault| says must outlive it. */
static void keep_fault(struct row_op *r, const struct fault *why)
{
    struct fault *kept = arena_alloc(r->arena, sizeof *kept);
    if (kept)
        *kept = *why;
    r->op.fault = kept ? kept : fault_no_memory();
}

static void keep_row(struct row_op *r)
{
    struct store_op *op = &r->op;
    r->found = op->row != NULL;
    if (!op->row)
        return;
    r->row = row_copy(r->arena, op->row);
    if (!r->row.cells) {
        op->outcome = STORE_RUN_FAILED;
        op->fault = fault_no_memory();
    }
}

static void keep_answer(struct store_op *op)
{
    struct row_op *r = op->context;
    struct fault why;
    if (op->fault)
        keep_fault(r, op->fault);
    keep_row(r);
    if (r->next && op->outcome != STORE_RUN_FAILED && !submit(r->next, r->store, &why))
        keep_fault(r->next, &why);
}

void row_op_chain(struct row_op *first, struct row_op *next)
{
    first->next = next;
    next->follows = true;
}

bool row_ops_run(struct move *m, struct row_op *const *ops, int count, struct fault *f)
{
    bool ok = true;
    /* What is never sent has no answer, and must not look like one. */
    for (int i = 0; i < count; i++)
        if (ops[i]->op.table)
            ops[i]->op.outcome = STORE_RUN_FAILED;
    for (int i = 0; i < count && ok; i++)
        if (ops[i]->op.table && !ops[i]->follows)
            ok = submit(ops[i], m->store, f);
    /* Whatever was taken must be answered before its memory goes. */
    struct fault late = {0};
    if (!store_drive(m->store, 0, &late) && ok) {
        ok = false;
        if (f)
            *f = late;
    }
    for (int i = 0; i < count && ok; i++) {
        if (ops[i]->op.table && ops[i]->op.outcome == STORE_RUN_FAILED) {
            ok = false;
            if (f && ops[i]->op.fault)
                *f = *ops[i]->op.fault;
        }
    }
    return ok;
}

bool row_read(struct move *m, const struct table *t, const struct bytes *key, const bool *selected,
              struct arena *a, struct row *out, bool *found, struct fault *f)
{
    struct row_op op = {
        .op = {.kind = STORE_READ, .table = t, .key = key, .selected = selected},
        .arena = a,
    };
    if (!row_ops_run(m, (struct row_op *const[]){&op}, 1, f))
        return false;
    if (op.op.outcome != STORE_OK) {
        if (f)
            *f = *op.op.fault;
        return false;
    }
    *found = op.found;
    *out = op.row;
    return true;
}

const struct bytes *key_values(const struct table *t, const struct named_cells *key,
                               struct arena *a, struct fault *f)
{
    struct bytes *v = arena_array(a, (size_t)t->key_count, sizeof *v);
    if (!v)
        fault_memory(f);
    for (int i = 0; v && i < t->key_count; i++) {
        const struct named_cell *c = named_cells_find(key, t->columns[i].name);
        if (!c) {
            fault_set(f, FAULT_DAMAGED, "a change in the ledger has no complete key");
            fault_subject(f, "%s.%s", t->keyspace, t->name);
            return NULL;
        }
        v[i] = c->value;
    }
    return v;
}
