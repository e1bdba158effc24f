#include "tables.h"

#include <string.h>
#include <time.h>

enum { TOKENS = 16 };

/* 20 columns, a row of about 450 bytes. */
static const struct null_table user = {
    "sunbird",
    "user",
    20,
    {{"id", NULL_TEXT, true, NULL},
     {"channel", NULL_TEXT, false, "dikshacustodian"},
     {"countrycode", NULL_TEXT, false, "+91"},
     {"createddate", NULL_TEXT, false, "2021-03-04 05:06:07:089+0000"},
     {"email", NULL_TEXT, false, "a1b2c3d4e5f60718293a4b5c6d7e8f90=="},
     {"emailverified", NULL_BOOLEAN, false, "\1"},
     {"firstname", NULL_TEXT, false, "Meena"},
     {"flagsvalue", NULL_INT, false, "3"},
     {"isdeleted", NULL_BOOLEAN, false, ""},
     {"lastname", NULL_TEXT, false, "Sharma"},
     {"loginid", NULL_TEXT, false, "meena1f2e3@dikshacustodian"},
     {"maskedemail", NULL_TEXT, false, "me*******@example.org"},
     {"maskedphone", NULL_TEXT, false, "******6789"},
     {"phone", NULL_TEXT, false, "0f1e2d3c4b5a69788796a5b4c3d2e1f0=="},
     {"profilelocation", NULL_TEXT, false,
      "[{\"type\":\"state\",\"id\":\"0a1b2c3d-0000-4000-8000-000000000001\"},"
      "{\"type\":\"district\",\"id\":\"0a1b2c3d-0000-4000-8000-000000000002\"}]"},
     {"profileusertype", NULL_TEXT, false, "{\"type\":\"teacher\"}"},
     {"rootorgid", NULL_TEXT, false, "0126796199493140480"},
     {"status", NULL_INT, false, "1"},
     {"tncacceptedversion", NULL_TEXT, false, "v12"},
     {"username", NULL_TEXT, false, "meena_sharma_1f2e3"}}};

static const struct null_table organisation = {"sunbird",
                                               "organisation",
                                               7,
                                               {{"id", NULL_TEXT, true, NULL},
                                                {"channel", NULL_TEXT, false, NULL},
                                                {"hashtagid", NULL_TEXT, false, NULL},
                                                {"isrootorg", NULL_BOOLEAN, false, NULL},
                                                {"istenant", NULL_BOOLEAN, false, NULL},
                                                {"orgname", NULL_TEXT, false, NULL},
                                                {"status", NULL_INT, false, NULL}}};

static const struct null_table *const all[] = {&user, &organisation};
enum { TABLES = sizeof all / sizeof all[0] };

const struct null_table *null_table_find(struct bytes keyspace, struct bytes name)
{
    for (int i = 0; i < TABLES; i++)
        if (bytes_are(keyspace, all[i]->keyspace) && bytes_are(name, all[i]->name))
            return all[i];
    return NULL;
}

int null_table_column(const struct null_table *t, struct bytes name)
{
    for (int i = 0; i < t->column_count; i++)
        if (bytes_are(name, t->columns[i].name))
            return i;
    return -1;
}

static bool append_value(enum null_type type, const char *value, struct buf *out)
{
    if (type == NULL_INT)
        return buf_append_u32(out, (uint32_t)(value[0] - '0'));
    if (type == NULL_BOOLEAN)
        return buf_append_u8(out, value[0] != '\0');
    return buf_append_text(out, value);
}

bool null_user_cell(int column, bool is_tenant, struct buf *out)
{
    const struct null_column *c = &user.columns[column];
    const char *value = c->value;
    if (is_tenant && strcmp(c->name, "rootorgid") == 0)
        value = NULL_SOURCE;
    else if (is_tenant && strcmp(c->name, "channel") == 0)
        value = "pilotrajasthan";
    return append_value(c->type, value, out);
}

bool null_organisation_cell(struct bytes id, int column, struct buf *out)
{
    const struct null_column *c = &organisation.columns[column];
    bool is_source = bytes_are(id, NULL_SOURCE);
    if (c->is_key || strcmp(c->name, "hashtagid") == 0)
        return buf_append_bytes(out, id);
    if (strcmp(c->name, "channel") == 0)
        return buf_append_text(out, is_source ? "pilotrajasthan" : "rj");
    if (strcmp(c->name, "orgname") == 0)
        return buf_append_text(out, is_source ? "ETB Pilot Rajasthan" : "Rajasthan");
    return append_value(c->type, "1", out);
}

/* ---- a node's own tables ---- */

static const struct null_table *described(const struct bytes *values, int value_count)
{
    return value_count == 2 ? null_table_find(values[0], values[1]) : NULL;
}

int null_system_rows(struct bytes table, const struct bytes *values, int value_count)
{
    const struct null_table *t = described(values, value_count);
    if (bytes_are(table, "local"))
        return 1;
    if (bytes_are(table, "keyspaces"))
        return value_count == 0 || bytes_are(values[0], user.keyspace);
    if (bytes_are(table, "tables"))
        return value_count == 2 ? t != NULL : TABLES;
    if (bytes_are(table, "columns"))
        return t ? t->column_count : 0;
    return 0;
}

