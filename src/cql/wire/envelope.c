#include "cql/wire/envelope.h"

#include "cql/wire/compress.h"

enum {
    DIRECTION = 0x80,
    FLAGS_AT = 1,
    LENGTH_AT = 5,
    /* Below this LZ4 saves less than its own 4 bytes of length and the server's work are worth. */
    COMPRESS_LEAST = 128,
};

size_t cql_envelope_begin(struct buf *out, struct cql_dialect d, int16_t stream,
                          enum cql_opcode opcode)
{
    size_t start = out->n;
    buf_append_u8(out, (uint8_t)d.version);
    buf_append_u8(out, 0);
    buf_append_u16(out, (uint16_t)stream);
    buf_append_u8(out, (uint8_t)opcode);
    buf_append_u32(out, 0);
    return start;
}

/* Compresses the body behind itself and moves the result to its place: no memory of its own. A body
 * that does not get smaller, or for which there is no room, stays as it is. */
static void compress_body(struct buf *out, size_t start)
{
    size_t body = start + CQL_ENVELOPE_HEADER;
    size_t plain = out->n - body;
    bool ok = buf_append_u32(out, (uint32_t)plain) &&
              lz4_append(out, (struct bytes){out->p + body, plain});
    size_t packed = out->n - body - plain;
    out->failed = false;
    if (ok && packed < plain) {
        memmove(out->p + body, out->p + body + plain, packed);
        out->p[start + FLAGS_AT] |= CQL_FLAG_COMPRESSED;
        out->n = body + packed;
    } else {
        out->n = body + plain;
    }
}

bool cql_envelope_end(struct buf *out, size_t start, struct cql_dialect d, struct fault *f)
{
    if (out->failed || out->n - start > (size_t)CQL_BODY_MAX + CQL_ENVELOPE_HEADER) {
        out->n = start;
        out->failed = false;
        if (out->no_memory)
            return fault_memory(f);
        return fault_set(f, FAULT_MEMORY, "a request does not fit into its buffer of %zu bytes",
                         out->max);
    }
    uint8_t opcode = out->p[start + 4];
    bool may_compress = d.lz4 && d.version < 5 && opcode != CQL_STARTUP && opcode != CQL_OPTIONS;
    if (may_compress && out->n - start >= CQL_ENVELOPE_HEADER + COMPRESS_LEAST)
        compress_body(out, start);
    buf_put_u32(out, start + LENGTH_AT, (uint32_t)(out->n - start - CQL_ENVELOPE_HEADER));
    return true;
}

bool cql_envelope_header(const uint8_t *p, size_t body_max, struct cql_envelope *out,
                         size_t *body_bytes, struct fault *f)
{
    struct cql_reader r;
    cql_reader_init(&r, (struct bytes){p, CQL_ENVELOPE_HEADER});
    uint8_t version = cql_read_u8(&r);
    *out = (struct cql_envelope){.version = version & ~DIRECTION,
                                 .is_response = (version & DIRECTION) != 0};
    out->flags = cql_read_u8(&r);
    out->stream = (int16_t)cql_read_u16(&r);
    out->opcode = cql_read_u8(&r);
    uint32_t n = cql_read_u32(&r);
    if (!out->is_response) {
        fault_set(f, FAULT_UNSUPPORTED, "the answer is not of the CQL protocol");
        return fault_hint(f, "check host and port: something other than Cassandra answers there");
    }
    if (out->version < CQL_VERSION_MIN || out->version > CQL_VERSION_MAX) {
        fault_set(f, FAULT_UNSUPPORTED, "the server speaks version %d of the CQL protocol",
                  out->version);
        return fault_hint(f, "versions %d to %d are known here: Cassandra 2.1 and later",
                          CQL_VERSION_MIN, CQL_VERSION_MAX);
    }
    if (n > body_max) {
        fault_set(f, FAULT_PROTOCOL, "the server announces a message of %lu bytes, more than %zu",
                  (unsigned long)n, body_max);
        return fault_hint(f, "if the table's rows are that large: fewer rows per page (page-rows)");
    }
    *body_bytes = n;
    return true;
}

bool cql_envelope_strip(struct cql_envelope *e, struct fault *f)
{
    struct cql_reader r;
    cql_reader_init(&r, e->body);
    cql_reader_init(&e->warnings.reader, bytes_null());
    e->warnings.count = 0;
    if (e->flags & CQL_FLAG_TRACING)
        cql_read_uuid(&r);
    if (e->flags & CQL_FLAG_WARNING)
        e->warnings = cql_read_string_list(&r);
    if (e->flags & CQL_FLAG_CUSTOM_PAYLOAD)
        cql_skip_bytes_map(&r);
    if (r.failed)
        return fault_set(f, FAULT_PROTOCOL, "a %s message ends inside its prefix",
                         cql_opcode_name(e->opcode));
    e->body = (struct bytes){r.p, r.n};
    return true;
}
