#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "cql/ring.h"
#include "random.h"

/* The law of a cut: ranges follow each other without a gap from the ring's beginning to its end,
 * none is empty, none ends at INT64_MIN. So every token is in exactly one. */
static void assert_exact(const struct token_range *r, int count)
{
    assert_true(count > 0);
    assert_int_equal(r[0].start, INT64_MIN);
    assert_int_equal(r[count - 1].end, INT64_MAX);
    for (int i = 0; i < count; i++) {
        assert_true(r[i].start < r[i].end);
        if (i > 0)
            assert_int_equal(r[i].start, r[i - 1].end);
    }
}

static int owners(const struct token_range *r, int count, int64_t token)
{
    int n = 0;
    for (int i = 0; i < count; i++)
        n += cql_range_has(r[i], token);
    return n;
}

static int64_t random_token(struct random *random)
{
    switch (random_below_n(random, 8)) {
    case 0: return INT64_MIN;
    case 1: return INT64_MAX;
    case 2: return INT64_MIN + (int64_t)random_below_n(random, 3);
    case 3: return INT64_MAX - (int64_t)random_below_n(random, 3);
    case 4: return (int64_t)random_below_n(random, 5) - 2;
    default: return (int64_t)random_u64(random);
    }
}

static void every_token_is_in_exactly_one_range(void **state)
{
    (void)state;
    struct random random = {1};
    for (int round = 0; round < 2000; round++) {
        int64_t tokens[40];
        int token_count = (int)random_below_n(&random, 41);
        for (int i = 0; i < token_count; i++)
            tokens[i] = random_token(&random);
        int least = 1 + (int)random_below_n(&random, 100);
        struct token_range *r;
        int count;
        assert_true(cql_ring_cut(tokens, token_count, least, &r, &count, NULL));
        assert_true(count >= least);
        assert_exact(r, count);
        for (int i = 0; i < 20; i++)
            assert_int_equal(owners(r, count, random_token(&random)), 1);
        for (int i = 0; i < token_count; i++)
            assert_int_equal(owners(r, count, tokens[i]), 1);
        free(r);
    }
}

static void no_range_is_on_two_sides_of_a_token(void **state)
{
    (void)state;
    static const int64_t tokens[] = {100, -5, 100, 7, INT64_MIN};
    struct token_range *r;
    int count;
    assert_true(cql_ring_cut(tokens, 5, 1, &r, &count, NULL));
    static const int64_t ends[] = {-5, 7, 100, INT64_MAX};
    assert_int_equal(count, 4);
    for (int i = 0; i < count; i++)
        assert_int_equal(r[i].end, ends[i]);
    free(r);
}

static void a_ring_without_tokens_is_cut_into_even_ranges(void **state)
{
    (void)state;
    struct token_range *r;
    int count;
    assert_true(cql_ring_cut(NULL, 0, 4, &r, &count, NULL));
    assert_int_equal(count, 4);
    assert_exact(r, count);
    static const int64_t ends[] = {-4611686018427387905, -1, 4611686018427387903, INT64_MAX};
    for (int i = 0; i < 4; i++)
        assert_int_equal(r[i].end, ends[i]);
    free(r);
}

static void no_range_is_wider_than_its_share(void **state)
{
    (void)state;
    static const int64_t tokens[] = {INT64_MIN + 1, 0, INT64_MAX - 1};
    struct token_range *r;
    int count;
    assert_true(cql_ring_cut(tokens, 3, 64, &r, &count, NULL));
    assert_exact(r, count);
    assert_true(count <= 64 + 4);
    for (int i = 0; i < count; i++)
        assert_true((uint64_t)r[i].end - (uint64_t)r[i].start <= UINT64_C(1) << 58);
    free(r);
}

