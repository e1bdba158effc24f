/* cli/kit_files.h: the files of the kit: the folder that Sunbird's tenant-migration page works in.
 */
#ifndef CLI_KIT_FILES_H
#define CLI_KIT_FILES_H

#include <stdbool.h>

#include "base/buf.h"

/* What stands in a file for @SOURCE@, @TARGET@, @BINARY@ (quoted for sh), @JOB@ and @KIT@. */
struct kit_words {
    const char *source;
    const char *target;
    const char *binary;
};

struct kit_file {
    const char *path; /* below the kit's folder */
    const char *job;  /* of a script; NULL for a text */
    const char *kit;  /* from the script's folder to the kit's: "." or ".." */
    const char *text; /* of what is no script */
};

const struct kit_file *kit_files(int *count);
/* The move.yaml of a kit for other tenants than the page's. */
const struct kit_file *kit_tenants(void);

/* The file's whole text, its words filled in. */
void kit_file_write(const struct kit_file *k, const struct kit_words *words, struct buf *out);

#endif
