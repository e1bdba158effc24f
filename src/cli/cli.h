/* cli/cli.h: one run of the program: which command, with which values; how it ends.
 *
 * Owns     the values' memory, and the secrets, which are wiped at the end.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/fault.h"
#include "cli/options.h"

/* Exit codes (README.md lists them for operators). */
enum exit_code {
    EXIT_DONE = 0,
    EXIT_SOME_ROWS = 1, /* done, but some rows were rejected or conflict */
    EXIT_ERRORS = 2,    /* too many errors, stopped */
    EXIT_REFUSED = 3,
    EXIT_INTERRUPTED = 4,
    EXIT_INTERNAL = 5,
    EXIT_USAGE = 64,
};

enum value_origin { FROM_DEFAULT, FROM_FILE, FROM_ENVIRONMENT, FROM_FLAG };

enum { CLI_SECRETS_MAX = 8, CLI_SECRET_BYTES_MAX = 4096 };

struct command;

struct cli {
    const struct command *command;
    struct values values;
    const char *given[OPTION_ROWS_MAX]; /* as typed, by row of the option table; NULL: not given */
    enum value_origin origin[OPTION_ROWS_MAX];
    char **words; /* what stands behind the command and is no option */
    int word_count;
    struct arena arena;
    char *secrets[CLI_SECRETS_MAX];
    int secret_count;
    bool in_chain; /* a step of `run`: the next step follows by itself */
    bool clean;    /* the step that ended last left nothing that stops `run` */
};

void cli_init(struct cli *c);
void cli_fini(struct cli *c);

/* A copy that is wiped by cli_fini, or NULL. */
char *cli_keep_secret(struct cli *c, const char *text, size_t n);

enum exit_code cli_exit_code(enum fault_code code);

/* Prints "tenantmove: plan refused: text.", subject and hint on stderr, and returns the exit code.
 */
int cli_fail(const struct cli *c, const struct fault *f);

/* |text| with --dir behind each command in it, when the move is not in the current directory: what an operator reads
 * is what works when it is typed. */
const char *cli_with_dir(const struct cli *c, const char *text, char *out, size_t room);

/* "tenantmove: warning: …" on stderr. */
void cli_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
