/* tm-null: a CQL server that answers from memory, for measuring a client alone. See the usage. */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cql/wire/compress.h"
#include "cql/wire/opcode.h"
#include "cql/wire/segment.h"
#include "protocol.h"

static const char usage[] =
    "usage: tm-null [option…]       listens on loopback until SIGTERM; prints its port first\n"
    "\n"
    "  --port N        0: a free one (0)\n"
    "  --rows N        of sunbird.user (1000000)\n"
    "  --keys N        how many of them have a key of their own; a divisor of --rows\n"
    "  --tenant P      percent of the rows that belong to the source (10)\n"
    "  --version 4|5   the newest protocol version that it speaks (5)\n"
    "  --lz4           offer LZ4 (version 5 only)\n";

enum {
    HEADER = 9,
    CONNECTIONS_MAX = 64,
    READ_BYTES = 256 * 1024,
    BUFFER_MAX = 256 * 1024 * 1024,
    BACKLOG = 16
};

struct connection {
    int fd;
    bool wraps, lz4;
    struct buf raw, envelopes; /* received; v5: what segments carried */
    struct buf answers, segments;
};

static volatile sig_atomic_t is_ending;

static void on_signal(int number)
{
    (void)number;
    is_ending = 1;
}

static struct connection *connection_new(int fd)
{
    struct connection *c = calloc(1, sizeof *c);
    int on = 1;
    if (!c)
        return NULL;
    c->fd = fd;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct buf *const all[] = {&c->raw, &c->envelopes, &c->answers, &c->segments};
    for (int i = 0; i < 4; i++)
        buf_init(all[i], BUFFER_MAX);
    return c;
}

static void connection_free(struct connection *c)
{
    close(c->fd);
    buf_fini(&c->raw);
    buf_fini(&c->envelopes);
    buf_fini(&c->answers);
    buf_fini(&c->segments);
    free(c);
}

static bool write_all(int fd, struct bytes b)
{
    while (b.n > 0) {
        ssize_t n = send(fd, b.p, b.n, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR && !is_ending)
            continue;
        if (n <= 0)
            return false;
        b.p += n;
        b.n -= (size_t)n;
    }
    return true;
}

static bool send_answers(struct connection *c, bool wraps)
{
    struct bytes out = buf_view(&c->answers);
    if (wraps) {
        buf_clear(&c->segments);
        if (!cql_segments_append(&c->segments, out, c->lz4, NULL))
            return false;
        out = buf_view(&c->segments);
    }
    bool sent = write_all(c->fd, out);
    buf_clear(&c->answers);
    return sent;
}

/* Takes the envelope at |*at| of |in|: 1, 0: it is not whole, -1: the connection cannot go on. */
static int take_envelope(struct null_server *s, struct connection *c, const struct buf *in,
                         size_t *at)
{
    struct cql_reader header;
    cql_reader_init(&header, (struct bytes){in->p + *at, in->n - *at});
    struct null_request r = {.version = cql_read_u8(&header)};
    uint8_t flags = cql_read_u8(&header);
    r.stream = (int16_t)cql_read_u16(&header);
    r.opcode = cql_read_u8(&header);
    uint32_t n = cql_read_u32(&header);
    cql_reader_init(&r.body, cql_read_raw(&header, n));
    if (header.failed)
        return 0;
    if (r.version & 0x80 || flags & 1)
        return -1;
    *at += HEADER + n;
    return null_answer(s, &r, &c->lz4, &c->answers) ? 1 : -1;
}

/* True: the connection goes on. What STARTUP is answered with is the last that has no segment. */
static bool take_plain(struct null_server *s, struct connection *c, struct buf *in)
{
    size_t at = 0;
    int got = 1;
    bool was_startup = false;
    while (got == 1 && !was_startup) {
        was_startup = in->n - at >= HEADER && in->p[at] >= 5 && in->p[at + 4] == CQL_STARTUP;
        got = take_envelope(s, c, in, &at);
    }
    buf_consume(in, at);
    if (got < 0 || !send_answers(c, c->wraps))
        return false;
    c->wraps = c->wraps || (was_startup && got == 1 && s->version_max >= 5);
    return true;
}

