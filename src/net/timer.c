#include <stdlib.h>

#include "net/loop_private.h"

struct timer {
    uv_timer_t uv;
    void (*fired)(void *context);
    void *context;
};

struct timer *timer_new(struct loop *l, void (*fired)(void *context), void *context)
{
    struct timer *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    t->fired = fired;
    t->context = context;
    t->uv.data = t;
    uv_timer_init(&l->uv, &t->uv);
    return t;
}

static void on_timer(uv_timer_t *handle)
{
    struct timer *t = handle->data;
    t->fired(t->context);
}

void timer_start(struct timer *t, uint64_t after_ms, uint64_t repeat_ms)
{
    uv_update_time(t->uv.loop); /* the loop's idea of now is as old as its last wait */
    uv_timer_start(&t->uv, on_timer, after_ms, repeat_ms);
}

void timer_stop(struct timer *t)
{
    uv_timer_stop(&t->uv);
}

static void on_timer_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void timer_free(struct timer *t)
{
    if (t)
        uv_close((uv_handle_t *)&t->uv, on_timer_closed);
}
