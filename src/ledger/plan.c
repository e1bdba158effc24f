#include "ledger/ledger_private.h"

/* Where each list of cells lies in l->cells. */
struct blobs {
    size_t start[5], end[5];
};

static bool too_large(struct ledger *l, const struct change *c, struct fault *f)
{
    if (l->cells.no_memory || l->name.no_memory)
        return fault_memory(f);
    buf_clear(&l->name);
    change_row_name(c, &l->name);
    fault_set(f, FAULT_MEMORY, "a row is larger than the %d MiB that a change may have",
              LEDGER_CHANGE_BYTES_MAX / (1024 * 1024));
    fault_subject(f, "%s", buf_text(&l->name));
    return fault_hint(f, "move this row by hand, then plan again");
}

static bool encode(struct ledger *l, const struct change *c, struct blobs *b, struct fault *f)
{
    const struct named_cells *const lists[5] = {&c->key, &c->before, &c->after, &c->new_key,
                                                &c->target_before};
    buf_clear(&l->cells);
    for (int i = 0; i < 5; i++) {
        b->start[i] = l->cells.n;
        if (!named_cells_encode(lists[i], &l->cells))
            return too_large(l, c, f);
        b->end[i] = l->cells.n;
    }
    size_t rest = c->sync_id.n + c->sync_course_id.n + c->reason.n;
    return rest <= LEDGER_CHANGE_BYTES_MAX / 4 || too_large(l, c, f);
}

static struct bytes blob(const struct ledger *l, const struct blobs *b, int i)
{
    return (struct bytes){l->cells.p + b->start[i], b->end[i] - b->start[i]};
}

static bool write_change(struct ledger *l, enum statement id, const struct change *c,
                         const struct blobs *b, struct fault *f)
{
    buf_clear(&l->name);
    change_row_name(c, &l->name);
    if (l->name.failed)
        return too_large(l, c, f);
    int64_t row = row_hash(l, buf_text(&l->name));
    sqlite3_stmt *s = statement(l, id, f);
    if (!s)
        return false;
    bind_int(l, s, 1, c->seq);
    bind_int(l, s, 2, (int64_t)c->kind);
    bind_int(l, s, 3, (int64_t)c->origin);
    bind_int(l, s, 4, row);
    bind_int(l, s, 5, c->fence);
    bind_int(l, s, 6, c->read_at_us);
    bind_int(l, s, 7, c->sync_object);
    bind_text(l, s, 8, c->sync_id);
    bind_text(l, s, 9, c->sync_course_id);
    bind_blob(l, s, 10, blob(l, b, 0));
    bind_blob(l, s, 11, blob(l, b, 1));
    bind_blob(l, s, 12, blob(l, b, 2));
    if (c->new_key.n)
        bind_blob(l, s, 13, blob(l, b, 3));
    if (c->target_before.n)
        bind_blob(l, s, 14, blob(l, b, 4));
    return run(l, s, f);
}

static const struct ledger_rule *check(const struct ledger *l, const struct change *c,
                                       struct fault *f)
{
    const struct ledger_rule *rule = rule_named(l, c->rule);
    if (!rule) {
        fault_set(f, FAULT_INTERNAL, "a change of a rule that the ledger was not told of");
        fault_subject(f, "%.*s", (int)(c->rule.n < 64 ? c->rule.n : 64), (const char *)c->rule.p);
        return NULL;
    }
    if (c->pass < 1 || c->state < CHANGE_PLANNED || c->state > CHANGE_UNDONE) {
        fault_set(f, FAULT_INTERNAL, "a change of pass %d in state %d", c->pass, (int)c->state);
        return NULL;
    }
    return rule;
}

static bool group_grows(struct ledger *l, size_t bytes, struct fault *f)
{
    l->group_rows++;
    l->group_bytes += bytes;
    if (l->group_rows < LEDGER_GROUP_ROWS && l->group_bytes < LEDGER_GROUP_BYTES)
        return true;
    return transaction_commit(l, f);
}

