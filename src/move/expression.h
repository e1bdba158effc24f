/* move/expression.h: the values that rules name: "$target.id", or a literal. Read by profile.c,
 * bound by bind.c.
 *
 * expression_value is in profile.h, for everybody.
 */
#ifndef MOVE_EXPRESSION_H
#define MOVE_EXPRESSION_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/fault.h"
#include "move/profile.h"
#include "move/type.h"

/* False: it begins with '$' but is no reference that exists. A literal borrows |text|. */
bool expression_parse(struct bytes text, struct expression *out);

/* The references that exist, by number from 0; NULL behind the last. */
const char *expression_reference(int i);

/* "$target.id", or "the literal": for messages. */
const char *expression_name(const struct expression *e);

bool expressions_equal(const struct expression *a, const struct expression *b);

/* |text| in the serialization of |t|: text, ascii, the integers up to bigint, boolean, uuid.
 * FAULT_SCHEMA when a column of that type cannot hold it, FAULT_MEMORY. A null text gives null. The
 * value lives in |a|. */
bool expression_serialize(const struct type *t, struct bytes text, struct arena *a,
                          struct bytes *out, struct fault *f);

#endif
