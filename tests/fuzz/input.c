/* Envelopes of v3 and v4 as they arrive, in pieces, with bodies that LZ4 may have compressed; the
 * first byte's lowest bit chooses v5's segments, whose checksums segment.c makes. */
#include "fuzz/fuzz.h"
#include "unit/cql/properties.h"

static void fuzz_one(struct bytes in)
{
    property_input(in.p, in.n);
}
