#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/json_write.h"
#include "base/utf8.h"
#include "http/http.h"
#include "index/document.h"
#include "net/loop.h"

enum {
    NAME_MAX_BYTES = 64,
    PATH_MAX_BYTES = 160,
    OBJECTS = 3,
    READ_RETRIES = 6,
    OPEN_TIMEOUT_MS = 15000,
    IDS_MAX_BYTES = 16 * 1024 * 1024,
};

struct elasticsearch {
    struct index index; /* first: the interface's view of it */
    struct http *http;
    char address[256];              /* without the slash at the end */
    char shown[HTTP_URL_SHOWN_MAX]; /* without the login, for people */
    struct buf authorization;       /* empty: none; wiped */
    char product[64];
    char names[OBJECTS][NAME_MAX_BYTES]; /* "user", or "searchindex/user"; "": none was found */
    struct buf body;
};

/* Names of the three generations, newest first. The oldest has one index with a type per object. */
static const char *const known_names[OBJECTS][2] = {
    [INDEX_USER] = {"user_alias", "user"},
    [INDEX_ORGANISATION] = {"org_alias", "org"},
    [INDEX_BATCH] = {"course-batch", "cbatch"},
};
static const char *const old_types[OBJECTS] = {
    [INDEX_USER] = "user", [INDEX_ORGANISATION] = "org", [INDEX_BATCH] = "cbatch"};
static const char old_index[] = "searchindex";

static struct elasticsearch *of(struct index *x)
{
    return (struct elasticsearch *)x;
}

static void elasticsearch_free(struct index *x)
{
    struct elasticsearch *e = of(x);
    http_free(e->http);
    if (e->authorization.p)
        explicit_bzero(e->authorization.p, e->authorization.capacity);
    buf_fini(&e->authorization);
    buf_fini(&e->body);
    free(e);
}

static void elasticsearch_about(struct index *x, struct index_about *out)
{
    const struct elasticsearch *e = of(x);
    *out = (struct index_about){0};
    snprintf(out->product, sizeof out->product, "%s", e->product);
    snprintf(out->address, sizeof out->address, "%s", e->shown);
    size_t n = 0;
    for (int i = 0; i < OBJECTS; i++)
        if (e->names[i][0] && n < sizeof out->indices)
            n += (size_t)snprintf(out->indices + n, sizeof out->indices - n, "%s%s", n ? ", " : "",
                                  e->names[i]);
}

static bool ask(struct elasticsearch *e, const char *path, struct bytes body, int retries,
                struct http_answer *answer, struct fault *f)
{
    char url[sizeof e->address + PATH_MAX_BYTES];
    snprintf(url, sizeof url, "%s/%s", e->address, path);
    struct http_request r = {
        .method = bytes_are_null(body) ? "GET" : "POST",
        .url = url,
        .content_type = bytes_are_null(body) ? NULL : "application/json",
        .authorization = e->authorization.n ? buf_text(&e->authorization) : NULL,
        .body = body,
        .timeout_ms = bytes_are_null(body) ? OPEN_TIMEOUT_MS : 0,
    };
    return http_call_retrying(e->http, &r, retries, answer, f);
}

static bool read_product(struct elasticsearch *e, struct bytes body, struct fault *f)
{
    struct json *j = json_parse(body, NULL);
    json_value version = j ? json_get(json_root(j), "version") : NULL;
    struct bytes number = json_text(json_get(version, "number"));
    bool is_open = bytes_are(json_text(json_get(version, "distribution")), "opensearch");
    bool ok = ascii_is_printable(number) && number.n < 32;
    if (ok)
        snprintf(e->product, sizeof e->product, "%s %.*s", is_open ? "OpenSearch" : "Elasticsearch",
                 (int)number.n, (const char *)number.p);
    json_free(j);
    if (ok)
        return true;
    fault_set(f, FAULT_UNSUPPORTED, "the server does not answer as Elasticsearch does");
    fault_subject(f, "%s", e->shown);
    return fault_hint(f, "check the address and the port (9200)");
}

