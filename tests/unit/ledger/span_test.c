/* States are kept for spans of changes: whatever is added, taken, settled, planned anew, removed or
 * forgotten, in whatever order, each change is in the state that it was put into. */
#include "ledger_case.h"

enum { CHANGES = 400, STEPS = 1200, BATCH = 40, PASSES = 3 };

struct told {
    bool exists;
    char rule; /* 'u', 'b', 'o' */
    int pass;
    enum change_state state;
    int reason; /* 0: none */
    bool sent;
};

struct model {
    struct ledger_case *c;
    struct told of[CHANGES + 1]; /* by seq */
    int64_t last;
    unsigned random;
};

static unsigned any(struct model *m, unsigned below)
{
    m->random = m->random * 1103515245u + 12345u;
    return (m->random >> 16) % below;
}

static const char *rule_name(char rule)
{
    return rule == 'u' ? "user" : rule == 'b' ? "batch" : "old-organisation";
}

static struct bytes reason_text(int reason)
{
    static const char *const texts[] = {NULL, "one reason", "another"};
    return reason ? bytes_of(texts[reason]) : bytes_null();
}

static void fill(struct simple_change *s, const struct told *t, int64_t seq)
{
    simple_change(s, rule_name(t->rule), (int)seq);
    s->c.seq = seq;
    s->c.pass = t->pass;
    s->c.state = t->state;
    s->c.reason = reason_text(t->reason);
}

static void choose(struct model *m, struct told *t)
{
    *t = (struct told){.exists = true, .pass = 1, .state = CHANGE_PLANNED};
    t->rule = "uuubbo"[any(m, 6)];
    t->pass = 1 + (int)any(m, PASSES);
    if (any(m, 8) == 0) {
        t->state = CHANGE_REJECTED;
        t->reason = 1 + (int)any(m, 2);
    }
}

/* The ledger has looked for its last number: those of removed changes are given again. */
static void trim(struct model *m)
{
    while (m->last > 0 && !m->of[m->last].exists)
        m->last--;
}

static void reopen(struct model *m)
{
    case_open(m->c, LEDGER_WRITE);
    trim(m);
}

static void add(struct model *m)
{
    struct simple_change s;
    struct told t;
    choose(m, &t);
    for (unsigned n = 1 + any(m, 8); n > 0 && m->last < CHANGES; n--) {
        fill(&s, &t, 0);
        assert_true(ledger_add(m->c->l, &s.c, &m->c->f));
        assert_int_equal(s.c.seq, m->last + 1);
        m->of[++m->last] = t;
    }
}

static void take(struct model *m)
{
    struct change taken[BATCH];
    enum rule_phase phase = any(m, 4) ? RULE_MOVE : RULE_RETIRE;
    int max = 1 + (int)any(m, BATCH), n;
    n = ledger_take(m->c->l, phase, taken, max, &m->c->arena, &m->c->f);
    int64_t seq = 0;
    for (int i = 0; i < n; i++) {
        do
            seq++;
        while (!m->of[seq].exists || (m->of[seq].rule == 'o') != (phase == RULE_RETIRE) ||
               m->of[seq].state > CHANGE_COPIED);
        assert_int_equal(taken[i].seq, seq);
        assert_int_equal(taken[i].state, m->of[seq].state);
        if (m->of[seq].state == CHANGE_PLANNED) {
            m->of[seq].state = CHANGE_SENT;
            m->of[seq].sent = true;
        }
    }
    assert_true(n >= 0);
    if (any(m, 10) == 0) { /* the process ends here */
        reopen(m);
        return;
    }
    static const enum change_state ends[] = {CHANGE_READ, CHANGE_READ, CHANGE_CONFLICT,
                                             CHANGE_REJECTED, CHANGE_SKIPPED};
    bool alike = any(m, 3) > 0;
    for (int i = 0; i < n; i++) {
        struct told *t = &m->of[taken[i].seq];
        t->state = taken[i].state = alike ? CHANGE_READ : ends[any(m, 5)];
        t->reason = alike ? 0 : (int)any(m, 3);
        taken[i].reason = reason_text(t->reason);
    }
    assert_true(ledger_settle(m->c->l, taken, n, &m->c->f));
}

