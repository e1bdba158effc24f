#include "fixture.h"

static void a_built_list_is_read_back_in_order(void **state)
{
    (void)state;
    struct bytes list = list_of("a", "", "c", NULL), e;
    size_t cursor = 0;
    assert_int_equal(list_count(list), 3);
    assert_true(list_next(list, &cursor, &e));
    assert_text(e, "a");
    assert_true(list_next(list, &cursor, &e));
    assert_text(e, "");
    assert_true(list_next(list, &cursor, &e));
    assert_text(e, "c");
    assert_false(list_next(list, &cursor, &e));
    assert_int_equal(list_count(bytes_null()), 0);
}

static void a_list_cut_or_changed_at_any_byte_never_breaks_the_walk(void **state)
{
    (void)state;
    struct bytes whole = list_of("alpha", "beta", "gamma", NULL), e;
    for (size_t n = 0; n < whole.n; n++) {
        /* An allocation of exactly n bytes, so that a read behind it is seen. */
        uint8_t *p = malloc(n + !n);
        memcpy(p, whole.p, n);
        struct bytes cut = {p, n};
        assert_int_equal(list_count(cut), -1);
        for (size_t cursor = 0; list_next(cut, &cursor, &e);)
            assert_true(bytes_are_null(e) || (e.p >= p && e.p + e.n <= p + n));
        free(p);
    }
    for (size_t i = 0; i < whole.n * 8; i++) {
        struct bytes bent = arena_copy(&arena, whole);
        ((uint8_t *)(uintptr_t)bent.p)[i / 8] ^= (uint8_t)(1 << i % 8);
        for (size_t cursor = 0; list_next(bent, &cursor, &e);)
            assert_true(bytes_are_null(e) || e.n <= whole.n);
        list_count(bent);
    }
}

static void bytes_behind_the_last_element_are_damage(void **state)
{
    (void)state;
    assert_int_equal(list_count((struct bytes){(const uint8_t *)"\0\0\0\0x", 5}), -1);
    assert_int_equal(list_count((struct bytes){(const uint8_t *)"\xff\xff\xff\xff", 4}), -1);
}

static void numbers_need_their_exact_length(void **state)
{
    (void)state;
    int32_t i;
    int64_t l;
    bool b;
    assert_true(value_int(int_of(-5), &i));
    assert_int_equal(i, -5);
    assert_false(value_int(bytes_of("abc"), &i));
    assert_false(value_int(bytes_null(), &i));
    assert_true(
        value_bigint((struct bytes){(const uint8_t *)"\xff\xff\xff\xff\xff\xff\xff\xfe", 8}, &l));
    assert_int_equal(l, -2);
    assert_false(value_bigint(int_of(1), &l));
    assert_true(value_boolean(boolean(true), &b) && b);
    assert_true(value_boolean(boolean(false), &b) && !b);
    assert_false(value_boolean(bytes_of(""), &b));
}

static void check_replace(struct bytes list, bool is_set, struct bytes expected)
{
    struct bytes out;
    assert_true(list_replace(list, is_set, bytes_of("old"), bytes_of("new"), &arena, &out, &fault));
    assert_bytes(out, expected);
}

static void every_occurrence_is_replaced_and_the_order_kept(void **state)
{
    (void)state;
    check_replace(list_of("a", "old", "b", NULL), false, list_of("a", "new", "b", NULL));
    check_replace(list_of("old", "a", "old", NULL), false, list_of("new", "a", NULL));
    check_replace(list_of("a", "old", "new", NULL), false, list_of("a", "new", NULL));
    check_replace(list_of("new", "a", "old", NULL), false, list_of("new", "a", NULL));
    check_replace(list_of("a", "a", "old", NULL), false, list_of("a", "a", "new", NULL));
}

static void a_set_comes_out_sorted(void **state)
{
    (void)state;
    check_replace(list_of("a", "old", "z", NULL), true, list_of("a", "new", "z", NULL));
    check_replace(list_of("b", "old", "oldest", NULL), true, list_of("b", "new", "oldest", NULL));
    check_replace(list_of("o", "old", NULL), true, list_of("new", "o", NULL));
}