/* A user without the right to monitor gets a 403 here and may read documents all the same. */
static bool greet(struct elasticsearch *e, struct fault *f)
{
    struct http_answer answer;
    bool ok = ask(e, "", bytes_null(), 0, &answer, f);
    if (ok && answer.status == 200) {
        ok = read_product(e, buf_view(&answer.body), f);
    } else if (ok && answer.status == 403) {
        snprintf(e->product, sizeof e->product, "Elasticsearch (version not told)");
    } else if (ok) {
        ok = document_refusal(answer.status, NULL, "", f);
        fault_subject(f, "%s", e->shown);
    }
    http_answer_fini(&answer);
    return ok;
}

/* 1: it exists; 0: it does not; -1: |f|. */
static int index_exists(struct elasticsearch *e, const char *name, struct fault *f)
{
    struct http_answer answer;
    int exists = -1;
    if (ask(e, name, bytes_null(), 2, &answer, f)) {
        if (answer.status == 200 || answer.status == 404)
            exists = answer.status == 200;
        else
            document_refusal(answer.status, NULL, name, f);
    }
    http_answer_fini(&answer);
    return exists;
}

static bool is_index_name(const char *name)
{
    return name[0] && name[0] != '_' && name[0] != '-' && name[0] != '.' &&
           strlen(name) < NAME_MAX_BYTES &&
           name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-")] == '\0';
}

static bool take_given(struct elasticsearch *e, int object, const char *name, struct fault *f)
{
    if (!is_index_name(name))
        return fault_set(f, FAULT_USAGE, "not the name of an index: \"%.64s\"", name);
    int exists = index_exists(e, name, f);
    if (exists < 0)
        return false;
    if (!exists) {
        fault_set(f, FAULT_SCHEMA, "there is no index \"%s\"", name);
        fault_subject(f, "%s", e->shown);
        return fault_hint(f, "leave the index name out to have it found");
    }
    snprintf(e->names[object], NAME_MAX_BYTES, "%s", name);
    return true;
}

static bool find_names(struct elasticsearch *e, const struct index_options *o, struct fault *f)
{
    const char *const given[OBJECTS] = {[INDEX_USER] = o->user_index,
                                        [INDEX_ORGANISATION] = o->organisation_index,
                                        [INDEX_BATCH] = o->batch_index};
    int has_old = -1; /* asked for only once, and only when needed */
    for (int i = 0; i < OBJECTS; i++) {
        if (given[i] && given[i][0]) {
            if (!take_given(e, i, given[i], f))
                return false;
            continue;
        }
        for (int k = 0; k < 2 && !e->names[i][0]; k++) {
            int exists = index_exists(e, known_names[i][k], f);
            if (exists < 0)
                return false;
            if (exists)
                snprintf(e->names[i], NAME_MAX_BYTES, "%s", known_names[i][k]);
        }
        if (e->names[i][0])
            continue;
        if (has_old < 0 && (has_old = index_exists(e, old_index, f)) < 0)
            return false;
        if (has_old)
            snprintf(e->names[i], NAME_MAX_BYTES, "%s/%s", old_index, old_types[i]);
    }
    return true;
}

static bool take_address(struct elasticsearch *e, const struct index_options *o, struct fault *f)
{
    const char *address = o->address ? o->address : "";
    size_t length = strlen(address);
    while (length && address[length - 1] == '/')
        length--;
    url_show(address, e->shown);
    if (strncasecmp(address, "http://", 7) != 0 && strncasecmp(address, "https://", 8) != 0) {
        fault_set(f, FAULT_USAGE, "not an address of Elasticsearch: \"%.200s\"", e->shown);
        return fault_hint(f, "give http://host:9200");
    }
    if (length >= sizeof e->address)
        return fault_set(f, FAULT_USAGE, "the address of Elasticsearch is too long");
    snprintf(e->address, sizeof e->address, "%.*s", (int)length, address);
    url_show(e->address, e->shown);
    if (o->user && o->user[0] &&
        !http_basic(o->user, o->password ? o->password : "", &e->authorization)) {
        fault_set(f, FAULT_USAGE, "the user name or the password of Elasticsearch cannot be sent");
        return fault_hint(f, "a user name must not hold a colon");
    }
    return true;
}

