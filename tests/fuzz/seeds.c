/* seeds: writes the seed corpora that follow from the unit tests' samples into CORPUS/TARGET/HASH.
 *
 * usage: fuzz_seeds CORPUS
 *
 * Run it again after a sample was added; files that are there already stay. What was recorded from real
 * servers comes from tests/fuzz/record.py, what a run of the fuzzer found worth keeping from
 * `tests/fuzz/run --keep`.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "cql/wire/envelope.h"
#include "cql/wire/message.h"
#include "cql/wire/segment.h"
#include "move/change.h"
#include "move/profile.h"
#include "net/digest.h"
#include "seed_texts.h"
#include "unit/cql/samples.h"
#include "unit/cql/scripted_tables.h"

static const char *corpus;

static void put_seed(const char *target, struct bytes seed)
{
    char dir[4096], path[4200], hash[DIGEST_TEXT];
    digest_of(seed, hash);
    snprintf(dir, sizeof dir, "%s/%s", corpus, target);
    snprintf(path, sizeof path, "%s/%.16s", dir, hash);
    mkdir(dir, 0777);
    FILE *file = fopen(path, "we");
    if (!file || fwrite(seed.p, 1, seed.n, file) != seed.n || fclose(file) != 0) {
        perror(path);
        exit(1);
    }
}

static void put_prefixed(const char *target, const char *prefix, size_t n, struct bytes rest)
{
    struct buf seed;
    buf_init(&seed, 1 << 20);
    buf_append(&seed, prefix, n);
    buf_append_bytes(&seed, rest);
    put_seed(target, buf_view(&seed));
    buf_fini(&seed);
}

static void put_envelope(struct buf *out, struct cql_dialect d, enum cql_opcode opcode,
                         struct bytes body)
{
    size_t start = cql_envelope_begin(out, d, 1, opcode);
    buf_append_bytes(out, body);
    assert(cql_envelope_end(out, start, d, NULL));
    out->p[start] |= 0x80;
}

/* Every sample as a reply's body, and as an envelope of v4 (LZ4 may compress it) and in a segment. */
static void replies(void)
{
    struct buf body, plain, raw;
    buf_init(&body, 1 << 16);
    buf_init(&plain, 1 << 20);
    buf_init(&raw, 1 << 20);
    for (int i = 0; i < 3 * SAMPLES; i++) {
        int version = 3 + i % 3;
        enum cql_opcode opcode = put_sample(&body, i / 3, version);
        const char head[] = {(char)(i % 3), (char)opcode, 0};
        put_prefixed("reply", head, 3, buf_view(&body));
        if (opcode == CQL_RESULT && body.p[3] == 2)
            put_prefixed("rows", head, 1, (struct bytes){body.p + 4, body.n - 4});
        buf_clear(&plain);
        buf_clear(&raw);
        struct cql_dialect d = {.version = version, .lz4 = i & 1};
        put_envelope(&plain, d, opcode, buf_view(&body));
        if (version == 5)
            assert(cql_segments_append(&raw, buf_view(&plain), d.lz4, NULL));
        const char mode[] = {(char)((version == 5) | d.lz4 << 1), (char)(7 * i)};
        put_prefixed("input", mode, 2, buf_view(version == 5 ? &raw : &plain));
        /* In segment.c: mode, piece, then self-contained, length, payload. */
        const char segment[] = {(char)d.lz4,  0, (char)(7 * i), 1, (char)(plain.n >> 8),
                                (char)plain.n};
        put_prefixed("segment", segment, 6, buf_view(&plain));
    }
    put_prefixed("segment", "\2\1\0\0\40\5hello\177\377\0\0\0\3abc", 17, bytes_null());
    put_prefixed("segment", "\3\1\0\0\40\5hello\377\377\0\0\0\3abc", 17, bytes_null());
    buf_fini(&body);
    buf_fini(&plain);
    buf_fini(&raw);
}

