/* cql/wire/opcode.h: the numbers of the CQL native protocol, v3 to v5, that more than one file
 * needs. */
#ifndef CQL_WIRE_OPCODE_H
#define CQL_WIRE_OPCODE_H

#include <stdbool.h>
#include <stdint.h>

enum { CQL_VERSION_MIN = 3, CQL_VERSION_MAX = 5 };

enum cql_opcode {
    CQL_ERROR = 0x00,
    CQL_STARTUP = 0x01,
    CQL_READY = 0x02,
    CQL_AUTHENTICATE = 0x03,
    CQL_OPTIONS = 0x05,
    CQL_SUPPORTED = 0x06,
    CQL_QUERY = 0x07,
    CQL_RESULT = 0x08,
    CQL_PREPARE = 0x09,
    CQL_EXECUTE = 0x0A,
    CQL_REGISTER = 0x0B,
    CQL_EVENT = 0x0C,
    CQL_BATCH = 0x0D,
    CQL_AUTH_CHALLENGE = 0x0E,
    CQL_AUTH_RESPONSE = 0x0F,
    CQL_AUTH_SUCCESS = 0x10,
};

enum cql_consistency {
    CQL_ANY = 0,
    CQL_ONE = 1,
    CQL_TWO = 2,
    CQL_THREE = 3,
    CQL_QUORUM = 4,
    CQL_ALL = 5,
    CQL_LOCAL_QUORUM = 6,
    CQL_EACH_QUORUM = 7,
    CQL_SERIAL = 8,
    CQL_LOCAL_SERIAL = 9,
    CQL_LOCAL_ONE = 10,
};

/* What both sides of one connection have agreed on. */
struct cql_dialect {
    int version; /* 3, 4 or 5 */
    bool lz4;    /* v3, v4: of envelope bodies; v5: of segments */
};

/* "LOCAL_QUORUM"; for a number that is no consistency "unknown". */
const char *cql_consistency_name(int consistency);
/* Any case, '-' as '_'. False: there is no such consistency. */
bool cql_consistency_parse(const char *name, enum cql_consistency *out);

/* "EXECUTE"; for a number that is no opcode "unknown". */
const char *cql_opcode_name(int opcode);

#endif
