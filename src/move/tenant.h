/* move/tenant.h: one organisation row, as read, in the terms that rules use. */
#ifndef MOVE_TENANT_H
#define MOVE_TENANT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/fault.h"
#include "move/row.h"

struct tenant {
    struct bytes id;
    struct bytes name;      /* orgname */
    struct bytes channel;   /* the channel's name ("rj"): user.channel, organisation.channel */
    struct bytes hashtagid; /* the channel's id: what content calls "channel" */
    bool has_status;
    int32_t status; /* 0 inactive, 1 active, 2 blocked, 3 retired */
    bool is_root;   /* istenant where the column exists and is set, else isrootorg */
    bool is_custodian;
};

/* Reads an organisation row (columns id, orgname, channel, hashtagid, status, isrootorg, istenant; those that
 * the table does not have count as null). The bytes live in |a|. */
bool tenant_from_row(struct tenant *t, const struct row *r, struct arena *a, struct fault *f);

/* "active", "inactive", "blocked", "retired", "without status", or "status N". */
const char *tenant_status_name(const struct tenant *t);

/* An organisation id as a person may type it: 1 … 64 letters, digits, '_' and '-'. Else FAULT_USAGE. */
bool tenant_id_check(const char *which, const char *id, struct fault *f);

/* What stops a move between these two, first reason first (FAULT_REFUSED with a remedy): same id, custodian,
 * not a root organisation, target not active, empty channel or hashtagid of the target. */
bool tenants_check(const struct tenant *source, const struct tenant *target, struct fault *f);

#endif
