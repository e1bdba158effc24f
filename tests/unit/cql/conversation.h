/* tests/unit/cql/conversation.h: what a client does with the scripted server: opens, logs in, reads all
 * pages of a table, writes. Says whether all of it was right. */
#ifndef TESTS_CQL_CONVERSATION_H
#define TESTS_CQL_CONVERSATION_H

#include "cql/client.h"
#include "scripted_server.h"

enum { TALK_TIMEOUT_MS = 400, TALK_RETRIES = 4, TALK_PATIENCE_MS = 3000 };

static int talk_patience_ms = TALK_PATIENCE_MS;

/* What came of it. */
static struct talk {
    bool opened;
    bool read; /* to the end of the table */
    bool wrote;
    int rows;
    int pages;
    struct fault fault; /* of what did not come about */
} talk;

static bool take_page(void *context, struct cql_result *result, struct fault *f)
{
    static char state[64];
    struct bytes *paging_state = context;
    struct bytes cell;
    int got;
    talk.pages++;
    while ((got = cql_rows_next(&result->rows, &cell, 1, f)) > 0) {
        char wanted[16];
        snprintf(wanted, sizeof wanted, "row %d", ++talk.rows);
        if (cell.n < 5 || memcmp(cell.p, wanted, 5) != 0)
            return fault_set(f, FAULT_PROTOCOL, "another row came");
    }
    struct bytes next = result->rows.columns.paging_state;
    if (got < 0 || next.n > sizeof state)
        return false;
    *paging_state = bytes_null();
    if (!bytes_are_null(next)) {
        memcpy(state, next.p, next.n);
        *paging_state = (struct bytes){(const uint8_t *)state, next.n};
    }
    return true;
}

/* A page that could not be had is an error of the scan: none is left out. */
static bool read_table(struct cql_client *c, int pages_max, struct fault *f)
{
    struct bytes paging_state = bytes_null();
    struct cql_statement *s = cql_client_statement(c, bytes_of("SELECT v FROM ks.t"), f);
    if (!s)
        return false;
    do {
        struct cql_request r = {
            .statement = s, .purpose = CQL_FOR_ROW, .page_rows = 2, .paging_state = paging_state};
        if (!cql_client_ask(c, &r, take_page, &paging_state, f))
            return false;
    } while (!bytes_are_null(paging_state) && talk.pages < pages_max);
    return true;
}

static bool write_row(struct cql_client *c, struct fault *f)
{
    struct cql_request r = {.purpose = CQL_FOR_ROW};
    r.statement = cql_client_statement(c, bytes_of("UPDATE ks.t SET v = 'x' WHERE k = 1"), f);
    return r.statement && cql_client_ask(c, &r, NULL, NULL, f);
}

static struct cql_client *open_client(struct loop *l, int version, bool login)
{
    struct cql_address address = {.host = "10.0.0.5", .port = 9042};
    struct cql_client_options o = {.addresses = &address,
                                   .address_count = 1,
                                   .user = login ? "user" : NULL,
                                   .password = login ? "pw" : NULL,
                                   .lz4 = server.offers_lz4,
                                   .version = version,
                                   .in_flight = 8,
                                   .timeout_ms = TALK_TIMEOUT_MS,
                                   .max_retries = TALK_RETRIES,
                                   .patience_ms = talk_patience_ms,
                                   .consistency = CQL_LOCAL_QUORUM,
                                   .serial_consistency = CQL_LOCAL_SERIAL};
    return cql_client_open(l, &o, &talk.fault);
}

/* The whole conversation, with what the server and the net were set to. |version| 0: the newest. */
static inline void converse(int version)
{
    memset(&talk, 0, sizeof talk);
    struct loop *l = loop_new(&talk.fault);
    if (!l)
        return;
    struct cql_client *c = open_client(l, version, server.wants_login);
    talk.opened = c != NULL;
    talk.read = c && read_table(c, 10, &talk.fault);
    talk.wrote = talk.read && write_row(c, &talk.fault);
    cql_client_free(c);
    loop_free(l);
}

#endif
