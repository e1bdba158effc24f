#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/job.h"
#include "cli/text.h"

static const char *const move_known[] = {"dry_run",
                                         "sunbird_cassandra_server",
                                         "sunbird_cassandra_port",
                                         "sunbird_cassandra_username",
                                         "sunbird_cassandra_password",
                                         "sunbird_cassandra_keyspace",
                                         "sunbird_output_file",
                                         "source_org_id",
                                         "target_org_id",
                                         NULL};

/* The page gives the table, which only said what to read when there was no id file; that is never
 * done here. */
static const char *const sync_known[] = {"dry_run",
                                         "sunbird_cassandra_table",
                                         "sunbird_sync_api_endpoint",
                                         "sunbird_sync_api_key",
                                         "sunbird_sync_block_size",
                                         "sunbird_sync_sleep_time",
                                         "sunbird_sync_object_type",
                                         "sunbird_sync_id_file",
                                         NULL};

static const char *const status_known[] = {"dry_run",
                                           "sunbird_cassandra_server",
                                           "sunbird_cassandra_port",
                                           "sunbird_cassandra_username",
                                           "sunbird_cassandra_password",
                                           "sunbird_cassandra_keyspace",
                                           "source_org_id",
                                           "target_org_id",
                                           "status",
                                           NULL};

#define CASSANDRA_EXAMPLE                                                                          \
    "--context_param sunbird_cassandra_server=10.0.0.5 --context_param "                           \
    "sunbird_cassandra_username=\"\""
#define MOVE_EXAMPLE(file)                                                                         \
    "--context_param dry_run=true " CASSANDRA_EXAMPLE                                              \
    " --context_param sunbird_output_file=/tmp/" file

static const struct job_kind kinds[] = {
    {"user", move_known, true, true, job_move_run, "user_root_org_migration_run.sh",
     "Moves users, and writes their ids. dry_run=true only writes the ids; without it it is a real "
     "run.",
     MOVE_EXAMPLE("user_migration.csv")},
    {"user_org", move_known, true, true, job_move_run, "user_org_root_org_migration_run.sh",
     "Moves memberships, and writes their ids, and their users' ids into FILE.users. dry_run=true "
     "only writes the "
     "ids;\nwithout it it is a real run.",
     MOVE_EXAMPLE("user_org_migration.csv")},
    {"course_batch", move_known, true, true, job_move_run, "course_batch_root_org_migration_run.sh",
     "Changes createdfor of course batches, and writes their ids. dry_run=true only writes the "
     "ids; without it it "
     "is a\nreal run.",
     MOVE_EXAMPLE("course_batch_migration.csv")},
    {"change_org_status", status_known, true, false, job_status_run, "change_org_status_run.sh",
     "Sets the status of the old organisation: 0 when none is given. It runs at once, unless "
     "dry_run=true.",
     CASSANDRA_EXAMPLE " --context_param status=0"},
    {"sync", sync_known, false, false, job_sync_run, "Sync_job_run.sh",
     "Sends the ids of a file to the Data Sync API. It runs at once, unless dry_run=true.",
     "--context_param sunbird_sync_api_endpoint=http://learner-service:9000/v1/data/sync "
     "--context_param "
     "sunbird_sync_object_type=user --context_param sunbird_sync_id_file=/tmp/user_migration.csv"},
};

const struct job_kind *job_find(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    }
    return NULL;
}

static bool wants_help(int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    }
    return false;
}

static int help(const struct job_kind *kind)
{
    printf("usage: %s --context_param NAME=VALUE ...\n\n%s\n\nparameters\n", kind->script,
           kind->about);
    for (const char *const *name = kind->known; *name; name++)
        printf("  %s\n", *name);
    printf("\nexample\n  sh %s %s\n", kind->script, kind->example);
    return EXIT_DONE;
}

int cmd_job(int argc, char **argv)
{
    struct fault f = {0};
    const struct job_kind *kind = argc > 0 ? job_find(argv[0]) : NULL;
    if (!kind) {
        fault_set(
            &f, FAULT_USAGE,
            "job needs the name of one: user, user_org, course_batch, sync, change_org_status");
        fault_hint(&f, "The kit's scripts call it: tenantmove kit DIR");
        return cli_fail(NULL, &f);
    }
    if (wants_help(argc - 1, argv + 1))
        return help(kind);
    struct job j;
    bool ok = job_init(&j, kind, argc - 1, argv + 1, &f);
    int code = ok ? kind->run(&j) : cli_fail(&j.cli, &f);
    job_fini(&j);
    return code;
}
