/* tests/unit/cql/samples.h: one well-formed response of every kind, as a server would send it. */
#ifndef TESTS_CQL_SAMPLES_H
#define TESTS_CQL_SAMPLES_H

#include "base/buf.h"
#include "cql/wire/error.h"
#include "cql/wire/opcode.h"

static inline void put_string(struct buf *b, const char *text)
{
    buf_append_u16(b, (uint16_t)strlen(text));
    buf_append_text(b, text);
}

static inline void put_cell(struct buf *b, const char *text)
{
    buf_append_u32(b, text ? (uint32_t)strlen(text) : UINT32_MAX);
    if (text)
        buf_append_text(b, text);
}

/* map<text, list<int>>, as an [option] */
static inline void put_map_type(struct buf *b)
{
    buf_append_u16(b, 0x21);
    buf_append_u16(b, 0x0D);
    buf_append_u16(b, 0x20);
    buf_append_u16(b, 0x09);
}

/* A user type "address" with a tuple<text, 'a.Class'> and a set<uuid>. */
static inline void put_udt_type(struct buf *b)
{
    buf_append_u16(b, 0x30);
    put_string(b, "sunbird");
    put_string(b, "address");
    buf_append_u16(b, 2);
    put_string(b, "pair");
    buf_append_u16(b, 0x31);
    buf_append_u16(b, 2);
    buf_append_u16(b, 0x0D);
    buf_append_u16(b, 0x00);
    put_string(b, "a.Class");
    put_string(b, "ids");
    buf_append_u16(b, 0x22);
    buf_append_u16(b, 0x0C);
}

/* Metadata of three columns: id text, tags map<text, list<int>>, home address. */
static inline void put_columns(struct buf *b, int version, bool paging, bool changed)
{
    changed = changed && version >= 5;
    buf_append_u32(b, 0x01u | (paging ? 0x02u : 0) | (changed ? 0x08u : 0));
    buf_append_u32(b, 3);
    if (paging)
        put_cell(b, "next page");
    if (changed)
        put_string(b, "new id");
    put_string(b, "sunbird");
    put_string(b, "user");
    put_string(b, "id");
    buf_append_u16(b, 0x0D);
    put_string(b, "tags");
    put_map_type(b);
    put_string(b, "home");
    put_udt_type(b);
}

/* Two rows of the columns above. */
static inline void put_rows(struct buf *b)
{
    buf_append_u32(b, 2);
    put_cell(b, "u-1");
    put_cell(b, NULL);
    put_cell(b, "");
    put_cell(b, "u-2");
    put_cell(b, "tags");
    put_cell(b, "home");
}

static inline void put_rows_result(struct buf *b, int version)
{
    buf_append_u32(b, 2);
    put_columns(b, version, true, true);
    put_rows(b);
}

/* Each column with a table of its own. */
static inline void put_scattered_rows_result(struct buf *b)
{
    buf_append_u32(b, 2);
    buf_append_u32(b, 0);
    buf_append_u32(b, 2);
    for (int i = 0; i < 2; i++) {
        put_string(b, i ? "ks1" : "ks0");
        put_string(b, i ? "t1" : "t0");
        put_string(b, i ? "c1" : "c0");
        buf_append_u16(b, 0x02);
    }
    buf_append_u32(b, 1);
    put_cell(b, "12345678");
    put_cell(b, NULL);
}

static inline void put_bare_rows_result(struct buf *b)
{
    buf_append_u32(b, 2);
    buf_append_u32(b, 0x04);
    buf_append_u32(b, 3);
    put_rows(b);
}

static inline void put_prepared_result(struct buf *b, int version)
{
    buf_append_u32(b, 4);
    put_string(b, "statement");
    if (version >= 5)
        put_string(b, "metadata");
    buf_append_u32(b, 0x01);
    buf_append_u32(b, 1);
    if (version >= 4) {
        buf_append_u32(b, 1);
        buf_append_u16(b, 0);
    }
    put_string(b, "sunbird");
    put_string(b, "user");
    put_string(b, "id");
    buf_append_u16(b, 0x0D);
    put_columns(b, version, false, false);
}

static inline void put_failures(struct buf *b, int version)
{
    buf_append_u32(b, 2);
    if (version < 5)
        return;
    buf_append_u8(b, 4);
    buf_append(b, "\x0A\x00\x00\x01", 4);
    buf_append_u16(b, 0);
    buf_append_u8(b, 16);
    buf_append(b, "0123456789abcdef", 16);
    buf_append_u16(b, 1);
}

static inline void put_replicas(struct buf *b)
{
    buf_append_u16(b, CQL_LOCAL_QUORUM);
    buf_append_u32(b, 1);
    buf_append_u32(b, 2);
}

