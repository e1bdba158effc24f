#include "store/store.h"

#include <string.h>

static const char embedded_mark[] = "embedded:";

struct store *store_open(struct loop *loop, const struct store_options *o, struct fault *f)
{
    (void)loop;
    size_t n = sizeof embedded_mark - 1;
    if (o->address && strncmp(o->address, embedded_mark, n) == 0)
        return store_embedded_open(o->address + n, f);
    fault_set(f, FAULT_UNSUPPORTED, "only embedded stores can be opened");
    fault_subject(f, "%s", o->address ? o->address : "");
    fault_hint(f, "give an address of the form embedded:PATH");
    return NULL;
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
