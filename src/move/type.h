/* move/type.h: the type of a CQL column, and values of it as text.
 *
 * Values are bytes in CQL's own serialization (native_protocol_v5.spec 6), everywhere in the
 * program: as read, in the ledger and as written. Only this module looks inside them.
 */
#ifndef MOVE_TYPE_H
#define MOVE_TYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/fault.h"

enum type_kind {
    TYPE_CUSTOM, /* anything not named below: carried as bytes, shown as 0x… */
    TYPE_ASCII,
    TYPE_BIGINT,
    TYPE_BLOB,
    TYPE_BOOLEAN,
    TYPE_COUNTER,
    TYPE_DATE,
    TYPE_DECIMAL,
    TYPE_DOUBLE,
    TYPE_DURATION,
    TYPE_FLOAT,
    TYPE_INET,
    TYPE_INT,
    TYPE_LIST,
    TYPE_MAP,
    TYPE_SET,
    TYPE_SMALLINT,
    TYPE_TEXT, /* text and varchar */
    TYPE_TIME,
    TYPE_TIMESTAMP,
    TYPE_TIMEUUID,
    TYPE_TINYINT,
    TYPE_TUPLE,
    TYPE_UDT,
    TYPE_UUID,
    TYPE_VARINT,
};

enum { TYPE_TEXT_MAX = 256, TYPE_DEPTH_MAX = 8 };

struct type {
    enum type_kind kind;
    bool frozen;
    /* as system_schema.columns.type writes it, e.g. "list<frozen<map<text, text>>>" */
    char text[TYPE_TEXT_MAX];
};

/* Reads a type as system_schema writes it. An unknown name gives TYPE_CUSTOM (or TYPE_UDT for a plain
 * identifier). Fails only on text that is too long, too deep or unbalanced: FAULT_SCHEMA. */
bool type_parse(struct type *t, struct bytes text, struct fault *f);

/* Several cells, each with a timestamp of its own: an unfrozen list, set, map, UDT or tuple-free collection.
 * Such a column's WRITETIME cannot be read before Cassandra 5.0, and a list sent twice is doubled. */
bool type_is_multicell(const struct type *t);

/* The element type of a list or set, the key type (|which| 0) and value type (1) of a map,
 * or the type of field |which| of a tuple. False: there is none. */
bool type_element(const struct type *t, int which, struct type *out);

/* Appends |value| for people: text as it is, null as "null", collections as ["a", "b"] or {"k": "v"},
 * times as ISO 8601 UTC, unknown types as 0x…. Never fails on damaged bytes: shows them as 0x…. */
void type_print(const struct type *t, struct bytes value, struct buf *out);

/* Appends |value| as JSON: numbers, strings, arrays, objects, null; unknown types as a "0x…" string. */
void type_print_json(const struct type *t, struct bytes value, struct buf *out);

/* A list or set in its serialization (32-bit count, 32-bit lengths): how many elements, or -1 when damaged.
 * list_next walks them: start with |cursor| = 0; false at the end. */
int list_count(struct bytes list);
bool list_next(struct bytes list, size_t *cursor, struct bytes *element);

/* What list_count and list_next are made of. One element (32-bit length, bytes; a negative length is null) at
 * |offset|, as fields of tuples and UDTs stand too; and the count of a value whose entries are |each| elements
 * (a map: 2), or -1 when damaged. Null counts as empty. */
bool element_next(struct bytes value, size_t *offset, struct bytes *element);
int elements_count(struct bytes value, int each);

/* Builds a list: begin, add each, end gives the count its value. */
size_t list_begin(struct buf *b);
void list_add(struct buf *b, struct bytes element);
void list_end(struct buf *b, size_t start, uint32_t count);

/* Integers in CQL's serialization. A wrong length gives false. */
bool value_int(struct bytes value, int32_t *out);
bool value_bigint(struct bytes value, int64_t *out);
bool value_boolean(struct bytes value, bool *out);

#endif
