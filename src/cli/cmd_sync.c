#include <inttypes.h>
#include <stdio.h>

#include "cli/command.h"
#include "cli/session.h"
#include "cli/text.h"

static uint64_t sum(const uint64_t n[INDEX_BATCH + 1])
{
    return n[INDEX_USER] + n[INDEX_ORGANISATION] + n[INDEX_BATCH];
}

/* "2 organisations, 179 users, 7 batches" */
static void print_objects(FILE *to, const uint64_t n[INDEX_BATCH + 1])
{
    static const struct {
        enum index_object object;
        const char *one, *many;
    } names[] = {{INDEX_ORGANISATION, "organisation", "organisations"},
                 {INDEX_USER, "user", "users"},
                 {INDEX_BATCH, "batch", "batches"}};
    const char *between = "";
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char text[64];
        if (n[names[i].object] == 0)
            continue;
        fprintf(to, "%s%s", between,
                text_counted(text, n[names[i].object], names[i].one, names[i].many));
        between = ", ";
    }
    if (between[0] == '\0')
        fputs("nothing", to);
}

static int print_result(const struct cli *c, const struct sync_result *r)
{
    char blocks[64], time[TEXT_COUNT_MAX];
    fputs("Sent ", stdout);
    print_objects(stdout, r->sent);
    printf(" in %s, in %s.\n", text_counted(blocks, r->blocks, "block", "blocks"),
           text_duration(time, r->duration_us));
    if (sum(r->failed) > 0) {
        char command[512];
        fputs("  Attention ", stdout);
        print_objects(stdout, r->failed);
        printf(" could not be synced (%s tries them again)\n",
               session_command(c, "sync", command, sizeof command));
        return EXIT_SOME_ROWS;
    }
    if (!c->values.settings.elasticsearch[0])
        puts("  The service works after its answer; without `elasticsearch` nobody looks whether "
             "it did.");
    session_next(c, "verify");
    return EXIT_DONE;
}

int cmd_sync(struct cli *c)
{
    struct session s;
    struct fault f = {0};
    struct sync_result r = {0};
    int code;
    bool ok = session_open(&s, c, true, &f) && phase_sync(&s.move, &r, &f);
    progress_clear(&s.line);
    if (ok) {
        code = print_result(c, &r);
    } else if (f.code == FAULT_INTERRUPTED) {
        char command[512];
        fprintf(stderr, "Stopped between two calls: ");
        print_objects(stderr, r.sent);
        fprintf(stderr, " sent.\n  Next      %s   (goes on)\n",
                session_command(c, "sync", command, sizeof command));
        code = EXIT_INTERRUPTED;
    } else {
        code = session_fail(&s, &f);
    }
    session_close(&s);
    c->clean = ok && sum(r.failed) == 0;
    return code;
}