static bool compose(struct elasticsearch *e, const struct bytes *ids, int count, struct fault *f)
{
    struct json_writer w;
    buf_clear(&e->body);
    json_writer_init(&w, &e->body, false);
    json_begin_object(&w);
    json_key(&w, "ids");
    json_begin_array(&w);
    for (int i = 0; i < count; i++)
        json_bytes_value(&w, ids[i]);
    json_end(&w);
    json_end(&w);
    return e->body.failed ? fault_memory(f) : true;
}

static bool give_documents(json_value docs, const struct bytes *ids, int count,
                           bool (*each)(void *context, int i, const struct document *d,
                                        struct fault *f),
                           void *context, struct fault *f)
{
    struct document d;
    char status[DOCUMENT_STATUS_MAX];
    if (!json_is_array(docs) || json_count(docs) != (size_t)count)
        return fault_set(f, FAULT_PROTOCOL, "the index did not answer about every document");
    for (int i = 0; i < count; i++)
        if (!document_read(json_at(docs, (size_t)i), ids[i], &d, status, f) ||
            !each(context, i, &d, f))
            return false;
    return true;
}

static bool elasticsearch_read(struct index *x, enum index_object object, const struct bytes *ids,
                               int count,
                               bool (*each)(void *context, int i, const struct document *d,
                                            struct fault *f),
                               void *context, struct fault *f)
{
    struct elasticsearch *e = of(x);
    if (count < 1 || count > INDEX_BLOCK_MAX)
        return fault_set(f, FAULT_INTERNAL, "a read of %d documents", count);
    if (!e->names[object][0]) {
        fault_set(f, FAULT_SCHEMA, "there is no index for %s documents: none of %s, %s, %s exists",
                  index_object_name(object), known_names[object][0], known_names[object][1],
                  old_index);
        fault_subject(f, "%s", e->shown);
        return fault_hint(f, "name the index in the settings");
    }
    char path[PATH_MAX_BYTES];
    snprintf(path, sizeof path, "%s/_mget?_source=%s", e->names[object], document_fields);
    struct http_answer answer = {0};
    if (!compose(e, ids, count, f))
        return false;
    bool ok = ask(e, path, buf_view(&e->body), READ_RETRIES, &answer, f);
    if (ok) {
        struct json *j = json_parse(buf_view(&answer.body), answer.status == 200 ? f : NULL);
        if (answer.status != 200)
            ok = document_refusal(answer.status, j ? json_root(j) : NULL, e->names[object], f);
        else
            ok = j && give_documents(json_get(json_root(j), "docs"), ids, count, each, context, f);
        json_free(j);
    }
    http_answer_fini(&answer);
    return ok;
}

static const struct index_adapter adapter = {
    .free = elasticsearch_free, .about = elasticsearch_about, .read = elasticsearch_read};

struct index *index_elasticsearch_open(struct loop *loop, const struct index_options *o,
                                       struct fault *f)
{
    struct elasticsearch *e = calloc(1, sizeof *e);
    if (!e)
        return fault_memory(f), NULL;
    e->index.adapter = &adapter;
    buf_init(&e->authorization, 4096);
    buf_init(&e->body, IDS_MAX_BYTES);
    e->http = http_new(loop, f);
    if (!e->http || !take_address(e, o, f) || !greet(e, f) || !find_names(e, o, f)) {
        elasticsearch_free(&e->index);
        return NULL;
    }
    return &e->index;
}
