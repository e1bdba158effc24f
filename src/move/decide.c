#include "move/decide.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "move/decide_private.h"

bool cells_new(struct named_cells *cells, int n, struct arena *a)
{
    *cells = (struct named_cells){arena_array(a, (size_t)n, sizeof cells->v[0]), 0};
    return cells->v != NULL;
}

void cells_add(struct named_cells *cells, const char *name, struct bytes value, int64_t writetime,
               int32_t ttl)
{
    cells->v[cells->n++] = (struct named_cell){bytes_of(name), value, writetime, ttl};
}

int64_t writetime_after(int64_t writetime)
{
    return writetime == WRITETIME_NONE || writetime == INT64_MAX ? writetime : writetime + 1;
}

bool is_far_ahead(int64_t newest, int64_t now_us)
{
    return newest == INT64_MAX || (newest > 0 && newest - FENCE_AHEAD_MAX_US > now_us);
}

enum decision decide_reject(struct change *out, struct arena *a, struct fault *f,
                            const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    out->reason = arena_copy(a, bytes_of(text));
    out->state = CHANGE_REJECTED;
    out->after = (struct named_cells){0};
    if (!bytes_are_null(out->reason))
        return DECIDE_REJECT;
    fault_memory(f);
    return DECIDE_FAILED;
}

/* The value that the rule gives to this column, or NULL. */
static const struct bytes *set_for(const struct bound_rule *b, int column)
{
    for (int i = 0; i < b->set_count; i++)
        if (b->set_column[i] == column)
            return &b->set_value[i];
    return NULL;
}

static bool is_already(const struct bound_rule *b, const struct row *r)
{
    for (int i = 0; i < b->set_count; i++)
        if (!bytes_equal(r->cells[b->set_column[i]].value, b->set_value[i]))
            return false;
    return true;
}

bool rule_matches(const struct bound_rule *b, const struct row *r)
{
    struct bytes found = r->cells[b->find_column].value;
    const struct bytes *set = set_for(b, b->find_column);
    if (b->rule->find == FIND_LIST) {
        /* Bytes that are no list may name anything: they match, and are rejected, rather than be
         * passed over. */
        if (list_count(found) < 0)
            return true;
        return list_contains(found, b->find_value) &&
               (b->rule->leave || !bytes_equal(b->replace_from, b->replace_to));
    }
    if (!bytes_equal(found, b->find_value))
        return false;
    if (b->rule->leave)
        return true;
    /* With one value on both sides (two tenants of one channel) nothing can be told apart, and
     * nothing changes. */
    return set ? !bytes_equal(*set, b->find_value) : !is_already(b, r);
}

static bool add_cell(struct named_cells *cells, const struct row *r, int column)
{
    const struct cell *c = &r->cells[column];
    const char *name = r->table->columns[column].name;
    if (named_cells_find(cells, name))
        return false;
    cells_add(cells, name, c->value, c->writetime, c->ttl);
    return true;
}

static bool fill_key(const struct row *r, struct arena *a, struct named_cells *key)
{
    if (!cells_new(key, r->table->key_count, a))
        return false;
    for (int i = 0; i < r->table->key_count; i++)
        cells_add(key, r->table->columns[i].name, r->cells[i].value, WRITETIME_NONE, 0);
    return true;
}

/* An id as the sync API takes it: text. Null and empty ids name no document. */
static bool sync_text(const struct row *r, int column, struct arena *a, struct bytes *out)
{
    *out = bytes_null();
    if (column < 0 || r->cells[column].value.n == 0)
        return true;
    const struct type *t = &r->table->columns[column].type;
    *out = r->cells[column].value;
    if (t->kind == TYPE_TEXT || t->kind == TYPE_ASCII)
        return true;
    struct buf text;
    buf_init(&text, 4096);
    type_print(t, *out, &text);
    *out = text.failed ? bytes_null() : arena_copy(a, buf_view(&text));
    buf_fini(&text);
    return !bytes_are_null(*out);
}

static bool fill_sync(const struct bound_rule *b, const struct row *r, struct arena *a,
                      struct change *out)
{
    if (b->rule->sync == SYNC_NONE)
        return true;
    if (!sync_text(r, b->sync_id, a, &out->sync_id) ||
        !sync_text(r, b->sync_course_id, a, &out->sync_course_id))
        return false;
    bool named = !bytes_are_null(out->sync_id) &&
                 (b->sync_course_id < 0 || !bytes_are_null(out->sync_course_id));
    if (named) {
        out->sync_object = b->rule->sync;
    } else {
        out->sync_id = bytes_null();
        out->sync_course_id = bytes_null();
    }
    return true;
}

/* What the rule touches, and the sync ids where they are not in the key. */
static bool fill_before(const struct bound_rule *b, const struct row *r, struct arena *a,
                        struct change *out)
{
    int key_count = r->table->key_count;
    if (!cells_new(&out->before, b->set_count + 3, a))
        return false;
    if (b->find_column >= key_count)
        add_cell(&out->before, r, b->find_column);
    for (int i = 0; i < b->set_count; i++)
        add_cell(&out->before, r, b->set_column[i]);
    if (b->sync_id >= key_count)
        add_cell(&out->before, r, b->sync_id);
    if (b->sync_course_id >= key_count)
        add_cell(&out->before, r, b->sync_course_id);
    return true;
}

static enum decision fence_update(struct change *out, int64_t newest, int64_t now_us,
                                  struct arena *a, struct fault *f)
{
    out->fence = writetime_after(newest);
    if (newest != WRITETIME_NONE && is_far_ahead(newest, now_us))
        return decide_reject(out, a, f,
                             "written with a timestamp of %" PRId64
                             " µs, more than an hour ahead of our clock",
                             newest);
    return DECIDE_CHANGE;
}

