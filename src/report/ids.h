/* report/ids.h: a file of ids: one per line, no header, in the order they are added.
 *
 * It is there whole or not at all. An earlier file of that name with other content is kept under a
 * new name (PATH.1, PATH.2 …): ids that still need a sync are never lost.
 */
#ifndef REPORT_IDS_H
#define REPORT_IDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/fault.h"

struct ids_file;

struct ids_file *ids_new(const char *path, struct fault *f);
/* FAULT_DAMAGED for an id that cannot stand on a line: empty, or with a line break or a NUL. */
bool ids_add(struct ids_file *x, struct bytes id, struct fault *f);
/* Puts the file in place. |kept|: the name that an earlier, different file now has, or ""; NULL:
 * not asked for. *count, how many ids, may be NULL. */
bool ids_finish(struct ids_file *x, char *kept, size_t kept_size, uint64_t *count, struct fault *f);
/* Without ids_finish, nothing is changed. */
void ids_free(struct ids_file *x);

#endif
