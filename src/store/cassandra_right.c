/* May this login write? Found out before the first write, by a statement that can change nothing.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "store/cassandra_private.h"
#include "store/cassandra_statement.h"

enum { PROBE_KEY_BYTES = 64 };

/* A value of this type that fits, and that nobody has: long random text and random UUIDs. False for
 * types that have few values, so that a row with one may exist. */
static bool probe_value(const struct type *t, uint8_t out[PROBE_KEY_BYTES], struct bytes *value)
{
    size_t n = 8;
    bool is_rare = false;
    for (size_t i = 0; i < PROBE_KEY_BYTES; i++)
        out[i] = (uint8_t)random_below(256);
    if (t->kind == TYPE_ASCII || t->kind == TYPE_TEXT || t->kind == TYPE_BLOB) {
        snprintf((char *)out, PROBE_KEY_BYTES, "tenantmove-probe-%08x%08x%08x%08x",
                 random_below(UINT32_MAX), random_below(UINT32_MAX), random_below(UINT32_MAX),
                 random_below(UINT32_MAX));
        n = strlen((char *)out);
        is_rare = true;
    } else if (t->kind == TYPE_UUID || t->kind == TYPE_TIMEUUID) {
        n = 16;
        out[6] = (uint8_t)((out[6] & 0x0f) | (t->kind == TYPE_UUID ? 0x40 : 0x10));
        out[8] = (uint8_t)((out[8] & 0x3f) | 0x80);
        is_rare = true;
    } else if (t->kind == TYPE_INT || t->kind == TYPE_DATE || t->kind == TYPE_FLOAT ||
               t->kind == TYPE_INET) {
        n = 4;
    } else if (t->kind == TYPE_SMALLINT) {
        n = 2;
    } else if (t->kind == TYPE_TINYINT || t->kind == TYPE_VARINT) {
        n = 1;
    } else if (t->kind == TYPE_BOOLEAN) {
        n = 1;
        out[0] &= 1;
    } else if (t->kind == TYPE_LIST || t->kind == TYPE_SET || t->kind == TYPE_MAP) {
        n = 4;
        out[0] = out[1] = out[2] = out[3] = 0; /* an empty one */
    } else if (t->kind == TYPE_TIME) {
        out[0] = out[1] = 0; /* below one day of nanoseconds */
    } else if (t->kind != TYPE_BIGINT && t->kind != TYPE_DOUBLE && t->kind != TYPE_TIMESTAMP &&
               t->kind != TYPE_DECIMAL) {
        n = 0;
    }
    *value = (struct bytes){out, n};
    return is_rare;
}

/* A column that `IF c IN ()` can name: that condition never holds, whatever the row is. -1: none.
 */
static int condition_column(const struct table *t)
{
    for (int i = t->key_count; i < t->column_count; i++) {
        const struct column *c = &t->columns[i];
        if (c->role == COLUMN_REGULAR && !type_is_multicell(&c->type) &&
            c->type.kind != TYPE_COUNTER && c->type.kind != TYPE_DURATION &&
            c->type.kind != TYPE_CUSTOM)
            return i;
    }
    return -1;
}

static void append_where(struct buf *out, const struct table *t)
{
    for (int i = 0; i < t->key_count; i++) {
        buf_append_text(out, i ? " AND " : " WHERE ");
        statement_name(out, t->columns[i].name);
        buf_append_text(out, " = ?");
    }
}

static bool ask(struct cassandra *s, const struct table *t, const struct bytes *key,
                const char *right, struct fault *f)
{
    struct fault own;
    struct cql_request r = {.values = key, .value_count = t->key_count, .purpose = CQL_FOR_ROW};
    if (s->text.failed)
        return fault_memory(f);
    r.statement = cql_client_statement(s->client, buf_view(&s->text), f);
    if (!r.statement || cql_client_ask(s->client, &r, NULL, NULL, &own))
        return r.statement != NULL;
    if (own.code == FAULT_DENIED) {
        fault_set(f, FAULT_DENIED, "this login has no %s right", right);
        fault_subject(f, "%s.%s", t->keyspace, t->name);
        return fault_hint(f, "GRANT %s ON %s.%s TO its role, as a superuser", right, t->keyspace,
                          t->name);
    }
    if (f)
        *f = own;
    return false;
}

bool cassandra_may_write(struct store *store, const struct table *t, struct fault *f)
{
    struct cassandra *s = (struct cassandra *)store;
    if (!s->has_login)
        return true;
    if (t->has_counter) {
        fault_set(f, FAULT_UNSUPPORTED, "it has counters, which no write with a fence can change");
        return fault_subject(f, "%s.%s", t->keyspace, t->name);
    }
    uint8_t(*room)[PROBE_KEY_BYTES] = calloc((size_t)t->key_count, sizeof *room);
    struct bytes *key = calloc((size_t)t->key_count, sizeof *key);
    if (!room || !key) {
        free(room);
        free(key);
        return fault_memory(f);
    }
    bool is_rare = false;
    for (int i = 0; i < t->key_count; i++)
        is_rare = probe_value(&t->columns[i].type, room[i], &key[i]) || is_rare;

    buf_clear(&s->text);
    buf_append_text(&s->text, "SELECT ");
    statement_name(&s->text, t->columns[0].name);
    buf_append_text(&s->text, " FROM ");
    statement_table(&s->text, t);
    append_where(&s->text, t);
    bool may = ask(s, t, key, "SELECT", f);

    int column = condition_column(t);
    if (may && (column >= 0 || is_rare)) {
        buf_clear(&s->text);
        buf_append_text(&s->text, "DELETE FROM ");
        statement_table(&s->text, t);
        append_where(&s->text, t);
        buf_append_text(&s->text, " IF ");
        if (column >= 0)
            statement_name(&s->text, t->columns[column].name);
        buf_append_text(&s->text, column >= 0 ? " IN ()" : "EXISTS");
        may = ask(s, t, key, "MODIFY", f);
    } else if (may) {
        log_write(LOG_WARN, "store",
                  "%s.%s: its key has few values and it has no other column: whether this "
                  "login may write was not tried",
                  t->keyspace, t->name);
    }
    free(room);
    free(key);
    return may;
}
