#include "graph/neo4j_reply.h"

#include <stdio.h>
#include <string.h>

#include "base/json_write.h"
#include "base/utf8.h"

const char *neo4j_endpoint_name(enum neo4j_endpoint endpoint)
{
    switch (endpoint) {
    case NEO4J_QUERY: return "query/v2";
    case NEO4J_TX: return "tx/commit";
    case NEO4J_DATA: return "transaction/commit";
    }
    return "";
}

/* Copies the path of |url| with the database's name in place of the template's. */
static bool path_of(struct bytes url, const char *database, const char *tail,
                    char out[NEO4J_PATH_MAX])
{
    static const char mark[] = "{databaseName}";
    char text[NEO4J_PATH_MAX];
    if (bytes_are_null(url) || url.n >= sizeof text)
        return false;
    memcpy(text, url.p, url.n);
    text[url.n] = '\0';
    for (const char *c = text; *c; c++)
        if (*c <= ' ' || *c >= 0x7f || *c == '?' || *c == '#')
            return false;
    const char *host = strstr(text, "://");
    const char *path = strchr(host ? host + 3 : text, '/');
    if (!path)
        return false;
    size_t length = strlen(path);
    while (length && path[length - 1] == '/')
        length--;
    const char *at = strstr(path, mark);
    int n;
    if (at && at + sizeof mark - 1 <= path + length)
        n = snprintf(out, NEO4J_PATH_MAX, "%.*s%s%.*s%s", (int)(at - path), path, database,
                     (int)(path + length - at) - (int)(sizeof mark - 1), at + sizeof mark - 1,
                     tail);
    else
        n = snprintf(out, NEO4J_PATH_MAX, "%.*s%s", (int)length, path, tail);
    return n > 0 && n < NEO4J_PATH_MAX;
}

static int all_candidates(const char *database, struct neo4j_candidate out[NEO4J_CANDIDATES])
{
    out[0].endpoint = NEO4J_QUERY;
    snprintf(out[0].path, NEO4J_PATH_MAX, "/db/%s/query/v2", database);
    out[1].endpoint = NEO4J_TX;
    snprintf(out[1].path, NEO4J_PATH_MAX, "/db/%s/tx/commit", database);
    out[2].endpoint = NEO4J_DATA;
    snprintf(out[2].path, NEO4J_PATH_MAX, "/db/data/transaction/commit");
    return NEO4J_CANDIDATES;
}

int neo4j_candidates(struct bytes root, const char *database,
                     struct neo4j_candidate out[NEO4J_CANDIDATES], char version[32])
{
    version[0] = '\0';
    struct json *j = bytes_are_null(root) ? NULL : json_parse(root, NULL);
    if (!j)
        return all_candidates(database, out);
    json_value v = json_root(j);
    struct bytes said = json_text(json_get(v, "neo4j_version"));
    if (ascii_is_printable(said) && said.n < 32)
        snprintf(version, 32, "%.*s", (int)said.n, (const char *)said.p);

    /* A 3.x names "data" and no "transaction" here; later ones template the database's name. */
    static const struct {
        const char *key, *tail;
        enum neo4j_endpoint endpoint;
    } known[] = {{"query", "", NEO4J_QUERY},
                 {"transaction", "/commit", NEO4J_TX},
                 {"data", "/transaction/commit", NEO4J_DATA}};
    int count = 0;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        struct neo4j_candidate *c = &out[count];
        c->endpoint = known[i].endpoint;
        if (path_of(json_text(json_get(v, known[i].key)), database, known[i].tail, c->path))
            count++;
    }
    json_free(j);
    return count ? count : all_candidates(database, out);
}

void neo4j_body(struct buf *out, enum neo4j_endpoint endpoint, const char *statement,
                struct bytes parameters, bool is_write)
{
    struct json_writer w;
    json_writer_init(&w, out, false);
    json_begin_object(&w);
    if (endpoint == NEO4J_QUERY) {
        json_member_text(&w, "statement", statement);
        json_key(&w, "parameters");
        json_raw_value(&w, parameters);
        json_member_text(&w, "accessMode", is_write ? "Write" : "Read");
    } else {
        json_key(&w, "statements");
        json_begin_array(&w);
        json_begin_object(&w);
        json_member_text(&w, "statement", statement);
        json_key(&w, "parameters");
        json_raw_value(&w, parameters);
        json_key(&w, "resultDataContents");
        json_begin_array(&w);
        json_text_value(&w, "row");
        json_end(&w);
        json_end(&w);
        json_end(&w);
    }
    json_end(&w);
}

/* What an error code means here; the first row whose prefix fits counts. */
struct meaning {
    const char *prefix;
    enum neo4j_verdict verdict;
    enum fault_code code;
    const char *hint;
};

