#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "phase/control_command.h"

static struct control_command c;
static struct fault fault;
static char words[CONTROL_LINE_MAX];

static bool parse(const char *line)
{
    return control_parse(bytes_of(line), &c, &fault);
}

static void the_verbs_are_known(void **state)
{
    (void)state;
    assert_true(parse("pause"));
    assert_int_equal(c.verb, CONTROL_PAUSE);
    assert_true(parse("resume"));
    assert_int_equal(c.verb, CONTROL_RESUME);
    assert_true(parse("status"));
    assert_int_equal(c.verb, CONTROL_STATUS);
    assert_false(c.json);
    assert_true(parse("  status   json "));
    assert_true(c.json);
}

static void what_is_set_is_read_and_said_again(void **state)
{
    (void)state;
    assert_true(parse("set max-rate=1200 in-flight=0"));
    assert_int_equal(c.verb, CONTROL_SET);
    assert_int_equal(c.max_rate, 1200);
    assert_int_equal(c.max_latency_us, -1);
    assert_int_equal(c.in_flight, 0);
    control_words(&c, words);
    assert_string_equal(words, "max-rate=1200 in-flight=0");
    assert_true(parse("set max-rate=1000000000 max-latency=600000 in-flight=2048"));
    control_words(&c, words);
    assert_int_equal(c.max_latency_us, 600000000);
    assert_string_equal(words, "max-rate=1000000000 max-latency=600000 in-flight=2048");
    assert_true(parse("set max-latency=1.50"));
    control_words(&c, words);
    assert_int_equal(c.max_latency_us, 1500);
    assert_string_equal(words, "max-latency=1.5");
}

static void anything_else_is_refused_with_what_it_is(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        " ",
        "stop",
        "pause now",
        "resume json",
        "status json json",
        "set",
        "set ",
        "PAUSE",
        "set max-rate",
        "set max-rate=",
        "set max-rate= 5",
        "set max-rate=-1",
        "set max-rate=1e3",
        "set max-rate=1000000001",
        "set max-rate=99999999999999999999",
        "set max-latency=600001",
        "set max-latency=1.2345",
        "set max-rate=1.5",
        "set in-flight=2049",
        "set in-flight=64 speed=3",
        "set =5",
        "set max-rate=5=5",
        "pause\t",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        fault = (struct fault){0};
        if (parse(wrong[i]))
            fail_msg("\"%s\" was taken", wrong[i]);
        assert_int_equal(fault.code, FAULT_USAGE);
        assert_true(fault.text[0] && fault.hint[0]);
    }
}

static void bytes_that_are_no_text_do_no_harm(void **state)
{
    (void)state;
    uint8_t bytes[64];
    for (unsigned seed = 1; seed < 2000; seed++) {
        unsigned x = seed;
        size_t n = seed % sizeof bytes;
        memcpy(bytes, "set max-rate=", n < 13 ? n : 13);
        for (size_t i = 13; i < n; i++)
            bytes[i] = (uint8_t)((x = x * 1103515245u + 12345u) >> 16);
        control_parse((struct bytes){bytes, n}, &c, &fault);
        control_words(&c, words);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_verbs_are_known),
        cmocka_unit_test(what_is_set_is_read_and_said_again),
        cmocka_unit_test(anything_else_is_refused_with_what_it_is),
        cmocka_unit_test(bytes_that_are_no_text_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
