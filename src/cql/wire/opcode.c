#include "cql/wire/opcode.h"

#include <stddef.h>

static const char *const consistencies[] = {
    [CQL_ANY] = "ANY",
    [CQL_ONE] = "ONE",
    [CQL_TWO] = "TWO",
    [CQL_THREE] = "THREE",
    [CQL_QUORUM] = "QUORUM",
    [CQL_ALL] = "ALL",
    [CQL_LOCAL_QUORUM] = "LOCAL_QUORUM",
    [CQL_EACH_QUORUM] = "EACH_QUORUM",
    [CQL_SERIAL] = "SERIAL",
    [CQL_LOCAL_SERIAL] = "LOCAL_SERIAL",
    [CQL_LOCAL_ONE] = "LOCAL_ONE",
};

static const char *const opcodes[] = {
    [CQL_ERROR] = "ERROR",
    [CQL_STARTUP] = "STARTUP",
    [CQL_READY] = "READY",
    [CQL_AUTHENTICATE] = "AUTHENTICATE",
    [CQL_OPTIONS] = "OPTIONS",
    [CQL_SUPPORTED] = "SUPPORTED",
    [CQL_QUERY] = "QUERY",
    [CQL_RESULT] = "RESULT",
    [CQL_PREPARE] = "PREPARE",
    [CQL_EXECUTE] = "EXECUTE",
    [CQL_REGISTER] = "REGISTER",
    [CQL_EVENT] = "EVENT",
    [CQL_BATCH] = "BATCH",
    [CQL_AUTH_CHALLENGE] = "AUTH_CHALLENGE",
    [CQL_AUTH_RESPONSE] = "AUTH_RESPONSE",
    [CQL_AUTH_SUCCESS] = "AUTH_SUCCESS",
};

enum {
    CONSISTENCY_COUNT = sizeof consistencies / sizeof consistencies[0],
    OPCODE_COUNT = sizeof opcodes / sizeof opcodes[0],
};

const char *cql_consistency_name(int consistency)
{
    if (consistency < 0 || consistency >= CONSISTENCY_COUNT)
        return "unknown";
    return consistencies[consistency];
}

static bool same_name(const char *given, const char *name)
{
    for (; *given && *name; given++, name++) {
        char c = *given;
        if (c >= 'a' && c <= 'z')
            c = (char)(c - 'a' + 'A');
        if (c == '-')
            c = '_';
        if (c != *name)
            return false;
    }
    return *given == *name;
}

bool cql_consistency_parse(const char *name, enum cql_consistency *out)
{
    for (int i = 0; i < CONSISTENCY_COUNT; i++) {
        if (same_name(name, consistencies[i])) {
            *out = (enum cql_consistency)i;
            return true;
        }
    }
    return false;
}

const char *cql_opcode_name(int opcode)
{
    if (opcode < 0 || opcode >= OPCODE_COUNT || !opcodes[opcode])
        return "unknown";
    return opcodes[opcode];
}
