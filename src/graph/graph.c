#include "graph/graph.h"

#include <string.h>

static const char embedded_prefix[] = "embedded:";

struct graph *graph_open(struct loop *loop, const struct graph_options *o, struct fault *f)
{
    size_t n = sizeof embedded_prefix - 1;
    if (o->address && strncmp(o->address, embedded_prefix, n) == 0)
        return graph_embedded_open(o->address + n, f);
    return graph_neo4j_open(loop, o, f);
}

void graph_free(struct graph *g)
{
    if (g)
        g->adapter->free(g);
}

void graph_about(struct graph *g, struct graph_about *out)
{
    *out = (struct graph_about){0};
    g->adapter->about(g, out);
}

bool graph_scan(struct graph *g, const struct graph_find *find,
                bool (*each)(void *context, const struct node *n, struct fault *f), void *context,
                struct fault *f)
{
    return g->adapter->scan(g, find, each, context, f);
}

bool graph_count(struct graph *g, const struct graph_find *find, uint64_t *matching, uint64_t *all,
                 struct fault *f)
{
    return g->adapter->count(g, find, matching, all, f);
}

bool graph_write(struct graph *g, const char *label, const char *id_property,
                 struct node_write *writes, int count, struct fault *f)
{
    return g->adapter->write(g, label, id_property, writes, count, f);
}

bool graph_read(struct graph *g, const char *label, const char *id_property,
                const struct node_write *keys, int count,
                bool (*each)(void *context, int i, const struct node *n, struct fault *f),
                void *context, struct fault *f)
{
    return g->adapter->read(g, label, id_property, keys, count, each, context, f);
}
