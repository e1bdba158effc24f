#include "phase/phase_private.h"

#include <string.h>
#include <sys/stat.h>

static void choose_next(struct status_result *s)
{
    uint64_t open = change_counts_open(&s->changes);
    uint64_t pending = 0, unseen = 0;
    for (int o = 0; o <= SYNC_BATCH; o++) {
        pending += s->sync_by_state[o][SYNC_PENDING] + s->sync_by_state[o][SYNC_FAILED] +
                   s->sync_by_state[o][SYNC_WRONG];
        unseen += s->sync_by_state[o][SYNC_SENT];
    }
    bool retire_open = change_counts_open(&s->retire) > 0;
    const char *next = "nothing: the move is done";
    bool is_job = s->run_count > 0 && strcmp(s->runs[s->run_count - 1].name, "job") == 0;
    if (s->writer_pid)
        next = "wait: another process works in this directory";
    else if (is_job && open + retire_open > 0)
        next = "run the same job again: it goes on";
    else if (is_job)
        next = "nothing here: this job has done its part; go on with the page's next step";
    else if (!s->has_plan)
        next = "tenantmove plan";
    else if (open)
        next = s->changes.by_state[CHANGE_PLANNED] == s->changes.all
                   ? "tenantmove show (read the plan), then tenantmove apply"
                   : "tenantmove apply (goes on)";
    else if (!s->is_collected && change_counts_are_begun(&s->changes))
        next = "tenantmove apply (looks for what appeared meanwhile, which it did not finish)";
    else if (pending)
        next = "tenantmove sync";
    else if (retire_open)
        next = "tenantmove verify, then tenantmove retire";
    else if (!is_retired(&s->retire))
        next = "tenantmove plan --again --allow-empty: somebody set the old organisation's status, "
               "which is not retired";
    else if (unseen && s->retire.all == 0)
        next = "tenantmove verify";
    else if (unseen)
        next = "nothing more; where elasticsearch is set, tenantmove verify looks whether the "
               "documents are right";
    snprintf(s->next, sizeof s->next, "%s", next);
}

static bool keep_run(void *context, const struct phase_run *p)
{
    struct status_result *s = context;
    if (s->run_count == STATUS_RUNS_MAX) {
        memmove(s->runs, s->runs + 1, sizeof s->runs - sizeof s->runs[0]);
        s->run_count--;
    }
    s->runs[s->run_count++] = *p;
    return true;
}

bool move_dir_is_there(const char *dir, struct fault *f)
{
    struct stat st;
    if (stat(dir, &st) == 0 && S_ISDIR(st.st_mode))
        return true;
    fault_set(f, FAULT_USAGE, "there is no move directory %s", dir);
    return fault_hint(f, "Make one with `tenantmove init`, or name another with --dir");
}

bool phase_status(struct move *m, struct status_result *out, struct fault *f)
{
    struct bytes state, digest, nodes;
    *out = (struct status_result){0};
    if (!ledger_exists(m->settings.dir)) {
        choose_next(out);
        return move_dir_is_there(m->settings.dir, f);
    }
    out->writer_pid = ledger_writer_pid(m->settings.dir);
    if (!journal_open(m, LEDGER_READ, NULL, f) ||
        !ledger_get(m->ledger, "plan.state", &m->arena, &state, f) ||
        !ledger_get(m->ledger, "plan.digest", &m->arena, &digest, f) ||
        !ledger_get(m->ledger, "server.nodes", &m->arena, &nodes, f) ||
        !ledger_count(m->ledger, NULL, RULE_MOVE, 0, &out->changes, f) ||
        !ledger_count(m->ledger, NULL, RULE_RETIRE, 0, &out->retire, f) ||
        !ledger_sync_is_collected(m->ledger, &out->is_collected, f) ||
        !ledger_each_phase(m->ledger, keep_run, out, f))
        return false;
    for (enum sync_object o = SYNC_USER; o <= SYNC_BATCH; o++)
        if (!ledger_sync_count(m->ledger, o, out->sync_by_state[o], f))
            return false;
    snprintf(out->nodes, sizeof out->nodes, "%.*s", (int)(nodes.n < 1000 ? nodes.n : 1000),
             nodes.p ? (const char *)nodes.p : "");
    out->has_plan = bytes_are(state, "planned");
    if (out->has_plan && digest.p) {
        char *hex = arena_text(&m->arena, digest);
        if (!hex)
            return fault_memory(f);
        digest_short(hex, out->plan_name);
    }
    choose_next(out);
    return true;
}
