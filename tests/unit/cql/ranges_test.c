#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cql/ranges.h"

static struct scan_ranges r;

static int set_up(void **state)
{
    (void)state;
    ranges_init(&r);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ranges_fini(&r);
    return 0;
}

static int by_start(const void *a, const void *b)
{
    const struct scan_piece *x = a, *y = b;
    return x->start < y->start ? -1 : x->start > y->start;
}

/* The law: the pieces, in order, cover (start, end] without a gap and without an overlap. */
static void assert_cover(int64_t start, int64_t end)
{
    struct scan_piece sorted[256];
    assert_true(r.count <= 256);
    for (int i = 0; i < r.count; i++)
        sorted[i] = r.v[i];
    qsort(sorted, (size_t)r.count, sizeof sorted[0], by_start);
    for (int i = 0; i < r.count; i++) {
        assert_true(sorted[i].start == start);
        assert_true(sorted[i].from >= sorted[i].start && sorted[i].from < sorted[i].end);
        start = sorted[i].end;
    }
    assert_true(start == end);
}

static void every_piece_is_taken_once(void **state)
{
    (void)state;
    ranges_add(&r, INT64_MIN, 0, 100);
    ranges_add(&r, 0, INT64_MAX, 100);
    assert_int_equal(ranges_take(&r), 0);
    assert_int_equal(ranges_take(&r), 1);
    assert_int_equal(ranges_take(&r), -1);
    ranges_finish(&r, 1);
    assert_false(ranges_are_settled(&r));
    ranges_finish(&r, 0);
    assert_true(ranges_are_settled(&r));
}

static void a_part_is_taken_and_the_rest_waits(void **state)
{
    (void)state;
    ranges_add(&r, INT64_MIN, INT64_MAX, 100);
    int i = ranges_take_part(&r, 8);
    assert_int_equal(i, 0);
    assert_int_equal(r.count, 2);
    assert_true(r.v[0].end == INT64_MIN + (INT64_MAX / 4)); /* an eighth of 2^64, but one */
    assert_int_equal(ranges_take_part(&r, 1), 1);
    assert_int_equal(r.count, 2);
    assert_int_equal(ranges_take_part(&r, 8), -1);
    assert_cover(INT64_MIN, INT64_MAX);
    ranges_add(&r, 5, 8, 100); /* too small to be cut in eight */
    assert_int_equal(ranges_take_part(&r, 8), 2);
    assert_int_equal(r.count, 3);
}

static void a_slow_page_becomes_smaller_before_the_range_is_cut(void **state)
{
    (void)state;
    ranges_add(&r, 0, 1000, 100);
    ranges_take(&r);
    assert_int_equal(ranges_shrink(&r, 0), RANGE_SMALLER_PAGE);
    assert_int_equal(r.v[0].page_rows, 25);
    assert_int_equal(ranges_shrink(&r, 0), RANGE_SMALLER_PAGE);
    assert_int_equal(r.v[0].page_rows, SCAN_PAGE_CUT);
    assert_int_equal(r.count, 1);
    assert_int_equal(ranges_shrink(&r, 0), RANGE_SPLIT);
    assert_int_equal(r.count, 2);
    assert_cover(0, 1000);
}

static void a_cut_range_is_not_done_until_both_halves_are(void **state)
{
    (void)state;
    ranges_add(&r, INT64_MIN, INT64_MAX, SCAN_PAGE_MIN);
    ranges_take(&r);
    assert_int_equal(ranges_shrink(&r, 0), RANGE_SPLIT);
    ranges_finish(&r, 0);
    assert_false(ranges_are_settled(&r));
    assert_int_equal(ranges_take(&r), 1);
    ranges_finish(&r, 1);
    assert_true(ranges_are_settled(&r));
}

static void a_cut_behind_rows_that_were_read_reads_the_last_partition_again(void **state)
{
    (void)state;
    ranges_add(&r, 0, 1000, SCAN_PAGE_MIN);
    ranges_take(&r);
    ranges_progress(&r, 0, 16, 3, 600);
    assert_int_equal(ranges_shrink(&r, 0), RANGE_SPLIT);
    assert_true(r.v[0].start == 0 && r.v[0].from == 599 && r.v[0].end == 799);
    assert_true(r.v[1].start == 799 && r.v[1].from == 799 && r.v[1].end == 1000);
    assert_int_equal(r.v[0].rows, 13); /* its three rows come again */
    assert_cover(0, 1000);
}

static void one_partition_cannot_be_cut_and_is_given_up_after_the_smallest_page(void **state)
{
    (void)state;
    ranges_add(&r, 0, 1000, SCAN_PAGE_CUT);
    ranges_take(&r);
    ranges_progress(&r, 0, 16, 16, 1000);
    assert_int_equal(ranges_shrink(&r, 0), RANGE_SMALLER_PAGE);
    assert_int_equal(ranges_shrink(&r, 0), RANGE_SMALLER_PAGE);
    assert_int_equal(r.v[0].page_rows, SCAN_PAGE_MIN);
    assert_true(r.v[0].from == 0 && r.v[0].has_last && r.count == 1); /* it keeps its place */
    for (int i = 1; i < SCAN_STUCK_TRIES; i++)
        assert_int_equal(ranges_shrink(&r, 0), RANGE_AGAIN);
    assert_int_equal(ranges_shrink(&r, 0), RANGE_STUCK);
    ranges_give_up(&r, 0);
    assert_true(ranges_are_settled(&r));
    assert_int_equal(r.done, 0);
}

