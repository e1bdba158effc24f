#include "cql/wire/message.h"

#include "cql/wire/envelope.h"

/* Query flags; a byte until v4, 32 bits in v5. */
enum {
    WITH_VALUES = 0x01,
    SKIP_METADATA = 0x02,
    WITH_PAGE_SIZE = 0x04,
    WITH_PAGING_STATE = 0x08,
    WITH_SERIAL_CONSISTENCY = 0x10,
    WITH_TIMESTAMP = 0x20,
};

static const uint8_t unset_mark = 0;

struct bytes cql_unset(void)
{
    return (struct bytes){&unset_mark, 0};
}

bool cql_is_unset(struct bytes value)
{
    return value.p == &unset_mark;
}

static void append_string(struct buf *out, struct bytes s)
{
    buf_append_u16(out, (uint16_t)s.n);
    buf_append_bytes(out, s);
}

static void append_text(struct buf *out, const char *text)
{
    append_string(out, bytes_of(text));
}

static void append_value(struct buf *out, struct bytes v)
{
    if (cql_is_unset(v)) {
        buf_append_u32(out, (uint32_t)-2);
    } else if (bytes_are_null(v)) {
        buf_append_u32(out, (uint32_t)-1);
    } else {
        buf_append_u32(out, (uint32_t)v.n);
        buf_append_bytes(out, v);
    }
}

static uint32_t flags_of(const struct cql_parameters *p)
{
    uint32_t flags = 0;
    if (p->value_count > 0)
        flags |= WITH_VALUES;
    if (p->skip_metadata)
        flags |= SKIP_METADATA;
    if (p->page_rows > 0)
        flags |= WITH_PAGE_SIZE;
    if (!bytes_are_null(p->paging_state))
        flags |= WITH_PAGING_STATE;
    if (p->has_serial_consistency)
        flags |= WITH_SERIAL_CONSISTENCY;
    if (p->has_timestamp)
        flags |= WITH_TIMESTAMP;
    return flags;
}

static void append_parameters(struct buf *out, struct cql_dialect d, const struct cql_parameters *p)
{
    uint32_t flags = flags_of(p);
    buf_append_u16(out, (uint16_t)p->consistency);
    if (d.version >= 5)
        buf_append_u32(out, flags);
    else
        buf_append_u8(out, (uint8_t)flags);
    if (flags & WITH_VALUES) {
        buf_append_u16(out, (uint16_t)p->value_count);
        for (int i = 0; i < p->value_count; i++)
            append_value(out, p->values[i]);
    }
    if (flags & WITH_PAGE_SIZE)
        buf_append_u32(out, (uint32_t)p->page_rows);
    if (flags & WITH_PAGING_STATE)
        append_value(out, p->paging_state);
    if (flags & WITH_SERIAL_CONSISTENCY)
        buf_append_u16(out, (uint16_t)p->serial_consistency);
    if (flags & WITH_TIMESTAMP)
        buf_append_u64(out, (uint64_t)p->timestamp);
}

/* Sizes that the protocol's length fields cannot hold never get as far as being written. */
static bool parameters_fit(const struct cql_parameters *p, struct cql_dialect d, struct fault *f)
{
    if (p->value_count < 0 || p->value_count > UINT16_MAX)
        return fault_set(f, FAULT_INTERNAL, "a statement with %d values", p->value_count);
    if (p->paging_state.n > CQL_BODY_MAX)
        return fault_set(f, FAULT_INTERNAL, "a paging state of %zu bytes", p->paging_state.n);
    for (int i = 0; i < p->value_count; i++) {
        if (p->values[i].n > CQL_BODY_MAX)
            return fault_set(f, FAULT_INTERNAL, "a value of %zu bytes is more than CQL takes",
                             p->values[i].n);
        if (d.version < 4 && cql_is_unset(p->values[i]))
            return fault_set(f, FAULT_INTERNAL, "version 3 of the protocol has no unset values");
    }
    return true;
}

static bool cql_fits(struct bytes cql, struct fault *f)
{
    if (cql.p && cql.n > 0 && cql.n <= CQL_BODY_MAX)
        return true;
    return fault_set(f, FAULT_INTERNAL, "a statement of %zu bytes", cql.n);
}

