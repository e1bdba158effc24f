#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "embedded/cells.h"
#include "embedded/ddl.h"

enum { A = 1, B = 2, L = 3, NOW = 1000 }; /* columns by name behind the key; a clock in seconds */

static struct arena arena;
static const struct table *table;
static struct kept_row row;

static bool keep(void *context, const struct table *t, bool if_not_exists, struct fault *f)
{
    (void)context;
    (void)if_not_exists;
    (void)f;
    table = t;
    return true;
}

static int begin(void **state)
{
    (void)state;
    arena_init(&arena, (size_t)64 * 1024 * 1024);
    struct fault f;
    return !(
        ddl_read(bytes_of("CREATE TABLE k.t (id text PRIMARY KEY, a text, b text, l list<text>)"),
                 &arena, keep, NULL, &f) &&
        kept_row_new(&arena, table, &row));
}

static int end(void **state)
{
    (void)state;
    arena_fini(&arena);
    return 0;
}

static void put(int column, const char *value, int64_t timestamp)
{
    kept_row_write(&row, table, column,
                   (struct kept_cell){.timestamp = timestamp, .value = bytes_of(value)});
}

static void put_until(int column, const char *value, int64_t timestamp, int64_t expires)
{
    kept_row_write(
        &row, table, column,
        (struct kept_cell){.timestamp = timestamp, .value = bytes_of(value), .expires = expires});
}

static void drop(int column, int64_t timestamp)
{
    kept_row_write(&row, table, column, (struct kept_cell){.timestamp = timestamp});
}

static bool cell_is(int column, const char *value)
{
    bool live = kept_cell_is_live(&row.cells[column], NOW);
    return value ? live && bytes_are(row.cells[column].value, value) : !live;
}

static void an_older_write_loses(void **state)
{
    (void)state;
    put(A, "new", 20);
    put(A, "old", 10);
    assert_true(cell_is(A, "new"));
    put(A, "newer", 21);
    assert_true(cell_is(A, "newer"));
    assert_true(cell_is(B, NULL));
}

static void of_equal_timestamps_the_greater_value_wins(void **state)
{
    (void)state;
    put(A, "b", 10);
    put(A, "a", 10);
    assert_true(cell_is(A, "b"));
    put(A, "ba", 10);
    assert_true(cell_is(A, "ba"));
    put(A, "\xe0", 10); /* unsigned */
    assert_true(cell_is(A, "\xe0"));
}

static void of_equal_timestamps_a_tombstone_beats_a_value(void **state)
{
    (void)state;
    put(A, "a", 10);
    drop(A, 10);
    assert_true(cell_is(A, NULL));
    put(A, "z", 10);
    assert_true(cell_is(A, NULL));
    put(A, "z", 11);
    assert_true(cell_is(A, "z"));
}

static void of_equal_timestamps_an_expiring_value_beats_one_that_stays(void **state)
{
    (void)state;
    put_until(A, "a", 10, NOW + 5);
    put(A, "z", 10);
    assert_true(cell_is(A, "a"));
    put_until(A, "b", 10, NOW + 4);
    assert_true(cell_is(A, "a"));
    drop(A, 10);
    assert_true(cell_is(A, NULL));
}

static void a_row_tombstone_covers_what_is_not_newer(void **state)
{
    (void)state;
    kept_row_mark(&row, 10, 0);
    put(A, "old", 10);
    put(B, "new", 30);
    kept_row_delete(&row, 20);
    assert_true(cell_is(A, NULL));
    assert_true(cell_is(B, "new"));
    assert_true(kept_row_is_live(&row, NOW));
    put(A, "late", 20);
    assert_true(cell_is(A, NULL));
    kept_row_delete(&row, 30);
    assert_false(kept_row_is_live(&row, NOW));
}

