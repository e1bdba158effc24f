#include <inttypes.h>
#include <pwd.h>
#include <unistd.h>

#include "base/json_write.h"
#include "base/milliseconds.h"
#include "phase/flow_private.h"

/* The answer's first line is "ok", or the name of what went wrong; then text for people, or JSON. */

static void name_of(uid_t uid, char *out, size_t size)
{
    char text[1024];
    struct passwd entry, *found = NULL;
    if (getpwuid_r(uid, &entry, text, sizeof text, &found) == 0 && found)
        snprintf(out, size, "%s", entry.pw_name);
    else
        snprintf(out, size, "uid %lu", (unsigned long)uid);
}

static void append_latency(struct flow *x, struct buf *out)
{
    const struct governor *g = &x->governor;
    const struct move *m = x->move;
    char p99[16], most[MILLISECONDS_TEXT];
    if (m->settings.max_latency_us > 0)
        buf_printf(out, "  Latency    max-latency %s ms",
                   milliseconds_print(m->settings.max_latency_us, most));
    else
        buf_append_text(out, "  Latency    no max-latency");
    if (m->settings.max_latency_us > 0 && m->store && !store_can_probe(m->store))
        buf_append_text(out, ", which an embedded file does not need");
    else if (g->max_latency_us && g->has_decided)
        buf_printf(out, ", p99 of probe reads %s", governor_ms(g->p99_us, p99));
    buf_append_char(out, '\n');
}

static void append_status(struct flow *x, struct buf *out)
{
    const struct progress *p = &x->shown;
    const struct settings *s = &x->move->settings;
    struct store_flow flow = {0};
    char words[FLOW_WORDS_MAX];
    if (x->move->store)
        store_flow(x->move->store, &flow);
    flow_words(x, words);
    buf_printf(out, "Process %d works", (int)getpid());
    if (x->has_shown) {
        buf_printf(out, ": %s, %s, %" PRIu64, p->phase, p->part, p->done);
        if (p->total > 0)
            buf_printf(out, " of %" PRIu64, p->total);
        buf_printf(out, " %s", p->unit);
    }
    if (s->max_rate > 0)
        buf_printf(out, "\n  Rate       max-rate %d/s", s->max_rate);
    else
        buf_append_text(out, "\n  Rate       no max-rate");
    buf_printf(out, ", now %.0f rows/s", x->rate);
    if (x->governor.rate > 0)
        buf_printf(out, " of %.0f", x->pace.rate);
    buf_append_char(out, '\n');
    append_latency(x, out);
    buf_append_text(out, "  In flight  ");
    if (s->in_flight > 0)
        buf_printf(out, "at most %d", s->in_flight);
    else
        buf_append_text(out, "found by how long answers take");
    if (flow.most > 0)
        buf_printf(out, ", now %d of %d", flow.in_flight, flow.most);
    if (!words[0])
        snprintf(words, sizeof words, "%s",
                 x->pace.rate > 0 ? "nothing but max-rate slows it" : "nothing slows it");
    buf_printf(out, "\n  State      %s\n", words);
}

static void append_json(struct flow *x, struct buf *out)
{
    const struct progress *p = &x->shown;
    const struct settings *s = &x->move->settings;
    struct store_flow flow = {0};
    struct json_writer w;
    char words[FLOW_WORDS_MAX];
    if (x->move->store)
        store_flow(x->move->store, &flow);
    flow_words(x, words);
    json_writer_init(&w, out, false);
    json_begin_object(&w);
    json_member_int(&w, "pid", getpid());
    json_member_text(&w, "phase", x->has_shown ? p->phase : NULL);
    json_member_text(&w, "part", x->has_shown ? p->part : NULL);
    json_member_int(&w, "done", (int64_t)p->done);
    json_member_int(&w, "total", (int64_t)p->total);
    json_member_bool(&w, "paused", x->pace.is_paused);
    json_member_int(&w, "rows", (int64_t)x->pace.spent);
    json_member_int(&w, "at_us", clock_now_us());
    json_member_int(&w, "rate", (int64_t)x->rate);
    json_member_int(&w, "allowed_rate", (int64_t)x->pace.rate);
    json_member_int(&w, "max_rate", s->max_rate);
    json_member_int(&w, "max_latency_us", s->max_latency_us);
    json_member_int(&w, "p99_us", x->governor.has_decided ? x->governor.p99_us : 0);
    json_member_int(&w, "in_flight", flow.in_flight);
    json_member_int(&w, "in_flight_most", flow.most);
    json_member_text(&w, "state", words);
    json_end(&w);
    buf_append_char(out, '\n');
}

static void set(struct flow *x, const struct control_command *c)
{
    struct settings *s = &x->move->settings;
    if (c->max_rate >= 0)
        s->max_rate = c->max_rate;
    if (c->max_latency_us >= 0)
        s->max_latency_us = c->max_latency_us;
    if (c->in_flight >= 0) {
        s->in_flight = c->in_flight;
        if (x->move->store)
            store_set_in_flight(x->move->store, c->in_flight);
    }
    flow_set_limits(x);
}

/* Who told what is in the log at once, and in the ledger's history. */
static void note(struct flow *x, const char *who, const char *words, struct buf *answer)
{
    struct fault f;
    move_note(x->move, "%s, by %s", words, who);
    if (x->move->ledger && !ledger_note(x->move->ledger, "control", words, who, &f))
        buf_printf(answer, "It could not be noted in the ledger: %s\n", f.text);
}

static void append_fault(struct buf *answer, const struct fault *f)
{
    buf_printf(answer, "%s\n%s\n%s\n", fault_code_name(f->code), f->text, f->hint);
}

void flow_answer(void *context, struct bytes line, uid_t uid, struct buf *answer)
{
    struct flow *x = context;
    struct control_command c;
    struct fault f = {0};
    char who[64], words[CONTROL_LINE_MAX];
    if (!control_parse(line, &c, &f)) {
        append_fault(answer, &f);
        return;
    }
    name_of(uid, who, sizeof who);
    control_words(&c, words);
    buf_append_text(answer, "ok\n");
    switch (c.verb) {
    case CONTROL_PAUSE:
    case CONTROL_RESUME:
        if (x->pace.is_paused == (c.verb == CONTROL_PAUSE)) {
            buf_append_text(answer, x->pace.is_paused ? "It was paused already.\n"
                                                      : "It was not paused.\n");
            break;
        }
        note(x, who, c.verb == CONTROL_PAUSE ? "paused" : "resumed", answer);
        flow_pause(x, c.verb == CONTROL_PAUSE);
        break;
    case CONTROL_SET:
        set(x, &c);
        note(x, who, words, answer);
        break;
    case CONTROL_STATUS: break;
    }
    if (c.json)
        append_json(x, answer);
    else
        append_status(x, answer);
}
