#include <string.h>

#include "base/json_write.h"
#include "embedded/nodes.h"
#include "fill.h"
#include "http/http.h"
#include "move/json.h"
#include "move/type.h"

enum { NODES_PER_CALL = 1000, BODY_MAX = 16 * 1024 * 1024 };

static bool add_embedded(struct embedded *e, const struct content *c, struct fault *f)
{
    struct buf list;
    int64_t id;
    buf_init(&list, 4096);
    size_t start = list_begin(&list);
    for (int i = 0; i < c->created_for_count; i++)
        list_add(&list, bytes_of(c->created_for[i]));
    list_end(&list, start, (uint32_t)c->created_for_count);
    const struct kept_property properties[] = {
        {"IL_UNIQUE_ID", false, bytes_of(c->uid)},
        {"channel", false, bytes_of(c->channel)},
        {"createdFor", true, c->created_for_count ? buf_view(&list) : bytes_null()},
        {"name", false, bytes_of(c->name)},
        {"IL_FUNC_OBJECT_TYPE", false, bytes_of(c->object_type)},
    };
    bool ok = nodes_add(e, "domain", properties, 5, &id, f);
    buf_fini(&list);
    return ok;
}

static bool fill_embedded(const struct seed *s, const char *path, struct fault *f)
{
    struct embedded *e = embedded_open(path, true, f);
    bool ok = e && embedded_begin(e, f);
    for (int i = 0; ok && i < content_count(s); i++) {
        struct content c;
        content_make(s, i, &c);
        ok = add_embedded(e, &c, f);
    }
    ok = ok && embedded_commit(e, f);
    embedded_free(e);
    return ok;
}

static void write_node(struct json_writer *w, const struct content *c)
{
    json_begin_object(w);
    json_member_text(w, "IL_UNIQUE_ID", c->uid);
    json_member_text(w, "channel", c->channel);
    json_member_text(w, "name", c->name);
    json_member_text(w, "IL_FUNC_OBJECT_TYPE", c->object_type);
    if (c->created_for_count) {
        json_key(w, "createdFor");
        json_begin_array(w);
        for (int i = 0; i < c->created_for_count; i++)
            json_text_value(w, c->created_for[i]);
        json_end(w);
    }
    json_end(w);
}

static void write_body(const struct seed *s, int from, int to, struct buf *out)
{
    struct json_writer w;
    json_writer_init(&w, out, false);
    json_begin_object(&w);
    json_key(&w, "statements");
    json_begin_array(&w);
    json_begin_object(&w);
    json_member_text(&w, "statement", "UNWIND $nodes AS p CREATE (n:domain) SET n = p");
    json_key(&w, "parameters");
    json_begin_object(&w);
    json_key(&w, "nodes");
    json_begin_array(&w);
    for (int i = from; i < to; i++) {
        struct content c;
        content_make(s, i, &c);
        write_node(&w, &c);
    }
    while (w.depth)
        json_end(&w);
}

/* *status is 404 where the server has no such endpoint. */
static bool post(struct http *http, const char *url, const char *authorization, struct bytes body,
                 int *status, struct fault *f)
{
    struct http_answer answer = {0};
    struct http_request r = {.method = "POST",
                             .url = url,
                             .content_type = "application/json",
                             .authorization = authorization,
                             .body = body};
    bool ok = http_call_retrying(http, &r, 3, &answer, f);
    struct json *j = NULL;
    if (ok && (*status = answer.status) != 404) {
        j = json_parse(buf_view(&answer.body), f);
        ok = j != NULL;
        if (ok && (answer.status >= 300 || json_count(json_get(json_root(j), "errors")))) {
            json_value first = json_at(json_get(json_root(j), "errors"), 0);
            struct bytes said = json_text(json_get(first, "message"));
            ok = fault_set(f, FAULT_SERVER, "Neo4j refused the content (%d): %.*s", answer.status,
                           (int)said.n, (const char *)said.p);
        }
        json_free(j);
    }
    http_answer_fini(&answer);
    return ok;
}

bool fill_graph(const struct seed *s, struct loop *loop, const char *address,
                const struct fill_login *login, struct fault *f)
{
    /* Neo4j 4 and later, then 3.x. */
    static const char *const endpoints[] = {"/db/neo4j/tx/commit", "/db/data/transaction/commit"};
    if (strncmp(address, "embedded:", 9) == 0)
        return fill_embedded(s, address + 9, f);
    struct buf url, body, authorization;
    buf_init(&url, 1024);
    buf_init(&body, BODY_MAX);
    buf_init(&authorization, 1024);
    struct http *http = http_new(loop, f);
    bool ok = http != NULL;
    if (ok && login->user)
        ok = http_basic(login->user, login->password, &authorization) || fault_memory(f);
    int total = content_count(s), endpoint = 0, i = 0;
    while (ok && i < total) {
        int to = i + NODES_PER_CALL < total ? i + NODES_PER_CALL : total, status = 0;
        buf_clear(&url);
        buf_clear(&body);
        buf_printf(&url, "%s%s", address, endpoints[endpoint]);
        write_body(s, i, to, &body);
        if (url.failed || body.failed)
            ok = fault_memory(f);
        ok = ok && post(http, buf_text(&url), login->user ? buf_text(&authorization) : NULL,
                        buf_view(&body), &status, f);
        if (ok && status == 404 && ++endpoint == 2)
            ok = fault_set(f, FAULT_UNSUPPORTED, "this is not Neo4j's HTTP port");
        else if (ok && status != 404)
            i = to;
    }
    http_free(http);
    buf_fini(&authorization);
    buf_fini(&body);
    buf_fini(&url);
    return ok;
}
