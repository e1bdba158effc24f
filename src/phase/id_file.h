/* phase/id_file.h: a file of ids, one per line: what a job of the seed page leaves, and what its
 * sync reads.
 *
 * Owns     the rule that no id which still needs a sync is lost: a file is replaced only when all
 * of it was synced, which "FILE.tenantmove/synced" says (it holds the file's SHA-256).
 */
#ifndef PHASE_ID_FILE_H
#define PHASE_ID_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/fault.h"

enum { ID_FILE_ID_MAX = 1024, ID_FILE_BYTES_MAX = 1024 * 1024 * 1024 };

struct id_file {
    struct bytes *ids; /* in the file's order, each once */
    size_t count;
    size_t duplicates; /* left out */
    char *text;
};

/* Reads and checks the whole file before anything is done with it. Blank lines, CRLF, blanks around
 * an id and a byte-order mark are fine. FAULT_USAGE, with "file:line" as the subject: no such file,
 * a line that is too long, is not UTF-8, holds a control character or begins with a second
 * byte-order mark; a comma in every line (a file of columns). |x| must be fini'd in any case. */
bool id_file_read(struct id_file *x, const char *path, struct fault *f);
void id_file_fini(struct id_file *x);

/* Can this id stand on a line, and be read again as it is? */
bool id_file_can_hold(struct bytes id);

/* Was this file, as it is now, synced to the end? */
bool id_file_is_synced(const char *path);
bool id_file_mark_synced(const char *path, struct fault *f);

/* Writes ids to |path|, all at once (by rename): first those of an earlier file that was not
 * synced, then what is added, each once. Nothing stands in |path| before id_writer_finish. */
struct id_writer;
struct id_writer *id_writer_new(const char *path, struct fault *f);
/* An id that cannot stand on a line (a line break, not UTF-8, a blank at an end, a mark in front) is left out. */
bool id_writer_add(struct id_writer *w, struct bytes id, struct fault *f);
uint64_t id_writer_left_out(const struct id_writer *w);
/* |ids|: in the file; |kept|: of these, in the earlier file that was not synced. Both may be NULL.
 */
bool id_writer_finish(struct id_writer *w, uint64_t *ids, uint64_t *kept, struct fault *f);
void id_writer_free(struct id_writer *w);

/* "FILE.tenantmove", the folder beside it; false: the name is too long. */
bool id_file_folder(const char *path, char *out, size_t room, struct fault *f);

#endif
