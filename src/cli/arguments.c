#include "cli/arguments.h"

#include <getopt.h>
#include <string.h>

#include "cli/command.h"

enum { VAL_OPTION = 1000, VAL_SECRET = 2000, GETOPT_MAX = OPTION_ROWS_MAX + CLI_SECRETS_MAX + 1 };

struct getopt_table {
    struct option longs[GETOPT_MAX];
    char shorts[2 + 3 * OPTION_ROWS_MAX];
    char secret_names[CLI_SECRETS_MAX][80];
};

/* A flag's value is optional, so that --compression=no is possible. */
static int argument_kind(const struct option_row *o)
{
    return o->kind == OPTION_FLAG ? optional_argument : required_argument;
}

static void fill(struct getopt_table *g)
{
    int count, n = 0, secrets = 0;
    const struct option_row *table = option_table(&count);
    char *s = g->shorts;
    *s++ = ':';
    for (int i = 0; i < count; i++) {
        g->longs[n++] =
            (struct option){table[i].name, argument_kind(&table[i]), NULL, VAL_OPTION + i};
        if (table[i].letter) {
            *s++ = table[i].letter;
            if (table[i].kind != OPTION_FLAG)
                *s++ = ':';
        }
        if (table[i].kind == OPTION_SECRET && secrets < CLI_SECRETS_MAX) {
            char *name = g->secret_names[secrets++];
            option_secret_name(&table[i], name);
            g->longs[n++] = (struct option){name, required_argument, NULL, VAL_SECRET + i};
        }
    }
    *s = '\0';
    g->longs[n] = (struct option){0};
}

static int row_of_letter(int letter)
{
    int count;
    const struct option_row *table = option_table(&count);
    for (int i = 0; i < count; i++) {
        if (table[i].letter && table[i].letter == letter)
            return i;
    }
    return -1;
}

static bool unknown_option(const char *word, struct fault *f)
{
    char name[64];
    while (*word == '-')
        word++;
    size_t n = strcspn(word, "=");
    if (n >= sizeof name)
        n = sizeof name - 1;
    memcpy(name, word, n);
    name[n] = '\0';
    fault_set(f, FAULT_USAGE, "there is no option %s%s", n == 1 ? "-" : "--", name);
    const char *meant = option_nearest(name, COMMANDS_ALL);
    if (meant)
        return fault_hint(f, "Did you mean --%s?", meant);
    return fault_hint(f, "All options: tenantmove help settings");
}

static bool secret_given(const struct option_row *o, char *value, struct fault *f)
{
    char name[80], environment[80];
    option_secret_name(o, name);
    option_environment_name(o, environment);
    environment[strlen(environment) - strlen("_FILE")] = '\0';
    if (value)
        explicit_bzero(value, strlen(value));
    fault_set(
        f, FAULT_USAGE,
        "a secret is not taken from the command line, where every user of the machine sees it");
    return fault_hint(f, "Put it into a file and say --%s FILE, or set %s", o->name, environment);
}

static bool parse_options(int argc, char **argv, const char *given[OPTION_ROWS_MAX],
                          struct fault *f)
{
    struct getopt_table g = {0};
    fill(&g);
    int count;
    const struct option_row *table = option_table(&count);
    opterr = 0;
    optind = 0;
    for (;;) {
        int v = getopt_long(argc, argv, g.shorts, g.longs, NULL);
        if (v == -1)
            return true;
        if (v == ':') {
            int row = optopt >= VAL_SECRET   ? optopt - VAL_SECRET
                      : optopt >= VAL_OPTION ? optopt - VAL_OPTION
                                             : row_of_letter(optopt);
            if (row < 0)
                return fault_set(f, FAULT_USAGE, "an option needs a value");
            return fault_set(f, FAULT_USAGE, "--%s needs a value: %s", table[row].name,
                             table[row].value);
        }
        if (v == '?') {
            char letter[2] = {(char)optopt, '\0'};
            return unknown_option(optopt > 0 && optopt < 256 ? letter : argv[optind - 1], f);
        }
        if (v >= VAL_SECRET)
            return secret_given(&table[v - VAL_SECRET], optarg, f);
        int row = v >= VAL_OPTION ? v - VAL_OPTION : row_of_letter(v);
        given[row] = optarg ? optarg : "yes";
    }
}

static bool check_options(const struct command *command, const char *given[OPTION_ROWS_MAX],
                          struct fault *f)
{
    int count;
    const struct option_row *table = option_table(&count);
    for (int i = 0; i < count; i++) {
        if (!given[i] || (table[i].commands & (int)command->bit))
            continue;
        fault_set(f, FAULT_USAGE, "%s does not know --%s", command->name, table[i].name);
        return fault_hint(f, "tenantmove %s --help lists what it knows", command->name);
    }
    return true;
}

static bool check_words(const struct cli *c, struct fault *f)
{
    const struct command *command = c->command;
    if (c->word_count < command->words_least) {
        fault_set(f, FAULT_USAGE, "%s needs %s", command->name, command->words);
        return fault_hint(f, "For example: %s", command->example);
    }
    if (c->word_count > command->words_most) {
        fault_set(f, FAULT_USAGE, "%s does not know what to do with \"%s\"", command->name,
                  c->words[command->words_most]);
        return fault_hint(f, "For example: %s", command->example);
    }
    return true;
}

bool arguments_parse(struct cli *c, int argc, char **argv, struct fault *f)
{
    const char **given = c->given;
    if (!parse_options(argc, argv, given, f))
        return false;
    int wants_help = -1, count;
    const struct option_row *table = option_table(&count);
    for (int i = 0; i < count; i++) {
        if (given[i] && (table[i].offset == offsetof(struct values, help) ||
                         table[i].offset == offsetof(struct values, version)))
            wants_help = i;
    }
    c->words = argv + optind;
    c->word_count = argc - optind;
    if (c->word_count == 0) {
        c->command = command_find("help");
        if (wants_help < 0)
            fault_set(f, FAULT_USAGE, "no command is given");
        return wants_help >= 0;
    }
    const char *name = *c->words++;
    c->word_count--;
    c->command = command_find(name);
    if (!c->command) {
        fault_set(f, FAULT_USAGE, "there is no command %s", name);
        const char *meant = command_nearest(name);
        return meant ? fault_hint(f, "Did you mean tenantmove %s?", meant)
                     : fault_hint(f, "tenantmove --help lists the commands");
    }
    if (wants_help >= 0)
        return true;
    return check_options(c->command, given, f) && check_words(c, f);
}
