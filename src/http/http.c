#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http/http_private.h"

enum {
    HTTP_TIMEOUT_MS = 60000,
    HTTP_CONNECT_MAX_MS = 10000,
    HTTP_ANSWER_MAX = 64 * 1024 * 1024,
    HTTP_HEADER_MAX = 16 * 1024,
};

void url_show(const char *url, char out[HTTP_URL_SHOWN_MAX])
{
    const char *host = strstr(url, "://");
    host = host ? host + 3 : url;
    size_t authority = strcspn(host, "/?#");
    const char *login_end = memrchr(host, '@', authority);
    const char *rest = login_end ? login_end + 1 : host;
    snprintf(out, HTTP_URL_SHOWN_MAX, "%.*s%.*s", (int)(host - url), url, (int)strcspn(rest, "?#"),
             rest);
}

/* A proxy of the environment is never asked for this machine's own addresses: it could not reach
 * them. */
static char *no_proxy_list(void)
{
    static const char loopback[] = "localhost,127.0.0.0/8,::1";
    const char *given = getenv("no_proxy");
    if (!given)
        given = getenv("NO_PROXY");
    if (!given || !given[0])
        return strdup(loopback);
    if (strcmp(given, "*") == 0)
        return strdup(given);
    char *both;
    return asprintf(&both, "%s,%s", loopback, given) < 0 ? NULL : both;
}

struct http *http_new(struct loop *l, struct fault *f)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT)) {
        fault_set(f, FAULT_INTERNAL, "libcurl does not start");
        return NULL;
    }
    struct http *h = calloc(1, sizeof *h);
    if (h) {
        h->loop = l;
        h->no_proxy = no_proxy_list();
    }
    if (!h || !h->no_proxy) {
        fault_memory(f);
        if (!h)
            curl_global_cleanup();
        http_free(h);
        return NULL;
    }
    if (!multi_start(h, f)) {
        http_free(h);
        return NULL;
    }
    return h;
}

void http_free(struct http *h)
{
    if (!h)
        return;
    multi_stop(h);
    free(h->no_proxy);
    free(h);
    curl_global_cleanup();
}

void http_answer_fini(struct http_answer *answer)
{
    buf_fini(&answer->body);
}

/* Where the answer's body goes. */
struct sink {
    struct buf *body;
    bool is_too_large;
};

static size_t on_body(char *p, size_t size, size_t count, void *context)
{
    struct sink *s = context; /* |size| is always 1 */
    if (size * count > s->body->max - s->body->n) {
        s->is_too_large = true;
        return 0;
    }
    return buf_append(s->body, p, size * count) ? count : 0;
}

/* Adds "name: value". A line break inside would start a header of the value's own. */
static bool add_header(struct curl_slist **list, const char *name, const char *value)
{
    for (const char *c = value; *c; c++)
        if (iscntrl((unsigned char)*c))
            return false;
    char line[HTTP_HEADER_MAX];
    int n = snprintf(line, sizeof line, "%s: %s", name, value);
    struct curl_slist *longer = NULL;
    if (n > 0 && n < (int)sizeof line)
        longer = curl_slist_append(*list, line);
    explicit_bzero(line, sizeof line);
    if (longer)
        *list = longer;
    return longer != NULL;
}

static void free_headers(struct curl_slist *list)
{
    for (const struct curl_slist *at = list; at; at = at->next)
        explicit_bzero(at->data, strlen(at->data)); /* one of them may be the authorization */
    curl_slist_free_all(list);
}

static bool make_headers(const struct http_request *r, struct curl_slist **list)
{
    return add_header(list, "Accept", r->accept ? r->accept : "application/json") &&
           (!r->content_type || add_header(list, "Content-Type", r->content_type)) &&
           (!r->authorization || add_header(list, "Authorization", r->authorization)) &&
           /* No "Expect: 100-continue": a server that ignores it costs a second per request. */
           add_header(list, "Expect", "") && add_header(list, "User-Agent", "tenantmove");
}

static void set_method(CURL *easy, const struct http_request *r)
{
    bool is_post = strcmp(r->method, "POST") == 0;
    if (is_post || !bytes_are_null(r->body)) {
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, r->body.p ? (const char *)r->body.p : "");
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body.n);
        if (!is_post)
            curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, r->method);
    } else if (strcmp(r->method, "HEAD") == 0) {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    } else if (strcmp(r->method, "GET") != 0) {
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, r->method);
    }
}

static long timeout_of(const struct http_request *r)
{
    return r->timeout_ms ? r->timeout_ms : HTTP_TIMEOUT_MS;
}

static void set_options(const struct http *h, CURL *easy, const struct http_request *r,
                        struct curl_slist *headers, struct sink *sink, char *error)
{
    long timeout = timeout_of(r);
    curl_easy_setopt(easy, CURLOPT_URL, r->url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    /* A redirect is the operator's to decide: a POST would become a GET, and the login could go
     * elsewhere. */
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(easy, CURLOPT_NOPROXY, h->no_proxy);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                     timeout < HTTP_CONNECT_MAX_MS ? timeout : (long)HTTP_CONNECT_MAX_MS);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, sink);
    set_method(easy, r);
}

/* What a failure of libcurl means here. |may_pass|: asking again may help. */
struct meaning {
    CURLcode result;
    enum fault_code code;
    bool may_pass;
    const char *text;
    const char *hint;
};

