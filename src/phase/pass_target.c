#include "phase/pass_private.h"

#include <stdlib.h>
#include <string.h>

enum { TARGET_BATCH = 512, TARGET_ARENA_MAX = 256 * 1024 * 1024 };

struct target_batch {
    struct change changes[TARGET_BATCH];
    struct row_op ops[TARGET_BATCH];
    struct row_op *op_list[TARGET_BATCH];
    struct arena arena;
};

static bool ask_targets(struct move *m, const struct bound_rule *b, struct target_batch *t, int n,
                        struct fault *f)
{
    for (int i = 0; i < n; i++) {
        const struct bytes *key = key_values(b->table, &t->changes[i].new_key, &t->arena, f);
        if (!key)
            return false;
        t->ops[i] = (struct row_op){
            .op = {.kind = STORE_READ, .table = b->table, .key = key},
            .arena = &t->arena,
        };
        t->op_list[i] = &t->ops[i];
    }
    return row_ops_run(m, t->op_list, n, f);
}

/* One that an earlier pass rejected too is in the ledger already. */
static bool reject(struct move *m, const struct bound_rule *b, struct change *c, int pass,
                   struct rule_total *total, struct fault *f)
{
    bool known = false;
    if (pass > 1 && !ledger_has_rejected(m->ledger, b->rule->name, &c->key, pass, &known, f))
        return false;
    total->changes--;
    total->rejected += !known;
    c->state = CHANGE_REJECTED;
    return known ? ledger_remove(m->ledger, c->seq, f) : ledger_replace(m->ledger, c, f);
}

static bool complete_one(struct move *m, const struct bound_rule *b, struct target_batch *t, int i,
                         int pass, struct rule_total *total, struct fault *f)
{
    struct change *c = &t->changes[i];
    struct row_op *op = &t->ops[i];
    struct row row;
    bool carry = false;
    if (op->op.outcome != STORE_OK) {
        c->reason = arena_copy(&t->arena, bytes_of(op->op.fault->text));
        return reject(m, b, c, pass, total, f);
    }
    if (pass > 1 && !ledger_has_moved(m->ledger, b->rule->name, &c->key, pass, &carry, f))
        return false;
    if (!row_from_cells(&row, b->table, &c->key, &c->before, &t->arena, f))
        return false;
    enum decision d = decide_move(b, &row, op->found ? &op->row : NULL, carry, &t->arena, c, f);
    total->collisions += op->found && !carry;
    if (d == DECIDE_FAILED)
        return false;
    if (d == DECIDE_REJECT)
        return reject(m, b, c, pass, total, f);
    c->state = CHANGE_PLANNED;
    return ledger_replace(m->ledger, c, f);
}

static int next_batch(struct move *m, const struct bound_rule *b, int pass, int64_t after_seq,
                      struct target_batch *t, struct fault *f)
{
    struct ledger_query q = {
        .rule = b->rule->name,
        .state_mask = 1u << CHANGE_PLANNED,
        .pass = pass,
        .after_seq = after_seq,
    };
    arena_reset(&t->arena);
    return ledger_read(m->ledger, &q, t->changes, TARGET_BATCH, &t->arena, f);
}

bool pass_read_targets(struct move *m, const struct bound_rule *b, int pass,
                       struct rule_total *total, struct fault *f)
{
    struct target_batch *t = calloc(1, sizeof *t);
    if (!t)
        return fault_memory(f);
    arena_init(&t->arena, TARGET_ARENA_MAX);
    uint64_t all = total->changes, done = 0;
    int64_t seq = 0;
    bool ok = true;
    for (int n; ok && (n = next_batch(m, b, pass, seq, t, f)) != 0;) {
        ok = n > 0 && move_may_go_on(m, f) && ask_targets(m, b, t, n, f);
        for (int i = 0; ok && i < n; i++)
            ok = complete_one(m, b, t, i, pass, total, f);
        if (!ok)
            break;
        seq = t->changes[n - 1].seq;
        done += (uint64_t)n;
        move_progress(m, &(struct progress){.phase = pass > 1 ? "apply" : "plan",
                                            .part = "read the rows at the target",
                                            .unit = "rows",
                                            .done = done,
                                            .done_here = done,
                                            .total = all});
    }
    arena_fini(&t->arena);
    free(t);
    return ok && ledger_flush(m->ledger, f);
}
