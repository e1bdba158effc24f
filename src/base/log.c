#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/json_write.h"

enum { LOG_MESSAGE_MAX = 4096, LOG_LINE_MAX = 32 * 1024 };

static struct {
    int fd; /* 0: not open, for descriptor 0 is never ours */
    enum log_level least;
    bool verbose;
    bool cut; /* the last line was written in part: the next one starts on a line of its own */
} the_log;

static const char *level_name(enum log_level level)
{
    switch (level) {
    case LOG_DEBUG: return "debug";
    case LOG_INFO: return "info";
    case LOG_WARN: return "warn";
    case LOG_ERROR: return "error";
    }
    return "error";
}

bool log_open(const char *path, enum log_level least, bool verbose, struct fault *f)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
    if (fd < 0)
        return fault_errno(f, errno, "open the log", path);
    log_close();
    the_log.fd = fd;
    the_log.least = least;
    the_log.verbose = verbose;
    the_log.cut = false;
    return true;
}

void log_close(void)
{
    if (the_log.fd > 0)
        close(the_log.fd);
    the_log.fd = 0;
    the_log.verbose = false;
}

static void append_time(struct buf *line)
{
    struct timespec now = {0};
    struct tm utc = {0};
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    char text[32];
    size_t n = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
    buf_printf(line, "%.*s.%03ldZ", (int)n, text, now.tv_nsec / 1000000);
}

static void write_line(struct buf *line)
{
    const uint8_t *p = line->p;
    size_t left = line->n;
    while (left > 0) {
        ssize_t n = write(the_log.fd, p, left);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        p += n;
        left -= (size_t)n;
    }
    if (left < line->n)
        the_log.cut = left > 0;
}

static void tell_terminal(enum log_level level, const char *part, char *message)
{
    for (char *p = message; *p; p++) {
        unsigned char c = (unsigned char)*p;
        if (c < 0x20 || c == 0x7f)
            *p = '?';
    }
    fprintf(stderr, "%s: %s: %s\n", level == LOG_ERROR ? "error" : "warning", part, message);
}

void log_write(enum log_level level, const char *part, const char *format, ...)
{
    if (the_log.fd <= 0 || level < the_log.least)
        return;
    int error = errno;
    char message[LOG_MESSAGE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);

    struct buf line, stamp;
    buf_init(&line, LOG_LINE_MAX);
    buf_init(&stamp, 64);
    append_time(&stamp);
    if (the_log.cut)
        buf_append_char(&line, '\n');
    struct json_writer w;
    json_writer_init(&w, &line, false);
    json_begin_object(&w);
    json_member_text(&w, "ts", buf_text(&stamp));
    json_member_text(&w, "level", level_name(level));
    json_member_text(&w, "part", part);
    json_member_text(&w, "msg", message);
    json_end(&w);
    buf_append_char(&line, '\n');
    if (!line.failed)
        write_line(&line);
    buf_fini(&line);
    buf_fini(&stamp);
    if (the_log.verbose && level >= LOG_WARN)
        tell_terminal(level, part, message);
    errno = error;
}
