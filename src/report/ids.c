#include "report/ids.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report/out_file.h"

enum { KEPT_MAX = 10000 };

struct ids_file {
    struct out_file out;
    uint64_t count;
};

struct ids_file *ids_new(const char *path, struct fault *f)
{
    struct ids_file *x = calloc(1, sizeof *x);
    if (!x) {
        fault_memory(f);
        return NULL;
    }
    if (out_file_init(&x->out, path, f))
        return x;
    ids_free(x);
    return NULL;
}

void ids_free(struct ids_file *x)
{
    if (!x)
        return;
    out_file_fini(&x->out);
    free(x);
}

bool ids_add(struct ids_file *x, struct bytes id, struct fault *f)
{
    bool is_line = id.n > 0;
    for (size_t i = 0; i < id.n; i++)
        if (id.p[i] == '\n' || id.p[i] == '\r' || id.p[i] == '\0')
            is_line = false;
    if (!is_line) {
        fault_set(f, FAULT_DAMAGED, "an id is empty or holds a line break");
        return fault_subject(f, "%s", x->out.path);
    }
    buf_append_bytes(&x->out.text, id);
    buf_append_char(&x->out.text, '\n');
    x->count++;
    return out_file_flow(&x->out, f);
}

/* The same bytes; false too when one of them cannot be read. */
static bool is_same(const char *a, const char *b)
{
    FILE *x = fopen(a, "rb"), *y = fopen(b, "rb");
    bool same = x && y;
    char p[8192], q[8192];
    while (same) {
        size_t n = fread(p, 1, sizeof p, x), m = fread(q, 1, sizeof q, y);
        same = n == m && memcmp(p, q, n) == 0 && !ferror(x) && !ferror(y);
        if (n == 0)
            break;
    }
    if (x)
        fclose(x);
    if (y)
        fclose(y);
    return same;
}

/* By a second link, so that there is a file under the first name at every instant. */
static bool keep(const char *path, char *name, size_t size, struct fault *f)
{
    for (int i = 1; i <= KEPT_MAX; i++) {
        int n = snprintf(name, size, "%s.%d", path, i);
        if (n < 0 || (size_t)n >= size)
            return fault_set(f, FAULT_USAGE, "the name of the file is too long");
        if (link(path, name) == 0)
            return true;
        if (errno == EEXIST)
            continue;
        struct stat st; /* a file system without links */
        if ((errno == EPERM || errno == ENOTSUP) && lstat(name, &st) != 0 && errno == ENOENT &&
            rename(path, name) == 0)
            return true;
        return fault_errno(f, errno, "keep the earlier file of ids", path);
    }
    fault_set(f, FAULT_REFUSED, "there are too many earlier files of ids");
    fault_subject(f, "%s.1 …", path);
    return fault_hint(f, "move those that were synced to another place");
}

bool ids_finish(struct ids_file *x, char *kept, size_t kept_size, uint64_t *count, struct fault *f)
{
    char name[PATH_MAX] = "";
    struct stat st;
    if (kept && kept_size)
        kept[0] = '\0';
    if (!out_file_seal(&x->out, f))
        return false;
    if (lstat(x->out.path, &st) == 0 && !is_same(x->out.path, x->out.fresh) &&
        !keep(x->out.path, name, sizeof name, f))
        return false;
    if (!out_file_finish(&x->out, f))
        return false;
    if (kept && kept_size)
        snprintf(kept, kept_size, "%s", name);
    if (count)
        *count = x->count;
    return true;
}
