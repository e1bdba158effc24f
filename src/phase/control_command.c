#include "phase/control_command.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/milliseconds.h"

static const struct setting {
    const char *name;
    const char *unit;
    size_t offset;
    int most;
    bool is_ms;
} settings[] = {
    {"max-rate", "rows per second", offsetof(struct control_command, max_rate), CONTROL_RATE_MAX,
     false},
    {"max-latency", "milliseconds", offsetof(struct control_command, max_latency_us),
     CONTROL_LATENCY_MAX, true},
    {"in-flight", "requests", offsetof(struct control_command, in_flight), CONTROL_IN_FLIGHT_MAX,
     false},
};
enum { SETTINGS = sizeof settings / sizeof settings[0] };

static int *value_of(struct control_command *c, const struct setting *s)
{
    return (int *)(void *)((char *)c + s->offset);
}

/* The next word of |line|, which begins behind it afterwards. */
static struct bytes next_word(struct bytes *line)
{
    while (line->n > 0 && *line->p == ' ')
        *line = (struct bytes){line->p + 1, line->n - 1};
    size_t n = 0;
    while (n < line->n && line->p[n] != ' ')
        n++;
    struct bytes word = {line->p, n};
    *line = (struct bytes){line->p + n, line->n - n};
    return word;
}

static bool read_number(struct bytes text, int most, int *out)
{
    long long v = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return false;
        v = v * 10 + (text.p[i] - '0');
        if (v > most)
            return false;
    }
    *out = (int)v;
    return text.n > 0;
}

static bool unknown(struct bytes word, struct fault *f)
{
    fault_set(f, FAULT_USAGE, "control does not know \"%.*s\"", (int)(word.n < 60 ? word.n : 60),
              (const char *)word.p);
    return fault_hint(f, "It knows: pause, resume, status, set max-rate=N max-latency=MS "
                         "in-flight=N");
}

static bool take_setting(struct bytes word, struct control_command *c, struct fault *f)
{
    const uint8_t *equals = memchr(word.p, '=', word.n);
    size_t n = equals ? (size_t)(equals - word.p) : word.n;
    for (int i = 0; i < SETTINGS; i++) {
        const struct setting *s = &settings[i];
        if (!bytes_are((struct bytes){word.p, n}, s->name))
            continue;
        struct bytes text = bytes_null();
        if (equals)
            text = (struct bytes){equals + 1, word.n - n - 1};
        if (s->is_ms ? milliseconds_parse(text, s->most, value_of(c, s))
                     : read_number(text, s->most, value_of(c, s)))
            return true;
        fault_set(f, FAULT_USAGE, "%s must be a number of %s, from 0 to %d", s->name, s->unit,
                  s->most);
        return fault_hint(f, "For example: tenantmove control set %s=%d", s->name,
                          s->most > 1000 ? 1000 : 64);
    }
    return unknown(word, f);
}

static bool take_settings(struct bytes line, struct control_command *c, struct fault *f)
{
    struct bytes word = next_word(&line);
    if (word.n == 0) {
        fault_set(f, FAULT_USAGE, "control set needs what to set");
        return fault_hint(f, "For example: tenantmove control set max-rate=1000");
    }
    for (; word.n > 0; word = next_word(&line))
        if (!take_setting(word, c, f))
            return false;
    return true;
}

bool control_parse(struct bytes line, struct control_command *out, struct fault *f)
{
    static const char *const verbs[] = {"status", "pause", "resume", "set"};
    *out = (struct control_command){.max_rate = -1, .max_latency_us = -1, .in_flight = -1};
    struct bytes verb = next_word(&line);
    int v = 0;
    while (v <= CONTROL_SET && !bytes_are(verb, verbs[v]))
        v++;
    if (v > CONTROL_SET)
        return unknown(verb, f);
    out->verb = (enum control_verb)v;
    if (out->verb == CONTROL_SET)
        return take_settings(line, out, f);
    struct bytes more = next_word(&line);
    if (out->verb == CONTROL_STATUS && bytes_are(more, "json")) {
        out->json = true;
        more = next_word(&line);
    }
    return more.n == 0 || unknown(more, f);
}

void control_words(const struct control_command *c, char out[CONTROL_LINE_MAX])
{
    static const char *const verbs[] = {"status", "pause", "resume", ""};
    struct control_command copy = *c;
    int n = snprintf(out, CONTROL_LINE_MAX, "%s", verbs[c->verb]);
    for (int i = 0; i < SETTINGS && c->verb == CONTROL_SET; i++) {
        int v = *value_of(&copy, &settings[i]);
        char text[MILLISECONDS_TEXT];
        if (v < 0 || n >= CONTROL_LINE_MAX)
            continue;
        if (settings[i].is_ms)
            milliseconds_print(v, text);
        else
            snprintf(text, sizeof text, "%d", v);
        n += snprintf(out + n, (size_t)(CONTROL_LINE_MAX - n), "%s%s=%s", n ? " " : "",
                      settings[i].name, text);
    }
}
