/* null/rows.h: the rows of sunbird.user that the null server makes up, in the ring's order.
 *
 * Owns     the keys with their tokens; what a statement's rows look like.
 * Knows    nothing of connections or envelopes.
 *
 * Rows are not stored: each is a template with its key put in. All rows of the tenant are alike, so
 * that one UPDATE is the state of them all: what it wrote last is what a later SELECT reads.
 */
#ifndef NULL_ROWS_H
#define NULL_ROWS_H

#include "tables.h"

enum {
    NULL_KEY_BYTES = 36,
    NULL_KEYS_MAX = 1 << 24, /* beyond it keys repeat */
    NULL_ITEMS_MAX = 3 * NULL_COLUMNS_MAX,
    NULL_MARKERS_MAX = 512,
    NULL_VALUE_MAX = 64,
};

/* Every cell was written then: microseconds. */
#define NULL_WRITETIME INT64_C(1600000000000000)

struct null_key {
    int64_t token;
    uint32_t number;
};

struct null_written {
    bool is_set;
    uint8_t value[NULL_VALUE_MAX];
    size_t n;
    int64_t timestamp;
};

struct null_space {
    struct null_key *keys; /* by token */
    uint64_t key_count;
    uint64_t repeats;     /* rows per key */
    uint64_t tenant_keys; /* those with a lower number belong to the source */
    struct null_written written[NULL_COLUMNS_MAX];
    uint32_t generation; /* grows when |written| changes */
};

enum null_kind { NULL_SCAN, NULL_READ, NULL_UPDATE, NULL_SYSTEM };

struct null_item {
    struct bytes name; /* of the column, or the function's whole text */
    int column;        /* -1: not of a known table */
    char what;         /* 'v' value, 'w' writetime, 't' ttl */
};

struct null_marker {
    struct bytes name;
    enum null_type type;
    int column; /* -1: of no column (a token, a timestamp) */
};

struct null_template {
    struct buf row;
    size_t keys[NULL_ITEMS_MAX]; /* where the key stands in it */
    int key_count;
};

struct null_statement {
    char *text;
    enum null_kind kind;
    const struct null_table *table; /* NULL: a system table */
    struct bytes keyspace, name;
    struct null_item items[NULL_ITEMS_MAX];
    int item_count;
    struct null_marker markers[NULL_MARKERS_MAX];
    int marker_count;
    bool has_filter;              /* WHERE … AND rootorgid = … */
    struct null_template rows[2]; /* of others, of the tenant */
    uint32_t generation;
    bool is_made;
};

/* |keys| of |rows| are different. False: no memory, or they do not fit. */
bool null_space_init(struct null_space *s, uint64_t rows, uint64_t keys, double tenant_percent);
void null_space_fini(struct null_space *s);

/* Takes a statement apart. False: it is none that the null server knows. */
bool null_statement_init(struct null_statement *st, struct bytes text);
void null_statement_fini(struct null_statement *st);

/* Which rows a scan's page has: from |*at| on, at most |max| of them (0: all) up to |end|; |*at|
 * becomes the place behind the last. */
uint64_t null_page_count(const struct null_space *s, const struct null_statement *st, uint64_t *at,
                         uint64_t end, uint64_t max);
/* Their bytes. False: no memory. */
bool null_page_append(struct null_space *s, struct null_statement *st, uint64_t at, uint64_t end,
                      struct buf *out);
/* The place of the first row behind |token|. */
uint64_t null_place(const struct null_space *s, int64_t token);

/* One row by its key; the bytes of its cells. */
bool null_row_append(struct null_space *s, struct null_statement *st, struct bytes key,
                     struct buf *out);
/* Remembers what was written. */
void null_write(struct null_space *s, const struct null_statement *st, const struct bytes *values);

#endif
