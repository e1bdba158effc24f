/* tests/unit/cql/scripted_server.h: a small Cassandra on the virtual net. Speaks v3 to v5, with LZ4 and
 * login; prepares whatever it is given; gives three rows in two pages to every SELECT, and "done" to
 * everything else. A test may answer in its place.
 */
#ifndef TESTS_CQL_SCRIPTED_SERVER_H
#define TESTS_CQL_SCRIPTED_SERVER_H

#include <assert.h>

#include "cql/wire/compress.h"
#include "cql/wire/envelope.h"
#include "cql/wire/segment.h"
#include "samples.h"
#include "system_rows.h"
#include "virtual_net.h"

enum { SERVER_BODY_MAX = 1 << 20, SERVER_ROWS = 3, SERVER_TEXTS = 64, SERVER_TEXT_MAX = 4096 };

struct server_conn {
    struct tcp *t;
    struct cql_dialect d;
    bool wraps;
    struct buf raw, payload, body, reply;
};

static struct server {
    int version; /* the newest that it speaks */
    bool offers_lz4, wants_login;
    /* Answers in the server's place; true: done, nothing else is sent. */
    bool (*twist)(struct server_conn *c, int16_t stream, enum cql_opcode opcode, struct bytes body);
    int prepares, executes, refusals;
    char texts[SERVER_TEXTS][SERVER_TEXT_MAX]; /* of what was prepared; an id ends in the number */
    int text_count;
} server;

/* Sends bytes that are in |b|: as they are, or in segments. */
static void server_send_raw(struct server_conn *c, struct bytes b)
{
    struct buf wrapped;
    if (!c->wraps) {
        net_send(c->t, b.p, b.n);
        return;
    }
    buf_init(&wrapped, VIRTUAL_BUFFER_MAX);
    if (cql_segments_append(&wrapped, b, c->d.lz4, NULL))
        net_send(c->t, wrapped.p, wrapped.n);
    buf_fini(&wrapped);
}

/* |out| gets a whole response. */
static void server_put(struct buf *out, struct cql_dialect d, int16_t stream, int opcode,
                       struct bytes body)
{
    size_t start = cql_envelope_begin(out, d, stream, (enum cql_opcode)opcode);
    buf_append_bytes(out, body);
    if (cql_envelope_end(out, start, d, NULL))
        out->p[start] |= 0x80;
}

static void server_reply(struct server_conn *c, int16_t stream, int opcode, struct bytes body)
{
    struct buf out;
    buf_init(&out, VIRTUAL_BUFFER_MAX);
    server_put(&out, c->d, stream, opcode, body);
    server_send_raw(c, buf_view(&out));
    buf_fini(&out);
}

static void server_error(struct server_conn *c, int16_t stream, uint32_t code, const char *text)
{
    buf_clear(&c->reply);
    buf_append_u32(&c->reply, code);
    put_string(&c->reply, text);
    server_reply(c, stream, CQL_ERROR, buf_view(&c->reply));
}

/* The number of the statement with this text; it is kept when it is new. */
static int server_statement(struct bytes text)
{
    char line[SERVER_TEXT_MAX];
    int i = 0;
    snprintf(line, sizeof line, "%.*s", (int)text.n, (const char *)text.p);
    while (i < server.text_count && strcmp(server.texts[i], line) != 0)
        i++;
    assert(i < SERVER_TEXTS);
    memcpy(server.texts[i], line, sizeof line);
    server.text_count += i == server.text_count;
    return i;
}

/* The text of what a QUERY asks or an EXECUTE executes; "" for anything else. */
static const char *server_text_of(enum cql_opcode opcode, struct bytes execute)
{
    static char text[SERVER_TEXT_MAX];
    struct cql_reader r;
    if (opcode != CQL_EXECUTE && opcode != CQL_QUERY)
        return "";
    if (opcode == CQL_QUERY) {
        cql_reader_init(&r, execute);
        struct bytes query = cql_read_long_string(&r);
        snprintf(text, sizeof text, "%.*s", (int)query.n, (const char *)query.p);
        return text;
    }
    size_t n = execute.n > 2 ? (size_t)execute.p[0] << 8 | execute.p[1] : 0;
    if (n < 2 || n + 2 > execute.n)
        return ""; /* an id that a twist has given */
    int i = (execute.p[n] - '0') * 10 + execute.p[n + 1] - '0';
    return i >= 0 && i < server.text_count ? server.texts[i] : "";
}

