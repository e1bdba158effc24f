#include "cql/wire/error.h"

#include <stddef.h>
#include <string.h>

enum { REASON_TOO_MANY_TOMBSTONES = 1 };

#define B CQL_RETRY_BUDGET

/* clang-format off */
static const struct cql_error_rule rules[] = {
    /* code                 name                  startup              row                  scan                retries closes applied fault */
    {CQL_SERVER_ERROR,      "SERVER_ERROR",       CQL_RETRY_ELSEWHERE, CQL_RETRY_ELSEWHERE, CQL_RETRY_ELSEWHERE, B, true,  true,  FAULT_SERVER},
    {CQL_PROTOCOL_ERROR,    "PROTOCOL_ERROR",     CQL_NEXT_VERSION,    CQL_FAIL_RUN,        CQL_FAIL_RUN,        0, true,  false, FAULT_PROTOCOL},
    {CQL_BAD_CREDENTIALS,   "BAD_CREDENTIALS",    CQL_FAIL_RUN,        CQL_FAIL_RUN,        CQL_FAIL_RUN,        0, true,  false, FAULT_DENIED},
    {CQL_UNAVAILABLE,       "UNAVAILABLE",        CQL_RETRY_ELSEWHERE, CQL_RETRY_ELSEWHERE, CQL_RETRY_ELSEWHERE, B, false, false, FAULT_UNAVAILABLE},
    {CQL_OVERLOADED,        "OVERLOADED",         CQL_SLOW_DOWN,       CQL_SLOW_DOWN,       CQL_SLOW_DOWN,       B, false, true,  FAULT_UNAVAILABLE},
    {CQL_IS_BOOTSTRAPPING,  "IS_BOOTSTRAPPING",   CQL_RETRY_ELSEWHERE, CQL_RETRY_ELSEWHERE, CQL_RETRY_ELSEWHERE, B, false, false, FAULT_UNAVAILABLE},
    {CQL_TRUNCATE_ERROR,    "TRUNCATE_ERROR",     CQL_FAIL_RUN,        CQL_FAIL_ROW,        CQL_FAIL_ROW,        0, false, false, FAULT_SERVER},
    {CQL_WRITE_TIMEOUT,     "WRITE_TIMEOUT",      CQL_RETRY_HERE,      CQL_RETRY_HERE,      CQL_RETRY_HERE,      B, false, true,  FAULT_TIMEOUT},
    {CQL_READ_TIMEOUT,      "READ_TIMEOUT",       CQL_RETRY_HERE,      CQL_RETRY_HERE,      CQL_SPLIT_RANGE,     B, false, false, FAULT_TIMEOUT},
    {CQL_READ_FAILURE,      "READ_FAILURE",       CQL_RETRY_ELSEWHERE, CQL_RETRY_ELSEWHERE, CQL_RETRY_ELSEWHERE, 1, false, false, FAULT_SERVER},
    {CQL_FUNCTION_FAILURE,  "FUNCTION_FAILURE",   CQL_FAIL_RUN,        CQL_FAIL_ROW,        CQL_FAIL_ROW,        0, false, false, FAULT_SERVER},
    {CQL_WRITE_FAILURE,     "WRITE_FAILURE",      CQL_RETRY_ELSEWHERE, CQL_RETRY_ELSEWHERE, CQL_RETRY_ELSEWHERE, 1, false, true,  FAULT_SERVER},
    {CQL_CDC_WRITE_FAILURE, "CDC_WRITE_FAILURE",  CQL_FAIL_RUN,        CQL_FAIL_ROW,        CQL_FAIL_ROW,        0, false, true,  FAULT_SERVER},
    {CQL_CAS_WRITE_UNKNOWN, "CAS_WRITE_UNKNOWN",  CQL_FAIL_RUN,        CQL_FAIL_ROW,        CQL_FAIL_ROW,        0, false, true,  FAULT_SERVER},
    {CQL_SYNTAX_ERROR,      "SYNTAX_ERROR",       CQL_FAIL_RUN,        CQL_FAIL_RUN,        CQL_FAIL_RUN,        0, false, false, FAULT_INTERNAL},
    {CQL_UNAUTHORIZED,      "UNAUTHORIZED",       CQL_FAIL_RUN,        CQL_FAIL_RUN,        CQL_FAIL_RUN,        B, false, false, FAULT_DENIED},
    {CQL_INVALID,           "INVALID",            CQL_FAIL_RUN,        CQL_FAIL_RUN,        CQL_FAIL_RUN,        0, false, false, FAULT_SCHEMA},
    {CQL_CONFIG_ERROR,      "CONFIG_ERROR",       CQL_FAIL_RUN,        CQL_FAIL_RUN,        CQL_FAIL_RUN,        0, false, false, FAULT_SCHEMA},
    {CQL_ALREADY_EXISTS,    "ALREADY_EXISTS",     CQL_FAIL_RUN,        CQL_FAIL_RUN,        CQL_FAIL_RUN,        0, false, false, FAULT_SCHEMA},
    {CQL_UNPREPARED,        "UNPREPARED",         CQL_FAIL_RUN,        CQL_REPREPARE,       CQL_REPREPARE,       B, false, false, FAULT_SERVER},
};

