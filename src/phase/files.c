#include "phase/phase_private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void move_path(const struct move *m, const char *name, char *out, size_t size)
{
    snprintf(out, size, "%s/%s", m->settings.dir, name);
}

static bool read_all(int fd, size_t size, uint8_t *to, size_t *got)
{
    *got = 0;
    while (*got < size) {
        ssize_t n = read(fd, to + *got, size - *got);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        if (n == 0)
            break;
        *got += (size_t)n;
    }
    return true;
}

bool file_read(const char *path, size_t max, struct arena *a, struct bytes *out, struct fault *f)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    bool ok = false;
    if (fd < 0 || fstat(fd, &st) != 0) {
        fault_errno(f, errno, "read the file", path);
        if (f)
            f->code = FAULT_USAGE;
    } else if (!S_ISREG(st.st_mode)) {
        fault_set(f, FAULT_USAGE, "this is not a file");
        fault_subject(f, "%s", path);
    } else if ((uint64_t)st.st_size > max) {
        fault_set(f, FAULT_USAGE, "the file is larger than %zu bytes", max);
        fault_subject(f, "%s", path);
    } else {
        size_t size = (size_t)st.st_size;
        uint8_t *p = arena_alloc(a, size + 1);
        size_t got = 0;
        if (!p)
            fault_memory(f);
        else if (!read_all(fd, size, p, &got))
            fault_errno(f, errno, "read the file", path);
        else
            ok = true;
        *out = (struct bytes){p, got};
    }
    if (fd >= 0)
        close(fd);
    return ok;
}

static bool write_synced(int fd, struct bytes content)
{
    for (size_t at = 0; at < content.n;) {
        ssize_t n = write(fd, content.p + at, content.n - at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        at += (size_t)n;
    }
    return fsync(fd) == 0;
}

bool file_write(const char *path, struct bytes content, struct fault *f)
{
    char fresh[4096];
    if (snprintf(fresh, sizeof fresh, "%s.new", path) >= (int)sizeof fresh)
        return fault_set(f, FAULT_USAGE, "the path is too long");
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    if (fd < 0)
        return fault_errno(f, errno, "write the file", path);
    bool ok = write_synced(fd, content);
    int error = errno;
    if (close(fd) != 0 && ok) {
        ok = false;
        error = errno;
    }
    if (ok && rename(fresh, path) != 0) {
        ok = false;
        error = errno;
    }
    if (!ok) {
        unlink(fresh);
        return fault_errno(f, error, "write the file", path);
    }
    return true;
}
