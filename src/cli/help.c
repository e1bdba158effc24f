#include "cli/help.h"

#include <string.h>

#include "cli/options.h"

enum { HELP_COLUMN = 32 };

void help_version(FILE *to)
{
    fputs("tenantmove " TENANTMOVE_VERSION "\n", to);
}

void help_program(FILE *to)
{
    fputs(
        "tenantmove moves a Sunbird tenant (a root organisation) into another one, in Cassandra,\n"
        "Elasticsearch and Neo4j. You read the plan before anything changes.\n\n"
        "usage: tenantmove COMMAND [OPTIONS]\n\n",
        to);
    int count;
    const struct command *commands = command_table(&count);
    for (int i = 0; i < count; i++) {
        char left[64];
        snprintf(left, sizeof left, "%s %s", commands[i].name, commands[i].words);
        fprintf(to, "  %-26s %s\n", left, commands[i].brief);
    }
    fputs("\n"
          "  tenantmove COMMAND --help     a command's options, with an example\n"
          "  tenantmove help settings      everything that can be set\n"
          "\n"
          "exit codes\n"
          "  0 done    1 done, but some rows were rejected or conflict    2 too many errors, "
          "stopped\n"
          "  3 refused by a check, a login or a key    4 interrupted, the same command goes on    "
          "5 internal "
          "error    64 bad usage\n"
          "\n"
          "example\n"
          "  tenantmove init rj-move --cassandra 10.0.0.5 --source 01241408242723225614 --target "
          "01246375399411712074\n"
          "  tenantmove run --dir rj-move\n",
          to);
}

static void option_left(const struct option_row *o, char *out, size_t room)
{
    char letter[8] = "    ";
    if (o->letter)
        snprintf(letter, sizeof letter, "-%c, ", o->letter);
    snprintf(out, room, "  %s--%s%s%s", letter, o->name, o->value ? " " : "",
             o->value ? o->value : "");
}

/* Width as a terminal shows it: continuation bytes of UTF-8 have none. */
static int shown_width(const char *text)
{
    int n = 0;
    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

static void print_option(FILE *to, const struct option_row *o)
{
    char left[128];
    option_left(o, left, sizeof left);
    int width = shown_width(left);
    if (width < HELP_COLUMN - 1)
        fprintf(to, "%s%*s", left, HELP_COLUMN - width, "");
    else
        fprintf(to, "%s\n%*s", left, HELP_COLUMN, "");
    fputs(o->help, to);
    if (o->kind != OPTION_FLAG && o->otherwise[0] && strcmp(o->otherwise, "0") != 0)
        fprintf(to, " (%s)", o->otherwise);
    else if (o->kind == OPTION_FLAG && strcmp(o->otherwise, "yes") == 0)
        fputs(" (yes)", to);
    fputc('\n', to);
}

/* The settings that a command takes are many and the same: only `init` lists them all. */
static bool is_listed(const struct option_row *o, const struct command *command)
{
    return (o->commands & (int)command->bit) &&
           (o->reach != REACH_FILE || command->bit == COMMAND_INIT);
}

void help_command(FILE *to, const struct command *command)
{
    fprintf(to, "usage: tenantmove %s%s%s [OPTIONS]\n\n%s\n", command->name,
            command->words[0] ? " " : "", command->words, command->about);
    int count;
    const struct option_row *table = option_table(&count);
    const char *group = "";
    for (int i = 0; i < count; i++) {
        if (!is_listed(&table[i], command))
            continue;
        if (strcmp(group, table[i].group) != 0)
            fprintf(to, "\n%s\n", table[i].group);
        group = table[i].group;
        print_option(to, &table[i]);
    }
    if (command->bit & COMMANDS_CONNECT)
        fputs(
            "\nEvery setting of move.yaml may also be an option here (tenantmove help settings).\n",
            to);
    fprintf(to, "\nexample\n  %s\n", command->example);
}

void help_settings(FILE *to)
{
    fputs("Every setting can stand in move.yaml (key: value), in the environment (TENANTMOVE_KEY), "
          "or on the\n"
          "command line (--key value). The command line goes before the environment, the "
          "environment before\n"
          "move.yaml. A path in move.yaml counts from the directory that move.yaml is in.\n\n"
          "A secret is read from the file that its setting names, or from the environment: "
          "cassandra-password-file\n"
          "and TENANTMOVE_CASSANDRA_PASSWORD_FILE name a file, TENANTMOVE_CASSANDRA_PASSWORD is "
          "the password.\n",
          to);
    int count;
    const struct option_row *table = option_table(&count);
    const char *group = "";
    for (int i = 0; i < count; i++) {
        const struct option_row *o = &table[i];
        char environment[80];
        if (o->reach == REACH_FLAG)
            continue;
        if (strcmp(group, o->group) != 0)
            fprintf(to, "\n%s\n", o->group);
        group = o->group;
        option_environment_name(o, environment);
        fprintf(to, "  %-28s %s\n", o->name, o->help);
        fprintf(to, "  %-28s %s", "", environment);
        if (o->otherwise[0])
            fprintf(to, ", default %s", o->otherwise);
        if (o->choices)
            fprintf(to, ", one of %s", o->choices);
        if (o->example)
            fprintf(to, ", for example %s", o->example);
        if (o->reach == REACH_ENVIRONMENT)
            fputs(", not in move.yaml", to);
        fputc('\n', to);
    }
}

int cmd_help(struct cli *c)
{
    if (c->word_count == 0) {
        help_program(stdout);
        return EXIT_DONE;
    }
    if (strcmp(c->words[0], "settings") == 0) {
        help_settings(stdout);
        return EXIT_DONE;
    }
    const struct command *command = command_find(c->words[0]);
    if (command) {
        help_command(stdout, command);
        return EXIT_DONE;
    }
    struct fault f = {0};
    fault_set(&f, FAULT_USAGE, "there is no help for %s", c->words[0]);
    const char *meant = command_nearest(c->words[0]);
    if (meant)
        fault_hint(&f, "Did you mean tenantmove help %s?", meant);
    return cli_fail(c, &f);
}
