#include "cli/context_param.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char FLAG[] = "--context_param";
enum { FLAG_LENGTH = sizeof FLAG - 1 };

static const char *const secrets[] = {"sunbird_cassandra_password", "sunbird_sync_api_key"};
enum { SECRETS = sizeof secrets / sizeof secrets[0] };

static bool is_secret(const char *key, size_t n)
{
    for (size_t i = 0; i < SECRETS; i++) {
        if (strlen(secrets[i]) == n && strncasecmp(secrets[i], key, n) == 0)
            return true;
    }
    return false;
}

/* Wherever it stands in a word: a blank may be missing before it. */
void context_params_wipe(int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        for (size_t k = 0; k < SECRETS; k++) {
            char *value = strcasestr(argv[i], secrets[k]);
            value = value ? strchr(value, '=') : NULL;
            if (value)
                explicit_bzero(value + 1, strlen(value + 1));
        }
    }
}

static bool copy_words(struct context_params *p, int argc, char *const *argv, struct fault *f)
{
    size_t n = 1;
    for (int i = 0; i < argc; i++) {
        size_t length = strlen(argv[i]) + 1;
        if (length > CONTEXT_BYTES_MAX - n)
            return fault_set(f, FAULT_USAGE, "the arguments are longer than %d bytes",
                             CONTEXT_BYTES_MAX);
        n += length;
    }
    p->text = malloc(n);
    if (!p->text)
        return fault_memory(f);
    p->bytes = n;
    char *to = p->text;
    for (int i = 0; i < argc; i++)
        to = stpcpy(to, argv[i]) + 1;
    return true;
}

static bool is_name(const char *key, size_t n)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
    return n > 0 && strspn(key, letters) == n;
}

static bool is_placeholder(const char *key, const char *value)
{
    return value[0] == '{' && strchr(value, '}') && !is_secret(key, strlen(key));
}

/* Takes one "key=value", cutting it up in its own bytes. What follows a glued --context_param is
 * left in |*rest|; NULL: nothing is glued; "": the next word is a key=value. */
static bool take_pair(struct context_params *p, char *word, int position, char **rest,
                      struct fault *f)
{
    char *equals = strchr(word, '=');
    *rest = NULL;
    if (!equals || !is_name(word, (size_t)(equals - word))) {
        if (p->count > 0)
            fault_set(f, FAULT_USAGE, "word %d, behind the value of %s, is not key=value", position,
                      p->v[p->count - 1].key);
        else
            fault_set(f, FAULT_USAGE, "word %d is not key=value", position);
        return fault_hint(
            f, "A value with a blank in it must stand in quotes: --context_param key=\"a b\"");
    }
    *equals = '\0';
    char *value = equals + 1;
    for (char *glued = strstr(value, FLAG); glued; glued = strstr(glued + 1, FLAG)) {
        if (glued[FLAG_LENGTH] != '\0' && glued[FLAG_LENGTH] != '=')
            continue;
        *rest = glued + FLAG_LENGTH + (glued[FLAG_LENGTH] == '=');
        *glued = '\0';
        break;
    }
    if (is_placeholder(word, value)) {
        fault_set(f, FAULT_USAGE, "%s still has the page's placeholder", word);
        return fault_hint(f, "Put your own value in place of %s", value);
    }
    if (p->count == CONTEXT_PARAMS_MAX)
        return fault_set(f, FAULT_USAGE, "there are more than %d parameters", CONTEXT_PARAMS_MAX);
    p->v[p->count++] = (struct context_param){word, value};
    return true;
}

bool context_params_parse(struct context_params *p, int argc, char *const *argv, struct fault *f)
{
    *p = (struct context_params){0};
    if (!copy_words(p, argc, argv, f))
        return false;
    char *word = p->text;
    bool expects_pair = false;
    for (int i = 0; i < argc; word += strlen(argv[i++]) + 1) {
        char *pair = word;
        if (strcmp(word, FLAG) == 0) {
            expects_pair = true;
            continue;
        }
        if (strncmp(word, FLAG, FLAG_LENGTH) == 0 && word[FLAG_LENGTH] == '=') {
            pair = word + FLAG_LENGTH + 1;
        } else if (strncmp(word, "--context=", 10) == 0) {
            p->ignored++;
            continue;
        }
        expects_pair = false;
        while (pair) {
            char *rest;
            if (!take_pair(p, pair, i + 1, &rest, f))
                return false;
            expects_pair = rest && *rest == '\0';
            pair = rest && *rest ? rest : NULL;
        }
    }
    if (expects_pair)
        return fault_set(f, FAULT_USAGE, "the last --context_param has no key=value behind it");
    return true;
}

void context_params_fini(struct context_params *p)
{
    if (p->text)
        explicit_bzero(p->text, p->bytes);
    free(p->text);
    *p = (struct context_params){0};
}

const char *context_params_get(const struct context_params *p, const char *key)
{
    for (int i = p->count; i-- > 0;) {
        if (strcmp(p->v[i].key, key) == 0)
            return p->v[i].value;
    }
    return NULL;
}

bool context_param_boolean(const char *key, const char *value, bool *out, struct fault *f)
{
    bool is_true = strcasecmp(value, "true") == 0;
    if (!is_true && strcasecmp(value, "false") != 0)
        return fault_set(f, FAULT_USAGE, "%s must be true or false, not \"%s\"", key, value);
    *out = is_true;
    return true;
}
