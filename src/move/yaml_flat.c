#include "move/yaml_flat.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

typedef bool (*each_fn)(void *context, const char *key, const char *value, int line,
                        struct fault *f);

struct reader {
    yaml_parser_t parser;
    const char *path;
    size_t bytes;
    FILE *file;
    bool io_failed;
    each_fn each;
    void *context;
};

static int read_some(void *context, unsigned char *to, size_t room, size_t *got)
{
    struct reader *r = context;
    *got = fread(to, 1, room, r->file);
    r->bytes += *got;
    r->io_failed = ferror(r->file) != 0;
    return !r->io_failed && r->bytes <= YAML_FLAT_BYTES_MAX;
}

static bool wrong(const struct reader *r, size_t line, const char *text, struct fault *f)
{
    fault_set(f, FAULT_USAGE, "%s", text);
    return fault_subject(f, "%s:%zu", r->path, line + 1);
}

static bool next_event(struct reader *r, yaml_event_t *e, struct fault *f)
{
    if (yaml_parser_parse(&r->parser, e))
        return true;
    if (r->io_failed)
        return fault_errno(f, EIO, "read", r->path);
    if (r->bytes > YAML_FLAT_BYTES_MAX) {
        fault_set(f, FAULT_USAGE, "the file is larger than %d bytes", YAML_FLAT_BYTES_MAX);
        return fault_subject(f, "%s", r->path);
    }
    if (r->parser.error == YAML_MEMORY_ERROR)
        return fault_memory(f);
    fault_set(f, FAULT_USAGE, "this is not YAML: %s",
              r->parser.problem ? r->parser.problem : "unknown");
    return fault_subject(f, "%s:%zu", r->path, r->parser.problem_mark.line + 1);
}

static bool is_nothing(const yaml_event_t *e)
{
    const char *text = (const char *)e->data.scalar.value;
    return e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
           (strcmp(text, "~") == 0 || strcmp(text, "null") == 0);
}

/* The value that belongs to |key|, and the call. */
static bool pair(struct reader *r, const yaml_event_t *key, struct fault *f)
{
    yaml_event_t value;
    if (!next_event(r, &value, f))
        return false;
    size_t line = key->start_mark.line;
    bool ok = false;
    if (value.type != YAML_SCALAR_EVENT)
        wrong(r, line, "a value must be one word or string", f);
    else if (strlen((const char *)value.data.scalar.value) != value.data.scalar.length ||
             strlen((const char *)key->data.scalar.value) != key->data.scalar.length)
        wrong(r, line, "a NUL byte is in the text", f);
    else
        ok = r->each(r->context, (const char *)key->data.scalar.value,
                     is_nothing(&value) ? "" : (const char *)value.data.scalar.value, (int)line + 1,
                     f);
    yaml_event_delete(&value);
    return ok;
}

static bool document(struct reader *r, struct fault *f)
{
    for (int depth = 0;;) {
        yaml_event_t e;
        if (!next_event(r, &e, f))
            return false;
        yaml_event_type_t type = e.type;
        bool ok = true;
        if (type == YAML_MAPPING_START_EVENT && depth == 0)
            depth = 1;
        else if (type == YAML_SCALAR_EVENT && depth == 1)
            ok = pair(r, &e, f);
        else if (type == YAML_MAPPING_END_EVENT)
            depth = 2;
        else if (type == YAML_SCALAR_EVENT && e.data.scalar.length == 0)
            depth = 2;
        else if (type == YAML_SCALAR_EVENT || type == YAML_SEQUENCE_START_EVENT ||
                 type == YAML_ALIAS_EVENT || type == YAML_MAPPING_START_EVENT ||
                 (type == YAML_DOCUMENT_START_EVENT && depth > 0))
            ok = wrong(r, e.start_mark.line, "the file must be lines of `key: value`", f);
        yaml_event_delete(&e);
        if (!ok || type == YAML_STREAM_END_EVENT)
            return ok;
    }
}

bool yaml_flat_read(const char *path, each_fn each, void *context, struct fault *f)
{
    struct reader r = {.path = path, .each = each, .context = context};
    r.file = fopen(path, "re");
    if (!r.file)
        return fault_errno(f, errno, "open", path);
    bool ok = false;
    if (!yaml_parser_initialize(&r.parser)) {
        fault_memory(f);
    } else {
        yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
        yaml_parser_set_input(&r.parser, read_some, &r);
        ok = document(&r, f);
        yaml_parser_delete(&r.parser);
    }
    fclose(r.file);
    return ok;
}
