/* cli/ask.h: questions on the terminal, which Ctrl-C ends without ending the process. */
#ifndef CLI_ASK_H
#define CLI_ASK_H

#include <signal.h>
#include <stddef.h>
#include <sys/types.h>

struct ask {
    struct sigaction was_int, was_term;
};

/* From here to ask_end SIGINT and SIGTERM end the question only: before it is shown. */
void ask_begin(struct ask *a);

/* Like read(2) of one line. -1 with errno EINTR: SIGINT or SIGTERM came since ask_begin. */
ssize_t ask_read(int fd, char *text, size_t room);

void ask_end(const struct ask *a);

#endif
