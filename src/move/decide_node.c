#include <inttypes.h>
#include <stdio.h>

#include "move/decide_private.h"

bool node_matches(const struct bound_node *b, struct bytes property, struct bytes list)
{
    bool leave = b->rule->leave != NULL;
    if (b->property && bytes_equal(property, b->find_value) &&
        (leave || !bytes_equal(b->find_value, b->set_value)))
        return true;
    if (!b->list)
        return false;
    if (list_count(list) < 0)
        return true;
    return list_contains(list, b->replace_from) &&
           (leave || !bytes_equal(b->replace_from, b->replace_to));
}

static bool fill_key(const struct bound_node *b, struct bytes uid, int64_t node_id, struct arena *a,
                     struct change *out)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, node_id);
    struct bytes id = arena_copy(a, bytes_of(text));
    if (bytes_are_null(id) || !cells_new(&out->key, 2, a))
        return false;
    cells_add(&out->key, b->rule->node_id, uid, WRITETIME_NONE, 0);
    cells_add(&out->key, "node", id, WRITETIME_NONE, 0);
    return true;
}

enum decision decide_node(const struct bound_node *b, struct bytes uid, int64_t node_id,
                          struct bytes property, struct bytes list, int64_t now_us, struct arena *a,
                          struct change *out, struct fault *f)
{
    if (b->rule->leave || !node_matches(b, property, list))
        return DECIDE_NOTHING;
    *out = (struct change){.rule = bytes_of(b->rule->name),
                           .kind = CHANGE_NODE,
                           .state = CHANGE_PLANNED,
                           .fence = WRITETIME_NONE,
                           .read_at_us = now_us};
    if (!fill_key(b, uid, node_id, a, out) || !cells_new(&out->before, 2, a) ||
        !cells_new(&out->after, 2, a))
        return fault_memory(f), DECIDE_FAILED;
    if (b->property && bytes_equal(property, b->find_value) &&
        !bytes_equal(property, b->set_value)) {
        cells_add(&out->before, b->property, property, WRITETIME_NONE, 0);
        cells_add(&out->after, b->property, b->set_value, WRITETIME_NONE, 0);
    }
    if (!b->list)
        return DECIDE_CHANGE;
    if (list_count(list) < 0) {
        cells_add(&out->before, b->list, list, WRITETIME_NONE, 0);
        return decide_reject(out, a, f, "the bytes of %s are not a list", b->list);
    }
    if (bytes_equal(b->replace_from, b->replace_to) || !list_contains(list, b->replace_from))
        return DECIDE_CHANGE;
    struct bytes replaced;
    if (!list_replace(list, false, b->replace_from, b->replace_to, a, &replaced, f))
        return fault_memory(f), DECIDE_FAILED;
    cells_add(&out->before, b->list, list, WRITETIME_NONE, 0);
    cells_add(&out->after, b->list, replaced, WRITETIME_NONE, 0);
    return DECIDE_CHANGE;
}

bool change_node_id(const struct change *c, int64_t *out)
{
    const struct named_cell *id = named_cells_find(&c->key, "node");
    int64_t v = 0;
    if (!id || id->value.n == 0 || id->value.n > 19)
        return false;
    for (size_t i = 0; i < id->value.n; i++) {
        int digit = id->value.p[i] - '0';
        if (digit < 0 || digit > 9 || __builtin_mul_overflow(v, 10, &v) ||
            __builtin_add_overflow(v, digit, &v))
            return false;
    }
    *out = v;
    return true;
}
