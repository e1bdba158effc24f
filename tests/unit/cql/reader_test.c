#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "cql/wire/opcode.h"
#include "cql/wire/reader.h"

static struct cql_reader reader(const char *p, size_t n)
{
    struct cql_reader r;
    cql_reader_init(&r, (struct bytes){(const uint8_t *)p, n});
    return r;
}

#define READER(literal) reader("" literal, sizeof literal - 1)

static void integers_are_big_endian(void **state)
{
    (void)state;
    struct cql_reader r = READER("\x81\x82\x83\x84\x85\x86\x87\xff\xff\xff\xfe"
                                 "\x80\x00\x00\x00\x00\x00\x00\x01\x00\x06");
    assert_int_equal(cql_read_u8(&r), 0x81);
    assert_int_equal(cql_read_u16(&r), 0x8283);
    assert_int_equal(cql_read_u32(&r), 0x84858687);
    assert_int_equal(cql_read_i32(&r), -2);
    assert_int_equal(cql_read_i64(&r), INT64_MIN + 1);
    assert_int_equal(cql_read_consistency(&r), CQL_LOCAL_QUORUM);
    assert_int_equal(r.n, 0);
    assert_false(r.failed);
}

static void strings_and_bytes_have_their_own_lengths(void **state)
{
    (void)state;
    struct cql_reader r = READER("\x00\x01"
                                 "a\x00\x00\x00\x02"
                                 "bc\x00\x01"
                                 "d\x00\x00\x00\x01"
                                 "e\xff\xff\xff\xff\x00\x00\x00\x00");
    assert_true(bytes_are(cql_read_string(&r), "a"));
    assert_true(bytes_are(cql_read_long_string(&r), "bc"));
    assert_true(bytes_are(cql_read_short_bytes(&r), "d"));
    assert_true(bytes_are(cql_read_bytes(&r), "e"));
    assert_true(bytes_are_null(cql_read_bytes(&r)));
    assert_true(bytes_are(cql_read_bytes(&r), ""));
    assert_false(r.failed);
}

static void null_unset_and_empty_values_differ(void **state)
{
    (void)state;
    struct cql_reader r = READER("\xff\xff\xff\xff\xff\xff\xff\xfe\x00\x00\x00\x00"
                                 "\xff\xff\xff\xfe\x00\x00\x00\x00");
    bool unset;
    assert_true(bytes_are_null(cql_read_value(&r, &unset)));
    assert_false(unset);
    assert_true(bytes_are_null(cql_read_value(&r, &unset)));
    assert_true(unset);
    assert_true(bytes_are(cql_read_value(&r, &unset), ""));
    assert_false(unset);
    assert_true(bytes_are_null(cql_read_value(&r, NULL)));
    assert_true(r.failed);
    r = READER("\xff\xff\xff\xfd\x00\x00\x00\x00");
    cql_read_value(&r, &unset);
    assert_true(r.failed);
    r = READER("\xff\xff\xff\xff\x00\x00\x00\x00");
    cql_read_long_string(&r);
    assert_true(r.failed);
}

static void a_failure_stays(void **state)
{
    (void)state;
    struct cql_reader r = READER("\x00\x05"
                                 "abcd");
    assert_true(bytes_are_null(cql_read_string(&r)));
    assert_true(r.failed);
    assert_int_equal(cql_read_u8(&r), 0);
    assert_int_equal(cql_read_u16(&r), 0);
    assert_int_equal(cql_read_u32(&r), 0);
    assert_int_equal(cql_read_i64(&r), 0);
    assert_true(bytes_are_null(cql_read_raw(&r, 0)));
    assert_true(bytes_are_null(cql_read_uuid(&r)));
    assert_true(r.failed);
}

