#include <stdlib.h>
#include <string.h>

#include "move/decide_private.h"

/* One element of a list or set, or one entry of a map. */
struct entry {
    struct bytes key;
    struct bytes value;
};

static int compare(const void *left, const void *right)
{
    const struct bytes a = ((const struct entry *)left)->key,
                       b = ((const struct entry *)right)->key;
    if (bytes_are_null(a) || bytes_are_null(b))
        return (int)bytes_are_null(b) - (int)bytes_are_null(a); /* null is not the empty text */
    size_t n = a.n < b.n ? a.n : b.n;
    int order = n ? memcmp(a.p, b.p, n) : 0;
    return order ? order : (a.n > b.n) - (a.n < b.n);
}

/* As Cassandra sorts text: by bytes, each once. Nulls, which no healthy set has, come first. */
static size_t sort_once(struct entry *entries, size_t n)
{
    if (n == 0)
        return 0;
    qsort(entries, n, sizeof entries[0], compare);
    size_t kept = 1;
    for (size_t i = 1; i < n; i++)
        if (!bytes_equal(entries[i].key, entries[kept - 1].key))
            entries[kept++] = entries[i];
    return kept;
}

static uint8_t *put_u32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 24);
    p[1] = (uint8_t)(v >> 16);
    p[2] = (uint8_t)(v >> 8);
    p[3] = (uint8_t)v;
    return p + 4;
}

static uint8_t *put_element(uint8_t *p, struct bytes e)
{
    p = put_u32(p, bytes_are_null(e) ? UINT32_MAX : (uint32_t)e.n);
    if (e.n)
        memcpy(p, e.p, e.n);
    return p + e.n;
}

static bool build(const struct entry *entries, size_t n, bool is_map, struct arena *a,
                  struct bytes *out)
{
    size_t total = 4;
    for (size_t i = 0; i < n; i++)
        total += 4 + entries[i].key.n + (is_map ? 4 + entries[i].value.n : 0);
    uint8_t *start = arena_alloc(a, total), *p = start;
    if (!p)
        return false;
    p = put_u32(p, (uint32_t)n);
    for (size_t i = 0; i < n; i++) {
        p = put_element(p, entries[i].key);
        if (is_map)
            p = put_element(p, entries[i].value);
    }
    *out = (struct bytes){start, total};
    return true;
}

bool list_contains(struct bytes list, struct bytes element)
{
    struct bytes e;
    size_t cursor = 0;
    if (list_count(list) <= 0)
        return false;
    while (list_next(list, &cursor, &e))
        if (bytes_equal(e, element))
            return true;
    return false;
}

bool list_replace(struct bytes list, bool is_set, struct bytes from, struct bytes to,
                  struct arena *a, struct bytes *out, struct fault *f)
{
    int count = list_count(list);
    if (count < 0)
        return fault_set(f, FAULT_DAMAGED, "the bytes of a list are damaged");
    if (bytes_equal(from, to) || !list_contains(list, from))
        return false;
    struct entry *entries = arena_array(a, (size_t)count, sizeof entries[0]);
    if (!entries)
        return fault_memory(f);
    size_t n = 0, cursor = 0;
    bool has_to = false;
    struct bytes e;
    while (list_next(list, &cursor, &e)) {
        bool is_to = bytes_equal(e, from) || bytes_equal(e, to);
        if (is_to && has_to)
            continue;
        has_to |= is_to;
        entries[n++].key = is_to ? to : e;
    }
    if (is_set)
        n = sort_once(entries, n);
    return build(entries, n, false, a, out) || fault_memory(f);
}

static bool has_key(const struct entry *entries, size_t n, struct bytes key)
{
    for (size_t i = 0; i < n; i++)
        if (bytes_equal(entries[i].key, key))
            return true;
    return false;
}

/* A list may hold an element twice, and keeps it so: only elements that the target lacks are added.
 */
static size_t add_new(struct entry *entries, size_t n, struct bytes from, bool is_map)
{
    size_t cursor = 0, before = n;
    struct entry e = {bytes_null(), bytes_null()};
    while (list_next(from, &cursor, &e.key)) {
        if (is_map && !list_next(from, &cursor, &e.value))
            break;
        if (before == 0 || !has_key(entries, before, e.key))
            entries[n++] = e;
    }
    return n;
}

enum union_result collection_union(const struct type *t, struct bytes target, struct bytes source,
                                   struct arena *a, struct bytes *out)
{
    struct type key;
    bool is_map = t->kind == TYPE_MAP;
    if ((t->kind != TYPE_LIST && t->kind != TYPE_SET && !is_map) || !type_element(t, 0, &key))
        return UNION_UNKNOWN;
    if (t->kind != TYPE_LIST && key.kind != TYPE_TEXT && key.kind != TYPE_ASCII)
        return UNION_UNKNOWN;
    int in_target = elements_count(target, is_map ? 2 : 1);
    int in_source = elements_count(source, is_map ? 2 : 1);
    if (in_target < 0 || in_source < 0)
        return UNION_UNKNOWN;
    struct entry *entries =
        arena_array(a, (size_t)in_target + (size_t)in_source, sizeof entries[0]);
    if (!entries)
        return UNION_NO_MEMORY;
    size_t n = add_new(entries, 0, target, is_map);
    n = add_new(entries, n, source, is_map);
    if (t->kind != TYPE_LIST)
        n = sort_once(entries, n);
    return build(entries, n, is_map, a, out) ? UNION_DONE : UNION_NO_MEMORY;
}
