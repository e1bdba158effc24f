/* What a scan had to give up: parts of the ring that cannot be read, each with the server's words. */
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "store/cassandra_private.h"
#include "store/cassandra_statement.h"

enum { UNREAD_MAX = 1000, PARTITION_TEXT_MAX = 480, KEY_PARTS_MAX = 64 };

bool unread_add(struct cassandra_unread *u, struct token_range range, const struct fault *why,
                struct fault *f)
{
    if (u->count == UNREAD_MAX) {
        *f = *why;
        return fault_hint(f,
                          "more than %d parts of the table cannot be read: mend the cluster first",
                          UNREAD_MAX);
    }
    if (u->count == u->capacity) {
        int capacity = u->capacity ? u->capacity * 2 : 16;
        struct unread_part *v = realloc(u->v, (size_t)capacity * sizeof *v);
        if (!v)
            return fault_memory(f);
        u->v = v;
        u->capacity = capacity;
    }
    struct unread_part *part = &u->v[u->count++];
    part->range = range;
    snprintf(part->reason, sizeof part->reason, "%.*s", (int)sizeof part->reason - 1, why->text);
    return true;
}

void unread_free(struct cassandra_unread *u)
{
    free(u->v);
    *u = (struct cassandra_unread){0};
}

struct naming {
    const struct table *table;
    struct buf text;
};

static bool take_key(void *context, struct cql_result *result, struct fault *f)
{
    struct naming *n = context;
    struct bytes parts[KEY_PARTS_MAX];
    int count = n->table->partition_count;
    if (result->kind != CQL_RESULT_ROWS || count > KEY_PARTS_MAX ||
        cql_rows_next(&result->rows, parts, count, f) != 1)
        return false;
    for (int i = 0; i < count; i++) {
        if (i)
            buf_append_char(&n->text, ':');
        type_print(&n->table->columns[i].type, parts[i], &n->text);
    }
    return true;
}

/* Only the key: a partition whose rows are too many for one answer has one that can be read. Behind
 * many tombstones there is none. Fails without a word: the tokens name it too. */
static bool name_partition(struct cassandra *s, struct naming *n, struct token_range range)
{
    uint8_t bounds[2][8];
    struct bytes values[2];
    struct fault ignored;
    const int64_t tokens[2] = {range.start, range.end};
    for (int i = 0; i < 2; i++) {
        statement_put_i64(bounds[i], tokens[i]);
        values[i] = (struct bytes){bounds[i], 8};
    }
    struct cql_request r = {.values = values, .value_count = 2, .purpose = CQL_FOR_SCAN};
    buf_clear(&s->text);
    statement_scan_keys(&s->text, n->table, range.start == INT64_MIN);
    if (s->text.failed)
        return false;
    r.statement = cql_client_statement(s->client, buf_view(&s->text), &ignored);
    return r.statement && cql_client_ask(s->client, &r, take_key, n, &ignored) && !n->text.failed;
}

bool unread_tell(struct cassandra *s, const struct store_scan *scan,
                 const struct cassandra_unread *u, struct fault *f)
{
    struct naming n = {.table = scan->table};
    bool ok = true;
    buf_init(&n.text, PARTITION_TEXT_MAX);
    for (int i = 0; ok && i < u->count; i++) {
        const struct unread_part *part = &u->v[i];
        buf_clear(&n.text);
        bool is_named = name_partition(s, &n, part->range);
        const struct store_unread told = {
            .range = part->range,
            .partition = is_named ? buf_text(&n.text) : "",
            .reason = part->reason,
        };
        log_write(LOG_WARN, "store",
                  "%s.%s: tokens %lld to %lld could not be read (partition %s): %s",
                  scan->table->keyspace, scan->table->name, (long long)part->range.start,
                  (long long)part->range.end, is_named ? told.partition : "unknown", part->reason);
        ok = scan->unread(scan->context, &told, f);
    }
    buf_fini(&n.text);
    return ok;
}
