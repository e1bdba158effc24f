#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "index/sunbird_message.h"
#include "net/loop.h"

#include "../http/scripted_peer.h"

#define GOOD                                                                                       \
    "{\"id\":\"api.data.sync\",\"ver\":\"v1\",\"ts\":\"2023-09-20 12:02:24:452+0000\","            \
    "\"params\":{\"resmsgid\":\"c76f\",\"msgid\":\"c76f\",\"err\":null,\"status\":\"SUCCESS\","    \
    "\"errmsg\":null},\"responseCode\":\"OK\",\"result\":{\"response\":\"SUCCESS\"}}"
#define GOOD_OLD                                                                                   \
    "{\"id\":\"api.data.sync\",\"params\":{\"resmsgid\":null,\"err\":null,\"status\":\"success\"," \
    "\"errmsg\":null},\"responseCode\":\"OK\",\"result\":{\"response\":\"SUCCESS\"}}"
#define BAD                                                                                        \
    "{\"id\":\"api.data.sync\",\"params\":{\"err\":\"UOS_0072\",\"status\":\"FAILED\","            \
    "\"errmsg\":\"Invalid Object Type.\"},\"responseCode\":\"CLIENT_ERROR\",\"result\":{}}"

static const struct sync_id two[] = {{.id = {(const uint8_t *)"u1", 2}},
                                     {.id = {(const uint8_t *)"nope", 4}}};

static const char *body_of(const struct sync_options *o, enum index_object object,
                           const struct sync_id *ids, int count, struct buf *b)
{
    buf_init(b, SUNBIRD_BODY_MAX);
    return sync_body(o, object, ids, count, b) ? buf_text(b) : NULL;
}

static void the_body_is_the_old_jobs_to_the_letter(void **state)
{
    (void)state;
    struct buf b;
    struct sync_options o = {0};
    assert_string_equal(body_of(&o, INDEX_USER, two, 2, &b),
                        "{\"params\":{},\"request\":{\"objectType\":\"user\",\"operationFor\":"
                        "\"es\",\"objectIds\":[\"u1\",\"nope\"]}}");
    buf_fini(&b);
    o.synchronous = true;
    assert_string_equal(
        body_of(&o, INDEX_ORGANISATION, two, 1, &b),
        "{\"params\":{},\"request\":{\"objectType\":\"organisation\","
        "\"operationFor\":\"es\",\"operationType\":\"sync\",\"objectIds\":[\"u1\"]}}");
    buf_fini(&b);
}

static void batches_go_as_text_or_as_objects(void **state)
{
    (void)state;
    struct buf b;
    struct sync_id id = {.id = bytes_of("01"), .course_id = bytes_of("do_\"1")};
    struct sync_options o = {.batch_form = SYNC_BATCH_PLAIN};
    assert_non_null(strstr(body_of(&o, INDEX_BATCH, &id, 1, &b), "\"objectIds\":[\"01\"]"));
    buf_fini(&b);
    o.batch_form = SYNC_BATCH_OBJECT;
    assert_non_null(strstr(body_of(&o, INDEX_BATCH, &id, 1, &b),
                           "\"objectIds\":[{\"courseId\":\"do_\\\"1\",\"batchId\":\"01\"}]"));
    buf_fini(&b);
}

static void what_would_mean_something_else_is_never_composed(void **state)
{
    (void)state;
    struct buf b;
    struct sync_options o = {.batch_form = SYNC_BATCH_OBJECT};
    struct sync_id no_course = {.id = bytes_of("01")};
    struct sync_id empty = {.id = bytes_of("")};
    assert_null(body_of(&o, INDEX_USER, two, 0, &b)); /* the whole table */
    buf_fini(&b);
    assert_null(body_of(&o, INDEX_BATCH, &no_course, 1, &b)); /* a course */
    buf_fini(&b);
    assert_null(body_of(&o, INDEX_USER, &empty, 1, &b));
    buf_fini(&b);
}

static void both_generations_success_is_success(void **state)
{
    (void)state;
    bool failed[2] = {true, true};
    assert_true(sunbird_read_answer(200, bytes_of(GOOD), INDEX_USER, two, 2, failed, NULL));
    assert_false(failed[0] || failed[1]);
    assert_true(sunbird_read_answer(200, bytes_of(GOOD_OLD), INDEX_USER, two, 2, NULL, NULL));
}

