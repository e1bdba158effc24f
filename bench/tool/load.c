#include <stdio.h>
#include <string.h>

#include "rng.h"
#include "seed.h"
#include "tool.h"

enum { BATCH_STREAM = STREAM_ORGANISATION + 1 };

void user_id_of(int number, char out[USER_ID_BYTES + 1])
{
    struct rng r;
    rng_init(&r, 1, STREAM_USER, (uint64_t)number);
    rng_uuid(&r, out);
}

bool user_is_tenant(const struct tool *t, int number)
{
    return number % 100 < t->tenant;
}

void batch_id_of(int number, char *batch, char *course)
{
    struct rng r;
    rng_init(&r, 1, BATCH_STREAM, (uint64_t)number);
    snprintf(batch, BATCH_ID_MAX, "01%017llu",
             (unsigned long long)(rng_next(&r) % 100000000000000000));
    snprintf(course, BATCH_ID_MAX, "do_%017llu",
             (unsigned long long)(rng_next(&r) % 100000000000000000));
}

static const char *pick(struct rng *r, const char *const *from, int count)
{
    return from[rng_below(r, (uint64_t)count)];
}

static void secret_text(struct rng *r, char *out, size_t size)
{
    unsigned long long a = rng_next(r), b = rng_next(r);
    snprintf(out, size, "%016llx%016llx==", a, b);
}

/* 20 columns, about 450 bytes. */
static void put_user(const struct tool *t, struct sink *k, int number)
{
    static const char *const first[] = {"Asha",    "Ravi", "मीना", "Suresh",
                                        "Lakshmi", "विजय", "Priya"};
    static const char *const last[] = {"Sharma", "Kumar", "Patil", "रेड्डी",
                                       "Nair",   "Gupta", "Singh"};
    struct rng r;
    char id[USER_ID_BYTES + 1], text[256], root[ID_MAX];
    bool is_tenant = user_is_tenant(t, number);
    user_id_of(number, id);
    rng_init(&r, 1, STREAM_MEMBER, (uint64_t)number);
    int64_t when = rng_timestamp(&r);
    struct draft *d = sink_row(k, "sunbird", "user", STORE_INSERT, when, 0);
    int tenant = (int)rng_below(&r, OTHER_TENANTS);
    other_tenant_id(tenant, root);
    snprintf(text, sizeof text, "state%d", tenant + 1);
    draft_text(d, "id", id);
    draft_text(d, "rootorgid", is_tenant ? SOURCE_ID : root);
    draft_text(d, "channel", is_tenant ? SOURCE_CHANNEL : text);
    draft_text(d, "firstname", pick(&r, first, 7));
    draft_text(d, "lastname", pick(&r, last, 7));
    snprintf(text, sizeof text, "user_%x_%d", (unsigned)rng_below(&r, 1 << 20), number);
    draft_text(d, "username", text);
    draft_text(d, "loginid", text);
    secret_text(&r, text, sizeof text);
    draft_text(d, "email", text);
    secret_text(&r, text, sizeof text);
    draft_text(d, "phone", text);
    draft_text(d, "maskedemail", "us*******@example.org");
    snprintf(text, sizeof text, "******%04u", (unsigned)rng_below(&r, 10000));
    draft_text(d, "maskedphone", text);
    date_text(when, text);
    draft_text(d, "createddate", text);
    draft_text(d, "updateddate", text);
    draft_text(d, "profileusertype", "{\"type\":\"teacher\"}");
    snprintf(text, sizeof text,
             "[{\"type\":\"state\",\"id\":\"%.36s\"},{\"type\":\"district\",\"id\":\"%.36s\"}]",
             "b617e607-0a5b-45a0-9894-7a325ffa45c7", id);
    draft_text(d, "profilelocation", text);
    draft_text(d, "tncacceptedversion", "v12");
    draft_int(d, "status", 1);
    draft_int(d, "flagsvalue", (int32_t)rng_below(&r, 4));
    draft_bool(d, "isdeleted", false);
    draft_bool(d, "emailverified", true);
    draft_done(d);
}

static void put_batch(const struct tool *t, struct sink *k, int number)
{
    static const char *const created_for[] = {SOURCE_ID, "0126796199493140480"};
    char batch[BATCH_ID_MAX], course[BATCH_ID_MAX];
    batch_id_of(number, batch, course);
    struct draft *d = sink_row(k, t->keyspace, "course_batch", STORE_INSERT, clock_now_us(), 0);
    draft_text(d, "courseid", course);
    draft_text(d, "batchid", batch);
    draft_text(d, "name", "Batch");
    draft_int(d, "status", 1);
    draft_list(d, "createdfor", created_for, 2);
    draft_done(d);
}

bool tool_load(struct tool *t, struct fault *f)
{
    struct seed organisations = {.seed = 1};
    struct sink *k = sink_new(t->store, f);
    if (!k)
        return false;
    int64_t start = clock_now_us();
    seed_organisations(&organisations, k);
    for (int i = 0; i < t->rows && !sink_failed(k); i++)
        put_user(t, k, i);
    for (int i = 0; i < t->batches && !sink_failed(k); i++)
        put_batch(t, k, i);
    bool ok = sink_flush(k, f);
    double seconds = (double)(clock_now_us() - start) / 1e6;
    if (ok)
        printf("{\"rows\": %llu, \"seconds\": %.1f}\n", (unsigned long long)sink_rows(k), seconds);
    sink_free(k);
    return ok;
}

bool tool_ids(struct tool *t, struct fault *f)
{
    char id[USER_ID_BYTES + 1];
    for (int i = 0; i < t->rows; i++) {
        if (!user_is_tenant(t, i))
            continue;
        user_id_of(i, id);
        puts(id);
    }
    return fflush(stdout) == 0 || fault_set(f, FAULT_IO, "the ids could not be written");
}

bool tool_batches(struct tool *t, struct fault *f)
{
    char batch[BATCH_ID_MAX], course[BATCH_ID_MAX];
    for (int i = 0; i < t->batches; i++) {
        batch_id_of(i, batch, course);
        printf("%s,%s\n", course, batch);
    }
    return fflush(stdout) == 0 || fault_set(f, FAULT_IO, "the ids could not be written");
}
