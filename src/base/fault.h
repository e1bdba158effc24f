/* base/fault.h: one failure, described once where it is understood, printed once where it ends.
 *
 * Owns     a code, what happened, to what, and what the operator can do about it.
 * Knows    nothing of who prints it; the cli maps the code to an exit code.
 * Secrets  never put one into a fault: its text reaches the terminal, the log and the ledger.
 */
#ifndef BASE_FAULT_H
#define BASE_FAULT_H

#include <stdarg.h>
#include <stdbool.h>

enum fault_code {
    FAULT_NONE = 0,
    FAULT_USAGE,       /* a wrong flag, value or file given by the operator        exit 64 */
    FAULT_REFUSED,     /* stale plan, precheck failed, locked, nothing to move     exit 3 */
    FAULT_UNREACHABLE, /* no connection, wrong host or port                        exit 3 */
    FAULT_DENIED,      /* bad credentials, no right                                exit 3 */
    FAULT_UNSUPPORTED, /* not Cassandra, protocol too old, counter table           exit 3 */
    FAULT_SCHEMA,      /* keyspace, table or column is not as the profile says     exit 3 */
    FAULT_TIMEOUT,     /* retried, and still no answer                             exit 2 */
    FAULT_UNAVAILABLE, /* not enough replicas, overloaded, after all retries       exit 2 */
    FAULT_SERVER,      /* the server refused this one request                      exit 2 */
    FAULT_TOO_MANY,    /* too many rows failed: the run stops                      exit 2 */
    FAULT_DISK_FULL,   /*                                                          exit 2 */
    FAULT_IO,          /* file system                                              exit 2 */
    FAULT_DAMAGED,     /* ledger or file content is not what it must be            exit 3 */
    FAULT_PROTOCOL,    /* bytes that no correct peer sends                         exit 2 */
    FAULT_INTERRUPTED, /* Ctrl-C or SIGTERM                                        exit 4 */
    FAULT_MEMORY,      /* an allocation failed, or a buffer's maximum was reached  exit 5 */
    FAULT_INTERNAL,    /* our own mistake                                          exit 5 */
};

enum { FAULT_TEXT_MAX = 512, FAULT_SUBJECT_MAX = 256, FAULT_HINT_MAX = 384 };

struct fault {
    enum fault_code code;
    char text[FAULT_TEXT_MAX]; /* what happened, one sentence without a full stop */
    char
        subject[FAULT_SUBJECT_MAX]; /* to what: file:line, host:port, table and key; may be empty */
    char hint[FAULT_HINT_MAX];      /* what to do next; may be empty */
};

/* Describes a failure. An earlier description in |f| is replaced; |f| may be NULL.
 * Bytes that are not printable are shown as '?', so text from servers cannot steer a terminal.
 * Always returns false, so that a caller can write `return fault_set(f, …)`. */
bool fault_set(struct fault *f, enum fault_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Adds the subject, and the hint, to a failure that is already described; both return false. */
bool fault_subject(struct fault *f, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool fault_hint(struct fault *f, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* FAULT_MEMORY with a fixed text; returns false. */
bool fault_memory(struct fault *f);
/* The same where there is no memory for a fault of one's own. */
const struct fault *fault_no_memory(void);

/* From errno: ENOSPC and EDQUOT become FAULT_DISK_FULL, EACCES and EPERM FAULT_DENIED,
 * ENOMEM FAULT_MEMORY, else FAULT_IO.
 * |doing| completes "could not …", e.g. "open the ledger"; |path| becomes the subject. */
bool fault_errno(struct fault *f, int error, const char *doing, const char *path);

/* The fixed lower-case word for a code ("refused", "time-out"): for JSON and logs. */
const char *fault_code_name(enum fault_code code);

#endif