static void messages(void)
{
    static const char *const seeds[] = {
        "\1\2id\1m\0\6\0SELECT a FROM t",
        "\102\2id\1m\37\6\3\1\0\11\11\11\11\11\11\11\11\3abc\1x\377\376",
        "\300\2id\1m\2\6\2\23\210\2ab\0",
        "\2\1a\1b\4\6\1\5valueUPDATE t SET a = ?",
    };
    for (size_t i = 0; i < sizeof seeds / sizeof seeds[0]; i++)
        put_prefixed("message", seeds[i], strlen(seeds[i]) + (i == 2), bytes_null());
}

static void append_list(struct buf *out, const char *const *elements, int count)
{
    size_t start = list_begin(out);
    for (int i = 0; i < count; i++)
        list_add(out, bytes_of(elements[i]));
    list_end(out, start, (uint32_t)count);
}

static void lists(void)
{
    static const char *const elements[] = {"a", "0123", "b", "0456", "a", "c"};
    struct buf seed, list;
    buf_init(&seed, 1 << 16);
    buf_init(&list, 1 << 16);
    for (int i = 0; i < 12; i++) {
        buf_clear(&seed);
        buf_clear(&list);
        append_list(&list, elements, i % 7);
        buf_append_u8(&seed, (uint8_t)i);
        buf_append_text(&seed, "\0040123\0040456");
        buf_append_u16(&seed, (uint16_t)list.n);
        buf_append_bytes(&seed, buf_view(&list));
        append_list(&seed, elements + 2, i % 5 & ~1);
        put_seed("list", buf_view(&seed));
    }
    struct named_cell cells[] = {{bytes_of("id"), bytes_of("u1"), INT64_MIN, 0},
                                 {bytes_of("rootorgid"), bytes_of("0123"), 1700000000000000, 86400},
                                 {bytes_of("channel"), bytes_null(), 5, 0}};
    for (int n = 0; n <= 3; n++) {
        buf_clear(&list);
        assert(named_cells_encode(&(struct named_cells){cells, n}, &list));
        put_prefixed("list", "\200", 1, buf_view(&list));
    }
    buf_fini(&seed);
    buf_fini(&list);
}

static void values(void)
{
    static const struct {
        const char *type;
        const char *value;
        size_t n;
    } samples[] = {
        {"text", "a \"b\"\n", 6},
        {"int", "\0\0\0\7", 4},
        {"varint", "\xff\x7f\0\1\2\3\4\5\6", 9},
        {"decimal", "\0\0\0\2\x04\xd2", 6},
        {"decimal", "\x7f\xff\xff\xff\1", 5},
        {"double", "\x3f\xf0\0\0\0\0\0\0", 8},
        {"float", "\x7f\xc0\0\0", 4},
        {"date", "\x80\0\0\0", 4},
        {"time", "\0\0\0\0\0\0\0\1", 8},
        {"timestamp", "\0\0\1\x8b\xcf\xe5\x68\0", 8},
        {"duration", "\x02\x04\x06", 3},
        {"inet", "\x7f\0\0\1", 4},
        {"uuid", "0123456789abcdef", 16},
        {"list<text>", "\0\0\0\2\0\0\0\1a\0\0\0\2\"b", 15},
        {"map<int, text>", "\0\0\0\1\0\0\0\4\0\0\0\7\0\0\0\1x", 17},
        {"map<text, frozen<list<text>>>", "\0\0\0\1\0\0\0\1k\0\0\0\x09\0\0\0\1\0\0\0\1v", 22},
        {"tuple<int, text>", "\0\0\0\4\0\0\0\1\xff\xff\xff\xff", 12},
        {"frozen<map<frozen<set<text>>, 'a.Class'>>", "\0\0\0\0", 4},
        {"sunbird.address", "\0\0\0\1", 4},
    };
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        char line[128];
        int n = snprintf(line, sizeof line, "%s\n", samples[i].type);
        put_prefixed("value", line, (size_t)n,
                     (struct bytes){(const uint8_t *)samples[i].value, samples[i].n});
    }
}

