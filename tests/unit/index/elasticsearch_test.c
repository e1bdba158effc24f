#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "index/index.h"
#include "net/loop.h"

#include "../http/scripted_peer.h"

#define ANSWER(status, body) "HTTP/1.1 " status "\r\nConnection: close\r\n\r\n" body
#define ROOT_6 ANSWER("200 OK", "{\"version\":{\"number\":\"6.8.23\"}}")
#define YES ANSWER("200 OK", "{}")
#define NO ANSWER("404 Not Found", "{}")

struct fixture {
    struct loop *loop;
    struct index *index;
    struct fault f;
    struct peer peer;
};

static bool open_on(struct fixture *x, const struct step *steps, struct index_options o)
{
    memset(x, 0, sizeof *x);
    peer_start(&x->peer, steps);
    o.address = x->peer.url;
    x->loop = loop_new(&x->f);
    x->index = index_elasticsearch_open(x->loop, &o, &x->f);
    return x->index != NULL;
}

static void close_all(struct fixture *x)
{
    peer_stop(&x->peer);
    peer_free(&x->peer);
    if (x->index)
        x->index->adapter->free(x->index);
    loop_free(x->loop);
}

static const char *indices(struct fixture *x)
{
    static struct index_about about;
    x->index->adapter->about(x->index, &about);
    return about.indices;
}

static void the_newest_names_are_found_first(void **state)
{
    (void)state;
    static const struct step steps[] = {{.answer = ROOT_6},
                                        {.answer = YES},
                                        {.answer = NO},
                                        {.answer = YES},
                                        {.answer = NO},
                                        {.answer = YES},
                                        {0}};
    struct fixture x;
    assert_true(open_on(&x, steps, (struct index_options){0}));
    assert_string_equal(indices(&x), "user_alias, org, cbatch");
    close_all(&x);
}

static void the_oldest_generation_has_one_index_with_types(void **state)
{
    (void)state;
    static const struct step steps[] = {{.answer = ROOT_6}, {.answer = NO}, {.answer = NO},
                                        {.answer = YES},    {.answer = NO}, {.answer = NO},
                                        {.answer = NO},     {.answer = NO}, {0}};
    struct fixture x;
    assert_true(open_on(&x, steps, (struct index_options){0}));
    assert_string_equal(indices(&x), "searchindex/user, searchindex/org, searchindex/cbatch");
    close_all(&x);
    assert_int_equal(x.peer.served, 8); /* searchindex is asked for once */
}

static bool count_document(void *context, int i, const struct document *d, struct fault *f)
{
    (void)f;
    int *seen = context;
    assert_int_equal(i, *seen);
    assert_int_equal(d->found, i == 0);
    (*seen)++;
    return true;
}

static void documents_come_in_the_order_asked_for(void **state)
{
    (void)state;
    static const struct step steps[] = {
        {.answer = ROOT_6},
        {.answer = YES},
        {.answer = YES},
        {.answer = YES},
        {.answer = ANSWER("200 OK", "{\"docs\":[{\"_id\":\"a\\\"\",\"found\":true,\"_source\":{}},"
                                    "{\"_id\":\"b\",\"found\":false}]}")},
        {0}};
    struct bytes ids[] = {bytes_of("a\""), bytes_of("b")};
    struct fixture x;
    int seen = 0;
    assert_true(open_on(&x, steps, (struct index_options){.user = "u", .password = "p"}));
    assert_true(x.index->adapter->read(x.index, INDEX_USER, ids, 2, count_document, &seen, &x.f));
    assert_int_equal(seen, 2);
    peer_stop(&x.peer);
    assert_string_equal(peer_body(&x.peer, 4), "{\"ids\":[\"a\\\"\",\"b\"]}");
    assert_non_null(
        strstr(x.peer.requests[4], "POST /user_alias/_mget?_source=rootOrgId,channel,"));
    assert_non_null(strstr(x.peer.requests[4], "Authorization: Basic dTpw\r\n"));
    peer_free(&x.peer);
    x.index->adapter->free(x.index);
    loop_free(x.loop);
}