static void a_synchronous_answer_names_what_was_written(void **state)
{
    (void)state;
    static const char answer[] =
        "{\"params\":{\"status\":\"SUCCESS\"},\"responseCode\":\"OK\",\"result\":"
        "{\"nope\":false,\"response\":\"SUCCESS\",\"esSyncResponse\":{\"u1\":true}}}";
    static const char none[] = "{\"params\":{\"status\":\"SUCCESS\"},\"responseCode\":\"OK\","
                               "\"result\":{\"response\":\"SUCCESS\",\"esSyncResponse\":{}}}";
    bool failed[2] = {true, false};
    assert_true(sunbird_read_answer(200, bytes_of(answer), INDEX_USER, two, 2, failed, NULL));
    assert_false(failed[0]);
    assert_true(failed[1]);
    assert_true(sunbird_read_answer(200, bytes_of(none), INDEX_USER, two, 2, failed, NULL));
    assert_true(failed[0] && failed[1]); /* Elasticsearch was down */
}

static void what_is_not_success_is_told_apart(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *body;
        enum fault_code code;
        const char *text;
    } rows[] = {
        {200, "<html>login</html>", FAULT_PROTOCOL, "not the sync service"},
        {200, "{}", FAULT_PROTOCOL, "not the sync service"},
        {200, "", FAULT_PROTOCOL, "not the sync service"},
        {200, "{\"params\":{\"status\":\"FAILED\"},\"responseCode\":\"OK\"}", FAULT_PROTOCOL, ""},
        {200, "{\"params\":{\"status\":\"SUCCESS\"},\"responseCode\":\"X\"}", FAULT_PROTOCOL, ""},
        {201, GOOD, FAULT_SERVER, "201"},
        {400, BAD, FAULT_USAGE, "UOS_0072: Invalid Object Type."},
        {400, "<!DOCTYPE html>", FAULT_USAGE, "page that is not JSON"},
        {401, "{\"message\":\"Unauthorized\"}", FAULT_DENIED, "401"},
        {403, "", FAULT_DENIED, "403"},
        {404, "<html>", FAULT_SERVER, "no sync service"},
        {302, "", FAULT_SERVER, "redirects"},
        {413, "", FAULT_SERVER, "too large"},
        {429, "", FAULT_UNAVAILABLE, "rate limit"},
        {500, BAD, FAULT_UNAVAILABLE, "500"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fault f = {0};
        assert_false(sunbird_read_answer(rows[i].status, bytes_of(rows[i].body), INDEX_USER, two, 2,
                                         NULL, &f));
        assert_int_equal(f.code, rows[i].code);
        assert_non_null(strstr(f.text, rows[i].text));
    }
}

struct fixture {
    struct loop *loop;
    struct sync *sync;
    struct fault f;
    struct peer peer;
};

static void open_on(struct fixture *x, const struct step *steps, struct sync_options o)
{
    memset(x, 0, sizeof *x);
    peer_start(&x->peer, steps);
    o.url = x->peer.url;
    x->loop = loop_new(&x->f);
    x->sync = sync_sunbird_open(x->loop, &o, &x->f);
    assert_non_null(x->sync);
}

static void close_all(struct fixture *x)
{
    peer_free(&x->peer);
    x->sync->adapter->free(x->sync);
    loop_free(x->loop);
}

#define ANSWER(status, body) "HTTP/1.1 " status "\r\nConnection: close\r\n\r\n" body

static void a_busy_service_is_asked_again_with_the_key(void **state)
{
    (void)state;
    static const struct step steps[] = {{.answer = ANSWER("502 Bad Gateway", "<html>")},
                                        {.answer = ""},
                                        {.answer = ANSWER("200 OK", GOOD)},
                                        {0}};
    struct fixture x;
    open_on(&x, steps, (struct sync_options){.key = "sesame"});
    assert_true(x.sync->adapter->block(x.sync, INDEX_USER, two, 2, NULL, &x.f));
    peer_stop(&x.peer);
    assert_int_equal(x.peer.served, 3);
    assert_non_null(strstr(x.peer.requests[2], "Authorization: Bearer sesame\r\n"));
    assert_string_equal(peer_body(&x.peer, 0), peer_body(&x.peer, 2));
    close_all(&x);
}

