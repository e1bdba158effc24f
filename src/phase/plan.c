#include "phase/phase_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* What the earlier plan changed and nobody synced yet is known to its ledger alone. */
static bool refuse_unsynced(struct move *m, struct fault *f)
{
    uint64_t open;
    if (!sync_count_open(m, true, &open, f))
        return false;
    if (open == 0)
        return true;
    fault_set(f, FAULT_REFUSED, "%llu ids that this plan changed are not synced yet",
              (unsigned long long)open);
    return fault_hint(f, "Next: tenantmove sync; afterwards a new plan can be made (or make it in "
                         "another directory now: tenantmove init)");
}

static bool refuse_reader(const struct move *m, struct fault *f)
{
    fault_set(f, FAULT_REFUSED, "another program has the ledger open");
    fault_subject(f, "%s/ledger.db", m->settings.dir);
    return fault_hint(f, "close it (tenantmove status, sqlite3 …), then run this again");
}

enum { ASIDE_MAX = 64 };

/* An earlier plan is never overwritten: it is put aside under a |name| of its own, and only when
 * nothing of it is half done. */
static bool put_aside(struct move *m, char name[ASIDE_MAX], struct fault *f)
{
    char from[4096], to[4096], stamp[32];
    struct change_counts c, retire;
    if (!ledger_count(m->ledger, NULL, RULE_MOVE, 0, &c, f) ||
        !ledger_count(m->ledger, NULL, RULE_RETIRE, 0, &retire, f))
        return false;
    uint64_t begun = c.by_state[CHANGE_SENT] + c.by_state[CHANGE_COPIED];
    uint64_t done = c.all - c.by_state[CHANGE_PLANNED] - c.by_state[CHANGE_REJECTED];
    if (begun || (done && c.by_state[CHANGE_PLANNED])) {
        fault_set(f, FAULT_REFUSED, "this plan is half carried out: %llu of %llu changes are done",
                  (unsigned long long)done, (unsigned long long)c.all);
        return fault_hint(f, "Next: tenantmove apply (goes on); afterwards a new plan can be made");
    }
    if (done && !refuse_unsynced(m, f))
        return false;
    ledger_close(m->ledger);
    m->ledger = NULL;
    if (!ledger_is_one_file(m->settings.dir))
        return refuse_reader(m, f);
    time_t now = time(NULL);
    struct tm tm;
    strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", gmtime_r(&now, &tm));
    move_path(m, "ledger.db", from, sizeof from);
    int error = EEXIST;
    for (int i = 0; error == EEXIST && i < 1000; i++) {
        snprintf(name, ASIDE_MAX, i ? "ledger-%s.%d.db" : "ledger-%s.db", stamp, i);
        move_path(m, name, to, sizeof to);
        error = renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0 ? 0 : errno;
    }
    if (error)
        return fault_errno(f, error, "put the earlier ledger aside", from);
    move_note(m, "the earlier plan is kept as %s", to);
    return true;
}

/* A new plan without a change is not worth the earlier one, which knows what was done; it may have been
 * put aside by a run that was cut short. */
static bool take_up_again(struct move *m, struct fault *f)
{
    char path[4096], aside[4096];
    struct bytes name;
    if (!ledger_get(m->ledger, "plan.aside", &m->arena, &name, f))
        return false;
    if (bytes_are_null(name))
        return true;
    snprintf(aside, sizeof aside, "%s/%.*s", m->settings.dir, (int)name.n, (const char *)name.p);
    if (access(aside, F_OK) != 0)
        return true; /* somebody took it away */
    ledger_close(m->ledger);
    m->ledger = NULL;
    move_path(m, "ledger.db", path, sizeof path);
    if (!ledger_is_one_file(m->settings.dir))
        return refuse_reader(m, f);
    if (rename(aside, path) != 0)
        return fault_errno(f, errno, "take the earlier ledger up again", aside);
    move_note(m, "the earlier plan is the one in force, as before");
    return true;
}

static bool put_personal(struct move *m, const struct rule *r, struct buf *text, struct fault *f)
{
    char name[NAME_TEXT_MAX + 32];
    buf_clear(text);
    for (int i = 0; i < r->personal_count; i++)
        buf_printf(text, "%s\n", r->personal[i]);
    snprintf(name, sizeof name, "table.%s.personal", r->name);
    return !text->failed ? ledger_put(m->ledger, name, buf_view(text), f) : fault_memory(f);
}

