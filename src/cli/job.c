#include "cli/job.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/config.h"
#include "cli/text.h"
#include "move/tenant.h"

/* A parameter of the old jobs, and the option that it stands for. */
static const char *const same[][2] = {
    {"sunbird_cassandra_server", "cassandra"},
    {"sunbird_cassandra_port", "cassandra-port"},
    {"sunbird_cassandra_username", "cassandra-user"},
    {"source_org_id", "source"},
    {"target_org_id", "target"},
    {"sunbird_sync_api_endpoint", "sync-url"},
};

void job_say(const char *format, ...)
{
    fputs("tenantmove: ", stderr);
    va_list args;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}

static const char *origin_name(enum value_origin origin)
{
    switch (origin) {
    case FROM_FLAG: return "from the parameters";
    case FROM_ENVIRONMENT: return "from the environment";
    case FROM_FILE: return "from move.yaml";
    case FROM_DEFAULT: break;
    }
    return "of the page; source_org_id and target_org_id name others";
}

static int row_of(const char *option)
{
    int count;
    return (int)(option_find(option) - option_table(&count));
}

const char *job_source_origin(const struct job *j)
{
    return origin_name(j->cli.origin[row_of("source")]);
}

void job_say_tenants(const struct job *j)
{
    const struct settings *s = &j->cli.values.settings;
    enum value_origin source = j->cli.origin[row_of("source")],
                      target = j->cli.origin[row_of("target")];
    if (source == target)
        job_say("tenants: %s to %s (%s)", s->source, s->target, origin_name(source));
    else
        job_say("tenants: %s (%s) to %s (%s)", s->source, origin_name(source), s->target,
                origin_name(target));
}

static void warn_unknown(const struct job *j)
{
    if (j->params.ignored > 0)
        cli_warn("--context=… is not used");
    const char *const *known = j->kind->known;
    int count = 0;
    while (known[count])
        count++;
    for (int i = 0; i < j->params.count; i++) {
        const char *key = j->params.v[i].key;
        bool is_known = false;
        for (int k = 0; k < count && !is_known; k++)
            is_known = strcmp(known[k], key) == 0;
        if (is_known)
            continue;
        const char *meant = text_nearest(key, known, count);
        if (meant)
            cli_warn("the parameter %s is not known here and not used; did you mean %s?", key,
                     meant);
        else
            cli_warn("the parameter %s is not known here and not used", key);
    }
}

/* The nearest folder with a move.yaml: the current one, those above it up to the kit's, the kit's.
 */
static bool find_yaml(char *out, size_t room)
{
    const char *named = getenv("TENANTMOVE_DIR"), *kit = getenv("TENANTMOVE_KIT");
    if (named && named[0]) {
        snprintf(out, room, "%s", named);
        return true;
    }
    char dir[PATH_MAX], path[PATH_MAX + 16];
    if (!getcwd(dir, sizeof dir))
        return false;
    size_t kit_length = kit ? strlen(kit) : 0;
    bool inside =
        kit && strncmp(dir, kit, kit_length) == 0 && (dir[kit_length] == '/' || !dir[kit_length]);
    for (;;) {
        snprintf(path, sizeof path, "%s/move.yaml", dir);
        if (access(path, F_OK) == 0) {
            snprintf(out, room, "%s", dir);
            return true;
        }
        char *slash = strrchr(dir, '/');
        if (!inside || !slash || strlen(dir) <= kit_length)
            break;
        *slash = '\0';
    }
    if (!kit || inside)
        return false;
    snprintf(path, sizeof path, "%s/move.yaml", kit);
    snprintf(out, room, "%s", kit);
    return access(path, F_OK) == 0;
}

/* Does |entry| of a list ("sunbird=a,courses=b", or "a" for sunbird's) map |name|? */
static bool maps(const char *entry, size_t n, const char *name)
{
    const char *equals = memchr(entry, '=', n);
    if (!equals)
        return strcmp(name, "sunbird") == 0;
    return strlen(name) == (size_t)(equals - entry) && strncmp(entry, name, strlen(name)) == 0;
}

/* The parameter names one keyspace: that of the services' tables, or of the courses' when it ends as theirs does.
 * The other names stay as the environment or move.yaml has them. */
