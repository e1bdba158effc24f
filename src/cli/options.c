#include "cli/options.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/milliseconds.h"
#include "cli/text.h"

enum { NAME_ROOM = 80 };

const struct option_row *option_find(const char *name)
{
    int count;
    const struct option_row *table = option_table(&count);
    for (int i = 0; i < count; i++) {
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
    }
    return NULL;
}

void option_environment_name(const struct option_row *o, char *out)
{
    snprintf(out, NAME_ROOM, "TENANTMOVE_%s", o->name);
    for (char *c = out; *c; c++)
        *c = *c == '-' ? '_' : (char)toupper((unsigned char)*c);
}

void option_secret_name(const struct option_row *o, char *out)
{
    snprintf(out, NAME_ROOM, "%s", o->name);
    size_t n = strlen(out);
    static const char end[] = "-file";
    if (n >= sizeof end && strcmp(out + n - (sizeof end - 1), end) == 0)
        out[n - (sizeof end - 1)] = '\0';
}

bool option_boolean(const char *text, bool *out)
{
    static const char *const yes[] = {"yes", "true", "on", "1"};
    static const char *const no[] = {"no", "false", "off", "0"};
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++) {
        bool is_yes = strcasecmp(text, yes[i]) == 0;
        if (is_yes || strcasecmp(text, no[i]) == 0) {
            *out = is_yes;
            return true;
        }
    }
    return false;
}

static bool set_int(const struct option_row *o, int *out, const char *text, struct fault *f)
{
    char *end;
    errno = 0;
    long v = strtol(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0 || v < o->least || v > o->most) {
        fault_set(f, FAULT_USAGE, "%s must be a number from %d to %d, not \"%s\"", o->name,
                  o->least, o->most, text);
        return false;
    }
    *out = (int)v;
    return true;
}

static bool set_ms(const struct option_row *o, int *out, const char *text, struct fault *f)
{
    return milliseconds_parse(bytes_of(text), o->most, out) ||
           fault_set(f, FAULT_USAGE, "%s must be a number of milliseconds from 0 to %d, not \"%s\"",
                     o->name, o->most, text);
}

/* |choices| are words with a blank between them. */
static bool is_choice(const char *choices, const char *text)
{
    size_t n = strlen(text);
    for (const char *word = choices; *word; word += strspn(word, " ")) {
        size_t length = strcspn(word, " ");
        if (length == n && strncasecmp(word, text, n) == 0)
            return true;
        word += length;
    }
    return false;
}

bool option_set(const struct option_row *o, struct values *v, const char *text, struct fault *f)
{
    char *field = (char *)v + o->offset;
    switch (o->kind) {
    case OPTION_INT: return set_int(o, (int *)(void *)field, text, f);
    case OPTION_MS: return set_ms(o, (int *)(void *)field, text, f);
    case OPTION_FLAG:
        if (!option_boolean(text, (bool *)field))
            return fault_set(f, FAULT_USAGE, "%s must be yes or no, not \"%s\"", o->name, text);
        return true;
    case OPTION_TEXT:
    case OPTION_PATH:
    case OPTION_ADDRESS:
    case OPTION_SECRET: break;
    }
    if (o->choices && !is_choice(o->choices, text))
        return fault_set(f, FAULT_USAGE, "%s must be one of: %s; not \"%s\"", o->name, o->choices,
                         text);
    *(const char **)(void *)field = text;
    return true;
}

void option_defaults(struct values *v)
{
    int count;
    const struct option_row *table = option_table(&count);
    *v = (struct values){0};
    for (int i = 0; i < count; i++)
        option_set(&table[i], v, table[i].otherwise, NULL);
}

const char *option_nearest(const char *name, int commands)
{
    int count;
    const struct option_row *table = option_table(&count);
    const char *names[OPTION_ROWS_MAX];
    int n = 0;
    for (int i = 0; i < count; i++) {
        if (table[i].commands & commands)
            names[n++] = table[i].name;
    }
    return text_nearest(name, names, n);
}
