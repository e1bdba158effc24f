#include "store/cassandra_group.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VALUES_FIRST = 64, SUBJECT_KEY_MAX = 160 };

void group_give_back(struct cassandra *s, struct op_group *g)
{
    g->next = s->free_groups;
    s->free_groups = g;
}

struct op_group *group_take(struct cassandra *s)
{
    struct op_group *g = s->free_groups;
    if (!g)
        return calloc(1, sizeof *g);
    s->free_groups = g->next;
    return g;
}

bool group_has_room(struct op_group *g, int values)
{
    if (g->value_count + values <= g->capacity)
        return true;
    int capacity = g->capacity ? g->capacity : VALUES_FIRST;
    while (capacity < g->value_count + values)
        capacity *= 2;
    struct bytes *more = realloc(g->values, (size_t)capacity * sizeof *more);
    if (!more)
        return false;
    g->values = more;
    g->capacity = capacity;
    return true;
}

void group_add(struct op_group *g, struct store_op *op)
{
    int n = statement_values(op, &g->integers[g->count], g->values + g->value_count);
    for (int i = 0; i < n; i++)
        g->bytes += g->values[g->value_count + i].n;
    g->value_count += n;
    g->ops[g->count++] = op;
}

/* ---- what an answer says to each operation ---- */

static void name_row(const struct store_op *op, struct fault *f)
{
    struct buf key;
    buf_init(&key, SUBJECT_KEY_MAX);
    for (int i = 0; i < op->table->key_count && !key.failed; i++) {
        buf_append_char(&key, ' ');
        type_print(&op->table->columns[i].type, op->key[i], &key);
    }
    fault_subject(f, "%s.%s%.*s", op->table->keyspace, op->table->name, (int)key.n,
                  key.p ? (const char *)key.p : "");
    buf_fini(&key);
}

static void tell_probe(struct op_group *g, struct store_op *op)
{
    if (op->outcome == STORE_RUN_FAILED)
        op->outcome = STORE_ROW_FAILED;
    g->store->probes[g->probe] = NULL;
    op->done(op);
}

static void tell(struct op_group *g, struct store_op *op, enum store_outcome outcome,
                 const struct row *row, const struct fault *why)
{
    struct cassandra *s = g->store;
    op->outcome = outcome;
    op->took_us = outcome == STORE_OK ? g->request.took_us : 0;
    op->row = row;
    op->fault = why;
    if (g->probe >= 0) {
        tell_probe(g, op);
        return;
    }
    if (outcome == STORE_RUN_FAILED && !s->is_failing) {
        s->is_failing = true;
        s->run_fault = *why;
        s->drive_finished = true;
    }
    if (--s->outstanding <= s->drive_target)
        s->drive_finished = true;
    op->done(op); /* last: it may submit the next one */
}

void group_tell_one(struct op_group *g, struct store_op *op, enum store_outcome outcome,
                    const struct fault *why)
{
    struct fault named = *why;
    if (why->code == FAULT_MEMORY)
        outcome = STORE_RUN_FAILED; /* nothing is wrong with the row */
    if (why->code != FAULT_INTERRUPTED && why->code != FAULT_UNREACHABLE)
        name_row(op, &named);
    tell(g, op, outcome, NULL, &named);
}

void group_tell_fault(struct op_group *g, enum store_outcome outcome, const struct fault *why)
{
    for (int i = 0; i < g->count; i++)
        group_tell_one(g, g->ops[i], outcome, why);
}

static bool is_conditional(const struct store_op *op)
{
    return op->kind == STORE_UPDATE_IF || op->kind == STORE_INSERT_IF_NOT_EXISTS ||
           op->kind == STORE_DELETE_IF;
}

static void take_condition(struct op_group *g, struct cql_result *result, struct row *row)
{
    struct store_op *op = g->ops[0];
    struct fault why;
    bool applied, exists;
    if (!cassandra_row_applied(&result->rows, g->store->cells, row, &applied, &exists, &why))
        group_tell_one(g, op, STORE_ROW_FAILED, &why);
    else
        tell(g, op, applied ? STORE_OK : STORE_NOT_APPLIED, !applied && exists ? row : NULL, NULL);
}

static bool is_row_of(const struct store_op *op, const struct row *row)
{
    for (int i = 0; i < op->table->key_count; i++)
        if (!bytes_equal(op->key[i], row->cells[i].value))
            return false;
    return true;
}

/* A row that nobody asked for proves that the answer is not the one to this question: whoever has
 * not been told then must not believe that there is no row. */
static void take_rows(struct op_group *g, struct cql_rows *rows, struct row *row)
{
    struct fault why;
    bool told[GROUP_MAX] = {false};
    int got;
    while ((got = cassandra_row_next(rows, g->ops[0]->selected, g->store->cells, row, &why)) > 0) {
        bool wanted = false;
        for (int i = 0; i < g->count; i++) {
            if (!is_row_of(g->ops[i], row))
                continue;
            wanted = true;
            if (!told[i]) {
                told[i] = true;
                tell(g, g->ops[i], STORE_OK, row, NULL);
            }
        }
        if (!wanted) {
            fault_set(&why, FAULT_PROTOCOL, "the answer has a row that was not asked for");
            got = -1;
            break;
        }
    }
    for (int i = 0; i < g->count; i++) {
        if (told[i])
            continue;
        if (got < 0)
            group_tell_one(g, g->ops[i], STORE_ROW_FAILED, &why);
        else
            tell(g, g->ops[i], STORE_OK, NULL, NULL);
    }
}

void group_tell_answer(struct op_group *g, struct cql_result *result)
{
    struct cassandra *s = g->store;
    const struct store_op *first = g->ops[0];
    struct fault why;
    struct row row;
    if (first->kind != STORE_READ && !is_conditional(first)) {
        for (int i = 0; i < g->count; i++)
            tell(g, g->ops[i], STORE_OK, NULL, NULL);
        return;
    }
    if (result->kind != CQL_RESULT_ROWS) {
        fault_set(&why, FAULT_PROTOCOL, "the answer has no rows where rows must be");
        group_tell_fault(g, STORE_ROW_FAILED, &why);
        return;
    }
    arena_reset(&s->row_arena);
    row = row_new(&s->row_arena, first->table);
    if (!row.cells) {
        fault_memory(&why);
        group_tell_fault(g, STORE_ROW_FAILED, &why);
    } else if (first->kind == STORE_READ) {
        take_rows(g, &result->rows, &row);
    } else {
        take_condition(g, result, &row);
    }
}
