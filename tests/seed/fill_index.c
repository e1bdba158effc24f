#include <string.h>

#include "base/json_write.h"
#include "fill.h"
#include "http/http.h"
#include "index/index.h"
#include "move/json.h"

enum { PER_BLOCK = 1000, BODY_MAX = 32 * 1024 * 1024 };

/* Every object of the seed by number: users of the three kinds, then organisations, then batches. */
struct object {
    enum index_object kind;
    enum tenancy at;
    char id[ID_MAX];
    char course[ID_MAX];
};

static int user_count(const struct seed *s)
{
    return s->users + s->target_users + s->others;
}

static int organisation_count(void)
{
    return OTHER_TENANTS + 3;
}

static int object_count(const struct seed *s)
{
    return organisation_count() + user_count(s) + s->batches + s->other_batches;
}

static void organisation_of(int i, char *id)
{
    static const char *const first[] = {SOURCE_ID, TARGET_ID, CUSTODIAN_ID};
    if (i < 3)
        memcpy(id, first[i], strlen(first[i]) + 1);
    else
        other_tenant_id(i - 3, id);
}

static void object_make(const struct seed *s, int i, struct object *o)
{
    *o = (struct object){.kind = INDEX_ORGANISATION};
    if (i < organisation_count()) {
        organisation_of(i, o->id);
        return;
    }
    i -= organisation_count();
    if (i < user_count(s)) {
        o->kind = INDEX_USER;
        if (i < s->users) {
            o->at = AT_SOURCE;
        } else if ((i -= s->users) < s->target_users) {
            o->at = AT_TARGET;
        } else {
            i -= s->target_users;
            o->at = AT_OTHERS;
        }
        user_id(s, o->at, i, o->id);
        return;
    }
    i -= user_count(s);
    o->kind = INDEX_BATCH;
    o->at = i < s->batches ? AT_SOURCE : AT_OTHERS;
    batch_id(s, o->at, i < s->batches ? i : i - s->batches, o->id, o->course);
}

/* ---- an embedded file: its own service builds them ---- */

static bool tell(struct sync *service, const struct object *objects, int count, bool with_course,
                 struct fault *f)
{
    struct sync_id ids[PER_BLOCK];
    for (int i = 0; i < count; i++) {
        ids[i] = (struct sync_id){.id = bytes_of(objects[i].id)};
        if (with_course)
            ids[i].course_id = bytes_of(objects[i].course);
    }
    return sync_block(service, objects[0].kind, ids, count, NULL, f);
}

static bool fill_embedded(const struct seed *s, const char *path, struct fault *f)
{
    static struct object block[PER_BLOCK];
    struct sync *service = sync_embedded_open(path, f);
    bool ok = service != NULL;
    int n = 0;
    for (int i = 0; ok && i < object_count(s); i++) {
        object_make(s, i, &block[n]);
        if (n && block[n].kind != block[0].kind) {
            struct object next = block[n];
            ok = tell(service, block, n, false, f);
            block[0] = next;
            n = 0;
        }
        n++;
        bool is_last = i + 1 == object_count(s);
        if (ok && (n == PER_BLOCK || is_last)) {
            ok = tell(service, block, n, false, f);
            if (ok && block[0].kind == INDEX_BATCH)
                ok = tell(service, block, n, true, f); /* the newer table, where there is one */
            n = 0;
        }
    }
    sync_free(service);
    return ok;
}

/* ---- Elasticsearch ---- */

static const char bulk_type[] = "application/x-ndjson";
static const char *const indexes[] = {
    [INDEX_USER] = "user", [INDEX_ORGANISATION] = "org", [INDEX_BATCH] = "course-batch"};

static void write_source(struct json_writer *w, const struct object *o)
{
    const char *root = o->at == AT_SOURCE ? SOURCE_ID : TARGET_ID;
    json_begin_object(w);
    json_member_text(w, "identifier", o->id);
    switch (o->kind) {
    case INDEX_USER:
        if (o->at == AT_OTHERS)
            break;
        json_member_text(w, "rootOrgId", root);
        json_member_text(w, "channel", o->at == AT_SOURCE ? SOURCE_CHANNEL : TARGET_CHANNEL);
        json_key(w, "organisations");
        json_begin_array(w);
        json_begin_object(w);
        json_member_text(w, "organisationId", root);
        json_end(w);
        json_end(w);
        break;
    case INDEX_ORGANISATION: json_member_int(w, "status", 1); break;
    case INDEX_BATCH: json_member_text(w, "courseId", o->course); break;
    }
    json_end(w);
}

