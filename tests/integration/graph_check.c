/* graph_check.c: drives graph/neo4j.c against a real server, for graph.sh.
 *
 *   graph_check ADDRESS about
 *   graph_check ADDRESS scan|count CHANNEL ORG
 *   graph_check ADDRESS move CHANNEL ORG NEW_CHANNEL NEW_ORG
 *
 * move scans, says "planned N", waits for a line on stdin, writes what it planned in batches, reads
 * it back and says "done N was N conflict N gone N"; and "right N" for how many now have the after
 * values. Login: GRAPH_USER and GRAPH_PASSWORD.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graph/graph.h"
#include "move/type.h"
#include "net/loop.h"

static const char label[] = "domain";
static const char uid[] = "IL_UNIQUE_ID";

/* A planned node with its own copies of everything. */
struct planned {
    char uid[128];
    bool has_uid;
    struct property before[2], after[2];
    struct buf bytes[4];
};

struct plan {
    struct planned *nodes;
    int count, room;
    const char *channel, *org, *new_channel, *new_org;
    struct node_write *writes;
    int right;
};

static int fail(const struct fault *f)
{
    printf("fault %s: %s | %s | %s\n", fault_code_name(f->code), f->text, f->subject, f->hint);
    return 1;
}

static void print_list(struct bytes list)
{
    if (bytes_are_null(list)) {
        printf("-");
        return;
    }
    size_t cursor = 0;
    struct bytes element;
    printf("[");
    for (int i = 0; list_next(list, &cursor, &element); i++)
        printf("%s%.*s", i ? "," : "", (int)element.n, (const char *)element.p);
    printf("]");
}

static bool print_node(void *context, const struct node *n, struct fault *f)
{
    (void)context;
    (void)f;
    struct bytes id = n->uid;
    struct bytes channel = n->properties[0].value;
    printf("%.*s ", id.p ? (int)id.n : 1, id.p ? (const char *)id.p : "-");
    printf("%.*s ", channel.p ? (int)channel.n : 1, channel.p ? (const char *)channel.p : "-");
    print_list(n->properties[1].value);
    printf("\n");
    return true;
}

static void keep(struct property *out, const struct property *p, struct bytes value,
                 struct buf *bytes)
{
    *out = *p;
    buf_init(bytes, 1 << 20);
    out->value = bytes_null();
    if (bytes_are_null(value))
        return;
    buf_append_bytes(bytes, value);
    out->value = buf_view(bytes);
}

static void move_list(const struct plan *p, struct bytes list, struct buf *out)
{
    size_t cursor = 0;
    struct bytes element;
    size_t start = list_begin(out);
    uint32_t count = 0;
    while (list_next(list, &cursor, &element)) {
        list_add(out, bytes_are(element, p->org) ? bytes_of(p->new_org) : element);
        count++;
    }
    list_end(out, start, count);
}

static bool plan_node(void *context, const struct node *n, struct fault *f)
{
    struct plan *p = context;
    if (p->count == p->room)
        return fault_set(f, FAULT_TOO_MANY, "more than %d nodes", p->room);
    struct planned *d = &p->nodes[p->count];
    struct node_write *w = &p->writes[p->count++];
    d->has_uid = n->uid.p != NULL;
    snprintf(d->uid, sizeof d->uid, "%.*s", (int)n->uid.n, n->uid.p ? (const char *)n->uid.p : "");
    struct bytes channel = n->properties[0].value;
    keep(&d->before[0], &n->properties[0], channel, &d->bytes[0]);
    keep(&d->before[1], &n->properties[1], n->properties[1].value, &d->bytes[1]);
    keep(&d->after[0], &n->properties[0],
         bytes_are(channel, p->channel) ? bytes_of(p->new_channel) : channel, &d->bytes[2]);
    struct buf list;
    buf_init(&list, 1 << 20);
    if (n->properties[1].value.p)
        move_list(p, n->properties[1].value, &list);
    keep(&d->after[1], &n->properties[1], n->properties[1].value.p ? buf_view(&list) : bytes_null(),
         &d->bytes[3]);
    buf_fini(&list);
    *w = (struct node_write){.uid = d->has_uid ? bytes_of(d->uid) : bytes_null(),
                             .id = n->id,
                             .before = d->before,
                             .after = d->after,
                             .property_count = 2};
    return true;
}

