/* cli/session.h: a move with an observer that prints, for the commands that run phases. */
#ifndef CLI_SESSION_H
#define CLI_SESSION_H

#include <stdbool.h>

#include "cli/cli.h"
#include "cli/progress.h"
#include "phase/phase.h"

struct session {
    struct cli *cli;
    struct move move;
    struct progress_line line;
    bool shows_rules; /* a line for each rule's scan */
    bool head_shown;  /* source, target and servers */
    bool open;
};

/* |catches|: Ctrl-C ends the phase between two writes; else it ends the program. */
bool session_open(struct session *s, struct cli *c, bool catches, struct fault *f);
void session_close(struct session *s);

/* Clears the progress line, prints |f| and returns the exit code. */
int session_fail(struct session *s, const struct fault *f);

/* "Source  0124…  ETB Pilot Rajasthan  channel pilotrajasthan  active" */
void session_print_tenant(const char *which, const struct tenant *t);

/* One line of what a rule's scan came to. */
void session_print_rule(const struct rule_total *t);

/* "  Attention 2 partitions could not be read …", and which; nothing when there is none. |pass| 1: of
 * the plan, 0: of the last scan since. */
void session_print_unread(struct ledger *l, int pass, const char *meaning);

/* "  Next      tenantmove apply --dir rj-move", but not within `run`. */
void session_next(const struct cli *c, const char *next);

/* "tenantmove apply --dir rj-move" into |out|: the directory is named when it is not the current one. */
const char *session_command(const struct cli *c, const char *command, char *out, size_t room);

#endif