static bool server_is_select(const char *text)
{
    return strncmp(text, "SELECT", 6) == 0;
}

/* One for each "?", of type text. */
static void server_put_markers(struct buf *b, const char *text, int version)
{
    uint32_t count = 0;
    bool is_quoted = false; /* a column may be called "?" */
    for (const char *at = text; *at; at++) {
        is_quoted ^= *at == '"';
        count += *at == '?' && !is_quoted;
    }
    buf_append_u32(b, 1);
    buf_append_u32(b, count);
    if (version >= 4)
        buf_append_u32(b, 0);
    put_string(b, "ks");
    put_string(b, "t");
    for (uint32_t i = 0; i < count; i++) {
        put_string(b, "m");
        buf_append_u16(b, 0x0D);
    }
}

static void server_put_columns(struct buf *b, bool more)
{
    buf_append_u32(b, 1u | (more ? 2u : 0));
    buf_append_u32(b, 1);
    if (more)
        put_cell(b, "page 2");
    put_string(b, "ks");
    put_string(b, "t");
    put_string(b, "v");
    buf_append_u16(b, 0x0D);
}

static void server_prepared(struct server_conn *c, int16_t stream, int statement)
{
    struct buf *b = &c->reply;
    const char *text = server.texts[statement];
    char id[16];
    server.prepares++;
    snprintf(id, sizeof id, "%s%02d", server_is_select(text) ? "select" : "write", statement);
    buf_clear(b);
    buf_append_u32(b, 4);
    put_string(b, id);
    if (c->d.version >= 5)
        put_string(b, "metadata");
    server_put_markers(b, text, c->d.version);
    if (server_is_select(text)) {
        server_put_columns(b, false);
    } else {
        buf_append_u32(b, 4);
        buf_append_u32(b, 0);
    }
    server_reply(c, stream, CQL_RESULT, buf_view(b));
}

