#include "graph/neo4j_session.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "http/http.h"
#include "net/loop.h"

enum {
    NEO4J_RETRIES = 8,
    NEO4J_TIMEOUT_MS = 120000, /* a page of a scan reads every node of the label */
    NEO4J_ROOT_TIMEOUT_MS = 15000,
    NEO4J_BODY_MAX = 64 * 1024 * 1024,
    NEO4J_PAUSE_MAX_MS = 5000,
};

struct neo4j_session {
    struct loop *loop;
    struct http *http;
    char address[256];              /* without the slash at the end */
    char shown[HTTP_URL_SHOWN_MAX]; /* without the login, for people */
    char database[64];
    struct buf authorization; /* empty: none; wiped */
    int max_retries;
    struct neo4j_candidate chosen;
    char version[32];
    char url[sizeof(((struct graph_about *)0)->address) + NEO4J_PATH_MAX];
    struct buf body;
};

static enum neo4j_verdict ask_once(struct neo4j_session *s, int http_retries,
                                   struct neo4j_reply *reply, struct fault *f)
{
    *reply = (struct neo4j_reply){0};
    struct http_request r = {
        .method = "POST",
        .url = s->url,
        .content_type = "application/json",
        .authorization = s->authorization.n ? buf_text(&s->authorization) : NULL,
        .body = buf_view(&s->body),
        .timeout_ms = NEO4J_TIMEOUT_MS,
    };
    struct http_answer answer;
    enum neo4j_verdict verdict = NEO4J_FAILED;
    if (http_call_retrying(s->http, &r, http_retries, &answer, f)) {
        verdict =
            neo4j_reply_read(reply, s->chosen.endpoint, answer.status, buf_view(&answer.body), f);
        if (verdict != NEO4J_OK)
            fault_subject(f, "%s", s->shown);
    }
    http_answer_fini(&answer);
    return verdict;
}

static bool compose(struct neo4j_session *s, const char *statement, struct bytes parameters,
                    bool is_write, struct fault *f)
{
    buf_clear(&s->body);
    neo4j_body(&s->body, s->chosen.endpoint, statement, parameters, is_write);
    return s->body.failed ? fault_memory(f) : true;
}

bool neo4j_ask(struct neo4j_session *s, const char *statement, struct bytes parameters,
               bool is_write, struct neo4j_reply *reply, struct fault *f)
{
    struct fault local;
    if (!f)
        f = &local; /* the log needs the reason */
    *reply = (struct neo4j_reply){0};
    if (!compose(s, statement, parameters, is_write, f))
        return false;
    for (int retry = 0;; retry++) {
        enum neo4j_verdict verdict = ask_once(s, s->max_retries, reply, f);
        if (verdict == NEO4J_OK)
            return true;
        if (verdict != NEO4J_AGAIN || retry >= s->max_retries)
            return false;
        neo4j_reply_fini(reply);
        uint32_t limit = 50u << (retry < 7 ? retry : 7);
        uint32_t pause =
            random_below((limit < NEO4J_PAUSE_MAX_MS ? limit : NEO4J_PAUSE_MAX_MS) + 1);
        log_write(LOG_WARN, "graph", "%s; try %d of %d in %u ms", f->text, retry + 2,
                  s->max_retries + 1, pause);
        if (!loop_sleep(s->loop, pause))
            return fault_set(f, FAULT_INTERRUPTED,
                             "interrupted while waiting to ask the graph again");
    }
}

static bool choose(struct neo4j_session *s, const struct neo4j_candidate *c)
{
    s->chosen = *c;
    int n = snprintf(s->url, sizeof s->url, "%s%s", s->address, c->path);
    return n > 0 && n < (int)sizeof s->url;
}

/* Asks each candidate for a row of its own making. A wrong password is tried once: Neo4j locks out
 * after three. */
static bool probe(struct neo4j_session *s, const struct neo4j_candidate *candidates, int count,
                  struct fault *f)
{
    for (int i = 0; i < count; i++) {
        if (!choose(s, &candidates[i]))
            return fault_set(f, FAULT_USAGE, "the address of Neo4j is too long");
        if (!compose(s, "RETURN 1", bytes_of("{}"), false, f))
            return false;
        struct neo4j_reply reply;
        enum neo4j_verdict verdict = ask_once(s, 0, &reply, f);
        neo4j_reply_fini(&reply);
        if (verdict == NEO4J_OK)
            return true;
        if (verdict == NEO4J_FAILED && f->code != FAULT_UNAVAILABLE && f->code != FAULT_PROTOCOL)
            return false;
        log_write(LOG_DEBUG, "graph", "%s: %s", candidates[i].path, f->text);
    }
    if (f->code == FAULT_UNAVAILABLE)
        return false;
    fault_set(f, FAULT_UNSUPPORTED, "no Neo4j answers there: none of its HTTP endpoints exists");
    fault_subject(f, "%s", s->shown);
    return fault_hint(f, "give the HTTP address, such as http://host:7474, not Bolt's port 7687");
}

