/* cli/secret.h: passwords and keys: from a file, the environment or a question on the terminal.
 * Never from argv. */
#ifndef CLI_SECRET_H
#define CLI_SECRET_H

#include <stdbool.h>

#include "cli/cli.h"

/* The text of |path| without its line end; kept and wiped by |c|. FAULT_USAGE: no such file, empty,
 * more than a line, too long. A file that others may read is warned of. */
const char *secret_from_file(struct cli *c, const char *path, struct fault *f);

/* Warns of a file that others may read, and that is read elsewhere: a private key. */
void secret_check_readers(const char *path);

/* Asks on the terminal, without echo. FAULT_USAGE when there is no terminal. |what|: "password of
 * cassandra for Cassandra". */
const char *secret_from_terminal(struct cli *c, const char *what, struct fault *f);

#endif
