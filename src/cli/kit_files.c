#include "cli/kit_files.h"

#include <stddef.h>
#include <string.h>

/* exec: a shell that stayed would keep the password in the process list. */
static const char script[] =
    "#!/bin/sh\n"
    "# Runs `tenantmove job @JOB@` with the arguments of the page. See README.md of this kit.\n"
    "here=$(CDPATH='' cd -- \"$(dirname -- \"$0\")/@KIT@\" && pwd) || exit 64\n"
    "recorded=@BINARY@\n"
    "if [ -n \"${TENANTMOVE:-}\" ]; then\n"
    "    program=$TENANTMOVE\n"
    "elif [ -x \"$recorded\" ]; then\n"
    "    program=$recorded\n"
    "elif ! program=$(command -v tenantmove); then\n"
    "    echo \"The program tenantmove is not at $recorded and not in PATH.\" >&2\n"
    "    echo \"Say where it is: export TENANTMOVE=/path/to/tenantmove\" >&2\n"
    "    exit 64\n"
    "fi\n"
    "TENANTMOVE_KIT=$here\n"
    "export TENANTMOVE_KIT\n"
    "exec \"$program\" job @JOB@ \"$@\"\n";

static const char cypher[] =
    "// Step 8 of the page: the content of one channel to another, for cypher-shell or Neo4j's "
    "browser.\n"
    "// In content, channel holds the organisation's hashtagid, createdFor its id. For most "
    "organisations both are\n"
    "// the same text; look into sunbird.organisation before you run this.\n"
    "// Each statement is one transaction: with very many nodes use `tenantmove plan --neo4j URL` "
    "and `apply`, which\n"
    "// writes in small transactions, can be interrupted, and records what was there before.\n"
    "\n"
    "WITH \"@SOURCE@\" AS source, \"@TARGET@\" AS target\n"
    "MATCH (n:domain) WHERE n.channel = source\n"
    "SET n.channel = target;\n"
    "\n"
    "// Every list that contains the old id, not only the list of that id alone; order is kept, "
    "and the new id is\n"
    "// not put in twice.\n"
    "WITH \"@SOURCE@\" AS source, \"@TARGET@\" AS target\n"
    "MATCH (n:domain) WHERE source IN n.createdFor\n"
    "SET n.createdFor = reduce(ids = [], id IN n.createdFor |\n"
    "  CASE WHEN id = source AND target IN ids THEN ids\n"
    "       WHEN id = source THEN ids + target\n"
    "       WHEN id = target AND target IN ids THEN ids\n"
    "       ELSE ids + id END);\n";

static const char readme[] =
    "# Tenant migration kit\n"
    "\n"
    "The folder that Sunbird's page \"Syncing Rajasthan Pilot data to Rajasthan tenant\" works in. "
    "Its command lines\n"
    "work here as they are printed, from the folders that it names; each script hands its "
    "arguments to `tenantmove`.\n"
    "\n"
    "| step of the page | script | what it does |\n"
    "|---|---|---|\n"
    "| 2 | `user_root_org_migration_run/user_root_org_migration_run.sh` | users: rootorgid and "
    "channel |\n"
    "| 3 | `user_org_root_org_migration_run/user_org_root_org_migration_run.sh` | memberships |\n"
    "| 4 | `course_batch_root_org_migration_run/course_batch_root_org_migration_run.sh` | "
    "createdfor of course batches |\n"
    "| 5, 6 | `Sync_job_run/Sync_job_run.sh` | sends the ids of a file to the Data Sync API |\n"
    "| 7 | `change_org_status_run.sh` | the old organisation's status |\n"
    "| 8 | `content_migration.cypher` | content in Neo4j |\n"
    "\n"
    "## Which tenants\n"
    "\n"
    "`--context_param source_org_id=… --context_param target_org_id=…`, or a `move.yaml` with "
    "`source` and `target` in\n"
    "the folder you are in, in one above it up to this one, or in the directory that "
    "`TENANTMOVE_DIR` names. Without\n"
    "either it is the page's two tenants, 01241408242723225614 to 01246375399411712074. Each run "
    "says which they are.\n"
    "\n"
    "## Dry or real\n"
    "\n"
    "`dry_run=true` scans and writes the output file; nothing else is written. `dry_run=false`, "
    "**or leaving the\n"
    "parameter out**, is a real run, as the page says (the old jobs took a missing `dry_run` for a "
    "dry run). Each run\n"
    "says which it is before anything is written. `Sync_job_run.sh` is dry only with "
    "`dry_run=true`.\n"
    "\n"
    "## The output files\n"
    "\n"
    "One id per line, no header, UTF-8. The folder `FILE.tenantmove` beside a file holds the "
    "ledger: what each row was\n"
    "before. Ids of an earlier run that were not synced yet stay in the file when the job runs "
    "again.\n"
    "\n"
    "## Passwords\n"
    "\n"
    "The page puts the password and the API key on the command line. That works; the program wipes "
    "them from its\n"
    "process entry at once. Better: leave the parameters out and set "
    "`TENANTMOVE_CASSANDRA_PASSWORD` and\n"
    "`TENANTMOVE_SYNC_KEY`, or name files in `move.yaml`. `\"\"` for user and password means no "
    "login.\n"
    "\n"
    "## Exit codes\n"
    "\n"
    "0 done, 1 done but some rows failed, 2 stopped by errors, 3 refused, 4 interrupted, 64 wrong "
    "arguments.\n"
    "\n"
    "The whole move in one go, with a plan to read first and a proof at the end: `tenantmove "
    "--help`.\n";