static void alter(struct model *m)
{
    int64_t seq = 1 + any(m, (unsigned)m->last);
    struct told *t = &m->of[seq], now;
    bool may = t->exists && (t->state == CHANGE_PLANNED || t->state == CHANGE_REJECTED);
    struct simple_change s;
    if (any(m, 2)) {
        assert_int_equal(ledger_remove(m->c->l, seq, &m->c->f), may);
        t->exists = t->exists && !may;
        return;
    }
    choose(m, &now);
    if (any(m, 2)) {
        now.rule = t->rule;
        now.pass = t->pass;
    }
    now.sent = t->sent && now.rule == t->rule && now.pass == t->pass;
    fill(&s, &now, seq);
    if (now.rule && now.pass)
        assert_int_equal(ledger_replace(m->c->l, &s.c, &m->c->f), may);
    if (may)
        *t = now;
}

static void forget(struct model *m)
{
    int pass = 1 + (int)any(m, PASSES);
    bool unsent = true;
    for (int64_t i = 1; i <= m->last; i++)
        unsent = unsent && !(m->of[i].exists && m->of[i].pass == pass && m->of[i].sent);
    assert_int_equal(ledger_forget_pass(m->c->l, pass, &m->c->f), unsent);
    for (int64_t i = 1; unsent && i <= m->last; i++)
        if (m->of[i].pass == pass)
            m->of[i].exists = false;
    if (unsent)
        trim(m);
}

static void compare(struct model *m)
{
    struct change read[CHANGES];
    struct change_counts counts, wanted = {0};
    struct ledger_query q = {.after_seq = any(m, 2) ? any(m, CHANGES) : 0};
    arena_reset(&m->c->arena);
    int n = ledger_read(m->c->l, &q, read, CHANGES, &m->c->arena, &m->c->f), i = 0;
    for (int64_t seq = 1; seq <= m->last; seq++) {
        const struct told *t = &m->of[seq];
        if (!t->exists)
            continue;
        if (t->rule != 'o') {
            wanted.by_state[t->state]++;
            wanted.all++;
        }
        if (seq <= q.after_seq)
            continue;
        assert_true(i < n);
        assert_int_equal(read[i].seq, seq);
        assert_int_equal(read[i].state, t->state);
        assert_int_equal(read[i].pass, t->pass);
        assert_true(bytes_are(read[i].rule, rule_name(t->rule)));
        assert_true(bytes_equal(read[i].reason, reason_text(t->reason)));
        i++;
    }
    assert_int_equal(i, n);
    assert_true(ledger_count(m->c->l, NULL, RULE_MOVE, 0, &counts, &m->c->f));
    assert_memory_equal(&counts, &wanted, sizeof counts);
}

static void each_change_is_in_the_state_that_it_was_put_into(void **state)
{
    for (unsigned seed = 1; seed <= 4; seed++) {
        struct model m = {.c = *state, .random = seed};
        char old[80];
        snprintf(old, sizeof old, "%s/ledger.db", m.c->dir);
        ledger_close(m.c->l);
        m.c->l = NULL;
        remove(old);
        case_create(m.c);
        for (int i = 0; i < STEPS; i++) {
            unsigned what = any(&m, 40);
            if (what < 12)
                add(&m);
            else if (what < 20)
                take(&m);
            else if (what < 36)
                m.last > 0 ? alter(&m) : add(&m);
            else if (what < 37)
                reopen(&m);
            else if (what < 38)
                ledger_flush(m.c->l, &m.c->f);
            else if (what == 38 && any(&m, 20) == 0)
                forget(&m);
            if (what % 4 == 0)
                compare(&m);
        }
    }
}

/* What the file needs: not a row for each change. */
static void a_million_changes_need_no_row_each(void **state)
{
    struct ledger_case *c = *state;
    struct change taken[1000];
    char size[80];
    struct stat before, after;
    case_create(c);
    for (int i = 0; i < 20000; i++)
        case_add(c, "user", i);
    case_open(c, LEDGER_WRITE);
    snprintf(size, sizeof size, "%s/ledger.db", c->dir);
    assert_int_equal(stat(size, &before), 0);
    for (int i = 0; i < 20; i++) {
        arena_reset(&c->arena);
        assert_int_equal(ledger_take(c->l, RULE_MOVE, taken, 1000, &c->arena, &c->f), 1000);
        for (int k = 0; k < 1000; k++)
            taken[k].state = CHANGE_READ;
        assert_true(ledger_settle(c->l, taken, 1000, &c->f));
    }
    case_open(c, LEDGER_WRITE);
    assert_int_equal(case_count(c, CHANGE_READ), 20000);
    assert_int_equal(stat(size, &after), 0);
    assert_int_equal(after.st_size, before.st_size);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        case_test(each_change_is_in_the_state_that_it_was_put_into),
        case_test(a_million_changes_need_no_row_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
