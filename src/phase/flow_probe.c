#include <stdlib.h>

#include "phase/flow_private.h"

/* Sent by the clock, not when the one before is answered: a cluster that stands still for a second makes
 * a hundred slow answers, as it does for everybody else. */

void flow_probe(struct flow *x, const struct table *t, const char *id)
{
    free(x->nothing);
    x->nothing = calloc((size_t)t->column_count, sizeof *x->nothing);
    bool fits = t->key_count == 1 && t->columns[0].type.kind == TYPE_TEXT;
    x->table = x->nothing && fits ? t : NULL;
    x->id = bytes_of(id);
}

static uint32_t run_of(const struct flow *x)
{
    struct store_flow flow;
    store_flow(x->move->store, &flow);
    return flow.run;
}

static void on_answer(struct store_op *op)
{
    struct flow_probe *p = op->context;
    p->is_under_way = false;
    if (op->outcome != STORE_OK)
        governor_failed(&p->flow->governor);
    else if (op->took_us)
        governor_answer(&p->flow->governor, op->took_us);
}

static void choose_key(struct flow_probe *p)
{
    struct flow *x = p->flow;
    p->key = x->id;
    if (x->probe_count++ % 2 == 0)
        return;
    int n = snprintf(p->id, sizeof p->id, "%010u%010u", random_below(UINT32_MAX),
                     random_below(UINT32_MAX));
    p->key = (struct bytes){(const uint8_t *)p->id, (size_t)n};
}

static void prepare(struct flow_probe *p)
{
    choose_key(p);
    p->op = (struct store_op){.kind = STORE_READ,
                              .table = p->flow->table,
                              .key = &p->key,
                              .selected = p->flow->nothing,
                              .done = on_answer,
                              .context = p};
}

void flow_send_probe(struct flow *x, uint64_t now_us)
{
    struct flow_probe *p = NULL;
    for (int i = 0; i < STORE_PROBES_MAX && !p; i++)
        if (!x->probes[i].is_under_way)
            p = &x->probes[i];
    if (!p || !x->table)
        return;
    p->flow = x;
    prepare(p);
    p->sent_us = now_us;
    p->run = run_of(x);
    p->is_under_way = store_probe(x->move->store, &p->op);
}

static void on_measured(struct store_op *op)
{
    struct flow_latency *seen = op->context;
    seen->failed += op->outcome != STORE_OK;
}

bool flow_measure_latency(struct flow *x, struct flow_latency *out, struct fault *f)
{
    struct flow_probe p = {.flow = x};
    struct loop *loop = x->move->loop;
    uint64_t until_us = loop_now_us(loop) + FLOW_MEASURE_MS * 1000u;
    uint32_t took_us[FLOW_MEASURED];
    int count = 0;
    bool ok = true;
    *out = (struct flow_latency){0};
    timer_stop(x->timer); /* the governor's probes would be in the way of these */
    while (x->table && out->reads < FLOW_MEASURED && loop_now_us(loop) < until_us && ok) {
        prepare(&p);
        p.op.done = on_measured;
        p.op.context = out;
        ok = store_submit(x->move->store, &p.op, f) && store_drive(x->move->store, 0, f);
        out->reads++;
        if (ok && p.op.took_us)
            took_us[count++] = p.op.took_us;
    }
    flow_set_limits(x);
    if (!ok)
        return false;
    out->p99_us = governor_p99(took_us, count, count);
    return count > 0 || out->failed > 0;
}

int flow_probes_waiting(const struct flow *x, uint64_t now_us, uint32_t out[STORE_PROBES_MAX])
{
    int n = 0;
    uint32_t run = run_of(x);
    for (int i = 0; i < STORE_PROBES_MAX; i++)
        if (x->probes[i].is_under_way && run && x->probes[i].run == run)
            out[n++] = (uint32_t)(now_us - x->probes[i].sent_us);
    return n;
}