static void a_version_that_would_steer_the_terminal_is_refused(void **state)
{
    (void)state;
    static const struct step steps[] = {
        {.answer = ANSWER("200 OK", "{\"version\":{\"number\":\"7\\u001b[2J\"}}")}, {0}};
    struct fixture x;
    assert_false(open_on(&x, steps, (struct index_options){0}));
    assert_int_equal(x.f.code, FAULT_UNSUPPORTED);
    close_all(&x);
}

static void an_answer_with_too_few_documents_is_a_fault(void **state)
{
    (void)state;
    static const struct step steps[] = {{.answer = ROOT_6},
                                        {.answer = YES},
                                        {.answer = YES},
                                        {.answer = YES},
                                        {.answer = ANSWER("200 OK", "{\"docs\":[]}")},
                                        {0}};
    struct bytes id = bytes_of("a");
    struct fixture x;
    int seen = 0;
    assert_true(open_on(&x, steps, (struct index_options){0}));
    assert_false(x.index->adapter->read(x.index, INDEX_USER, &id, 1, count_document, &seen, &x.f));
    assert_int_equal(x.f.code, FAULT_PROTOCOL);
    close_all(&x);
}

static void a_missing_index_is_named_when_it_is_needed(void **state)
{
    (void)state;
    static const struct step steps[] = {{.answer = ROOT_6},
                                        {.answer = YES},
                                        {.answer = YES},
                                        {.answer = NO},
                                        {.answer = NO},
                                        {.answer = NO},
                                        {0}};
    struct bytes id = bytes_of("a");
    struct fixture x;
    int seen = 0;
    assert_true(open_on(&x, steps, (struct index_options){0}));
    assert_false(x.index->adapter->read(x.index, INDEX_BATCH, &id, 1, count_document, &seen, &x.f));
    assert_int_equal(x.f.code, FAULT_SCHEMA);
    assert_non_null(strstr(x.f.text, "course-batch"));
    close_all(&x);
}

static void what_is_not_elasticsearch_is_refused(void **state)
{
    (void)state;
    static const struct step pages[][2] = {{{.answer = ANSWER("200 OK", "<html>")}, {0}},
                                           {{.answer = ANSWER("200 OK", "{\"data\":1}")}, {0}},
                                           {{.answer = ANSWER("401 Unauthorized", "")}, {0}}};
    static const enum fault_code codes[] = {FAULT_UNSUPPORTED, FAULT_UNSUPPORTED, FAULT_DENIED};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        struct fixture x;
        assert_false(open_on(&x, pages[i], (struct index_options){0}));
        assert_int_equal(x.f.code, codes[i]);
        close_all(&x);
    }
}

static void a_given_name_must_be_one_and_exist(void **state)
{
    (void)state;
    static const struct step steps[] = {{.answer = ROOT_6}, {.answer = NO}, {0}};
    struct fixture x;
    assert_false(open_on(&x, steps, (struct index_options){.user_index = "a/_all?x"}));
    assert_int_equal(x.f.code, FAULT_USAGE);
    close_all(&x);
    assert_false(open_on(&x, steps, (struct index_options){.user_index = "absent"}));
    assert_int_equal(x.f.code, FAULT_SCHEMA);
    close_all(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest_names_are_found_first),
        cmocka_unit_test(the_oldest_generation_has_one_index_with_types),
        cmocka_unit_test(documents_come_in_the_order_asked_for),
        cmocka_unit_test(an_answer_with_too_few_documents_is_a_fault),
        cmocka_unit_test(a_version_that_would_steer_the_terminal_is_refused),
        cmocka_unit_test(a_missing_index_is_named_when_it_is_needed),
        cmocka_unit_test(what_is_not_elasticsearch_is_refused),
        cmocka_unit_test(a_given_name_must_be_one_and_exist),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
