/* base/log.h: the run's log: one JSON object per line, in the move directory (log.ndjson). The one
 * global.
 *
 * Until log_open it goes nowhere. Nothing secret is ever given to it; values of columns that hold
 * personal data are not either: keys and counts are.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

#include "base/fault.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* Appends to |path| (mode 0640). |verbose|: warnings and errors go to stderr as well. */
bool log_open(const char *path, enum log_level least, bool verbose, struct fault *f);
void log_close(void);

/* {"ts":"2026-11-23T07:46:00.123Z","level":"warn","part":"cql","msg":"…"}; a log that cannot be
 * written (full disk) never stops the run. */
void log_write(enum log_level level, const char *part, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
