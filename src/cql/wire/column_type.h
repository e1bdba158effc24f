/* cql/wire/column_type.h: the type of a column as the wire has it, an [option]
 * (native_protocol_v5.spec 4.2.5.2). */
#ifndef CQL_WIRE_COLUMN_TYPE_H
#define CQL_WIRE_COLUMN_TYPE_H

#include "base/bytes.h"
#include "cql/wire/reader.h"
#include "move/type.h"

enum { CQL_TYPE_DEPTH_MAX = 32 };

/* Checks and skips one type, and returns its bytes. Fails (as reads do) on a type that nests deeper
 * than CQL_TYPE_DEPTH_MAX or has an id that is not known: its length cannot be told. */
struct bytes cql_skip_type(struct cql_reader *r);

/* The type as system_schema would write it ("map<text, list<int>>"; the wire does not say
 * "frozen"). A custom type is its class in quotes. A text that does not fit is cut. */
void cql_type_of(struct bytes option, struct type *out);

#endif
