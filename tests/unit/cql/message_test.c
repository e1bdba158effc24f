#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "cql/wire/envelope.h"
#include "cql/wire/message.h"

static struct buf out;

static int fresh(void **state)
{
    (void)state;
    buf_init(&out, 1 << 20);
    return 0;
}

static int done(void **state)
{
    (void)state;
    buf_fini(&out);
    return 0;
}

static void assert_out(const char *want, size_t n)
{
    assert_int_equal(out.n, n);
    assert_memory_equal(out.p, want, n);
    buf_clear(&out);
}

/* A string literal without its end mark. */
#define ASSERT_OUT(literal) assert_out("" literal, sizeof literal - 1)

static const struct cql_dialect v3 = {.version = 3}, v4 = {.version = 4}, v5 = {.version = 5};

static void options_is_a_header_alone(void **state)
{
    (void)state;
    assert_true(cql_message_options(&out, v4, 0x1234, NULL));
    ASSERT_OUT("\x04\x00\x12\x34\x05\x00\x00\x00\x00");
}

static void startup_names_us_and_the_compression(void **state)
{
    (void)state;
    assert_true(cql_message_startup(&out, v5, 0, "1", NULL));
    ASSERT_OUT("\x05\x00\x00\x00\x01\x00\x00\x00\x42\x00\x03"
               "\x00\x0b"
               "CQL_VERSION"
               "\x00\x05"
               "3.0.0"
               "\x00\x0b"
               "DRIVER_NAME"
               "\x00\x0a"
               "tenantmove"
               "\x00\x0e"
               "DRIVER_VERSION"
               "\x00\x01"
               "1");
    struct cql_dialect lz4 = {.version = 4, .lz4 = true};
    assert_true(cql_message_startup(&out, lz4, 0, "1", NULL));
    assert_int_equal(out.p[1], 0);
    assert_non_null(memmem(out.p, out.n,
                           "\x00\x0b"
                           "COMPRESSION"
                           "\x00\x03"
                           "lz4",
                           18));
    buf_clear(&out);
}

static void a_password_is_sent_as_sasl_plain_and_never_compressed(void **state)
{
    (void)state;
    struct cql_dialect lz4 = {.version = 4, .lz4 = true};
    assert_true(cql_message_auth_plain(&out, lz4, 1, "me", "secret", NULL));
    ASSERT_OUT("\x04\x00\x00\x01\x0f\x00\x00\x00\x0e\x00\x00\x00\x0a\x00me\x00secret");
    static char password[1001];
    memset(password, 'x', sizeof password - 1);
    assert_true(cql_message_auth_plain(&out, lz4, 1, "me", password, NULL));
    assert_int_equal(out.n, 9 + 4 + 1 + 2 + 1 + 1000);
    buf_clear(&out);
}

static void a_query_s_flags_are_a_byte_until_v4_and_an_int_in_v5(void **state)
{
    (void)state;
    struct cql_parameters p = {.consistency = CQL_LOCAL_QUORUM, .page_rows = 500};
    assert_true(cql_message_query(&out, v4, 2, bytes_of("Q"), &p, NULL));
    ASSERT_OUT("\x04\x00\x00\x02\x07\x00\x00\x00\x0c\x00\x00\x00\x01Q"
               "\x00\x06\x04\x00\x00\x01\xf4");
    assert_true(cql_message_query(&out, v5, 2, bytes_of("Q"), &p, NULL));
    ASSERT_OUT("\x05\x00\x00\x02\x07\x00\x00\x00\x0f\x00\x00\x00\x01Q"
               "\x00\x06\x00\x00\x00\x04\x00\x00\x01\xf4");
}

static void prepare_has_flags_in_v5_alone(void **state)
{
    (void)state;
    assert_true(cql_message_prepare(&out, v3, 3, bytes_of("Q"), NULL));
    ASSERT_OUT("\x03\x00\x00\x03\x09\x00\x00\x00\x05\x00\x00\x00\x01Q");
    assert_true(cql_message_prepare(&out, v5, 3, bytes_of("Q"), NULL));
    ASSERT_OUT("\x05\x00\x00\x03\x09\x00\x00\x00\x09\x00\x00\x00\x01Q\x00\x00\x00\x00");
}

