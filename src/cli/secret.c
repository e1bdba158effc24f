#include "cli/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "cli/ask.h"

static const char *keep_line(struct cli *c, char *text, size_t n, const char *from, struct fault *f)
{
    if (n > 0 && text[n - 1] == '\n')
        n--;
    if (n > 0 && text[n - 1] == '\r')
        n--;
    const char *kept = NULL;
    if (n == 0) {
        fault_set(f, FAULT_USAGE, "the secret is empty");
    } else if (memchr(text, '\0', n) || memchr(text, '\n', n)) {
        fault_set(f, FAULT_USAGE, "the secret must be one line of text");
    } else {
        kept = cli_keep_secret(c, text, n);
        if (!kept)
            fault_memory(f);
    }
    if (!kept)
        fault_subject(f, "%s", from);
    return kept;
}

/* |text| has room for one byte more than a secret may have, so that a longer one is noticed. */
static ssize_t read_all(int fd, char *text, size_t room)
{
    size_t n = 0;
    while (n < room) {
        ssize_t got = read(fd, text + n, room - n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        n += (size_t)got;
    }
    return (ssize_t)n;
}

static void warn_of_readers(const char *path, const struct stat *st)
{
    if (!S_ISREG(st->st_mode))
        return;
    if (st->st_mode & S_IROTH)
        cli_warn("everybody on this machine can read %s (chmod 600 mends it)", path);
    else if (st->st_mode & S_IRGRP)
        cli_warn("the group of %s can read it (chmod 600 mends it)", path);
}

void secret_check_readers(const char *path)
{
    struct stat st;
    if (stat(path, &st) == 0)
        warn_of_readers(path, &st);
}

const char *secret_from_file(struct cli *c, const char *path, struct fault *f)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        fault_set(f, FAULT_USAGE, "could not open the file of a secret: %s", strerror(errno));
        fault_subject(f, "%s", path);
        return NULL;
    }
    char text[CLI_SECRET_BYTES_MAX + 1];
    struct stat st;
    const char *kept = NULL;
    if (fstat(fd, &st) == 0)
        warn_of_readers(path, &st);
    ssize_t n = read_all(fd, text, sizeof text);
    if (n < 0) {
        fault_set(f, FAULT_USAGE, "could not read the file of a secret: %s", strerror(errno));
        fault_subject(f, "%s", path);
    } else if (n == (ssize_t)sizeof text) {
        fault_set(f, FAULT_USAGE, "the secret is longer than %d bytes", CLI_SECRET_BYTES_MAX);
        fault_subject(f, "%s", path);
    } else {
        kept = keep_line(c, text, (size_t)n, path, f);
    }
    explicit_bzero(text, sizeof text);
    close(fd);
    return kept;
}

const char *secret_from_terminal(struct cli *c, const char *what, struct fault *f)
{
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC);
    struct termios was, silent;
    if (fd < 0 || !isatty(STDIN_FILENO) || tcgetattr(fd, &was) != 0) {
        if (fd >= 0)
            close(fd);
        fault_set(f, FAULT_USAGE, "no %s is given", what);
        return NULL;
    }
    struct ask ask;
    ask_begin(&ask);
    silent = was;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    tcsetattr(fd, TCSAFLUSH, &silent);
    dprintf(fd, "%s: ", what);
    char text[CLI_SECRET_BYTES_MAX];
    ssize_t n = ask_read(fd, text, sizeof text);
    int error = errno;
    tcsetattr(fd, TCSAFLUSH, &was);
    ask_end(&ask);
    dprintf(fd, "\n");
    close(fd);
    const char *kept = NULL;
    if (n < 0 && error == EINTR)
        fault_set(f, FAULT_INTERRUPTED, "stopped at the question for a password; nothing was done");
    else if (n < 0)
        fault_errno(f, error, "read the terminal", NULL);
    else
        kept = keep_line(c, text, (size_t)n, what, f);
    explicit_bzero(text, sizeof text);
    return kept;
}
