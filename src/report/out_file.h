/* report/out_file.h: a file that is there whole or not at all.
 *
 * Written under another name (PATH.new) and renamed at the end. Memory stays flat: what is appended
 * to |text| leaves for the disk whenever it has grown.
 */
#ifndef REPORT_OUT_FILE_H
#define REPORT_OUT_FILE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/fault.h"

struct out_file {
    char path[PATH_MAX];
    char fresh[PATH_MAX]; /* the name while it is being written */
    int fd;               /* -1: not open */
    struct buf text;      /* append here, then call out_file_flow */
};

/* |x| must be fini'd in any case; that removes what was not finished. */
bool out_file_init(struct out_file *x, const char *path, struct fault *f);
void out_file_fini(struct out_file *x);

/* Writes what was appended, once it is worth it. */
bool out_file_flow(struct out_file *x, struct fault *f);
/* Writes the rest and syncs it, still under the other name. */
bool out_file_seal(struct out_file *x, struct fault *f);
/* Gives it its name; an earlier file of that name is replaced. Seals it first. */
bool out_file_finish(struct out_file *x, struct fault *f);

/* "DIR/NAME.ENDING"; characters of |name| that a file name should not have become '_'. */
bool out_file_path(char *out, size_t size, const char *dir, const char *name, const char *ending,
                   struct fault *f);

#endif
