#include "index/sunbird_message.h"

#include <stdio.h>
#include <strings.h>

#include "base/json_write.h"
#include "move/json.h"

/* An empty id, or a batch without its course, would be taken for something else: the course service
 * reads a plain text as a course. */
static bool id_is_usable(const struct sync_id *id, bool as_object)
{
    return id->id.p && id->id.n && (!as_object || (id->course_id.p && id->course_id.n));
}

bool sync_body(const struct sync_options *o, enum index_object object, const struct sync_id *ids,
               int count, struct buf *out)
{
    bool as_object = object == INDEX_BATCH && o->batch_form == SYNC_BATCH_OBJECT;
    if (count < 1)
        return false; /* an empty list re-indexes a whole table */
    struct json_writer w;
    json_writer_init(&w, out, false);
    json_begin_object(&w);
    json_key(&w, "params");
    json_begin_object(&w);
    json_end(&w);
    json_key(&w, "request");
    json_begin_object(&w);
    json_member_text(&w, "objectType", index_object_name(object));
    json_member_text(&w, "operationFor", "es");
    if (o->synchronous)
        json_member_text(&w, "operationType", "sync");
    json_key(&w, "objectIds");
    json_begin_array(&w);
    for (int i = 0; i < count; i++) {
        if (!id_is_usable(&ids[i], as_object))
            return false;
        if (!as_object) {
            json_bytes_value(&w, ids[i].id);
            continue;
        }
        json_begin_object(&w);
        json_member_bytes(&w, "courseId", ids[i].course_id);
        json_member_bytes(&w, "batchId", ids[i].id);
        json_end(&w);
    }
    json_end(&w);
    json_end(&w);
    json_end(&w);
    return !out->failed;
}

static bool text_is(struct bytes text, const char *wanted)
{
    return text.p && text.n == strlen(wanted) &&
           strncasecmp((const char *)text.p, wanted, text.n) == 0;
}

/* "err: errmsg" of the envelope, or "" when the body is no envelope. */
static void explain(json_value root, char *out, size_t room)
{
    json_value params = json_get(root, "params");
    struct bytes err = json_text(json_get(params, "err"));
    struct bytes message = json_text(json_get(params, "errmsg"));
    out[0] = '\0';
    if (err.p || message.p)
        snprintf(out, room, ": %.*s: %.*s", err.n < 80 ? (int)err.n : 80,
                 err.p ? (const char *)err.p : "", message.n < 200 ? (int)message.n : 200,
                 message.p ? (const char *)message.p : "");
}

static bool refuse_usage(json_value root, const char *why, enum index_object object,
                         struct fault *f)
{
    if (!root) {
        fault_set(f, FAULT_USAGE, "the service refused the request with a page that is not JSON");
        return fault_hint(f, "check the sync URL: another server may have answered");
    }
    fault_set(f, FAULT_USAGE, "the service refused the request%s", why);
    if (object == INDEX_BATCH)
        return fault_hint(f,
                          "this service may not take batches: give the course service's address as "
                          "the batch URL");
    return fault_hint(f, "this service does not take object type \"%s\" at this address",
                      index_object_name(object));
}

static bool refuse(int status, json_value root, enum index_object object, struct fault *f)
{
    char why[320];
    explain(root, why, sizeof why);
    switch (status) {
    case 400: return refuse_usage(root, why, object, f);
    case 401:
    case 403:
        fault_set(f, FAULT_DENIED, "the service refused the key (status %d)%s", status, why);
        return fault_hint(f,
                          "check the API key and its groups; inside the cluster no key is needed");
    case 404:
    case 405:
        fault_set(f, FAULT_SERVER, "there is no sync service at this address (status %d)", status);
        return fault_hint(
            f, "inside the cluster it is http://learner-service:9000/v1/data/sync, through "
               "the gateway https://DOMAIN/api/data/v1/index/sync");
    case 413:
        fault_set(f, FAULT_SERVER, "the request is too large for the gateway (status 413)");
        return fault_hint(f, "lower the block size");
    case 429:
        fault_set(f, FAULT_UNAVAILABLE, "the gateway's rate limit is used up (status 429)");
        return fault_hint(f, "use larger blocks or longer pauses, and sync again later");
    default: break;
    }
    if (status >= 300 && status < 400) {
        fault_set(f, FAULT_SERVER, "the address redirects elsewhere (status %d)", status);
        return fault_hint(f, "give the address that it redirects to");
    }
    if (status < 500)
        return fault_set(f, FAULT_SERVER, "the service refused the block (status %d)%s", status,
                         why);
    fault_set(f, FAULT_UNAVAILABLE, "the service failed (status %d)%s", status, why);
    return fault_hint(
        f, "look at the service's log; a synchronous call takes some tens of ids at most");
}

/* An id counts as written only when esSyncResponse says true. A service that does not know the
 * synchronous form answers without it, and promises nothing. */
static void mark_failed(json_value result, const struct sync_id *ids, int count, bool *failed)
{
    json_value said = json_get(result, "esSyncResponse");
    for (int i = 0; i < count; i++) {
        failed[i] = false;
        if (!json_is_object(said))
            continue;
        char key[512];
        bool written = false;
        if (ids[i].id.n < sizeof key && !memchr(ids[i].id.p, '\0', ids[i].id.n)) {
            memcpy(key, ids[i].id.p, ids[i].id.n);
            key[ids[i].id.n] = '\0';
            if (!json_bool(json_get(said, key), &written))
                written = false;
        }
        failed[i] = !written;
    }
}

bool sunbird_read_answer(int status, struct bytes body, enum index_object object,
                         const struct sync_id *ids, int count, bool *failed, struct fault *f)
{
    struct json *j = json_parse(body, NULL);
    json_value root = j ? json_root(j) : NULL;
    bool ok = status == 200;
    if (!ok) {
        refuse(status, root, object, f);
    } else if (!text_is(json_text(json_get(json_get(root, "params"), "status")), "success") ||
               !text_is(json_text(json_get(root, "responseCode")), "OK")) {
        char why[320];
        explain(root, why, sizeof why);
        fault_set(f, FAULT_PROTOCOL, "a 200 that is not the sync service's success%s", why);
        fault_hint(f, "check the sync URL: a login page or another server may have answered");
        ok = false;
    } else if (failed) {
        mark_failed(json_get(root, "result"), ids, count, failed);
    }
    json_free(j);
    return ok;
}