static void a_refused_key_is_sent_once(void **state)
{
    (void)state;
    static const struct step steps[] = {
        {.answer = ANSWER("401 Unauthorized", "")}, {.answer = ANSWER("200 OK", GOOD)}, {0}};
    struct fixture x;
    open_on(&x, steps, (struct sync_options){.key = "sesame"});
    assert_false(x.sync->adapter->block(x.sync, INDEX_USER, two, 2, NULL, &x.f));
    assert_int_equal(x.f.code, FAULT_DENIED);
    assert_null(strstr(x.f.text, "sesame"));
    assert_null(strstr(x.f.subject, "sesame"));
    peer_stop(&x.peer);
    assert_int_equal(x.peer.served, 1);
    close_all(&x);
}

static void a_body_too_large_for_the_gateway_is_halved(void **state)
{
    (void)state;
    static const struct step steps[] = {{.answer = ANSWER("413 Too Large", "")},
                                        {.answer = ANSWER("200 OK", GOOD)},
                                        {.answer = ANSWER("200 OK", GOOD)},
                                        {0}};
    struct fixture x;
    open_on(&x, steps, (struct sync_options){0});
    assert_true(x.sync->adapter->block(x.sync, INDEX_USER, two, 2, NULL, &x.f));
    peer_stop(&x.peer);
    assert_int_equal(x.peer.served, 3);
    assert_non_null(strstr(peer_body(&x.peer, 1), "[\"u1\"]"));
    assert_non_null(strstr(peer_body(&x.peer, 2), "[\"nope\"]"));
    close_all(&x);
}

static void a_block_over_a_megabyte_is_never_sent_whole(void **state)
{
    (void)state;
    static const struct step steps[] = {
        {.answer = ANSWER("200 OK", GOOD)}, {.answer = ANSWER("200 OK", GOOD)}, {0}};
    enum { COUNT = 10, LONG = 150000 };
    char *text = malloc(LONG);
    memset(text, 'i', LONG);
    struct sync_id ids[COUNT];
    for (int i = 0; i < COUNT; i++)
        ids[i] = (struct sync_id){.id = {(const uint8_t *)text, LONG}};
    struct fixture x;
    open_on(&x, steps, (struct sync_options){0});
    assert_true(x.sync->adapter->block(x.sync, INDEX_USER, ids, COUNT, NULL, &x.f));
    peer_stop(&x.peer);
    assert_int_equal(x.peer.served, 2);
    for (int i = 0; i < 2; i++)
        assert_in_range(strlen(peer_body(&x.peer, i)), 700000, SUNBIRD_BODY_MAX);
    free(text);
    close_all(&x);
}

static void an_empty_block_sends_nothing(void **state)
{
    (void)state;
    static const struct step steps[] = {{.answer = ANSWER("200 OK", GOOD)}, {0}};
    struct fixture x;
    open_on(&x, steps, (struct sync_options){0});
    assert_false(x.sync->adapter->block(x.sync, INDEX_USER, two, 0, NULL, &x.f));
    assert_int_equal(x.f.code, FAULT_INTERNAL);
    peer_stop(&x.peer);
    assert_int_equal(x.peer.served, 0);
    close_all(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_body_is_the_old_jobs_to_the_letter),
        cmocka_unit_test(batches_go_as_text_or_as_objects),
        cmocka_unit_test(what_would_mean_something_else_is_never_composed),
        cmocka_unit_test(both_generations_success_is_success),
        cmocka_unit_test(a_synchronous_answer_names_what_was_written),
        cmocka_unit_test(what_is_not_success_is_told_apart),
        cmocka_unit_test(a_busy_service_is_asked_again_with_the_key),
        cmocka_unit_test(a_refused_key_is_sent_once),
        cmocka_unit_test(a_body_too_large_for_the_gateway_is_halved),
        cmocka_unit_test(a_block_over_a_megabyte_is_never_sent_whole),
        cmocka_unit_test(an_empty_block_sends_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
