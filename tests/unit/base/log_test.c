#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

static char path[64];

static int make_place(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "/tmp/log-test-XXXXXX");
    int fd = mkstemp(path);
    if (fd < 0)
        return -1;
    close(fd);
    unlink(path);
    return 0;
}

static int remove_place(void **state)
{
    (void)state;
    log_close();
    unlink(path);
    return 0;
}

static void read_all(char *out, size_t size)
{
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t n = fread(out, 1, size - 1, file);
    out[n] = '\0';
    fclose(file);
}

static void a_log_that_is_not_open_takes_nothing(void **state)
{
    (void)state;
    log_write(LOG_ERROR, "cql", "nobody hears %d", 1);
    assert_int_not_equal(access(path, F_OK), 0);
}

static void a_line_is_one_json_object(void **state)
{
    (void)state;
    struct fault f = {0};
    assert_true(log_open(path, LOG_INFO, false, &f));
    log_write(LOG_DEBUG, "cql", "below the least level");
    log_write(LOG_WARN, "cql", "a \"quoted\"\n%s", "line");
    char text[1000];
    read_all(text, sizeof text);
    int year = 0, end = 0;
    assert_int_equal(sscanf(text,
                            "{\"ts\":\"%4d-%*2d-%*2dT%*2d:%*2d:%*2d.%*3dZ\",\"level\":\"warn\","
                            "\"part\":\"cql\",\"msg\":\"a \\\"quoted\\\"\\nline\"}\n%n",
                            &year, &end),
                     1);
    assert_true(year >= 2024);
    assert_int_equal((size_t)end, strlen(text));
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0137, 0);
}

static void a_log_is_appended_to(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_true(log_open(path, LOG_INFO, false, NULL));
        log_write(LOG_INFO, "plan", "run %d", i);
        log_close();
    }
    char text[1000];
    read_all(text, sizeof text);
    assert_non_null(strstr(text, "run 0"));
    assert_non_null(strstr(text, "run 1"));
}

static void a_very_long_message_is_cut_and_stays_json(void **state)
{
    (void)state;
    assert_true(log_open(path, LOG_INFO, false, NULL));
    char *message = malloc(100001);
    assert_non_null(message);
    memset(message, 1, 100000);
    message[100000] = '\0';
    log_write(LOG_INFO, "plan", "%s", message);
    free(message);
    static char text[40000];
    read_all(text, sizeof text);
    assert_true(strlen(text) > 20000);
    assert_string_equal(text + strlen(text) - 3, "\"}\n");
}

static void a_place_that_is_not_there_is_a_fault(void **state)
{
    (void)state;
    struct fault f = {0};
    assert_false(log_open("/nonexistent/log.ndjson", LOG_INFO, false, &f));
    assert_int_equal(f.code, FAULT_IO);
    assert_string_equal(f.subject, "/nonexistent/log.ndjson");
}

static void a_full_disk_does_not_stop_the_run(void **state)
{
    (void)state;
    struct fault f = {0};
    assert_true(log_open("/dev/full", LOG_INFO, false, &f));
    log_write(LOG_INFO, "plan", "lost");
    log_write(LOG_INFO, "plan", "lost too");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_log_that_is_not_open_takes_nothing, make_place,
                                        remove_place),
        cmocka_unit_test_setup_teardown(a_line_is_one_json_object, make_place, remove_place),
        cmocka_unit_test_setup_teardown(a_log_is_appended_to, make_place, remove_place),
        cmocka_unit_test_setup_teardown(a_very_long_message_is_cut_and_stays_json, make_place,
                                        remove_place),
        cmocka_unit_test_setup_teardown(a_place_that_is_not_there_is_a_fault, make_place,
                                        remove_place),
        cmocka_unit_test_setup_teardown(a_full_disk_does_not_stop_the_run, make_place,
                                        remove_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
