#include "cql/wire/reader.h"

/* Empty, but not null. */
static const uint8_t nothing = 0;

void cql_reader_init(struct cql_reader *r, struct bytes b)
{
    *r = (struct cql_reader){b.p ? b.p : &nothing, b.n, false};
}

static const uint8_t *take(struct cql_reader *r, size_t n)
{
    if (r->failed || n > r->n) {
        r->failed = true;
        return NULL;
    }
    const uint8_t *at = r->p;
    r->p += n;
    r->n -= n;
    return at;
}

uint8_t cql_read_u8(struct cql_reader *r)
{
    const uint8_t *p = take(r, 1);
    return p ? p[0] : 0;
}

uint16_t cql_read_u16(struct cql_reader *r)
{
    const uint8_t *p = take(r, 2);
    return p ? (uint16_t)(p[0] * 256 + p[1]) : 0;
}

uint32_t cql_read_u32(struct cql_reader *r)
{
    const uint8_t *p = take(r, 4);
    if (!p)
        return 0;
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

int32_t cql_read_i32(struct cql_reader *r)
{
    return (int32_t)cql_read_u32(r);
}

int64_t cql_read_i64(struct cql_reader *r)
{
    uint64_t high = cql_read_u32(r);
    uint64_t low = cql_read_u32(r);
    return r->failed ? 0 : (int64_t)(high << 32 | low);
}

struct bytes cql_read_raw(struct cql_reader *r, size_t n)
{
    const uint8_t *p = take(r, n);
    return p ? (struct bytes){p, n} : bytes_null();
}

struct bytes cql_read_string(struct cql_reader *r)
{
    return cql_read_raw(r, cql_read_u16(r));
}

struct bytes cql_read_long_string(struct cql_reader *r)
{
    int32_t n = cql_read_i32(r);
    if (n < 0) {
        r->failed = true;
        return bytes_null();
    }
    return cql_read_raw(r, (size_t)n);
}

struct bytes cql_read_short_bytes(struct cql_reader *r)
{
    return cql_read_string(r);
}

struct bytes cql_read_bytes(struct cql_reader *r)
{
    int32_t n = cql_read_i32(r);
    return n < 0 ? bytes_null() : cql_read_raw(r, (size_t)n);
}

struct bytes cql_read_value(struct cql_reader *r, bool *unset)
{
    int32_t n = cql_read_i32(r);
    if (unset)
        *unset = false;
    if (n >= 0)
        return cql_read_raw(r, (size_t)n);
    if (n == -2 && unset)
        *unset = true;
    else if (n != -1)
        r->failed = true;
    return bytes_null();
}

struct bytes cql_read_uuid(struct cql_reader *r)
{
    return cql_read_raw(r, 16);
}

struct bytes cql_read_inet_address(struct cql_reader *r)
{
    uint8_t n = cql_read_u8(r);
    if (n != 4 && n != 16)
        r->failed = true;
    return cql_read_raw(r, n);
}

struct cql_inet cql_read_inet(struct cql_reader *r)
{
    struct cql_inet inet;
    inet.address = cql_read_inet_address(r);
    inet.port = cql_read_i32(r);
    return inet;
}

uint16_t cql_read_consistency(struct cql_reader *r)
{
    return cql_read_u16(r);
}

/* Reads |count| entries with |entry| and gives a walker over them. Each entry takes bytes, so a
 * lying count ends at the end of the input at the latest. */
static struct cql_strings check(struct cql_reader *r, void (*entry)(struct cql_reader *r))
{
    struct cql_strings s = {.count = cql_read_u16(r)};
    s.reader = *r;
    for (int i = 0; i < s.count && !r->failed; i++)
        entry(r);
    if (r->failed)
        return (struct cql_strings){.reader = {&nothing, 0, true}, .count = 0};
    s.reader.n -= r->n;
    return s;
}

static void skip_string(struct cql_reader *r)
{
    cql_read_string(r);
}

static void skip_pair(struct cql_reader *r)
{
    cql_read_string(r);
    cql_read_string(r);
}

static void skip_string_and_list(struct cql_reader *r)
{
    cql_read_string(r);
    cql_read_string_list(r);
}

static void skip_string_and_bytes(struct cql_reader *r)
{
    cql_read_string(r);
    cql_read_bytes(r);
}

struct cql_strings cql_read_string_list(struct cql_reader *r)
{
    return check(r, skip_string);
}

struct cql_strings cql_read_string_map(struct cql_reader *r)
{
    return check(r, skip_pair);
}

struct cql_strings cql_read_string_multimap(struct cql_reader *r)
{
    return check(r, skip_string_and_list);
}

void cql_skip_bytes_map(struct cql_reader *r)
{
    check(r, skip_string_and_bytes);
}

static bool more(struct cql_strings *s)
{
    if (s->count <= 0)
        return false;
    s->count--;
    return true;
}

bool cql_string_list_next(struct cql_strings *s, struct bytes *string)
{
    if (!more(s))
        return false;
    *string = cql_read_string(&s->reader);
    return true;
}

bool cql_string_map_next(struct cql_strings *s, struct bytes *key, struct bytes *value)
{
    if (!more(s))
        return false;
    *key = cql_read_string(&s->reader);
    *value = cql_read_string(&s->reader);
    return true;
}

bool cql_string_multimap_next(struct cql_strings *s, struct bytes *key, struct cql_strings *values)
{
    if (!more(s))
        return false;
    *key = cql_read_string(&s->reader);
    *values = cql_read_string_list(&s->reader);
    return true;
}