static bool take_keyspace(struct job *j, struct fault *f)
{
    static const char ending[] = "_courses";
    struct settings *s = &j->cli.values.settings;
    const char *given = context_params_get(&j->params, "sunbird_cassandra_keyspace");
    size_t n = given ? strlen(given) : 0, end = sizeof ending - 1;
    if (n == 0)
        return true;
    if (strpbrk(given, "=,")) {
        s->keyspace = given;
        return true;
    }
    const char *name = n > end && strcmp(given + n - end, ending) == 0 ? "courses" : "sunbird";
    size_t room = n + sizeof "courses=" + strlen(s->keyspace) + 1;
    char *all = arena_alloc(&j->cli.arena, room);
    if (!all)
        return fault_memory(f);
    size_t used = (size_t)snprintf(all, room, "%s=%s", name, given);
    for (const char *at = s->keyspace; *at;) {
        size_t length = strcspn(at, ",");
        if (!maps(at, length, name))
            used += (size_t)snprintf(all + used, room - used, ",%.*s", (int)length, at);
        at += length + (at[length] == ',');
    }
    s->keyspace = all;
    return true;
}

static void give(struct job *j)
{
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++)
        j->cli.given[row_of(same[i][1])] = context_params_get(&j->params, same[i][0]);
}

/* In faults the operator must find the word that was typed. */
static bool rename_subject(struct fault *f)
{
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        if (strncmp(f->subject, "--", 2) == 0 && strcmp(f->subject + 2, same[i][1]) == 0)
            return fault_subject(f, "--context_param %s", same[i][0]);
    }
    return false;
}

/* "" for the user means no login, whatever the environment says. */
static void take_secrets(struct job *j)
{
    struct settings *s = &j->cli.values.settings;
    const char *user = context_params_get(&j->params, "sunbird_cassandra_username");
    const char *password = context_params_get(&j->params, "sunbird_cassandra_password");
    const char *key = context_params_get(&j->params, "sunbird_sync_api_key");
    if (password && password[0])
        s->cassandra_password = password;
    if (user && !user[0])
        s->cassandra_password = "";
    if (key)
        s->sync_key = key;
}

/* A parameter that is given and empty (a variable of a shell that was not set) is no wish for the page's. */
static void default_tenants(struct job *j)
{
    struct settings *s = &j->cli.values.settings;
    if (j->cli.origin[row_of("source")] == FROM_DEFAULT &&
        j->cli.origin[row_of("target")] == FROM_DEFAULT) {
        s->source = JOB_PAGE_SOURCE;
        s->target = JOB_PAGE_TARGET;
    }
}

static bool read_settings(struct job *j, struct fault *f)
{
    struct settings *s = &j->cli.values.settings;
    char dir[PATH_MAX];
    bool has_yaml = find_yaml(dir, sizeof dir);
    give(j);
    if (!config_read(&j->cli, has_yaml ? dir : NULL, f))
        return rename_subject(f);
    if (has_yaml)
        job_say("settings from %s/move.yaml too", dir);
    take_secrets(j);
    if (!take_keyspace(j, f))
        return false;
    default_tenants(j);
    if (!j->kind->needs_move)
        return true;
    if (!s->cassandra[0]) {
        fault_set(f, FAULT_USAGE, "sunbird_cassandra_server is not given");
        return fault_hint(
            f, "--context_param sunbird_cassandra_server=HOST, or cassandra: HOST in move.yaml");
    }
    if (!s->source[0] || (j->kind->needs_target && !s->target[0])) {
        fault_set(f, FAULT_USAGE,
                  s->source[0] || s->target[0] ? "only one of the two tenants is given"
                                               : "the tenants are given, and empty");
        return fault_hint(
            f, "Give both: --context_param source_org_id=ID --context_param target_org_id=ID");
    }
    if (!tenant_id_check("source", s->source, f) || !tenant_id_check("target", s->target, f))
        return false;
    return config_secrets(&j->cli, f);
}

bool job_init(struct job *j, const struct job_kind *kind, int argc, char **argv, struct fault *f)
{
    *j = (struct job){.kind = kind};
    /* The settings are those of `check`: every one. */
    j->command = (struct command){.name = kind->name, .bit = COMMAND_CHECK};
    cli_init(&j->cli);
    j->cli.command = &j->command;
    bool ok = context_params_parse(&j->params, argc, argv, f);
    context_params_wipe(argc, argv);
    if (!ok)
        return false;
    warn_unknown(j);
    const char *dry = context_params_get(&j->params, "dry_run");
    if (dry) {
        j->dry_given = true;
        if (!context_param_boolean("dry_run", dry, &j->dry, f))
            return false;
    }
    return read_settings(j, f);
}

void job_fini(struct job *j)
{
    context_params_fini(&j->params);
    cli_fini(&j->cli);
}