static const char tenants[] =
    "# The tenants of this kit's scripts and of content_migration.cypher.\n"
    "source: \"@SOURCE@\"\n"
    "target: \"@TARGET@\"\n";

static const struct kit_file files[] = {
    {"user_root_org_migration_run/user_root_org_migration_run.sh", "user", "..", NULL},
    {"user_org_root_org_migration_run/user_org_root_org_migration_run.sh", "user_org", "..", NULL},
    {"course_batch_root_org_migration_run/course_batch_root_org_migration_run.sh", "course_batch",
     "..", NULL},
    {"Sync_job_run/Sync_job_run.sh", "sync", "..", NULL},
    /* The page calls it from inside Sync_job_run; a reader looks for it at the top. */
    {"Sync_job_run/change_org_status_run.sh", "change_org_status", "..", NULL},
    {"change_org_status_run.sh", "change_org_status", ".", NULL},
    {"content_migration.cypher", NULL, NULL, cypher},
    {"README.md", NULL, NULL, readme},
};

const struct kit_file *kit_files(int *count)
{
    *count = (int)(sizeof files / sizeof files[0]);
    return files;
}

const struct kit_file *kit_tenants(void)
{
    static const struct kit_file file = {"move.yaml", NULL, NULL, tenants};
    return &file;
}

static void append_quoted(struct buf *out, const char *text)
{
    buf_append_char(out, '\'');
    for (; *text; text++) {
        if (*text == '\'')
            buf_append_text(out, "'\\''");
        else
            buf_append_char(out, *text);
    }
    buf_append_char(out, '\'');
}

void kit_file_write(const struct kit_file *k, const struct kit_words *words, struct buf *out)
{
    const char *text = k->job ? script : k->text;
    const char *const names[][2] = {{"@SOURCE@", words->source},
                                    {"@TARGET@", words->target},
                                    {"@JOB@", k->job},
                                    {"@KIT@", k->kit}};
    static const char binary[] = "@BINARY@";
    while (*text) {
        size_t plain = strcspn(text, "@");
        buf_append(out, text, plain);
        text += plain;
        if (!*text)
            break;
        size_t taken = 1;
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
            if (names[i][1] && strncmp(text, names[i][0], strlen(names[i][0])) == 0) {
                buf_append_text(out, names[i][1]);
                taken = strlen(names[i][0]);
            }
        }
        if (strncmp(text, binary, sizeof binary - 1) == 0) {
            append_quoted(out, words->binary);
            taken = sizeof binary - 1;
        } else if (taken == 1) {
            buf_append_char(out, '@');
        }
        text += taken;
    }
}