static enum decision decide_update(const struct bound_rule *b, const struct row *r, int64_t now_us,
                                   struct arena *a, struct change *out, struct fault *f)
{
    int64_t newest = WRITETIME_NONE;
    out->kind = CHANGE_UPDATE;
    if (!cells_new(&out->after, b->set_count, a))
        return fault_memory(f), DECIDE_FAILED;
    for (int i = 0; i < b->set_count; i++) {
        int column = b->set_column[i];
        const struct cell *c = &r->cells[column];
        if (bytes_equal(c->value, b->set_value[i]))
            continue;
        /* A companion that was null lives as long as the cell that the rule found: no longer than
         * its row. */
        int32_t ttl = bytes_are_null(c->value) ? r->cells[b->find_column].ttl : c->ttl;
        cells_add(&out->after, r->table->columns[column].name, b->set_value[i], WRITETIME_NONE,
                  ttl);
        if (c->writetime > newest)
            newest = c->writetime;
    }
    return fence_update(out, newest, now_us, a, f);
}

static enum decision decide_list(const struct bound_rule *b, const struct row *r, int64_t now_us,
                                 struct arena *a, struct change *out, struct fault *f)
{
    const struct column *column = &r->table->columns[b->replace_column];
    const struct cell *c = &r->cells[b->replace_column];
    struct bytes list;
    bool multicell = type_is_multicell(&column->type);
    out->kind = multicell ? CHANGE_LIST : CHANGE_UPDATE;
    if (list_count(c->value) < 0)
        return decide_reject(out, a, f, "the bytes of %s are not a list", column->name);
    if (!list_replace(c->value, column->type.kind == TYPE_SET, b->replace_from, b->replace_to, a,
                      &list, f) ||
        !cells_new(&out->after, 1, a))
        return fault_memory(f), DECIDE_FAILED;
    cells_add(&out->after, column->name, list, WRITETIME_NONE, c->ttl);
    return multicell ? DECIDE_CHANGE : fence_update(out, c->writetime, now_us, a, f);
}

/* Every column outside the key that has a value. */
static bool fill_row(const struct row *r, struct arena *a, bool with_key, struct named_cells *out)
{
    if (!cells_new(out, r->table->column_count, a))
        return false;
    for (int i = with_key ? 0 : r->table->key_count; i < r->table->column_count; i++)
        if (!bytes_are_null(r->cells[i].value))
            cells_add(out, r->table->columns[i].name, r->cells[i].value, r->cells[i].writetime,
                      r->cells[i].ttl);
    return true;
}

/* A column that was null and gets a value lives as long as the row: for ever if any cell does. */
static int32_t longest_ttl(const struct row *r)
{
    int32_t longest = 0;
    for (int i = r->table->key_count; i < r->table->column_count; i++) {
        const struct cell *c = &r->cells[i];
        if (bytes_are_null(c->value) || c->writetime == WRITETIME_NONE)
            continue;
        if (c->ttl == 0)
            return 0;
        if (c->ttl > longest)
            longest = c->ttl;
    }
    return longest;
}

struct row row_at_target(const struct bound_rule *b, const struct row *r, struct arena *a)
{
    struct row moved = row_new(a, r->table);
    int64_t newest = row_writetime_max(r);
    for (int i = 0; moved.cells && i < r->table->column_count; i++) {
        const struct bytes *set = set_for(b, i);
        moved.cells[i] = r->cells[i];
        if (!set)
            continue;
        if (bytes_are_null(r->cells[i].value) && i >= r->table->key_count) {
            moved.cells[i].writetime = newest;
            moved.cells[i].ttl = longest_ttl(r);
        }
        moved.cells[i].value = *set;
    }
    return moved;
}

bool decide_fill_move(const struct bound_rule *b, const struct row *r, struct arena *a,
                      struct change *out)
{
    struct row moved = row_at_target(b, r, a);
    out->kind = CHANGE_MOVE;
    out->fence = writetime_after(row_writetime_max(r));
    if (!moved.cells || !fill_key(&moved, a, &out->new_key) ||
        !fill_row(r, a, false, &out->before) || !fill_row(&moved, a, false, &out->after))
        return false;
    for (int i = 0; i < out->after.n; i++)
        out->after.v[i].writetime = writetime_after(out->after.v[i].writetime);
    return true;
}

bool decide_begin(const struct bound_rule *b, const struct row *r, struct arena *a,
                  struct change *out)
{
    out->rule = bytes_of(b->rule->name);
    out->state = CHANGE_PLANNED;
    out->fence = WRITETIME_NONE;
    return fill_key(r, a, &out->key) && fill_sync(b, r, a, out);
}

bool decide_fill_target(const struct row *target, struct arena *a, struct change *out)
{
    return fill_row(target, a, true, &out->target_before);
}

enum decision decide(const struct bound_rule *b, const struct row *r, int64_t now_us,
                     struct arena *a, struct change *out, struct fault *f)
{
    if (b->rule->leave || !rule_matches(b, r))
        return DECIDE_NOTHING;
    *out = (struct change){.read_at_us = now_us};
    if (!decide_begin(b, r, a, out))
        return fault_memory(f), DECIDE_FAILED;
    if (b->moves_row) {
        if (!decide_fill_move(b, r, a, out))
            return fault_memory(f), DECIDE_FAILED;
        enum decision d = fence_update(out, row_writetime_max(r), now_us, a, f);
        return d == DECIDE_CHANGE ? DECIDE_NEED_TARGET : d;
    }
    if (!fill_before(b, r, a, out))
        return fault_memory(f), DECIDE_FAILED;
    if (b->rule->find == FIND_LIST)
        return decide_list(b, r, now_us, a, out, f);
    return decide_update(b, r, now_us, a, out, f);
}
