#include "base/fault.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void make_printable(char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < 0x20 || c == 0x7f)
            *text = '?';
    }
}

bool fault_set(struct fault *f, enum fault_code code, const char *format, ...)
{
    if (!f)
        return false;
    f->code = code;
    f->subject[0] = '\0';
    f->hint[0] = '\0';
    va_list args;
    va_start(args, format);
    vsnprintf(f->text, sizeof f->text, format, args);
    va_end(args);
    make_printable(f->text);
    return false;
}

bool fault_subject(struct fault *f, const char *format, ...)
{
    if (!f)
        return false;
    va_list args;
    va_start(args, format);
    vsnprintf(f->subject, sizeof f->subject, format, args);
    va_end(args);
    make_printable(f->subject);
    return false;
}

bool fault_hint(struct fault *f, const char *format, ...)
{
    if (!f)
        return false;
    va_list args;
    va_start(args, format);
    vsnprintf(f->hint, sizeof f->hint, format, args);
    va_end(args);
    make_printable(f->hint);
    return false;
}

const struct fault *fault_no_memory(void)
{
    static const struct fault f = {
        .code = FAULT_MEMORY,
        .text = "out of memory",
        .hint = "free some memory, then run the same command again",
    };
    return &f;
}

bool fault_memory(struct fault *f)
{
    if (f)
        *f = *fault_no_memory();
    return false;
}

bool fault_errno(struct fault *f, int error, const char *doing, const char *path)
{
    enum fault_code code = FAULT_IO;
    if (error == ENOSPC || error == EDQUOT)
        code = FAULT_DISK_FULL;
    else if (error == EACCES || error == EPERM || error == EROFS)
        code = FAULT_DENIED;
    else if (error == ENOMEM)
        code = FAULT_MEMORY;
    fault_set(f, code, "could not %s: %s", doing, strerror(error));
    if (path)
        fault_subject(f, "%s", path);
    if (code == FAULT_DISK_FULL)
        fault_hint(f, "free some space, then run the same command again: it goes on where it was");
    else if (code == FAULT_DENIED)
        fault_hint(f, "check the rights of that path");
    return false;
}

const char *fault_code_name(enum fault_code code)
{
    switch (code) {
    case FAULT_NONE: return "none";
    case FAULT_USAGE: return "usage";
    case FAULT_REFUSED: return "refused";
    case FAULT_UNREACHABLE: return "unreachable";
    case FAULT_DENIED: return "denied";
    case FAULT_UNSUPPORTED: return "unsupported";
    case FAULT_SCHEMA: return "schema";
    case FAULT_TIMEOUT: return "time-out";
    case FAULT_UNAVAILABLE: return "unavailable";
    case FAULT_SERVER: return "server";
    case FAULT_TOO_MANY: return "too many";
    case FAULT_DISK_FULL: return "disk full";
    case FAULT_IO: return "input/output";
    case FAULT_DAMAGED: return "damaged";
    case FAULT_PROTOCOL: return "protocol";
    case FAULT_INTERRUPTED: return "interrupted";
    case FAULT_MEMORY: return "memory";
    case FAULT_INTERNAL: return "internal";
    }
    return "unknown";
}
