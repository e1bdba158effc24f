/* tests/fuzz/print.h: a value of a type as text and as JSON: whatever its bytes are, both come out, and
 * the JSON is JSON. */
#ifndef TESTS_FUZZ_PRINT_H
#define TESTS_FUZZ_PRINT_H

#include "base/utf8.h"
#include "fuzz/fuzz.h"
#include "fuzz/is_json.h"
#include "move/type.h"

enum { PRINT_MAX = 1 << 22 };

static inline void print_both(const struct type *t, struct bytes value)
{
    struct buf out;
    buf_init(&out, PRINT_MAX);
    type_print(t, value, &out);
    assert(out.failed || utf8_is_valid(buf_view(&out)));
    buf_clear(&out);
    type_print_json(t, value, &out);
    assert(out.failed || is_json(buf_view(&out)));
    buf_fini(&out);
}

#endif
