/* tests/unit/cql/scripted_cluster.h: three peers on 127.0.0.1, .2 and .3, each a thread, that speak
 * just enough of version 4 and do as their script says.
 */
#ifndef TESTS_CQL_SCRIPTED_CLUSTER_H
#define TESTS_CQL_SCRIPTED_CLUSTER_H

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "system_rows.h"

enum { PEERS = 3, KEPT_EVENTS = 4 };

/* What a peer does with EXECUTEs. */
enum script {
    ANSWER,
    OVERLOADED,  /* always */
    UNAVAILABLE, /* always */
    HANG_UP,     /* at every third */
    SILENT,
    SLOW, /* one after the other, 5 ms for each */
};

struct peer {
    int number; /* from 1 on; its host_id, and its last byte of address */
    _Atomic(enum script) script;
    int listener;
    pthread_t thread;
    atomic_int fd; /* of the connection; -1: none */
    atomic_int connections, prepares, executes, registers, options, snapshots;
};

/* As the system tables have it. */
static struct {
    struct peer peers[PEERS];
    int port;
    atomic_int size; /* nodes that are members */
    _Atomic(const char *) dc_of_third;
    atomic_bool has_peers_v2, renumbers;
    atomic_bool wants_login, refuses_login; /* slowly */
    atomic_int logins;
    atomic_int event_at_keyspaces; /* a NEW_NODE comes while the first snapshot is read */
} cluster;

static bool read_whole(int fd, uint8_t *p, size_t n)
{
    while (n > 0) {
        ssize_t got = read(fd, p, n);
        if (got <= 0)
            return false;
        p += got;
        n -= (size_t)got;
    }
    return true;
}

static void send_frame(int fd, int stream, uint8_t opcode, struct bytes body)
{
    struct buf b;
    buf_init(&b, 8192);
    buf_append_u8(&b, 0x84);
    buf_append_u8(&b, 0);
    buf_append_u16(&b, (uint16_t)stream);
    buf_append_u8(&b, opcode);
    buf_append_u32(&b, (uint32_t)body.n);
    buf_append_bytes(&b, body);
    (void)!write(fd, b.p, b.n);
    buf_fini(&b);
}

static void append_string(struct buf *b, const char *text)
{
    buf_append_u16(b, (uint16_t)strlen(text));
    buf_append_text(b, text);
}

static void send_event(int fd, const char *type, const char *change, int number)
{
    const uint8_t address[5] = {4, 127, 0, 0, (uint8_t)number};
    struct buf b;
    buf_init(&b, 256);
    append_string(&b, type);
    append_string(&b, change);
    buf_append(&b, address, 5);
    buf_append_u32(&b, (uint32_t)cluster.port);
    send_frame(fd, 0xFFFF, 0x0C, buf_view(&b));
    buf_fini(&b);
}

static void send_error(int fd, int stream, uint32_t code)
{
    struct buf b;
    buf_init(&b, 256);
    buf_append_u32(&b, code);
    append_string(&b, "no!");
    if (code == 0x1000) {
        buf_append_u16(&b, 6);
        buf_append_u32(&b, 2);
        buf_append_u32(&b, 1);
    }
    send_frame(fd, stream, 0x00, buf_view(&b));
    buf_fini(&b);
}

static struct node_row row_of(int number)
{
    static const char *const tokens[] = {"-3000000000000000000", "3000000000000000000",
                                         "9000000000000000000"};
    struct node_row r = {.id = (uint8_t)(number + (cluster.renumbers ? 10 : 0)),
                         .address = {127, 0, 0, (uint8_t)number},
                         .port = cluster.port,
                         .token = tokens[number - 1]};
    if (number == 3)
        r.dc = cluster.dc_of_third;
    return r;
}

static void answer_query(struct peer *p, int fd, int stream, struct bytes body)
{
    static const char *const replication[] = {"class", "SimpleStrategy", "replication_factor", "1",
                                              NULL};
    struct buf b;
    buf_init(&b, 8192);
    bool is_v2 = memmem(body.p, body.n, "peers_v2", 8) != NULL;
    if (memmem(body.p, body.n, "system.local", 12)) {
        struct node_row row = row_of(p->number);
        p->snapshots++;
        rows_of_local(&b, &row);
    } else if (is_v2 && !cluster.has_peers_v2) {
        send_error(fd, stream, 0x2200);
    } else if (memmem(body.p, body.n, "peers", 5)) {
        struct node_row rows[PEERS];
        uint32_t count = 0;
        for (int i = 1; i <= cluster.size; i++)
            if (i != p->number)
                rows[count++] = row_of(i);
        rows_of_peers(&b, rows, count, is_v2);
    } else {
        if (cluster.event_at_keyspaces) {
            cluster.event_at_keyspaces = 0;
            cluster.size = 3;
            send_event(fd, "TOPOLOGY_CHANGE", "NEW_NODE", 3);
        }
        rows_begin(&b, 2, 1);
        rows_keyspace(&b, "ks", replication);
    }
    if (b.n)
        send_frame(fd, stream, 0x08, buf_view(&b));
    buf_fini(&b);
}

