#include <stdio.h>

#include "rng.h"
#include "seed.h"

void other_tenant_id(int i, char *out)
{
    snprintf(out, ID_MAX, "0125%016d", 1000 + i * 37);
}

static void organisation(const struct seed *s, struct sink *k, int number, const char *id,
                         const char *name, const char *channel)
{
    struct rng r;
    char date[64];
    rng_init(&r, s->seed, STREAM_ORGANISATION, (uint64_t)number);
    int64_t at = rng_timestamp(&r);
    date_text(at, date);
    struct draft *d = sink_row(k, "sunbird", "organisation", STORE_INSERT, at, 0);
    draft_text(d, "id", id);
    draft_text(d, "orgname", name);
    draft_text(d, "channel", channel);
    draft_text(d, "hashtagid", id);
    draft_text(d, "rootorgid", id);
    draft_text(d, "slug", channel);
    draft_bool(d, "isrootorg", true);
    draft_bool(d, "istenant", true);
    draft_int(d, "status", 1);
    draft_int(d, "organisationtype", 5);
    draft_text(d, "createddate", date);
    draft_text(d, "description", name);
    draft_done(d);
}

bool seed_organisations(const struct seed *s, struct sink *k)
{
    organisation(s, k, 0, SOURCE_ID, SOURCE_NAME, SOURCE_CHANNEL);
    organisation(s, k, 1, TARGET_ID, TARGET_NAME, TARGET_CHANNEL);
    organisation(s, k, 2, CUSTODIAN_ID, "Sunbird custodian", "sunbird-custodian");
    for (int i = 0; i < OTHER_TENANTS; i++) {
        char id[ID_MAX], name[64], channel[64];
        other_tenant_id(i, id);
        snprintf(name, sizeof name, "State Board %d", i + 1);
        snprintf(channel, sizeof channel, "state%d", i + 1);
        organisation(s, k, 3 + i, id, name, channel);
    }
    struct draft *d = sink_row(k, "sunbird", "system_settings", STORE_INSERT, 1704067200000000, 0);
    draft_text(d, "id", "custodianOrgId");
    draft_text(d, "field", "custodianOrgId");
    draft_text(d, "value", CUSTODIAN_ID);
    draft_done(d);
    return !sink_failed(k);
}
