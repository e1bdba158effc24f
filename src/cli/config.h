/* cli/config.h: where each value comes from: a flag, the environment, move.yaml, or the default; in
 * this order. */
#ifndef CLI_CONFIG_H
#define CLI_CONFIG_H

#include <stdbool.h>

#include "cli/cli.h"

/* Fills c->values for c->command from c->given, the environment and, when |dir| is not NULL,
 * |dir|/move.yaml. FAULT_USAGE: an unknown key (with the one that was meant), a wrong value, a
 * secret written into the file, no such directory; the subject says where: "rj-move/move.yaml:7",
 * "TENANTMOVE_CASSANDRA_PORT", "--limit". */
bool config_read(struct cli *c, const char *dir, struct fault *f);

/* What a move cannot do without: cassandra, source, target. FAULT_USAGE. */
bool config_complete(const struct cli *c, struct fault *f);

/* Warns of a private key that others may read; asks on the terminal for the password of every login
 * that has none. FAULT_USAGE where there is no terminal. */
bool config_secrets(struct cli *c, struct fault *f);

/* All of these, as far as c->command needs them. */
bool config_resolve(struct cli *c, struct fault *f);

#endif
