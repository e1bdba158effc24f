/* tool/tool.h: what the parts of tm-bench share: the users that the benchmark loads.
 *
 * The same number gives the same user on every machine; of each hundred users in a row, the first
 * |tenant| belong to the source, so that a share is exact.
 */
#ifndef TOOL_TOOL_H
#define TOOL_TOOL_H

#include "base/fault.h"
#include "net/loop.h"
#include "store/store.h"

enum { USER_ID_BYTES = 36 };

struct tool {
    const char *address, *keyspace;
    int rows, tenant, batches;
    int rate, seconds;
    int in_flight;
    enum store_filter filter;
    const char *equals; /* the rootorgid that is looked for */
    struct loop *loop;
    struct store *store;
};

void user_id_of(int number, char out[USER_ID_BYTES + 1]);
bool user_is_tenant(const struct tool *t, int number);
/* The id of the |number|th batch of the tenant, and its course. */
void batch_id_of(int number, char *batch, char *course);
enum { BATCH_ID_MAX = 32 };

/* Writes organisations, users and batches. */
bool tool_load(struct tool *t, struct fault *f);
/* Prints the ids of the tenant's users, one a line. */
bool tool_ids(struct tool *t, struct fault *f);
/* Prints "course,batch", one a line. */
bool tool_batches(struct tool *t, struct fault *f);
/* Reads the whole table as a plan does, and counts the rows of |equals|; writes nothing. */
bool tool_scan(struct tool *t, struct fault *f);
/* Reads every 10th user of the tenant and counts those of |equals|. */
bool tool_check(struct tool *t, struct fault *f);
/* Reads |rate| users of others a second for |seconds| or until SIGTERM, and prints percentiles. */
bool tool_reads(struct tool *t, struct fault *f);

/* The table sunbird.user, or NULL. */
struct table *tool_user_table(struct tool *t, struct arena *a, struct fault *f);

#endif
