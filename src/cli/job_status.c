/* The page's step 7: the old organisation's status. The page's command gives no dry_run and runs at once. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/job.h"
#include "cli/text.h"
#include "phase/organisation_status.h"

static bool read_status(const struct job *j, int *out, struct fault *f)
{
    const char *text = context_params_get(&j->params, "status");
    if (!text) {
        *out = 0;
        return true;
    }
    if (text[0] < '0' || text[0] > '3' || text[1] != '\0') {
        fault_set(f, FAULT_USAGE, "status must be 0, 1, 2 or 3, not \"%s\"", text);
        return fault_hint(f, "0 inactive, 1 active, 2 blocked, 3 retired");
    }
    *out = text[0] - '0';
    return true;
}

static void say_before(void *context, const struct organisation_status *s)
{
    const struct job *j = context;
    fprintf(stderr, "tenantmove: %s: organisation ",
            j->dry ? "DRY RUN, nothing is written" : "real run");
    text_print(stderr, s->before.id, 0);
    fputs(", ", stderr);
    text_print(stderr, s->before.name, 0);
    fprintf(stderr, ", is %s\n", tenant_status_name(&s->before));
}

static int print_result(const struct job *j, const struct organisation_status *s, int status)
{
    const struct tenant wanted = {.has_status = true, .status = status};
    const char *id = j->cli.values.settings.source, *name = tenant_status_name(&wanted);
    if (j->dry) {
        printf("Would set status %d (%s).\n", status, name);
        return EXIT_DONE;
    }
    if (!s->is_set) {
        printf("Somebody else changed the status of %s at the same moment: theirs stays.\n", id);
        return EXIT_SOME_ROWS;
    }
    printf("Organisation %s %s %s (status %d).\n", id, s->was_set ? "was" : "is now", name, status);
    puts("Its document in Elasticsearch changes with a sync: Sync_job_run.sh, "
         "sunbird_sync_object_type=organisation.");
    return EXIT_DONE;
}

int job_status_run(struct job *j)
{
    struct fault f = {0};
    struct move m = {0};
    struct organisation_status s;
    const struct observer silent = {0};
    int status, code;
    if (!read_status(j, &status, &f))
        return cli_fail(&j->cli, &f);
    job_say("organisation: %s (%s)", j->cli.values.settings.source, job_source_origin(j));
    if (move_init(&m, &j->cli.values.settings, &silent, &f) &&
        organisation_status_set(&m, status, j->dry, say_before, j, &s, &f))
        code = print_result(j, &s, status);
    else
        code = cli_fail(&j->cli, &f);
    move_fini(&m);
    return code;
}
