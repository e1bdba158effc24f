/* tests/fuzz/fake_http.h: http/http.h whose answers are pieces of the input: for each, two bytes of
 * status, two of length, the body. Linked in place of the real one. */
#ifndef TESTS_FUZZ_FAKE_HTTP_H
#define TESTS_FUZZ_FAKE_HTTP_H

#include <stdio.h>

#include "fuzz/fuzz.h"
#include "http/http.h"

static struct bytes fake_answers;

struct http *http_new(struct loop *l, struct fault *f)
{
    (void)l;
    struct http *h = malloc(1);
    if (!h)
        fault_memory(f);
    return h;
}

void http_free(struct http *h)
{
    free(h);
}

bool http_call_retrying(struct http *h, const struct http_request *r, int retries,
                        struct http_answer *answer, struct fault *f)
{
    (void)h;
    (void)r;
    (void)retries;
    *answer = (struct http_answer){.retry_after_ms = -1};
    buf_init(&answer->body, 1 << 20);
    if (fake_answers.n == 0)
        return fault_set(f, FAULT_UNREACHABLE, "no more answers");
    uint8_t status = fuzz_u8(&fake_answers);
    answer->status = status == 0 ? 200 : status == 1 ? 404 : 100 + 2 * status;
    buf_append_bytes(&answer->body, fuzz_take(&fake_answers, fuzz_u16(&fake_answers)));
    return true;
}

void http_answer_fini(struct http_answer *answer)
{
    buf_fini(&answer->body);
}

void url_show(const char *url, char out[HTTP_URL_SHOWN_MAX])
{
    snprintf(out, HTTP_URL_SHOWN_MAX, "%s", url);
}

bool http_basic(const char *user, const char *password, struct buf *out)
{
    (void)user;
    (void)password;
    (void)out;
    return true;
}

#endif
