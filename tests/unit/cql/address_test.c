#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cql/address.h"

static struct cql_address list[CQL_CONTACT_POINTS_MAX];
static struct fault fault;

static void a_host_without_a_port_has_the_default(void **state)
{
    (void)state;
    assert_int_equal(cql_addresses_parse("10.0.0.5", 9042, list, &fault), 1);
    assert_string_equal(list[0].host, "10.0.0.5");
    assert_int_equal(list[0].port, 9042);
}

static void several_hosts_may_have_blanks_and_ports_of_their_own(void **state)
{
    (void)state;
    assert_int_equal(cql_addresses_parse(" a:1 ,b, c.example:65535", 7, list, &fault), 3);
    assert_string_equal(list[0].host, "a");
    assert_int_equal(list[0].port, 1);
    assert_string_equal(list[1].host, "b");
    assert_int_equal(list[1].port, 7);
    assert_string_equal(list[2].host, "c.example");
    assert_int_equal(list[2].port, 65535);
}

static void an_ipv6_address_needs_brackets_only_for_a_port(void **state)
{
    (void)state;
    assert_int_equal(cql_addresses_parse("[::1]:19042,fe80::2,[::3]", 9, list, &fault), 3);
    assert_string_equal(list[0].host, "::1");
    assert_int_equal(list[0].port, 19042);
    assert_string_equal(list[1].host, "fe80::2");
    assert_int_equal(list[1].port, 9);
    assert_string_equal(list[2].host, "::3");
    assert_int_equal(list[2].port, 9);
}

static void what_is_no_address_is_a_usage_fault(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",        ",",    "a,",    "a:",       "a:0",
                                        "a:65536", "a:9x", "a:-1",  "[::1",     "[::1]x",
                                        "[]:9",    ":9",   "a b:9", "http://a", "a:999999999999"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        fault.code = FAULT_NONE;
        assert_int_equal(cql_addresses_parse(wrong[i], 9042, list, &fault), 0);
        assert_int_equal(fault.code, FAULT_USAGE);
    }
}

static void more_hosts_than_there_is_room_for_are_refused(void **state)
{
    (void)state;
    char text[3 * CQL_CONTACT_POINTS_MAX + 8] = "";
    for (int i = 0; i < CQL_CONTACT_POINTS_MAX; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), i ? ",h" : "h");
    assert_int_equal(cql_addresses_parse(text, 1, list, &fault), CQL_CONTACT_POINTS_MAX);
    snprintf(text + strlen(text), sizeof text - strlen(text), ",h");
    assert_int_equal(cql_addresses_parse(text, 1, list, &fault), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_host_without_a_port_has_the_default),
        cmocka_unit_test(several_hosts_may_have_blanks_and_ports_of_their_own),
        cmocka_unit_test(an_ipv6_address_needs_brackets_only_for_a_port),
        cmocka_unit_test(what_is_no_address_is_a_usage_fault),
        cmocka_unit_test(more_hosts_than_there_is_room_for_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
