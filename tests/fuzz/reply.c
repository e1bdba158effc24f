/* Every response of a server: version, opcode, flags, then a body. */
#include "fuzz/fuzz.h"
#include "unit/cql/properties.h"

static void fuzz_one(struct bytes in)
{
    property_reply(in.p, in.n);
}