bool ledger_add(struct ledger *l, struct change *c, struct fault *f)
{
    if (c->state == 0)
        c->state = CHANGE_PLANNED;
    const struct ledger_rule *rule = check(l, c, f);
    struct blobs b;
    if (!rule || !encode(l, c, &b, f) || !transaction_begin_soft(l, f))
        return false;
    c->seq = l->last_seq + 1;
    if (!write_change(l, SQL_ADD_CHANGE, c, &b, f) ||
        !span_add(l, c->seq, rule, c->pass, c->state, c->reason, f))
        return transaction_abandon(l);
    l->last_seq = c->seq;
    plan_sum_add(l, c);
    return group_grows(l, l->cells.n, f);
}

static bool check_open(struct ledger *l, int64_t seq, struct span *was, struct fault *f)
{
    if (!span_flush(l, f) || !span_of(l, seq, was, f))
        return false;
    if (was->state == CHANGE_PLANNED || was->state == CHANGE_REJECTED)
        return true;
    return fault_set(f, FAULT_INTERNAL, "change %lld is %s and cannot be planned anew",
                     (long long)seq, change_state_name(was->state));
}

bool ledger_replace(struct ledger *l, const struct change *c, struct fault *f)
{
    const struct ledger_rule *rule = check(l, c, f);
    struct blobs b;
    struct span was;
    if (!rule || !encode(l, c, &b, f) || !transaction_begin(l, f) ||
        !check_open(l, c->seq, &was, f))
        return false;
    if (c->seq < l->open_from[rule->phase])
        l->open_from[rule->phase] = c->seq;
    plan_sum_spoil(l);
    bool is_alike = was.rule == rule->id && was.pass == c->pass;
    if (!write_change(l, SQL_REPLACE_CHANGE, c, &b, f) ||
        !(is_alike ? span_set(l, c->seq, c->seq, c->state, false, c->reason, f)
                   : span_remove(l, c->seq, f) &&
                         span_add(l, c->seq, rule, c->pass, c->state, c->reason, f)))
        return transaction_abandon(l);
    return group_grows(l, l->cells.n, f);
}

bool ledger_remove(struct ledger *l, int64_t seq, struct fault *f)
{
    struct span was;
    if (!transaction_begin(l, f) || !check_open(l, seq, &was, f))
        return false;
    plan_sum_spoil(l);
    if (!run_with(l, SQL_REMOVE_CHANGES, seq, seq, f) || !span_remove(l, seq, f))
        return transaction_abandon(l);
    return group_grows(l, 0, f);
}

static int repeats(struct ledger *l, int64_t rule, int pass, int64_t *out, int max, struct fault *f)
{
    sqlite3_stmt *s = span_flush(l, f) ? statement(l, SQL_REPEATS, f) : NULL;
    int n = 0, more = 1;
    if (!s)
        return -1;
    bind_int(l, s, 1, pass);
    bind_int(l, s, 2, rule);
    while (n < max && (more = step(l, s, f)) == 1)
        out[n++] = sqlite3_column_int64(s, 0);
    sqlite3_reset(s);
    return more < 0 ? -1 : n;
}

bool ledger_drop_repeats(struct ledger *l, const char *rule, int pass, uint64_t *removed,
                         struct fault *f)
{
    int64_t seqs[1024];
    const struct ledger_rule *r = rule_named(l, bytes_of(rule));
    int n = 1;
    *removed = 0;
    while (r && n > 0) {
        n = repeats(l, r->id, pass, seqs, 1024, f);
        for (int i = 0; i < n; i++)
            if (!ledger_remove(l, seqs[i], f))
                return false;
        *removed += n > 0 ? (uint64_t)n : 0;
    }
    return n >= 0 && ledger_flush(l, f);
}

bool ledger_flush(struct ledger *l, struct fault *f)
{
    return transaction_commit(l, f);
}

/* True when nothing of the pass was sent; |is_only| says that there is no other pass. */
static bool pass_is_unsent(const struct ledger *l, int pass, bool *is_only)
{
    *is_only = true;
    for (int i = 0; i < l->tally_count; i++) {
        const struct tally *t = &l->tallies[i];
        if (t->pass != pass)
            *is_only = false;
        else if (t->by_state[0] > 0)
            return false;
    }
    return true;
}

bool ledger_is_unsent(const struct ledger *l, int pass)
{
    bool is_only;
    return pass_is_unsent(l, pass, &is_only);
}

