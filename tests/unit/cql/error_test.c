#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "cql/retry.h"
#include "cql/wire/error.h"
#include "samples.h"

#define B CQL_RETRY_BUDGET

/* The whole table once more, written down apart from the code. */
static const struct {
    int32_t code;
    const char *name;
    const char *startup, *row, *scan;
    int retries;
    bool closes, may_be_applied;
    enum fault_code fault;
} want[] = {
    {0x0000, "SERVER_ERROR", "retry elsewhere", "retry elsewhere", "retry elsewhere", B, 1, 1,
     FAULT_SERVER},
    {0x000A, "PROTOCOL_ERROR", "next protocol version", "fail the run", "fail the run", 0, 1, 0,
     FAULT_PROTOCOL},
    {0x0100, "BAD_CREDENTIALS", "fail the run", "fail the run", "fail the run", 0, 1, 0,
     FAULT_DENIED},
    {0x1000, "UNAVAILABLE", "retry elsewhere", "retry elsewhere", "retry elsewhere", B, 0, 0,
     FAULT_UNAVAILABLE},
    {0x1001, "OVERLOADED", "slow down", "slow down", "slow down", B, 0, 1, FAULT_UNAVAILABLE},
    {0x1002, "IS_BOOTSTRAPPING", "retry elsewhere", "retry elsewhere", "retry elsewhere", B, 0, 0,
     FAULT_UNAVAILABLE},
    {0x1003, "TRUNCATE_ERROR", "fail the run", "fail the row", "fail the row", 0, 0, 0,
     FAULT_SERVER},
    {0x1100, "WRITE_TIMEOUT", "retry here", "retry here", "retry here", B, 0, 1, FAULT_TIMEOUT},
    {0x1200, "READ_TIMEOUT", "retry here", "retry here", "split the range", B, 0, 0, FAULT_TIMEOUT},
    {0x1300, "READ_FAILURE", "retry elsewhere", "retry elsewhere", "retry elsewhere", 1, 0, 0,
     FAULT_SERVER},
    {0x1400, "FUNCTION_FAILURE", "fail the run", "fail the row", "fail the row", 0, 0, 0,
     FAULT_SERVER},
    {0x1500, "WRITE_FAILURE", "retry elsewhere", "retry elsewhere", "retry elsewhere", 1, 0, 1,
     FAULT_SERVER},
    {0x1600, "CDC_WRITE_FAILURE", "fail the run", "fail the row", "fail the row", 0, 0, 1,
     FAULT_SERVER},
    {0x1700, "CAS_WRITE_UNKNOWN", "fail the run", "fail the row", "fail the row", 0, 0, 1,
     FAULT_SERVER},
    {0x2000, "SYNTAX_ERROR", "fail the run", "fail the run", "fail the run", 0, 0, 0,
     FAULT_INTERNAL},
    {0x2100, "UNAUTHORIZED", "fail the run", "fail the run", "fail the run", -1, 0, 0,
     FAULT_DENIED},
    {0x2200, "INVALID", "fail the run", "fail the run", "fail the run", 0, 0, 0, FAULT_SCHEMA},
    {0x2300, "CONFIG_ERROR", "fail the run", "fail the run", "fail the run", 0, 0, 0, FAULT_SCHEMA},
    {0x2400, "ALREADY_EXISTS", "fail the run", "fail the run", "fail the run", 0, 0, 0,
     FAULT_SCHEMA},
    {0x2500, "UNPREPARED", "fail the run", "prepare again", "prepare again", B, 0, 0, FAULT_SERVER},
    {0x7777, "unknown", "fail the run", "fail the row", "fail the row", 0, 0, 1, FAULT_SERVER},
    {-1, "unknown", "fail the run", "fail the row", "fail the row", 0, 0, 1, FAULT_SERVER},
};

static const char *action(const struct cql_error *e, enum cql_purpose purpose)
{
    return cql_action_name(cql_error_action(e, purpose));
}

