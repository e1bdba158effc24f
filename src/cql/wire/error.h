/* cql/wire/error.h: what a server's ERROR says (native_protocol_v5.spec 9), and the one table that
 * says what to do about it.
 */
#ifndef CQL_WIRE_ERROR_H
#define CQL_WIRE_ERROR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/fault.h"
#include "cql/wire/reader.h"

enum cql_error_code {
    CQL_SERVER_ERROR = 0x0000,
    CQL_PROTOCOL_ERROR = 0x000A,
    CQL_BAD_CREDENTIALS = 0x0100,
    CQL_UNAVAILABLE = 0x1000,
    CQL_OVERLOADED = 0x1001,
    CQL_IS_BOOTSTRAPPING = 0x1002,
    CQL_TRUNCATE_ERROR = 0x1003,
    CQL_WRITE_TIMEOUT = 0x1100,
    CQL_READ_TIMEOUT = 0x1200,
    CQL_READ_FAILURE = 0x1300,
    CQL_FUNCTION_FAILURE = 0x1400,
    CQL_WRITE_FAILURE = 0x1500,
    CQL_CDC_WRITE_FAILURE = 0x1600,
    CQL_CAS_WRITE_UNKNOWN = 0x1700,
    CQL_SYNTAX_ERROR = 0x2000,
    CQL_UNAUTHORIZED = 0x2100,
    CQL_INVALID = 0x2200,
    CQL_CONFIG_ERROR = 0x2300,
    CQL_ALREADY_EXISTS = 0x2400,
    CQL_UNPREPARED = 0x2500,
};

/* One ERROR. Fields that its code does not have are zero or null. Views of the body. */
struct cql_error {
    int32_t code;
    struct bytes text;
    uint16_t consistency; /* of UNAVAILABLE, time-outs, failures, CAS_WRITE_UNKNOWN */
    int32_t received;     /* replicas that answered; UNAVAILABLE: that are alive */
    int32_t required;
    int32_t failure_count;    /* replicas that failed; v5: entries of the reason map */
    bool too_many_tombstones; /* v5 READ_FAILURE: a replica gave reason 1 (in v3, v4: see the text)
                               */
    bool has_rows;            /* READ_TIMEOUT, READ_FAILURE: the replica asked for rows answered */
    struct bytes write_type;  /* "SIMPLE", "BATCH", "CAS", … */
    int32_t contentions;      /* v5 WRITE_TIMEOUT of write type CAS */
    struct bytes id;          /* UNPREPARED: the statement's */
    struct bytes keyspace;    /* ALREADY_EXISTS, FUNCTION_FAILURE */
    struct bytes table;       /* ALREADY_EXISTS; empty: the keyspace exists */
    struct bytes function;    /* FUNCTION_FAILURE */
};

/* Decodes an ERROR body. FAULT_PROTOCOL. A code that is not known gives its number and text. */
bool cql_error_decode(struct bytes body, int version, struct cql_error *out, struct fault *f);

enum cql_action {
    CQL_FAIL_RUN,        /* nothing more can be done: rights, login, plan or our own mistake */
    CQL_FAIL_ROW,        /* this row, or this page, is lost; others may do */
    CQL_RETRY_HERE,      /* after a back-off, the same bytes again, on any connection */
    CQL_RETRY_ELSEWHERE, /* after a back-off, another host if there is one */
    CQL_SLOW_DOWN,       /* halve what is in flight, back off, then retry */
    CQL_REPREPARE,       /* PREPARE on the same connection, compare the id, execute again */
    CQL_SPLIT_RANGE,     /* after a back-off halve the page, then cut the token range in two */
    CQL_NEXT_VERSION,    /* try a lower protocol version on a new connection */
};

enum cql_purpose {
    CQL_FOR_STARTUP, /* OPTIONS, STARTUP, login */
    CQL_FOR_ROW,     /* one row read or written, schema queries; writes have a fixed timestamp */
    CQL_FOR_SCAN,    /* one page of a token range */
};

enum { CQL_RETRY_BUDGET = -1 }; /* as often as the run's retry budget allows */

/* One line of the table. */
struct cql_error_rule {
    int32_t code;
    const char *name; /* "READ_TIMEOUT" */
    enum cql_action startup;
    enum cql_action row;
    enum cql_action scan;
    int retries;           /* CQL_RETRY_BUDGET, or at most so many, whatever the budget is */
    bool closes;           /* this connection is not to be trusted any more: close it */
    bool may_be_applied;   /* a write may have happened in spite of it */
    enum fault_code fault; /* what it becomes when it is given up */
};

/* The line for a code. A code that is not known has the line of SERVER_ERROR's kind: its name is
 * "unknown", it fails the row. Never NULL. */
const struct cql_error_rule *cql_error_rule(int32_t code);

/* Did the server fail to read its own roles and rights, of which it then said nothing? Known by the
 * text of UNAUTHORIZED or BAD_CREDENTIALS. */
bool cql_error_is_of_auth(const struct cql_error *e);

/* What to do: the table's line, and three things beyond the code: a text that says the protocol
 * version is not supported (Cassandra 2.1 sends code 0 with it), too many tombstones in a scan, and
 * cql_error_is_of_auth.
 */
enum cql_action cql_error_action(const struct cql_error *e, enum cql_purpose purpose);

/* "retry elsewhere" */
const char *cql_action_name(enum cql_action action);

/* Says it to the operator: code, name, the server's text. Always returns false. */
bool cql_error_fault(const struct cql_error *e, struct fault *f);

#endif
