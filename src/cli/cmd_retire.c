#include <inttypes.h>
#include <stdio.h>

#include "cli/command.h"
#include "cli/session.h"
#include "cli/text.h"

static int print_result(const struct cli *c, const struct retire_result *r)
{
    const char *id = c->values.settings.source;
    char count[64], command[512], again[512];
    if (r->was_retired)
        printf("Organisation %s was retired already.\n", id);
    else if (r->apply.conflicts)
        printf("Organisation %s is not retired: somebody set its status since the plan (%s).\n"
               "  Next: %s, which plans it anew\n",
               id, session_command(c, "show --conflicts", command, sizeof command),
               session_command(c, "plan --again --allow-empty", again, sizeof again));
    else if (r->apply.rejected)
        printf("Organisation %s could not be retired (%s).\n", id,
               session_command(c, "show --rejected", command, sizeof command));
    else
        printf("Organisation %s is retired.\n", id);
    if (r->synced && r->sync.failed[INDEX_ORGANISATION] > 0)
        printf("  Attention its document could not be synced (%s)\n",
               session_command(c, "sync", command, sizeof command));
    else if (!r->synced)
        puts("  Its document in Elasticsearch is not synced: `sync-url` is not set.");
    else if (r->documents_right < r->documents)
        printf("  Attention its document in Elasticsearch does not say so yet (%s)\n",
               session_command(c, "verify", command, sizeof command));
    if (r->references > 0)
        printf("  Attention %s it again (%s)\n",
               text_counted(count, r->references, "row names", "rows name"),
               session_command(c, "apply", command, sizeof command));
    if (r->unsynced > 0)
        printf("  Attention %s not synced yet (%s)\n",
               text_counted(count, r->unsynced, "user or batch is", "users and batches are"),
               session_command(c, "sync", command, sizeof command));
    if (r->unread > 0)
        printf("  Attention %s not be read any more (%s)\n",
               text_counted(count, r->unread, "partition can", "partitions can"),
               session_command(c, "verify", command, sizeof command));
    bool is_clean = !r->apply.conflicts && !r->apply.rejected && !r->references && !r->unread &&
                    r->sync.failed[INDEX_ORGANISATION] == 0 && r->documents_right == r->documents;
    if (is_clean && r->unsynced == 0)
        puts("The move is done.");
    /* Without an address of the service, the sync is somebody else's. */
    bool is_left = r->unsynced > 0 && c->values.settings.sync_url[0];
    return is_clean && !is_left ? EXIT_DONE : EXIT_SOME_ROWS;
}

int cmd_retire(struct cli *c)
{
    struct session s;
    struct fault f = {0};
    struct retire_result r = {0};
    bool ok = session_open(&s, c, true, &f) && phase_retire(&s.move, &r, &f);
    progress_clear(&s.line);
    int code = ok ? print_result(c, &r) : session_fail(&s, &f);
    session_close(&s);
    return code;
}
