/* move/yaml_flat.h: reads YAML that is one flat mapping of words to words: move.yaml. */
#ifndef MOVE_YAML_FLAT_H
#define MOVE_YAML_FLAT_H

#include <stdbool.h>

#include "base/fault.h"

enum { YAML_FLAT_BYTES_MAX = 256 * 1024 };

/* Calls |each| for every `key: value` of |path| in order; a key with nothing behind it, or with ~
 * or null, has the value "". Texts live until it returns; false with |f| set stops. An empty file
 * is fine. FAULT_USAGE, with "file:line" as the subject, for text that is not YAML, for a value
 * that is no plain word or string, and for a NUL byte. FAULT_IO, FAULT_DENIED when it cannot be
 * read. */
bool yaml_flat_read(const char *path,
                    bool (*each)(void *context, const char *key, const char *value, int line,
                                 struct fault *f),
                    void *context, struct fault *f);

#endif