static void every_code_has_its_actions(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        struct cql_error e = {.code = want[i].code, .text = bytes_of("no")};
        const struct cql_error_rule *rule = cql_error_rule(e.code);
        struct fault f = {0};
        assert_string_equal(rule->name, want[i].name);
        assert_string_equal(action(&e, CQL_FOR_STARTUP), want[i].startup);
        assert_string_equal(action(&e, CQL_FOR_ROW), want[i].row);
        assert_string_equal(action(&e, CQL_FOR_SCAN), want[i].scan);
        assert_int_equal(rule->retries, want[i].retries);
        assert_int_equal(rule->closes, want[i].closes);
        assert_int_equal(rule->may_be_applied, want[i].may_be_applied);
        assert_false(cql_error_fault(&e, &f));
        assert_int_equal(f.code, want[i].fault);
    }
}

static void a_refused_version_is_known_by_its_text_too(void **state)
{
    (void)state;
    struct cql_error e = {
        .code = CQL_SERVER_ERROR,
        .text = bytes_of("io.netty.handler.codec.DecoderException: org.apache.cassandra."
                         "transport.ProtocolException: Invalid or unsupported protocol version: "
                         "5; the highest supported version is 3")};
    assert_string_equal(action(&e, CQL_FOR_STARTUP), "next protocol version");
    assert_string_equal(action(&e, CQL_FOR_ROW), "retry elsewhere");
}

static void tombstones_split_the_range_of_a_scan(void **state)
{
    (void)state;
    struct cql_error e = {.code = CQL_READ_FAILURE, .too_many_tombstones = true};
    assert_string_equal(action(&e, CQL_FOR_SCAN), "split the range");
    assert_string_equal(action(&e, CQL_FOR_ROW), "retry elsewhere");
}

static void a_server_that_cannot_read_its_roles_has_refused_nothing(void **state)
{
    (void)state;
    static const struct {
        int32_t code;
        const char *text;
        bool is_of_auth;
    } said[] = {
        {CQL_UNAUTHORIZED,
         "Unable to perform authorization of permissions: Unable to perform authorization of "
         "super-user permission: Cannot achieve consistency level LOCAL_ONE",
         true},
        {CQL_UNAUTHORIZED, "User u has no MODIFY permission on <table k.t> or any of its parents",
         false},
        {CQL_BAD_CREDENTIALS,
         "Unable to perform authentication: Cannot achieve consistency level LOCAL_ONE", true},
        {CQL_BAD_CREDENTIALS,
         "org.apache.cassandra.exceptions.UnavailableException: Cannot achieve consistency level "
         "LOCAL_ONE",
         true},
        {CQL_BAD_CREDENTIALS,
         "Error during authentication of user u : "
         "org.apache.cassandra.exceptions.ReadTimeoutException: Operation timed out",
         true},
        {CQL_BAD_CREDENTIALS, "Provided username u and/or password are incorrect", false},
        {CQL_BAD_CREDENTIALS, "u is not permitted to log in", false},
        {CQL_INVALID, "Cannot achieve consistency level", false},
    };
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
        struct cql_error e = {.code = said[i].code, .text = bytes_of(said[i].text)};
        struct fault f = {0};
        cql_error_fault(&e, &f);
        assert_int_equal(cql_error_is_of_auth(&e), said[i].is_of_auth);
        assert_int_equal(f.code == FAULT_UNAVAILABLE, said[i].is_of_auth);
        for (int purpose = CQL_FOR_STARTUP; purpose <= CQL_FOR_SCAN; purpose++)
            assert_string_equal(action(&e, (enum cql_purpose)purpose),
                                said[i].is_of_auth ? "retry elsewhere" : "fail the run");
        assert_int_equal(cql_retry_decide(&e, CQL_FOR_ROW, 3, 8),
                         said[i].code == CQL_UNAUTHORIZED && said[i].is_of_auth
                             ? CQL_RETRY_ELSEWHERE
                         : said[i].is_of_auth ? CQL_FAIL_ROW
                                              : CQL_FAIL_RUN);
    }
}

