/* index/index.h: where documents live: the Data Sync API that rebuilds them, and Elasticsearch that holds them.
 *
 * Two small interfaces, because they are two servers: `sync` tells the product's service which rows changed (a 200
 * proves nothing), `index` reads the documents back. Each has a real and an embedded adapter.
 */
#ifndef INDEX_INDEX_H
#define INDEX_INDEX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/fault.h"

struct loop;
struct sync;
struct index;

enum { SYNC_BLOCK_MAX = 10000, INDEX_BLOCK_MAX = 1000, DOCUMENT_LIST_MAX = 1024 };

enum index_object { INDEX_USER, INDEX_ORGANISATION, INDEX_BATCH };

/* How batch ids go over the wire (sunbird 2.2). */
enum sync_batch_form {
    SYNC_BATCH_PLAIN,  /* "batchid": the old learner service */
    SYNC_BATCH_OBJECT, /* {"courseId":…,"batchId":…}: the course service */
};

struct sync_id {
    struct bytes id;
    struct bytes course_id; /* batches in object form; else null */
};

struct sync_options {
    const char *url;       /* users and organisations: the whole URL, or "embedded:PATH" */
    const char *batch_url; /* batches; NULL: the same as |url| */
    const char
        *key; /* API key for `Authorization: Bearer`; NULL or "": none; copied, wiped when freed */
    enum sync_batch_form batch_form;
    bool synchronous;       /* operationType "sync": a per-id answer, newer services only */
    int max_retries;        /* 0: 8 */
    int request_timeout_ms; /* 0: 60000 */
};

struct sync *sync_open(struct loop *loop, const struct sync_options *o, struct fault *f);
void sync_free(struct sync *s);

/* Tells the service to re-index 1 … SYNC_BLOCK_MAX objects of one kind. Retries 429 (honouring Retry-After), 5xx, cut
 * connections and time-outs with jitter. True: the service said it took the block. |failed|[count] (may be NULL) is set
 * for ids that a synchronous answer named as not written. False with |f|: FAULT_DENIED (401, 403: stop at once),
 * FAULT_INTERRUPTED, FAULT_USAGE (400: the service refuses the object type), else this block failed for good.
 * |count| = 0 is FAULT_INTERNAL: an empty list re-indexes a whole table. */
bool sync_block(struct sync *s, enum index_object object, const struct sync_id *ids, int count,
                bool *failed, struct fault *f);

/* The request body that sync_block sends, for tests and for the operator's eyes; it holds no secret. */
struct buf;
bool sync_body(const struct sync_options *o, enum index_object object, const struct sync_id *ids,
               int count, struct buf *out);

/* A document as verify needs it. All bytes live until the callback returns; null: the field is not there. */
struct document {
    bool found;
    struct bytes root_org_id;
    struct bytes channel;
    struct bytes status;                           /* organisation: as text */
    struct bytes organisations[DOCUMENT_LIST_MAX]; /* organisations[].organisationId */
    int organisation_count;
    struct bytes created_for[DOCUMENT_LIST_MAX];
    int created_for_count;
};

struct index_options {
    const char *address;         /* "http://host:9200" or "embedded:PATH" */
    const char *user, *password; /* Basic; NULL: none */
    const char *user_index, *organisation_index,
        *batch_index; /* NULL: found by asking (user_alias, user, …) */
};

struct index_about {
    char product[64]; /* "Elasticsearch 6.8.23" */
    char address[256];
    char indices[256]; /* "user, org, course-batch" */
};

struct index *index_open(struct loop *loop, const struct index_options *o, struct fault *f);
void index_free(struct index *x);
void index_about(struct index *x, struct index_about *out);

/* Reads 1 … INDEX_BLOCK_MAX documents by id (_mget: real-time, no search). |each| is called for every id in order. */
bool index_read(struct index *x, enum index_object object, const struct bytes *ids, int count,
                bool (*each)(void *context, int i, const struct document *d, struct fault *f),
                void *context, struct fault *f);

/* "user", "organisation", "batch": as the API spells it. */
const char *index_object_name(enum index_object object);

struct sync_adapter {
    void (*free)(struct sync *s);
    bool (*block)(struct sync *s, enum index_object object, const struct sync_id *ids, int count,
                  bool *failed, struct fault *f);
};

struct sync {
    const struct sync_adapter *adapter;
};

struct index_adapter {
    void (*free)(struct index *x);
    void (*about)(struct index *x, struct index_about *out);
    bool (*read)(struct index *x, enum index_object object, const struct bytes *ids, int count,
                 bool (*each)(void *context, int i, const struct document *d, struct fault *f),
                 void *context, struct fault *f);
};

struct index {
    const struct index_adapter *adapter;
};

struct sync *sync_sunbird_open(struct loop *loop, const struct sync_options *o, struct fault *f);
struct sync *sync_embedded_open(const char *path, struct fault *f);
struct index *index_elasticsearch_open(struct loop *loop, const struct index_options *o,
                                       struct fault *f);
struct index *index_embedded_open(const char *path, struct fault *f);

#endif
