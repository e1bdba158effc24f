/* tm-seed: makes the data of the demo and the tests, prints tables for comparison, and puts single rows. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "dump.h"
#include "embedded/file.h"
#include "fill.h"
#include "put.h"
#include "seed.h"

static const char usage[] =
    "usage: tm-seed --to ADDRESS [option…]        writes the two tenants and others around them\n"
    "       tm-seed dump --from ADDRESS --table KEYSPACE.TABLE [--with-timestamps]\n"
    "       tm-seed put --to ADDRESS --table KEYSPACE.TABLE [--timestamp US] COLUMN=VALUE…\n"
    "       tm-seed delete --to ADDRESS --table KEYSPACE.TABLE [--timestamp US] KEY=VALUE…\n"
    "\n"
    "  ADDRESS is host:port of a Cassandra whose tables exist, or embedded:PATH.\n"
    "  --schema FILE        embedded: make the file, with the tables of this CQL text\n"
    "  --graph ADDRESS      write the content too: http://host:7474 or embedded:PATH\n"
    "  --index ADDRESS      write the documents too: http://host:9200 or embedded:PATH\n"
    "  --users N            of the old tenant (179)      --target-users N    of the new one (237)\n"
    "  --others N           of other tenants (20000)     --batches N         of the old tenant "
    "(7)\n"
    "  --other-batches N    (905)                        --contents N        of the old one "
    "(6144)\n"
    "  --target-contents N  of the new one (4271)        --other-contents N  (5000)\n"
    "  --seed N             another seed, other rows (1)\n"
    "  --user NAME --password-file FILE                  login at Cassandra\n"
    "  --ca FILE [--certificate FILE]                    TLS at Cassandra, PEM files\n"
    "  COLUMN=VALUE: the whole key among them; \\xNN is any byte, null deletes the cell, | is "
    "between elements\n"
    "  --graph-user NAME --graph-password-file FILE      login at Neo4j\n";

struct arguments {
    struct seed seed;
    const char *to, *from, *table, *schema, *graph, *index;
    const char *ca, *certificate;
    const char *user, *password_file, *graph_user, *graph_password_file;
    bool with_timestamps;
    int64_t timestamp;
    char password[256], graph_password[256];
};

enum option_number {
    O_TO = 256,
    O_FROM,
    O_TABLE,
    O_STAMPS,
    O_SCHEMA,
    O_GRAPH,
    O_INDEX,
    O_USER,
    O_PASSWORD,
    O_CA,
    O_CERTIFICATE,
    O_GRAPH_USER,
    O_GRAPH_PASSWORD,
    O_SEED,
    O_TIMESTAMP,
    O_NUMBERS
};

static const struct option options[] = {
    {"to", required_argument, NULL, O_TO},
    {"from", required_argument, NULL, O_FROM},
    {"table", required_argument, NULL, O_TABLE},
    {"with-timestamps", no_argument, NULL, O_STAMPS},
    {"schema", required_argument, NULL, O_SCHEMA},
    {"graph", required_argument, NULL, O_GRAPH},
    {"index", required_argument, NULL, O_INDEX},
    {"user", required_argument, NULL, O_USER},
    {"password-file", required_argument, NULL, O_PASSWORD},
    {"ca", required_argument, NULL, O_CA},
    {"certificate", required_argument, NULL, O_CERTIFICATE},
    {"graph-user", required_argument, NULL, O_GRAPH_USER},
    {"graph-password-file", required_argument, NULL, O_GRAPH_PASSWORD},
    {"timestamp", required_argument, NULL, O_TIMESTAMP},
    {"seed", required_argument, NULL, O_SEED},
    {"users", required_argument, NULL, O_NUMBERS},
    {"target-users", required_argument, NULL, O_NUMBERS + 1},
    {"others", required_argument, NULL, O_NUMBERS + 2},
    {"batches", required_argument, NULL, O_NUMBERS + 3},
    {"other-batches", required_argument, NULL, O_NUMBERS + 4},
    {"contents", required_argument, NULL, O_NUMBERS + 5},
    {"target-contents", required_argument, NULL, O_NUMBERS + 6},
    {"other-contents", required_argument, NULL, O_NUMBERS + 7},
    {NULL, 0, NULL, 0},
};

static bool number(const char *text, int *out)
{
    char *rest;
    long v = strtol(text, &rest, 10);
    if (*rest || rest == text || v < 0 || v > 100000000)
        return false;
    *out = (int)v;
    return true;
}

static bool take(struct arguments *a, int option)
{
    struct seed *s = &a->seed;
    int *const numbers[] = {&s->users,           &s->target_users,  &s->others,
                            &s->batches,         &s->other_batches, &s->contents,
                            &s->target_contents, &s->other_contents};
    switch (option) {
    case O_TO: a->to = optarg; return true;
    case O_FROM: a->from = optarg; return true;
    case O_TABLE: a->table = optarg; return true;
    case O_STAMPS: a->with_timestamps = true; return true;
    case O_SCHEMA: a->schema = optarg; return true;
    case O_GRAPH: a->graph = optarg; return true;
    case O_INDEX: a->index = optarg; return true;
    case O_USER: a->user = optarg; return true;
    case O_PASSWORD: a->password_file = optarg; return true;
    case O_CA: a->ca = optarg; return true;
    case O_CERTIFICATE: a->certificate = optarg; return true;
    case O_GRAPH_USER: a->graph_user = optarg; return true;
    case O_GRAPH_PASSWORD: a->graph_password_file = optarg; return true;
    case O_TIMESTAMP: a->timestamp = strtoll(optarg, NULL, 10); return true;
    case O_SEED: s->seed = strtoull(optarg, NULL, 10); return true;
    default: break;
    }
    return option >= O_NUMBERS && option < O_NUMBERS + 8 &&
           number(optarg, numbers[option - O_NUMBERS]);
}

/* The first line of a file. */
static bool read_line(const char *path, char *out, size_t size, struct fault *f)
{
    FILE *file = fopen(path, "r");
    bool ok = file && fgets(out, (int)size, file) != NULL;
    if (file)
        fclose(file);
    out[ok ? strcspn(out, "\r\n") : 0] = '\0';
    if (!ok)
        fault_set(f, FAULT_USAGE, "could not read %s", path);
    return ok;
}