static bool short_fits(const char *what, struct bytes b, struct fault *f)
{
    if (b.p && b.n <= UINT16_MAX)
        return true;
    return fault_set(f, FAULT_INTERNAL, "%s of %zu bytes", what, b.n);
}

bool cql_message_options(struct buf *out, struct cql_dialect d, int16_t stream, struct fault *f)
{
    size_t start = cql_envelope_begin(out, d, stream, CQL_OPTIONS);
    return cql_envelope_end(out, start, d, f);
}

bool cql_message_startup(struct buf *out, struct cql_dialect d, int16_t stream,
                         const char *driver_version, struct fault *f)
{
    if (!short_fits("a driver version", bytes_of(driver_version), f))
        return false;
    size_t start = cql_envelope_begin(out, d, stream, CQL_STARTUP);
    buf_append_u16(out, d.lz4 ? 4 : 3);
    append_text(out, "CQL_VERSION");
    append_text(out, "3.0.0");
    append_text(out, "DRIVER_NAME");
    append_text(out, "tenantmove");
    append_text(out, "DRIVER_VERSION");
    append_text(out, driver_version);
    if (d.lz4) {
        append_text(out, "COMPRESSION");
        append_text(out, "lz4");
    }
    return cql_envelope_end(out, start, d, f);
}

bool cql_message_auth_plain(struct buf *out, struct cql_dialect d, int16_t stream, const char *user,
                            const char *password, struct fault *f)
{
    struct bytes u = bytes_of(user), p = bytes_of(password);
    if (!short_fits("a user name", u, f) || !short_fits("a password", p, f))
        return false;
    /* Never compressed: a compressor's memory would hold a copy that nobody wipes. */
    d.lz4 = false;
    size_t start = cql_envelope_begin(out, d, stream, CQL_AUTH_RESPONSE);
    buf_append_u32(out, (uint32_t)(u.n + p.n + 2));
    buf_append_u8(out, 0);
    buf_append_bytes(out, u);
    buf_append_u8(out, 0);
    buf_append_bytes(out, p);
    return cql_envelope_end(out, start, d, f);
}

bool cql_message_query(struct buf *out, struct cql_dialect d, int16_t stream, struct bytes cql,
                       const struct cql_parameters *p, struct fault *f)
{
    if (!cql_fits(cql, f) || !parameters_fit(p, d, f))
        return false;
    size_t start = cql_envelope_begin(out, d, stream, CQL_QUERY);
    append_value(out, cql);
    append_parameters(out, d, p);
    return cql_envelope_end(out, start, d, f);
}

bool cql_message_prepare(struct buf *out, struct cql_dialect d, int16_t stream, struct bytes cql,
                         struct fault *f)
{
    if (!cql_fits(cql, f))
        return false;
    size_t start = cql_envelope_begin(out, d, stream, CQL_PREPARE);
    append_value(out, cql);
    if (d.version >= 5)
        buf_append_u32(out, 0); /* flags: no keyspace, statements name theirs */
    return cql_envelope_end(out, start, d, f);
}

bool cql_message_execute(struct buf *out, struct cql_dialect d, int16_t stream, struct bytes id,
                         struct bytes result_metadata_id, const struct cql_parameters *p,
                         struct fault *f)
{
    if (!short_fits("a statement id", id, f) || !parameters_fit(p, d, f))
        return false;
    if (d.version >= 5 && !short_fits("a result metadata id", result_metadata_id, f))
        return false;
    size_t start = cql_envelope_begin(out, d, stream, CQL_EXECUTE);
    append_string(out, id);
    if (d.version >= 5)
        append_string(out, result_metadata_id);
    append_parameters(out, d, p);
    return cql_envelope_end(out, start, d, f);
}

bool cql_message_register(struct buf *out, struct cql_dialect d, int16_t stream,
                          const char *const *events, int event_count, struct fault *f)
{
    if (event_count < 0 || event_count > UINT16_MAX)
        return fault_set(f, FAULT_INTERNAL, "%d kinds of events", event_count);
    for (int i = 0; i < event_count; i++)
        if (!short_fits("an event's name", bytes_of(events[i]), f))
            return false;
    size_t start = cql_envelope_begin(out, d, stream, CQL_REGISTER);
    buf_append_u16(out, (uint16_t)event_count);
    for (int i = 0; i < event_count; i++)
        append_text(out, events[i]);
    return cql_envelope_end(out, start, d, f);
}