static bool check_node(void *context, int i, const struct node *n, struct fault *f)
{
    (void)f;
    struct plan *p = context;
    const struct node_write *w = &p->writes[i];
    if (n && bytes_equal(n->properties[0].value, w->after[0].value) &&
        bytes_equal(n->properties[1].value, w->after[1].value))
        p->right++;
    return true;
}

static bool write_plan(struct graph *g, struct plan *p, struct fault *f)
{
    int outcomes[4] = {0};
    for (int at = 0; at < p->count; at += GRAPH_BATCH_MAX) {
        int some = p->count - at < GRAPH_BATCH_MAX ? p->count - at : GRAPH_BATCH_MAX;
        if (!graph_write(g, label, uid, p->writes + at, some, f))
            return false;
    }
    for (int i = 0; i < p->count; i++)
        outcomes[p->writes[i].outcome]++;
    if (!graph_read(g, label, uid, p->writes, p->count, check_node, p, f))
        return false;
    printf("done %d was %d conflict %d gone %d\nright %d\n", outcomes[NODE_DONE],
           outcomes[NODE_WAS], outcomes[NODE_CONFLICT], outcomes[NODE_GONE], p->right);
    return true;
}

static bool run_move(struct graph *g, const struct graph_find *find, char **words, struct fault *f)
{
    struct plan p = {.room = 20000,
                     .channel = words[0],
                     .org = words[1],
                     .new_channel = words[2],
                     .new_org = words[3]};
    p.nodes = calloc((size_t)p.room, sizeof *p.nodes);
    p.writes = calloc((size_t)p.room, sizeof *p.writes);
    bool ok = p.nodes && p.writes && graph_scan(g, find, plan_node, &p, f);
    if (ok) {
        printf("planned %d\n", p.count);
        fflush(stdout);
        while (getchar() != '\n' && !feof(stdin))
            ;
        ok = write_plan(g, &p, f);
    }
    for (int i = 0; i < p.count; i++)
        for (int b = 0; b < 4; b++)
            buf_fini(&p.nodes[i].bytes[b]);
    free(p.nodes);
    free(p.writes);
    return ok;
}

static bool run(struct graph *g, int count, char **words, struct fault *f)
{
    struct graph_find find = {
        .label = label, .id_property = uid, .property = "channel", .list = "createdFor"};
    if (count >= 3) {
        find.equals = bytes_of(words[1]);
        find.contains = bytes_of(words[2]);
    }
    if (strcmp(words[0], "scan") == 0 && count == 3)
        return graph_scan(g, &find, print_node, NULL, f);
    if (strcmp(words[0], "move") == 0 && count == 5)
        return run_move(g, &find, words + 1, f);
    if (strcmp(words[0], "count") == 0 && count == 3) {
        uint64_t matching, all;
        if (!graph_count(g, &find, &matching, &all, f))
            return false;
        printf("matching %llu of %llu\n", (unsigned long long)matching, (unsigned long long)all);
        return true;
    }
    struct graph_about about;
    graph_about(g, &about);
    printf("%s by %s\n", about.product, about.endpoint);
    return true;
}

int main(int count, char **words)
{
    struct fault f = {0};
    if (count < 3)
        return 64;
    struct loop *l = loop_new(&f);
    if (!l)
        return fail(&f);
    struct graph_options o = {
        .address = words[1], .user = getenv("GRAPH_USER"), .password = getenv("GRAPH_PASSWORD")};
    struct graph *g = graph_open(l, &o, &f);
    int status = !g || !run(g, count - 2, words + 2, &f) ? fail(&f) : 0;
    graph_free(g);
    loop_free(l);
    return status;
}