static bool make_file(const char *path, const char *schema, struct fault *f)
{
    struct buf text;
    char chunk[8192];
    size_t n;
    buf_init(&text, EMBEDDED_SCHEMA_MAX);
    FILE *file = fopen(schema, "r");
    bool ok = file || fault_set(f, FAULT_USAGE, "could not read %s", schema);
    while (ok && (n = fread(chunk, 1, sizeof chunk, file)) > 0)
        ok = buf_append(&text, chunk, n) || fault_memory(f);
    if (file)
        fclose(file);
    struct embedded *e = ok ? embedded_open(path, true, f) : NULL;
    ok = e && embedded_schema(e, buf_view(&text), f);
    embedded_free(e);
    buf_fini(&text);
    return ok;
}

static struct store *open_store(const struct arguments *a, struct loop *loop, const char *address,
                                struct fault *f)
{
    struct store_options o = {.address = address,
                              .user = a->user,
                              .password = a->password,
                              .tls = a->ca != NULL,
                              .tls_verify = true,
                              .ca_file = a->ca,
                              .certificate_file = a->certificate,
                              .consistency = "LOCAL_QUORUM",
                              .compression = true};
    return store_open(loop, &o, f);
}

static bool write_all(const struct arguments *a, struct loop *loop, struct fault *f)
{
    struct fill_login login = {a->graph_user, a->graph_password};
    if (a->schema && strncmp(a->to, "embedded:", 9) == 0 && !make_file(a->to + 9, a->schema, f))
        return false;
    struct store *store = open_store(a, loop, a->to, f);
    struct sink *k = store ? sink_new(store, f) : NULL;
    uint64_t start = loop_now_ms(loop);
    bool ok = k != NULL;
    if (ok) {
        seed_organisations(&a->seed, k);
        seed_users(&a->seed, k);
        seed_batches(&a->seed, k);
        ok = sink_flush(k, f);
        printf("rows       %9llu written in %.1f s\n", (unsigned long long)sink_rows(k),
               (double)(loop_now_ms(loop) - start) / 1000);
    }
    sink_free(k);
    store_free(store);
    if (ok && a->graph) {
        ok = fill_graph(&a->seed, loop, a->graph, &login, f);
        printf("contents   %9d\n", ok ? content_count(&a->seed) : 0);
    }
    if (ok && a->index) {
        ok = fill_index(&a->seed, loop, a->index, f);
        printf("documents  %s\n", ok ? "written" : "not written");
    }
    return ok;
}

