/* tests/unit/http/scripted_peer.h: a TCP peer in a thread that answers each request with the next
 * line of a script.
 *
 * It listens on loopback, takes one connection per step, reads a whole request (headers and
 * Content-Length), remembers it, sends the step's bytes, and closes; or first holds the connection
 * until the other side closes, or waits to reset it.
 */
#ifndef TESTS_SCRIPTED_PEER_H
#define TESTS_SCRIPTED_PEER_H

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PEER_STEPS_MAX = 16, PEER_REQUEST_MAX = 4 << 20 };

struct step {
    const char *answer; /* bytes to send; NULL: the end of the script */
    bool hold;          /* keep the connection open, silent, until the other side closes it */
    bool reset;         /* wait for the next request on the connection, and reset it unread */
    size_t filler;      /* as many 'x' after the answer */
};

struct peer {
    int listener, port;
    const struct step *steps;
    int served; /* how many requests came */
    char *requests[PEER_STEPS_MAX];
    pthread_t thread;
    char url[64];
};

static inline size_t peer_body_bytes(const char *request)
{
    const char *length = strcasestr(request, "\r\ncontent-length:");
    return length ? strtoul(length + 17, NULL, 10) : 0;
}

static inline char *peer_read_request(int fd)
{
    char *request = malloc(PEER_REQUEST_MAX);
    size_t n = 0;
    if (!request)
        abort();
    for (;;) {
        ssize_t got = read(fd, request + n, PEER_REQUEST_MAX - 1 - n);
        if (got <= 0)
            break;
        n += (size_t)got;
        request[n] = '\0';
        const char *end = strstr(request, "\r\n\r\n");
        if (end && n - (size_t)(end + 4 - request) >= peer_body_bytes(request))
            break;
    }
    request[n] = '\0';
    return request;
}

static inline void peer_send(int fd, const char *p, size_t n)
{
    while (n) {
        ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        p += sent;
        n -= (size_t)sent;
    }
}

static inline void *peer_serve(void *context)
{
    struct peer *p = context;
    for (int i = 0; i < PEER_STEPS_MAX && p->steps[i].answer; i++) {
        struct pollfd wait = {.fd = p->listener, .events = POLLIN};
        if (poll(&wait, 1, 10000) <= 0)
            break;
        int fd = accept(p->listener, NULL, NULL);
        if (fd < 0)
            break; /* peer_stop shut the listener */
        p->requests[i] = peer_read_request(fd);
        p->served = i + 1;
        peer_send(fd, p->steps[i].answer, strlen(p->steps[i].answer));
        char filler[4096];
        memset(filler, 'x', sizeof filler);
        for (size_t at = 0; at < p->steps[i].filler; at += sizeof filler)
            peer_send(fd, filler, sizeof filler);
        char one;
        if (p->steps[i].hold)
            while (read(fd, &one, 1) > 0)
                ;
        struct pollfd next = {.fd = fd, .events = POLLIN};
        if (p->steps[i].reset)
            poll(&next, 1, 10000);
        close(fd);
    }
    return NULL;
}

static inline int peer_listen(int *port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) || listen(fd, 8) ||
        getsockname(fd, (struct sockaddr *)&a, &length))
        abort();
    *port = ntohs(a.sin_port);
    return fd;
}

static inline void peer_start(struct peer *p, const struct step *steps)
{
    memset(p, 0, sizeof *p);
    p->steps = steps;
    p->listener = peer_listen(&p->port);
    snprintf(p->url, sizeof p->url, "http://127.0.0.1:%d", p->port);
    if (pthread_create(&p->thread, NULL, peer_serve, p))
        abort();
}

/* Waits for the thread; p->served and p->requests are final then. Requests that never came are not
 * waited for. */
static inline void peer_stop(struct peer *p)
{
    shutdown(p->listener, SHUT_RDWR);
    pthread_join(p->thread, NULL);
    close(p->listener);
}

static inline void peer_free(struct peer *p)
{
    for (int i = 0; i < PEER_STEPS_MAX; i++)
        free(p->requests[i]);
}

/* The body of the request at |i|. */
static inline const char *peer_body(const struct peer *p, int i)
{
    const char *end = p->requests[i] ? strstr(p->requests[i], "\r\n\r\n") : NULL;
    return end ? end + 4 : "";
}

#endif
