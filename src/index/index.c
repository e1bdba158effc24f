#include "index/index.h"

#include <string.h>

static const char embedded_mark[] = "embedded:";

/* The path behind "embedded:", or NULL. */
static const char *embedded_path_of(const char *address)
{
    size_t n = sizeof embedded_mark - 1;
    return address && strncmp(address, embedded_mark, n) == 0 ? address + n : NULL;
}

struct sync *sync_open(struct loop *loop, const struct sync_options *o, struct fault *f)
{
    const char *path = embedded_path_of(o->url);
    return path ? sync_embedded_open(path, f) : sync_sunbird_open(loop, o, f);
}

void sync_free(struct sync *s)
{
    if (s)
        s->adapter->free(s);
}

bool sync_block(struct sync *s, enum index_object object, const struct sync_id *ids, int count,
                bool *failed, struct fault *f)
{
    return s->adapter->block(s, object, ids, count, failed, f);
}

struct index *index_open(struct loop *loop, const struct index_options *o, struct fault *f)
{
    const char *path = embedded_path_of(o->address);
    return path ? index_embedded_open(path, f) : index_elasticsearch_open(loop, o, f);
}

void index_free(struct index *x)
{
    if (x)
        x->adapter->free(x);
}

void index_about(struct index *x, struct index_about *out)
{
    x->adapter->about(x, out);
}

bool index_read(struct index *x, enum index_object object, const struct bytes *ids, int count,
                bool (*each)(void *context, int i, const struct document *d, struct fault *f),
                void *context, struct fault *f)
{
    return x->adapter->read(x, object, ids, count, each, context, f);
}

const char *index_object_name(enum index_object object)
{
    switch (object) {
    case INDEX_USER: return "user";
    case INDEX_ORGANISATION: return "organisation";
    case INDEX_BATCH: break;
    }
    return "batch";
}
