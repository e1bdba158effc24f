/* seed/seed.h: what is in the demo's and the tests' stores: the two tenants of the seed page, at the volumes of SB-9803, and
 * other tenants around them. The same seed gives the same rows, in whatever kind of store.
 *
 * Among the users of the old tenant, by number (tests name them by these ids):
 *   0  user:both-live        member of both tenants, both live, other roles and an earlier date at the source
 *   1  user:source-deleted   member of both; the membership at the source is deleted
 *   2  user:other-roles      member of both, with different roles and no date at the target
 *   3  user:ttl              its channel ends after 90 days
 *   4  user:elsewhere        its only membership is at another tenant
 *   5  user:update-only      written by UPDATE: no row marker
 *   6  user:keys-only        its membership at the source has no column but its key
 *   7  उपयोगकर्ता-राजस्थान        Devanagari in the id
 *   8  user "x", O'Brien; é\n line 2    quotes, comma, a line break
 *   9  user:soft-deleted     isdeleted; its membership too
 *  10  user:no-channel       its channel is not set
 *  11  user:two-times        rootorgid and channel written at different times
 * and two users of other tenants who are members of the old one: visitor:0, visitor:1.
 */
#ifndef SEED_SEED_H
#define SEED_SEED_H

#include <stdint.h>

#include "base/fault.h"
#include "sink.h"

#define SOURCE_ID "01241408242723225614"
#define SOURCE_NAME "ETB Pilot Rajasthan"
#define SOURCE_CHANNEL "pilotrajasthan"
#define TARGET_ID "01246375399411712074"
#define TARGET_NAME "Rajasthan"
#define TARGET_CHANNEL "rj"
#define CUSTODIAN_ID "0126684405014528000"

enum { OTHER_TENANTS = 40, NAMED_USERS = 12, VISITORS = 2, ID_MAX = 96 };

struct seed {
    uint64_t seed;
    int users;           /* of the old tenant */
    int target_users;    /* of the new one */
    int others;          /* of other tenants */
    int batches;         /* of the old tenant */
    int other_batches;   /* of others */
    int contents;        /* of the old tenant */
    int target_contents; /* of the new one */
    int other_contents;
};

enum tenancy { AT_SOURCE, AT_TARGET, AT_OTHERS };
enum stream { STREAM_USER = 1, STREAM_MEMBER, STREAM_BATCH, STREAM_CONTENT, STREAM_ORGANISATION };

/* The id of a tenant among others, of a user, of a batch and its course; |out| has room for ID_MAX. */
void other_tenant_id(int i, char *out);
void user_id(const struct seed *s, enum tenancy at, int i, char *out);
void batch_id(const struct seed *s, enum tenancy at, int i, char *out, char *course);

bool seed_organisations(const struct seed *s, struct sink *k);
bool seed_users(const struct seed *s, struct sink *k);
bool seed_batches(const struct seed *s, struct sink *k);

/* One content node, as the graph has it. */
struct content {
    char uid[ID_MAX];
    char name[128];
    char channel[ID_MAX];
    const char *object_type;
    const char *created_for[4]; /* pointers into |ids| or constants */
    int created_for_count;      /* 0: the node has no such property */
    char ids[2][ID_MAX];
};
int content_count(const struct seed *s);
void content_make(const struct seed *s, int i, struct content *out);

#endif
