/* cli/arguments.h: the words of the command line, before anything is known of files or the
 * environment. */
#ifndef CLI_ARGUMENTS_H
#define CLI_ARGUMENTS_H

#include <stdbool.h>

#include "cli/cli.h"

/* Sorts argv into c->command, c->words and c->given. An option given twice
 * counts as its last. FAULT_USAGE for an unknown option or command (with the one that was meant),
 * an option that the command does not know, too few or too many words. A secret on the command line
 * is refused and wiped. */
bool arguments_parse(struct cli *c, int argc, char **argv, struct fault *f);

#endif
