/* cql/wire/reader.h: reads the protocol's primitive types from bytes, never past their end.
 *
 * A read that does not fit sets |failed| and returns zero, null or an empty value, and so does
 * every read after it: decode a whole message, then look once. Runs of bytes are views of the
 * input. The types: native_protocol_v5.spec 3.
 */
#ifndef CQL_WIRE_READER_H
#define CQL_WIRE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

struct cql_reader {
    const uint8_t *p;
    size_t n;    /* bytes left */
    bool failed; /* sticky */
};

/* [inet]: 4 or 16 address bytes and a port. */
struct cql_inet {
    struct bytes address;
    int32_t port;
};

/* Walks a [string list], [string map] or [string multimap] that has been checked as a whole. */
struct cql_strings {
    struct cql_reader reader;
    int count; /* entries left */
};

void cql_reader_init(struct cql_reader *r, struct bytes b);

uint8_t cql_read_u8(struct cql_reader *r);
uint16_t cql_read_u16(struct cql_reader *r);
uint32_t cql_read_u32(struct cql_reader *r);
int32_t cql_read_i32(struct cql_reader *r);
int64_t cql_read_i64(struct cql_reader *r);

/* |n| bytes as they are. */
struct bytes cql_read_raw(struct cql_reader *r, size_t n);

struct bytes cql_read_string(struct cql_reader *r);      /* u16 length */
struct bytes cql_read_long_string(struct cql_reader *r); /* i32 length; negative fails */
struct bytes cql_read_short_bytes(struct cql_reader *r); /* u16 length */
struct bytes cql_read_bytes(struct cql_reader *r);       /* i32 length; negative: null */
/* [value]: −1 null; −2 sets |*unset| and gives null; other negatives fail. |unset| may be NULL,
 * then −2 fails. */
struct bytes cql_read_value(struct cql_reader *r, bool *unset);
struct bytes cql_read_uuid(struct cql_reader *r); /* 16 bytes */
struct cql_inet cql_read_inet(struct cql_reader *r);
struct bytes cql_read_inet_address(struct cql_reader *r); /* [inetaddr]: no port */
uint16_t cql_read_consistency(struct cql_reader *r);

/* Checks and skips a whole one, and returns a walker over it. */
struct cql_strings cql_read_string_list(struct cql_reader *r);
struct cql_strings cql_read_string_map(struct cql_reader *r);
struct cql_strings cql_read_string_multimap(struct cql_reader *r);
void cql_skip_bytes_map(struct cql_reader *r);

/* The next entry; false at the end. A multimap's value is a list with a walker of its own. */
bool cql_string_list_next(struct cql_strings *s, struct bytes *string);
bool cql_string_map_next(struct cql_strings *s, struct bytes *key, struct bytes *value);
bool cql_string_multimap_next(struct cql_strings *s, struct bytes *key, struct cql_strings *values);

#endif