bool plan_put_columns(struct move *m, const struct move_rules *rules, struct fault *f)
{
    struct buf text;
    bool ok = true;
    buf_init(&text, 1024 * 1024);
    for (int i = 0; ok && i < rules->count; i++) {
        char name[NAME_TEXT_MAX + 32];
        if (!rules->present[i])
            continue;
        buf_clear(&text);
        table_columns_text(rules->bound[i].table, &text);
        snprintf(name, sizeof name, "table.%s.columns", m->profile.rules[i].name);
        ok = !text.failed ? ledger_put(m->ledger, name, buf_view(&text), f) : fault_memory(f);
        ok = ok && put_personal(m, &m->profile.rules[i], &text, f);
    }
    buf_fini(&text);
    return ok;
}

/* A new plan, in a ledger that has none, or only the beginning of one that is not wanted. */
static bool begin_anew(struct move *m, const struct move_rules *rules, struct fault *f)
{
    return ledger_forget_pass(m->ledger, 1, f) && plan_put_columns(m, rules, f) &&
           plan_begin(m, rules, f);
}

static bool go_on(struct move *m, const struct move_rules *rules, struct fault *f)
{
    struct change_counts c;
    if (!plan_may_go_on(m, rules, f) || !ledger_count(m->ledger, NULL, RULE_MOVE, 1, &c, f))
        return false;
    move_note(m, "the plan that was interrupted goes on: %llu changes are in it already",
              (unsigned long long)c.all);
    return true;
}

static bool open_ledger(struct move *m, const struct move_rules *rules, struct fault *f)
{
    char aside[ASIDE_MAX];
    if (!ledger_exists(m->settings.dir))
        return journal_open(m, LEDGER_CREATE, "plan", f) && begin_anew(m, rules, f);
    struct bytes state;
    if (!journal_open(m, LEDGER_WRITE, NULL, f) ||
        !ledger_get(m->ledger, "plan.state", &m->arena, &state, f))
        return false;
    /* An earlier plan that did not come to its end: nothing of it can have been done. */
    if (!bytes_are(state, "planned")) {
        bool goes_on = bytes_are(state, "planning") && !m->settings.again;
        return journal_open(m, LEDGER_WRITE, "plan", f) &&
               (goes_on ? go_on(m, rules, f) : begin_anew(m, rules, f));
    }
    if (!m->settings.again) {
        fault_set(f, FAULT_REFUSED, "there is a plan already");
        fault_subject(f, "%s/ledger.db", m->settings.dir);
        return fault_hint(
            f, "look at it with `tenantmove show`; make a new one with `tenantmove plan --again`");
    }
    return put_aside(m, aside, f) && journal_open(m, LEDGER_CREATE, "plan", f) &&
           ledger_put(m->ledger, "plan.aside", bytes_of(aside), f) && begin_anew(m, rules, f);
}

bool move_open_all(struct move *m, struct move_rules *rules, struct fault *f)
{
    return move_profile(m, f) && move_store(m, f) && move_graph(m, f) && move_tenants(m, f) &&
           tenants_check(&m->source, &m->target, f) && move_bind(m, rules, f);
}

static bool plan_all(struct move *m, struct plan_result *out, struct fault *f)
{
    struct move_rules rules;
    struct pass_result pass;
    if (!move_open_all(m, &rules, f))
        return false;
    if (!m->store_about.schema_agrees) {
        fault_set(f, FAULT_REFUSED, "the nodes of the cluster do not agree on the schema");
        return fault_hint(
            f, "wait until `nodetool describecluster` shows one schema version, then plan again");
    }
    if (!open_ledger(m, &rules, f) ||
        !pass_run(m, &rules, 1, 1u << RULE_MOVE | 1u << RULE_RETIRE, NULL, &pass, f))
        return false;
    *out = (struct plan_result){
        .changes = pass.planned,
        .collisions = pass.collisions,
        .rejected = pass.rejected,
        .unread = pass.unread,
    };
    if (pass.planned == 0 && pass.rejected == 0 && pass.unread == 0 && !m->settings.allow_empty) {
        /* The next one looks again. */
        if (!ledger_put(m->ledger, "plan.state", bytes_of("empty"), f) || !take_up_again(m, f))
            return false;
        fault_set(f, FAULT_REFUSED, "found nothing to move: no row names organisation %s",
                  m->settings.source);
        return fault_hint(
            f, "check the id and the keyspace; if that is what you expect, add --allow-empty");
    }
    if (!plan_seal(m, out->digest, f))
        return false;
    digest_short(out->digest, out->name);
    return true;
}

bool phase_plan(struct move *m, struct plan_result *out, struct fault *f)
{
    int64_t started = clock_now_us();
    bool ok = plan_all(m, out, f);
    out->duration_us = (uint64_t)(clock_now_us() - started);
    journal_end(m, ok, f, out->changes, out->changes);
    return ok;
}
