#include "phase/write_private.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

bool op_list_init(struct op_list *l, int max, struct arena *a, struct fault *f)
{
    *l = (struct op_list){.max = max};
    l->v = arena_array(a, (size_t)(max ? max : 1), sizeof *l->v);
    return l->v != NULL || fault_memory(f);
}

struct row_op *op_list_add(struct op_list *l, const struct batch *b, const struct work *w,
                           enum store_op_kind kind, const struct named_cells *key, struct fault *f)
{
    const struct bytes *values = key_values(w->bound->table, key, b->arena, f);
    struct row_op *op = values ? arena_alloc(b->arena, sizeof *op) : NULL;
    if (values && (!op || l->count == l->max))
        fault_memory(f);
    if (!op || l->count == l->max)
        return NULL;
    l->v[l->count++] = op;
    *op = (struct row_op){
        .op = {.kind = kind, .table = w->bound->table, .key = values},
        .arena = b->arena,
    };
    return op;
}

int cell_column(const struct table *t, struct bytes name)
{
    char text[NAME_TEXT_MAX];
    if (name.n >= sizeof text)
        return -1;
    memcpy(text, name.p, name.n);
    text[name.n] = '\0';
    return table_column(t, text);
}

static struct store_cell *store_cells(const struct table *t, const struct named_cell *const *cells,
                                      int n, struct arena *a, struct fault *f)
{
    struct store_cell *out = arena_array(a, (size_t)(n ? n : 1), sizeof *out);
    if (!out) {
        fault_memory(f);
        return NULL;
    }
    for (int i = 0; i < n; i++) {
        out[i].column = cell_column(t, cells[i]->name);
        out[i].value = cells[i]->value;
        if (out[i].column < 0) {
            fault_set(f, FAULT_DAMAGED,
                      "a change names the column %.*s, which table %s does not have",
                      (int)cells[i]->name.n, (const char *)cells[i]->name.p, t->name);
            return NULL;
        }
    }
    return out;
}

bool op_cells(struct row_op *op, const struct table *t, const struct named_cell *const *cells,
              int n, struct arena *a, struct fault *f)
{
    op->op.cells = store_cells(t, cells, n, a, f);
    op->op.cell_count = n;
    return op->op.cells != NULL;
}

bool op_conditions(struct row_op *op, const struct table *t, const struct named_cell *const *cells,
                   int n, struct arena *a, struct fault *f)
{
    op->op.conditions = store_cells(t, cells, n, a, f);
    op->op.condition_count = n;
    return op->op.conditions != NULL;
}

int32_t ttl_left(const struct named_cell *c, const struct change *change, int64_t now_us)
{
    if (c->ttl <= 0)
        return 0;
    int64_t left = c->ttl - (now_us - change->read_at_us) / 1000000;
    if (left <= 0)
        return -1;
    return left > c->ttl ? c->ttl : (int32_t)left;
}

const struct cell *row_cell(const struct row *r, struct bytes name)
{
    int i = cell_column(r->table, name);
    return i < 0 ? NULL : &r->cells[i];
}

bool settle(const struct batch *b, struct work *w, enum change_state state, struct fault *f,
            const char *format, ...)
{
    char text[FAULT_TEXT_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    w->change->state = state;
    w->change->reason = text[0] ? arena_copy(b->arena, bytes_of(text)) : bytes_null();
    return !text[0] || w->change->reason.p || fault_memory(f);
}

static const char again_text[] = "set again, at ";

bool settle_again(const struct batch *b, struct work *w, int64_t at_us, struct fault *f)
{
    return settle(b, w, CHANGE_SENT, f, "%s%lld", again_text, (long long)at_us);
}

int64_t again_at(const struct change *c)
{
    const size_t n = sizeof again_text - 1;
    char digits[24];
    if (c->state != CHANGE_SENT || c->reason.n <= n || c->reason.n - n >= sizeof digits ||
        memcmp(c->reason.p, again_text, n) != 0)
        return 0;
    memcpy(digits, c->reason.p + n, c->reason.n - n);
    digits[c->reason.n - n] = '\0';
    return strtoll(digits, NULL, 10);
}
