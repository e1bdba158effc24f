#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "http/http.h"
#include "index/sunbird_message.h"
#include "net/loop.h"

enum { SYNC_RETRIES = 8, SYNC_ANSWER_MAX = 4 * 1024 * 1024 };

struct sunbird_sync {
    struct sync sync; /* first: the interface's view of it */
    struct http *http;
    char *url, *batch_url;
    struct buf authorization;    /* "Bearer …"; empty: none; wiped */
    struct sync_options options; /* only what is not a pointer */
    struct buf body;
};

static void sunbird_free(struct sync *sync)
{
    struct sunbird_sync *s = (struct sunbird_sync *)sync;
    http_free(s->http);
    if (s->authorization.p)
        explicit_bzero(s->authorization.p, s->authorization.capacity);
    buf_fini(&s->authorization);
    buf_fini(&s->body);
    free(s->url);
    free(s->batch_url);
    free(s);
}

static bool send_body(struct sunbird_sync *s, enum index_object object, const struct sync_id *ids,
                      int count, bool *failed, bool *is_too_large, struct fault *f)
{
    const char *url = object == INDEX_BATCH ? s->batch_url : s->url;
    struct http_request r = {
        .method = "POST",
        .url = url,
        .content_type = "application/json",
        .authorization = s->authorization.n ? buf_text(&s->authorization) : NULL,
        .body = buf_view(&s->body),
        .timeout_ms = s->options.request_timeout_ms,
        .max_answer_bytes = SYNC_ANSWER_MAX,
    };
    struct http_answer answer;
    bool ok = http_call_retrying(s->http, &r, s->options.max_retries, &answer, f);
    if (ok) {
        *is_too_large = answer.status == 413;
        ok = sunbird_read_answer(answer.status, buf_view(&answer.body), object, ids, count, failed,
                                 f);
        if (!ok) {
            char shown[HTTP_URL_SHOWN_MAX];
            url_show(url, shown);
            fault_subject(f, "%s", shown);
        }
    }
    http_answer_fini(&answer);
    return ok;
}

static bool sunbird_block(struct sync *sync, enum index_object object, const struct sync_id *ids,
                          int count, bool *failed, struct fault *f)
{
    struct sunbird_sync *s = (struct sunbird_sync *)sync;
    if (count < 1 || count > SYNC_BLOCK_MAX)
        return fault_set(f, FAULT_INTERNAL, "a sync block of %d ids", count);
    buf_clear(&s->body);
    bool is_too_large = false;
    if (sync_body(&s->options, object, ids, count, &s->body)) {
        if (send_body(s, object, ids, count, failed, &is_too_large, f))
            return true;
        if (!is_too_large)
            return false;
    } else if (!s->body.failed) {
        return fault_set(f, FAULT_INTERNAL,
                         "an empty id, or a batch without its course, in a sync block");
    } else if (count == 1) {
        return fault_set(f, FAULT_SERVER, "an id is too long for the gateway");
    }
    if (count == 1)
        return false;
    /* Too many bytes for the gateway. Sending an id twice does no harm, so halves need no memory of
     * what went through. */
    int half = count / 2;
    return sunbird_block(sync, object, ids, half, failed, f) &&
           sunbird_block(sync, object, ids + half, count - half, failed ? failed + half : NULL, f);
}

static bool is_http(const char *url, struct fault *f)
{
    if (url && (strncasecmp(url, "http://", 7) == 0 || strncasecmp(url, "https://", 8) == 0))
        return true;
    fault_set(f, FAULT_USAGE, "the sync URL does not begin with http:// or https://");
    return fault_hint(f, "inside the cluster it is http://learner-service:9000/v1/data/sync");
}

static bool take_options(struct sunbird_sync *s, const struct sync_options *o, struct fault *f)
{
    const char *batch_url = o->batch_url ? o->batch_url : o->url;
    if (!is_http(o->url, f) || !is_http(batch_url, f))
        return false;
    s->options = (struct sync_options){
        .batch_form = o->batch_form,
        .synchronous = o->synchronous,
        .max_retries = o->max_retries ? o->max_retries : SYNC_RETRIES,
        .request_timeout_ms = o->request_timeout_ms,
    };
    s->url = strdup(o->url);
    s->batch_url = strdup(batch_url);
    if (o->key && o->key[0]) {
        /* All its room at once: growing would leave copies of the key behind. */
        size_t n = strlen("Bearer ") + strlen(o->key);
        if (!buf_extend(&s->authorization, n))
            return fault_set(f, FAULT_USAGE, "the API key is too long");
        buf_clear(&s->authorization);
        buf_append_text(&s->authorization, "Bearer ");
        buf_append_text(&s->authorization, o->key);
    }
    return (s->url && s->batch_url) || fault_memory(f);
}

static const struct sync_adapter adapter = {.free = sunbird_free, .block = sunbird_block};

struct sync *sync_sunbird_open(struct loop *loop, const struct sync_options *o, struct fault *f)
{
    struct sunbird_sync *s = calloc(1, sizeof *s);
    if (!s)
        return fault_memory(f), NULL;
    s->sync.adapter = &adapter;
    buf_init(&s->authorization, 16 * 1024 - 64);
    buf_init(&s->body, SUNBIRD_BODY_MAX);
    s->http = http_new(loop, f);
    if (!s->http || !take_options(s, o, f)) {
        sunbird_free(&s->sync);
        return NULL;
    }
    return &s->sync;
}
