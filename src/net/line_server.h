/* net/line_server.h: a Unix socket in a directory, where a line is answered with a text.
 *
 * Owns     the socket file, the connections of those who ask, their bytes.
 * Knows    nothing of what the lines mean.
 *
 * One line per connection: it is read up to its line feed, answered, and the connection ends. The file
 * has mode 0600, and only this user and root are answered. All is bounded: a line, an answer, how many
 * may ask at once, and how long one may take. The path may be longer than a socket's address can be.
 */
#ifndef NET_LINE_SERVER_H
#define NET_LINE_SERVER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "net/loop.h"

enum {
    LINE_MAX_BYTES = 512,
    LINE_ANSWER_MAX = 16 * 1024,
    LINE_CLIENTS_MAX = 8,
    LINE_PATIENCE_MS =
        5000, /* of one who connected and does not send its line, or take the answer */
};

struct line_server;

/* Makes |dir|/|name|; a file of that name that an ended process left is replaced, so the caller must
 * know that no other process has it: it holds the directory's lock. |line|: fills |answer|; the line
 * comes without its line feed, its bytes are whatever was sent. |uid|: who asks.
 * FAULT_IO, FAULT_DENIED, FAULT_REFUSED (a file of that name that is no socket), FAULT_MEMORY. */
struct line_server *line_server_open(struct loop *l, const char *dir, const char *name,
                                     void (*line)(void *context, struct bytes line, uid_t uid,
                                                  struct buf *answer),
                                     void *context, struct fault *f);
/* Removes the file, unless another has its name by now; those who still wait get nothing. */
void line_server_close(struct line_server *s);

/* The other side, without a loop: sends a line to |dir|/|name| and reads the answer. FAULT_REFUSED:
 * nobody listens there. FAULT_TIMEOUT: no answer within |timeout_ms|. */
bool line_ask(const char *dir, const char *name, const char *line, int timeout_ms,
              struct buf *answer, struct fault *f);

#endif
