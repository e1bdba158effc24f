#include <inttypes.h>
#include <stdio.h>

#include "cli/command.h"
#include "cli/session.h"
#include "cli/text.h"
#include "report/csv_plan.h"
#include "report/cypher_file.h"

static void print_result(const struct cli *c, struct ledger *l, const struct plan_result *r,
                         int files)
{
    char changes[64], command[512];
    printf("\nPlan %s: %s, nothing written yet.\n", r->name,
           text_counted(changes, r->changes, "change", "changes"));
    printf("  Look      %s", session_command(c, "show", command, sizeof command));
    puts("    one row: --row RULE:KEY");
    if (files > 0)
        printf("            one CSV file per rule: %s/*.csv\n", c->values.settings.dir);
    if (r->collisions > 0)
        printf("  Attention %s on both sides (%s)\n",
               text_counted(changes, r->collisions, "row exists", "rows exist"),
               session_command(c, "show --collisions", command, sizeof command));
    if (r->rejected > 0)
        printf("  Attention %s cannot be changed (%s)\n",
               text_counted(changes, r->rejected, "row", "rows"),
               session_command(c, "show --rejected", command, sizeof command));
    session_print_unread(l, 1, "what they hold is not in the plan");
    session_next(c, "apply");
}

/* What people read; the ledger is what counts. */
static bool write_files(struct session *s, int *files, struct fault *f)
{
    const struct move *m = &s->move;
    const char *dir = m->settings.dir;
    if (!csv_plan_write(m->ledger, dir, 1, files, f))
        return false;
    for (int i = 0; m->graph && i < m->profile.rule_count; i++) {
        char path[512];
        if (m->profile.rules[i].is_graph && !m->profile.rules[i].leave &&
            !cypher_file_write(m->ledger, &m->profile.rules[i], 1, dir, path, sizeof path, NULL, f))
            return false;
    }
    return true;
}

int cmd_plan(struct cli *c)
{
    struct session s;
    struct fault f = {0};
    struct plan_result r;
    int code;
    bool opened = session_open(&s, c, true, &f);
    s.shows_rules = true;
    int files = 0;
    bool planned = opened && phase_plan(&s.move, &r, &f);
    if (planned && write_files(&s, &files, &f)) {
        progress_clear(&s.line);
        print_result(c, s.move.ledger, &r, files);
        code = r.rejected > 0 || r.unread > 0 ? EXIT_SOME_ROWS : EXIT_DONE;
    } else {
        if (f.code == FAULT_INTERRUPTED) {
            fault_set(&f, FAULT_INTERRUPTED, "stopped while scanning; nothing was written");
            fault_hint(&f, "The same command goes on where it stopped");
        }
        if (planned)
            fault_hint(&f, "The plan itself is complete. Mend that, then tenantmove plan --again "
                           "makes both anew");
        code = session_fail(&s, &f);
    }
    session_close(&s);
    return code;
}