static void execute_carries_everything_in_the_protocol_s_order(void **state)
{
    (void)state;
    struct bytes values[] = {bytes_of("ab"), bytes_null(), cql_unset(), bytes_of("")};
    struct cql_parameters p = {
        .consistency = CQL_ONE,
        .values = values,
        .value_count = 4,
        .skip_metadata = true,
        .page_rows = 1,
        .paging_state = bytes_of("P"),
        .has_serial_consistency = true,
        .serial_consistency = CQL_LOCAL_SERIAL,
        .has_timestamp = true,
        .timestamp = 0x0102030405060708,
    };
#define REST                                                                                       \
    "\x00\x04\x00\x00\x00\x02"                                                                     \
    "ab\xff\xff\xff\xff\xff\xff\xff\xfe\x00\x00\x00\x00"                                           \
    "\x00\x00\x00\x01\x00\x00\x00\x01P\x00\x09\x01\x02\x03\x04\x05\x06\x07\x08"
    struct bytes id = bytes_of("I"), metadata = bytes_of("M");
    assert_true(cql_message_execute(&out, v4, 4, id, metadata, &p, NULL));
    ASSERT_OUT("\x04\x00\x00\x04\x0a\x00\x00\x00\x2d\x00\x01I\x00\x01\x3f" REST);
    assert_true(cql_message_execute(&out, v5, 4, id, metadata, &p, NULL));
    ASSERT_OUT(
        "\x05\x00\x00\x04\x0a\x00\x00\x00\x33\x00\x01I\x00\x01M\x00\x01\x00\x00\x00\x3f" REST);
#undef REST
}

static void register_lists_the_events(void **state)
{
    (void)state;
    static const char *const events[] = {"A", "BC"};
    assert_true(cql_message_register(&out, v4, 0, events, 2, NULL));
    ASSERT_OUT("\x04\x00\x00\x00\x0b\x00\x00\x00\x09\x00\x02\x00\x01"
               "A\x00\x02"
               "BC");
}

static void what_does_not_fit_the_protocol_is_our_mistake(void **state)
{
    (void)state;
    static char longer[65537];
    memset(longer, 'x', sizeof longer - 1);
    struct bytes unset = cql_unset(), text = bytes_of("x"), none = bytes_null();
    struct cql_parameters p = {.values = &unset, .value_count = 1}, plain = {0},
                          many = {.value_count = 65536};
    struct fault f = {0};
    assert_true(buf_append_text(&out, "before"));
    assert_false(cql_message_query(&out, v3, 0, text, &p, &f));
    assert_int_equal(f.code, FAULT_INTERNAL);
    assert_false(cql_message_query(&out, v4, 0, text, &many, &f));
    assert_false(cql_message_query(&out, v4, 0, none, &plain, &f));
    assert_false(cql_message_prepare(&out, v4, 0, bytes_of(""), &f));
    assert_false(cql_message_execute(&out, v4, 0, none, text, &plain, &f));
    assert_false(cql_message_execute(&out, v5, 0, text, none, &plain, &f));
    assert_false(cql_message_execute(&out, v4, 0, bytes_of(longer), text, &plain, &f));
    assert_false(cql_message_startup(&out, v4, 0, longer, &f));
    assert_false(cql_message_auth_plain(&out, v4, 0, "me", longer, &f));
    assert_false(cql_message_auth_plain(&out, v4, 0, NULL, "", &f));
    assert_int_equal(f.code, FAULT_INTERNAL);
    ASSERT_OUT("before");
}

static void a_full_buffer_is_as_it_was(void **state)
{
    (void)state;
    struct buf small;
    struct fault f = {0};
    buf_init(&small, 20);
    assert_true(buf_append_text(&small, "before"));
    assert_false(cql_message_prepare(&small, v4, 0, bytes_of("SELECT"), &f));
    assert_int_equal(f.code, FAULT_MEMORY);
    assert_true(bytes_are(buf_view(&small), "before"));
    assert_true(cql_message_prepare(&small, v4, 0, bytes_of("S"), &f));
    buf_fini(&small);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh, done)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(options_is_a_header_alone),
        TEST(startup_names_us_and_the_compression),
        TEST(a_password_is_sent_as_sasl_plain_and_never_compressed),
        TEST(a_query_s_flags_are_a_byte_until_v4_and_an_int_in_v5),
        TEST(prepare_has_flags_in_v5_alone),
        TEST(execute_carries_everything_in_the_protocol_s_order),
        TEST(register_lists_the_events),
        TEST(what_does_not_fit_the_protocol_is_our_mistake),
        TEST(a_full_buffer_is_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