static const struct cql_error_rule unknown_rule =
    {-1,                    "unknown",            CQL_FAIL_RUN,        CQL_FAIL_ROW,        CQL_FAIL_ROW,        0, false, true,  FAULT_SERVER};
/* clang-format on */

static const char *const action_names[] = {
    [CQL_FAIL_RUN] = "fail the run",       [CQL_FAIL_ROW] = "fail the row",
    [CQL_RETRY_HERE] = "retry here",       [CQL_RETRY_ELSEWHERE] = "retry elsewhere",
    [CQL_SLOW_DOWN] = "slow down",         [CQL_REPREPARE] = "prepare again",
    [CQL_SPLIT_RANGE] = "split the range", [CQL_NEXT_VERSION] = "next protocol version",
};

const struct cql_error_rule *cql_error_rule(int32_t code)
{
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (rules[i].code == code)
            return &rules[i];
    return &unknown_rule;
}

const char *cql_action_name(enum cql_action action)
{
    return action_names[action];
}

static bool text_has(struct bytes text, const char *what)
{
    return text.p && memmem(text.p, text.n, what, strlen(what)) != NULL;
}

/* A node that has just started, or whose replicas of system_auth are away, has said nothing about the
 * login: 4.0 and later, 3.11 before 3.11.5, what both send of an ERROR that they had themselves. */
bool cql_error_is_of_auth(const struct cql_error *e)
{
    static const char *const texts[] = {"Unable to perform authentication",
                                        "Error during authentication of user",
                                        "Cannot achieve consistency level", "Operation timed out"};
    if (e->code == CQL_UNAUTHORIZED)
        return text_has(e->text, "Unable to perform authorization");
    for (size_t i = 0; e->code == CQL_BAD_CREDENTIALS && i < sizeof texts / sizeof *texts; i++)
        if (text_has(e->text, texts[i]))
            return true;
    return false;
}

enum cql_action cql_error_action(const struct cql_error *e, enum cql_purpose purpose)
{
    const struct cql_error_rule *rule = cql_error_rule(e->code);
    if (cql_error_is_of_auth(e))
        return CQL_RETRY_ELSEWHERE;
    switch (purpose) {
    case CQL_FOR_STARTUP:
        if (text_has(e->text, "nvalid or unsupported protocol version"))
            return CQL_NEXT_VERSION;
        return rule->startup;
    case CQL_FOR_SCAN:
        if (e->code == CQL_READ_FAILURE && e->too_many_tombstones)
            return CQL_SPLIT_RANGE;
        return rule->scan;
    case CQL_FOR_ROW: break;
    }
    return rule->row;
}