static bool take_received(struct null_server *s, struct connection *c)
{
    if (!c->wraps && !take_plain(s, c, &c->raw))
        return false;
    if (!c->wraps)
        return true;
    size_t at = 0, used = 1;
    bool self_contained;
    while (used > 0) {
        struct bytes rest = {c->raw.p + at, c->raw.n - at};
        if (!cql_segment_read(rest, c->lz4, &c->envelopes, &used, &self_contained, NULL))
            return false;
        at += used;
    }
    buf_consume(&c->raw, at);
    return take_plain(s, c, &c->envelopes);
}

static bool serve(struct null_server *s, struct connection *c)
{
    size_t before = c->raw.n;
    uint8_t *room = buf_extend(&c->raw, READ_BYTES);
    if (!room)
        return false;
    ssize_t n = recv(c->fd, room, READ_BYTES, 0);
    c->raw.n = before + (n > 0 ? (size_t)n : 0);
    if (n < 0 && errno == EINTR)
        return true;
    return n > 0 && take_received(s, c);
}

static int listen_on(int port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    socklen_t n = sizeof a;
    int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) < 0 || listen(fd, BACKLOG) < 0 ||
        getsockname(fd, (struct sockaddr *)&a, &n) < 0) {
        perror("tm-null");
        return -1;
    }
    printf("%d\n", ntohs(a.sin_port));
    fflush(stdout);
    return fd;
}

static void run(struct null_server *s, int listener)
{
    struct connection *open[CONNECTIONS_MAX];
    struct pollfd polled[CONNECTIONS_MAX + 1] = {{.fd = listener, .events = POLLIN}};
    int count = 0;
    while (!is_ending) {
        if (poll(polled, (nfds_t)count + 1, -1) < 0)
            continue;
        for (int i = count - 1; i >= 0; i--) {
            if (!polled[i + 1].revents || serve(s, open[i]))
                continue;
            connection_free(open[i]);
            open[i] = open[--count];
            polled[i + 1] = polled[count + 1];
        }
        if (!polled[0].revents)
            continue;
        int fd = accept(listener, NULL, NULL);
        struct connection *c = fd >= 0 && count < CONNECTIONS_MAX ? connection_new(fd) : NULL;
        if (c) {
            open[count++] = c;
            polled[count] = (struct pollfd){.fd = fd, .events = POLLIN};
        } else if (fd >= 0) {
            close(fd);
        }
    }
    while (count > 0)
        connection_free(open[--count]);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"port", required_argument, NULL, 'p'},
        {"rows", required_argument, NULL, 'r'},
        {"keys", required_argument, NULL, 'k'},
        {"tenant", required_argument, NULL, 't'},
        {"version", required_argument, NULL, 'v'},
        {"lz4", no_argument, NULL, 'l'},
        {NULL, 0, NULL, 0},
    };
    static struct null_server s = {.version_max = 5};
    uint64_t rows = 1000000, keys = 0;
    double tenant = 10;
    int port = 0, option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 'p': port = (int)strtol(optarg, NULL, 10); break;
        case 'r': rows = strtoull(optarg, NULL, 10); break;
        case 'k': keys = strtoull(optarg, NULL, 10); break;
        case 't': tenant = strtod(optarg, NULL); break;
        case 'v': s.version_max = (int)strtol(optarg, NULL, 10); break;
        case 'l': s.lz4 = true; break;
        default: fputs(usage, stderr); return 64;
        }
    }
    if (optind != argc || s.version_max < 4 || s.version_max > 5 || tenant < 0 || tenant > 100 ||
        !null_space_init(&s.space, rows, keys, tenant)) {
        fputs(usage, stderr);
        return 64;
    }
    struct sigaction ending = {.sa_handler = on_signal};
    sigaction(SIGTERM, &ending, NULL);
    sigaction(SIGINT, &ending, NULL);
    int listener = listen_on(port);
    if (listener >= 0) {
        run(&s, listener);
        close(listener);
        printf("scanned %llu, wrote %llu, read %llu\n", (unsigned long long)s.scanned,
               (unsigned long long)s.written, (unsigned long long)s.read);
    }
    null_server_fini(&s);
    return listener >= 0 ? 0 : 2;
}
