#include "cli/command.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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
    {"check", COMMAND_CHECK, "", 0, 0, "look at every server and say what would stop the move",
     "Connects to Cassandra, Neo4j, Elasticsearch and looks at versions, rights, schema and both "
     "organisations.\n"
     "Says what would stop the move, and how to mend it. Writes nothing. Exit 3 when something "
     "stops it.",
     "tenantmove check --dir rj-move", cmd_check},
    {"plan", COMMAND_PLAN, "", 0, 0,
     "scan every table and write down each change, without making it",
     "Scans every table of the profile, and writes each change, before and after, into "
     "DIR/ledger.db.\n"
     "Nothing is written to a server. A plan that is there already is kept: see --again.",
     "tenantmove plan --dir rj-move", cmd_plan},
    {"show", COMMAND_SHOW, "", 0, 0, "show the plan: totals, or row by row before and after",
     "Without an option: what each table came to. With one: the changes themselves, also while "
     "another command\n"
     "works in the same directory. With --json, one line of JSON per change.",
     "tenantmove show --dir rj-move --row user:8a1c*", cmd_show},
    {"apply", COMMAND_APPLY, "", 0, 0,
     "do exactly the plan; then look for what appeared meanwhile, until nothing is",
     "Writes what the plan says, nothing else, and reads every row back. A row that somebody "
     "changed since the\n"
     "plan keeps that change. Ctrl-C stops between two writes; the same command goes on from "
     "there.",
     "tenantmove apply --dir rj-move", cmd_apply},
    {"sync", COMMAND_SYNC, "", 0, 0,
     "have everything that changed indexed again, through the Data Sync API",
     "Sends the ids of organisations, users and course batches in blocks. What could not be sent "
     "stays in the\n"
     "ledger; the same command tries it again.",
     "tenantmove sync --dir rj-move --sync-url https://example.org/api/data/v1/index/sync",
     cmd_sync},
    {"verify", COMMAND_VERIFY, "", 0, 0,
     "prove it: nothing is left, every change and every document is right",
     "Scans for rows that still name the old organisation, reads every change back, reads every "
     "document back from\n"
     "Elasticsearch and syncs those that are wrong again. Writes DIR/proof.json. Exit 1 when "
     "something is left.",
     "tenantmove verify --dir rj-move", cmd_verify},
    {"retire", COMMAND_RETIRE, "", 0, 0,
     "set the old organisation inactive; refused while anything still names it",
     "The last step: sets the old organisation's status, and has its document indexed again.",
     "tenantmove retire --dir rj-move", cmd_retire},
    {"run", COMMAND_RUN, "", 0, 0,
     "all of these, check to retire, with one question after the plan",
     "check, plan, a question, apply, sync, verify, retire. Stops at the first step that is not "
     "clean; the same\n"
     "command goes on from there.",
     "tenantmove run --dir rj-move", cmd_run},
    {"status", COMMAND_STATUS, "", 0, 0, "where the move stands, and the next command",
     "Reads DIR/ledger.db only, also while another command works in the same directory.",
     "tenantmove status --dir rj-move --json", cmd_status},
    {"control", COMMAND_CONTROL, "WHAT…", 1, 4,
     "pause, resume or re-tune the command that works in the directory",
     "WHAT is pause: no further page is read, no further batch of writes is begun; nothing is half "
     "done "
     "meanwhile.\n"
     "resume: goes on. status: how fast it is, and what slows it.\n"
     "set max-rate=N max-latency=MS in-flight=N: one or more of them, from now on; 0 is what holds "
     "without that setting.\n"
     "Exit 3 when nothing runs in the directory.",
     "tenantmove control set max-rate=1000 --dir rj-move", cmd_control},
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

/* A caller may have closed them (cron, >&-): the next file that is opened, the ledger or a socket, would be taken for
 * the terminal. */
static void open_standard_files(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
            _exit(EXIT_INTERNAL);
    }
}

static bool reader_is_gone(void)
{
    struct pollfd p = {.fd = STDOUT_FILENO, .events = POLLOUT};
    return poll(&p, 1, 0) == 1 && (p.revents & POLLERR);
}

/* What was printed must have arrived; somebody who stops reading (`show | head`) knows it. */
static int end_output(int code)
{
    bool lost = ferror(stdout) != 0;
    if (fflush(stdout) == 0 && !lost)
        return code;
    if (!reader_is_gone())
        fputs("tenantmove: what was printed could not be written: the output is not complete.\n",
              stderr);
    return code == EXIT_DONE ? EXIT_ERRORS : code;
}

int command_main(int argc, char **argv)
{
    open_standard_files();
    /* A reader that went away must not end the run between two writes. */
    signal(SIGPIPE, SIG_IGN);
    if (argc >= 2 && strcmp(argv[1], "job") == 0)
        return end_output(cmd_job(argc - 2, argv + 2));
    struct cli c;
    cli_init(&c);
    int code = run(&c, argc, argv);
    cli_fini(&c);
    return end_output(code);
}