/* Answers one after the other: a byte of status (0: 200, 1: 404), two of length, the body. */
static void answers(const char *target, const char *mode, const char *const *bodies, int count)
{
    struct buf seed;
    buf_init(&seed, 1 << 16);
    buf_append_text(&seed, mode);
    for (int i = 0; i < count; i++) {
        buf_append_u8(&seed, bodies[i] ? 0 : 1);
        buf_append_u16(&seed, (uint16_t)(bodies[i] ? strlen(bodies[i]) : 0));
        buf_append_text(&seed, bodies[i] ? bodies[i] : "");
    }
    put_seed(target, buf_view(&seed));
    buf_fini(&seed);
}

static void put_answer(struct buf *seed, struct buf *answer)
{
    buf_append_u16(seed, (uint16_t)answer->n);
    buf_append_bytes(seed, buf_view(answer));
    buf_clear(answer);
}

/* Answers in the order in which the store asks: the node, a table, its pages, the names of tables. */
static void schemas(void)
{
    static const char *const asked[] = {"FROM system.local",
                                        "FROM system.peers_v2",
                                        "FROM system_schema.keyspaces",
                                        "toUnixTimestamp",
                                        "toUnixTimestamp",
                                        "SELECT flags",
                                        "FROM system_schema.columns",
                                        "FROM system_schema.triggers"};
    struct buf seed, answer;
    buf_init(&seed, 1 << 16);
    buf_init(&answer, 1 << 16);
    for (int mode = 0; mode < 6; mode++) {
        buf_clear(&seed);
        buf_append_u8(&seed, (uint8_t)mode);
        for (int i = mode & 1 ? 5 : 0; i < 8; i++) {
            if (!tables_opening(&answer, asked[i]))
                tables_schema(&answer, asked[i]);
            put_answer(&seed, &answer);
        }
        tables_page(&answer, "u1", "next");
        put_answer(&seed, &answer);
        tables_page(&answer, "u2", NULL);
        put_answer(&seed, &answer);
        tables_begin(&answer, 4, NULL, 0);
        put_answer(&seed, &answer);
        tables_schema(&answer, "FROM system_schema.tables");
        put_answer(&seed, &answer);
        put_seed("schema", buf_view(&seed));
    }
    buf_fini(&seed);
    buf_fini(&answer);
}

/* Mode, pieces, then what is said: 0 the right answer, 1 close, 2 bytes, 3 an envelope. */
static void clients(void)
{
    static const char *const seeds[] = {"\2\0\0",
                                        "\0\0\0\0\0\0\1",
                                        "\15\0\40\0\0\0\0\1",
                                        "\22\0\0",
                                        "\1\0\0\2\0\11\204\0\0\0\6\0\0\0\0",
                                        "\16\0\0\0\0\3\0\5\10\0\0\0\1",
                                        "\5\0\0\0\0\0\3\0\11\0\0\0\20\1\0\2hi"};
    static const size_t sizes[] = {3, 7, 8, 3, 15, 13, 15};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        put_prefixed("client", seeds[i], sizes[i], bytes_null());
}

static void texts(void)
{
    for (size_t i = 0; i < sizeof seed_texts / sizeof seed_texts[0]; i++)
        put_prefixed(seed_texts[i].target, seed_texts[i].prefix, seed_texts[i].prefix_bytes,
                     bytes_of(seed_texts[i].text));
    put_seed("profile", profile_builtin());
    answers("elasticsearch", "0", elasticsearch_answers, 6);
    answers("elasticsearch", "0", elasticsearch_old_answers, 9);
    for (int i = 0; i < SUNBIRD_ANSWERS; i++) {
        const char *const three[] = {sunbird_answers[i], sunbird_answers[0], sunbird_answers[i]};
        answers("sunbird", i % 2 ? "3" : "0", three, 3);
    }
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fputs("usage: fuzz_seeds CORPUS\n", stderr);
        return 64;
    }
    corpus = argv[1];
    mkdir(corpus, 0777);
    replies();
    messages();
    lists();
    values();
    texts();
    schemas();
    clients();
    return 0;
}
