/* cql/wire/compress.h: LZ4 blocks and the two checksums of v5 segments. The only file with lz4.h
 * and zlib.h. */
#ifndef CQL_WIRE_COMPRESS_H
#define CQL_WIRE_COMPRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/bytes.h"

/* Appends |in| as an LZ4 block. False: |out| is full, or |in| is too long. */
bool lz4_append(struct buf *out, struct bytes in);

/* Appends the |plain_bytes| bytes that |block| decompresses to. False: it does not decompress to
 * exactly as many, or |out| is full. The caller has checked |plain_bytes| against its limit. */
bool lz4_expand(struct buf *out, struct bytes block, size_t plain_bytes);

/* CRC24 of a segment header, least significant byte first on the wire. */
uint32_t crc24_of(const uint8_t *p, size_t n);
/* CRC32 of a segment payload, seeded with FA 2D 55 CA. */
uint32_t crc32_of(const uint8_t *p, size_t n);

#endif
