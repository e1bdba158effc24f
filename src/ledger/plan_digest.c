#include "ledger/ledger_private.h"
#include "net/digest.h"

static void add_number(struct digest *d, int64_t v)
{
    uint8_t wire[8];
    for (int i = 0; i < 8; i++)
        wire[i] = (uint8_t)((uint64_t)v >> (56 - 8 * i));
    digest_add(d, wire, sizeof wire);
}

/* Without the TTL, which runs while the plan is being made. */
static void add_cells(struct digest *d, const struct named_cells *cells)
{
    add_number(d, cells->n);
    for (int i = 0; i < cells->n; i++) {
        digest_add_bytes(d, cells->v[i].name);
        digest_add_bytes(d, cells->v[i].value);
        add_number(d, cells->v[i].writetime);
    }
}

static void hash_change(const struct change *c, uint8_t out[DIGEST_BYTES])
{
    struct digest *d = digest_new();
    digest_add_bytes(d, c->rule);
    add_number(d, (int64_t)c->kind);
    add_number(d, (int64_t)c->origin);
    add_cells(d, &c->key);
    add_cells(d, &c->before);
    add_cells(d, &c->after);
    add_cells(d, &c->new_key);
    add_cells(d, &c->target_before);
    add_number(d, c->fence);
    char hex[DIGEST_TEXT];
    digest_finish(d, hex);
    for (int i = 0; i < DIGEST_BYTES; i++) {
        int digits[2];
        for (int j = 0; j < 2; j++) {
            char x = hex[2 * i + j];
            digits[j] = x <= '9' ? x - '0' : x - 'a' + 10;
        }
        out[i] = (uint8_t)(digits[0] << 4 | digits[1]);
    }
}

/* Modulo 2^256, big-endian. Adding, unlike XOR, does not let two equal changes cancel out. */
static void add_hash(uint8_t sum[DIGEST_BYTES], const uint8_t hash[DIGEST_BYTES])
{
    unsigned carry = 0;
    for (int i = DIGEST_BYTES - 1; i >= 0; i--) {
        carry += (unsigned)sum[i] + hash[i];
        sum[i] = (uint8_t)carry;
        carry >>= 8;
    }
}

bool ledger_digest(struct ledger *l, char out[65], struct fault *f)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t sum[DIGEST_BYTES] = {0};
    sqlite3_stmt *s = statement(l, SQL_PLANNED, f);
    if (!s)
        return false;
    int more;
    while ((more = step(l, s, f)) == 1) {
        struct change c;
        uint8_t hash[DIGEST_BYTES];
        arena_reset(&l->arena);
        if (!change_from_row(l, s, &l->arena, &c, f)) {
            sqlite3_reset(s);
            return false;
        }
        hash_change(&c, hash);
        add_hash(sum, hash);
    }
    for (size_t i = 0; i < DIGEST_BYTES; i++) {
        out[2 * i] = digits[sum[i] >> 4];
        out[2 * i + 1] = digits[sum[i] & 15];
    }
    out[2 * DIGEST_BYTES] = '\0';
    return more == 0;
}
