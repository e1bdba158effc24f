/* The page's steps 2 to 4: the plan of one step's rules, its id file, and, in a real run, the plan carried out. */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "cli/job.h"
#include "cli/session.h"
#include "cli/text.h"
#include "phase/id_file.h"
#include "phase/job.h"

enum { READ_COUNT = 256, IDS_ARENA_MAX = 256 * 1024 * 1024, NAMED_MAX = 5 };

struct step {
    const char *job;
    const char *const *rules;
    const char *what; /* of the real run's line */
    /* The column whose value goes into the file; NULL: the sync id. Old memberships have ids of their own. */
    const char *column;
    bool writes_users; /* and whose users need a sync: a second file */
};

static const char *const user_rules[] = {"user", NULL};
static const char *const membership_rules[] = {"membership-old", "membership", NULL};
static const char *const batch_rules[] = {"batch-old", "batch", NULL};

static const struct step steps[] = {
    {"user", user_rules, "users", NULL, false},
    {"user_org", membership_rules, "memberships", "id", true},
    {"course_batch", batch_rules, "course batches", NULL, false},
};

struct job_move {
    struct job *job;
    const struct step *step;
    const char *path;
    char users_path[PATH_MAX];
    struct session session;
    uint64_t ids, kept, left_out;
    bool named; /* those that are left out, on stderr */
};

static const struct step *step_of(const char *job)
{
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        if (strcmp(steps[i].job, job) == 0)
            return &steps[i];
    }
    return NULL;
}

static struct bytes id_of(const struct step *s, const struct change *c)
{
    const struct named_cell *cell = s->column ? named_cells_find(&c->key, s->column) : NULL;
    if (!cell && s->column)
        cell = named_cells_find(&c->before, s->column);
    return cell && !bytes_are_null(cell->value) && cell->value.n > 0 ? cell->value : c->sync_id;
}

/* An id that no line can hold is named; its row is changed all the same. */
static bool add_id(struct job_move *jm, struct id_writer *w, const char *path, struct bytes id,
                   struct fault *f)
{
    uint64_t before = id_writer_left_out(w);
    if (!id_writer_add(w, id, f))
        return false;
    if (id_writer_left_out(w) == before || jm->named || before >= NAMED_MAX)
        return true;
    progress_clear(&jm->session.line);
    fprintf(stderr, "tenantmove: warning: left out of %s: ", path);
    text_print(stderr, id, 0);
    fputc('\n', stderr);
    return true;
}

static bool add_ids(struct job_move *jm, struct id_writer *w, struct id_writer *users,
                    struct fault *f)
{
    struct arena a;
    struct change changes[READ_COUNT];
    bool ok = true;
    arena_init(&a, IDS_ARENA_MAX);
    for (const char *const *rule = jm->step->rules; ok && *rule; rule++) {
        struct ledger_query q = {.rule = *rule};
        int n;
        while (ok &&
               (n = ledger_read(jm->session.move.ledger, &q, changes, READ_COUNT, &a, f)) != 0) {
            ok = n > 0;
            for (int i = 0; ok && i < n; i++) {
                struct bytes id = id_of(jm->step, &changes[i]);
                if (id.n > 0)
                    ok = add_id(jm, w, jm->path, id, f);
                if (ok && users && changes[i].sync_id.n > 0)
                    ok = add_id(jm, users, jm->users_path, changes[i].sync_id, f);
            }
            if (ok)
                q.after_seq = changes[n - 1].seq;
            arena_reset(&a);
        }
    }
    arena_fini(&a);
    return ok;
}

/* Before the first write, and again at the end: a later pass may have found more. */
static bool write_ids(struct job_move *jm, struct fault *f)
{
    struct id_writer *w = id_writer_new(jm->path, f), *users = NULL;
    bool ok = w != NULL;
    if (ok && jm->step->writes_users) {
        users = id_writer_new(jm->users_path, f);
        ok = users != NULL;
    }
    ok = ok && add_ids(jm, w, users, f) && id_writer_finish(w, &jm->ids, &jm->kept, f) &&
         (!users || id_writer_finish(users, NULL, NULL, f));
    jm->left_out = (w ? id_writer_left_out(w) : 0) + (users ? id_writer_left_out(users) : 0);
    jm->named = ok;
    id_writer_free(w);
    id_writer_free(users);
    return ok;
}

static void say_what(const struct job_move *jm)
{
    const struct job *j = jm->job;
    job_say_tenants(j);
    if (j->dry)
        job_say("DRY RUN: nothing is written to Cassandra; the ids go to %s", jm->path);
    else
        job_say(
            "REAL RUN, since dry_run is %s: %s are changed in Cassandra; their ids go to %s first",
            j->dry_given ? "false" : "not given", jm->step->what, jm->path);
}

static bool prepare(struct job_move *jm, char *dir, size_t room, struct fault *f)
{
    jm->path = context_params_get(&jm->job->params, "sunbird_output_file");
    if (!jm->path || !jm->path[0]) {
        fault_set(f, FAULT_USAGE, "sunbird_output_file is not given");
        return fault_hint(f, "--context_param sunbird_output_file=/path/to/ids.csv");
    }
    if (snprintf(jm->users_path, sizeof jm->users_path, "%s" JOB_USERS_ENDING, jm->path) >=
        (int)sizeof jm->users_path)
        return fault_set(f, FAULT_USAGE, "sunbird_output_file is too long");
    say_what(jm);
    if (!job_dir(jm->path, dir, room, f))
        return false;
    jm->job->cli.values.settings.dir = dir;
    return true;
}

