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

static const struct job_kind kinds[] = {
    {"user", move_known, true, true, job_move_run},
    {"user_org", move_known, true, true, job_move_run},
    {"course_batch", move_known, true, true, job_move_run},
    {"change_org_status", status_known, true, false, job_status_run},
    {"sync", sync_known, false, false, job_sync_run},
};

const struct job_kind *job_find(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    }
    return NULL;
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
    struct job j;
    bool ok = job_init(&j, kind, argc - 1, argv + 1, &f);
    int code = ok ? kind->run(&j) : cli_fail(&j.cli, &f);
    job_fini(&j);
    return code;
}
