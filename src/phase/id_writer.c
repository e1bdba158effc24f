#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "phase/id_file.h"
#include "phase/id_set.h"

struct id_writer {
    char path[PATH_MAX];
    char temporary[PATH_MAX];
    FILE *file;
    struct id_file earlier;
    struct id_set seen;  /* all that were written */
    struct id_set again; /* those that this run names */
    struct id_set odd;   /* that no line can hold */
    struct arena arena;  /* the bytes of those that were added */
    uint64_t count;
};

static bool write_id(struct id_writer *w, struct bytes id, struct fault *f)
{
    if (fwrite(id.p, 1, id.n, w->file) == id.n && putc('\n', w->file) != EOF) {
        w->count++;
        return true;
    }
    return fault_errno(f, errno, "write the id file", w->temporary);
}

/* A file that was not synced is kept, unless it cannot be read as ids: then nothing is overwritten
 * either. */
static bool keep_earlier(struct id_writer *w, struct fault *f)
{
    if (access(w->path, F_OK) != 0 || id_file_is_synced(w->path))
        return true;
    if (!id_file_read(&w->earlier, w->path, f)) {
        fault_hint(
            f, "The output file exists and is no list of ids: name another one, or move it away");
        return false;
    }
    for (size_t i = 0; i < w->earlier.count; i++) {
        if (id_set_add(&w->seen, w->earlier.ids[i]) < 0)
            return fault_memory(f);
        if (!write_id(w, w->earlier.ids[i], f))
            return false;
    }
    return true;
}

struct id_writer *id_writer_new(const char *path, struct fault *f)
{
    struct id_writer *w = calloc(1, sizeof *w);
    if (!w) {
        fault_memory(f);
        return NULL;
    }
    arena_init(&w->arena, ID_FILE_BYTES_MAX);
    bool ok =
        snprintf(w->path, sizeof w->path, "%s", path) < (int)sizeof w->path &&
        snprintf(w->temporary, sizeof w->temporary, "%s.new", path) < (int)sizeof w->temporary;
    if (!ok) {
        fault_set(f, FAULT_USAGE, "the output file's name is too long");
    } else {
        w->file = fopen(w->temporary, "we");
        ok = w->file ? keep_earlier(w, f)
                     : fault_errno(f, errno, "write the output file", w->temporary);
    }
    if (!ok) {
        id_writer_free(w);
        w = NULL;
    }
    return w;
}

bool id_writer_add(struct id_writer *w, struct bytes id, struct fault *f)
{
    struct bytes same = id_set_find(&w->seen, id);
    if (same.p)
        return id_set_add(&w->again, same) >= 0 || fault_memory(f);
    bool holds = id_file_can_hold(id);
    if (!holds && (id.n == 0 || id_set_find(&w->odd, id).p))
        return true;
    struct bytes copy = arena_copy(&w->arena, id);
    if (!holds)
        return (copy.p && id_set_add(&w->odd, copy) >= 0) || fault_memory(f);
    if (!copy.p || id_set_add(&w->seen, copy) < 0 || id_set_add(&w->again, copy) < 0)
        return fault_memory(f);
    return write_id(w, copy, f);
}

uint64_t id_writer_left_out(const struct id_writer *w)
{
    return w->odd.count;
}

bool id_writer_finish(struct id_writer *w, uint64_t *ids, uint64_t *kept, struct fault *f)
{
    bool ok = fflush(w->file) == 0 && fsync(fileno(w->file)) == 0;
    int error = errno;
    if (fclose(w->file) != 0 && ok) {
        ok = false;
        error = errno;
    }
    w->file = NULL;
    if (!ok)
        return fault_errno(f, error, "write the output file", w->temporary);
    if (rename(w->temporary, w->path) != 0)
        return fault_errno(f, errno, "write the output file", w->path);
    w->temporary[0] = '\0';
    if (ids)
        *ids = w->count;
    if (kept)
        *kept = w->count - w->again.count;
    return true;
}

void id_writer_free(struct id_writer *w)
{
    if (!w)
        return;
    if (w->file)
        fclose(w->file);
    if (w->temporary[0])
        unlink(w->temporary);
    id_file_fini(&w->earlier);
    id_set_fini(&w->seen);
    id_set_fini(&w->again);
    id_set_fini(&w->odd);
    arena_fini(&w->arena);
    free(w);
}
