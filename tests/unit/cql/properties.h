/* tests/unit/cql/properties.h: what must hold for any bytes whatsoever. Each takes bytes and
 * returns 0, as a fuzzer wants; what must not happen ends the program (assert, or a sanitizer). The
 * tests drive them with a seeded generator.
 */
#ifndef TESTS_CQL_PROPERTIES_H
#define TESTS_CQL_PROPERTIES_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cql/wire/column_type.h"
#include "cql/wire/input.h"
#include "cql/wire/reply.h"
#include "cql/wire/segment.h"

/* Adds up every byte of a view, so that a sanitizer sees a view that is wrong. */
static volatile unsigned property_sum;

static inline void touch(struct bytes b)
{
    assert(b.p || b.n == 0);
    for (size_t i = 0; i < b.n; i++)
        property_sum += b.p[i];
}

static inline void touch_strings(struct cql_strings s)
{
    struct bytes b;
    while (cql_string_list_next(&s, &b))
        touch(b);
    assert(s.count == 0);
}

static inline void touch_columns(const struct cql_columns *c)
{
    struct cql_column_walk w = cql_columns_first(c);
    struct cql_column column;
    int n = 0;
    touch(c->paging_state);
    touch(c->new_id);
    while (cql_columns_next(&w, &column)) {
        struct type type;
        touch(column.keyspace);
        touch(column.table);
        touch(column.name);
        touch(column.type);
        cql_type_of(column.type, &type);
        assert(strlen(type.text) < TYPE_TEXT_MAX);
        n++;
    }
    assert(n == (c->have_specs ? c->count : 0));
}

/* Reads all rows; false when they are damaged. */
static inline bool touch_rows(struct cql_rows *rows, struct fault *f)
{
    enum { CELLS = 64 };
    struct bytes cells[CELLS];
    int count = rows->columns.count, n = 0, got;
    touch_columns(&rows->columns);
    if (count > CELLS)
        return true;
    while ((got = cql_rows_next(rows, cells, count, f)) > 0) {
        for (int i = 0; i < count; i++)
            touch(cells[i]);
        n++;
    }
    assert(got < 0 || n == rows->count);
    return got == 0;
}

static inline void touch_schema_change(const struct cql_schema_change *c)
{
    touch(c->change);
    touch(c->target);
    touch(c->keyspace);
    touch(c->name);
    touch_strings(c->arguments);
}

static inline void touch_error(const struct cql_error *e)
{
    struct fault f = {0};
    touch(e->text);
    touch(e->write_type);
    touch(e->id);
    touch(e->keyspace);
    touch(e->table);
    touch(e->function);
    for (int purpose = CQL_FOR_STARTUP; purpose <= CQL_FOR_SCAN; purpose++)
        assert(cql_action_name(cql_error_action(e, (enum cql_purpose)purpose)));
    cql_error_fault(e, &f);
    assert(f.code != FAULT_NONE);
}

static inline bool touch_result(struct cql_result *r, struct fault *f)
{
    switch (r->kind) {
    case CQL_RESULT_VOID: break;
    case CQL_RESULT_ROWS: return touch_rows(&r->rows, f);
    case CQL_RESULT_SET_KEYSPACE: touch(r->keyspace); break;
    case CQL_RESULT_PREPARED:
        touch(r->prepared.id);
        touch(r->prepared.result_metadata_id);
        touch(r->prepared.key_indices);
        touch_columns(&r->prepared.markers);
        touch_columns(&r->prepared.columns);
        break;
    case CQL_RESULT_SCHEMA_CHANGE: touch_schema_change(&r->schema_change); break;
    }
    return true;
}

/* Decodes a response and everything in it; false, with |f| set, when it is damaged anywhere. */
static inline bool reply_is_whole(const struct cql_envelope *e, struct fault *f)
{
    struct cql_reply reply;
    *f = (struct fault){0};
    if (!cql_reply_decode(e, &reply, f)) {
        assert(f->code == FAULT_PROTOCOL);
        return false;
    }
    if (reply.opcode == CQL_ERROR) {
        touch_error(&reply.error);
    } else if (reply.opcode == CQL_AUTHENTICATE) {
        touch(reply.authenticator);
    } else if (reply.opcode == CQL_AUTH_SUCCESS || reply.opcode == CQL_AUTH_CHALLENGE) {
        touch(reply.token);
    } else if (reply.opcode == CQL_SUPPORTED) {
        struct cql_strings s = reply.supported, values;
        struct bytes key;
        while (cql_string_multimap_next(&s, &key, &values)) {
            touch(key);
            touch_strings(values);
        }
    } else if (reply.opcode == CQL_RESULT) {
        return touch_result(&reply.result, f);
    } else if (reply.opcode == CQL_EVENT) {
        touch(reply.event.type);
        touch(reply.event.change);
        touch(reply.event.node.address);
        touch_schema_change(&reply.event.schema_change);
    }
    return true;
}

/* |p|: version, opcode, flags, then a body. */
static inline int property_reply(const uint8_t *p, size_t n)
{
    if (n < 3)
        return 0;
    /* Memory that ends where the body ends, so that a byte too many is seen. */
    uint8_t *body = malloc(n - 3 + 1);
    assert(body);
    memcpy(body + 1, p + 3, n - 3);
    struct cql_envelope e = {.version = 3 + p[0] % 3,
                             .is_response = true,
                             .opcode = p[1] % 17,
                             .flags = p[2],
                             .body = {body + 1, n - 3}};
    struct fault f = {0};
    if (cql_envelope_strip(&e, &f)) {
        touch_strings(e.warnings);
        reply_is_whole(&e, &f);
    }
    free(body);
    return 0;
}

/* |p|: mode (segments, LZ4), size of the pieces that arrive, then what arrives. Ends in a fault or
 * in waiting for more; memory stays below the limit. */
static inline int property_input(const uint8_t *p, size_t n)
{
    enum { BODY_MAX = 1 << 16, FAULTS = 2 };
    if (n < 2)
        return 0;
    struct cql_input in;
    cql_input_init(&in, BODY_MAX);
    if (p[0] & 1)
        cql_input_segments(&in, p[0] & 2);
    size_t piece = 1 + p[1];
    struct fault f = {0};
    int faults = 0;
    for (size_t at = 2; at < n && faults < FAULTS;) {
        size_t size = n - at < piece ? n - at : piece;
        struct cql_envelope e;
        int got = 1;
        if (!cql_input_feed(&in, p + at, size, &f))
            faults++;
        while (faults == 0 && (got = cql_input_next(&in, &e, &f)) > 0) {
            assert(e.body.n <= BODY_MAX);
            touch(e.body);
            touch_strings(e.warnings);
        }
        faults += got < 0;
        at += size;
    }
    assert(faults == 0 || f.code != FAULT_NONE);
    cql_input_fini(&in);
    return 0;
}

#endif