static void a_row_lives_by_its_marker_or_by_any_cell(void **state)
{
    (void)state;
    assert_false(kept_row_is_live(&row, NOW));
    put(A, "a", 10);
    assert_true(kept_row_is_live(&row, NOW));
    drop(A, 11);
    assert_false(kept_row_is_live(&row, NOW)); /* an UPDATE leaves no marker */
    kept_row_mark(&row, 12, 0);
    assert_true(kept_row_is_live(&row, NOW)); /* an INSERT does: a row of keys only */
    kept_row_delete(&row, 11);
    assert_true(kept_row_is_live(&row, NOW));
    kept_row_delete(&row, 12);
    assert_false(kept_row_is_live(&row, NOW));
}

static void a_fenced_update_does_not_raise_a_deleted_row(void **state)
{
    (void)state;
    kept_row_mark(&row, 100, 0);
    put(A, "source", 100);
    put(B, "x", 100);
    kept_row_delete(&row, 500);
    put(A, "target", 101);
    put(B, "y", 101);
    assert_false(kept_row_is_live(&row, NOW));
}

static void a_fenced_update_loses_only_on_the_cell_that_was_edited(void **state)
{
    (void)state;
    put(A, "source", 100);
    put(B, "x", 100);
    put(A, "third", 300);
    put(A, "target", 101);
    put(B, "y", 101);
    assert_true(cell_is(A, "third"));
    assert_true(cell_is(B, "y"));
}

static void a_cell_expires_and_what_is_left_is_read_back(void **state)
{
    struct row seen;
    struct bytes key = bytes_of("k");
    (void)state;
    put_until(A, "a", 10, NOW + 7);
    assert_true(kept_row_view(&row, table, &key, NULL, NOW, &arena, &seen));
    assert_int_equal(seen.cells[A].ttl, 7);
    assert_int_equal(seen.cells[A].writetime, 10);
    assert_true(seen.cells[B].selected && bytes_are_null(seen.cells[B].value));
    assert_int_equal(seen.cells[B].writetime, WRITETIME_NONE);
    assert_true(kept_row_view(&row, table, &key, NULL, NOW + 7, &arena, &seen));
    assert_true(bytes_are_null(seen.cells[A].value));
    assert_false(kept_row_is_live(&row, NOW + 7));
    put(A, "late", 10); /* what is expired still wins the tie, as a tombstone does */
    assert_false(kept_row_is_live(&row, NOW + 7));
}

static void a_list_has_no_writetime_and_an_empty_one_is_null(void **state)
{
    struct row seen;
    struct bytes key = bytes_of("k"), list = {(const uint8_t *)"\0\0\0\1\0\0\0\1x", 9},
                 empty = {(const uint8_t *)"\0\0\0\0", 4};
    (void)state;
    kept_row_write(&row, table, L, (struct kept_cell){.timestamp = 10, .value = list});
    assert_true(kept_row_view(&row, table, &key, NULL, NOW, &arena, &seen));
    assert_true(bytes_equal(seen.cells[L].value, list));
    assert_int_equal(seen.cells[L].writetime, WRITETIME_NONE);
    kept_row_write(&row, table, L, (struct kept_cell){.timestamp = 11, .value = empty});
    assert_false(kept_row_is_live(&row, NOW));
}

static void a_row_comes_back_from_its_bytes(void **state)
{
    struct buf first, second;
    struct kept_row again;
    struct fault f;
    (void)state;
    kept_row_delete(&row, 5);
    kept_row_mark(&row, 6, NOW);
    put_until(A, "", 10, NOW + 1);
    drop(B, 7);
    buf_init(&first, 4096);
    buf_init(&second, 4096);
    assert_true(kept_row_encode(&row, &first));
    assert_true(kept_row_decode(buf_view(&first), table, &arena, &again, &f));
    assert_true(kept_row_encode(&again, &second));
    assert_true(bytes_equal(buf_view(&first), buf_view(&second)));
    for (size_t n = 0; n < first.n; n++)
        assert_false(kept_row_decode((struct bytes){first.p, n}, table, &arena, &again, &f));
    buf_fini(&first);
    buf_fini(&second);
}

