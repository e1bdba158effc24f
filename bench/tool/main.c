/* tm-bench: loads the benchmark's data, and does the small jobs that are measured beside tenantmove. See the usage. */
#include "tool.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: tm-bench load --at HOST:PORT [option…]     writes organisations, users and batches\n"
    "       tm-bench ids|batches [option…]             prints the tenant's, one a line\n"
    "       tm-bench scan --at HOST:PORT [option…]     scans as `plan` does, and only counts\n"
    "       tm-bench check --at HOST:PORT [option…]    counts what was applied: every 10th user\n"
    "       tm-bench reads --at HOST:PORT [option…]    steady reads of other tenants' users\n"
    "\n"
    "  --rows N          users in all (1000000)         --tenant PERCENT   of the source (10)\n"
    "  --batches N       of the source (0)              --keyspace NAME    of the batches "
    "(sunbird_courses)\n"
    "  --equals ID       the rootorgid to count (the source's)\n"
    "  --rate N          reads a second (500)           --seconds N        0: until SIGTERM (0)\n"
    "  --in-flight N     requests at most (128)         --filter auto|client|server   of a scan "
    "(auto)\n";

static const struct {
    const char *name;
    bool (*run)(struct tool *t, struct fault *f);
    bool connects;
} commands[] = {
    {"load", tool_load, true},        {"ids", tool_ids, false},    {"scan", tool_scan, true},
    {"batches", tool_batches, false}, {"check", tool_check, true}, {"reads", tool_reads, false},
};

struct table *tool_user_table(struct tool *t, struct arena *a, struct fault *f)
{
    struct table *table = NULL;
    if (!store_table(t->store, "sunbird", "user", a, &table, f))
        return NULL;
    if (!table)
        fault_set(f, FAULT_USAGE, "there is no table sunbird.user");
    return table;
}

static bool take_options(struct tool *t, int argc, char **argv)
{
    static const struct option options[] = {
        {"at", required_argument, NULL, 'a'},
        {"rows", required_argument, NULL, 'r'},
        {"tenant", required_argument, NULL, 't'},
        {"batches", required_argument, NULL, 'b'},
        {"keyspace", required_argument, NULL, 'k'},
        {"equals", required_argument, NULL, 'e'},
        {"rate", required_argument, NULL, 'q'},
        {"seconds", required_argument, NULL, 's'},
        {"in-flight", required_argument, NULL, 'i'},
        {"filter", required_argument, NULL, 'f'},
        {NULL, 0, NULL, 0},
    };
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        int number = optarg ? (int)strtol(optarg, NULL, 10) : 0;
        switch (option) {
        case 'a': t->address = optarg; break;
        case 'r': t->rows = number; break;
        case 't': t->tenant = number; break;
        case 'b': t->batches = number; break;
        case 'k': t->keyspace = optarg; break;
        case 'e': t->equals = optarg; break;
        case 'q': t->rate = number; break;
        case 's': t->seconds = number; break;
        case 'i': t->in_flight = number; break;
        case 'f':
            t->filter = strcmp(optarg, "client") == 0   ? STORE_FILTER_CLIENT
                        : strcmp(optarg, "server") == 0 ? STORE_FILTER_SERVER
                                                        : STORE_FILTER_AUTO;
            break;
        default: return false;
        }
    }
    return optind == argc && t->rows >= 0 && t->tenant >= 0 && t->tenant <= 100 &&
           t->batches >= 0 && t->rate > 0 && t->seconds >= 0;
}

static bool run(struct tool *t, int command, struct fault *f)
{
    if (!commands[command].connects)
        return commands[command].run(t, f);
    struct store_options o = {.address = t->address,
                              .consistency = "LOCAL_QUORUM",
                              .compression = true,
                              .in_flight = t->in_flight};
    t->loop = loop_new(f);
    t->store = t->loop ? store_open(t->loop, &o, f) : NULL;
    bool ok = t->store && commands[command].run(t, f);
    store_free(t->store);
    loop_free(t->loop);
    return ok;
}

int main(int argc, char **argv)
{
    struct tool t = {.rows = 1000000,
                     .tenant = 10,
                     .rate = 500,
                     .keyspace = "sunbird_courses",
                     .equals = "01241408242723225614"};
    struct fault f = {0};
    int command = -1;
    for (int i = 0; argc > 1 && i < (int)(sizeof commands / sizeof commands[0]); i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            command = i;
    optind = 2;
    if (command < 0 || !take_options(&t, argc, argv) ||
        (commands[command].connects && !t.address)) {
        fputs(usage, stderr);
        return 64;
    }
    if (run(&t, command, &f))
        return 0;
    fprintf(stderr, "tm-bench: %s%s%s\n", f.text, f.subject[0] ? ": " : "", f.subject);
    return 2;
}