static void too_many_tokens_or_ranges_are_refused(void **state)
{
    (void)state;
    struct token_range *r;
    int count;
    struct fault f = {0};
    assert_false(cql_ring_cut(NULL, CQL_RING_TOKENS_MAX + 1, 1, &r, &count, &f));
    assert_int_equal(f.code, FAULT_PROTOCOL);
    assert_false(cql_ring_cut(NULL, 0, CQL_RING_RANGES_MAX, &r, &count, &f));
    assert_int_equal(f.code, FAULT_USAGE);
    assert_null(r);
    assert_true(cql_ring_cut(NULL, 0, CQL_RING_RANGES_MAX / 2, &r, &count, &f));
    assert_exact(r, count);
    free(r);
}

/* Halves until nothing can be halved, along a random path. */
static void halves_cover_what_they_were_cut_from(void **state)
{
    (void)state;
    struct random random = {2};
    for (int round = 0; round < 500; round++) {
        int64_t a = random_token(&random), b = random_token(&random);
        struct token_range r = {a < b ? a : b, a < b ? b : a};
        if (r.start == r.end)
            continue;
        struct token_range left, right;
        while (cql_range_halve(r, &left, &right)) {
            assert_int_equal(left.start, r.start);
            assert_int_equal(left.end, right.start);
            assert_int_equal(right.end, r.end);
            assert_true(left.start < left.end && right.start < right.end);
            r = random_below_n(&random, 2) ? left : right;
        }
        assert_true((uint64_t)r.end - (uint64_t)r.start <= 1);
    }
}

static void the_ring_s_first_two_tokens_stay_together(void **state)
{
    (void)state;
    struct token_range left, right;
    assert_false(cql_range_halve((struct token_range){INT64_MIN, INT64_MIN + 1}, &left, &right));
    assert_true(cql_range_halve((struct token_range){INT64_MIN, INT64_MIN + 2}, &left, &right));
    assert_int_equal(left.end, INT64_MIN + 1);
    assert_true(cql_range_halve((struct token_range){5, 7}, &left, &right));
    assert_int_equal(left.end, 6);
    assert_false(cql_range_halve((struct token_range){5, 6}, &left, &right));
}

static void what_is_left_of_a_cut_is_each_token_that_was_not_read_once(void **state)
{
    (void)state;
    struct random random = {5};
    for (int round = 0; round < 2000; round++) {
        struct token_range done[12], left[64], *r;
        int done_count = 0, left_count = 0, count;
        int64_t tokens[24];
        for (int i = 0; i < 24; i++)
            tokens[i] = random_token(&random);
        assert_true(cql_ring_cut(tokens, 24, 1, &r, &count, NULL));
        for (int i = 0; i < count && done_count < 12; i++) /* some pieces, some in part */
            if (random_below_n(&random, 2))
                done[done_count++] =
                    (struct token_range){r[i].start, r[i].end - (random_below_n(&random, 2) &&
                                                                 r[i].end - 1 > r[i].start)};
        free(r);
        assert_true(cql_ring_cut(tokens, (int)random_below_n(&random, 24), 8, &r, &count, NULL));
        for (int i = 0; i < count; i++)
            while (left_count < 64 &&
                   cql_range_next_without(&r[i], done, done_count, &left[left_count]))
                left_count++;
        free(r);
        assert_true(left_count < 64);
        for (int i = 0; i < 50; i++) {
            int64_t token = i < 24 ? tokens[i] : random_token(&random);
            assert_int_equal(owners(done, done_count, token) + owners(left, left_count, token), 1);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_token_is_in_exactly_one_range),
        cmocka_unit_test(no_range_is_on_two_sides_of_a_token),
        cmocka_unit_test(a_ring_without_tokens_is_cut_into_even_ranges),
        cmocka_unit_test(no_range_is_wider_than_its_share),
        cmocka_unit_test(too_many_tokens_or_ranges_are_refused),
        cmocka_unit_test(halves_cover_what_they_were_cut_from),
        cmocka_unit_test(the_ring_s_first_two_tokens_stay_together),
        cmocka_unit_test(what_is_left_of_a_cut_is_each_token_that_was_not_read_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
