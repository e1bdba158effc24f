#include "cli/cli.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"

enum { CLI_ARENA_MAX = 16 * 1024 * 1024 };

void cli_init(struct cli *c)
{
    *c = (struct cli){0};
    arena_init(&c->arena, CLI_ARENA_MAX);
    option_defaults(&c->values);
}

void cli_fini(struct cli *c)
{
    for (int i = 0; i < c->secret_count; i++) {
        explicit_bzero(c->secrets[i], strlen(c->secrets[i]));
        free(c->secrets[i]);
    }
    c->secret_count = 0;
    arena_fini(&c->arena);
}

char *cli_keep_secret(struct cli *c, const char *text, size_t n)
{
    if (c->secret_count == CLI_SECRETS_MAX)
        return NULL;
    char *copy = malloc(n + 1);
    if (!copy)
        return NULL;
    memcpy(copy, text, n);
    copy[n] = '\0';
    c->secrets[c->secret_count++] = copy;
    return copy;
}

enum exit_code cli_exit_code(enum fault_code code)
{
    switch (code) {
    case FAULT_NONE: return EXIT_DONE;
    case FAULT_USAGE: return EXIT_USAGE;
    case FAULT_REFUSED:
    case FAULT_UNREACHABLE:
    case FAULT_DENIED:
    case FAULT_UNSUPPORTED:
    case FAULT_SCHEMA:
    case FAULT_DAMAGED: return EXIT_REFUSED;
    case FAULT_TIMEOUT:
    case FAULT_UNAVAILABLE:
    case FAULT_SERVER:
    case FAULT_TOO_MANY:
    case FAULT_DISK_FULL:
    case FAULT_IO:
    case FAULT_PROTOCOL: return EXIT_ERRORS;
    case FAULT_INTERRUPTED: return EXIT_INTERRUPTED;
    case FAULT_MEMORY:
    case FAULT_INTERNAL: return EXIT_INTERNAL;
    }
    return EXIT_INTERNAL;
}

static const char *ending(enum fault_code code)
{
    switch (cli_exit_code(code)) {
    case EXIT_REFUSED:
        return code == FAULT_UNREACHABLE || code == FAULT_DENIED ? "failed" : "refused";
    case EXIT_INTERRUPTED: return "stopped";
    case EXIT_ERRORS: return code == FAULT_TOO_MANY ? "stopped" : "failed";
    case EXIT_USAGE:
    case EXIT_DONE:
    case EXIT_SOME_ROWS:
    case EXIT_INTERNAL: break;
    }
    return "failed";
}

static size_t word_length(const char *text)
{
    return strspn(text, "abcdefghijklmnopqrstuvwxyz-");
}

/* The length of "apply" or "plan --again" at |text|; 0: not a command that takes --dir, or it has one. */
static size_t command_length(const char *text)
{
    char name[16];
    size_t n = word_length(text);
    if (n == 0 || n >= sizeof name)
        return 0;
    memcpy(name, text, n);
    name[n] = '\0';
    const struct command *command = command_find(name);
    if (!command || !((int)command->bit & COMMANDS_DIR))
        return 0;
    while (strncmp(text + n, " --", 3) == 0 && strncmp(text + n, " --dir ", 7) != 0)
        n += 1 + word_length(text + n + 1);
    return strncmp(text + n, " --dir ", 7) == 0 ? 0 : n;
}

/* Appends to what |out| has; what does not fit is cut. */
static size_t put(char *out, size_t room, size_t at, const char *text, size_t n)
{
    if (n > room - 1 - at)
        n = room - 1 - at;
    memcpy(out + at, text, n);
    out[at + n] = '\0';
    return at + n;
}

const char *cli_with_dir(const struct cli *c, const char *text, char *out, size_t room)
{
    static const char program[] = "tenantmove ";
    const char *dir = c && c->command && command_find(c->command->name) == c->command
                          ? c->values.settings.dir
                          : ".";
    const char *at;
    size_t n = 0;
    while (strcmp(dir, ".") != 0 && (at = strstr(text, program)) != NULL) {
        const char *command = at + sizeof program - 1;
        size_t words = command_length(command);
        n = put(out, room, n, text, (size_t)(command + words - text));
        if (words > 0) {
            n = put(out, room, n, " --dir ", sizeof " --dir " - 1);
            n = put(out, room, n, dir, strlen(dir));
        }
        text = command + words;
    }
    put(out, room, n, text, strlen(text));
    return out;
}

int cli_fail(const struct cli *c, const struct fault *f)
{
    struct fault unsaid = {.code = FAULT_INTERNAL,
                           .text = "it failed, and does not know why: a mistake of tenantmove"};
    if (f->code == FAULT_NONE)
        f = &unsaid; /* a failure that nobody described is no success */
    /* What a server said may have its own full stop. */
    size_t n = strlen(f->text);
    const char *stop = n > 0 && f->text[n - 1] == '.' ? "" : ".";
    fflush(stdout);
    if (f->code == FAULT_USAGE || !c || !c->command)
        fprintf(stderr, "tenantmove: %s%s\n", f->text, stop);
    else
        fprintf(stderr, "tenantmove: %s %s: %s%s\n", c->command->name, ending(f->code), f->text,
                stop);
    if (f->subject[0])
        fprintf(stderr, "  %s\n", f->subject);
    char hint[2 * PATH_MAX];
    if (f->hint[0])
        fprintf(stderr, "  %s\n", cli_with_dir(c, f->hint, hint, sizeof hint));
    return cli_exit_code(f->code);
}

void cli_warn(const char *format, ...)
{
    fflush(stdout);
    fputs("tenantmove: warning: ", stderr);
    va_list args;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}
