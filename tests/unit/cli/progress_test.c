#include "cli/progress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct buf out;

static const char *text(const struct progress *p, uint64_t here, uint64_t elapsed_us, int width,
                        bool bar)
{
    buf_clear(&out);
    progress_text(p, here, elapsed_us, width, bar, &out);
    return buf_text(&out);
}

static void a_write_shows_rate_time_left_and_conflicts(void **state)
{
    (void)state;
    const struct progress p = {
        .phase = "apply", .part = "write", .unit = "changes", .done = 4310, .total = 6515};
    assert_string_equal(text(&p, 4310, 1000000, 200, false),
                        "  apply  4,310 / 6,515 changes   4,310/s   ETA 0:01   0 conflicts");
}

static void the_rate_is_that_of_this_process(void **state)
{
    (void)state;
    /* Resumed: 9,000 were done before, 100 in the two seconds since. */
    const struct progress p = {
        .phase = "sync", .part = "user", .unit = "ids", .done = 9100, .total = 9200};
    assert_string_equal(text(&p, 100, 2000000, 200, false),
                        "  sync  user  9,100 / 9,200 ids   50/s   ETA 0:02");
}

static void without_a_total_there_is_no_time_left(void **state)
{
    (void)state;
    const struct progress p = {
        .phase = "plan", .part = "scan sunbird.user", .unit = "rows", .done = 20416};
    assert_string_equal(text(&p, 20416, 2000000, 200, true),
                        "  plan  scan sunbird.user  20,416 rows   10,208/s");
}

static void a_rate_needs_some_time(void **state)
{
    (void)state;
    const struct progress p = {
        .phase = "plan", .part = "x", .unit = "rows", .done = 5, .total = 10};
    assert_string_equal(text(&p, 5, 1000, 200, false), "  plan  x  5 / 10 rows");
}

static void errors_are_shown_when_there_are_some(void **state)
{
    (void)state;
    const struct progress p = {.phase = "apply",
                               .part = "write",
                               .unit = "changes",
                               .done = 1,
                               .total = 2,
                               .conflicts = 3,
                               .rejected = 4,
                               .errors = 5};
    assert_string_equal(text(&p, 0, 0, 200, false),
                        "  apply  1 / 2 changes   3 conflicts   4 rejected   5 errors");
}

static void a_long_time_left_has_hours(void **state)
{
    (void)state;
    const struct progress p = {
        .phase = "apply", .part = "write", .unit = "changes", .done = 1, .total = 7201};
    assert_non_null(strstr(text(&p, 1, 1000000, 200, false), "ETA 2:00:00"));
}

static void what_slows_it_and_what_is_on_its_way_is_said(void **state)
{
    (void)state;
    struct progress p = {.phase = "apply",
                         .part = "write",
                         .unit = "changes",
                         .done = 4310,
                         .total = 6515,
                         .in_flight = 12,
                         .flow = "slowed: p99 48 ms > 20 ms"};
    assert_string_equal(text(&p, 4310, 1000000, 200, false),
                        "  apply  4,310 / 6,515 changes   4,310/s   ETA 0:01   12 in flight   0 "
                        "conflicts   slowed: p99 48 ms > 20 ms");
    /* Why it is slow goes before all that is less. */
    assert_string_equal(text(&p, 4310, 1000000, 70, true),
                        "  apply  4,310 / 6,515 changes   4,310/s   slowed: p99 48 ms > 20 ms");
}

static void a_paused_run_has_no_rate(void **state)
{
    (void)state;
    const struct progress p = {.phase = "plan",
                               .part = "scan sunbird.user",
                               .unit = "rows",
                               .done = 20416,
                               .is_paused = true,
                               .flow = "paused (tenantmove control resume)"};
    assert_string_equal(text(&p, 20416, 2000000, 200, false),
                        "  plan  scan sunbird.user  20,416 rows   paused (tenantmove control "
                        "resume)");
}

static int columns(const char *line)
{
    int n = 0;
    for (; *line; line++)
        n += ((unsigned char)*line & 0xc0) != 0x80;
    return n;
}

static void a_line_never_passes_the_width_of_the_terminal(void **state)
{
    (void)state;
    const struct progress p = {.flow = "slowed: p99 48 ms > 20 ms",
                               .phase = "verify",
                               .part = "scan sunbird_courses.course_batch",
                               .unit = "rows",
                               .done = 123456789,
                               .total = 987654321,
                               .conflicts = 1000,
                               .rejected = 1000,
                               .errors = 1000};
    for (int width = 0; width < 200; width++)
        assert_true(columns(text(&p, 123456789, 3000000, width, true)) <= width);
}

static void the_bar_is_full_at_the_end(void **state)
{
    (void)state;
    const struct progress none = {
        .phase = "a", .part = "write", .unit = "u", .done = 0, .total = 9};
    const struct progress full = {
        .phase = "a", .part = "write", .unit = "u", .done = 9, .total = 9};
    assert_null(strstr(text(&none, 0, 0, 120, true), "█"));
    assert_null(strstr(text(&full, 0, 0, 120, true), "░"));
    assert_non_null(strstr(text(&full, 0, 0, 120, true), "█"));
}

static int set_up(void **state)
{
    (void)state;
    buf_init(&out, 4096);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    buf_fini(&out);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_write_shows_rate_time_left_and_conflicts),
        cmocka_unit_test(the_rate_is_that_of_this_process),
        cmocka_unit_test(without_a_total_there_is_no_time_left),
        cmocka_unit_test(a_rate_needs_some_time),
        cmocka_unit_test(errors_are_shown_when_there_are_some),
        cmocka_unit_test(a_long_time_left_has_hours),
        cmocka_unit_test(what_slows_it_and_what_is_on_its_way_is_said),
        cmocka_unit_test(a_paused_run_has_no_rate),
        cmocka_unit_test(a_line_never_passes_the_width_of_the_terminal),
        cmocka_unit_test(the_bar_is_full_at_the_end),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
