#include "net/line_server.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

struct line_client {
    struct line_server *server;
    int fd; /* -1: a free place */
    struct watch *watch;
    uid_t uid;
    uint64_t due_ms;
    struct buf line, answer;
    size_t sent; /* of |answer| */
};

struct line_server {
    struct loop *loop;
    int dir_fd; /* the socket is bound, and removed, by this: its path may be of any length */
    char name[64];
    int fd;
    dev_t device; /* of the file that was made, and its number: what another run put in its place */
    ino_t inode;  /* meanwhile is not removed */
    struct watch *watch;
    struct timer *timer; /* runs while somebody is connected */
    void (*line)(void *context, struct bytes line, uid_t uid, struct buf *answer);
    void *context;
    struct line_client clients[LINE_CLIENTS_MAX];
};

/* "/proc/self/fd/N/name": an address has room for 107 bytes only. */
static bool address_of(int dir_fd, const char *name, struct sockaddr_un *out, struct fault *f)
{
    *out = (struct sockaddr_un){.sun_family = AF_UNIX};
    int n = snprintf(out->sun_path, sizeof out->sun_path, "/proc/self/fd/%d/%s", dir_fd, name);
    return (n > 0 && (size_t)n < sizeof out->sun_path) ||
           fault_set(f, FAULT_INTERNAL, "the name of a socket is too long: %s", name);
}

static int open_dir(const char *dir, struct fault *f)
{
    int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        fault_errno(f, errno, "open the move directory", dir);
    return fd;
}

/* ---- who asks ---- */

static void drop(struct line_client *c)
{
    if (c->fd < 0)
        return;
    watch_free(c->watch);
    close(c->fd);
    buf_fini(&c->line);
    buf_fini(&c->answer);
    c->watch = NULL;
    c->fd = -1;
    for (int i = 0; i < LINE_CLIENTS_MAX; i++)
        if (c->server->clients[i].fd >= 0)
            return;
    timer_stop(c->server->timer);
}

static void send_answer(struct line_client *c)
{
    while (c->sent < c->answer.n) {
        ssize_t n = send(c->fd, c->answer.p + c->sent, c->answer.n - c->sent, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN && watch_start(c->watch, WATCH_WRITE))
            return;
        if (n <= 0)
            break;
        c->sent += (size_t)n;
    }
    drop(c);
}

static void take_line(struct line_client *c, size_t n)
{
    struct line_server *s = c->server;
    s->line(s->context, (struct bytes){c->line.p, n}, c->uid, &c->answer);
    if (c->answer.failed)
        drop(c); /* half an answer would be taken for a whole one */
    else
        send_answer(c);
}

static void read_line(struct line_client *c)
{
    uint8_t bytes[LINE_MAX_BYTES];
    ssize_t n = recv(c->fd, bytes, sizeof bytes, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0 || !buf_append(&c->line, bytes, (size_t)n)) {
        drop(c);
        return;
    }
    const uint8_t *end = memchr(c->line.p, '\n', c->line.n);
    if (end)
        take_line(c, (size_t)(end - c->line.p));
}

static void on_client(void *context, int events)
{
    struct line_client *c = context;
    if (c->answer.n)
        send_answer(c);
    else if (events)
        read_line(c);
}

static void on_timer(void *context)
{
    struct line_server *s = context;
    uint64_t now = loop_now_ms(s->loop);
    for (int i = 0; i < LINE_CLIENTS_MAX; i++)
        if (s->clients[i].fd >= 0 && s->clients[i].due_ms <= now)
            drop(&s->clients[i]);
}

static bool may_ask(int fd, uid_t *uid)
{
    struct ucred who;
    socklen_t size = sizeof who;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0)
        return false;
    *uid = who.uid;
    return who.uid == geteuid() || who.uid == 0;
}

static bool add_client(struct line_server *s, int fd)
{
    struct line_client *c = NULL;
    uid_t uid;
    for (int i = 0; i < LINE_CLIENTS_MAX && !c; i++)
        if (s->clients[i].fd < 0)
            c = &s->clients[i];
    if (!c || !may_ask(fd, &uid))
        return false;
    *c = (struct line_client){.server = s, .fd = -1, .uid = uid};
    c->watch = watch_new(s->loop, fd, on_client, c);
    if (!c->watch)
        return false;
    c->fd = fd;
    c->due_ms = loop_now_ms(s->loop) + LINE_PATIENCE_MS;
    buf_init(&c->line, LINE_MAX_BYTES);
    buf_init(&c->answer, LINE_ANSWER_MAX);
    timer_start(s->timer, LINE_PATIENCE_MS / 10, LINE_PATIENCE_MS / 10);
    if (!watch_start(c->watch, WATCH_READ))
        drop(c); /* which closes it */
    return true;
}

static void on_connect(void *context, int events)
{
    struct line_server *s = context;
    (void)events;
    int fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0 && !add_client(s, fd))
        close(fd);
}

/* ---- the socket ---- */

