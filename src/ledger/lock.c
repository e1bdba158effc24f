#include "ledger/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

enum { LOCK_TRIES = 10, LOCK_PAUSE_MS = 10 };

static void pause_ms(long ms)
{
    struct timespec t = {.tv_nsec = ms * 1000000};
    nanosleep(&t, NULL);
}

static int read_pid(int fd)
{
    char text[32];
    ssize_t n = pread(fd, text, sizeof text - 1, 0);
    if (n <= 0)
        return 0;
    text[n] = '\0';
    long pid = strtol(text, NULL, 10);
    return pid > 0 && pid <= INT_MAX ? (int)pid : 0;
}

static bool lock_path(const char *dir, char *path, size_t size, struct fault *f)
{
    int n = snprintf(path, size, "%s/ledger.lock", dir);
    if (n > 0 && (size_t)n < size)
        return true;
    return fault_set(f, FAULT_USAGE, "the name of the move directory is too long");
}

int lock_take(const char *dir, struct fault *f)
{
    char path[PATH_MAX];
    if (!lock_path(dir, path, sizeof path, f))
        return -1;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (fd < 0) {
        fault_errno(f, errno, "open the lock file", path);
        return -1;
    }
    /* Tried more than once, for lock_holder of another process holds it for an instant. */
    int error = 0;
    for (int i = 0; i < LOCK_TRIES; i++) {
        error = flock(fd, LOCK_EX | LOCK_NB) ? errno : 0;
        if (error != EWOULDBLOCK && error != EINTR)
            break;
        pause_ms(LOCK_PAUSE_MS);
    }
    if (error) {
        int pid = read_pid(fd);
        close(fd);
        if (error != EWOULDBLOCK) {
            fault_errno(f, error, "lock the move directory", path);
            return -1;
        }
        fault_set(f, FAULT_REFUSED, "another tenantmove is working in this directory (process %d)",
                  pid);
        fault_subject(f, "%s", dir);
        fault_hint(f, "wait for it, or look at it with: tenantmove status");
        return -1;
    }
    char text[32];
    int n = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)n, 0) != n) {
        fault_errno(f, errno ? errno : ENOSPC, "write the lock file", path);
        close(fd);
        return -1;
    }
    return fd;
}

int lock_holder(const char *dir)
{
    char path[PATH_MAX];
    if (!lock_path(dir, path, sizeof path, NULL))
        return 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    int pid = 0;
    for (int i = 0; i < LOCK_TRIES; i++) {
        if (flock(fd, LOCK_SH | LOCK_NB) == 0 || errno != EWOULDBLOCK)
            break;
        pid = read_pid(fd);
        if (pid)
            break;
        pause_ms(LOCK_PAUSE_MS); /* locked, and about to write its pid */
    }
    close(fd);
    return pid;
}
