#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "index/document.h"

static struct document d;

static bool read_text(const char *text, const char *id, struct json **j, struct fault *f)
{
    static char status[DOCUMENT_STATUS_MAX];
    *j = json_parse(bytes_of(text), NULL);
    assert_non_null(*j);
    return document_read(json_root(*j), bytes_of(id), &d, status, f);
}

static void the_fields_that_verify_needs_are_read(void **state)
{
    (void)state;
    struct json *j;
    assert_true(read_text("{\"_id\":\"u1\",\"found\":true,\"_source\":{\"rootOrgId\":\"r\","
                          "\"channel\":\"c\",\"organisations\":[{\"organisationId\":\"a\"},"
                          "{\"organisationId\":\"b\"},{}],\"createdFor\":[\"x\",null,\"y\"]}}",
                          "u1", &j, NULL));
    assert_true(d.found);
    assert_true(bytes_are(d.root_org_id, "r"));
    assert_true(bytes_are(d.channel, "c"));
    assert_true(bytes_are_null(d.status));
    assert_int_equal(d.organisation_count, 2);
    assert_true(bytes_are(d.organisations[1], "b"));
    assert_int_equal(d.created_for_count, 2);
    assert_true(bytes_are(d.created_for[1], "y"));
    json_free(j);
}

static void a_single_value_is_a_list_of_one(void **state)
{
    (void)state;
    struct json *j;
    assert_true(read_text("{\"_id\":\"u1\",\"found\":true,\"_source\":{\"createdFor\":\"x\","
                          "\"organisations\":{\"organisationId\":\"a\"}}}",
                          "u1", &j, NULL));
    assert_int_equal(d.organisation_count, 1);
    assert_int_equal(d.created_for_count, 1);
    json_free(j);
}

static void a_status_is_text_whether_it_was_a_number_or_not(void **state)
{
    (void)state;
    struct json *j;
    assert_true(
        read_text("{\"_id\":\"o\",\"found\":true,\"_source\":{\"status\":0}}", "o", &j, NULL));
    assert_true(bytes_are(d.status, "0"));
    json_free(j);
    assert_true(
        read_text("{\"_id\":\"o\",\"found\":true,\"_source\":{\"status\":\"1\"}}", "o", &j, NULL));
    assert_true(bytes_are(d.status, "1"));
    json_free(j);
}

static void a_document_that_is_not_there_is_not_found(void **state)
{
    (void)state;
    struct json *j;
    assert_true(read_text("{\"_id\":\"u1\",\"found\":false}", "u1", &j, NULL));
    assert_false(d.found);
    assert_int_equal(d.organisation_count, 0);
    json_free(j);
}

static void an_answer_about_something_else_is_a_fault(void **state)
{
    (void)state;
    struct json *j;
    struct fault f;
    assert_false(read_text("{\"_id\":\"u2\",\"found\":true,\"_source\":{}}", "u1", &j, &f));
    assert_int_equal(f.code, FAULT_PROTOCOL);
    json_free(j);
    assert_false(read_text("{\"_id\":\"u1\",\"error\":{\"type\":\"index_not_found_exception\","
                           "\"reason\":\"no such index\"}}",
                           "u1", &j, &f));
    assert_int_equal(f.code, FAULT_SCHEMA);
    json_free(j);
}

static void refusals_are_told_apart(void **state)
{
    (void)state;
    struct fault f;
    struct json *j = json_parse(
        bytes_of("{\"error\":{\"type\":\"index_not_found_exception\",\"reason\":\"no such index\"},"
                 "\"status\":404}"),
        NULL);
    assert_false(document_refusal(404, json_root(j), "user", &f));
    assert_int_equal(f.code, FAULT_SCHEMA);
    assert_non_null(strstr(f.subject, "user"));
    json_free(j);
    document_refusal(401, NULL, "user", &f);
    assert_int_equal(f.code, FAULT_DENIED);
    document_refusal(429, NULL, "user", &f);
    assert_int_equal(f.code, FAULT_UNAVAILABLE);
    document_refusal(400, NULL, "user", &f);
    assert_int_equal(f.code, FAULT_SERVER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_fields_that_verify_needs_are_read),
        cmocka_unit_test(a_single_value_is_a_list_of_one),
        cmocka_unit_test(a_status_is_text_whether_it_was_a_number_or_not),
        cmocka_unit_test(a_document_that_is_not_there_is_not_found),
        cmocka_unit_test(an_answer_about_something_else_is_a_fault),
        cmocka_unit_test(refusals_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