static void a_bad_token_is_found_by_cutting_and_nothing_else_is_lost(void **state)
{
    (void)state;
    const int64_t bad = 123456789012345;
    ranges_add(&r, INT64_MIN, INT64_MAX, 500);
    int cuts = 0;
    for (int i; (i = ranges_take(&r)) >= 0;) {
        for (enum range_remedy remedy = RANGE_AGAIN;
             r.v[i].from < bad && bad <= r.v[i].end && remedy != RANGE_STUCK;
             remedy = ranges_shrink(&r, i))
            cuts++;
        bool has_bad = r.v[i].from < bad && bad <= r.v[i].end;
        if (has_bad)
            assert_true(r.v[i].from == bad - 1 && r.v[i].end == bad);
        (has_bad ? ranges_give_up : ranges_finish)(&r, i);
    }
    assert_true(ranges_are_settled(&r));
    assert_int_equal(r.unread, 1);
    assert_true(cuts < 100);
    assert_cover(INT64_MIN, INT64_MAX);
}

static void what_is_covered_never_holds_a_partition_that_was_read_in_part(void **state)
{
    (void)state;
    struct token_range covered;
    uint64_t rows;
    ranges_add(&r, 0, 1000, 100);
    ranges_take(&r);
    assert_false(ranges_covered(&r, 0, &covered, &rows));
    ranges_progress(&r, 0, 5, 5, 1);
    assert_false(ranges_covered(&r, 0, &covered, &rows)); /* the first partition may go on */
    ranges_progress(&r, 0, 10, 4, 700);
    assert_true(ranges_covered(&r, 0, &covered, &rows));
    assert_true(covered.start == 0 && covered.end == 699 && rows == 11);
    ranges_progress(&r, 0, 6, 6, 700); /* the same partition goes on */
    assert_true(ranges_covered(&r, 0, &covered, &rows));
    assert_true(covered.end == 699 && rows == 11);
    ranges_restart(&r, 0);
    assert_true(ranges_covered(&r, 0, &covered, &rows));
    assert_true(covered.end == 699 && rows == 11);
    ranges_progress(&r, 0, 12, 2, 900);
    ranges_finish(&r, 0);
    assert_true(ranges_covered(&r, 0, &covered, &rows));
    assert_true(covered.start == 0 && covered.end == 1000 && rows == 23);
}

static void shuffling_keeps_every_piece(void **state)
{
    (void)state;
    int in_place = 0;
    for (int i = 0; i < 200; i++)
        ranges_add(&r, i * 10, i * 10 + 10, 100);
    ranges_shuffle(&r, 7);
    for (int i = 0; i < 200; i++)
        in_place += r.v[i].start == i * 10;
    assert_true(in_place < 20);
    assert_cover(0, 2000);
}

static void progress_forgets_earlier_tries(void **state)
{
    (void)state;
    ranges_add(&r, 0, 1000, 64);
    ranges_take(&r);
    ranges_shrink(&r, 0);
    ranges_progress(&r, 0, 0, 0, 0);
    assert_int_equal(r.v[0].tries, 0);
    assert_false(r.v[0].has_last);
}

static void a_restart_at_the_ring_s_end_does_not_wrap(void **state)
{
    (void)state;
    ranges_add(&r, INT64_MIN, INT64_MAX, 64);
    ranges_take(&r);
    ranges_progress(&r, 0, 1, 1, INT64_MIN + 1);
    ranges_restart(&r, 0);
    assert_true(r.v[0].from == INT64_MIN);
    ranges_progress(&r, 0, 1, 1, INT64_MAX);
    ranges_restart(&r, 0);
    assert_true(r.v[0].from == INT64_MAX - 1);
    assert_cover(INT64_MIN, INT64_MAX);
}

static void any_mix_of_cuts_and_progress_covers_the_ring(void **state)
{
    (void)state;
    uint64_t seed = 42;
    ranges_add(&r, INT64_MIN, INT64_MAX, SCAN_PAGE_MIN);
    for (int round = 0; round < 200; round++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        int i = (int)((seed >> 33) % (uint64_t)r.count);
        struct scan_piece *p = &r.v[i];
        uint64_t width = (uint64_t)p->end - (uint64_t)p->from;
        if (round % 3)
            ranges_progress(&r, i, 1, 1, (int64_t)((uint64_t)p->from + 1 + (seed >> 7) % width));
        if (round % 5 == 0)
            ranges_restart(&r, i);
        if (r.count < 100)
            ranges_shrink(&r, i);
        assert_cover(INT64_MIN, INT64_MAX);
    }
    assert_true(r.count > 50);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_part_is_taken_and_the_rest_waits),
        TEST(every_piece_is_taken_once),
        TEST(a_slow_page_becomes_smaller_before_the_range_is_cut),
        TEST(a_cut_range_is_not_done_until_both_halves_are),
        TEST(a_cut_behind_rows_that_were_read_reads_the_last_partition_again),
        TEST(one_partition_cannot_be_cut_and_is_given_up_after_the_smallest_page),
        TEST(a_bad_token_is_found_by_cutting_and_nothing_else_is_lost),
        TEST(what_is_covered_never_holds_a_partition_that_was_read_in_part),
        TEST(shuffling_keeps_every_piece),
        TEST(progress_forgets_earlier_tries),
        TEST(a_restart_at_the_ring_s_end_does_not_wrap),
        TEST(any_mix_of_cuts_and_progress_covers_the_ring),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
