#include <stdlib.h>

#include "phase/flow.h"
#include "phase/write_private.h"

enum { WRITE_BATCH = 512, WRITE_ARENA_MAX = 512 * 1024 * 1024 };

bool batch_make(struct move *m, const struct move_rules *rules, struct change *changes, int count,
                struct arena *a, struct batch *b, struct fault *f)
{
    *b = (struct batch){.move = m, .arena = a, .count = count};
    b->works = arena_array(a, (size_t)(count ? count : 1), sizeof *b->works);
    if (!b->works)
        return fault_memory(f);
    for (int i = 0; i < count; i++) {
        int place = rule_place(m, changes[i].rule);
        bool known = place >= 0 && (m->profile.rules[place].is_graph || rules->present[place]);
        if (!known) {
            fault_set(f, FAULT_REFUSED,
                      "a change in the ledger belongs to rule %.*s, which cannot be carried out",
                      (int)changes[i].rule.n, (const char *)changes[i].rule.p);
            return fault_hint(f, "its table is not in this cluster, or the profile is another one");
        }
        b->works[i] = (struct work){
            .change = &changes[i],
            .rule = &m->profile.rules[place],
            .bound = m->profile.rules[place].is_graph ? NULL : &rules->bound[place],
        };
    }
    return true;
}

bool write_batch(struct move *m, const struct move_rules *rules, struct change *changes, int count,
                 struct arena *a,
                 bool (*copied)(struct move *m, struct change *c, int count, struct fault *f),
                 struct fault *f)
{
    struct batch b;
    return batch_make(m, rules, changes, count, a, &b, f) && write_updates(&b, f) &&
           write_lists(&b, f) && write_nodes(&b, f) && write_copies(&b, f) &&
           copied(m, changes, count, f) && write_deletes(&b, f);
}

static bool mark_copied(struct move *m, struct change *c, int count, struct fault *f)
{
    return ledger_mark(m->ledger, c, count, CHANGE_COPIED, f);
}

static void tally(const struct change *c, int count, struct apply_result *out)
{
    for (int i = 0; i < count; i++) {
        out->read += c[i].state == CHANGE_READ;
        out->conflicts += c[i].state == CHANGE_CONFLICT;
        out->rejected += c[i].state == CHANGE_REJECTED;
        if (c[i].state == CHANGE_REJECTED || c[i].state == CHANGE_CONFLICT)
            log_write(LOG_WARN, "apply", "change %lld of %.*s: %s: %.*s", (long long)c[i].seq,
                      (int)c[i].rule.n, (const char *)c[i].rule.p, change_state_name(c[i].state),
                      (int)c[i].reason.n, c[i].reason.p ? (const char *)c[i].reason.p : "");
    }
    out->done_here += (uint64_t)count;
}

static bool tell(struct move *m, enum rule_phase phase, const struct apply_result *out,
                 struct fault *f)
{
    struct change_counts counts;
    if (!ledger_count(m->ledger, NULL, phase, 0, &counts, f))
        return false;
    uint64_t open = change_counts_open(&counts);
    move_progress(m, &(struct progress){.phase = phase == RULE_MOVE ? "apply" : "retire",
                                        .part = "write",
                                        .unit = "changes",
                                        .done = counts.all - open,
                                        .total = counts.all,
                                        .done_here = out->done_here,
                                        .conflicts = counts.by_state[CHANGE_CONFLICT],
                                        .rejected = counts.by_state[CHANGE_REJECTED]});
    int limit = m->settings.max_errors;
    if (limit > 0 && out->rejected > (uint64_t)limit) {
        fault_set(f, FAULT_TOO_MANY, "%llu changes were rejected, more than max-errors allows (%d)",
                  (unsigned long long)out->rejected, limit);
        return fault_hint(
            f, "look at them with `tenantmove show --rejected`; the same command goes on");
    }
    return true;
}

bool write_all(struct move *m, const struct move_rules *rules, enum rule_phase phase,
               struct apply_result *out, struct fault *f)
{
    struct change *changes = calloc(WRITE_BATCH, sizeof *changes);
    struct arena a;
    bool ok = changes != NULL || fault_memory(f);
    int n = 1;
    arena_init(&a, WRITE_ARENA_MAX);
    while (ok && n > 0) {
        /* Between two batches nothing is in doubt: that is where an interrupt takes effect. */
        ok = move_may_go_on(m, f);
        if (!ok)
            break;
        arena_reset(&a);
        n = ledger_take(m->ledger, phase, changes, flow_batch(m->flow, WRITE_BATCH), &a, f);
        ok = n >= 0;
        if (n <= 0)
            break;
        out->wrote = true;
        loop_hold_interrupt(m->loop, true);
        ok = write_batch(m, rules, changes, n, &a, mark_copied, f) &&
             ledger_settle(m->ledger, changes, n, f);
        loop_hold_interrupt(m->loop, false);
        if (ok)
            tally(changes, n, out);
        ok = ok && tell(m, phase, out, f);
    }
    arena_fini(&a);
    free(changes);
    return ok;
}
