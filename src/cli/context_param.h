/* cli/context_param.h: the arguments of the old Talend jobs, as Sunbird's page prints them and
 * people type them. Pure.
 *
 *   --context_param dry_run="true" --context_param
 * sunbird_cassandra_keyspace="sunbird"--context_param sunbird_output_file="x"
 *
 * Taken as well: the missing blank above, a doubled --context_param, --context_param=key=value,
 * key=value alone. Owns     a copy of every word, which context_params_fini wipes.
 */
#ifndef CLI_CONTEXT_PARAM_H
#define CLI_CONTEXT_PARAM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/fault.h"

enum { CONTEXT_PARAMS_MAX = 64, CONTEXT_BYTES_MAX = 256 * 1024 };

struct context_param {
    const char *key;
    const char *value; /* may be "" */
};

struct context_params {
    struct context_param v[CONTEXT_PARAMS_MAX];
    int count;
    int ignored; /* words like --context=Default, which the old launcher knew */
    char *text;
    size_t bytes;
};

/* FAULT_USAGE for a word that is no key=value (a value with a blank that was not quoted), a key
 * that is no name, a
 * --context_param at the end, a placeholder of the page that was not replaced
 * ({cassandra-server-host}). No fault shows a value. |p| must be fini'd in any case. */
bool context_params_parse(struct context_params *p, int argc, char *const *argv, struct fault *f);
void context_params_fini(struct context_params *p);

/* The last value given for |key|, or NULL. */
const char *context_params_get(const struct context_params *p, const char *key);

/* true, True, TRUE, false …; nothing else is guessed. FAULT_USAGE. */
bool context_param_boolean(const char *key, const char *value, bool *out, struct fault *f);

/* Overwrites passwords and keys in the process's own arguments, where every user of the machine can
 * read them. */
void context_params_wipe(int argc, char **argv);

#endif
