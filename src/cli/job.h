/* cli/job.h: one of the seed page's single jobs, as the kit's scripts call it: `tenantmove job NAME
 * --context_param …`.
 *
 * Owns     the job's parameters and settings: from --context_param, the environment and a move.yaml
 * nearby.
 */
#ifndef CLI_JOB_H
#define CLI_JOB_H

#include <stdbool.h>

#include "cli/cli.h"
#include "cli/command.h"
#include "cli/context_param.h"

/* The tenants of the page, which the old jobs had built in. */
#define JOB_PAGE_SOURCE "01241408242723225614"
#define JOB_PAGE_TARGET "01246375399411712074"

/* "user_org_migration.csv.users": the users of the memberships in "user_org_migration.csv". */
#define JOB_USERS_ENDING ".users"

struct job_kind;

struct job {
    const struct job_kind *kind;
    struct command command; /* for faults: the job's name */
    struct cli cli;
    struct context_params params;
    bool dry;
    bool dry_given;
};

struct job_kind {
    const char *name;
    const char *const *known; /* the parameters that it takes, NULL at the end */
    bool needs_move;          /* cassandra, source */
    bool needs_target;
    int (*run)(struct job *j);
    const char *script, *about, *example; /* of its --help */
};

const struct job_kind *job_find(const char *name);

/* Reads everything, and wipes secrets from argv. FAULT_USAGE. |j| must be fini'd in any case. */
bool job_init(struct job *j, const struct job_kind *kind, int argc, char **argv, struct fault *f);
void job_fini(struct job *j);

/* A line on stderr before anything is written. */
void job_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* "0124… → 0126…" and where they come from, on stderr. */
void job_say_tenants(const struct job *j);

/* Where the source's id comes from: "from move.yaml". */
const char *job_source_origin(const struct job *j);

int job_move_run(struct job *j);
int job_sync_run(struct job *j);
int job_status_run(struct job *j);

#endif
