/* index/sunbird_message.h: what the Data Sync service answers, read without any I/O.
 *
 * The answers were recorded from real services of both generations: a 200 is sent before any work
 * is done, and errors may come as HTML pages.
 */
#ifndef INDEX_SUNBIRD_MESSAGE_H
#define INDEX_SUNBIRD_MESSAGE_H

#include "index/index.h"

/* The gateway refuses larger bodies (1 MB); no single id comes near it. */
enum { SUNBIRD_BODY_MAX = 1000000 };

/* Whether this is the success envelope. |failed| (may be NULL) is set for the ids that a
 * synchronous answer names as not written, or does not name. When false, |f| is
 * FAULT_DENIED (401, 403), FAULT_USAGE (400), FAULT_UNAVAILABLE (429, 5xx), FAULT_PROTOCOL (a 200
 * that the service did not send) or FAULT_SERVER. */
bool sunbird_read_answer(int status, struct bytes body, enum index_object object,
                         const struct sync_id *ids, int count, bool *failed, struct fault *f);

#endif
