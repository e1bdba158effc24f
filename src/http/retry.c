#include "base/log.h"
#include "http/http_private.h"

enum { BACKOFF_FIRST_MS = 50, BACKOFF_MAX_MS = 5000, RETRY_AFTER_MAX_MS = 120000 };

/* "Full jitter": a random share of a doubling limit, so that many clients do not come back
 * together. */
static uint64_t backoff_ms(int retry)
{
    uint32_t limit = BACKOFF_FIRST_MS;
    for (int i = 0; i < retry && limit < BACKOFF_MAX_MS; i++)
        limit *= 2;
    return random_below((limit < BACKOFF_MAX_MS ? limit : BACKOFF_MAX_MS) + 1);
}

static uint64_t pause_ms(const struct http_answer *answer, bool answered, int retry)
{
    if (!answered || answer->retry_after_ms <= 0)
        return backoff_ms(retry);
    return answer->retry_after_ms < RETRY_AFTER_MAX_MS ? (uint64_t)answer->retry_after_ms
                                                       : RETRY_AFTER_MAX_MS;
}

bool http_call_retrying(struct http *h, const struct http_request *r, int retries,
                        struct http_answer *answer, struct fault *f)
{
    struct fault local;
    if (!f)
        f = &local; /* the log needs the reason */
    for (int retry = 0;; retry++) {
        bool answered = http_call(h, r, answer, f);
        bool again = answered ? answer->status == 429 || answer->status >= 500 : h->may_pass;
        if (!again || retry >= retries)
            return answered;

        uint64_t wait = pause_ms(answer, answered, retry);
        char url[HTTP_URL_SHOWN_MAX];
        url_show(r->url, url);
        if (answered)
            log_write(LOG_WARN, "http", "%s %s: status %d; try %d of %d in %llu ms", r->method, url,
                      answer->status, retry + 2, retries + 1, (unsigned long long)wait);
        else
            log_write(LOG_WARN, "http", "%s %s: %s; try %d of %d in %llu ms", r->method, url,
                      f->text, retry + 2, retries + 1, (unsigned long long)wait);
        http_answer_fini(answer);
        if (!loop_sleep(h->loop, wait)) {
            fault_set(f, FAULT_INTERRUPTED, "interrupted while waiting to ask again");
            return fault_subject(f, "%s", url);
        }
    }
}
