/* An embedded file in the place of the sync service and of Elasticsearch. */
#include <stdio.h>
#include <stdlib.h>

#include "embedded/documents.h"
#include "index/index.h"
#include "move/type.h"
#include "net/loop.h"

static const size_t document_bytes_max = (size_t)64 * 1024 * 1024;

static enum document_kind kind_of(enum index_object object)
{
    switch (object) {
    case INDEX_USER: return DOCUMENT_USER;
    case INDEX_ORGANISATION: return DOCUMENT_ORGANISATION;
    case INDEX_BATCH: break;
    }
    return DOCUMENT_BATCH;
}

/* ---- the service ---- */

struct embedded_sync {
    struct sync sync;
    struct embedded *file;
};

static void sync_adapter_free(struct sync *s)
{
    struct embedded_sync *x = (struct embedded_sync *)(void *)s;
    embedded_free(x->file);
    free(x);
}

static bool sync_adapter_block(struct sync *s, enum index_object object, const struct sync_id *ids,
                               int count, bool *failed, struct fault *f)
{
    struct embedded_sync *x = (struct embedded_sync *)(void *)s;
    int64_t now = clock_now_us() / 1000000;
    if (count < 1 || count > SYNC_BLOCK_MAX)
        return fault_set(f, FAULT_INTERNAL, "%d ids in one block", count);
    if (!embedded_begin(x->file, f))
        return false;
    for (int i = 0; i < count; i++) {
        if (failed)
            failed[i] = false;
        if (!documents_build(x->file, kind_of(object), ids[i].id, ids[i].course_id, now, f)) {
            embedded_rollback(x->file);
            return false;
        }
    }
    return embedded_commit(x->file, f);
}

static const struct sync_adapter sync_adapter = {
    .free = sync_adapter_free,
    .block = sync_adapter_block,
};

struct sync *sync_embedded_open(const char *path, struct fault *f)
{
    struct embedded_sync *x = calloc(1, sizeof *x);
    if (!x) {
        fault_memory(f);
        return NULL;
    }
    x->sync.adapter = &sync_adapter;
    x->file = embedded_open(path, false, f);
    if (!x->file) {
        free(x);
        return NULL;
    }
    return &x->sync;
}

/* ---- the documents ---- */

struct embedded_index {
    struct index index;
    struct embedded *file;
    struct document document; /* too large for the stack */
    struct arena arena;
};

static void index_adapter_free(struct index *s)
{
    struct embedded_index *x = (struct embedded_index *)(void *)s;
    embedded_free(x->file);
    arena_fini(&x->arena);
    free(x);
}

static void index_adapter_about(struct index *s, struct index_about *out)
{
    struct embedded_index *x = (struct embedded_index *)(void *)s;
    *out = (struct index_about){.product = "embedded", .indices = "user, organisation, batch"};
    snprintf(out->address, sizeof out->address, "%.*s", (int)sizeof out->address - 1,
             embedded_path(x->file));
}

static int spread(struct bytes list, struct bytes *out)
{
    size_t cursor = 0;
    int count = 0;
    while (!bytes_are_null(list) && count < DOCUMENT_LIST_MAX &&
           list_next(list, &cursor, &out[count]))
        count++;
    return count;
}

static bool index_adapter_read(struct index *s, enum index_object object, const struct bytes *ids,
                               int count,
                               bool (*each)(void *context, int i, const struct document *d,
                                            struct fault *f),
                               void *context, struct fault *f)
{
    struct embedded_index *x = (struct embedded_index *)(void *)s;
    struct document *d = &x->document;
    for (int i = 0; i < count; i++) {
        struct kept_document kept;
        arena_reset(&x->arena);
        if (!documents_read(x->file, kind_of(object), ids[i], &x->arena, &kept, f))
            return false;
        d->found = kept.found;
        d->root_org_id = kept.root_org_id;
        d->channel = kept.channel;
        d->status = kept.status;
        d->organisation_count = spread(kept.organisations, d->organisations);
        d->created_for_count = spread(kept.created_for, d->created_for);
        if (!each(context, i, d, f))
            return false;
    }
    return true;
}

static const struct index_adapter index_adapter = {
    .free = index_adapter_free,
    .about = index_adapter_about,
    .read = index_adapter_read,
};

struct index *index_embedded_open(const char *path, struct fault *f)
{
    struct embedded_index *x = calloc(1, sizeof *x);
    if (!x) {
        fault_memory(f);
        return NULL;
    }
    x->index.adapter = &index_adapter;
    arena_init(&x->arena, document_bytes_max);
    x->file = embedded_open(path, false, f);
    if (!x->file) {
        free(x);
        return NULL;
    }
    return &x->index;
}