/* Only a socket is ever removed. */
static bool remove_old(struct line_server *s, const char *dir, struct fault *f)
{
    struct stat st;
    if (fstatat(s->dir_fd, s->name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT || fault_errno(f, errno, "look at the control socket", dir);
    if (!S_ISSOCK(st.st_mode)) {
        fault_set(f, FAULT_REFUSED, "a file that is no socket has the name %s", s->name);
        return fault_subject(f, "%s", dir);
    }
    return unlinkat(s->dir_fd, s->name, 0) == 0 ||
           fault_errno(f, errno, "remove the control socket of an ended run", dir);
}

static bool bind_socket(struct line_server *s, const char *dir, struct fault *f)
{
    struct sockaddr_un address;
    if (!address_of(s->dir_fd, s->name, &address, f) || !remove_old(s, dir, f))
        return false;
    s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    /* The file gets the socket's mode when it is made, so that it is never open to others. */
    if (s->fd < 0 || fchmod(s->fd, 0600) != 0 ||
        bind(s->fd, (const struct sockaddr *)&address, sizeof address) != 0 ||
        listen(s->fd, LINE_CLIENTS_MAX) != 0)
        return fault_errno(f, errno, "make the control socket", dir);
    struct stat st;
    if (fstatat(s->dir_fd, s->name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return fault_errno(f, errno, "look at the control socket", dir);
    s->device = st.st_dev;
    s->inode = st.st_ino;
    return true;
}

static void remove_own(const struct line_server *s)
{
    struct stat st;
    if (fstatat(s->dir_fd, s->name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_dev == s->device &&
        st.st_ino == s->inode)
        unlinkat(s->dir_fd, s->name, 0);
}

struct line_server *line_server_open(struct loop *l, const char *dir, const char *name,
                                     void (*line)(void *context, struct bytes line, uid_t uid,
                                                  struct buf *answer),
                                     void *context, struct fault *f)
{
    struct line_server *s = calloc(1, sizeof *s);
    if (!s)
        return fault_memory(f), NULL;
    s->loop = l;
    s->line = line;
    s->context = context;
    s->fd = -1;
    for (int i = 0; i < LINE_CLIENTS_MAX; i++)
        s->clients[i].fd = -1;
    snprintf(s->name, sizeof s->name, "%s", name);
    s->dir_fd = open_dir(dir, f);
    bool ok = s->dir_fd >= 0 && bind_socket(s, dir, f);
    if (ok) {
        s->timer = timer_new(l, on_timer, s);
        s->watch = watch_new(l, s->fd, on_connect, s);
        ok = (s->timer && s->watch && watch_start(s->watch, WATCH_READ)) || fault_memory(f);
    }
    if (ok)
        return s;
    line_server_close(s);
    return NULL;
}

void line_server_close(struct line_server *s)
{
    if (!s)
        return;
    for (int i = 0; i < LINE_CLIENTS_MAX; i++)
        drop(&s->clients[i]);
    watch_free(s->watch);
    timer_free(s->timer);
    if (s->fd >= 0) {
        remove_own(s);
        close(s->fd);
    }
    if (s->dir_fd >= 0)
        close(s->dir_fd);
    free(s);
}

/* ---- the other side ---- */

static uint64_t now_ms(void)
{
    return (uint64_t)clock_now_us() / 1000;
}

static bool wait_for(int fd, short events, uint64_t due_ms, struct fault *f)
{
    for (;;) {
        uint64_t now = now_ms();
        struct pollfd p = {.fd = fd, .events = events};
        int n = now < due_ms ? poll(&p, 1, (int)(due_ms - now)) : 0;
        if (n > 0)
            return true;
        if (n == 0)
            return fault_set(f, FAULT_TIMEOUT, "the process did not answer in time");
        if (errno != EINTR)
            return fault_errno(f, errno, "wait for the answer", "");
    }
}

static bool connect_to(int fd, const char *dir, const char *name, struct fault *f)
{
    struct sockaddr_un address;
    int dir_fd = open_dir(dir, f);
    if (dir_fd < 0)
        return false;
    bool ok = address_of(dir_fd, name, &address, f);
    if (ok && connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        int error = errno;
        if (error == ENOENT || error == ECONNREFUSED)
            ok = fault_set(f, FAULT_REFUSED, "nobody listens");
        else if (error == EAGAIN)
            ok = fault_set(f, FAULT_TIMEOUT, "the process takes no more questions now");
        else
            ok = fault_errno(f, error, "ask the process", dir);
    }
    close(dir_fd);
    return ok;
}

static bool send_line(int fd, const char *line, uint64_t due_ms, struct fault *f)
{
    char text[LINE_MAX_BYTES + 1];
    int n = snprintf(text, sizeof text, "%s\n", line);
    if (n < 0 || n > LINE_MAX_BYTES)
        return fault_set(f, FAULT_USAGE, "the command is too long");
    for (size_t sent = 0; sent < (size_t)n;) {
        if (!wait_for(fd, POLLOUT, due_ms, f))
            return false;
        ssize_t m = send(fd, text + sent, (size_t)n - sent, MSG_NOSIGNAL);
        if (m < 0 && errno != EAGAIN && errno != EINTR)
            return fault_errno(f, errno, "ask the process", "");
        sent += m > 0 ? (size_t)m : 0;
    }
    return true;
}

static bool read_answer(int fd, uint64_t due_ms, struct buf *answer, struct fault *f)
{
    for (;;) {
        uint8_t bytes[4096];
        if (!wait_for(fd, POLLIN, due_ms, f))
            return false;
        ssize_t n = recv(fd, bytes, sizeof bytes, 0);
        if (n == 0 && answer->n == 0)
            return fault_set(f, FAULT_REFUSED, "the process did not answer");
        if (n == 0)
            return true;
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return fault_errno(f, errno, "read the answer", "");
        if (n > 0 && !buf_append(answer, bytes, (size_t)n))
            return fault_memory(f);
    }
}

bool line_ask(const char *dir, const char *name, const char *line, int timeout_ms,
              struct buf *answer, struct fault *f)
{
    uint64_t due_ms = now_ms() + (uint64_t)timeout_ms;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return fault_errno(f, errno, "ask the process", dir);
    bool ok = connect_to(fd, dir, name, f) && send_line(fd, line, due_ms, f) &&
              read_answer(fd, due_ms, answer, f);
    close(fd);
    return ok;
}