static void a_server_that_is_too_old_for_frozen_collections_is_named(void **state)
{
    (void)state;
    struct cql_error e = {.code = CQL_INVALID,
                          .text =
                              bytes_of("Cannot use selection function writeTime on collections")};
    struct fault f = {0};
    cql_error_fault(&e, &f);
    assert_non_null(strstr(f.hint, "frozen collection"));
}

static struct cql_error decoded(uint32_t code, int version, struct buf *b)
{
    struct cql_error e;
    buf_clear(b);
    put_error(b, version, code);
    assert_true(cql_error_decode(buf_view(b), version, &e, NULL));
    assert_int_equal(e.code, code);
    assert_true(bytes_are(e.text, "what happened"));
    return e;
}

static void what_belongs_to_a_code_is_decoded(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 1000);
    for (int version = 3; version <= 5; version++) {
        struct cql_error e = decoded(CQL_UNAVAILABLE, version, &b);
        assert_int_equal(e.consistency, CQL_LOCAL_QUORUM);
        assert_int_equal(e.required, 2);
        assert_int_equal(e.received, 1);
        e = decoded(CQL_READ_TIMEOUT, version, &b);
        assert_int_equal(e.required, 2);
        assert_int_equal(e.received, 1);
        assert_true(e.has_rows);
        e = decoded(CQL_WRITE_TIMEOUT, version, &b);
        assert_true(bytes_are(e.write_type, "CAS"));
        assert_int_equal(e.contentions, version == 5 ? 7 : 0);
        e = decoded(CQL_READ_FAILURE, version, &b);
        assert_int_equal(e.failure_count, 2);
        assert_int_equal(e.too_many_tombstones, version == 5);
        assert_true(e.has_rows);
        e = decoded(CQL_WRITE_FAILURE, version, &b);
        assert_true(bytes_are(e.write_type, "SIMPLE"));
        e = decoded(CQL_FUNCTION_FAILURE, version, &b);
        assert_true(bytes_are(e.function, "half"));
        e = decoded(CQL_ALREADY_EXISTS, version, &b);
        assert_true(bytes_are(e.table, "user"));
        e = decoded(CQL_UNPREPARED, version, &b);
        assert_true(bytes_are(e.id, "statement"));
        e = decoded(CQL_CAS_WRITE_UNKNOWN, version, &b);
        assert_int_equal(e.required, 2);
    }
    buf_fini(&b);
}

static void the_operator_reads_code_name_and_text(void **state)
{
    (void)state;
    static char text[2000];
    memset(text, 'x', sizeof text - 1);
    struct cql_error e = {.code = CQL_UNAUTHORIZED, .text = bytes_of("no right to MODIFY")};
    struct fault f = {0};
    cql_error_fault(&e, &f);
    assert_string_equal(f.text, "the server answered UNAUTHORIZED (0x2100): no right to MODIFY");
    e.text = bytes_of(text);
    cql_error_fault(&e, &f);
    assert_true(strlen(f.text) < FAULT_TEXT_MAX - 1);
    e.text = bytes_null();
    cql_error_fault(&e, &f);
    assert_string_equal(f.text, "the server answered UNAUTHORIZED (0x2100): ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_has_its_actions),
        cmocka_unit_test(a_refused_version_is_known_by_its_text_too),
        cmocka_unit_test(tombstones_split_the_range_of_a_scan),
        cmocka_unit_test(a_server_that_cannot_read_its_roles_has_refused_nothing),
        cmocka_unit_test(a_server_that_is_too_old_for_frozen_collections_is_named),
        cmocka_unit_test(what_belongs_to_a_code_is_decoded),
        cmocka_unit_test(the_operator_reads_code_name_and_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
