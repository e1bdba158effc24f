#include "move/yaml_tree.h"

#include <stdarg.h>
#include <stdio.h>

#include <yaml.h>

struct reader {
    yaml_parser_t parser;
    const char *source_name;
    struct bytes yaml;
    struct arena *arena;
    struct fault *fault;
    int nodes;
};

bool yaml_fault(struct fault *f, const char *source_name, int line, const char *format, ...)
{
    char text[FAULT_TEXT_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    fault_set(f, FAULT_USAGE, "%s", text);
    return fault_subject(f, "%s:%d", source_name, line);
}

/* libyaml gives bytes that are not UTF-8 an offset, and everything else a line. */
static int error_line(const struct reader *r)
{
    if (r->parser.error != YAML_READER_ERROR)
        return (int)r->parser.problem_mark.line + 1;
    int line = 1;
    for (size_t i = 0; i < r->yaml.n && i < r->parser.problem_offset; i++)
        line += r->yaml.p[i] == '\n';
    return line;
}

static bool next_event(struct reader *r, yaml_event_t *e)
{
    if (yaml_parser_parse(&r->parser, e))
        return true;
    if (r->parser.error == YAML_MEMORY_ERROR)
        return fault_memory(r->fault);
    const char *problem = r->parser.problem ? r->parser.problem : "it cannot be read";
    return yaml_fault(r->fault, r->source_name, error_line(r), "not YAML: %s", problem);
}

static bool is_null(const yaml_event_t *e)
{
    struct bytes text = {e->data.scalar.value, e->data.scalar.length};
    return e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
           (text.n == 0 || bytes_are(text, "~") || bytes_are(text, "null"));
}

/* Anchors could make a small text a huge tree, and tags could mean anything: a profile needs
 * neither. */
static bool check_plain(struct reader *r, const yaml_event_t *e, int line)
{
    const yaml_char_t *anchor = NULL, *tag = NULL;
    if (e->type == YAML_SCALAR_EVENT) {
        anchor = e->data.scalar.anchor;
        tag = e->data.scalar.tag;
    } else if (e->type == YAML_SEQUENCE_START_EVENT) {
        anchor = e->data.sequence_start.anchor;
        tag = e->data.sequence_start.tag;
    } else if (e->type == YAML_MAPPING_START_EVENT) {
        anchor = e->data.mapping_start.anchor;
        tag = e->data.mapping_start.tag;
    }
    if (anchor || e->type == YAML_ALIAS_EVENT)
        return yaml_fault(r->fault, r->source_name, line,
                          "anchors and aliases (&name, *name) are not allowed here");
    if (tag)
        return yaml_fault(r->fault, r->source_name, line, "tags (!name) are not allowed here");
    return true;
}

static struct yaml_node *new_node(struct reader *r, const yaml_event_t *e)
{
    int line = (int)e->start_mark.line + 1;
    if (!check_plain(r, e, line))
        return NULL;
    if (++r->nodes > YAML_NODES_MAX) {
        yaml_fault(r->fault, r->source_name, line, "more than %d entries", YAML_NODES_MAX);
        return NULL;
    }
    struct yaml_node *node = arena_alloc(r->arena, sizeof *node);
    bool ok = node != NULL;
    if (ok) {
        node->line = line;
        node->kind = e->type == YAML_SEQUENCE_START_EVENT  ? YAML_LIST
                     : e->type == YAML_MAPPING_START_EVENT ? YAML_MAP
                                                           : YAML_TEXT;
    }
    if (ok && e->type == YAML_SCALAR_EVENT && !is_null(e)) {
        node->text =
            arena_copy(r->arena, (struct bytes){e->data.scalar.value, e->data.scalar.length});
        ok = !bytes_are_null(node->text);
    }
    if (!ok)
        fault_memory(r->fault);
    return ok ? node : NULL;
}

static bool check_key(struct reader *r, const struct yaml_node *map, const struct yaml_node *key)
{
    if (key->kind != YAML_TEXT || bytes_are_null(key->text))
        return yaml_fault(r->fault, r->source_name, key->line, "a key must be a plain word");
    for (const struct yaml_node *n = map->first; n; n = n->next)
        if (bytes_equal(n->key, key->text))
            return yaml_fault(r->fault, r->source_name, key->line,
                              "the key \"%.*s\" stands twice, first in line %d",
                              (int)(key->text.n < 64 ? key->text.n : 64), (const char *)key->text.p,
                              n->line);
    return true;
}

static struct yaml_node *read_node(struct reader *r, int depth, bool *end);

static bool read_children(struct reader *r, struct yaml_node *parent, int depth)
{
    struct yaml_node **last = &parent->first;
    if (depth > YAML_DEPTH_MAX)
        return yaml_fault(r->fault, r->source_name, parent->line, "nested deeper than %d levels",
                          YAML_DEPTH_MAX);
    for (;;) {
        bool end = false;
        struct yaml_node *node = read_node(r, depth, &end), *key = NULL;
        if (end)
            return true;
        if (node && parent->kind == YAML_MAP) {
            key = node;
            node = check_key(r, parent, key) ? read_node(r, depth, &end) : NULL;
        }
        if (!node)
            return false;
        if (key) {
            node->key = key->text;
            node->line = key->line;
        }
        *last = node;
        last = &node->next;
        parent->count++;
    }
}

/* NULL with |end|: the list or map around it ends here. NULL without: |fault| is set. */
static struct yaml_node *read_node(struct reader *r, int depth, bool *end)
{
    yaml_event_t e;
    if (!next_event(r, &e))
        return NULL;
    *end = e.type == YAML_SEQUENCE_END_EVENT || e.type == YAML_MAPPING_END_EVENT;
    struct yaml_node *node = *end ? NULL : new_node(r, &e);
    yaml_event_delete(&e);
    if (node && node->kind != YAML_TEXT && !read_children(r, node, depth + 1))
        return NULL;
    return node;
}

static bool expect(struct reader *r, yaml_event_type_t type, const char *otherwise)
{
    yaml_event_t e;
    if (!next_event(r, &e))
        return false;
    bool ok = e.type == type;
    if (!ok)
        yaml_fault(r->fault, r->source_name, (int)e.start_mark.line + 1, "%s", otherwise);
    yaml_event_delete(&e);
    return ok;
}

struct yaml_node *yaml_tree_read(struct bytes yaml, const char *source_name, struct arena *a,
                                 struct fault *f)
{
    struct reader r = {.source_name = source_name, .yaml = yaml, .arena = a, .fault = f};
    struct yaml_node *root = NULL;
    bool end = false;
    if (!yaml_parser_initialize(&r.parser)) {
        fault_memory(f);
        return NULL;
    }
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.parser, yaml.p ? yaml.p : (const unsigned char *)"", yaml.n);
    bool ok = expect(&r, YAML_STREAM_START_EVENT, "the text does not begin") &&
              expect(&r, YAML_DOCUMENT_START_EVENT, "the text is empty") &&
              (root = read_node(&r, 0, &end)) != NULL &&
              expect(&r, YAML_DOCUMENT_END_EVENT, "more than one document") &&
              expect(&r, YAML_STREAM_END_EVENT, "more than one document");
    yaml_parser_delete(&r.parser);
    return ok ? root : NULL;
}

const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key)
{
    for (const struct yaml_node *n = map->first; n; n = n->next)
        if (bytes_are(n->key, key))
            return n;
    return NULL;
}
