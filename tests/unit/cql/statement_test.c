#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "cql/statement.h"

static struct cql_statements statements;
static struct fault fault;

static int tear_down(void **state)
{
    (void)state;
    cql_statements_fini(&statements);
    return 0;
}

static struct cql_prepared prepared(const char *id, const char *metadata_id)
{
    return (struct cql_prepared){
        .id = bytes_of(id), .result_metadata_id = bytes_of(metadata_id), .markers = {.count = 2}};
}

static void the_same_text_is_the_same_statement(void **state)
{
    (void)state;
    struct cql_statement *first[600];
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 600; i++) {
            char text[32];
            snprintf(text, sizeof text, "SELECT %d", i);
            struct cql_statement *s = cql_statements_find(&statements, bytes_of(text), &fault);
            assert_non_null(s);
            if (round == 0)
                first[i] = s;
            else
                assert_ptr_equal(s, first[i]);
        }
    }
    assert_int_equal(statements.count, 600);
}

static void a_statement_that_is_prepared_again_must_have_its_old_id(void **state)
{
    (void)state;
    struct cql_statement *s = cql_statements_find(&statements, bytes_of("UPDATE"), &fault);
    struct cql_prepared p = prepared("abc", "m1");
    assert_true(cql_statement_prepared(s, &p, &fault));
    assert_int_equal(s->id_bytes, 3);
    assert_int_equal(s->marker_count, 2);
    p = prepared("abc", "m2");
    assert_true(cql_statement_prepared(s, &p, &fault));
    assert_true(bytes_are(cql_statement_metadata_id(s), "m2"));
    p = prepared("abd", "m2");
    assert_false(cql_statement_prepared(s, &p, &fault));
    assert_int_equal(fault.code, FAULT_SCHEMA);
}

static void an_id_that_is_too_long_is_not_kept(void **state)
{
    (void)state;
    struct cql_statement *s = cql_statements_find(&statements, bytes_of("UPDATE"), &fault);
    char id[CQL_ID_MAX + 2];
    memset(id, 'x', sizeof id);
    id[CQL_ID_MAX + 1] = '\0';
    struct cql_prepared p = prepared(id, NULL);
    assert_false(cql_statement_prepared(s, &p, &fault));
    p = prepared("", NULL);
    assert_false(cql_statement_prepared(s, &p, &fault));
    assert_int_equal(fault.code, FAULT_PROTOCOL);
    assert_int_equal(s->id_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(the_same_text_is_the_same_statement, tear_down),
        cmocka_unit_test_teardown(a_statement_that_is_prepared_again_must_have_its_old_id,
                                  tear_down),
        cmocka_unit_test_teardown(an_id_that_is_too_long_is_not_kept, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
