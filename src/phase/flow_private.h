/* phase/flow_private.h: the flow's inside, shared by flow.c (the pace, what is said of it), flow_probe.c
 * (probe reads) and flow_control.c (the operator's commands). */
#ifndef PHASE_FLOW_PRIVATE_H
#define PHASE_FLOW_PRIVATE_H

#include "net/line_server.h"
#include "phase/control_command.h"
#include "phase/flow.h"
#include "phase/governor.h"
#include "phase/phase_private.h"

enum { FLOW_ID_MAX = 32, FLOW_WORDS_MAX = 160 };

struct flow_probe {
    struct store_op op;
    struct flow *flow;
    bool is_under_way;
    uint64_t sent_us;
    uint32_t run; /* of the store, in which it was sent */
    char id[FLOW_ID_MAX];
    struct bytes key;
};

struct flow {
    struct move *move; /* its settings are the limits, and change with them */
    struct pace pace;
    struct governor governor;
    enum governor_state told; /* the state that the log knows */
    struct timer *timer;
    struct line_server *server;

    const struct table *table; /* of the probes; NULL: not known yet */
    struct bytes id;
    bool *nothing; /* the columns that they read beside the key */
    struct flow_probe probes[STORE_PROBES_MAX];
    uint64_t probe_count;

    struct progress shown;
    char part[160];
    bool has_shown;
    char words[FLOW_WORDS_MAX];

    uint64_t measured_us, measured_spent; /* where |rate| is counted from */
    double rate;                          /* rows per second, of late */
};

/* flow.c */
/* After a limit has changed. */
void flow_set_limits(struct flow *x);
void flow_pause(struct flow *x, bool pause);
void flow_words(struct flow *x, char out[FLOW_WORDS_MAX]);

/* flow_probe.c */
void flow_send_probe(struct flow *x, uint64_t now_us);
/* The ages of those that are under way and could be answered; returns how many. */
int flow_probes_waiting(const struct flow *x, uint64_t now_us, uint32_t out[STORE_PROBES_MAX]);

/* flow_control.c */
void flow_answer(void *context, struct bytes line, uid_t uid, struct buf *answer);

#endif
