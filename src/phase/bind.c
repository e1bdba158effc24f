#include "phase/phase_private.h"

#include <string.h>

static bool note_rule(struct move *m, struct move_rules *out, int i, const char *text,
                      struct fault *f)
{
    out->note[i] = arena_copy(&m->arena, bytes_of(text));
    return !bytes_are_null(out->note[i]) || fault_memory(f);
}

static bool bind_one(struct move *m, struct move_rules *out, int i, struct fault *f)
{
    const struct rule *r = &m->profile.rules[i];
    struct table *t = NULL;
    char text[400];
    if (r->is_graph)
        return true;
    if (!store_table(m->store, r->keyspace, r->table, &m->arena, &t, f))
        return false;
    if (!t)
        return note_rule(m, out, i, "not in this cluster", f);
    if (!rule_bind(&out->bound[i], r, t, &m->source, &m->target, &m->arena, f))
        return false;
    out->present[i] = true;
    if (r->leave) {
        snprintf(text, sizeof text, "left as it is: %s", r->leave);
        return note_rule(m, out, i, text, f);
    }
    if (out->bound[i].missing[0]) {
        snprintf(text, sizeof text, "without column %s, which this cluster does not have",
                 out->bound[i].missing);
        return note_rule(m, out, i, text, f);
    }
    return true;
}

bool move_bind(struct move *m, struct move_rules *out, struct fault *f)
{
    int n = m->profile.rule_count;
    *out = (struct move_rules){.count = n};
    out->bound = arena_array(&m->arena, (size_t)n, sizeof *out->bound);
    out->present = arena_array(&m->arena, (size_t)n, sizeof *out->present);
    out->note = arena_array(&m->arena, (size_t)n, sizeof *out->note);
    if (!out->bound || !out->present || !out->note)
        return fault_memory(f);
    for (int i = 0; i < n; i++)
        if (!bind_one(m, out, i, f))
            return false;
    return true;
}

int rule_place(const struct move *m, struct bytes name)
{
    for (int i = 0; i < m->profile.rule_count; i++)
        if (bytes_are(name, m->profile.rules[i].name))
            return i;
    return -1;
}
