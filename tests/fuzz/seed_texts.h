/* tests/fuzz/seed_texts.h: seeds that people can read; seeds.c writes them. */
#ifndef TESTS_FUZZ_SEED_TEXTS_H
#define TESTS_FUZZ_SEED_TEXTS_H

#include <stddef.h>

#define SYNC_GOOD                                                                                  \
    "{\"id\":\"api.data.sync\",\"params\":{\"err\":null,\"status\":\"SUCCESS\",\"errmsg\":null},"  \
    "\"responseCode\":\"OK\",\"result\":{\"response\":\"SUCCESS\"}}"
#define SYNC_EACH                                                                                  \
    "{\"params\":{\"status\":\"success\"},\"responseCode\":\"OK\","                                \
    "\"result\":{\"esSyncResponse\":{\"u1\":true,\"u-2\":false}}}"
#define SYNC_BAD                                                                                   \
    "{\"params\":{\"err\":\"UOS_0072\",\"status\":\"FAILED\","                                     \
    "\"errmsg\":\"Invalid Object Type.\"},\"responseCode\":\"CLIENT_ERROR\",\"result\":{}}"

enum { SUNBIRD_ANSWERS = 4 };
static const char *const sunbird_answers[SUNBIRD_ANSWERS] = {SYNC_GOOD, SYNC_EACH, SYNC_BAD, NULL};

#define ES_ROOT "{\"version\":{\"number\":\"6.8.23\",\"distribution\":\"opensearch\"}}"
#define ES_MGET                                                                                    \
    "{\"docs\":[{\"_id\":\"u1\",\"found\":true,\"_source\":{\"rootOrgId\":\"r\",\"channel\":"      \
    "\"c\",\"status\":1,\"organisations\":[{\"organisationId\":\"a\"},{}],\"createdFor\":"         \
    "[\"x\",null,\"y\"]}},{\"_id\":\"u-2\",\"found\":false}]}"
#define ES_MGET_ERROR                                                                              \
    "{\"docs\":[{\"_id\":\"u1\",\"error\":{\"type\":\"index_not_found_exception\",\"reason\":"     \
    "\"no such index\"}},{\"_id\":\"u-2\"}]}"

/* Three indices by their new names; then the oldest one with a type per object. */
static const char *const elasticsearch_answers[] = {ES_ROOT, "{}",    "{}",
                                                    "{}",    ES_MGET, ES_MGET_ERROR};
static const char *const elasticsearch_old_answers[] = {ES_ROOT, NULL, NULL, "{}",   NULL,
                                                        NULL,    NULL, NULL, ES_MGET};

#define TEXT(target, prefix, text)                                                                 \
    {                                                                                              \
        target, prefix, sizeof prefix - 1, text                                                    \
    }

static const struct {
    const char *target;
    const char *prefix;
    size_t prefix_bytes;
    const char *text;
} seed_texts[] = {
    TEXT("csv", "\0", "\5plain\0\4a\"b,\4=1+1\3\r\n\n"),
    TEXT("csv", "\0", "\2\xc3\xa9\2\xff\xfe\1\t"),
    TEXT("csv", "\1", "u1\nu2\n\nu1\r\n  u3 \n"),
    TEXT("csv", "\1", "\xef\xbb\xbfu1\nu2,x\n"),
    TEXT("csv", "\1", "a,b\nc;d\n"),
    TEXT("ddl", "",
         "CREATE KEYSPACE sunbird WITH replication = {'class': 'SimpleStrategy'};\nUSE sunbird;\n"
         "CREATE TABLE IF NOT EXISTS user (id text PRIMARY KEY, rootorgid text, "
         "roles frozen<list<text>>, \"Odd\" map<text, frozen<set<int>>> static) WITH comment = "
         "'a''b';\n"),
    TEXT("ddl", "",
         "-- a line\n/* more\nlines */ create table ks.t (a int, b text, c 'a.Class', "
         "d tuple<int, text>, primary key ((a, b), c)) with clustering order by (c desc);"
         "CREATE CUSTOM INDEX i ON ks.t (d); // end"),
    TEXT("settings", "",
         "# a move\ncassandra: 10.0.0.5,10.0.0.6:9043\nsource: \"0123\"\ntarget: '0456'\n"
         "in-flight: 64\ncassandra-compression: no\nneo4j: ~\nsync-url: embedded:file.db\n"),
    TEXT("settings", "", "casandra: x\n"),
    TEXT("settings", "", "in-flight: [1, 2]\na: \"unclosed\n"),
    TEXT("settings", "", "cassandra-password: secret\n"),
    TEXT("profile", "", "rules: []\n"),
    TEXT(
        "profile", "",
        "keyspaces: { sunbird: s }\nrules:\n  - rule: user\n    table: sunbird.user\n"
        "    find: { column: rootorgid, equals: $source.id }\n    set: { rootorgid: $target.id }\n"
        "    sync: { object: user, id: id }\n  - rule: m\n    table: sunbird.m\n"
        "    find: { key: o, equals: $source.id }\n    set: { o: $target.id }\n"
        "    collision: merge\n    merge: { live: isdeleted, earliest: [a, b], union: [roles] }\n"),
    TEXT("profile", "",
         "rules:\n  - rule: content\n    label: domain\n    id: IL_UNIQUE_ID\n"
         "    find: { property: channel, equals: $source.hashtagid }\n"
         "    set: { channel: $target.hashtagid }\n"
         "    replace: { list: createdFor, from: $source.id, to: $target.id }\n"
         "  - rule: old\n    table: k.o\n    find: { key: id, equals: $source.id }\n"
         "    set: { status: 0 }\n    phase: retire\n"
         "  - rule: c\n    table: k.c\n    find: { list: x, contains: lit }\n    leave: \"why\"\n"),
    TEXT("profile", "", "a: &x 1\nb: *x\n"),
    TEXT("json", "", "{\"a\": [1, -2.5e3, true, null, \"\\u0000\\ud83d\\ude00\\\"\"], \"b\": {}}"),
    TEXT("json", "", "[[[[[\"deep\"]]]], 9223372036854775807]"),
    TEXT("json", "", "\"text\""),
    TEXT("neo4j", "\4\0\0",
         "{\"data\":\"http://inside:7474/db/data/\",\"management\":\"http://inside:7474/db/manage/"
         "\"}"),
    TEXT("neo4j", "\4\0\0",
         "{\"query\":\"http://inside:7474/db/{databaseName}/query/v2\","
         "\"transaction\":\"http://inside:7474/db/{databaseName}/"
         "tx\",\"neo4j_version\":\"5.26.30\"}"),
    TEXT("neo4j", "\10\0\0",
         "{\"data\":{\"fields\":[\"a\",\"b\"],\"values\":[[1,\"x\"],[null,[\"y\"]]]},\"bookmarks\":"
         "[]}"),
    TEXT("neo4j", "\11\0\0",
         "{\"results\":[{\"columns\":[\"a\"],\"data\":[{\"row\":[1,\"x\"],\"meta\":[null]}]}],"
         "\"errors\":[]}"),
    TEXT(
        "neo4j", "\12\0\0",
        "{\"results\":[],\"errors\":[{\"code\":\"Neo.TransientError.Transaction.DeadlockDetected\","
        "\"message\":\"locks\"}]}"),
    TEXT("neo4j", "\1\1\221",
         "{\"errors\":[{\"code\":\"Neo.ClientError.Security.Unauthorized\"}]}"),
    TEXT("neo4j", "\2\1\224", "<html>not here</html>"),
};

#endif
