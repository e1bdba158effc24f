/* embedded/documents.h: the search index of an embedded file, and the service that fills it from
 * the rows.
 *
 * Plays    Sunbird's sync: a document is built whole from the rows as they are now; an unknown id
 * is ignored; a deleted user is skipped, so that its old document stays. Rows     user,
 * user_organisation, user_org, organisation and course_batch, of whichever keyspaces hold them.
 */
#ifndef EMBEDDED_DOCUMENTS_H
#define EMBEDDED_DOCUMENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/fault.h"
#include "embedded/file.h"

enum document_kind { DOCUMENT_USER, DOCUMENT_ORGANISATION, DOCUMENT_BATCH };

/* Null: the document does not have it. Lists are in CQL's serialization. */
struct kept_document {
    bool found;
    struct bytes root_org_id;
    struct bytes channel;
    struct bytes status;        /* organisation, as decimal text */
    struct bytes organisations; /* user: ids of the memberships with isdeleted = false */
    struct bytes created_for;   /* batch */
};

/* Builds and stores the document of one object. |course_id| is null for batches of the older
 * service, whose table has the batch id as its key; else it is the partition key. In a transaction
 * of the caller. |now|: seconds, for TTLs. */
bool documents_build(struct embedded *e, enum document_kind kind, struct bytes id,
                     struct bytes course_id, int64_t now, struct fault *f);

/* Reads one; its bytes live in |a|. */
bool documents_read(struct embedded *e, enum document_kind kind, struct bytes id, struct arena *a,
                    struct kept_document *out, struct fault *f);

#endif
