/* phase/control_command.h: what an operator tells a running move: the words, and what they mean.
 *
 * Pure. Both sides use it: who asks, to say what is wrong with the words before anybody is asked; who
 * works, because what comes over a socket is never believed.
 */
#ifndef PHASE_CONTROL_COMMAND_H
#define PHASE_CONTROL_COMMAND_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/fault.h"

enum control_verb { CONTROL_STATUS, CONTROL_PAUSE, CONTROL_RESUME, CONTROL_SET };

enum {
    CONTROL_RATE_MAX = 1000000000, /* rows per second */
    CONTROL_LATENCY_MAX = 600000,  /* ms */
    CONTROL_IN_FLIGHT_MAX = 2048,
    CONTROL_LINE_MAX = 256,
};

struct control_command {
    enum control_verb verb;
    bool json; /* STATUS: for programs */
    /* SET: -1 is not given; 0 is what holds without it. */
    int max_rate, max_latency_us, in_flight;
};

/* "pause", "resume", "status [json]", "set max-rate=1000 max-latency=20 in-flight=64". FAULT_USAGE. */
bool control_parse(struct bytes line, struct control_command *out, struct fault *f);

/* The words again, as they go into the history: "max-rate=1000 in-flight=64". */
void control_words(const struct control_command *c, char out[CONTROL_LINE_MAX]);

#endif
