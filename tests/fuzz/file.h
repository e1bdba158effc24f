/* tests/fuzz/file.h: for what reads files: a folder of this process's own, in memory where there is such
 * a file system, taken away at the end. */
#ifndef TESTS_FUZZ_FILE_H
#define TESTS_FUZZ_FILE_H

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz/fuzz.h"

enum { FUZZ_PATH_MAX = 128 };

static char fuzz_dir[64];

static void fuzz_dir_remove(void)
{
    char command[FUZZ_PATH_MAX];
    snprintf(command, sizeof command, "rm -rf '%s'", fuzz_dir);
    if (system(command) != 0)
        perror(fuzz_dir);
}

static inline const char *fuzz_folder(void)
{
    if (fuzz_dir[0])
        return fuzz_dir;
    snprintf(fuzz_dir, sizeof fuzz_dir, "%s/tenantmove-fuzz-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert(mkdtemp(fuzz_dir) && atexit(fuzz_dir_remove) == 0);
    return fuzz_dir;
}

/* Its place; lives until the next call. */
static inline const char *fuzz_path(const char *name)
{
    static char path[FUZZ_PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", fuzz_folder(), name);
    return path;
}

static inline void fuzz_file(const char *name, struct bytes text)
{
    FILE *file = fopen(fuzz_path(name), "we");
    assert(file && fwrite(text.p, 1, text.n, file) == text.n && fclose(file) == 0);
}

#endif
