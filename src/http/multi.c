#include <stdlib.h>

#include "http/http_private.h"

/* One of libcurl's sockets. */
struct socket_watch {
    struct http *http;
    curl_socket_t fd;
    struct watch *watch;
};

static void take_messages(struct http *h)
{
    int left;
    const CURLMsg *m;
    while ((m = curl_multi_info_read(h->multi, &left)))
        if (m->msg == CURLMSG_DONE) {
            h->result = m->data.result;
            h->finished = true;
        }
}

static void act(struct http *h, curl_socket_t fd, int mask)
{
    int running;
    if (curl_multi_socket_action(h->multi, fd, mask, &running) != CURLM_OK) {
        h->result = CURLE_OUT_OF_MEMORY;
        h->finished = true;
    }
    take_messages(h);
}

static void on_ready(void *context, int events)
{
    const struct socket_watch *w = context;
    /* Never CURL_CSELECT_ERR: libcurl would fail at once, without a look at the socket. When it reads
     * the reset itself, and the connection was an idle one, it takes a new one and asks again. */
    if (events & WATCH_ERROR)
        events |= WATCH_READ | WATCH_WRITE;
    int mask =
        (events & WATCH_READ ? CURL_CSELECT_IN : 0) | (events & WATCH_WRITE ? CURL_CSELECT_OUT : 0);
    act(w->http, w->fd, mask); /* may free |w| */
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *assigned)
{
    (void)easy;
    struct http *h = context;
    struct socket_watch *w = assigned;
    if (what == CURL_POLL_REMOVE) {
        if (w) {
            watch_free(w->watch);
            free(w);
            curl_multi_assign(h->multi, fd, NULL);
        }
        return 0;
    }
    if (!w) {
        w = calloc(1, sizeof *w);
        if (!w)
            return -1;
        *w = (struct socket_watch){.http = h, .fd = fd};
        w->watch = watch_new(h->loop, fd, on_ready, w);
        if (!w->watch) {
            free(w);
            return -1;
        }
        curl_multi_assign(h->multi, fd, w);
    }
    int events = (what & CURL_POLL_IN ? WATCH_READ : 0) | (what & CURL_POLL_OUT ? WATCH_WRITE : 0);
    return watch_start(w->watch, events) ? 0 : -1;
}

static int on_timer_wanted(CURLM *multi, long after_ms, void *context)
{
    (void)multi;
    const struct http *h = context;
    if (after_ms < 0)
        timer_stop(h->timer);
    else
        timer_start(h->timer, (uint64_t)after_ms, 0);
    return 0;
}

static void on_timer(void *context)
{
    act(context, CURL_SOCKET_TIMEOUT, 0);
}

static void on_tick(void *context)
{
    struct http *h = context;
    if (!loop_interrupted(h->loop))
        return;
    h->interrupted = true;
    h->finished = true;
}

bool multi_start(struct http *h, struct fault *f)
{
    h->multi = curl_multi_init();
    h->timer = timer_new(h->loop, on_timer, h);
    h->ticker = timer_new(h->loop, on_tick, h);
    if (!h->multi || !h->timer || !h->ticker)
        return fault_memory(f);
    curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h);
    curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, on_timer_wanted);
    curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, h);
    return true;
}

void multi_stop(struct http *h)
{
    /* libcurl still removes sockets and timers while it ends, so the loop's ends come last. */
    curl_multi_cleanup(h->multi);
    timer_free(h->timer);
    timer_free(h->ticker);
}

bool multi_run(struct http *h, CURL *easy)
{
    h->finished = false;
    h->interrupted = false;
    h->result = CURLE_OK;
    if (curl_multi_add_handle(h->multi, easy) != CURLM_OK)
        return false;
    timer_start(h->ticker, HTTP_INTERRUPT_CHECK_MS, HTTP_INTERRUPT_CHECK_MS);
    loop_run_until(h->loop, &h->finished);
    timer_stop(h->ticker);
    curl_multi_remove_handle(h->multi, easy);
    return true;
}
