#include "cli/command.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cli/arguments.h"
#include "cli/config.h"
#include "cli/help.h"
#include "cli/text.h"

enum { COMMANDS_MAX = 32 };

static const struct command table[] = {
    {"init", COMMAND_INIT, "DIR", 1, 1, "make a move directory with a commented move.yaml",
     "Makes DIR with a move.yaml in it that says what each setting means.\n"
     "Nothing is connected to. An existing move.yaml is never overwritten.",
     "tenantmove init rj-move --cassandra 10.0.0.5 --source 01241408242723225614 --target "
     "01246375399411712074",
     cmd_init},
    {"kit", COMMAND_KIT, "DIR", 1, 1,
     "write the folder of *_run.sh scripts of Sunbird's tenant-migration page",
     "Writes the scripts that Sunbird's page \"Syncing Rajasthan Pilot data to Rajasthan tenant\" "
     "calls,\n"
     "so that its command lines work as they are printed. Nothing is connected to.",
     "tenantmove kit tenant-migration", cmd_kit},
    {"help", COMMAND_HELP, "[COMMAND|settings]", 0, 1, "this text, a command's, or all settings",
     "Without a word: the commands. With a command: its own help. With \"settings\": everything "
     "that can be set.",
     "tenantmove help settings", cmd_help},
};

const struct command *command_table(int *count)
{
    *count = (int)(sizeof table / sizeof table[0]);
    return table;
}

const struct command *command_find(const char *name)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
    }
    return NULL;
}

const char *command_nearest(const char *name)
{
    const char *names[COMMANDS_MAX];
    int n = 0;
    for (size_t i = 0; i < sizeof table / sizeof table[0] && n < COMMANDS_MAX; i++)
        names[n++] = table[i].name;
    return text_nearest(name, names, n);
}

static int run(struct cli *c, int argc, char **argv)
{
    struct fault f = {0};
    if (!arguments_parse(c, argc, argv, &f)) {
        int code = cli_fail(c, &f);
        if (argc < 2)
            help_program(stderr);
        return code;
    }
    int count;
    const struct option_row *rows = option_table(&count);
    for (int i = 0; i < count; i++) {
        if (c->given[i] && rows[i].offset == offsetof(struct values, version)) {
            help_version(stdout);
            return EXIT_DONE;
        }
        if (c->given[i] && rows[i].offset == offsetof(struct values, help)) {
            if (c->command->bit == COMMAND_HELP)
                help_program(stdout);
            else
                help_command(stdout, c->command);
            return EXIT_DONE;
        }
    }
    if (!config_resolve(c, &f))
        return cli_fail(c, &f);
    return c->command->run(c);
}

int command_main(int argc, char **argv)
{
    /* A reader that went away must not end the run between two writes. */
    signal(SIGPIPE, SIG_IGN);
    if (argc >= 2 && strcmp(argv[1], "job") == 0)
        return cmd_job(argc - 2, argv + 2);
    struct cli c;
    cli_init(&c);
    int code = run(&c, argc, argv);
    cli_fini(&c);
    if (fflush(stdout) != 0 && code == EXIT_DONE)
        code = EXIT_ERRORS;
    return code;
}
