/* index/document.h: the fields of a document that verify compares, out of an answer to _mget. Pure.
 */
#ifndef INDEX_DOCUMENT_H
#define INDEX_DOCUMENT_H

#include "index/index.h"
#include "move/json.h"

/* For ?_source=: nothing else is asked for. */
extern const char document_fields[];

enum { DOCUMENT_STATUS_MAX = 24 };

/* Reads one entry of "docs". |id| is what was asked for at this place. |status| is room for a
 * status that the index holds as a number. FAULT_SCHEMA: no such index; FAULT_SERVER: another error
 * of this document; FAULT_PROTOCOL: not the document that was asked for, or lists over
 * DOCUMENT_LIST_MAX. */
bool document_read(json_value entry, struct bytes id, struct document *out,
                   char status[DOCUMENT_STATUS_MAX], struct fault *f);

/* FAULT_SCHEMA, FAULT_DENIED, FAULT_UNAVAILABLE or FAULT_SERVER for an answer that is not 200. */
bool document_refusal(int status, json_value root, const char *index, struct fault *f);

#endif
