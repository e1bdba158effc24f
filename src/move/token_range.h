/* move/token_range.h: a piece of Cassandra's token ring, the unit of a scan. */
#ifndef MOVE_TOKEN_RANGE_H
#define MOVE_TOKEN_RANGE_H

#include <stdint.h>

struct token_range {
    int64_t start; /* exclusive; INT64_MIN: from the ring's beginning, inclusive */
    int64_t end;   /* inclusive */
};

#endif
