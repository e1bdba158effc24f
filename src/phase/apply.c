#include "phase/phase_private.h"

#include <string.h>

static bool open_ledger(struct move *m, const char *phase, struct fault *f)
{
    if (!ledger_exists(m->settings.dir)) {
        fault_set(f, FAULT_REFUSED, "there is no plan in this directory");
        fault_subject(f, "%s", m->settings.dir);
        return fault_hint(f, "Next: tenantmove plan");
    }
    struct bytes state;
    if (!journal_open(m, LEDGER_WRITE, phase, f) ||
        !ledger_get(m->ledger, "plan.state", &m->arena, &state, f))
        return false;
    if (!bytes_are(state, "planned")) {
        fault_set(f, FAULT_REFUSED, "the plan was interrupted before its end");
        return fault_hint(f, "Next: tenantmove plan");
    }
    return true;
}

static bool open_plan(struct move *m, struct move_rules *rules, const char *phase, struct fault *f)
{
    return open_ledger(m, phase, f) && move_open_all(m, rules, f) && plan_check(m, rules, f);
}

bool move_open_plan(struct move *m, struct move_rules *rules, const char *phase, struct fault *f)
{
    return open_plan(m, rules, phase, f);
}

bool move_open_done(struct move *m, struct move_rules *rules, const char *phase, struct fault *f)
{
    return open_ledger(m, phase, f) && move_open_all(m, rules, f) && plan_is_of_this_move(m, f);
}

/* Before the first byte is written: every table that the plan touches takes writes from this login.
 */
bool may_write_all(struct move *m, const struct move_rules *rules, const char *const *only,
                   struct fault *f)
{
    for (int i = 0; i < rules->count; i++) {
        bool wanted = only == NULL;
        for (int k = 0; only && only[k]; k++)
            wanted |= strcmp(only[k], m->profile.rules[i].name) == 0;
        if (wanted && rules->present[i] && !m->profile.rules[i].leave &&
            !store_may_write(m->store, rules->bound[i].table, f))
            return false;
    }
    return true;
}

static bool last_pass(struct move *m, int64_t *pass, struct fault *f)
{
    return ledger_get_int(m->ledger, "apply.pass", 1, pass, f);
}

/* Scans again and plans what appeared meanwhile. A pass that was cut short is forgotten first: none
 * of its changes can have been sent, since sending begins only when its number is written down. */
static bool next_pass(struct move *m, const struct move_rules *rules, const char *const *only,
                      int64_t *pass, struct pass_result *found, struct fault *f)
{
    int next = (int)*pass + 1;
    if (!ledger_forget_pass(m->ledger, next, f) ||
        !pass_run(m, rules, next, 1u << RULE_MOVE, only, found, f))
        return false;
    if (found->planned == 0 && found->rejected == 0)
        return ledger_forget_pass(m->ledger, next, f);
    *pass = next;
    return ledger_put_int(m->ledger, "apply.pass", next, f) && ledger_flush(m->ledger, f);
}

bool look_again(struct move *m, const struct move_rules *rules, const char *const *only,
                struct pass_result *found, struct fault *f)
{
    int64_t pass = 1;
    return forget_look(m, f) && last_pass(m, &pass, f) &&
           pass_run(m, rules, (int)pass + 1, 1u << RULE_MOVE, only, found, f);
}

bool forget_look(struct move *m, struct fault *f)
{
    int64_t pass = 1;
    return last_pass(m, &pass, f) && ledger_forget_pass(m->ledger, (int)pass + 1, f) &&
           ledger_flush(m->ledger, f);
}

bool converge(struct move *m, const struct move_rules *rules, const char *const *only,
              struct apply_result *out, struct fault *f)
{
    int64_t pass = 1;
    int limit = m->settings.max_passes > 0 ? m->settings.max_passes : 20;
    /* A scan that was cut short left changes that are not complete: they are found again. */
    if (!last_pass(m, &pass, f) || !ledger_forget_pass(m->ledger, (int)pass + 1, f))
        return false;
    for (;;) {
        struct pass_result found;
        uint64_t read_before = out->read;
        int64_t started = clock_now_us();
        bool written = write_all(m, rules, RULE_MOVE, out, f);
        out->write_us += (uint64_t)(clock_now_us() - started);
        if (!written)
            return false;
        if (!next_pass(m, rules, only, &pass, &found, f))
            return false;
        out->unread = found.unread;
        if (found.planned == 0) {
            out->converged = true;
            return true;
        }
        out->passes++;
        out->appeared += found.planned;
        move_note(m, "pass %lld: %llu rows name the old tenant again; they are moved too",
                  (long long)pass, (unsigned long long)found.planned);
        if (out->passes >= limit || (out->passes > 2 && out->read == read_before))
            return write_all(m, rules, RULE_MOVE, out, f); /* not converged: said by the caller */
    }
}

bool fill_counts(struct move *m, enum rule_phase phase, struct apply_result *out, struct fault *f)
{
    struct change_counts c;
    if (!ledger_count(m->ledger, NULL, phase, 0, &c, f))
        return false;
    out->read = c.by_state[CHANGE_READ];
    out->conflicts = c.by_state[CHANGE_CONFLICT];
    out->rejected = c.by_state[CHANGE_REJECTED];
    out->skipped = c.by_state[CHANGE_SKIPPED];
    out->open = change_counts_open(&c);
    return true;
}

bool phase_apply(struct move *m, struct apply_result *out, struct fault *f)
{
    struct move_rules rules;
    int64_t started = clock_now_us();
    *out = (struct apply_result){0};
    bool ok = open_plan(m, &rules, "apply", f) && may_write_all(m, &rules, NULL, f) &&
              converge(m, &rules, NULL, out, f);
    struct fault ignored;
    if (m->ledger)
        ok = fill_counts(m, RULE_MOVE, out, ok ? f : &ignored) && ok;
    ok = ok && ledger_sync_collect(m->ledger, f);
    out->duration_us = (uint64_t)(clock_now_us() - started);
    log_write(LOG_INFO, "apply", "%llu changes in %llu us, of which writing took %llu us",
              (unsigned long long)out->done_here, (unsigned long long)out->duration_us,
              (unsigned long long)out->write_us);
    journal_end(m, ok, f, out->done_here, out->done_here + out->open);
    return ok;
}