static void without_the_old_id_nothing_is_replaced(void **state)
{
    (void)state;
    struct bytes out;
    assert_false(list_replace(list_of("a", NULL), false, bytes_of("old"), bytes_of("new"), &arena,
                              &out, &fault));
    assert_false(
        list_replace(bytes_null(), false, bytes_of("old"), bytes_of("new"), &arena, &out, &fault));
    assert_false(list_replace(list_of("x", NULL), false, bytes_of("x"), bytes_of("x"), &arena, &out,
                              &fault));
    assert_int_equal(fault.code, FAULT_NONE);
    assert_false(list_replace(bytes_of("junk!"), false, bytes_of("old"), bytes_of("new"), &arena,
                              &out, &fault));
    assert_int_equal(fault.code, FAULT_DAMAGED);
}

/* Elements of one letter, a few of them, so that the old and new one come up often. */
static void a_set_with_nulls_keeps_one_of_them(void **state)
{
    (void)state;
    static const uint8_t damaged[] = "\0\0\0\4\xff\xff\xff\xff\0\0\0\0\xff\xff\xff\xff\0\0\0\3old";
    static const uint8_t sorted[] = "\0\0\0\3\xff\xff\xff\xff\0\0\0\0\0\0\0\3new";
    check_replace((struct bytes){damaged, sizeof damaged - 1}, true,
                  (struct bytes){sorted, sizeof sorted - 1});
}

static struct bytes random_list(bool is_set, int *olds, int *news)
{
    static const char *const letters[] = {"a", "b", "c", "d", "e"};
    struct buf b;
    buf_init(&b, 1000);
    uint32_t n = 0;
    size_t start = list_begin(&b);
    *olds = *news = 0;
    for (uint32_t i = 0, want = random_below(7); i < want; i++) {
        uint32_t which = is_set ? i : random_below(5);
        if (is_set && (which > 4 || random_below(2)))
            continue;
        list_add(&b, bytes_of(letters[which]));
        *olds += which == 1;
        *news += which == 3;
        n++;
    }
    list_end(&b, start, n);
    struct bytes copy = arena_copy(&arena, buf_view(&b));
    buf_fini(&b);
    return copy;
}

static void the_laws_of_replacing_hold_for_any_list(void **state)
{
    (void)state;
    seed = 11;
    int replaced = 0;
    for (int round = 0; round < 5000; round++, arena_reset(&arena)) {
        bool is_set = round % 2;
        int olds, news, left = 0, new_left = 0;
        struct bytes list = random_list(is_set, &olds, &news), out, e, o;
        bool done = list_replace(list, is_set, bytes_of("b"), bytes_of("d"), &arena, &out, &fault);
        assert_int_equal(done, olds > 0);
        if (!done)
            continue;
        replaced++;
        for (size_t cursor = 0; list_next(out, &cursor, &e);) {
            left += bytes_are(e, "b");
            new_left += bytes_are(e, "d");
        }
        assert_int_equal(left, 0);
        assert_int_equal(new_left, 1);
        assert_int_equal(list_count(out), list_count(list) - olds - news + 1);
        /* The others are all there, in their order. */
        size_t at = 0;
        for (size_t cursor = 0; list_next(list, &cursor, &e);) {
            if (bytes_are(e, "b") || bytes_are(e, "d"))
                continue;
            do
                assert_true(list_next(out, &at, &o));
            while (bytes_are(o, "d"));
            assert_bytes(o, e);
        }
        /* Done once is done. */
        assert_false(list_replace(out, is_set, bytes_of("b"), bytes_of("d"), &arena, &o, &fault));
    }
    assert_true(replaced > 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_built_list_is_read_back_in_order),
        TEST(a_list_cut_or_changed_at_any_byte_never_breaks_the_walk),
        TEST(bytes_behind_the_last_element_are_damage),
        TEST(numbers_need_their_exact_length),
        TEST(every_occurrence_is_replaced_and_the_order_kept),
        TEST(a_set_comes_out_sorted),
        TEST(a_set_with_nulls_keeps_one_of_them),
        TEST(without_the_old_id_nothing_is_replaced),
        TEST(the_laws_of_replacing_hold_for_any_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
