/* cli/options.h: the one option table. Everything an operator can set is one row of it.
 *
 * Owns     names, kinds, defaults, limits and help of all options; from it come the arguments, the
 * environment names, the keys of move.yaml, `--help`, `tenantmove help settings` and the file that
 * `init` writes. Knows    nothing of what a setting does.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/fault.h"
#include "phase/settings.h"

/* What the options fill: the settings of a move, and what only the command line knows. */
struct values {
    struct settings settings;
    bool json;
    bool yes;
    bool quiet;
    bool verbose;
    bool help;
    bool version;
    const char *rule; /* show */
    const char *row;
    bool changes;
    bool collisions;
    bool conflicts;
    bool rejected;
    int limit;
};

enum option_kind {
    OPTION_TEXT,
    OPTION_PATH,    /* a path, which in move.yaml counts from the file's own directory */
    OPTION_ADDRESS, /* a server's address, or embedded:PATH (PATH likewise) */
    OPTION_INT,
    OPTION_MS,   /* milliseconds with up to three decimals; the setting is an int of microseconds */
    OPTION_FLAG, /* --name, --name=no; yes/no in the file and the environment */
    OPTION_SECRET, /* the option names a file ("…-file"); the setting is the file's text */
};

/* Where an option may come from; a flag beats the environment, the environment beats move.yaml. */
enum option_reach {
    REACH_FLAG,        /* the command line only */
    REACH_ENVIRONMENT, /* and TENANTMOVE_… */
    REACH_FILE,        /* and move.yaml: a setting */
};

/* Which commands know an option; a row's |commands| is a set of these. */
enum command_bit {
    COMMAND_INIT = 1 << 0,
    COMMAND_CHECK = 1 << 1,
    COMMAND_PLAN = 1 << 2,
    COMMAND_SHOW = 1 << 3,
    COMMAND_APPLY = 1 << 4,
    COMMAND_SYNC = 1 << 5,
    COMMAND_VERIFY = 1 << 6,
    COMMAND_RETIRE = 1 << 7,
    COMMAND_RUN = 1 << 8,
    COMMAND_STATUS = 1 << 9,
    COMMAND_KIT = 1 << 10,
    COMMAND_HELP = 1 << 11,
    COMMAND_CONTROL = 1 << 12,
};
enum {
    COMMANDS_CONNECT = COMMAND_CHECK | COMMAND_PLAN | COMMAND_APPLY | COMMAND_SYNC |
                       COMMAND_VERIFY | COMMAND_RETIRE | COMMAND_RUN,
    COMMANDS_SET = COMMANDS_CONNECT | COMMAND_INIT, /* take every setting of move.yaml */
    COMMANDS_DIR = COMMANDS_CONNECT | COMMAND_SHOW | COMMAND_STATUS | COMMAND_CONTROL,
    COMMANDS_ALL = (1 << 13) - 1,
};

struct option_row {
    const char
        *name; /* the flag and the key of move.yaml; the environment has TENANTMOVE_ and capitals */
    char letter; /* of the short flag, or 0 */
    enum option_kind kind;
    size_t offset;         /* in struct values */
    const char *otherwise; /* the default, as text */
    int least, most;       /* OPTION_INT, OPTION_MS */
    const char *choices;   /* "auto plain object", or NULL: anything */
    int commands;
    enum option_reach reach;
    const char *group; /* heading in listings; rows of one group stand together */
    const char *value; /* "HOST[:PORT],…"; NULL for flags */
    const char *help;  /* one sentence, with units */
    const char *example;
};

enum { OPTION_ROWS_MAX = 64 };

const struct option_row *option_table(int *count);

/* The row of that name, or NULL. */
const struct option_row *option_find(const char *name);

/* "TENANTMOVE_CASSANDRA_PORT"; |out| has room for 80 bytes. */
void option_environment_name(const struct option_row *o, char *out);

/* "cassandra-password" for the secret whose file is "cassandra-password-file"; |out| has room for
 * 80 bytes. */
void option_secret_name(const struct option_row *o, char *out);

/* Sets one value from text, which must live as long as |v|. FAULT_USAGE for a number that is none
 * or out of its limits, a flag that is neither yes nor no, or a word that is not among the choices.
 * OPTION_SECRET takes the secret. */
bool option_set(const struct option_row *o, struct values *v, const char *text, struct fault *f);

/* Every option at its default. */
void option_defaults(struct values *v);

/* true, yes, on, 1 and false, no, off, 0 in any case. False is returned for anything else. */
bool option_boolean(const char *text, bool *out);

/* The name that was most likely meant, or NULL when none is near. |commands|: only options that
 * these know. */
const char *option_nearest(const char *name, int commands);

#endif
