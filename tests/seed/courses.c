#include <stdio.h>

#include "rng.h"
#include "seed.h"

void batch_id(const struct seed *s, enum tenancy at, int i, char *out, char *course)
{
    struct rng r;
    rng_init(&r, s->seed, STREAM_BATCH, (uint64_t)at << 32 | (uint64_t)i);
    snprintf(out, ID_MAX, "0126%d%015llu", (int)at,
             (unsigned long long)rng_below(&r, 1000000000000000));
    snprintf(course, ID_MAX, "do_2126%012llu", (unsigned long long)rng_below(&r, 1000000000000));
}

/* Lists as they grow in years of use: several ids, the new one already there, one twice, the only one. */
static int created_for(enum tenancy at, int i, const char *other, const char **out)
{
    int n = 0;
    if (at != AT_SOURCE) {
        out[n++] = other;
        return n;
    }
    switch (i % 7) {
    case 1:
        out[n++] = other;
        out[n++] = SOURCE_ID;
        break;
    case 2:
        out[n++] = SOURCE_ID;
        out[n++] = TARGET_ID;
        break;
    case 3:
        out[n++] = SOURCE_ID;
        out[n++] = other;
        out[n++] = SOURCE_ID;
        break;
    default: out[n++] = SOURCE_ID; break;
    }
    return n;
}

static void batch(const struct seed *s, struct sink *k, enum tenancy at, int i)
{
    static const char *const tables[][2] = {{"sunbird_courses", "course_batch"},
                                            {"sunbird", "course_batch"}};
    char id[ID_MAX], course[ID_MAX], other[ID_MAX], date[64], name[64];
    const char *list[3];
    struct rng r;
    batch_id(s, at, i, id, course);
    other_tenant_id(i % OTHER_TENANTS, other);
    rng_init(&r, s->seed, STREAM_BATCH, (uint64_t)(at + 8) << 32 | (uint64_t)i);
    int64_t when = rng_timestamp(&r);
    date_text(when, date);
    int n = created_for(at, i, other, list);
    snprintf(name, sizeof name, "बैच %d, \"term %d\"", i + 1, 1 + (int)rng_below(&r, 3));
    for (int t = 0; t < 2; t++) {
        struct draft *d = sink_row(k, tables[t][0], tables[t][1], STORE_INSERT, when, 0);
        draft_text(d, "courseid", course);
        draft_text(d, "batchid", id);
        draft_text(d, "id", id);
        draft_text(d, "name", name);
        draft_text(d, "createddate", date);
        draft_text(d, "startdate", "2025-01-15");
        draft_text(d, "enrollmenttype", "open");
        draft_text(d, "hashtagid", id);
        draft_int(d, "status", (int32_t)rng_below(&r, 3));
        draft_list(d, "createdfor", list, n);
        draft_done(d);
    }
}

bool seed_batches(const struct seed *s, struct sink *k)
{
    for (int i = 0; i < s->batches && !sink_failed(k); i++)
        batch(s, k, AT_SOURCE, i);
    for (int i = 0; i < s->other_batches && !sink_failed(k); i++)
        batch(s, k, AT_OTHERS, i);
    return !sink_failed(k);
}

int content_count(const struct seed *s)
{
    return s->contents + s->target_contents + s->other_contents;
}

/* The channel of content is the organisation's hashtagid, which for these tenants is their id. */
void content_make(const struct seed *s, int i, struct content *out)
{
    static const char *const types[] = {"Content", "Content", "Content", "AssessmentItem",
                                        "Framework"};
    struct rng r;
    *out = (struct content){0};
    rng_init(&r, s->seed, STREAM_CONTENT, (uint64_t)i);
    snprintf(out->uid, sizeof out->uid, "do_3%05d%012llu", i,
             (unsigned long long)rng_below(&r, 1000000000000));
    snprintf(out->name, sizeof out->name, "पाठ %d \"Lesson\", part %d", i,
             1 + (int)rng_below(&r, 9));
    out->object_type = types[rng_below(&r, 5)];
    other_tenant_id(i % OTHER_TENANTS, out->ids[0]);
    bool of_source = i < s->contents;
    const char *own = SOURCE_ID;
    if (!of_source)
        own = i < s->contents + s->target_contents ? TARGET_ID : out->ids[0];
    snprintf(out->channel, sizeof out->channel, "%s", own);
    int n = 0;
    switch (of_source ? i % 50 : 0) {
    case 1: break; /* without createdFor */
    case 2:
        out->created_for[n++] = out->ids[0];
        out->created_for[n++] = own;
        break;
    case 3:
        out->created_for[n++] = own;
        out->created_for[n++] = TARGET_ID;
        break;
    case 4: /* of another channel, but made for the old tenant as well */
        snprintf(out->channel, sizeof out->channel, "%s", out->ids[0]);
        out->created_for[n++] = out->ids[0];
        out->created_for[n++] = own;
        break;
    default: out->created_for[n++] = own; break;
    }
    out->created_for_count = n;
}