static const struct meaning meanings[] = {
    {"Neo.TransientError.", NEO4J_AGAIN, FAULT_UNAVAILABLE, "the server was busy; try again later"},
    /* A node was deleted between our MATCH and its lock: the next try does not find it any more. */
    {"Neo.ClientError.Statement.EntityNotFound", NEO4J_AGAIN, FAULT_UNAVAILABLE, ""},
    {"Neo.ClientError.Security.AuthenticationRateLimit", NEO4J_FAILED, FAULT_DENIED,
     "after three wrong passwords Neo4j refuses even the right one for a while: wait 10 seconds, "
     "check the user "
     "and the password, then try once"},
    {"Neo.ClientError.Security.", NEO4J_FAILED, FAULT_DENIED,
     "check the user, the password, and that the user may read and write this database"},
    {"Neo.ClientError.Database.DatabaseNotFound", NEO4J_FAILED, FAULT_SCHEMA,
     "check the name of the graph database"},
    {"Neo.ClientError.Cluster.NotALeader", NEO4J_FAILED, FAULT_UNAVAILABLE,
     "this member of the cluster does not take writes: give the address of the leader"},
    {"Neo.ClientError.General.ForbiddenOnReadOnlyDatabase", NEO4J_FAILED, FAULT_UNAVAILABLE,
     "this member of the cluster does not take writes: give the address of the leader"},
    {"", NEO4J_FAILED, FAULT_SERVER, ""},
};

static enum neo4j_verdict read_error(json_value error, struct fault *f)
{
    struct bytes code = json_text(json_get(error, "code"));
    struct bytes message = json_text(json_get(error, "message"));
    const struct meaning *m = meanings;
    while (code.n < strlen(m->prefix) ||
           (m->prefix[0] && memcmp(code.p, m->prefix, strlen(m->prefix)) != 0))
        m++;
    fault_set(f, m->code, "Neo4j refused: %.*s: %.*s", code.n < 96 ? (int)code.n : 96,
              code.p ? (const char *)code.p : "", message.n < 320 ? (int)message.n : 320,
              message.p ? (const char *)message.p : "");
    fault_hint(f, "%s", m->hint);
    return m->verdict;
}

static enum neo4j_verdict read_status(int status, struct fault *f)
{
    if (status == 401 || status == 403) {
        fault_set(f, FAULT_DENIED, "Neo4j refused the login (status %d)", status);
        fault_hint(f,
                   "check the user and the password; it is not tried again, since Neo4j locks out");
        return NEO4J_FAILED;
    }
    if (status == 404 || status == 405) {
        fault_set(f, FAULT_UNSUPPORTED, "no such endpoint (status %d)", status);
        return NEO4J_NOT_HERE;
    }
    if (status == 429 || status >= 500) {
        fault_set(f, FAULT_UNAVAILABLE, "Neo4j is overloaded or failed (status %d)", status);
        return NEO4J_FAILED; /* asked again before the answer came here */
    }
    if (status == 413)
        fault_set(f, FAULT_SERVER, "the request is too large for the server (status 413)");
    else
        fault_set(f, FAULT_PROTOCOL, "not an answer of Neo4j (status %d)", status);
    return NEO4J_FAILED;
}

enum neo4j_verdict neo4j_reply_read(struct neo4j_reply *reply, enum neo4j_endpoint endpoint,
                                    int status, struct bytes body, struct fault *f)
{
    *reply = (struct neo4j_reply){.endpoint = endpoint};
    reply->document = json_parse(body, NULL);
    if (!reply->document)
        return read_status(status, f);
    json_value root = json_root(reply->document);
    json_value errors = json_get(root, "errors");
    if (json_count(errors) > 0 && json_is_object(json_at(errors, 0)))
        return read_error(json_at(errors, 0), f);
    if (status < 200 || status > 299)
        return read_status(status, f);
    reply->rows = endpoint == NEO4J_QUERY ? json_get(json_get(root, "data"), "values")
                                          : json_get(json_at(json_get(root, "results"), 0), "data");
    if (!json_is_array(reply->rows)) {
        fault_set(f, FAULT_PROTOCOL,
                  "the answer has no rows: this is not Neo4j, or it was changed on the way");
        return NEO4J_FAILED;
    }
    return NEO4J_OK;
}

void neo4j_reply_fini(struct neo4j_reply *reply)
{
    json_free(reply->document);
    *reply = (struct neo4j_reply){0};
}

size_t neo4j_reply_count(const struct neo4j_reply *reply)
{
    return json_count(reply->rows);
}

json_value neo4j_reply_row(const struct neo4j_reply *reply, size_t i)
{
    json_value row = json_at(reply->rows, i);
    return reply->endpoint == NEO4J_QUERY ? row : json_get(row, "row");
}
