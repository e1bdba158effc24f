/* http/http.h: HTTP requests on the event loop. The only module that knows libcurl.
 *
 * One request at a time is enough for every caller; the loop runs inside http_call, so timers and
 * progress go on.
 */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/fault.h"

struct loop;
struct http;

struct http_request {
    const char *method;        /* "GET", "POST" */
    const char *url;           /* http:// or https:// only */
    const char *content_type;  /* NULL: none */
    const char *accept;        /* NULL: application/json */
    const char *authorization; /* the whole header value; NULL: none; never logged */
    struct bytes body;         /* null: none */
    int timeout_ms;            /* 0: 60000 */
    size_t max_answer_bytes;   /* 0: 64 MiB; more is FAULT_PROTOCOL */
};

struct http_answer {
    int status;
    struct buf body;        /* http_answer_fini frees it */
    int64_t retry_after_ms; /* -1: not said */
    char content_type[96];
};

struct http *http_new(struct loop *l, struct fault *f);
void http_free(struct http *h);

/* Sends once and waits; redirects are not followed. True: an answer came, whatever its status.
 * False: FAULT_UNREACHABLE, FAULT_TIMEOUT, FAULT_PROTOCOL (not HTTP, body too large, cut),
 * FAULT_INTERRUPTED, FAULT_USAGE (the address, a header with a line break). |answer| must be fini'd
 * in any case. */
bool http_call(struct http *h, const struct http_request *r, struct http_answer *answer,
               struct fault *f);
void http_answer_fini(struct http_answer *answer);

/* The same with retries: on a cut, a time-out, 429, 502, 503, 504 and other 5xx, full jitter from
 * 50 ms doubling to 5 s, or as Retry-After says (at most 2 minutes). |retries| at most; every retry
 * is logged. True: the last answer. */
bool http_call_retrying(struct http *h, const struct http_request *r, int retries,
                        struct http_answer *answer, struct fault *f);

/* "Basic …" for user and password into |out| (wiped by the caller); false when it does not fit, or
 * |user| has a ':'. */
bool http_basic(const char *user, const char *password, struct buf *out);

/* |url| without login, query and fragment, for people, logs and faults: either may hold a secret. */
enum { HTTP_URL_SHOWN_MAX = 256 };
void url_show(const char *url, char out[HTTP_URL_SHOWN_MAX]);

#endif
