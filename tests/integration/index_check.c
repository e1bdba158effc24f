/* index_check.c: drives index/elasticsearch.c and index/sunbird_sync.c against real servers, for
 * index.sh.
 *
 *   index_check ADDRESS about
 *   index_check ADDRESS read user|organisation|batch ID...
 *   index_check URL sync user|organisation|batch ID...      (SYNC_SYNCHRONOUS=1: with a per-id
 * answer)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "index/index.h"
#include "net/loop.h"

enum { IDS_MAX = 1000 };

static int fail(const struct fault *f)
{
    printf("fault %s: %s | %s | %s\n", fault_code_name(f->code), f->text, f->subject, f->hint);
    return 1;
}

static void print(const char *name, struct bytes b)
{
    printf(" %s=%.*s", name, b.p ? (int)b.n : 1, b.p ? (const char *)b.p : "-");
}

static bool print_document(void *context, int i, const struct document *d, struct fault *f)
{
    (void)f;
    const struct bytes *ids = context;
    printf("%.*s %s", (int)ids[i].n, (const char *)ids[i].p, d->found ? "found" : "absent");
    if (d->found) {
        print("root", d->root_org_id);
        print("channel", d->channel);
        print("status", d->status);
        for (int k = 0; k < d->organisation_count; k++)
            print("org", d->organisations[k]);
        for (int k = 0; k < d->created_for_count; k++)
            print("for", d->created_for[k]);
    }
    printf("\n");
    return true;
}

static enum index_object object_of(const char *name)
{
    for (int i = INDEX_USER; i < INDEX_BATCH; i++)
        if (strcmp(name, index_object_name((enum index_object)i)) == 0)
            return (enum index_object)i;
    return INDEX_BATCH;
}

static bool run_sync(struct loop *l, int count, char **words, struct fault *f)
{
    struct sync_options o = {.url = words[1], .synchronous = getenv("SYNC_SYNCHRONOUS") != NULL};
    struct sync_id ids[IDS_MAX] = {0};
    bool failed[IDS_MAX] = {false};
    int n = count - 4;
    for (int i = 0; i < n; i++)
        ids[i].id = bytes_of(words[4 + i]);
    struct sync *s = sync_open(l, &o, f);
    if (!s)
        return false;
    bool ok = sync_block(s, object_of(words[3]), ids, n, failed, f);
    for (int i = 0; ok && i < n; i++)
        printf("%s %s\n", words[4 + i], failed[i] ? "failed" : "taken");
    sync_free(s);
    return ok;
}

static bool run_index(struct loop *l, int count, char **words, struct fault *f)
{
    struct index_options o = {.address = words[1]};
    struct index *x = index_open(l, &o, f);
    if (!x)
        return false;
    bool ok = true;
    if (strcmp(words[2], "read") == 0) {
        struct bytes ids[IDS_MAX] = {0};
        for (int i = 0; i < count - 4; i++)
            ids[i] = bytes_of(words[4 + i]);
        ok = index_read(x, object_of(words[3]), ids, count - 4, print_document, ids, f);
    } else {
        struct index_about about;
        index_about(x, &about);
        printf("%s: %s\n", about.product, about.indices);
    }
    index_free(x);
    return ok;
}

int main(int count, char **words)
{
    struct fault f = {0};
    if (count < 3 || (strcmp(words[2], "about") != 0 && count < 5) || count - 4 > IDS_MAX)
        return 64;
    struct loop *l = loop_new(&f);
    if (!l)
        return fail(&f);
    bool ok = strcmp(words[2], "sync") == 0 ? run_sync(l, count, words, &f)
                                            : run_index(l, count, words, &f);
    loop_free(l);
    return ok ? 0 : fail(&f);
}
