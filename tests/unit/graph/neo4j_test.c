#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "graph/neo4j_session.h"
#include "net/loop.h"

#include "../http/scripted_peer.h"

/* Shaped like the answers of 3.5, 4.4 and 5.26 to `GET /`; the host is one that only the server
 * knows. */
static const char root_3[] = "{\"data\":\"http://inside:7474/db/data/\","
                             "\"management\":\"http://inside:7474/db/manage/\"}";
static const char root_4[] =
    "{\"bolt_routing\":\"neo4j://inside:7687\","
    "\"transaction\":\"http://inside:7474/db/{databaseName}/tx\",\"neo4j_version\":\"4.4.48\"}";
static const char root_5[] =
    "{\"query\":\"http://inside:7474/db/{databaseName}/query/v2\","
    "\"transaction\":\"http://inside:7474/db/{databaseName}/tx\",\"neo4j_version\":\"5.26.30\"}";

static void only_paths_of_named_addresses_are_used(void **state)
{
    (void)state;
    struct neo4j_candidate c[NEO4J_CANDIDATES];
    char version[32];
    assert_int_equal(neo4j_candidates(bytes_of(root_3), "neo4j", c, version), 1);
    assert_string_equal(c[0].path, "/db/data/transaction/commit");
    assert_string_equal(version, "");
    assert_int_equal(neo4j_candidates(bytes_of(root_4), "content", c, version), 1);
    assert_string_equal(c[0].path, "/db/content/tx/commit");
    assert_string_equal(version, "4.4.48");
    assert_int_equal(neo4j_candidates(bytes_of(root_5), "neo4j", c, version), 2);
    assert_int_equal(c[0].endpoint, NEO4J_QUERY);
    assert_string_equal(c[0].path, "/db/neo4j/query/v2");
    assert_int_equal(c[1].endpoint, NEO4J_TX);
}

static void a_version_that_would_steer_the_terminal_is_none(void **state)
{
    (void)state;
    struct neo4j_candidate c[NEO4J_CANDIDATES];
    char version[32];
    neo4j_candidates(bytes_of("{\"neo4j_version\":\"5\\u001b[2J\"}"), "neo4j", c, version);
    assert_string_equal(version, "");
}

static void a_root_that_says_nothing_leaves_all_three_to_try(void **state)
{
    (void)state;
    static const char *const texts[] = {
        NULL, "<html>", "{}", "[]", "{\"query\":7}", "{\"query\":\"http://h/db/\\n/query\"}"};
    struct neo4j_candidate c[NEO4J_CANDIDATES];
    char version[32];
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_int_equal(neo4j_candidates(bytes_of(texts[i]), "neo4j", c, version), 3);
        assert_string_equal(c[0].path, "/db/neo4j/query/v2");
        assert_string_equal(c[1].path, "/db/neo4j/tx/commit");
        assert_string_equal(c[2].path, "/db/data/transaction/commit");
    }
}

static void the_statement_comes_before_its_parameters(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 1000);
    neo4j_body(&b, NEO4J_QUERY, "RETURN $a", bytes_of("{\"a\":1}"), true);
    assert_string_equal(buf_text(&b), "{\"statement\":\"RETURN $a\",\"parameters\":{\"a\":1},"
                                      "\"accessMode\":\"Write\"}");
    buf_clear(&b);
    neo4j_body(&b, NEO4J_TX, "RETURN $a", bytes_of("{\"a\":1}"), true);
    assert_string_equal(buf_text(&b),
                        "{\"statements\":[{\"statement\":\"RETURN $a\",\"parameters\":{\"a\":1},"
                        "\"resultDataContents\":[\"row\"]}]}");
    buf_fini(&b);
}

static void both_shapes_of_rows_are_read(void **state)
{
    (void)state;
    struct neo4j_reply r;
    struct fault f;
    int64_t n;
    assert_int_equal(
        neo4j_reply_read(&r, NEO4J_QUERY, 202,
                         bytes_of("{\"data\":{\"fields\":[\"a\"],\"values\":[[1],[2]]}}"), &f),
        NEO4J_OK);
    assert_int_equal(neo4j_reply_count(&r), 2);
    assert_true(json_int(json_at(neo4j_reply_row(&r, 1), 0), &n));
    assert_int_equal(n, 2);
    neo4j_reply_fini(&r);
    static const char tx[] = "{\"results\":[{\"columns\":[\"a\"],\"data\":[{\"row\":[5],\"meta\":"
                             "[null]}]}],\"errors\":[]}";
    assert_int_equal(neo4j_reply_read(&r, NEO4J_TX, 200, bytes_of(tx), &f), NEO4J_OK);
    assert_true(json_int(json_at(neo4j_reply_row(&r, 0), 0), &n));
    assert_int_equal(n, 5);
    neo4j_reply_fini(&r);
}

#define ERROR(code) "{\"results\":[],\"errors\":[{\"code\":\"" code "\",\"message\":\"why\"}]}"

