/* An embedded file in a graph's place. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "embedded/nodes.h"
#include "graph/graph.h"
#include "move/type.h"

enum { PAGE_NODES = 500 };

static const size_t node_bytes_max = (size_t)64 * 1024 * 1024;

struct embedded_graph {
    struct graph graph;
    struct embedded *file;
    struct arena arena; /* of one node */
};

static struct embedded_graph *self(struct graph *g)
{
    return (struct embedded_graph *)(void *)g;
}

static void adapter_free(struct graph *g)
{
    struct embedded_graph *x = self(g);
    embedded_free(x->file);
    arena_fini(&x->arena);
    free(x);
}

static void adapter_about(struct graph *g, struct graph_about *out)
{
    *out = (struct graph_about){.product = "embedded", .endpoint = "file"};
    snprintf(out->address, sizeof out->address, "%.*s", (int)sizeof out->address - 1,
             embedded_path(self(g)->file));
}

static bool read_property(struct embedded_graph *x, int64_t id, struct property *p, struct fault *f)
{
    struct kept_property kept = {.name = p->name, .is_list = p->is_list};
    if (!nodes_read(x->file, id, &kept, &x->arena, f))
        return false;
    p->is_list = kept.is_list;
    p->value = kept.value;
    return true;
}

static bool read_uid(struct embedded_graph *x, int64_t id, const char *id_property,
                     struct bytes *out, struct fault *f)
{
    struct kept_property kept = {.name = id_property};
    if (!nodes_read(x->file, id, &kept, &x->arena, f))
        return false;
    *out = kept.value;
    return true;
}

static void name_property(struct property *p, const char *name, bool is_list)
{
    *p = (struct property){.is_list = is_list};
    snprintf(p->name, sizeof p->name, "%s", name);
}

/* ---- finding ---- */

static bool list_has(struct bytes list, struct bytes wanted)
{
    size_t cursor = 0;
    struct bytes element;
    while (!bytes_are_null(list) && list_next(list, &cursor, &element))
        if (bytes_equal(element, wanted))
            return true;
    return false;
}

static bool matches(const struct graph_find *find, const struct node *n)
{
    for (int i = 0; i < n->property_count; i++) {
        const struct property *p = &n->properties[i];
        if (find->property && !p->is_list && strcmp(p->name, find->property) == 0 &&
            !bytes_are_null(p->value) && bytes_equal(p->value, find->equals))
            return true;
        if (find->list && p->is_list && strcmp(p->name, find->list) == 0 &&
            list_has(p->value, find->contains))
            return true;
    }
    return false;
}

/* Fills |n| with the properties that |find| names. */
static bool load(struct embedded_graph *x, const struct graph_find *find, int64_t id,
                 struct node *n, struct fault *f)
{
    n->id = id;
    n->property_count = 0;
    if (find->property)
        name_property(&n->properties[n->property_count++], find->property, false);
    if (find->list)
        name_property(&n->properties[n->property_count++], find->list, true);
    for (int i = 0; i < n->property_count; i++)
        if (!read_property(x, id, &n->properties[i], f))
            return false;
    return read_uid(x, id, find->id_property, &n->uid, f);
}

static bool adapter_scan(struct graph *g, const struct graph_find *find,
                         bool (*each)(void *context, const struct node *n, struct fault *f),
                         void *context, struct fault *f)
{
    struct embedded_graph *x = self(g);
    struct property properties[2];
    struct node n = {.properties = properties};
    int64_t ids[PAGE_NODES], after = 0;
    int count;
    do {
        if (!nodes_page(x->file, find->label, after, ids, PAGE_NODES, &count, f))
            return false;
        for (int i = 0; i < count; i++) {
            arena_reset(&x->arena);
            if (!load(x, find, ids[i], &n, f))
                return false;
            if (matches(find, &n) && !each(context, &n, f))
                return false;
            after = ids[i];
        }
    } while (count == PAGE_NODES);
    return true;
}

static bool count_one(void *context, const struct node *n, struct fault *f)
{
    uint64_t *count = context;
    (void)n;
    (void)f;
    (*count)++;
    return true;
}

