/* cli/command.h: the commands: names, help, and the function that runs each. */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include <stdbool.h>

#include "cli/cli.h"

struct command {
    const char *name;
    enum command_bit bit;
    const char *words; /* "DIR"; "" takes none */
    int words_least, words_most;
    const char *brief; /* one line of the program's help */
    const char *about; /* paragraphs of the command's own help */
    const char *example;
    int (*run)(struct cli *c); /* returns an exit code */
};

const struct command *command_table(int *count);
const struct command *command_find(const char *name);
/* The name that was most likely meant, or NULL. */
const char *command_nearest(const char *name);

/* Runs the whole program; argv is taken over. */
int command_main(int argc, char **argv);

int cmd_init(struct cli *c);
int cmd_check(struct cli *c);
int cmd_plan(struct cli *c);
int cmd_show(struct cli *c);
int cmd_apply(struct cli *c);
int cmd_sync(struct cli *c);
int cmd_verify(struct cli *c);
int cmd_retire(struct cli *c);
int cmd_run(struct cli *c);
int cmd_status(struct cli *c);
int cmd_control(struct cli *c);
int cmd_kit(struct cli *c);
int cmd_help(struct cli *c);

/* `tenantmove job NAME --context_param …`: the seed page's single jobs, as the kit's scripts call
 * them. */
int cmd_job(int argc, char **argv);

#endif