/* |keyspace| has room for NAME_TEXT_MAX bytes; the table's own name is returned, or NULL. */
static const char *split_table(const char *table, char *keyspace, struct fault *f)
{
    const char *dot = strchr(table, '.');
    size_t n = dot ? (size_t)(dot - table) : 0;
    if (n == 0 || n >= NAME_TEXT_MAX) {
        fault_set(f, FAULT_USAGE, "--table wants KEYSPACE.TABLE");
        return NULL;
    }
    memcpy(keyspace, table, n);
    keyspace[n] = '\0';
    return dot + 1;
}

static bool put(const struct arguments *a, struct loop *loop, char **words, int count,
                bool whole_row, struct fault *f)
{
    char keyspace[NAME_TEXT_MAX];
    const char *name = split_table(a->table, keyspace, f);
    struct store *store = name ? open_store(a, loop, a->to, f) : NULL;
    bool ok = store && put_row(store, keyspace, name, words, count, whole_row, a->timestamp, f);
    store_free(store);
    return ok;
}

static bool dump(const struct arguments *a, struct loop *loop, struct fault *f)
{
    char keyspace[NAME_TEXT_MAX];
    const char *name = split_table(a->table, keyspace, f);
    if (!name)
        return false;
    struct store *store = open_store(a, loop, a->from, f);
    bool ok = store && dump_table(store, keyspace, name, a->with_timestamps, stdout, f);
    store_free(store);
    return ok;
}

int main(int argc, char **argv)
{
    static struct arguments a = {.seed = {.seed = 1,
                                          .users = 179,
                                          .target_users = 237,
                                          .others = 20000,
                                          .batches = 7,
                                          .other_batches = 905,
                                          .contents = 6144,
                                          .target_contents = 4271,
                                          .other_contents = 5000}};
    struct fault f = {0};
    bool is_dump = argc > 1 && strcmp(argv[1], "dump") == 0;
    bool is_delete = argc > 1 && strcmp(argv[1], "delete") == 0;
    bool is_put = is_delete || (argc > 1 && strcmp(argv[1], "put") == 0);
    int c;
    optind = is_dump || is_put ? 2 : 1;
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
        if (!take(&a, c)) {
            fputs(usage, stderr);
            return 64;
        }
    if ((optind != argc) != is_put || (is_dump ? !a.from : !a.to) ||
        ((is_dump || is_put) && !a.table)) {
        fputs(usage, stderr);
        return 64;
    }
    struct loop *loop = loop_new(&f);
    bool ok = loop != NULL;
    ok = ok && (!a.password_file || read_line(a.password_file, a.password, sizeof a.password, &f));
    ok = ok && (!a.graph_password_file ||
                read_line(a.graph_password_file, a.graph_password, sizeof a.graph_password, &f));
    if (ok && is_put)
        ok = put(&a, loop, argv + optind, argc - optind, is_delete, &f);
    else if (ok)
        ok = is_dump ? dump(&a, loop, &f) : write_all(&a, loop, &f);
    loop_free(loop);
    explicit_bzero(a.password, sizeof a.password);
    explicit_bzero(a.graph_password, sizeof a.graph_password);
    if (!ok)
        fprintf(stderr, "tm-seed: %s%s%s\n", f.text, f.subject[0] ? ": " : "", f.subject);
    return ok ? 0 : 2;
}