/* Without a WHERE, SQLite drops whole trees instead of a million rows. */
static bool forget_all(struct ledger *l, struct fault *f)
{
    return run_with(l, SQL_FORGET_ALL_CHANGES, 0, 0, f) &&
           run_with(l, SQL_FORGET_ALL_STATES, 0, 0, f);
}

static bool forget_changes(struct ledger *l, int pass, struct fault *f)
{
    for (;;) {
        sqlite3_stmt *s = statement(l, SQL_SPAN_OF_PASS, f);
        if (!s)
            return false;
        bind_int(l, s, 1, pass);
        int more = step(l, s, f);
        if (more != 1)
            return more == 0;
        int64_t first = sqlite3_column_int64(s, 0), last = sqlite3_column_int64(s, 1);
        sqlite3_reset(s);
        if (!run_with(l, SQL_REMOVE_CHANGES, first, last, f) ||
            !run_with(l, SQL_REMOVE_SPAN, first, 0, f))
            return false;
    }
}

bool ledger_forget_pass(struct ledger *l, int pass, struct fault *f)
{
    bool is_only;
    if (!pass_is_unsent(l, pass, &is_only))
        return fault_set(f, FAULT_INTERNAL, "pass %d was applied in part and cannot be forgotten",
                         pass);
    if (!transaction_begin(l, f) || !span_flush(l, f))
        return false;
    if (!(is_only ? forget_all(l, f) : forget_changes(l, pass, f)) ||
        !run_with(l, SQL_FORGET_RANGES, pass, 0, f) ||
        !run_with(l, SQL_FORGET_TOTALS, pass, 0, f) ||
        !run_with(l, SQL_FORGET_UNREAD, pass, 0, f) || !run_with(l, SQL_SYNC_UNCOLLECT, 0, 0, f))
        return transaction_abandon(l);
    if (pass == 1)
        l->sum = (struct plan_sum){0};
    return transaction_commit(l, f) && tallies_load(l, f);
}

static bool make_row_index(struct ledger *l, struct fault *f)
{
    if (l->has_row_index || l->mode == LEDGER_READ)
        return true;
    sqlite3_stmt *s = statement(l, SQL_MAKE_ROW_INDEX, f);
    if (!s || !run(l, s, f))
        return false;
    l->has_row_index = true;
    return true;
}

/* Has |id| a change of this very row, in a pass before |pass|? */
static bool has_before(struct ledger *l, enum statement id, const char *rule,
                       const struct named_cells *key, int pass, bool *out, struct fault *f)
{
    *out = false;
    const struct ledger_rule *r = rule_named(l, bytes_of(rule));
    if (!r)
        return true;
    struct change c = {.rule = bytes_of(rule), .key = *key};
    buf_clear(&l->name);
    change_row_name(&c, &l->name);
    if (l->name.failed)
        return fault_memory(f);
    int64_t row = row_hash(l, buf_text(&l->name));
    sqlite3_stmt *s = span_flush(l, f) && make_row_index(l, f) ? statement(l, id, f) : NULL;
    if (!s)
        return false;
    bind_int(l, s, 1, row);
    bind_int(l, s, 2, r->id);
    bind_int(l, s, 3, pass);
    int more;
    while ((more = step(l, s, f)) == 1) {
        struct named_cells other;
        arena_reset(&l->arena);
        if (!named_cells_decode(column_bytes(s, 1), &l->arena, &other, f)) {
            sqlite3_reset(s);
            return false;
        }
        bool is_same = other.n == key->n;
        for (int i = 0; is_same && i < key->n; i++)
            is_same = bytes_equal(other.v[i].value, key->v[i].value);
        if (is_same) {
            *out = true;
            sqlite3_reset(s);
            return true;
        }
    }
    return more == 0;
}

bool ledger_has_moved(struct ledger *l, const char *rule, const struct named_cells *key, int pass,
                      bool *out, struct fault *f)
{
    return has_before(l, SQL_SENT_BEFORE, rule, key, pass, out, f);
}

bool ledger_has_rejected(struct ledger *l, const char *rule, const struct named_cells *key,
                         int pass, bool *out, struct fault *f)
{
    return has_before(l, SQL_REJECTED_BEFORE, rule, key, pass, out, f);
}
