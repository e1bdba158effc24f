#include "cql/statement.h"

#include <stdlib.h>
#include <string.h>

void cql_statements_fini(struct cql_statements *s)
{
    for (int i = 0; i < CQL_STATEMENT_BUCKETS; i++) {
        while (s->buckets[i]) {
            struct cql_statement *next = s->buckets[i]->next;
            free(s->buckets[i]->text);
            free(s->buckets[i]);
            s->buckets[i] = next;
        }
    }
    s->count = 0;
}

/* FNV-1a, 64 bits: texts come from our own builder, so nobody chooses collisions. */
static uint64_t hash_of(struct bytes text)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < text.n; i++)
        h = (h ^ text.p[i]) * 0x100000001b3u;
    return h;
}

struct cql_statement *cql_statements_find(struct cql_statements *s, struct bytes text,
                                          struct fault *f)
{
    uint64_t h = hash_of(text);
    struct cql_statement **bucket = &s->buckets[h % CQL_STATEMENT_BUCKETS];
    for (struct cql_statement *at = *bucket; at; at = at->next)
        if (at->hash == h && bytes_equal(cql_statement_text(at), text))
            return at;
    if (s->count == CQL_STATEMENTS_MAX) {
        fault_set(f, FAULT_MEMORY, "more than %d different statements", CQL_STATEMENTS_MAX);
        fault_hint(f, "start the same command again: it goes on from here");
        return NULL;
    }
    struct cql_statement *new = calloc(1, sizeof *new);
    if (new)
        new->text = malloc(text.n ? text.n : 1);
    if (!new || !new->text) {
        free(new);
        return fault_memory(f), NULL;
    }
    memcpy(new->text, text.p, text.n);
    new->text_bytes = text.n;
    new->hash = h;
    new->next = *bucket;
    *bucket = new;
    new->number = s->count++;
    return new;
}

bool cql_statement_prepared(struct cql_statement *s, const struct cql_prepared *p, struct fault *f)
{
    if (p->id.n == 0 || p->id.n > CQL_ID_MAX || p->result_metadata_id.n > CQL_ID_MAX)
        return fault_set(f, FAULT_PROTOCOL, "the id of a prepared statement has a length of %zu",
                         p->id.n);
    if (s->id_bytes && !bytes_equal(cql_statement_id(s), p->id)) {
        fault_set(f, FAULT_SCHEMA,
                  "a statement means something else than before: its table was changed");
        fault_subject(f, "%.*s", (int)(s->text_bytes < 200 ? s->text_bytes : 200),
                      (const char *)s->text);
        return fault_hint(f, "let the change of the schema end, then start again from the plan");
    }
    memcpy(s->id, p->id.p, p->id.n);
    s->id_bytes = p->id.n;
    cql_statement_columns_changed(s, p->result_metadata_id);
    s->marker_count = p->markers.count;
    return true;
}

void cql_statement_columns_changed(struct cql_statement *s, struct bytes new_id)
{
    if (bytes_are_null(new_id) || new_id.n > CQL_ID_MAX)
        return;
    memcpy(s->metadata_id, new_id.p, new_id.n);
    s->metadata_id_bytes = new_id.n;
}

struct bytes cql_statement_text(const struct cql_statement *s)
{
    return (struct bytes){s->text, s->text_bytes};
}

struct bytes cql_statement_id(const struct cql_statement *s)
{
    return (struct bytes){s->id, s->id_bytes};
}

struct bytes cql_statement_metadata_id(const struct cql_statement *s)
{
    return (struct bytes){s->metadata_id, s->metadata_id_bytes};
}
