#include "cql/placement.h"

#include <stdlib.h>
#include <string.h>

const char cql_placement_query[] = "SELECT keyspace_name, replication FROM system_schema.keyspaces";

void cql_placement_init(struct cql_placement *p)
{
    *p = (struct cql_placement){0};
}

void cql_placement_fini(struct cql_placement *p)
{
    for (int i = 0; i < p->count; i++)
        cql_replicas_fini(&p->keyspaces[i].replicas);
    free(p->keyspaces);
    cql_placement_init(p);
}

static bool add(struct cql_placement *p, struct bytes name, struct cql_replication replication,
                struct fault *f)
{
    if (p->count == p->capacity) {
        int capacity = p->capacity ? p->capacity * 2 : 16;
        struct cql_keyspace *keyspaces =
            realloc(p->keyspaces, (size_t)capacity * sizeof *keyspaces);
        if (!keyspaces)
            return fault_memory(f);
        p->keyspaces = keyspaces;
        p->capacity = capacity;
    }
    struct cql_keyspace *k = &p->keyspaces[p->count++];
    *k = (struct cql_keyspace){.replication = replication};
    memcpy(k->name, name.p, name.n);
    return true;
}

bool cql_placement_take(struct cql_placement *p, struct cql_rows *rows, const char *data_center,
                        struct fault *f)
{
    struct bytes cells[2];
    int got;
    while ((got = cql_rows_next(rows, cells, 2, f)) > 0) {
        /* One that is left out has no replicas that are known: any node is asked. */
        bool fits = cells[0].n > 0 && cells[0].n < CQL_KEYSPACE_NAME_MAX;
        if (fits && p->count < CQL_KEYSPACES_MAX &&
            !add(p, cells[0], cql_replication_of(cells[1], data_center), f))
            return false;
    }
    return got == 0;
}

static struct cql_keyspace *find(struct cql_placement *p, const char *name)
{
    if (p->last < p->count && strcmp(p->keyspaces[p->last].name, name) == 0)
        return &p->keyspaces[p->last];
    for (int i = 0; i < p->count; i++) {
        if (strcmp(p->keyspaces[i].name, name) == 0) {
            p->last = i;
            return &p->keyspaces[i];
        }
    }
    return NULL;
}

const uint16_t *cql_placement_find(struct cql_placement *p, const struct cql_topology *t,
                                   const char *data_center, const char *keyspace, int64_t token,
                                   int *count)
{
    struct cql_keyspace *k = find(p, keyspace);
    *count = 0;
    if (!k)
        return NULL;
    if (!k->is_made) {
        k->is_made = true; /* without memory for it any node is asked, too */
        cql_replicas_make(&k->replicas, t, k->replication, data_center, NULL);
    }
    return cql_replicas_of(&k->replicas, token, count);
}