static void send_prepared(int fd, int stream)
{
    struct buf b;
    buf_init(&b, 256);
    buf_append_u32(&b, 4);
    append_string(&b, "id");
    for (int i = 0; i < 3; i++) /* markers: flags, count, key indices */
        buf_append_u32(&b, 0);
    buf_append_u32(&b, 4); /* no metadata: it gives no rows */
    buf_append_u32(&b, 0);
    send_frame(fd, stream, 0x08, buf_view(&b));
    buf_fini(&b);
}

/* False: hang up. */
static bool answer_execute(struct peer *p, int fd, int stream)
{
    static const uint8_t done[4] = {0, 0, 0, 1};
    int count = ++p->executes;
    switch (p->script) {
    case ANSWER: break;
    case OVERLOADED: send_error(fd, stream, 0x1001); return true;
    case UNAVAILABLE: send_error(fd, stream, 0x1000); return true;
    case HANG_UP:
        if (count % 3 == 0)
            return false;
        break;
    case SILENT: return true;
    case SLOW: usleep(5000); break;
    }
    send_frame(fd, stream, 0x08, (struct bytes){done, sizeof done});
    return true;
}

static void answer_startup(int fd, int stream)
{
    struct buf b;
    buf_init(&b, 256);
    if (cluster.wants_login)
        append_string(&b, "PasswordAuthenticator");
    send_frame(fd, stream, cluster.wants_login ? 0x03 : 0x02, buf_view(&b));
    buf_fini(&b);
}

static void answer_login(int fd, int stream)
{
    static const uint8_t null[4] = {255, 255, 255, 255};
    cluster.logins++;
    if (cluster.refuses_login) {
        usleep(100000);
        send_error(fd, stream, 0x0100);
    } else {
        send_frame(fd, stream, 0x10, (struct bytes){null, sizeof null});
    }
}

static bool answer(struct peer *p, int fd, const uint8_t *header, struct bytes body)
{
    static const uint8_t nothing[2] = {0, 0};
    int stream = header[2] << 8 | header[3];
    switch (header[4]) {
    case 0x05:
        p->options++;
        send_frame(fd, stream, 0x06, (struct bytes){nothing, 2});
        return true;
    case 0x0B:
        p->registers++;
        send_frame(fd, stream, 0x02, (struct bytes){nothing, 0});
        return true;
    case 0x01: answer_startup(fd, stream); return true;
    case 0x0F: answer_login(fd, stream); return true;
    case 0x07: answer_query(p, fd, stream, body); return true;
    case 0x09:
        p->prepares++;
        send_prepared(fd, stream);
        return true;
    case 0x0A: return answer_execute(p, fd, stream);
    default: return false;
    }
}

static void *run_peer(void *context)
{
    struct peer *p = context;
    uint8_t header[9], body[4096];
    int fd;
    while ((fd = accept(p->listener, NULL, NULL)) >= 0) {
        p->connections++;
        p->fd = fd;
        while (read_whole(fd, header, sizeof header)) {
            size_t n = (size_t)header[7] << 8 | header[8];
            if (n > sizeof body || !read_whole(fd, body, n) ||
                !answer(p, fd, header, (struct bytes){body, n}))
                break;
        }
        p->fd = -1;
        close(fd);
    }
    return NULL;
}

static void listen_at(struct peer *p)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)cluster.port)};
    socklen_t n = sizeof a;
    int yes = 1;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK + (uint32_t)p->number - 1);
    p->listener = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(p->listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    assert_int_equal(bind(p->listener, (struct sockaddr *)&a, n), 0);
    assert_int_equal(listen(p->listener, 8), 0);
    getsockname(p->listener, (struct sockaddr *)&a, &n);
    cluster.port = ntohs(a.sin_port);
    assert_int_equal(pthread_create(&p->thread, NULL, run_peer, p), 0);
}

static void start_peer(int number)
{
    struct peer *p = &cluster.peers[number - 1];
    p->number = number;
    p->fd = -1;
    listen_at(p);
}

/* As a power cut: its connection and its port are gone. */
static void stop_peer(int number)
{
    struct peer *p = &cluster.peers[number - 1];
    shutdown(p->listener, SHUT_RDWR);
    if (p->fd >= 0)
        shutdown(p->fd, SHUT_RDWR);
    pthread_join(p->thread, NULL);
    close(p->listener);
    p->listener = -1;
}

#endif
