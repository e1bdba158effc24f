#include <stdio.h>
#include <string.h>

#include "rng.h"
#include "seed.h"

static const char *const named[NAMED_USERS] = {
    "user:both-live",    "user:source-deleted", "user:other-roles",
    "user:ttl",          "user:elsewhere",      "user:update-only",
    "user:keys-only",    "उपयोगकर्ता-राजस्थान",   "user \"x\", O'Brien; \xc3\xa9\nline 2",
    "user:soft-deleted", "user:no-channel",     "user:two-times",
};
enum named_user {
    BOTH_LIVE,
    SOURCE_DELETED,
    OTHER_ROLES,
    WITH_TTL,
    ELSEWHERE,
    UPDATE_ONLY,
    KEYS_ONLY,
    DEVANAGARI,
    ODD_BYTES,
    SOFT_DELETED,
    NO_CHANNEL,
    TWO_TIMES,
};

enum { NINETY_DAYS = 90 * 86400 };

static const char *const first_names[] = {"Aarav", "Meena", "Sunita", "Rakesh", "अनन्या",  "विवान",
                                          "दीया",  "मोहन",  "Priya",  "Imran",  "Kavita", "Gopal"};
static const char *const last_names[] = {"Sharma",  "Meghwal", "शर्मा", "चौधरी", "Khan",
                                         "Rathore", "Gurjar",  "सिंह",  "Joshi", "Bishnoi"};

void user_id(const struct seed *s, enum tenancy at, int i, char *out)
{
    struct rng r;
    if (at == AT_SOURCE && i < NAMED_USERS) {
        snprintf(out, ID_MAX, "%s", named[i]);
    } else if (at == AT_OTHERS && i < VISITORS) {
        snprintf(out, ID_MAX, "visitor:%d", i);
    } else {
        rng_init(&r, s->seed, STREAM_USER, (uint64_t)at << 32 | (uint64_t)i);
        rng_uuid(&r, out);
    }
}

/* Where a user is at home. */
static void home(enum tenancy at, int i, char *id, const char **channel, char *room)
{
    switch (at) {
    case AT_SOURCE:
        snprintf(id, ID_MAX, SOURCE_ID);
        *channel = SOURCE_CHANNEL;
        return;
    case AT_TARGET:
        snprintf(id, ID_MAX, TARGET_ID);
        *channel = TARGET_CHANNEL;
        return;
    case AT_OTHERS: break;
    }
    int tenant = i % (OTHER_TENANTS + 4);
    if (tenant >= OTHER_TENANTS) { /* those who registered themselves */
        snprintf(id, ID_MAX, CUSTODIAN_ID);
        *channel = "sunbird-custodian";
        return;
    }
    other_tenant_id(tenant, id);
    snprintf(room, 64, "state%d", tenant + 1);
    *channel = room;
}

static void user(const struct seed *s, struct sink *k, enum tenancy at, int i)
{
    static const char *const roles[] = {"PUBLIC", "CONTENT_CREATOR"};
    struct rng r;
    char id[ID_MAX], root[ID_MAX], text[128], room[64];
    const char *channel;
    bool is_named = at == AT_SOURCE;
    user_id(s, at, i, id);
    home(at, i, root, &channel, room);
    rng_init(&r, s->seed, STREAM_MEMBER, (uint64_t)at << 32 | (uint64_t)i);
    int64_t when = rng_timestamp(&r);
    bool later = (is_named && i == TWO_TIMES) || rng_below(&r, 5) == 0;
    enum store_op_kind kind = is_named && i == UPDATE_ONLY ? STORE_UPDATE : STORE_INSERT;
    struct draft *d = sink_row(k, "sunbird", "user", kind, when, 0);
    draft_text(d, "id", id);
    draft_text(d, "userid", id);
    draft_text(d, "rootorgid", root);
    if (!(is_named && (i == WITH_TTL || i == NO_CHANNEL)))
        draft_text(d, "channel", channel);
    draft_text(d, "firstname", first_names[rng_below(&r, 12)]);
    draft_text(d, "lastname", last_names[rng_below(&r, 10)]);
    snprintf(text, sizeof text, "teacher%d-%d", (int)at, i);
    draft_text(d, "username", text);
    snprintf(text, sizeof text, "%016llx%016llx==", (unsigned long long)rng_next(&r),
             (unsigned long long)rng_next(&r));
    draft_text(d, "email", text);
    snprintf(text, sizeof text, "%016llx", (unsigned long long)rng_next(&r));
    draft_text(d, "loginid", text);
    date_text(when, text);
    draft_text(d, "createddate", text);
    draft_text(d, "countrycode", "+91");
    draft_text(d, "usertype", "TEACHER");
    draft_text(d, "tncacceptedversion", "v4");
    draft_int(d, "status", 1);
    draft_int(d, "flagsvalue", (int32_t)rng_below(&r, 8));
    draft_bool(d, "emailverified", rng_below(&r, 2) == 0);
    bool deleted = rng_below(&r, 60) == 0;
    draft_bool(d, "isdeleted", is_named && i < NAMED_USERS ? i == SOFT_DELETED : deleted);
    draft_list(d, "roles", roles, 1 + (int)rng_below(&r, 2));
    draft_done(d);
    if (is_named && i == WITH_TTL) {
        d = sink_row(k, "sunbird", "user", STORE_UPDATE, when + 1000, NINETY_DAYS);
        draft_text(d, "id", id);
        draft_text(d, "channel", channel);
        draft_done(d);
    } else if (later && !(is_named && i == NO_CHANNEL)) {
        d = sink_row(k, "sunbird", "user", STORE_UPDATE, when + 86400000000, 0);
        draft_text(d, "id", id);
        draft_text(d, "channel", channel);
        draft_done(d);
    }
}

