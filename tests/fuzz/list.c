/* Lists, sets and maps as rules change them: mode, |from|, |to|, then one or two values. The laws: no
 * |from| is left, |to| stands once, everything else stays as it was, in its order; a union holds what
 * either side holds; blobs of cells are encoded as they were decoded. */
#include "fuzz/fuzz.h"

#include "move/decide_private.h"

enum { ARENA_MAX = 1 << 22 };

static int times_in(struct bytes list, struct bytes element)
{
    struct bytes e;
    size_t cursor = 0;
    int n = 0;
    while (list_next(list, &cursor, &e))
        n += bytes_equal(e, element);
    return n;
}

/* The next element that is neither |from| nor |to|. */
static bool next_other(struct bytes list, size_t *cursor, struct bytes from, struct bytes to,
                       struct bytes *e)
{
    while (list_next(list, cursor, e))
        if (!bytes_equal(*e, from) && !bytes_equal(*e, to))
            return true;
    return false;
}

static void check_replaced(struct bytes before, struct bytes after, struct bytes from,
                           struct bytes to, bool is_set)
{
    assert(list_count(after) > 0 && times_in(after, from) == 0 && times_in(after, to) == 1);
    size_t old_at = 0, new_at = 0;
    struct bytes was, is;
    while (!is_set && next_other(before, &old_at, from, to, &was)) {
        assert(next_other(after, &new_at, from, to, &is));
        assert(bytes_equal(was, is));
    }
    if (!is_set)
        assert(!next_other(after, &new_at, from, to, &is));
    for (old_at = 0; is_set && next_other(before, &old_at, from, to, &was);)
        assert(times_in(after, was) == 1);
    struct bytes last = bytes_null();
    for (new_at = 0; is_set && list_next(after, &new_at, &is); last = is) {
        size_t n = last.n < is.n ? last.n : is.n;
        int order = n ? memcmp(last.p, is.p, n) : 0;
        assert(order < 0 || (order == 0 && last.n <= is.n));
    }
}

static void replace(struct bytes list, struct bytes from, struct bytes to, bool is_set,
                    struct arena *a)
{
    struct fault f = {0};
    struct bytes out = bytes_null();
    if (list_replace(list, is_set, from, to, a, &out, &f)) {
        assert(times_in(list, from) > 0);
        check_replaced(list, out, from, to, is_set);
    } else if (f.code != FAULT_NONE) {
        assert(f.code == FAULT_DAMAGED && list_count(list) < 0);
    } else {
        assert(bytes_equal(from, to) || times_in(list, from) == 0);
    }
}

static void unite(struct bytes target, struct bytes source, uint8_t mode, struct arena *a)
{
    static const char *const names[] = {"list<text>", "set<text>",         "map<text, int>",
                                        "set<int>",   "frozen<list<int>>", "text"};
    struct type t;
    struct bytes out;
    assert(type_parse(&t, bytes_of(names[mode % 6]), NULL));
    int each = t.kind == TYPE_MAP ? 2 : 1;
    if (collection_union(&t, target, source, a, &out) != UNION_DONE)
        return;
    assert(elements_count(out, each) >= 0);
    const struct bytes sides[] = {target, source};
    for (int i = 0; i < 2; i++) {
        struct bytes e, value;
        size_t cursor = 0;
        while (list_next(sides[i], &cursor, &e)) {
            assert(each == 2 || times_in(out, e) > 0);
            if (each == 2 && !list_next(sides[i], &cursor, &value))
                break;
        }
    }
}

static void cells(struct bytes blob, struct arena *a)
{
    struct named_cells read;
    struct fault f = {0};
    struct buf again;
    buf_init(&again, ARENA_MAX);
    if (!named_cells_decode(blob, a, &read, &f)) {
        assert(f.code == FAULT_DAMAGED || f.code == FAULT_MEMORY);
        fuzz_check_fault(&f);
    } else {
        assert(named_cells_encode(&read, &again));
        assert(bytes_equal(buf_view(&again), blob));
    }
    buf_fini(&again);
}

static void fuzz_one(struct bytes in)
{
    struct arena a;
    uint8_t mode = fuzz_u8(&in);
    arena_init(&a, ARENA_MAX);
    if (mode & 0x80) {
        uint8_t *alone = fuzz_alone(in);
        cells((struct bytes){alone, in.n}, &a);
        free(alone);
    } else {
        struct bytes from = fuzz_short(&in), to = fuzz_short(&in);
        struct bytes target = fuzz_take(&in, fuzz_u16(&in));
        uint8_t *first = fuzz_alone(target), *second = fuzz_alone(in);
        target.p = first;
        in.p = second;
        replace(target, from, to, mode & 1, &a);
        unite(target, in, mode >> 1, &a);
        free(first);
        free(second);
    }
    arena_fini(&a);
}
