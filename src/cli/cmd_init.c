#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "cli/command.h"
#include "move/tenant.h"

enum { YAML_MAX = 64 * 1024 };

/* A word that YAML takes as it is needs no quotes. */
static bool is_plain(const char *text)
{
    static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/-";
    size_t n = strspn(text, safe);
    /* host:9042 and http://… are plain too: only ": " and " #" are not. */
    while (n > 0 && text[n] != '\0' && strchr(":,=@", text[n]) && text[n + 1] != '\0')
        n += 1 + strspn(text + n + 1, safe);
    return n > 0 && text[n] == '\0' && text[0] != '-' && text[0] != '.';
}

static void append_value(struct buf *out, const char *text)
{
    if (is_plain(text)) {
        buf_append_text(out, text);
        return;
    }
    buf_append_char(out, '\'');
    for (; *text; text++) {
        if (*text == '\'')
            buf_append_char(out, '\'');
        buf_append_char(out, *text);
    }
    buf_append_char(out, '\'');
}

/* Paths are written as absolute ones: in move.yaml a relative path would count from DIR. */
static const char *absolute(struct cli *c, const struct option_row *o, const char *value)
{
    static const char embedded[] = "embedded:";
    size_t prefix = 0;
    if (o->kind == OPTION_ADDRESS && strncmp(value, embedded, sizeof embedded - 1) == 0)
        prefix = sizeof embedded - 1;
    else if (o->kind != OPTION_PATH && o->kind != OPTION_SECRET)
        return value;
    char cwd[PATH_MAX];
    if (value[prefix] == '/' || value[prefix] == '\0' || !getcwd(cwd, sizeof cwd))
        return value;
    size_t room = strlen(value) + strlen(cwd) + 2;
    char *out = arena_alloc(&c->arena, room);
    if (out)
        snprintf(out, room, "%.*s%s/%s", (int)prefix, value, cwd, value + prefix);
    return out;
}

static void append_setting(struct cli *c, struct buf *out, const struct option_row *o,
                           const char *value)
{
    buf_printf(out, "\n# %s", o->help);
    if (o->choices)
        buf_printf(out, " (%s)", o->choices);
    buf_append_text(out, "\n");
    if (value) {
        const char *text = absolute(c, o, value);
        buf_printf(out, "%s: ", o->name);
        append_value(out, text ? text : value);
    } else {
        const char *shown =
            o->otherwise[0] && strcmp(o->otherwise, "0") != 0 ? o->otherwise : o->example;
        buf_printf(out, "# %s: ", o->name);
        append_value(out, shown ? shown : "");
    }
    buf_append_text(out, "\n");
}

static void write_yaml(struct cli *c, struct buf *out)
{
    buf_append_text(out, "# The settings of this move. Every key is also an option "
                         "(--cassandra-port) and an environment\n"
                         "# variable (TENANTMOVE_CASSANDRA_PORT), which go before this file. Paths "
                         "count from this directory.\n"
                         "# Lines that begin with # show the default, or an example.\n");
    int count;
    const struct option_row *table = option_table(&count);
    const char *group = "";
    for (int i = 0; i < count; i++) {
        if (table[i].reach != REACH_FILE)
            continue;
        if (strcmp(group, table[i].group) != 0)
            buf_printf(out, "\n# ---- %s ----\n", table[i].group);
        group = table[i].group;
        append_setting(c, out, &table[i], c->given[i]);
    }
}

static bool write_new(const char *path, const struct buf *text, struct fault *f)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    if (fd < 0 && errno == EEXIST) {
        fault_set(f, FAULT_REFUSED, "there is a move.yaml already");
        fault_subject(f, "%s", path);
        return fault_hint(f, "Edit it, or choose another directory: it is never overwritten");
    }
    if (fd < 0)
        return fault_errno(f, errno, "write", path);
    bool ok = write(fd, text->p, text->n) == (ssize_t)text->n;
    int error = errno;
    ok = fsync(fd) == 0 && ok;
    close(fd);
    if (!ok)
        unlink(path);
    return ok || fault_errno(f, error, "write", path);
}

static bool check_ids(const struct settings *s, struct fault *f)
{
    if (s->source[0] && !tenant_id_check("source", s->source, f))
        return false;
    if (s->target[0] && !tenant_id_check("target", s->target, f))
        return false;
    if (s->source[0] && strcmp(s->source, s->target) == 0)
        return fault_set(f, FAULT_USAGE, "source and target are the same organisation");
    return true;
}

static bool make(struct cli *c, const char *dir, struct fault *f)
{
    if (!check_ids(&c->values.settings, f))
        return false;
    if (mkdir(dir, 0750) != 0 && errno != EEXIST)
        return fault_errno(f, errno, "make the move directory", dir);
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s/move.yaml", dir) >= (int)sizeof path)
        return fault_set(f, FAULT_USAGE, "the directory's name is too long");
    struct buf text;
    buf_init(&text, YAML_MAX);
    write_yaml(c, &text);
    bool ok = text.failed ? fault_memory(f) : write_new(path, &text, f);
    buf_fini(&text);
    return ok;
}

int cmd_init(struct cli *c)
{
    const char *dir = c->words[0];
    struct fault f = {0};
    if (!make(c, dir, &f))
        return cli_fail(c, &f);
    const struct settings *s = &c->values.settings;
    int count;
    printf("Wrote %s/move.yaml. Next: ", dir);
    if (!s->cassandra[0] || !s->source[0] || !s->target[0])
        printf("set cassandra, source and target in it");
    else if (s->cassandra_user[0] &&
             !c->given[option_find("cassandra-password-file") - option_table(&count)])
        printf("put the password into a file, name it there");
    else
        printf("look at it");
    printf(", then `tenantmove check --dir %s`.\n", dir);
    return EXIT_DONE;
}
