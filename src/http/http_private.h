/* http/http_private.h: what the files of this folder share, and nobody else sees: libcurl on the
 * loop.
 *
 * libcurl says which sockets it waits for and when it wants to be called (CURLMOPT_SOCKETFUNCTION,
 * TIMERFUNCTION); multi.c turns both into the loop's watches and a timer.
 */
#ifndef HTTP_HTTP_PRIVATE_H
#define HTTP_HTTP_PRIVATE_H

#include <curl/curl.h>

#include "http/http.h"
#include "net/loop.h"

enum { HTTP_INTERRUPT_CHECK_MS = 50 };

struct http {
    struct loop *loop;
    CURLM *multi;
    struct timer *timer;  /* libcurl's own */
    struct timer *ticker; /* looks whether the run was interrupted */
    char *no_proxy;       /* the environment's, with loopback added */
    bool finished;        /* the transfer in hand */
    bool interrupted;
    CURLcode result;
    bool may_pass; /* of the last failure: the same request may do better later */
};

bool multi_start(struct http *h, struct fault *f);
void multi_stop(struct http *h);

/* Runs one transfer to its end, or until interrupted: h->result, h->interrupted. */
bool multi_run(struct http *h, CURL *easy);

#endif