static void write_lines(const struct object *o, bool with_type, struct buf *out)
{
    struct json_writer w;
    json_writer_init(&w, out, false);
    json_begin_object(&w);
    json_key(&w, "index");
    json_begin_object(&w);
    json_member_text(&w, "_index", indexes[o->kind]);
    if (with_type)
        json_member_text(&w, "_type", "_doc");
    json_member_text(&w, "_id", o->id);
    json_end(&w);
    json_end(&w);
    buf_append_char(out, '\n');
    json_writer_init(&w, out, false);
    write_source(&w, o);
    buf_append_char(out, '\n');
}

static bool call(struct http *http, const char *method, const char *address, const char *path,
                 const char *type, struct bytes body, int *status, struct fault *f)
{
    struct buf url;
    struct http_answer answer = {0};
    buf_init(&url, 1024);
    buf_printf(&url, "%s%s", address, path);
    struct http_request r = {
        .method = method, .url = buf_text(&url), .content_type = type, .body = body};
    bool ok = http_call_retrying(http, &r, 3, &answer, f);
    *status = answer.status;
    if (ok && strcmp(type, bulk_type) == 0) { /* an answer for every line */
        struct json *j = json_parse(buf_view(&answer.body), f);
        bool errors = true;
        ok = j && (json_bool(json_get(json_root(j), "errors"), &errors), !errors);
        if (j && !ok)
            fault_set(f, FAULT_SERVER, "Elasticsearch refused documents (%d)", answer.status);
        json_free(j);
    }
    http_answer_fini(&answer);
    buf_fini(&url);
    return ok;
}

/* Without a mapping for their fields, as in Sunbird: nothing is searched here, documents are read by id. */
static bool make_indexes(struct http *http, const char *address, bool *with_type, struct fault *f)
{
    static const char typed[] = "{\"mappings\":{\"_doc\":{\"dynamic\":false}}}";
    static const char plain[] = "{\"mappings\":{\"dynamic\":false}}";
    for (int i = 0; i < 3; i++) {
        struct buf path;
        int status = 0;
        buf_init(&path, 64);
        buf_printf(&path, "/%s", indexes[i]);
        const char *body = i == 0 || *with_type ? typed : plain;
        bool ok = call(http, "PUT", address, buf_text(&path), "application/json", bytes_of(body),
                       &status, f);
        if (ok && i == 0) {
            *with_type = status < 300;
            ok = *with_type || call(http, "PUT", address, buf_text(&path), "application/json",
                                    bytes_of(plain), &status, f);
        }
        buf_fini(&path);
        if (!ok || status >= 300)
            return ok &&
                   fault_set(f, FAULT_SERVER, "could not make the index %s (%d): is it there?",
                             indexes[i], status);
    }
    return true;
}

bool fill_index(const struct seed *s, struct loop *loop, const char *address, struct fault *f)
{
    if (strncmp(address, "embedded:", 9) == 0)
        return fill_embedded(s, address + 9, f);
    struct buf body;
    bool with_type = true;
    int status;
    buf_init(&body, BODY_MAX);
    struct http *http = http_new(loop, f);
    bool ok = http && make_indexes(http, address, &with_type, f);
    for (int i = 0; ok && i < object_count(s); i++) {
        struct object o;
        object_make(s, i, &o);
        write_lines(&o, with_type, &body);
        if (body.failed)
            ok = fault_memory(f);
        if (ok && ((i + 1) % (2 * PER_BLOCK) == 0 || i + 1 == object_count(s))) {
            ok = call(http, "POST", address, "/_bulk", bulk_type, buf_view(&body), &status, f);
            buf_clear(&body);
        }
    }
    http_free(http);
    buf_fini(&body);
    return ok;
}