/* ---- the law: any order of the same writes gives the same row ---- */

static uint32_t seed;

static uint32_t below(uint32_t n)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % n;
}

struct write {
    int kind; /* 0 value, 1 tombstone, 2 marker, 3 row tombstone */
    int column;
    int64_t timestamp, expires;
    char value[2];
};

static struct write random_write(void)
{
    struct write w = {.kind = (int)below(5) % 4,
                      .column = below(2) ? A : B,
                      .timestamp = 10 + below(4),
                      .expires = below(3) ? 0 : NOW - 2 + below(4)};
    w.value[0] = (char)('a' + below(3));
    return w;
}

static void apply(struct kept_row *r, const struct write *w)
{
    struct kept_cell c = {.timestamp = w->timestamp, .expires = w->expires};
    switch (w->kind) {
    case 0:
        c.value = bytes_of(w->value);
        kept_row_write(r, table, w->column, c);
        break;
    case 1: kept_row_write(r, table, w->column, c); break;
    case 2: kept_row_mark(r, w->timestamp, w->expires); break;
    default: kept_row_delete(r, w->timestamp); break;
    }
}

static void the_same_writes_in_any_order_give_the_same_row(void **state)
{
    enum { WRITES = 8 };
    struct write w[WRITES], shuffled[WRITES];
    struct buf want, got;
    (void)state;
    buf_init(&want, 4096);
    buf_init(&got, 4096);
    for (seed = 1; seed < 2000; seed++) {
        uint32_t kept_seed = seed;
        struct kept_row a, b;
        assert_true(kept_row_new(&arena, table, &a) && kept_row_new(&arena, table, &b));
        for (int i = 0; i < WRITES; i++) {
            w[i] = random_write();
            apply(&a, &w[i]);
        }
        memcpy(shuffled, w, sizeof w); /* the rows borrow their values from the arrays */
        for (uint32_t i = WRITES - 1; i > 0; i--) {
            uint32_t k = below(i + 1);
            struct write swap = shuffled[i];
            shuffled[i] = shuffled[k];
            shuffled[k] = swap;
        }
        for (int i = 0; i < WRITES; i++)
            apply(&b, &shuffled[i]);
        for (int i = 0; i < WRITES; i++) /* and once more: the same write twice is one write */
            apply(&b, &shuffled[i]);
        buf_clear(&want);
        buf_clear(&got);
        assert_true(kept_row_encode(&a, &want) && kept_row_encode(&b, &got));
        assert_true(bytes_equal(buf_view(&want), buf_view(&got)));
        seed = kept_seed;
    }
    buf_fini(&want);
    buf_fini(&got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_older_write_loses, begin, end),
        cmocka_unit_test_setup_teardown(of_equal_timestamps_the_greater_value_wins, begin, end),
        cmocka_unit_test_setup_teardown(of_equal_timestamps_a_tombstone_beats_a_value, begin, end),
        cmocka_unit_test_setup_teardown(of_equal_timestamps_an_expiring_value_beats_one_that_stays,
                                        begin, end),
        cmocka_unit_test_setup_teardown(a_row_tombstone_covers_what_is_not_newer, begin, end),
        cmocka_unit_test_setup_teardown(a_row_lives_by_its_marker_or_by_any_cell, begin, end),
        cmocka_unit_test_setup_teardown(a_fenced_update_does_not_raise_a_deleted_row, begin, end),
        cmocka_unit_test_setup_teardown(a_fenced_update_loses_only_on_the_cell_that_was_edited,
                                        begin, end),
        cmocka_unit_test_setup_teardown(a_cell_expires_and_what_is_left_is_read_back, begin, end),
        cmocka_unit_test_setup_teardown(a_list_has_no_writetime_and_an_empty_one_is_null, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_row_comes_back_from_its_bytes, begin, end),
        cmocka_unit_test_setup_teardown(the_same_writes_in_any_order_give_the_same_row, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
