#include "phase/job.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "phase/phase_private.h"

/* What lasts between job_begin and job_apply lives in the move's arena. */

bool job_dir(const char *ids_path, char *out, size_t size, struct fault *f)
{
    if (snprintf(out, size, "%s.tenantmove", ids_path) >= (int)size)
        return fault_set(f, FAULT_USAGE, "the path of the id file is too long");
    if (mkdir(out, 0750) == 0 || errno == EEXIST)
        return true;
    if (errno == ENOENT || errno == ENOTDIR) {
        fault_set(f, FAULT_USAGE, "the folder of the id file is not there");
        return fault_subject(f, "%s", ids_path);
    }
    return fault_errno(f, errno, "make the job's folder", out);
}

static bool open_job(struct move *m, struct job_result *out, struct fault *f)
{
    struct bytes state, source, target;
    if (!ledger_exists(m->settings.dir))
        return journal_open(m, LEDGER_CREATE, "job", f);
    if (!journal_open(m, LEDGER_WRITE, "job", f) ||
        !ledger_get(m->ledger, "plan.state", &m->arena, &state, f) ||
        !ledger_get(m->ledger, "plan.source", &m->arena, &source, f) ||
        !ledger_get(m->ledger, "plan.target", &m->arena, &target, f))
        return false;
    /* A change that was sent and refused was sent. */
    bool untouched = ledger_is_unsent(m->ledger, 1);
    bool other = source.p &&
                 (!bytes_are(source, m->settings.source) || !bytes_are(target, m->settings.target));
    if (!untouched && other) {
        fault_set(f, FAULT_REFUSED, "this id file belongs to a move between other organisations");
        fault_subject(f, "%s", m->settings.dir);
        return fault_hint(f, "give another sunbird_output_file");
    }
    /* Nothing of it was sent: the plan is simply made again. */
    if (untouched)
        return ledger_forget_pass(m->ledger, 1, f);
    out->resumed = bytes_are(state, "planned");
    return forget_look(m, f);
}

static bool plan_job(struct move *m, const struct move_rules *rules, const struct job_options *o,
                     struct job_result *out, struct fault *f)
{
    struct pass_result pass;
    char digest[DIGEST_TEXT];
    if (!plan_put_columns(m, rules, f) || !plan_begin(m, rules, f) ||
        !pass_run(m, rules, 1, 1u << RULE_MOVE | 1u << RULE_RETIRE, o->rules, &pass, f) ||
        !plan_seal(m, digest, f))
        return false;
    out->changes = pass.planned + pass.retire;
    out->rejected = pass.rejected;
    out->unread = pass.unread;
    out->nothing = out->changes == 0 && pass.rejected == 0 && pass.unread == 0;
    return true;
}

/* What an interrupted run left open is carried out only as it was planned. */
static bool still_true(struct move *m, const struct move_rules *rules, struct fault *f)
{
    struct apply_result counts = {0};
    return fill_counts(m, RULE_MOVE, &counts, f) && (counts.open == 0 || plan_check(m, rules, f));
}

/* A dry run behind a real one: the rows say what is left, not the plan, which is carried out. */
static bool scan_job(struct move *m, const struct move_rules *rules, const struct job_options *o,
                     struct job_result *out, struct fault *f)
{
    struct pass_result found;
    if (!look_again(m, rules, o->rules, &found, f))
        return false;
    out->changes = found.planned;
    out->rejected = found.rejected;
    out->unread = found.unread;
    return true;
}

bool job_dry_end(struct move *m, struct fault *f)
{
    return forget_look(m, f);
}

bool job_begin(struct move *m, const struct job_options *o, struct job_result *out, struct fault *f)
{
    struct move_rules *rules = arena_alloc(&m->arena, sizeof *rules);
    *out = (struct job_result){0};
    if (!rules)
        return fault_memory(f);
    bool ok = move_open_all(m, rules, f) && open_job(m, out, f);
    if (ok && out->resumed)
        ok = still_true(m, rules, f) && (!o->dry || scan_job(m, rules, o, out, f));
    else if (ok)
        ok = plan_job(m, rules, o, out, f);
    if (!ok || o->dry)
        journal_end(m, ok, f, 0, out->changes);
    m->job_rules = rules;
    return ok;
}

bool job_apply(struct move *m, const struct job_options *o, struct job_result *out, struct fault *f)
{
    const struct move_rules *rules = m->job_rules;
    struct fault ignored;
    int64_t started = clock_now_us();
    bool ok = may_write_all(m, rules, o->rules, f) &&
              converge(m, rules, o->rules, &out->apply, f) &&
              write_all(m, rules, RULE_RETIRE, &out->apply, f);
    struct apply_result retire = {0};
    ok = fill_counts(m, RULE_MOVE, &out->apply, ok ? f : &ignored) &&
         fill_counts(m, RULE_RETIRE, &retire, ok ? f : &ignored) && ok;
    out->apply.read += retire.read;
    out->apply.conflicts += retire.conflicts;
    out->apply.rejected += retire.rejected;
    out->apply.open += retire.open;
    out->apply.duration_us = (uint64_t)(clock_now_us() - started);
    journal_end(m, ok, f, out->apply.done_here, out->apply.done_here + out->apply.open);
    return ok;
}
