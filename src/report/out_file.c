#include "report/out_file.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { FLOW_BYTES = 64 * 1024, TEXT_BYTES_MAX = 256 * 1024 * 1024 };

bool out_file_path(char *out, size_t size, const char *dir, const char *name, const char *ending,
                   struct fault *f)
{
    int n = snprintf(out, size, "%s/%s.%s", dir, name, ending);
    if (n < 0 || (size_t)n >= size)
        return fault_set(f, FAULT_USAGE, "the name of the directory is too long");
    for (char *p = out + strlen(dir) + 1; *p; p++) {
        bool is_plain = isalnum((unsigned char)*p) || *p == '-' || *p == '_';
        if (!is_plain && (*p != '.' || p == out + strlen(dir) + 1))
            *p = '_';
    }
    return true;
}

bool out_file_init(struct out_file *x, const char *path, struct fault *f)
{
    x->fd = -1;
    buf_init(&x->text, TEXT_BYTES_MAX);
    int n = snprintf(x->path, sizeof x->path, "%s", path);
    int m = snprintf(x->fresh, sizeof x->fresh, "%s.new", path);
    if (n < 0 || m < 0 || (size_t)m >= sizeof x->fresh)
        return fault_set(f, FAULT_USAGE, "the name of the file is too long");
    x->fd = open(x->fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
    return x->fd >= 0 || fault_errno(f, errno, "write the file", path);
}

void out_file_fini(struct out_file *x)
{
    if (x->fd >= 0) {
        close(x->fd);
        unlink(x->fresh);
    }
    x->fd = -1;
    buf_fini(&x->text);
}

static bool write_out(struct out_file *x, struct fault *f)
{
    if (x->text.failed)
        return fault_memory(f);
    size_t done = 0;
    while (done < x->text.n) {
        ssize_t n = write(x->fd, x->text.p + done, x->text.n - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return fault_errno(f, n < 0 ? errno : ENOSPC, "write the file", x->path);
        done += (size_t)n;
    }
    buf_clear(&x->text);
    return true;
}

bool out_file_flow(struct out_file *x, struct fault *f)
{
    if (x->text.failed || x->text.n >= FLOW_BYTES)
        return write_out(x, f);
    return true;
}

bool out_file_seal(struct out_file *x, struct fault *f)
{
    if (!write_out(x, f))
        return false;
    return fsync(x->fd) == 0 || fault_errno(f, errno, "write the file", x->path);
}

bool out_file_finish(struct out_file *x, struct fault *f)
{
    if (!out_file_seal(x, f))
        return false;
    if (rename(x->fresh, x->path) != 0)
        return fault_errno(f, errno, "write the file", x->path);
    close(x->fd);
    x->fd = -1;
    return true;
}