static void print_ids(const struct job_move *jm, const struct job_result *r)
{
    char count[64];
    if (r->nothing)
        return;
    printf("%s in %s\n", text_counted(count, jm->ids, "id", "ids"), jm->path);
    if (jm->kept > 0)
        printf("  %s of an earlier run that was not synced yet stay%s in it\n",
               text_counted(count, jm->kept, "id", "ids"), jm->kept == 1 ? "s" : "");
    if (jm->left_out > 0)
        printf(
            "  Attention %s cannot stand on a line (a line break, or not UTF-8) and %s left out: "
            "Sync_job_run.sh takes %s from %s\n",
            text_counted(count, jm->left_out, "id", "ids"), jm->left_out == 1 ? "is" : "are",
            jm->left_out == 1 ? "it" : "them", jm->job->cli.values.settings.dir);
    if (jm->step->writes_users)
        printf("  The users of these memberships need a sync too: %s\n", jm->users_path);
}

static int print_dry(const struct job_move *jm, const struct job_result *r)
{
    char count[64];
    printf("Dry run: %s would be made, none was.\n",
           text_counted(count, r->changes, "change", "changes"));
    print_ids(jm, r);
    if (r->rejected > 0)
        printf("  Attention %s cannot be changed (tenantmove show --rejected --dir %s)\n",
               text_counted(count, r->rejected, "row", "rows"), jm->job->cli.values.settings.dir);
    session_print_unread(jm->session.move.ledger, r->resumed ? 0 : 1,
                         "what they hold is not in it");
    return r->unread > 0 || r->rejected > 0 ? EXIT_SOME_ROWS : EXIT_DONE;
}

static int print_real(const struct job_move *jm, const struct job_result *r)
{
    const struct apply_result *a = &r->apply;
    char count[64], time[TEXT_COUNT_MAX];
    printf("%s done and read back, in %s.\n",
           text_counted(count, a->read, "change is", "changes are"),
           text_duration(time, a->duration_us));
    print_ids(jm, r);
    const char *dir = jm->job->cli.values.settings.dir;
    if (a->conflicts > 0)
        printf("  Attention %s changed by somebody else meanwhile, which stays (tenantmove show "
               "--conflicts --dir %s)\n",
               text_counted(count, a->conflicts, "row was", "rows were"), dir);
    if (a->rejected > 0)
        printf("  Attention %s not be changed (tenantmove show --rejected --dir %s)\n",
               text_counted(count, a->rejected, "row could", "rows could"), dir);
    if (!a->converged)
        puts("  Attention pass after pass finds new rows: run the same command again");
    session_print_unread(jm->session.move.ledger, 0, "what they hold was not moved");
    return a->conflicts || a->rejected || a->unread || !a->converged ? EXIT_SOME_ROWS : EXIT_DONE;
}

/* Nothing to move is most often a wrong id: it is said, and is no success, unless an earlier run did it. */
static int print_nothing(struct job_move *jm, struct fault *f)
{
    struct change_counts c = {0};
    ledger_count(jm->session.move.ledger, NULL, RULE_MOVE, 0, &c, NULL);
    if (c.all > 0) {
        puts("Nothing is left to move: an earlier run did it. The id file is as it was.");
        return EXIT_DONE;
    }
    if (jm->job->cli.values.settings.allow_empty) {
        puts("Found nothing to move.");
        return EXIT_DONE;
    }
    fault_set(f, FAULT_REFUSED, "found nothing to move: no row names organisation %s",
              jm->job->cli.values.settings.source);
    fault_hint(f, "Check source_org_id and the keyspace; if that is right, "
                  "TENANTMOVE_ALLOW_EMPTY=yes makes it no error");
    return cli_fail(&jm->job->cli, f);
}

static int print_interrupted(const struct job_result *r)
{
    char done[64];
    fprintf(stderr,
            "Stopped between two writes: %s done, %" PRIu64 " left. Nothing is lost.\n"
            "  Next      the same command (goes on)\n",
            text_counted(done, r->apply.read, "change", "changes"), r->apply.open);
    return EXIT_INTERRUPTED;
}

static int carry_out(struct job_move *jm, const struct job_options *o, struct job_result *r,
                     struct fault *f)
{
    struct fault ids = {0};
    bool ok = job_apply(&jm->session.move, o, r, f);
    progress_clear(&jm->session.line);
    if (!write_ids(jm, &ids) && ok) {
        *f = ids;
        ok = false;
    }
    if (ok)
        return print_real(jm, r);
    return f->code == FAULT_INTERRUPTED ? print_interrupted(r) : session_fail(&jm->session, f);
}

static int fail_before(struct job_move *jm, struct fault *f)
{
    if (f->code == FAULT_INTERRUPTED)
        fault_set(f, FAULT_INTERRUPTED, "stopped while scanning; nothing was written");
    return session_fail(&jm->session, f);
}

int job_move_run(struct job *j)
{
    struct job_move jm = {.job = j, .step = step_of(j->kind->name)};
    struct fault f = {0};
    struct job_result r = {0};
    char dir[PATH_MAX];
    int code;
    if (!prepare(&jm, dir, sizeof dir, &f))
        return cli_fail(&j->cli, &f);
    const struct job_options o = {.rules = jm.step->rules, .dry = j->dry, .ids_path = jm.path};
    bool ok =
        session_open(&jm.session, &j->cli, true, &f) && job_begin(&jm.session.move, &o, &r, &f);
    progress_clear(&jm.session.line);
    if (ok && r.nothing)
        code = print_nothing(&jm, &f);
    else if (!ok || !write_ids(&jm, &f) || (j->dry && !job_dry_end(&jm.session.move, &f)))
        code = fail_before(&jm, &f);
    else if (j->dry)
        code = print_dry(&jm, &r);
    else
        code = carry_out(&jm, &o, &r, &f);
    session_close(&jm.session);
    return code;
}
