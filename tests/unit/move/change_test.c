#include "fixture.h"

static struct named_cells random_cells(void)
{
    struct named_cells c = {arena_array(&arena, 8, sizeof(struct named_cell)),
                            (int)random_below(8)};
    for (int i = 0; i < c.n; i++) {
        c.v[i].name = random_bytes(10);
        c.v[i].value = random_below(4) ? random_bytes(40) : bytes_null();
        c.v[i].writetime =
            random_below(2) ? WRITETIME_NONE : (int64_t)random_below(1u << 30) * 1000000;
        c.v[i].ttl = (int32_t)random_below(1000);
    }
    return c;
}

static void what_is_encoded_is_decoded_again(void **state)
{
    (void)state;
    seed = 5;
    struct buf a, b;
    buf_init(&a, 65536);
    buf_init(&b, 65536);
    for (int round = 0; round < 2000; round++, arena_reset(&arena)) {
        struct named_cells cells = random_cells(), back;
        buf_clear(&a);
        buf_clear(&b);
        assert_true(named_cells_encode(&cells, &a));
        assert_true(named_cells_decode(buf_view(&a), &arena, &back, &fault));
        assert_int_equal(back.n, cells.n);
        for (int i = 0; i < cells.n; i++) {
            assert_bytes(back.v[i].name, cells.v[i].name);
            assert_bytes(back.v[i].value, cells.v[i].value);
            assert_true(back.v[i].writetime == cells.v[i].writetime);
            assert_int_equal(back.v[i].ttl, cells.v[i].ttl);
        }
        assert_true(named_cells_encode(&back, &b));
        assert_bytes(buf_view(&a), buf_view(&b));
    }
    buf_fini(&a);
    buf_fini(&b);
}

static void null_and_empty_stay_apart(void **state)
{
    (void)state;
    struct named_cell v[] = {{bytes_of("a"), bytes_null(), WRITETIME_NONE, 0},
                             {bytes_of("b"), bytes_of(""), 1, 0}};
    struct named_cells cells = {v, 2}, back;
    struct buf b;
    buf_init(&b, 1000);
    assert_true(named_cells_encode(&cells, &b));
    assert_true(named_cells_decode(buf_view(&b), &arena, &back, &fault));
    assert_true(bytes_are_null(named_cells_find(&back, "a")->value));
    assert_false(bytes_are_null(named_cells_find(&back, "b")->value));
    assert_null(named_cells_find(&back, "c"));
    buf_fini(&b);
}

static void a_blob_cut_at_any_byte_is_damaged(void **state)
{
    (void)state;
    struct named_cell v[] = {{bytes_of("rootorgid"), bytes_of("01old"), 17, 0},
                             {bytes_of("channel"), bytes_null(), WRITETIME_NONE, 60}};
    struct named_cells cells = {v, 2}, back;
    struct buf b;
    buf_init(&b, 1000);
    assert_true(named_cells_encode(&cells, &b));
    for (size_t n = 0; n < b.n; n++) {
        uint8_t *p = malloc(n + !n);
        memcpy(p, b.p, n);
        fault.code = FAULT_NONE;
        assert_false(named_cells_decode((struct bytes){p, n}, &arena, &back, &fault));
        assert_int_equal(fault.code, FAULT_DAMAGED);
        free(p);
    }
    buf_append_char(&b, 'x');
    assert_false(named_cells_decode(buf_view(&b), &arena, &back, &fault));
    assert_false(named_cells_decode(bytes_null(), &arena, &back, &fault));
    for (size_t i = 0; i < (b.n - 1) * 8; i++) {
        struct bytes bent = arena_copy(&arena, (struct bytes){b.p, b.n - 1});
        ((uint8_t *)(uintptr_t)bent.p)[i / 8] ^= (uint8_t)(1 << i % 8);
        named_cells_decode(bent, &arena, &back, &fault);
    }
    buf_fini(&b);
}

static void cells_that_do_not_fit_leave_the_buffer_as_it_was(void **state)
{
    (void)state;
    struct named_cell v[] = {{bytes_of("rootorgid"), bytes_of("01old"), 17, 0}};
    struct named_cells cells = {v, 1};
    struct buf b;
    buf_init(&b, 20);
    assert_true(buf_append_text(&b, "ab"));
    assert_false(named_cells_encode(&cells, &b));
    assert_int_equal(b.n, 2);
    buf_fini(&b);
}

static void a_row_comes_back_from_its_change(void **state)
{
    (void)state;
    struct table *t = table_of("user", USER);
    struct named_cell key[] = {{bytes_of("id"), bytes_of("u1"), WRITETIME_NONE, 0}};
    struct named_cell before[] = {{bytes_of("rootorgid"), bytes_of("01old"), 17, 60}};
    struct named_cells k = {key, 1}, b = {before, 1};
    struct row r;
    assert_true(row_from_cells(&r, t, &k, &b, &arena, &fault));
    assert_text(cell_of(&r, "id")->value, "u1");
    assert_text(cell_of(&r, "rootorgid")->value, "01old");
    assert_int_equal(cell_of(&r, "rootorgid")->writetime, 17);
    assert_int_equal(cell_of(&r, "rootorgid")->ttl, 60);
    assert_true(cell_of(&r, "rootorgid")->selected);
    assert_false(cell_of(&r, "channel")->selected);
    before[0].name = bytes_of("gone");
    assert_false(row_from_cells(&r, t, &k, &b, &arena, &fault));
    assert_int_equal(fault.code, FAULT_SCHEMA);
}

static void a_row_name_is_one_safe_line(void **state)
{
    (void)state;
    struct named_cell key[] = {{bytes_of("userid"), bytes_of("u/1:%"), 0, 0},
                               {bytes_of("organisationid"), {(const uint8_t *)"a\0\n ", 4}, 0, 0}};
    struct change c = {.rule = bytes_of("membership"), .key = {key, 2}};
    struct buf out;
    buf_init(&out, 1000);
    change_row_name(&c, &out);
    assert_string_equal(buf_text(&out), "membership:u%2F1%3A%25/a%00%0A%20");
    buf_clear(&out);
    key[0].value = bytes_of("ज");
    c.key.n = 1;
    change_row_name(&c, &out);
    assert_string_equal(buf_text(&out), "membership:%E0%A4%9C");
    buf_fini(&out);
    assert_string_equal(change_kind_name(CHANGE_NODE), "node");
    assert_string_equal(change_origin_name(CHANGE_CARRY), "carry");
    assert_string_equal(change_state_name(CHANGE_READ), "read back");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_encoded_is_decoded_again),
        TEST(null_and_empty_stay_apart),
        TEST(a_blob_cut_at_any_byte_is_damaged),
        TEST(cells_that_do_not_fit_leave_the_buffer_as_it_was),
        TEST(a_row_comes_back_from_its_change),
        TEST(a_row_name_is_one_safe_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
