#include "cli/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "cli/command.h"
#include "cli/secret.h"
#include "move/yaml_flat.h"

struct from_file {
    struct cli *c;
    const char *dir;
    const char *path;
    bool seen[OPTION_ROWS_MAX];
};

static int row_number(const struct option_row *o)
{
    int count;
    return (int)(o - option_table(&count));
}

/* |value| with |dir| before it, when it is a relative path. */
static const char *from_dir(struct cli *c, const struct option_row *o, const char *dir,
                            const char *value)
{
    static const char embedded[] = "embedded:";
    size_t prefix = 0;
    if (o->kind == OPTION_ADDRESS && strncmp(value, embedded, sizeof embedded - 1) == 0)
        prefix = sizeof embedded - 1;
    bool is_path = o->kind == OPTION_PATH || o->kind == OPTION_SECRET || prefix > 0;
    if (!is_path || value[prefix] == '/' || value[prefix] == '\0' || strcmp(dir, ".") == 0)
        return value;
    size_t room = strlen(value) + strlen(dir) + 2;
    char *joined = arena_alloc(&c->arena, room);
    if (joined)
        snprintf(joined, room, "%.*s%s/%s", (int)prefix, value, dir, value + prefix);
    return joined;
}

static bool set_value(struct cli *c, const struct option_row *o, const char *value,
                      enum value_origin origin, struct fault *f)
{
    if (!value)
        return fault_memory(f);
    if (o->kind == OPTION_SECRET && value[0] != '\0') {
        value = secret_from_file(c, value, f);
        if (!value)
            return false;
    }
    c->origin[row_number(o)] = origin;
    return option_set(o, &c->values, value, f);
}

static bool unknown_key(const char *key, struct fault *f)
{
    int count;
    const struct option_row *table = option_table(&count);
    for (int i = 0; i < count; i++) {
        char secret[80];
        option_secret_name(&table[i], secret);
        if (table[i].kind == OPTION_SECRET && strcmp(secret, key) == 0) {
            fault_set(f, FAULT_USAGE, "a secret does not belong into move.yaml: %s", key);
            return fault_hint(f, "Put it into a file of its own and write %s: FILE", table[i].name);
        }
    }
    const char *meant = option_nearest(key, COMMAND_INIT);
    fault_set(f, FAULT_USAGE, "move.yaml has a key that is not known: %s", key);
    if (meant && option_find(meant)->reach == REACH_FILE)
        return fault_hint(f, "Did you mean %s?", meant);
    return fault_hint(f, "All keys: tenantmove help settings");
}

static bool file_value(void *context, const char *key, const char *value, int line, struct fault *f)
{
    struct from_file *from = context;
    struct cli *c = from->c;
    const struct option_row *o = option_find(key);
    bool ok;
    if (!o || o->reach != REACH_FILE) {
        ok = unknown_key(key, f);
    } else if (from->seen[row_number(o)]) {
        ok = fault_set(f, FAULT_USAGE, "%s is set twice", key);
    } else {
        from->seen[row_number(o)] = true;
        char *copy = arena_text(&c->arena, bytes_of(value));
        ok = copy || fault_memory(f);
        /* A key with nothing behind it is one that is not set. */
        if (ok && copy[0] != '\0' && c->origin[row_number(o)] == FROM_DEFAULT)
            ok = set_value(c, o, from_dir(c, o, from->dir, copy), FROM_FILE, f);
    }
    if (!ok && f->subject[0] == '\0')
        fault_subject(f, "%s:%d", from->path, line);
    return ok;
}

static bool read_file(struct cli *c, const char *dir, struct fault *f)
{
    struct stat st;
    if (stat(dir, &st) != 0 || !S_ISDIR(st.st_mode)) {
        fault_set(f, FAULT_USAGE, "there is no move directory %s", dir);
        return fault_hint(
            f, "Make one: tenantmove init %s --cassandra HOST --source ID --target ID", dir);
    }
    size_t room = strlen(dir) + sizeof "/move.yaml";
    char *path = arena_alloc(&c->arena, room);
    if (!path)
        return fault_memory(f);
    snprintf(path, room, "%s/move.yaml", dir);
    if (access(path, F_OK) != 0)
        return true;
    struct from_file from = {.c = c, .dir = dir, .path = path};
    return yaml_flat_read(path, file_value, &from, f);
}

