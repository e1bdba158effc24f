/* phase/job.h: one of the seed page's jobs: the plan and the apply of a few rules, with an id file
 * beside it.
 *
 * The ledger of a job lives in a folder named after its id file ("user_migration.csv.tenantmove/"),
 * so that a real run is resumable and the sync job finds what belongs to the ids.
 */
#ifndef PHASE_JOB_H
#define PHASE_JOB_H

#include "phase/phase.h"

struct job_options {
    const char *const
        *rules; /* names, NULL at the end; those that this cluster does not have are skipped */
    bool dry;   /* plan only */
    const char *ids_path; /* the id file; settings.dir is set to its folder by job_dir */
};

struct job_result {
    uint64_t changes;  /* planned by this run, or by a dry run found behind an earlier real one */
    bool resumed;      /* an earlier real run was not at its end */
    uint64_t rejected; /* rows that cannot be changed */
    uint64_t unread;   /* parts of tables that the plan could not read */
    bool nothing;      /* no row names the source: the id file is left as it is */
    struct apply_result apply; /* zero for a dry run */
};

/* The folder of a job's ledger, from its id file's path; made when it is not there. */
bool job_dir(const char *ids_path, char *out, size_t size, struct fault *f);

/* settings.dir must be the folder that job_dir gave. Checks the tenants like plan does; on
 * FAULT_INTERRUPTED |out| is filled too. The caller writes the id file from the ledger
 * (report/ids.h): job_begin makes the plan, then the id file is written, then job_apply carries it
 * out, so that ids are on disk before the first write. */
bool job_begin(struct move *m, const struct job_options *o, struct job_result *out,
               struct fault *f);
/* Behind the id file of a dry run: forgets what it found and nobody carries out. */
bool job_dry_end(struct move *m, struct fault *f);
bool job_apply(struct move *m, const struct job_options *o, struct job_result *out,
               struct fault *f);

#endif