static const struct meaning meanings[] = {
    {CURLE_URL_MALFORMAT, FAULT_USAGE, false, "not a usable address", "write http://host:port"},
    {CURLE_COULDNT_RESOLVE_HOST, FAULT_UNREACHABLE, false, "the name does not resolve",
     "check the host name"},
    {CURLE_COULDNT_RESOLVE_PROXY, FAULT_UNREACHABLE, false, "the proxy's name does not resolve",
     "check the proxy variables of the environment"},
    {CURLE_COULDNT_CONNECT, FAULT_UNREACHABLE, true, "could not connect",
     "check the address and the port, and that the server runs"},
    {CURLE_PEER_FAILED_VERIFICATION, FAULT_UNREACHABLE, false,
     "the server's certificate is not trusted",
     "install the authority that signed it on this machine"},
    {CURLE_SSL_CONNECT_ERROR, FAULT_UNREACHABLE, false, "no TLS connection",
     "check whether the address must be http:// or https://"},
    {CURLE_UNSUPPORTED_PROTOCOL, FAULT_PROTOCOL, false, "the server does not speak HTTP",
     "check the port: it may belong to another server"},
    {CURLE_WEIRD_SERVER_REPLY, FAULT_PROTOCOL, false, "the server does not speak HTTP",
     "check the port: it may belong to another server"},
    {CURLE_GOT_NOTHING, FAULT_PROTOCOL, true, "the server closed the connection without an answer",
     ""},
    {CURLE_PARTIAL_FILE, FAULT_PROTOCOL, true, "the answer was cut off", ""},
    {CURLE_RECV_ERROR, FAULT_PROTOCOL, true, "the connection broke while waiting for the answer",
     ""},
    {CURLE_SEND_ERROR, FAULT_PROTOCOL, true, "the connection broke while sending", ""},
};

static bool describe_time_out(CURL *easy, const struct http_request *r, struct fault *f)
{
    curl_off_t connected_us = 0;
    curl_easy_getinfo(easy, CURLINFO_CONNECT_TIME_T, &connected_us);
    if (connected_us > 0)
        return fault_set(f, FAULT_TIMEOUT, "no whole answer within %ld ms", timeout_of(r));
    fault_set(f, FAULT_UNREACHABLE, "no connection in time");
    return fault_hint(f, "check the address, the port and the firewall");
}

static bool describe_failure(struct http *h, CURL *easy, const struct http_request *r,
                             const struct sink *sink, const char *error, struct fault *f)
{
    h->may_pass = false;
    if (h->interrupted) {
        fault_set(f, FAULT_INTERRUPTED, "interrupted while waiting for an answer");
    } else if (h->result == CURLE_OPERATION_TIMEDOUT) {
        h->may_pass = true;
        describe_time_out(easy, r, f);
    } else if (sink->is_too_large) {
        fault_set(f, FAULT_PROTOCOL, "the answer is larger than %zu bytes", sink->body->max);
    } else if (h->result == CURLE_OUT_OF_MEMORY || sink->body->failed) {
        fault_memory(f);
    } else {
        const struct meaning *m = NULL;
        for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++)
            if (meanings[i].result == h->result)
                m = &meanings[i];
        h->may_pass = m && m->may_pass;
        fault_set(f, m ? m->code : FAULT_PROTOCOL, "%s (%s)", m ? m->text : "the request failed",
                  error[0] ? error : curl_easy_strerror(h->result));
        if (m)
            fault_hint(f, "%s", m->hint);
    }
    char url[HTTP_URL_SHOWN_MAX];
    url_show(r->url, url);
    return fault_subject(f, "%s %s", r->method, url);
}

static void take_answer(CURL *easy, struct http_answer *answer)
{
    long status = 0;
    curl_off_t retry_after_s = 0;
    const char *type = NULL;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &retry_after_s);
    curl_easy_getinfo(easy, CURLINFO_CONTENT_TYPE, &type);
    answer->status = (int)status;
    if (retry_after_s > 0 && retry_after_s < INT32_MAX)
        answer->retry_after_ms = (int64_t)retry_after_s * 1000;
    if (type)
        snprintf(answer->content_type, sizeof answer->content_type, "%s", type);
}

bool http_call(struct http *h, const struct http_request *r, struct http_answer *answer,
               struct fault *f)
{
    *answer = (struct http_answer){.retry_after_ms = -1};
    buf_init(&answer->body, r->max_answer_bytes ? r->max_answer_bytes : HTTP_ANSWER_MAX);
    h->may_pass = false;
    if (loop_interrupted(h->loop))
        return fault_set(f, FAULT_INTERRUPTED, "interrupted");
    if (strncasecmp(r->url, "http://", 7) != 0 && strncasecmp(r->url, "https://", 8) != 0) {
        fault_set(f, FAULT_USAGE, "the address does not begin with http:// or https://");
        char url[HTTP_URL_SHOWN_MAX];
        url_show(r->url, url);
        return fault_subject(f, "%s", url);
    }
    struct curl_slist *headers = NULL;
    struct sink sink = {.body = &answer->body};
    char error[CURL_ERROR_SIZE] = "";
    bool ok = false;
    CURL *easy = curl_easy_init();
    if (!easy) {
        fault_memory(f);
    } else if (!make_headers(r, &headers)) {
        fault_set(f, FAULT_USAGE, "a header is too long or holds a control character");
        fault_hint(f, "check the password or key file for line breaks");
    } else {
        set_options(h, easy, r, headers, &sink, error);
        if (!multi_run(h, easy))
            fault_memory(f);
        else if (h->interrupted || h->result != CURLE_OK)
            describe_failure(h, easy, r, &sink, error, f);
        else
            ok = true;
    }
    if (ok)
        take_answer(easy, answer);
    curl_easy_cleanup(easy);
    free_headers(headers);
    return ok;
}