enum null_type null_system_type(struct bytes column)
{
    static const struct {
        const char *name;
        enum null_type type;
    } types[] = {
        {"tokens", NULL_SET_OF_TEXT},
        {"flags", NULL_SET_OF_TEXT},
        {"schema_version", NULL_UUID},
        {"host_id", NULL_UUID},
        {"rpc_address", NULL_INET},
        {"broadcast_address", NULL_INET},
        {"listen_address", NULL_INET},
        {"peer", NULL_INET},
        {"preferred_ip", NULL_INET},
        {"native_address", NULL_INET},
        {"peer_port", NULL_INT},
        {"native_port", NULL_INT},
        {"rpc_port", NULL_INT},
        {"position", NULL_INT},
        {"partitions_count", NULL_BIGINT},
        {"mean_partition_size", NULL_BIGINT},
        {"durable_writes", NULL_BOOLEAN},
        {"replication", NULL_MAP_OF_TEXT},
    };
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (bytes_are(column, types[i].name))
            return types[i].type;
    return memchr(column.p, '(', column.n) ? NULL_BIGINT : NULL_TEXT; /* a function: the clock */
}

static void append_counted(struct buf *out, const char *text)
{
    buf_append_u32(out, (uint32_t)strlen(text));
    buf_append_text(out, text);
}

static void append_tokens(struct buf *out)
{
    buf_append_u32(out, TOKENS);
    for (int i = 0; i < TOKENS; i++) {
        size_t length = out->n;
        buf_append_u32(out, 0);
        uint64_t token = UINT64_C(1) << 63 | 7;
        token += UINT64_MAX / TOKENS * (uint64_t)i;
        buf_printf(out, "%lld", (long long)token);
        buf_put_u32(out, length, (uint32_t)(out->n - length - 4));
    }
}

static bool local_cell(struct bytes column, struct buf *out)
{
    static const uint8_t loopback[] = {127, 0, 0, 1};
    static const struct {
        const char *name, *value;
    } texts[] = {
        {"key", "local"},
        {"partitioner", "org.apache.cassandra.dht.Murmur3Partitioner"},
        {"release_version", "5.0.9"},
        {"cluster_name", "null"},
        {"data_center", "datacenter1"},
        {"rack", "rack1"},
        {"cql_version", "3.4.7"},
    };
    struct timespec now;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (bytes_are(column, texts[i].name))
            return buf_append_text(out, texts[i].value);
    switch ((int)null_system_type(column)) {
    case NULL_SET_OF_TEXT: append_tokens(out); return true;
    case NULL_UUID: return buf_append(out, "\1\2\3\4\5\6\x47\7\x88\t\n\v\f\r\16\17", 16);
    case NULL_INET: return buf_append(out, loopback, sizeof loopback);
    case NULL_BIGINT:
        clock_gettime(CLOCK_REALTIME, &now);
        return buf_append_u64(out, (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000);
    default: return false;
    }
}

static bool keyspace_cell(struct bytes column, struct buf *out)
{
    if (bytes_are(column, "keyspace_name"))
        return buf_append_text(out, user.keyspace);
    if (bytes_are(column, "durable_writes"))
        return buf_append_u8(out, 1);
    if (!bytes_are(column, "replication"))
        return false;
    buf_append_u32(out, 2);
    append_counted(out, "class");
    append_counted(out, "org.apache.cassandra.locator.SimpleStrategy");
    append_counted(out, "replication_factor");
    append_counted(out, "1");
    return true;
}

static bool column_cell(const struct null_table *t, const struct null_column *c,
                        struct bytes column, struct buf *out)
{
    if (bytes_are(column, "keyspace_name"))
        return buf_append_text(out, t->keyspace);
    if (bytes_are(column, "table_name"))
        return buf_append_text(out, t->name);
    if (bytes_are(column, "flags")) {
        buf_append_u32(out, 1);
        append_counted(out, "compound");
        return true;
    }
    if (!c)
        return false;
    if (bytes_are(column, "column_name"))
        return buf_append_text(out, c->name);
    if (bytes_are(column, "kind"))
        return buf_append_text(out, c->is_key ? "partition_key" : "regular");
    if (bytes_are(column, "position"))
        return buf_append_u32(out, c->is_key ? 0 : UINT32_MAX);
    if (bytes_are(column, "type"))
        return buf_append_text(out, c->type == NULL_INT       ? "int"
                                    : c->type == NULL_BOOLEAN ? "boolean"
                                                              : "text");
    return false;
}

bool null_system_cell(struct bytes table, struct bytes column, int row, const struct bytes *values,
                      int value_count, struct buf *out)
{
    const struct null_table *t = described(values, value_count);
    if (bytes_are(table, "local"))
        return local_cell(column, out);
    if (bytes_are(table, "keyspaces"))
        return keyspace_cell(column, out);
    if (bytes_are(table, "tables"))
        return column_cell(t ? t : all[row], NULL, column, out);
    return t && column_cell(t, &t->columns[row], column, out);
}
