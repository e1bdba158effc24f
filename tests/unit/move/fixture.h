/* What the tests of move share: tables from one line of text, rows from cells, values, and a seeded
 * generator. */
#ifndef TESTS_MOVE_FIXTURE_H
#define TESTS_MOVE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "move/change.h"
#include "move/decide.h"
#include "move/profile.h"
#include "move/row.h"
#include "move/table.h"

#define UNUSED __attribute__((unused))
#define USER "id text pk; rootorgid text; channel text; email text"
#define MEMBERSHIP                                                                                 \
    "userid text pk; organisationid text ck; hashtagid text; isdeleted boolean; orgjoindate "      \
    "text; "                                                                                       \
    "roles list<text>; position text; addedby text"
#define BATCH "courseid text pk; batchid text ck; createdfor list<text>; name text"
#define ORGANISATION                                                                               \
    "id text pk; orgname text; channel text; hashtagid text; status int; isrootorg boolean; "      \
    "istenant boolean"

static struct arena arena;
static struct fault fault;

static UNUSED int set_up(void **state)
{
    (void)state;
    arena_init(&arena, 64 * 1024 * 1024);
    memset(&fault, 0, sizeof fault);
    return 0;
}

static UNUSED int tear_down(void **state)
{
    (void)state;
    arena_fini(&arena);
    return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

/* "id text pk; name text; when text ck; all text static" as ks.|name|. */
static UNUSED struct table *table_of(const char *name, const char *columns)
{
    struct table *t = arena_alloc(&arena, sizeof *t);
    t->columns = arena_array(&arena, 64, sizeof t->columns[0]);
    snprintf(t->keyspace, sizeof t->keyspace, "sunbird");
    snprintf(t->name, sizeof t->name, "%s", name);
    int partition = 0, clustering = 0;
    while (*columns) {
        struct column *c = &t->columns[t->column_count++];
        size_t n = strcspn(columns, ";"), word = strcspn(columns, " ");
        memcpy(c->name, columns, word);
        struct bytes rest = {(const uint8_t *)columns + word + 1, n - word - 1};
        c->role = COLUMN_REGULAR;
        c->position = -1;
        if (rest.n > 3 && memcmp(rest.p + rest.n - 3, " pk", 3) == 0) {
            c->role = COLUMN_PARTITION;
            c->position = partition++;
            rest.n -= 3;
        } else if (rest.n > 3 && memcmp(rest.p + rest.n - 3, " ck", 3) == 0) {
            c->role = COLUMN_CLUSTERING;
            c->position = clustering++;
            rest.n -= 3;
        } else if (rest.n > 7 && memcmp(rest.p + rest.n - 7, " static", 7) == 0) {
            c->role = COLUMN_STATIC;
            rest.n -= 7;
        }
        assert_true(type_parse(&c->type, rest, &fault));
        columns += n;
        columns += strspn(columns, "; ");
    }
    assert_true(table_finish(t, &fault));
    return t;
}

static UNUSED struct row row_of(const struct table *t)
{
    struct row r = row_new(&arena, t);
    assert_non_null(r.cells);
    for (int i = 0; i < t->column_count; i++)
        r.cells[i].selected = true;
    return r;
}

static UNUSED struct cell *cell_of(const struct row *r, const char *name)
{
    int column = table_column(r->table, name);
    assert_true(column >= 0);
    return &r->cells[column];
}

static UNUSED void put_bytes(struct row *r, const char *name, struct bytes value, int64_t writetime)
{
    struct cell *c = cell_of(r, name);
    c->value = value;
    c->writetime = writetime;
}

static UNUSED void put(struct row *r, const char *name, const char *value, int64_t writetime)
{
    put_bytes(r, name, bytes_of(value), writetime);
}

static UNUSED void put_key(struct row *r, const char *name, const char *value)
{
    put(r, name, value, WRITETIME_NONE);
}

/* A list of texts, ended by NULL, in CQL's serialization. */
static UNUSED struct bytes list_of(const char *first, ...)
{
    struct buf b;
    buf_init(&b, 65536);
    va_list args;
    uint32_t n = 0;
    size_t start = list_begin(&b);
    va_start(args, first);
    for (const char *e = first; e; e = va_arg(args, const char *), n++)
        list_add(&b, bytes_of(e));
    va_end(args);
    list_end(&b, start, n);
    struct bytes copy = arena_copy(&arena, buf_view(&b));
    buf_fini(&b);
    return copy;
}

static UNUSED struct bytes boolean(bool v)
{
    return arena_copy(&arena, (struct bytes){(const uint8_t *)(v ? "\1" : "\0"), 1});
}

static UNUSED struct bytes int_of(int32_t v)
{
    uint8_t raw[4] = {(uint8_t)((uint32_t)v >> 24), (uint8_t)((uint32_t)v >> 16),
                      (uint8_t)((uint32_t)v >> 8), (uint8_t)v};
    return arena_copy(&arena, (struct bytes){raw, 4});
}

#define assert_bytes(actual, expected) assert_true(bytes_equal((actual), (expected)))
#define assert_text(actual, expected) assert_true(bytes_are((actual), (expected)))

static UNUSED const struct tenant old_tenant = {
    .id = {(const uint8_t *)"01old", 5},
    .name = {(const uint8_t *)"Pilot", 5},
    .channel = {(const uint8_t *)"pilot", 5},
    .hashtagid = {(const uint8_t *)"01oldtag", 8},
    .has_status = true,
    .status = 1,
    .is_root = true,
};

static UNUSED const struct tenant new_tenant = {
    .id = {(const uint8_t *)"01new", 5},
    .name = {(const uint8_t *)"State", 5},
    .channel = {(const uint8_t *)"rj", 2},
    .hashtagid = {(const uint8_t *)"01newtag", 8},
    .has_status = true,
    .status = 1,
    .is_root = true,
};

static UNUSED struct rule *parse_rule(const char *yaml)
{
    struct profile *p = arena_alloc(&arena, sizeof *p);
    if (!profile_parse(p, bytes_of(yaml), "test.yaml", NULL, 0, &arena, &fault))
        fail_msg("%s: %s", fault.subject, fault.text);
    return &p->rules[0];
}

/* The rule of that name of the built-in profile. */
static UNUSED struct rule *builtin_rule(const char *name)
{
    struct profile p;
    assert_true(profile_parse(&p, profile_builtin(), "built-in", NULL, 0, &arena, &fault));
    for (int i = 0; i < p.rule_count; i++)
        if (strcmp(p.rules[i].name, name) == 0)
            return &p.rules[i];
    fail_msg("no rule %s", name);
    return NULL;
}

static UNUSED struct bound_rule *bind_to(const struct rule *r, const struct table *t)
{
    struct bound_rule *b = arena_alloc(&arena, sizeof *b);
    if (!rule_bind(b, r, t, &old_tenant, &new_tenant, &arena, &fault))
        fail_msg("%s: %s", fault.subject, fault.text);
    return b;
}

/* xorshift64*: the same sequence on every machine. */
static UNUSED uint64_t seed = 1;
static UNUSED uint32_t random_below(uint32_t n)
{
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return (uint32_t)((seed * UINT64_C(2685821657736338717)) >> 33) % n;
}

static UNUSED struct bytes random_bytes(uint32_t max)
{
    uint32_t n = random_below(max + 1);
    uint8_t *p = arena_alloc(&arena, n + 1);
    for (uint32_t i = 0; i < n; i++)
        p[i] = (uint8_t)random_below(256);
    return (struct bytes){p, n};
}

#endif