struct membership {
    const char *user;
    const char *organisation;
    bool deleted;
    bool keys_only;
    bool no_date;
    const char *role;
    int64_t at;
    int number; /* of this user's memberships: part of the row's own id */
};

/* Into whichever of the two tables there is, or both: a cluster between the generations has both. */
static void membership(struct sink *k, const struct membership *m)
{
    static const char *const tables[] = {"user_organisation", "user_org"};
    char date[64], id[ID_MAX + 16];
    date_text(m->at, date);
    snprintf(id, sizeof id, "%s#%d", m->user, m->number);
    for (int i = 0; i < 2; i++) {
        bool keys_only = m->keys_only && i == 0;
        struct draft *d = sink_row(k, "sunbird", tables[i], STORE_INSERT, m->at, 0);
        draft_text(d, "userid", m->user);
        draft_text(d, "organisationid", m->organisation);
        if (!keys_only) {
            draft_text(d, "id", id);
            draft_text(d, "hashtagid", m->organisation);
            if (!m->no_date)
                draft_text(d, "orgjoindate", date);
            draft_bool(d, "isdeleted", m->deleted);
            draft_bool(d, "isapproved", true);
            draft_list(d, "roles", &m->role, 1);
            draft_text(d, "addedby", "system");
            draft_int(d, "associationtype", 1);
        }
        draft_done(d);
    }
}

static void memberships(const struct seed *s, struct sink *k, enum tenancy at, int i)
{
    struct rng r;
    char id[ID_MAX], root[ID_MAX], room[64], elsewhere[ID_MAX];
    const char *channel;
    user_id(s, at, i, id);
    home(at, i, root, &channel, room);
    rng_init(&r, s->seed, STREAM_MEMBER, (uint64_t)(at + 8) << 32 | (uint64_t)i);
    struct membership m = {.user = id,
                           .organisation = root,
                           .deleted = rng_below(&r, 60) == 0,
                           .role = rng_below(&r, 4) ? "PUBLIC" : "COURSE_MENTOR",
                           .at = rng_timestamp(&r)};
    if (at == AT_SOURCE && i < NAMED_USERS) {
        m.deleted = i == SOURCE_DELETED || i == SOFT_DELETED;
        m.keys_only = i == KEYS_ONLY;
        if (i == ELSEWHERE) {
            other_tenant_id(3, elsewhere);
            m.organisation = elsewhere;
        }
    }
    membership(k, &m);
    m.number = 1;
    m.deleted = false;
    m.at += 3600000000;
    if (at == AT_SOURCE && i <= OTHER_ROLES) {
        m.organisation = TARGET_ID;
        m.role = i == SOURCE_DELETED ? m.role : "ORG_ADMIN";
        m.no_date = i == OTHER_ROLES;
        membership(k, &m);
    } else if (at == AT_OTHERS && i < VISITORS) {
        m.organisation = SOURCE_ID;
        membership(k, &m);
    }
}

bool seed_users(const struct seed *s, struct sink *k)
{
    const int counts[] = {
        [AT_SOURCE] = s->users, [AT_TARGET] = s->target_users, [AT_OTHERS] = s->others};
    for (int at = AT_SOURCE; at <= AT_OTHERS; at++)
        for (int i = 0; i < counts[at] && !sink_failed(k); i++) {
            user(s, k, (enum tenancy)at, i);
            memberships(s, k, (enum tenancy)at, i);
        }
    return !sink_failed(k);
}
