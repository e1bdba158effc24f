#include "store/store.h"

#include <string.h>

struct store *store_open(struct loop *loop, const struct store_options *o, struct fault *f)
{
    static const char embedded[] = "embedded:";
    if (!o->address || !o->address[0]) {
        fault_set(f, FAULT_USAGE, "no address of Cassandra was given");
        fault_hint(f, "give host:port, or embedded:PATH for an embedded file");
        return NULL;
    }
    if (strncmp(o->address, embedded, sizeof embedded - 1) == 0) {
        struct store *s = store_embedded_open(o->address + sizeof embedded - 1, f);
        if (s)
            store_embedded_pace(s, loop, o->pace);
        return s;
    }
    return store_cassandra_open(loop, o, f);
}

void store_free(struct store *s)
{
    if (s)
        s->adapter->free(s);
}

void store_about(struct store *s, struct store_about *out)
{
    s->adapter->about(s, out);
}

void store_nodes(struct store *s, bool reach,
                 void (*each)(void *context, const struct store_node *n), void *context)
{
    if (s->adapter->nodes)
        s->adapter->nodes(s, reach, each, context);
}

bool store_table(struct store *s, const char *keyspace, const char *name, struct arena *a,
                 struct table **out, struct fault *f)
{
    return s->adapter->table(s, keyspace, name, a, out, f);
}

bool store_tables(struct store *s, const char *keyspace,
                  bool (*each)(void *context, const char *keyspace, const char *name),
                  void *context, struct fault *f)
{
    return s->adapter->tables(s, keyspace, each, context, f);
}

bool store_may_write(struct store *s, const struct table *t, struct fault *f)
{
    return s->adapter->may_write(s, t, f);
}

bool store_scan(struct store *s, const struct store_scan *scan, struct fault *f)
{
    return s->adapter->scan(s, scan, f);
}

bool store_submit(struct store *s, struct store_op *op, struct fault *f)
{
    return s->adapter->submit(s, op, f);
}

bool store_drive(struct store *s, int in_flight, struct fault *f)
{
    return s->adapter->drive(s, in_flight, f);
}

bool store_probe(struct store *s, struct store_op *op)
{
    return s->adapter->probe && s->adapter->probe(s, op);
}

bool store_can_probe(const struct store *s)
{
    return s->adapter->probe != NULL;
}

void store_flow(struct store *s, struct store_flow *out)
{
    *out = (struct store_flow){0};
    if (s->adapter->flow)
        s->adapter->flow(s, out);
}

void store_set_in_flight(struct store *s, int most)
{
    if (s->adapter->set_in_flight)
        s->adapter->set_in_flight(s, most);
}