static bool flags_and_environment(struct cli *c, struct fault *f)
{
    int count;
    const struct option_row *table = option_table(&count);
    for (int i = 0; i < count; i++) {
        const struct option_row *o = &table[i];
        if (!(o->commands & (int)c->command->bit))
            continue;
        /* init only writes down where the secret will be. */
        if (c->command->bit == COMMAND_INIT && o->kind == OPTION_SECRET)
            continue;
        char name[80];
        option_environment_name(o, name);
        const char *environment =
            o->reach == REACH_FLAG || c->command->bit == COMMAND_INIT ? NULL : getenv(name);
        if (c->given[i]) {
            if (!set_value(c, o, c->given[i], FROM_FLAG, f))
                return f->subject[0] ? false : fault_subject(f, "--%s", o->name);
        } else if (environment && environment[0] != '\0') {
            if (!set_value(c, o, environment, FROM_ENVIRONMENT, f))
                return f->subject[0] ? false : fault_subject(f, "%s", name);
        }
    }
    return true;
}

/* TENANTMOVE_CASSANDRA_PASSWORD itself; a file named by a flag or by …_FILE goes before it. */
static bool secrets_from_environment(struct cli *c, struct fault *f)
{
    int count;
    const struct option_row *table = option_table(&count);
    for (int i = 0; i < count; i++) {
        char name[80];
        if (table[i].kind != OPTION_SECRET || c->origin[i] != FROM_DEFAULT)
            continue;
        option_environment_name(&table[i], name);
        name[strlen(name) - strlen("_FILE")] = '\0';
        const char *value = getenv(name);
        if (!value || value[0] == '\0')
            continue;
        value = cli_keep_secret(c, value, strlen(value));
        if (!value)
            return fault_memory(f);
        c->origin[i] = FROM_ENVIRONMENT;
        option_set(&table[i], &c->values, value, NULL);
    }
    return true;
}

struct login {
    const char *server;
    const char *option;
    const char *user;
    const char **password;
};

static void check_key(const struct settings *s)
{
    const char *path =
        s->cassandra_key_file[0] ? s->cassandra_key_file : s->cassandra_certificate_file;
    if (s->cassandra_tls && path[0])
        secret_check_readers(path);
}

/* A user without a password is asked for it, where there is somebody to ask. */
static bool ask_passwords(struct cli *c, struct fault *f)
{
    struct settings *s = &c->values.settings;
    const struct login logins[] = {
        {s->cassandra, "cassandra", s->cassandra_user, &s->cassandra_password},
        {s->neo4j, "neo4j", s->neo4j_user, &s->neo4j_password},
        {s->elasticsearch, "elasticsearch", s->elasticsearch_user, &s->elasticsearch_password},
    };
    for (size_t i = 0; i < sizeof logins / sizeof logins[0]; i++) {
        const struct login *l = &logins[i];
        if (l->server[0] == '\0' || l->user[0] == '\0' || (*l->password)[0] != '\0')
            continue;
        char what[128];
        snprintf(what, sizeof what, "%s password for %.80s", l->option, l->user);
        *l->password = secret_from_terminal(c, what, f);
        if (!*l->password) {
            *l->password = "";
            if (f->code == FAULT_INTERRUPTED)
                return false;
            return fault_hint(f, "Put it into a file and set %s-password-file", l->option);
        }
    }
    return true;
}

bool config_secrets(struct cli *c, struct fault *f)
{
    check_key(&c->values.settings);
    return ask_passwords(c, f);
}

static bool behind_flags(struct cli *c, const char *dir, struct fault *f)
{
    return secrets_from_environment(c, f) && (!dir || read_file(c, dir, f));
}

bool config_read(struct cli *c, const char *dir, struct fault *f)
{
    return flags_and_environment(c, f) && behind_flags(c, dir, f);
}

bool config_resolve(struct cli *c, struct fault *f)
{
    if (!flags_and_environment(c, f))
        return false;
    if (!(c->command->bit & COMMANDS_CONNECT))
        return true;
    return behind_flags(c, c->values.settings.dir, f) && config_complete(c, f) &&
           config_secrets(c, f);
}

bool config_complete(const struct cli *c, struct fault *f)
{
    const struct settings *s = &c->values.settings;
    const char *const needed[][2] = {
        {s->cassandra, "cassandra"}, {s->source, "source"}, {s->target, "target"}};
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
        if (needed[i][0][0] != '\0')
            continue;
        fault_set(f, FAULT_USAGE, "%s is not set", needed[i][1]);
        fault_subject(f, "%s/move.yaml", s->dir);
        return fault_hint(
            f, "Write it into move.yaml, say --%s %s, or name another move directory with --dir",
            needed[i][1], option_find(needed[i][1])->value);
    }
    return true;
}
