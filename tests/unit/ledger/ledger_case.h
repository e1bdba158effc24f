/* A directory of its own and simple changes, for the tests of the ledger. */
#ifndef LEDGER_CASE_H
#define LEDGER_CASE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ledger/ledger.h"

struct ledger_case {
    char dir[64];
    struct ledger *l;
    struct arena arena;
    struct fault f;
};

static int case_setup(void **state)
{
    struct ledger_case *c = calloc(1, sizeof *c);
    if (!c)
        return -1;
    strncpy(c->dir, "/tmp/ledger-test-XXXXXX", sizeof c->dir - 1);
    if (!mkdtemp(c->dir))
        return -1;
    arena_init(&c->arena, 64 * 1024 * 1024);
    *state = c;
    return 0;
}

static int case_remove(const char *path, const struct stat *st, int type, struct FTW *where)
{
    (void)st;
    (void)type;
    (void)where;
    return remove(path);
}

static int case_teardown(void **state)
{
    struct ledger_case *c = *state;
    ledger_close(c->l);
    arena_fini(&c->arena);
    nftw(c->dir, case_remove, 8, FTW_DEPTH | FTW_PHYS);
    free(c);
    return 0;
}

static inline void case_open(struct ledger_case *c, enum ledger_mode mode)
{
    ledger_close(c->l);
    c->l = ledger_open(c->dir, mode, &c->f);
    if (!c->l)
        fail_msg("ledger_open: %s (%s)", c->f.text, c->f.subject);
}

/* With rules "user" and "batch" of phase move and "old-organisation" of phase retire. */
static inline void case_create(struct ledger_case *c)
{
    case_open(c, LEDGER_CREATE);
    assert_true(ledger_put_rule(c->l, "user", RULE_MOVE, 0, &c->f));
    assert_true(ledger_put_rule(c->l, "batch", RULE_MOVE, 1, &c->f));
    assert_true(ledger_put_rule(c->l, "old-organisation", RULE_RETIRE, 2, &c->f));
}

/* One change of one row; its bytes live as long as this struct. */
struct simple_change {
    struct change c;
    char id[32];
    struct named_cell key, before, after;
};

static inline void simple_change(struct simple_change *s, const char *rule, int number)
{
    memset(s, 0, sizeof *s);
    snprintf(s->id, sizeof s->id, "row-%06d", number);
    s->key = (struct named_cell){bytes_of("id"), bytes_of(s->id), WRITETIME_NONE, 0};
    s->before = (struct named_cell){bytes_of("rootorgid"), bytes_of("old"), 1000 + number, 0};
    s->after = (struct named_cell){bytes_of("rootorgid"), bytes_of("new"), WRITETIME_NONE, 0};
    s->c = (struct change){.pass = 1,
                           .rule = bytes_of(rule),
                           .kind = CHANGE_UPDATE,
                           .state = CHANGE_PLANNED,
                           .key = {&s->key, 1},
                           .before = {&s->before, 1},
                           .after = {&s->after, 1},
                           .fence = 1001 + number,
                           .read_at_us = 5,
                           .sync_object = SYNC_USER,
                           .sync_id = bytes_of(s->id)};
}

static inline int64_t case_add(struct ledger_case *c, const char *rule, int number)
{
    struct simple_change s;
    simple_change(&s, rule, number);
    assert_true(ledger_add(c->l, &s.c, &c->f));
    return s.c.seq;
}

static inline uint64_t case_count(struct ledger_case *c, enum change_state state)
{
    struct change_counts counts;
    assert_true(ledger_count(c->l, NULL, RULE_MOVE, 0, &counts, &c->f));
    return counts.by_state[state];
}

/* Runs |part| in a process of its own that ends without closing anything, as by kill -9. */
static inline void case_killed(struct ledger_case *c, void (*part)(struct ledger_case *c))
{
    ledger_close(c->l);
    c->l = NULL;
    pid_t pid = fork();
    if (pid == 0) {
        part(c);
        _exit(0);
    }
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

#define case_test(name) cmocka_unit_test_setup_teardown(name, case_setup, case_teardown)

#endif