/* GET / needs no login. What is not JSON, or another status, leaves the answer out: then every
 * endpoint is tried. */
static bool find_endpoint(struct neo4j_session *s, struct fault *f)
{
    char url[sizeof s->url];
    snprintf(url, sizeof url, "%s/", s->address);
    struct http_request r = {.method = "GET", .url = url, .timeout_ms = NEO4J_ROOT_TIMEOUT_MS};
    struct http_answer answer;
    bool answered = http_call(s->http, &r, &answer, f);
    /* Who does not answer this will not answer more. */
    if (!answered && f->code == FAULT_TIMEOUT)
        f->code = FAULT_UNREACHABLE;
    if (!answered &&
        (f->code == FAULT_UNREACHABLE || f->code == FAULT_USAGE || f->code == FAULT_INTERRUPTED)) {
        http_answer_fini(&answer);
        return false;
    }
    struct neo4j_candidate candidates[NEO4J_CANDIDATES];
    bool is_good = answered && answer.status == 200;
    int count = neo4j_candidates(is_good ? buf_view(&answer.body) : bytes_null(), s->database,
                                 candidates, s->version);
    http_answer_fini(&answer);
    return probe(s, candidates, count, f);
}

/* A 3.x does not tell its version without a login. Not knowing it stops nothing. */
static void ask_version(struct neo4j_session *s)
{
    struct neo4j_reply reply;
    if (s->version[0])
        return;
    if (neo4j_ask(s, "CALL dbms.components() YIELD versions RETURN versions[0]", bytes_of("{}"),
                  false, &reply, NULL)) {
        struct bytes said = json_text(json_at(neo4j_reply_row(&reply, 0), 0));
        if (said.p && said.n < sizeof s->version)
            snprintf(s->version, sizeof s->version, "%.*s", (int)said.n, (const char *)said.p);
    }
    neo4j_reply_fini(&reply);
}

static bool database_is_a_name(const char *name)
{
    for (const char *c = name; *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr("._-", *c))
            return false;
    return name[0] != '\0' && strlen(name) < 64;
}

static bool take_options(struct neo4j_session *s, const struct graph_options *o, struct fault *f)
{
    const char *database = o->database && o->database[0] ? o->database : "neo4j";
    const char *address = o->address ? o->address : "";
    size_t length = strlen(address);
    while (length && address[length - 1] == '/')
        length--;
    url_show(address, s->shown);
    if (strncasecmp(address, "http://", 7) != 0 && strncasecmp(address, "https://", 8) != 0) {
        fault_set(f, FAULT_USAGE, "not an HTTP address of Neo4j: \"%.200s\"", s->shown);
        return fault_hint(f, "give http://host:7474 (Bolt addresses are not used)");
    }
    if (length >= sizeof s->address)
        return fault_set(f, FAULT_USAGE, "the address of Neo4j is too long");
    if (!database_is_a_name(database))
        return fault_set(f, FAULT_USAGE, "not the name of a graph database: \"%.64s\"", database);
    snprintf(s->address, sizeof s->address, "%.*s", (int)length, address);
    url_show(s->address, s->shown);
    snprintf(s->database, sizeof s->database, "%s", database);
    s->max_retries = o->max_retries ? o->max_retries : NEO4J_RETRIES;
    if (o->user && o->user[0] &&
        !http_basic(o->user, o->password ? o->password : "", &s->authorization)) {
        fault_set(f, FAULT_USAGE, "the user name or the password of Neo4j cannot be sent");
        return fault_hint(f, "a user name must not hold a colon");
    }
    return true;
}

struct neo4j_session *neo4j_session_open(struct loop *loop, const struct graph_options *o,
                                         struct fault *f)
{
    struct neo4j_session *s = calloc(1, sizeof *s);
    if (!s)
        return fault_memory(f), NULL;
    s->loop = loop;
    buf_init(&s->authorization, 4096);
    buf_init(&s->body, NEO4J_BODY_MAX);
    s->http = http_new(loop, f);
    if (!s->http || !take_options(s, o, f) || !find_endpoint(s, f)) {
        neo4j_session_free(s);
        return NULL;
    }
    ask_version(s);
    return s;
}

void neo4j_session_free(struct neo4j_session *s)
{
    if (!s)
        return;
    http_free(s->http);
    if (s->authorization.p)
        explicit_bzero(s->authorization.p, s->authorization.capacity);
    buf_fini(&s->authorization);
    buf_fini(&s->body);
    free(s);
}

void neo4j_session_about(const struct neo4j_session *s, struct graph_about *out)
{
    snprintf(out->product, sizeof out->product, "Neo4j %s",
             s->version[0] ? s->version : "(version not told)");
    snprintf(out->endpoint, sizeof out->endpoint, "%s", neo4j_endpoint_name(s->chosen.endpoint));
    snprintf(out->address, sizeof out->address, "%s", s->shown);
}
