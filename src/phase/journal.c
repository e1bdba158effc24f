#include "phase/flow.h"
#include "phase/phase_private.h"

bool journal_open(struct move *m, enum ledger_mode mode, const char *phase, struct fault *f)
{
    if (!m->ledger) {
        m->ledger = ledger_open(m->settings.dir, mode, f);
        if (!m->ledger)
            return false;
        if (mode != LEDGER_READ)
            flow_listen(m->flow);
    }
    return !phase || ledger_phase_begin(m->ledger, phase, &m->phase_id, f);
}

void journal_end(struct move *m, bool ok, const struct fault *f, uint64_t done, uint64_t total)
{
    if (!m->ledger || !m->phase_id)
        return;
    /* The phase's own fault is what the operator must see; a ledger that cannot even note it adds
     * nothing. */
    struct fault ignored;
    nodes_note(m);
    ledger_flush(m->ledger, &ignored);
    ledger_phase_end(m->ledger, m->phase_id, ok ? "done" : fault_code_name(f->code), done, total,
                     &ignored);
    m->phase_id = 0;
}
