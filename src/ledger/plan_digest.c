#include "ledger/ledger_private.h"
#include "net/digest.h"

/* One change's bytes are put together first: for OpenSSL, many small pieces cost more than the
 * hashing. */
struct hashing {
    struct digest *digest;
    size_t n;
    uint8_t bytes[1024];
};

static void put(struct hashing *h, const void *p, size_t n)
{
    if (n > sizeof h->bytes - h->n) {
        digest_add(h->digest, h->bytes, h->n);
        h->n = 0;
    }
    if (n > sizeof h->bytes) {
        digest_add(h->digest, p, n);
        return;
    }
    if (n)
        memcpy(h->bytes + h->n, p, n);
    h->n += n;
}

static void put_number(struct hashing *h, int64_t v)
{
    uint8_t wire[8];
    for (int i = 0; i < 8; i++)
        wire[i] = (uint8_t)((uint64_t)v >> (56 - 8 * i));
    put(h, wire, sizeof wire);
}

/* The same bytes as digest_add_bytes. */
static void put_bytes(struct hashing *h, struct bytes b)
{
    put_number(h, b.p ? (int64_t)b.n : -1);
    if (b.p)
        put(h, b.p, b.n);
}

/* Without the TTL, which runs while the plan is being made. */
static void put_cells(struct hashing *h, const struct named_cells *cells)
{
    put_number(h, cells->n);
    for (int i = 0; i < cells->n; i++) {
        put_bytes(h, cells->v[i].name);
        put_bytes(h, cells->v[i].value);
        put_number(h, cells->v[i].writetime);
    }
}

static void hash_change(struct digest *d, const struct change *c, uint8_t out[DIGEST_BYTES])
{
    struct hashing h = {.digest = d};
    put_bytes(&h, c->rule);
    put_number(&h, (int64_t)c->kind);
    put_number(&h, (int64_t)c->origin);
    put_cells(&h, &c->key);
    put_cells(&h, &c->before);
    put_cells(&h, &c->after);
    put_cells(&h, &c->new_key);
    put_cells(&h, &c->target_before);
    put_number(&h, c->fence);
    digest_add(d, h.bytes, h.n);
    digest_take(d, out);
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

void plan_sum_add(struct ledger *l, const struct change *c)
{
    uint8_t hash[DIGEST_BYTES];
    if (c->pass != 1 || l->sum.count < 0)
        return;
    hash_change(l->digest, c, hash);
    add_hash(l->sum.hash, hash);
    l->sum.count++;
}

void plan_sum_spoil(struct ledger *l)
{
    l->sum.count = -1;
}

/* How many changes pass 1 has. */
static int64_t planned(const struct ledger *l)
{
    int64_t n = 0;
    for (int i = 0; i < l->tally_count; i++)
        for (int state = 1; l->tallies[i].pass == 1 && state < CHANGE_STATES; state++)
            n += l->tallies[i].by_state[state];
    return n;
}

static bool sum_of_file(struct ledger *l, uint8_t sum[DIGEST_BYTES], struct fault *f)
{
    sqlite3_stmt *s = span_flush(l, f) ? statement(l, SQL_PLANNED, f) : NULL;
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
        hash_change(l->digest, &c, hash);
        add_hash(sum, hash);
    }
    return more == 0;
}

bool ledger_digest(struct ledger *l, char out[65], struct fault *f)
{
    uint8_t sum[DIGEST_BYTES] = {0};
    if (l->mode != LEDGER_READ && l->sum.count == planned(l))
        memcpy(sum, l->sum.hash, sizeof sum);
    else if (!sum_of_file(l, sum, f))
        return false;
    /* Asked again, it is about what the file says: an apply that follows checks it. */
    plan_sum_spoil(l);
    digest_print(sum, out);
    return true;
}