static void an_answer_that_is_not_success_is_told_apart(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *body;
        enum neo4j_verdict verdict;
        enum fault_code code;
    } rows[] = {
        {200, ERROR("Neo.ClientError.Statement.SyntaxError"), NEO4J_FAILED, FAULT_SERVER},
        {200, ERROR("Neo.TransientError.Transaction.DeadlockDetected"), NEO4J_AGAIN,
         FAULT_UNAVAILABLE},
        {200, ERROR("Neo.ClientError.Statement.EntityNotFound"), NEO4J_AGAIN, FAULT_UNAVAILABLE},
        {401, ERROR("Neo.ClientError.Security.Unauthorized"), NEO4J_FAILED, FAULT_DENIED},
        {429, ERROR("Neo.ClientError.Security.AuthenticationRateLimit"), NEO4J_FAILED,
         FAULT_DENIED},
        {404, ERROR("Neo.ClientError.Database.DatabaseNotFound"), NEO4J_FAILED, FAULT_SCHEMA},
        {200, ERROR("Neo.ClientError.Cluster.NotALeader"), NEO4J_FAILED, FAULT_UNAVAILABLE},
        {200, ERROR(""), NEO4J_FAILED, FAULT_SERVER},
        {401, "", NEO4J_FAILED, FAULT_DENIED},
        {404, "<html>", NEO4J_NOT_HERE, FAULT_UNSUPPORTED},
        {405, "", NEO4J_NOT_HERE, FAULT_UNSUPPORTED},
        {503, "", NEO4J_FAILED, FAULT_UNAVAILABLE},
        {200, "{}", NEO4J_FAILED, FAULT_PROTOCOL},
        {200, "{\"results\":[{\"data\":[", NEO4J_FAILED, FAULT_PROTOCOL},
        {200, "", NEO4J_FAILED, FAULT_PROTOCOL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct neo4j_reply r;
        struct fault f = {0};
        assert_int_equal(neo4j_reply_read(&r, NEO4J_TX, rows[i].status, bytes_of(rows[i].body), &f),
                         rows[i].verdict);
        assert_int_equal(f.code, rows[i].code);
        neo4j_reply_fini(&r);
    }
}

#define ANSWER(status, body) "HTTP/1.1 " status "\r\nConnection: close\r\n\r\n" body
#define ROOT_4                                                                                     \
    ANSWER("200 OK", "{\"transaction\":\"http://inside:1/db/{databaseName}/tx\","                  \
                     "\"neo4j_version\":\"4.4.48\"}")
#define ONE_ROW ANSWER("200 OK", "{\"results\":[{\"data\":[{\"row\":[1]}]}],\"errors\":[]}")

/* Opens a session on a peer that follows |steps|. */
static struct neo4j_session *open_on(struct peer *p, const struct step *steps, struct loop *l,
                                     struct fault *f)
{
    peer_start(p, steps);
    struct graph_options o = {.address = p->url, .user = "neo4j", .password = "pw"};
    return neo4j_session_open(l, &o, f);
}

static void a_transient_error_is_asked_again(void **state)
{
    (void)state;
    static const struct step steps[] = {
        {.answer = ROOT_4},
        {.answer = ONE_ROW},
        {.answer = ANSWER("200 OK", ERROR("Neo.TransientError.Transaction.DeadlockDetected"))},
        {.answer = ""},
        {.answer = ONE_ROW},
        {0}};
    struct fault f;
    struct peer p;
    struct loop *l = loop_new(&f);
    struct neo4j_session *s = open_on(&p, steps, l, &f);
    assert_non_null(s);
    struct neo4j_reply r;
    assert_true(neo4j_ask(s, "RETURN 1", bytes_of("{}"), true, &r, &f));
    neo4j_reply_fini(&r);
    peer_stop(&p);
    assert_int_equal(p.served, 5);
    assert_null(strstr(p.requests[0], "Authorization")); /* GET / needs no login */
    assert_non_null(strstr(p.requests[1], "POST /db/neo4j/tx/commit "));
    assert_non_null(strstr(p.requests[1], "Authorization: Basic bmVvNGo6cHc=\r\n"));
    peer_free(&p);
    neo4j_session_free(s);
    loop_free(l);
}

static void a_wrong_password_is_tried_once(void **state)
{
    (void)state;
    static const struct step steps[] = {
        {.answer = ANSWER("403 Forbidden", "blocked by a proxy")},
        {.answer = ANSWER("401 Unauthorized", ERROR("Neo.ClientError.Security.Unauthorized"))},
        {.answer = ONE_ROW},
        {0}};
    struct fault f;
    struct peer p;
    struct loop *l = loop_new(&f);
    assert_null(open_on(&p, steps, l, &f));
    assert_int_equal(f.code, FAULT_DENIED);
    assert_null(strstr(f.text, "pw"));
    peer_stop(&p);
    assert_int_equal(p.served, 2);
    peer_free(&p);
    loop_free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_paths_of_named_addresses_are_used),
        cmocka_unit_test(a_version_that_would_steer_the_terminal_is_none),
        cmocka_unit_test(a_root_that_says_nothing_leaves_all_three_to_try),
        cmocka_unit_test(the_statement_comes_before_its_parameters),
        cmocka_unit_test(both_shapes_of_rows_are_read),
        cmocka_unit_test(an_answer_that_is_not_success_is_told_apart),
        cmocka_unit_test(a_transient_error_is_asked_again),
        cmocka_unit_test(a_wrong_password_is_tried_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
