#include <stdlib.h>

#include "net/loop_private.h"

struct watch {
    uv_poll_t uv;
    void (*ready)(void *context, int events);
    void *context;
};

struct watch *watch_new(struct loop *l, int fd, void (*ready)(void *context, int events),
                        void *context)
{
    struct watch *w = calloc(1, sizeof *w);
    if (!w)
        return NULL;
    w->ready = ready;
    w->context = context;
    w->uv.data = w;
    if (uv_poll_init(&l->uv, &w->uv, fd)) {
        free(w);
        return NULL;
    }
    return w;
}

static void on_ready(uv_poll_t *handle, int status, int events)
{
    struct watch *w = handle->data;
    int ready = status < 0 ? WATCH_ERROR : 0;
    if (events & UV_READABLE)
        ready |= WATCH_READ;
    if (events & UV_WRITABLE)
        ready |= WATCH_WRITE;
    w->ready(w->context, ready);
}

bool watch_start(struct watch *w, int events)
{
    int wanted = 0;
    if (events & WATCH_READ)
        wanted |= UV_READABLE;
    if (events & WATCH_WRITE)
        wanted |= UV_WRITABLE;
    return wanted ? uv_poll_start(&w->uv, wanted, on_ready) == 0 : uv_poll_stop(&w->uv) == 0;
}

static void on_watch_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void watch_free(struct watch *w)
{
    if (w)
        uv_close((uv_handle_t *)&w->uv, on_watch_closed);
}