static void addresses_have_4_or_16_bytes(void **state)
{
    (void)state;
    struct cql_reader r = READER("\x04\x7f\x00\x00\x01\x00\x00\x23\x52\x10"
                                 "0123456789abcdef");
    struct cql_inet inet = cql_read_inet(&r);
    assert_int_equal(inet.address.n, 4);
    assert_int_equal(inet.port, 9042);
    assert_true(bytes_are(cql_read_inet_address(&r), "0123456789abcdef"));
    assert_false(r.failed);
    r = READER("\x05"
               "abcdefghi");
    cql_read_inet(&r);
    assert_true(r.failed);
    r = READER("0123456789abcdef");
    assert_int_equal(cql_read_uuid(&r).n, 16);
}

static void maps_and_lists_are_walked_and_left_behind(void **state)
{
    (void)state;
    struct cql_reader r = READER("\x00\x01\x00\x01k\x00\x01v"
                                 "\x00\x01\x00\x01K\x00\x02\x00\x01x\x00\x01y"
                                 "\x00\x01\x00\x01p\x00\x00\x00\x01q"
                                 "\x00\x00!");
    struct bytes key, value;
    struct cql_strings map = cql_read_string_map(&r);
    struct cql_strings multimap = cql_read_string_multimap(&r), values;
    cql_skip_bytes_map(&r);
    struct cql_strings list = cql_read_string_list(&r);
    assert_int_equal(cql_read_u8(&r), '!');
    assert_true(cql_string_map_next(&map, &key, &value));
    assert_true(bytes_are(key, "k") && bytes_are(value, "v"));
    assert_false(cql_string_map_next(&map, &key, &value));
    assert_true(cql_string_multimap_next(&multimap, &key, &values));
    assert_true(cql_string_list_next(&values, &value));
    assert_true(cql_string_list_next(&values, &value));
    assert_true(bytes_are(key, "K") && bytes_are(value, "y"));
    assert_false(cql_string_list_next(&values, &value));
    assert_false(cql_string_multimap_next(&multimap, &key, &values));
    assert_false(cql_string_list_next(&list, &value));
}

static void a_list_longer_than_its_message_has_no_entries(void **state)
{
    (void)state;
    struct cql_reader r = READER("\xff\xff\x00\x01x\x00\x01y");
    struct bytes value;
    struct cql_strings list = cql_read_string_list(&r);
    assert_true(r.failed);
    assert_false(cql_string_list_next(&list, &value));
}

static void nothing_can_be_read(void **state)
{
    (void)state;
    struct cql_reader r;
    cql_reader_init(&r, bytes_null());
    assert_false(bytes_are_null(cql_read_raw(&r, 0)));
    assert_false(r.failed);
    cql_read_u8(&r);
    assert_true(r.failed);
}

static void consistencies_are_known_by_name(void **state)
{
    (void)state;
    for (int i = 0; i <= CQL_LOCAL_ONE; i++) {
        enum cql_consistency c;
        assert_true(cql_consistency_parse(cql_consistency_name(i), &c));
        assert_int_equal(c, i);
    }
    enum cql_consistency c;
    assert_true(cql_consistency_parse("local-quorum", &c));
    assert_int_equal(c, CQL_LOCAL_QUORUM);
    assert_false(cql_consistency_parse("LOCAL", &c));
    assert_false(cql_consistency_parse("ONES", &c));
    assert_false(cql_consistency_parse("", &c));
    assert_string_equal(cql_consistency_name(11), "unknown");
    assert_string_equal(cql_consistency_name(-1), "unknown");
    assert_string_equal(cql_opcode_name(CQL_EXECUTE), "EXECUTE");
    assert_string_equal(cql_opcode_name(4), "unknown");
    assert_string_equal(cql_opcode_name(0x11), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_are_big_endian),
        cmocka_unit_test(strings_and_bytes_have_their_own_lengths),
        cmocka_unit_test(null_unset_and_empty_values_differ),
        cmocka_unit_test(a_failure_stays),
        cmocka_unit_test(addresses_have_4_or_16_bytes),
        cmocka_unit_test(maps_and_lists_are_walked_and_left_behind),
        cmocka_unit_test(a_list_longer_than_its_message_has_no_entries),
        cmocka_unit_test(nothing_can_be_read),
        cmocka_unit_test(consistencies_are_known_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
