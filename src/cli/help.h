/* cli/help.h: the help texts, made from the command table and the option table. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include <stdio.h>

#include "cli/command.h"

void help_program(FILE *to);
void help_command(FILE *to, const struct command *command);
/* Everything that can be set: option, environment, key of move.yaml, default. */
void help_settings(FILE *to);
void help_version(FILE *to);

#endif
