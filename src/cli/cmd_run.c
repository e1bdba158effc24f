#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/ask.h"
#include "cli/command.h"
#include "cli/session.h"
#include "cli/text.h"

struct chain {
    struct cli *cli;
    struct status_result status;
};

static bool look(struct chain *h, struct fault *f)
{
    struct session s;
    bool ok = session_open(&s, h->cli, false, f) && phase_status(&s.move, &h->status, f);
    session_close(&s);
    return ok;
}

static int ask(struct chain *h)
{
    struct fault f = {0};
    char changes[64], line[16] = "", command[512];
    if (h->cli->values.yes)
        return EXIT_DONE;
    if (!isatty(STDIN_FILENO)) {
        fault_set(&f, FAULT_REFUSED, "nobody is there to say yes");
        fault_hint(&f, "Read the plan (%s), then run the same command with --yes",
                   session_command(h->cli, "show", command, sizeof command));
        return cli_fail(h->cli, &f);
    }
    struct ask asked;
    ask_begin(&asked);
    uint64_t open = h->status.changes.by_state[CHANGE_PLANNED];
    printf("\nThe plan can be looked at in another window: %s\nWrite these %s? Type yes: ",
           session_command(h->cli, "show", command, sizeof command),
           text_counted(changes, open, "change", "changes"));
    fflush(stdout);
    ssize_t n = ask_read(STDIN_FILENO, line, sizeof line - 1);
    int error = errno;
    ask_end(&asked);
    if (n > 0 && strcmp(line, "yes\n") == 0)
        return EXIT_DONE;
    if (n < 0 && error == EINTR) {
        putchar('\n');
        fault_set(&f, FAULT_INTERRUPTED, "stopped at the question; nothing was written");
        fault_hint(&f, "Next: %s (asks again)",
                   session_command(h->cli, "run", command, sizeof command));
        return cli_fail(h->cli, &f);
    }
    fault_set(&f, FAULT_REFUSED, "the answer was not yes; nothing was written");
    fault_hint(&f, "Next: %s", session_command(h->cli, "apply", command, sizeof command));
    return cli_fail(h->cli, &f);
}

static int plan(struct chain *h)
{
    struct fault f = {0};
    if (!look(h, &f))
        return cli_fail(h->cli, &f);
    if (h->status.has_plan) {
        printf("Plan %s is there already: the move goes on from it.\n", h->status.plan_name);
        return EXIT_DONE;
    }
    int code = cmd_check(h->cli);
    if (code == EXIT_DONE) {
        putchar('\n');
        code = cmd_plan(h->cli);
    }
    if (code != EXIT_DONE && code != EXIT_SOME_ROWS)
        return code;
    return look(h, &f) ? EXIT_DONE : cli_fail(h->cli, &f);
}

/* Rows that the plan cannot change would stay behind: somebody must have seen them before the first write. */
static int refuse_rejected(struct chain *h)
{
    struct fault f = {0};
    char rows[64], command[512];
    uint64_t rejected = h->status.changes.by_state[CHANGE_REJECTED];
    if (rejected == 0 || change_counts_are_begun(&h->status.changes))
        return EXIT_DONE;
    fault_set(&f, FAULT_REFUSED, "%s of the plan cannot be changed; nothing was written",
              text_counted(rows, rejected, "row", "rows"));
    fault_hint(&f,
               "Look at them: %s. Mend them and make the plan anew (tenantmove plan --again), "
               "or leave them and go on step by step (tenantmove apply)",
               session_command(h->cli, "show --rejected", command, sizeof command));
    return cli_fail(h->cli, &f);
}

/* A step that ended in an error has said so itself. |next|: what may be done all the same; NULL: nothing. */
static int stop_after(const struct cli *c, const char *step, const char *next, int code)
{
    char command[512];
    fflush(stdout);
    if (code != EXIT_SOME_ROWS)
        return code;
    fprintf(stderr, "tenantmove: run stopped after %s, which left something open (see above).\n",
            step);
    fputs("  The same command tries again", stderr);
    if (next)
        fprintf(stderr, "; to go on without it: %s",
                session_command(c, next, command, sizeof command));
    fputc('\n', stderr);
    return code;
}

static void heading(const char *text)
{
    printf("\n%s\n", text);
    fflush(stdout);
}

/* Each step goes on only from a clean one; conflicts that are settled (theirs stays) do not stop the chain. */
static int steps(struct chain *h)
{
    struct cli *c = h->cli;
    heading("apply");
    int worst = cmd_apply(c);
    if (!c->clean)
        return stop_after(c, "apply", "sync", worst);
    if (c->values.settings.sync_url[0]) {
        heading("sync");
        int code = cmd_sync(c);
        if (!c->clean)
            return stop_after(c, "sync", "verify", code);
    } else {
        puts("Nothing is synced: `sync-url` is not set.");
    }
    heading("verify");
    int code = cmd_verify(c);
    if (!c->clean)
        return stop_after(c, "verify", NULL, code);
    heading("retire");
    code = cmd_retire(c);
    return code == EXIT_DONE ? worst : code;
}

int cmd_run(struct cli *c)
{
    struct chain h = {.cli = c};
    c->in_chain = true;
    int code = plan(&h);
    if (code == EXIT_DONE)
        code = refuse_rejected(&h);
    /* Then the question was answered by an earlier run. */
    if (code == EXIT_DONE && !change_counts_are_begun(&h.status.changes))
        code = ask(&h);
    return code == EXIT_DONE ? steps(&h) : code;
}