/* v5 names the replicas that failed, each with a reason; before, there is only their number. */
static void read_failures(struct cql_reader *r, int version, struct cql_error *e)
{
    e->failure_count = cql_read_i32(r);
    if (version < 5)
        return;
    /* An entry takes at least 7 bytes, so a lying count ends with the input. */
    for (int32_t i = 0; i < e->failure_count && !r->failed; i++) {
        cql_read_inet_address(r);
        if (cql_read_u16(r) == REASON_TOO_MANY_TOMBSTONES)
            e->too_many_tombstones = true;
    }
}

static void read_replicas(struct cql_reader *r, struct cql_error *e)
{
    e->consistency = cql_read_consistency(r);
    e->received = cql_read_i32(r);
    e->required = cql_read_i32(r);
}

static void read_unavailable(struct cql_reader *r, struct cql_error *e)
{
    e->consistency = cql_read_consistency(r);
    e->required = cql_read_i32(r);
    e->received = cql_read_i32(r);
}

static void read_write_timeout(struct cql_reader *r, int version, struct cql_error *e)
{
    read_replicas(r, e);
    e->write_type = cql_read_string(r);
    if (version >= 5 && bytes_are(e->write_type, "CAS"))
        e->contentions = cql_read_u16(r);
}

static void read_function_failure(struct cql_reader *r, struct cql_error *e)
{
    e->keyspace = cql_read_string(r);
    e->function = cql_read_string(r);
    cql_read_string_list(r);
}

static void read_extras(struct cql_reader *r, int version, struct cql_error *e)
{
    switch (e->code) {
    case CQL_UNAVAILABLE: read_unavailable(r, e); break;
    case CQL_WRITE_TIMEOUT: read_write_timeout(r, version, e); break;
    case CQL_READ_TIMEOUT:
        read_replicas(r, e);
        e->has_rows = cql_read_u8(r) != 0;
        break;
    case CQL_READ_FAILURE:
        read_replicas(r, e);
        read_failures(r, version, e);
        e->has_rows = cql_read_u8(r) != 0;
        break;
    case CQL_WRITE_FAILURE:
        read_replicas(r, e);
        read_failures(r, version, e);
        e->write_type = cql_read_string(r);
        break;
    case CQL_CAS_WRITE_UNKNOWN: read_replicas(r, e); break;
    case CQL_FUNCTION_FAILURE: read_function_failure(r, e); break;
    case CQL_ALREADY_EXISTS:
        e->keyspace = cql_read_string(r);
        e->table = cql_read_string(r);
        break;
    case CQL_UNPREPARED: e->id = cql_read_short_bytes(r); break;
    default: break;
    }
}

bool cql_error_decode(struct bytes body, int version, struct cql_error *out, struct fault *f)
{
    struct cql_reader r;
    cql_reader_init(&r, body);
    *out = (struct cql_error){0};
    out->code = cql_read_i32(&r);
    out->text = cql_read_string(&r);
    if (r.failed)
        return fault_set(f, FAULT_PROTOCOL, "an ERROR message ends too early");
    read_extras(&r, version, out);
    if (r.failed)
        return fault_set(f, FAULT_PROTOCOL, "an ERROR message of kind %s ends too early",
                         cql_error_rule(out->code)->name);
    /* v3 and v4 have no reasons; TombstoneOverwhelmingException is then only in the server's log,
     * but some versions repeat it in the text. */
    if (out->code == CQL_READ_FAILURE && text_has(out->text, "ombstone"))
        out->too_many_tombstones = true;
    return true;
}

bool cql_error_fault(const struct cql_error *e, struct fault *f)
{
    const struct cql_error_rule *rule = cql_error_rule(e->code);
    fault_set(f, cql_error_is_of_auth(e) ? FAULT_UNAVAILABLE : rule->fault,
              "the server answered %s (0x%04X): %.*s", rule->name, (unsigned)e->code,
              e->text.n < 400 ? (int)e->text.n : 400, e->text.p ? (const char *)e->text.p : "");
    /* CASSANDRA-17628 */
    if (e->code == CQL_INVALID && text_has(e->text, "selection function writeTime on collections"))
        fault_hint(f, "this version of Cassandra does not tell when a frozen collection was "
                      "written, which the fences need: a newer patch release of it does");
    return false;
}
