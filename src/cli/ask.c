#include "cli/ask.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <unistd.h>

static volatile sig_atomic_t came;

static void on_signal(int number)
{
    (void)number;
    came = 1;
}

void ask_begin(struct ask *a)
{
    struct sigaction action = {.sa_handler = on_signal}; /* no SA_RESTART: it ends the wait */
    sigemptyset(&action.sa_mask);
    came = 0;
    sigaction(SIGINT, &action, &a->was_int);
    sigaction(SIGTERM, &action, &a->was_term);
}

/* The signals are let in only while it waits: one that comes between the look and the wait would be slept over. */
static bool wait_for(int fd)
{
    sigset_t both, before;
    sigemptyset(&both);
    sigaddset(&both, SIGINT);
    sigaddset(&both, SIGTERM);
    sigprocmask(SIG_BLOCK, &both, &before);
    struct pollfd p = {.fd = fd, .events = POLLIN};
    int n = came ? 0 : ppoll(&p, 1, NULL, &before);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return n > 0 && !came;
}

ssize_t ask_read(int fd, char *text, size_t room)
{
    while (!came) {
        if (wait_for(fd))
            return read(fd, text, room);
    }
    errno = EINTR;
    return -1;
}

void ask_end(const struct ask *a)
{
    sigaction(SIGINT, &a->was_int, NULL);
    sigaction(SIGTERM, &a->was_term, NULL);
}