static inline void put_error(struct buf *b, int version, uint32_t code)
{
    buf_append_u32(b, code);
    put_string(b, "what happened");
    switch (code) {
    case CQL_UNAVAILABLE:
        buf_append_u16(b, CQL_LOCAL_QUORUM);
        buf_append_u32(b, 2);
        buf_append_u32(b, 1);
        break;
    case CQL_WRITE_TIMEOUT:
        put_replicas(b);
        put_string(b, "CAS");
        if (version >= 5)
            buf_append_u16(b, 7);
        break;
    case CQL_READ_TIMEOUT:
        put_replicas(b);
        buf_append_u8(b, 1);
        break;
    case CQL_READ_FAILURE:
        put_replicas(b);
        put_failures(b, version);
        buf_append_u8(b, 1);
        break;
    case CQL_WRITE_FAILURE:
        put_replicas(b);
        put_failures(b, version);
        put_string(b, "SIMPLE");
        break;
    case CQL_CAS_WRITE_UNKNOWN: put_replicas(b); break;
    case CQL_FUNCTION_FAILURE:
        put_string(b, "sunbird");
        put_string(b, "half");
        buf_append_u16(b, 1);
        put_string(b, "int");
        break;
    case CQL_ALREADY_EXISTS:
        put_string(b, "sunbird");
        put_string(b, "user");
        break;
    case CQL_UNPREPARED: put_string(b, "statement"); break;
    default: break;
    }
}

static inline void put_node_event(struct buf *b, const char *type, const char *change)
{
    put_string(b, type);
    put_string(b, change);
    buf_append_u8(b, 4);
    buf_append(b, "\x7F\x00\x00\x01", 4);
    buf_append_u32(b, 9042);
}

static inline void put_function_event(struct buf *b)
{
    put_string(b, "SCHEMA_CHANGE");
    put_string(b, "CREATED");
    put_string(b, "FUNCTION");
    put_string(b, "sunbird");
    put_string(b, "half");
    buf_append_u16(b, 2);
    put_string(b, "int");
    put_string(b, "text");
}

static inline void put_table_result(struct buf *b)
{
    buf_append_u32(b, 5);
    put_string(b, "UPDATED");
    put_string(b, "TABLE");
    put_string(b, "sunbird");
    put_string(b, "user");
}

static inline void put_supported(struct buf *b)
{
    buf_append_u16(b, 2);
    put_string(b, "CQL_VERSION");
    buf_append_u16(b, 1);
    put_string(b, "3.4.7");
    put_string(b, "COMPRESSION");
    buf_append_u16(b, 2);
    put_string(b, "snappy");
    put_string(b, "lz4");
}

enum { PLAIN_SAMPLES = 14 };

static const uint32_t sample_errors[] = {
    CQL_SERVER_ERROR,      CQL_PROTOCOL_ERROR,    CQL_BAD_CREDENTIALS,  CQL_UNAVAILABLE,
    CQL_OVERLOADED,        CQL_IS_BOOTSTRAPPING,  CQL_TRUNCATE_ERROR,   CQL_WRITE_TIMEOUT,
    CQL_READ_TIMEOUT,      CQL_READ_FAILURE,      CQL_FUNCTION_FAILURE, CQL_WRITE_FAILURE,
    CQL_CDC_WRITE_FAILURE, CQL_CAS_WRITE_UNKNOWN, CQL_SYNTAX_ERROR,     CQL_UNAUTHORIZED,
    CQL_INVALID,           CQL_CONFIG_ERROR,      CQL_ALREADY_EXISTS,   CQL_UNPREPARED,
};

enum { SAMPLES = PLAIN_SAMPLES + sizeof sample_errors / sizeof sample_errors[0] };

/* Puts the body of sample |i| (0 … SAMPLES - 1) into |b| and returns its opcode. */
static inline enum cql_opcode put_sample(struct buf *b, int i, int version)
{
    buf_clear(b);
    switch (i) {
    case 0: put_rows_result(b, version); return CQL_RESULT;
    case 1: put_scattered_rows_result(b); return CQL_RESULT;
    case 2: put_bare_rows_result(b); return CQL_RESULT;
    case 3: put_prepared_result(b, version); return CQL_RESULT;
    case 4: buf_append_u32(b, 1); return CQL_RESULT;
    case 5:
        buf_append_u32(b, 3);
        put_string(b, "sunbird");
        return CQL_RESULT;
    case 6: put_table_result(b); return CQL_RESULT;
    case 7: put_supported(b); return CQL_SUPPORTED;
    case 8: put_string(b, "org.apache.PasswordAuthenticator"); return CQL_AUTHENTICATE;
    case 9: put_cell(b, "token"); return CQL_AUTH_CHALLENGE;
    case 10: put_cell(b, NULL); return CQL_AUTH_SUCCESS;
    case 11: put_node_event(b, "STATUS_CHANGE", "DOWN"); return CQL_EVENT;
    case 12: put_node_event(b, "TOPOLOGY_CHANGE", "NEW_NODE"); return CQL_EVENT;
    case 13: put_function_event(b); return CQL_EVENT;
    default: put_error(b, version, sample_errors[i - PLAIN_SAMPLES]); return CQL_ERROR;
    }
}

#endif
