/* Steady reads of single rows, as the application that a move must not disturb. A connection of its
 * own, so that nothing of the measured client is between the server and the clock. */
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "cql/address.h"
#include "cql/wire/input.h"
#include "cql/wire/message.h"
#include "cql/wire/reply.h"
#include "tool.h"

enum { STREAMS = 2048, SECONDS_MAX = 900, MICROSECONDS = 1000000, OUTPUT_MAX = 1 << 20 };

static const char query[] = "SELECT rootorgid, channel, firstname FROM sunbird.user WHERE id = ?";

struct reader {
    int fd;
    struct cql_dialect dialect;
    struct cql_input in;
    struct buf out;
    uint8_t id[64];
    size_t id_bytes;
    int64_t due_us[STREAMS]; /* when it should have been sent; 0: the stream is free */
    int waiting;
    uint32_t *latency_us;
    int count, capacity, failed;
};

static volatile sig_atomic_t is_ending;

/* Not the time of day, which may be set back. */
static int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * MICROSECONDS + t.tv_nsec / 1000;
}

static void on_signal(int number)
{
    (void)number;
    is_ending = 1;
}

static bool send_all(struct reader *r, struct fault *f)
{
    for (size_t at = 0; at < r->out.n;) {
        ssize_t n = send(r->fd, r->out.p + at, r->out.n - at, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return fault_errno(f, errno, "send a read", "the server"), false;
        at += (size_t)n;
    }
    buf_clear(&r->out);
    return true;
}

/* Waits at most |timeout_ms| for bytes; false: the connection ended. */
static bool receive(struct reader *r, int timeout_ms, struct fault *f)
{
    uint8_t bytes[65536];
    struct pollfd p = {.fd = r->fd, .events = POLLIN};
    if (poll(&p, 1, timeout_ms) <= 0)
        return true;
    ssize_t n = recv(r->fd, bytes, sizeof bytes, 0);
    if (n <= 0)
        return fault_set(f, FAULT_UNREACHABLE, "the server closed the reader's connection");
    return cql_input_feed(&r->in, bytes, (size_t)n, f);
}

/* Sends what is in |out| and waits for one answer of this kind. */
static bool ask(struct reader *r, enum cql_opcode wanted, struct cql_reply *reply, struct fault *f)
{
    struct cql_envelope e;
    int got = 0;
    if (!send_all(r, f))
        return false;
    while ((got = cql_input_next(&r->in, &e, f)) == 0)
        if (!receive(r, 1000, f))
            return false;
    if (got < 0 || !cql_reply_decode(&e, reply, f))
        return false;
    return reply->opcode == wanted || fault_set(f, FAULT_PROTOCOL, "the reader was refused");
}

static bool open_socket(struct reader *r, const char *address, struct fault *f)
{
    struct cql_address *a = calloc(CQL_CONTACT_POINTS_MAX, sizeof *a);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    char port[16];
    int on = 1;
    if (!a)
        return fault_memory(f);
    bool ok = cql_addresses_parse(address, 9042, a, f) > 0;
    snprintf(port, sizeof port, "%d", a[0].port);
    ok = ok && getaddrinfo(a[0].host, port, &hints, &found) == 0;
    r->fd = ok ? socket(found->ai_family, SOCK_STREAM, 0) : -1;
    ok = ok && r->fd >= 0 && connect(r->fd, found->ai_addr, found->ai_addrlen) == 0;
    if (ok)
        setsockopt(r->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (found)
        freeaddrinfo(found);
    free(a);
    return ok || fault_set(f, FAULT_UNREACHABLE, "the reader could not connect");
}

static bool prepare(struct reader *r, struct fault *f)
{
    struct cql_reply reply;
    if (!cql_message_startup(&r->out, r->dialect, 0, "reader", f) ||
        !ask(r, CQL_READY, &reply, f) ||
        !cql_message_prepare(&r->out, r->dialect, 0, bytes_of(query), f) ||
        !ask(r, CQL_RESULT, &reply, f))
        return false;
    struct bytes id = reply.result.prepared.id;
    if (reply.result.kind != CQL_RESULT_PREPARED || id.n > sizeof r->id)
        return fault_set(f, FAULT_PROTOCOL, "the reader's statement was not prepared");
    memcpy(r->id, id.p, id.n);
    r->id_bytes = id.n;
    return true;
}

static bool send_read(struct reader *r, int number, int64_t due_us, struct fault *f)
{
    char id[USER_ID_BYTES + 1];
    int stream = 0;
    while (stream < STREAMS && r->due_us[stream])
        stream++;
    if (stream == STREAMS)
        return fault_set(f, FAULT_TIMEOUT, "%d reads wait for an answer", STREAMS);
    user_id_of(number, id);
    struct bytes key = bytes_of(id);
    struct cql_parameters p = {.consistency = CQL_LOCAL_ONE, .values = &key, .value_count = 1};
    r->due_us[stream] = due_us < now_us() ? due_us : now_us(); /* the last one leaves early */
    r->waiting++;
    return cql_message_execute(&r->out, r->dialect, (int16_t)stream,
                               (struct bytes){r->id, r->id_bytes}, bytes_null(), &p, f);
}

static bool take_answers(struct reader *r, int timeout_ms, struct fault *f)
{
    struct cql_envelope e;
    struct cql_reply reply;
    int got;
    if (!receive(r, timeout_ms, f))
        return false;
    while ((got = cql_input_next(&r->in, &e, f)) > 0) {
        if (!cql_reply_decode(&e, &reply, f))
            return false;
        if (e.stream < 0 || e.stream >= STREAMS || !r->due_us[e.stream])
            continue;
        bool is_right = reply.opcode == CQL_RESULT && reply.result.kind == CQL_RESULT_ROWS &&
                        reply.result.rows.count == 1;
        r->failed += !is_right;
        if (r->count < r->capacity)
            r->latency_us[r->count++] = (uint32_t)(now_us() - r->due_us[e.stream]);
        r->due_us[e.stream] = 0;
        r->waiting--;
    }
    return got == 0;
}

/* Spread over the table; users of others only. */
static int other_user(const struct tool *t, int64_t n)
{
    int number = (int)((uint64_t)n * 2654435761u % (uint64_t)t->rows);
    int in_hundred = t->tenant + number % 100 * (100 - t->tenant) / 100;
    number = number / 100 * 100 + in_hundred;
    return number < t->rows ? number : t->rows - 1;
}

static bool read_steadily(struct tool *t, struct reader *r, struct fault *f)
{
    int64_t start = now_us(), step = MICROSECONDS / t->rate, last = SECONDS_MAX;
    if (t->seconds && t->seconds < SECONDS_MAX)
        last = t->seconds;
    for (int64_t sent = 0; !is_ending; sent++) {
        int64_t due = start + sent * step, now = now_us();
        if (due - start > last * MICROSECONDS)
            break;
        while (now < due && !is_ending) {
            int wait_ms = (int)((due - now) / 1000);
            if (!take_answers(r, wait_ms > 0 ? wait_ms : 1, f))
                return false;
            now = now_us();
        }
        if (!send_read(r, other_user(t, sent), due, f) || !send_all(r, f) || !take_answers(r, 0, f))
            return false;
    }
    for (int i = 0; i < 50 && r->waiting > 0; i++)
        if (!take_answers(r, 100, f))
            return false;
    r->failed += r->waiting;
    return true;
}

static int ascending(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static void print_percentiles(struct reader *r)
{
    static const double shares[] = {0.5, 0.9, 0.99, 0.999, 1};
    static const char *const names[] = {"p50", "p90", "p99", "p999", "max"};
    int n = r->count;
    qsort(r->latency_us, (size_t)n, sizeof r->latency_us[0], ascending);
    printf("{\"reads\": %d, \"failed\": %d", n, r->failed);
    for (int i = 0; i < 5; i++) {
        int at = n > 0 ? (int)((double)(n - 1) * shares[i]) : 0;
        printf(", \"%s_ms\": %.3f", names[i], n > 0 ? r->latency_us[at] / 1000.0 : 0);
    }
    printf("}\n");
}

bool tool_reads(struct tool *t, struct fault *f)
{
    struct sigaction ending = {.sa_handler = on_signal};
    struct reader *r = calloc(1, sizeof *r);
    if (!r)
        return fault_memory(f);
    sigaction(SIGTERM, &ending, NULL);
    sigaction(SIGINT, &ending, NULL);
    r->fd = -1;
    r->dialect.version = 4;
    r->capacity = t->rate * SECONDS_MAX;
    r->latency_us = calloc((size_t)r->capacity, sizeof r->latency_us[0]);
    cql_input_init(&r->in, 0);
    buf_init(&r->out, OUTPUT_MAX);
    bool ok = r->latency_us || fault_memory(f);
    ok = ok && open_socket(r, t->address, f) && prepare(r, f) && read_steadily(t, r, f);
    if (ok)
        print_percentiles(r);
    if (r->fd >= 0)
        close(r->fd);
    cql_input_fini(&r->in);
    buf_fini(&r->out);
    free(r->latency_us);
    free(r);
    return ok;
}