/* Rows 1 and 2, or row 3. */
static void server_rows(struct server_conn *c, int16_t stream, bool is_second)
{
    struct buf *b = &c->reply;
    buf_clear(b);
    buf_append_u32(b, 2);
    server_put_columns(b, !is_second);
    buf_append_u32(b, is_second ? 1 : 2);
    put_cell(b, is_second ? "row 3" : "row 1");
    if (!is_second)
        put_cell(
            b, "row 2 is longer, so that there is something for LZ4 to do: aaaaaaaaaaaaaaaaaaaaaaaa"
               "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    server_reply(c, stream, CQL_RESULT, buf_view(b));
}

static void server_executed(struct server_conn *c, int16_t stream, struct bytes body)
{
    static const uint8_t done[4] = {0, 0, 0, 1};
    server.executes++;
    if (server_is_select(server_text_of(CQL_EXECUTE, body)))
        server_rows(c, stream, memmem(body.p, body.n, "page 2", 6) != NULL);
    else
        server_reply(c, stream, CQL_RESULT, (struct bytes){done, sizeof done});
}

/* What the control connection asks: a cluster of this one node. */
static void server_queried(struct server_conn *c, int16_t stream, struct bytes body)
{
    static const struct node_row row = {.id = 1, .address = {10, 0, 0, 5}, .token = "0"};
    buf_clear(&c->reply);
    if (memmem(body.p, body.n, "system.local", 12))
        rows_of_local(&c->reply, &row);
    else
        rows_of_nothing(&c->reply, memmem(body.p, body.n, "peers", 5) ? 8 : 2);
    server_reply(c, stream, CQL_RESULT, buf_view(&c->reply));
}

static void server_supported(struct server_conn *c, int16_t stream)
{
    buf_clear(&c->reply);
    buf_append_u16(&c->reply, 1);
    put_string(&c->reply, "COMPRESSION");
    buf_append_u16(&c->reply, 1);
    put_string(&c->reply, server.offers_lz4 ? "lz4" : "snappy");
    server_reply(c, stream, CQL_SUPPORTED, buf_view(&c->reply));
}

static void server_startup(struct server_conn *c, int16_t stream, struct bytes body)
{
    bool lz4 = memmem(body.p, body.n, "lz4", 3) != NULL;
    buf_clear(&c->reply);
    if (server.wants_login)
        put_string(&c->reply, "org.apache.cassandra.auth.PasswordAuthenticator");
    server_reply(c, stream, server.wants_login ? CQL_AUTHENTICATE : CQL_READY, buf_view(&c->reply));
    c->d.lz4 = lz4;
    c->wraps = c->d.version >= 5;
}

static void server_login(struct server_conn *c, int16_t stream, struct bytes body)
{
    static const char right[] = "\0\0\0\x08\0user\0pw";
    if (body.n == sizeof right - 1 && memcmp(body.p, right, body.n) == 0)
        server_reply(c, stream, CQL_AUTH_SUCCESS,
                     (struct bytes){(const uint8_t *)"\xff\xff\xff\xff", 4});
    else
        server_error(c, stream, CQL_BAD_CREDENTIALS, "wrong");
}

static void server_answer(struct server_conn *c, int16_t stream, enum cql_opcode opcode,
                          struct bytes body)
{
    if (server.twist && server.twist(c, stream, opcode, body))
        return;
    switch ((int)opcode) {
    case CQL_OPTIONS: server_supported(c, stream); break;
    case CQL_STARTUP: server_startup(c, stream, body); break;
    case CQL_AUTH_RESPONSE: server_login(c, stream, body); break;
    case CQL_REGISTER: server_reply(c, stream, CQL_READY, (struct bytes){body.p, 0}); break;
    case CQL_QUERY: server_queried(c, stream, body); break;
    case CQL_PREPARE: {
        struct cql_reader r;
        cql_reader_init(&r, body);
        server_prepared(c, stream, server_statement(cql_read_long_string(&r)));
        break;
    }
    case CQL_EXECUTE: server_executed(c, stream, body); break;
    default: assert(!"a request that the server knows");
    }
}

/* Takes one request off |b|; false: it is not whole. */
static bool server_take(struct server_conn *c, struct buf *b)
{
    if (b->n < CQL_ENVELOPE_HEADER)
        return false;
    size_t n = (size_t)b->p[5] << 24 | (size_t)b->p[6] << 16 | (size_t)b->p[7] << 8 | b->p[8];
    if (b->n < CQL_ENVELOPE_HEADER + n)
        return false;
    int version = b->p[0];
    int16_t stream = (int16_t)(b->p[2] << 8 | b->p[3]);
    enum cql_opcode opcode = (enum cql_opcode)b->p[4];
    struct bytes body = {b->p + CQL_ENVELOPE_HEADER, n};
    buf_clear(&c->body);
    if (b->p[1] & CQL_FLAG_COMPRESSED) {
        size_t plain = (size_t)body.p[2] << 8 | body.p[3];
        assert(c->d.lz4 && version < 5);
        assert(lz4_expand(&c->body, (struct bytes){body.p + 4, n - 4}, plain));
    } else {
        buf_append_bytes(&c->body, body);
    }
    buf_consume(b, CQL_ENVELOPE_HEADER + n);
    c->d.version = version < server.version ? version : server.version;
    if (version > server.version) {
        server.refusals++;
        server_error(c, stream, CQL_PROTOCOL_ERROR, "Invalid or unsupported protocol version");
        net_close(c->t);
        return false;
    }
    server_answer(c, stream, opcode, buf_view(&c->body));
    return true;
}

static void server_received(struct tcp *t, const uint8_t *p, size_t n)
{
    struct server_conn *c = t->server;
    buf_append(&c->raw, p, n);
    for (;;) {
        if (server_take(c, c->wraps ? &c->payload : &c->raw))
            continue;
        size_t used = 0;
        bool whole;
        if (!c->wraps)
            return;
        assert(cql_segment_read(buf_view(&c->raw), c->d.lz4, &c->payload, &used, &whole, NULL));
        if (used == 0)
            return;
        buf_consume(&c->raw, used);
    }
}

static bool server_connected(struct tcp *t)
{
    struct server_conn *c = calloc(1, sizeof *c);
    if (!c)
        abort();
    c->t = t;
    buf_init(&c->raw, SERVER_BODY_MAX);
    buf_init(&c->payload, SERVER_BODY_MAX);
    buf_init(&c->body, SERVER_BODY_MAX);
    buf_init(&c->reply, SERVER_BODY_MAX);
    t->server = c;
    return true;
}

static void server_disconnected(struct tcp *t)
{
    struct server_conn *c = t->server;
    buf_fini(&c->raw);
    buf_fini(&c->payload);
    buf_fini(&c->body);
    buf_fini(&c->reply);
    free(c);
}

/* A new net with this server. */
static void server_start(int version, bool lz4, bool login)
{
    net_reset();
    net.connected = server_connected;
    net.received = server_received;
    net.disconnected = server_disconnected;
    server = (struct server){.version = version, .offers_lz4 = lz4, .wants_login = login};
}

#endif
