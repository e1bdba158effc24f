#include <inttypes.h>
#include <stdio.h>

#include "cli/command.h"
#include "cli/session.h"
#include "cli/text.h"

static void print_standing(struct session *s, const struct apply_result *r, const char *how)
{
    struct change_counts counts = {0};
    char done[TEXT_COUNT_MAX], command[512];
    uint64_t in_doubt = 0;
    if (s->move.ledger && ledger_count(s->move.ledger, NULL, RULE_MOVE, 0, &counts, NULL))
        in_doubt = counts.by_state[CHANGE_SENT] + counts.by_state[CHANGE_COPIED];
    uint64_t settled = counts.all > r->open ? counts.all - r->open : 0;
    fflush(stdout);
    fprintf(stderr, "%s: %s done, %" PRIu64 " in doubt. Nothing is lost.\n", how,
            text_count(done, settled), in_doubt);
    fprintf(stderr, "  Next      %s   (goes on)\n",
            session_command(s->cli, "apply", command, sizeof command));
}

/* Ctrl-C is no failure: it says where the move stands and how to go on. */
static int print_stopped(struct session *s, const struct apply_result *r)
{
    print_standing(s, r, "Stopped between two writes");
    return EXIT_INTERRUPTED;
}

/* A run that lost its server, or its login, in the middle is not one that was refused at the door. */
static int print_failed(struct session *s, const struct apply_result *r, const struct fault *f)
{
    int code = session_fail(s, f);
    if (r->wrote && (f->code == FAULT_UNREACHABLE || f->code == FAULT_DENIED))
        print_standing(s, r, "Stopped in the middle");
    return code;
}

static void print_attention(const struct cli *c, uint64_t n, const char *what, const char *command)
{
    char count[TEXT_COUNT_MAX], text[512];
    if (n > 0)
        printf("  Attention %s %s (%s)\n", text_count(count, n), what,
               session_command(c, command, text, sizeof text));
}

static int print_result(const struct cli *c, struct ledger *l, const struct apply_result *r)
{
    char read[64], time[TEXT_COUNT_MAX], writing[TEXT_COUNT_MAX], rate[TEXT_COUNT_MAX];
    printf("%s done and read back, in %s", text_counted(read, r->read, "change is", "changes are"),
           text_duration(time, r->duration_us));
    if (r->done_here > 0 && r->write_us > 0 && r->duration_us >= 1000000)
        printf(" (%s of it writing: %s/s)", text_duration(writing, r->write_us),
               text_count(rate, r->done_here * 1000000 / r->write_us));
    puts(".");
    if (r->passes > 0)
        printf("  %s appeared meanwhile and %s moved too, in %d more pass%s.\n",
               text_counted(read, r->appeared, "row", "rows"), r->appeared == 1 ? "was" : "were",
               r->passes, r->passes == 1 ? "" : "es");
    print_attention(c, r->conflicts, "rows were changed by somebody else meanwhile: theirs stays",
                    "show --conflicts");
    print_attention(c, r->rejected, "rows could not be changed, or read back", "show --rejected");
    print_attention(c, r->skipped, "rows were skipped by the profile's policy", "show");
    if (!r->converged)
        print_attention(
            c, 1, "pass after pass finds new rows: something still writes the old tenant", "apply");
    session_print_unread(l, 0, "what they hold was not moved");
    session_next(c, "sync");
    return r->conflicts || r->rejected || r->unread || !r->converged ? EXIT_SOME_ROWS : EXIT_DONE;
}

int cmd_apply(struct cli *c)
{
    struct session s;
    struct fault f = {0};
    struct apply_result r = {0};
    int code;
    bool opened = session_open(&s, c, true, &f);
    s.shows_rules = true;
    s.head_shown = true;
    bool ok = opened && phase_apply(&s.move, &r, &f);
    progress_clear(&s.line);
    if (ok)
        code = print_result(c, s.move.ledger, &r);
    else if (f.code == FAULT_INTERRUPTED)
        code = print_stopped(&s, &r);
    else
        code = print_failed(&s, &r, &f);
    session_close(&s);
    /* What `run` may go on from: nothing is rejected, and nothing is left. */
    c->clean = ok && r.rejected == 0 && r.unread == 0 && r.open == 0 && r.converged;
    return code;
}