static bool adapter_count(struct graph *g, const struct graph_find *find, uint64_t *matching,
                          uint64_t *all, struct fault *f)
{
    *matching = 0;
    return nodes_count(self(g)->file, find->label, all, f) &&
           adapter_scan(g, find, count_one, matching, f);
}

/* ---- writing ---- */

/* A number that now names another node is not this node. */
static bool find_node(struct embedded_graph *x, const char *label, const char *id_property,
                      const struct node_write *w, bool *there, struct fault *f)
{
    struct bytes uid;
    if (!nodes_exist(x->file, label, w->id, there, f))
        return false;
    if (!*there)
        return true;
    if (!read_uid(x, w->id, id_property, &uid, f))
        return false;
    *there = bytes_equal(uid, w->uid);
    return true;
}

static bool write_node(struct embedded_graph *x, const char *label, const char *id_property,
                       struct node_write *w, struct fault *f)
{
    bool there, is_before = true, is_after = true;
    arena_reset(&x->arena);
    if (!find_node(x, label, id_property, w, &there, f))
        return false;
    w->outcome = NODE_GONE;
    if (!there)
        return true;
    for (int i = 0; i < w->property_count; i++) {
        struct property now;
        name_property(&now, w->before[i].name, w->before[i].is_list);
        if (!read_property(x, w->id, &now, f))
            return false;
        is_before = is_before && bytes_equal(now.value, w->before[i].value);
        is_after = is_after && bytes_equal(now.value, w->after[i].value);
    }
    w->outcome = is_after ? NODE_WAS : is_before ? NODE_DONE : NODE_CONFLICT;
    for (int i = 0; w->outcome == NODE_DONE && i < w->property_count; i++) {
        struct kept_property p = {w->after[i].name, w->after[i].is_list, w->after[i].value};
        if (!nodes_write(x->file, w->id, &p, f))
            return false;
    }
    return true;
}

static bool adapter_write(struct graph *g, const char *label, const char *id_property,
                          struct node_write *writes, int count, struct fault *f)
{
    struct embedded_graph *x = self(g);
    if (count < 1 || count > GRAPH_BATCH_MAX)
        return fault_set(f, FAULT_INTERNAL, "%d nodes in one batch", count);
    if (!embedded_begin(x->file, f))
        return false;
    for (int i = 0; i < count; i++)
        if (!write_node(x, label, id_property, &writes[i], f)) {
            embedded_rollback(x->file);
            return false;
        }
    return embedded_commit(x->file, f);
}

static bool adapter_read(struct graph *g, const char *label, const char *id_property,
                         const struct node_write *keys, int count,
                         bool (*each)(void *context, int i, const struct node *n, struct fault *f),
                         void *context, struct fault *f)
{
    struct embedded_graph *x = self(g);
    struct property properties[GRAPH_PROPERTIES_MAX];
    for (int i = 0; i < count; i++) {
        const struct node_write *w = &keys[i];
        const struct property *names = w->before ? w->before : w->after;
        struct node n = {.uid = w->uid, .id = w->id, .properties = properties};
        bool there;
        arena_reset(&x->arena);
        if (!find_node(x, label, id_property, w, &there, f))
            return false;
        for (int k = 0; there && k < w->property_count && k < GRAPH_PROPERTIES_MAX; k++) {
            name_property(&properties[k], names[k].name, names[k].is_list);
            if (!read_property(x, w->id, &properties[k], f))
                return false;
            n.property_count++;
        }
        if (!each(context, i, there ? &n : NULL, f))
            return false;
    }
    return true;
}

static const struct graph_adapter adapter = {
    .free = adapter_free,
    .about = adapter_about,
    .scan = adapter_scan,
    .count = adapter_count,
    .write = adapter_write,
    .read = adapter_read,
};

struct graph *graph_embedded_open(const char *path, struct fault *f)
{
    struct embedded_graph *x = calloc(1, sizeof *x);
    if (!x) {
        fault_memory(f);
        return NULL;
    }
    x->graph.adapter = &adapter;
    arena_init(&x->arena, node_bytes_max);
    x->file = embedded_open(path, false, f);
    if (!x->file) {
        free(x);
        return NULL;
    }
    return &x->graph;
}
