/* Requests: what is encoded is read again by the rules of the specification (native_protocol_v5.spec
 * 4.1), and is the same. */
#include "fuzz/fuzz.h"

#include "cql/wire/input.h"
#include "cql/wire/message.h"

enum { ROOM = 1 << 20, VALUES = 24 };

/* A request's body, decompressed: as if it were a response, which is all that cql_input reads. */
static struct bytes body_of(struct cql_input *in, struct buf *out, struct cql_dialect d,
                            enum cql_opcode opcode)
{
    struct cql_envelope e;
    assert(out->n >= CQL_ENVELOPE_HEADER && out->p[0] == d.version);
    out->p[0] |= 0x80;
    assert(cql_input_feed(in, out->p, out->n, NULL) && cql_input_next(in, &e, NULL) == 1);
    assert(e.opcode == opcode && e.stream == 77);
    return e.body;
}

static void check_values(struct cql_reader *r, const struct cql_parameters *p)
{
    assert(cql_read_u16(r) == p->value_count);
    for (int i = 0; i < p->value_count; i++) {
        bool unset;
        struct bytes v = cql_read_value(r, &unset);
        assert(unset == cql_is_unset(p->values[i]));
        assert(unset || bytes_equal(v, p->values[i]));
    }
}

static void check_parameters(struct cql_reader *r, const struct cql_parameters *p, int version)
{
    assert(cql_read_consistency(r) == p->consistency);
    uint32_t flags = version >= 5 ? cql_read_u32(r) : cql_read_u8(r);
    assert(((flags & 1) != 0) == (p->value_count > 0));
    assert(((flags & 2) != 0) == p->skip_metadata);
    if (flags & 1)
        check_values(r, p);
    assert(((flags & 4) != 0) == (p->page_rows > 0));
    if (flags & 4)
        assert(cql_read_i32(r) == p->page_rows);
    assert(((flags & 8) != 0) == !bytes_are_null(p->paging_state));
    if (flags & 8)
        assert(bytes_equal(cql_read_bytes(r), p->paging_state));
    assert(((flags & 16) != 0) == p->has_serial_consistency);
    if (flags & 16)
        assert(cql_read_u16(r) == p->serial_consistency);
    assert(((flags & 32) != 0) == p->has_timestamp);
    if (flags & 32)
        assert(cql_read_i64(r) == p->timestamp);
    assert(!r->failed && r->n == 0 && flags < 64);
}

static void make_parameters(struct bytes *in, struct cql_parameters *p, struct bytes *values)
{
    uint8_t bits = fuzz_u8(in);
    *p = (struct cql_parameters){.consistency = fuzz_u8(in) % 11,
                                 .values = values,
                                 .value_count = fuzz_u8(in) % VALUES,
                                 .skip_metadata = bits & 1,
                                 .page_rows = bits & 2 ? fuzz_u16(in) : 0,
                                 .has_serial_consistency = bits & 4,
                                 .serial_consistency = CQL_LOCAL_SERIAL,
                                 .has_timestamp = bits & 8};
    if (p->has_timestamp)
        p->timestamp = (int64_t)fuzz_u64(in);
    p->paging_state = bits & 16 ? fuzz_short(in) : bytes_null();
    for (int i = 0; i < p->value_count; i++) {
        uint8_t kind = fuzz_u8(in);
        values[i] = kind == 255 ? bytes_null() : kind == 254 ? cql_unset() : fuzz_take(in, kind);
    }
}

static void fuzz_one(struct bytes in)
{
    struct buf out;
    struct cql_input input;
    struct cql_parameters p;
    struct bytes values[VALUES];
    struct fault f = {0};
    uint8_t mode = fuzz_u8(&in);
    struct cql_dialect d = {.version = 3 + mode % 3, .lz4 = mode & 0x80};
    struct bytes id = fuzz_short(&in), metadata_id = fuzz_short(&in);
    make_parameters(&in, &p, values);
    bool is_execute = mode & 0x40, has_unset = false;
    for (int i = 0; i < p.value_count; i++)
        has_unset = has_unset || cql_is_unset(values[i]);
    buf_init(&out, ROOM);
    cql_input_init(&input, ROOM);
    bool ok = is_execute ? cql_message_execute(&out, d, 77, id, metadata_id, &p, &f)
                         : cql_message_query(&out, d, 77, in, &p, &f);
    if (!ok) {
        assert(out.n == 0 && f.text[0]);
        assert(is_execute ? has_unset : has_unset || in.n == 0);
    } else {
        struct cql_reader r;
        cql_reader_init(&r, body_of(&input, &out, d, is_execute ? CQL_EXECUTE : CQL_QUERY));
        if (is_execute) {
            assert(bytes_equal(cql_read_short_bytes(&r), id));
            assert(d.version < 5 || bytes_equal(cql_read_short_bytes(&r), metadata_id));
        } else {
            assert(bytes_equal(cql_read_long_string(&r), in));
        }
        check_parameters(&r, &p, d.version);
    }
    cql_input_fini(&input);
    buf_fini(&out);
}
