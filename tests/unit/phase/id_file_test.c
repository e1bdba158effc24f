#include "phase/id_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char path[64];
static struct fault fault;

static int set_up(void **state)
{
    (void)state;
    char dir[] = "/tmp/id-file-XXXXXX";
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/ids", dir);
    fault = (struct fault){0};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    char other[128];
    unlink(path);
    snprintf(other, sizeof other, "%s.tenantmove/synced", path);
    unlink(other);
    snprintf(other, sizeof other, "%s.tenantmove", path);
    rmdir(other);
    *strrchr(path, '/') = '\0';
    return rmdir(path);
}

static void put(const char *text, size_t n)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, n, f), n);
    fclose(f);
}

static void expect(const char *ids)
{
    char text[1024] = "";
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    fclose(f);
    assert_string_equal(text, ids);
}

static void blank_lines_returns_and_repeats_do_no_harm(void **state)
{
    (void)state;
    static const char text[] = "\xef\xbb\xbf"
                               "u1\r\n\n  u2 \t\r\n\r\nu1\nu3";
    struct id_file x;
    put(text, sizeof text - 1);
    assert_true(id_file_read(&x, path, &fault));
    assert_int_equal(x.count, 3);
    assert_int_equal(x.duplicates, 1);
    assert_true(bytes_are(x.ids[0], "u1"));
    assert_true(bytes_are(x.ids[1], "u2"));
    assert_true(bytes_are(x.ids[2], "u3"));
    id_file_fini(&x);
}

static void refused(const char *text, size_t n, int line)
{
    struct id_file x;
    char at[96];
    put(text, n);
    assert_false(id_file_read(&x, path, &fault));
    assert_int_equal(fault.code, FAULT_USAGE);
    snprintf(at, sizeof at, "%s:%d", path, line);
    assert_string_equal(fault.subject, at);
    id_file_fini(&x);
}

static void what_is_no_list_of_ids_is_refused_with_its_line(void **state)
{
    (void)state;
    refused("u1,a\nu2,x\n", 10, 1);
    refused("u1\n\n\xff\xfe\n", 6, 3);
    refused("u\0001\n", 4, 1);
    refused("u1\n\xef\xbb\xbfu2\n", 9, 2);
    refused("\xef\xbb\xbf\xef\xbb\xbfu1\n", 9, 1);
    size_t n = 2 * 1024 * 1024;
    char *large = malloc(n);
    assert_non_null(large);
    memset(large, 'a', n);
    memcpy(large, "u1\n", 3);
    refused(large, n, 2);
    free(large);
}

static void a_file_that_is_not_there_is_an_error(void **state)
{
    (void)state;
    struct id_file x;
    assert_false(id_file_read(&x, path, &fault));
    assert_int_equal(fault.code, FAULT_USAGE);
    id_file_fini(&x);
    put("", 0);
    assert_true(id_file_read(&x, path, &fault));
    assert_int_equal(x.count, 0);
    id_file_fini(&x);
}

static void write_ids(const char *const *ids, int n, uint64_t *count, uint64_t *kept)
{
    struct id_writer *w = id_writer_new(path, &fault);
    assert_non_null(w);
    for (int i = 0; i < n; i++)
        assert_true(id_writer_add(w, bytes_of(ids[i]), &fault));
    assert_true(id_writer_finish(w, count, kept, &fault));
    id_writer_free(w);
}

static void ids_that_were_not_synced_stay_when_a_job_runs_again(void **state)
{
    (void)state;
    uint64_t count, kept;
    write_ids((const char *const[]){"u1", "u2", "u2"}, 3, &count, &kept);
    assert_int_equal(count, 2);
    assert_int_equal(kept, 0);
    expect("u1\nu2\n");
    write_ids((const char *const[]){"u2", "u3"}, 2, &count, &kept);
    assert_int_equal(count, 3);
    assert_int_equal(kept, 1);
    expect("u1\nu2\nu3\n");
    write_ids(NULL, 0, &count, &kept);
    assert_int_equal(count, 3);
    assert_int_equal(kept, 3);
    expect("u1\nu2\nu3\n");
}

static void a_file_that_was_synced_is_replaced(void **state)
{
    (void)state;
    uint64_t count, kept;
    write_ids((const char *const[]){"u1"}, 1, &count, &kept);
    assert_false(id_file_is_synced(path));
    assert_true(id_file_mark_synced(path, &fault));
    assert_true(id_file_is_synced(path));
    write_ids((const char *const[]){"u9"}, 1, &count, &kept);
    expect("u9\n");
    /* The mark is of another text now. */
    assert_false(id_file_is_synced(path));
}

static void what_is_no_id_file_is_never_overwritten(void **state)
{
    (void)state;
    put("name,email\n", 11);
    assert_null(id_writer_new(path, &fault));
    assert_int_equal(fault.code, FAULT_USAGE);
    expect("name,email\n");
}

static void nothing_is_there_before_the_end(void **state)
{
    (void)state;
    struct id_writer *w = id_writer_new(path, &fault);
    assert_non_null(w);
    assert_true(id_writer_add(w, bytes_of("u1"), &fault));
    assert_int_not_equal(access(path, F_OK), 0);
    id_writer_free(w);
    assert_int_not_equal(access(path, F_OK), 0);
}

static void an_id_that_cannot_stand_on_a_line_is_left_out(void **state)
{
    (void)state;
    static const char *const odd[] = {"a\nb", " a", "a\r",  "",
                                      "\xff", "\t", "a\nb", "\xef\xbb\xbfu"};
    struct id_writer *w = id_writer_new(path, &fault);
    assert_non_null(w);
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++)
        assert_true(id_writer_add(w, bytes_of(odd[i]), &fault));
    assert_true(id_writer_add(w, bytes_of("a,\"b\" '\xe0\xa4\x95"), &fault));
    assert_true(id_writer_add(w, bytes_of("c"), &fault));
    assert_int_equal(id_writer_left_out(w), 6);
    assert_true(id_writer_finish(w, NULL, NULL, &fault));
    id_writer_free(w);
    expect("a,\"b\" '\xe0\xa4\x95\nc\n");
}

static void many_ids_are_each_written_once(void **state)
{
    (void)state;
    struct id_writer *w = id_writer_new(path, &fault);
    assert_non_null(w);
    for (int i = 0; i < 20000; i++) {
        char id[16];
        snprintf(id, sizeof id, "u%d", i % 5000);
        assert_true(id_writer_add(w, bytes_of(id), &fault));
    }
    uint64_t count;
    assert_true(id_writer_finish(w, &count, NULL, &fault));
    id_writer_free(w);
    assert_int_equal(count, 5000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(blank_lines_returns_and_repeats_do_no_harm, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_list_of_ids_is_refused_with_its_line, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_is_not_there_is_an_error, set_up, tear_down),
        cmocka_unit_test_setup_teardown(ids_that_were_not_synced_stay_when_a_job_runs_again, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_was_synced_is_replaced, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_id_file_is_never_overwritten, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_is_there_before_the_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_id_that_cannot_stand_on_a_line_is_left_out, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(many_ids_are_each_written_once, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
