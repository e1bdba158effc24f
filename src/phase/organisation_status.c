#include "phase/organisation_status.h"

#include "phase/phase_private.h"

static bool read_row(struct move *m, const struct table *t, struct row *row, struct tenant *tenant,
                     struct fault *f)
{
    struct bytes key = bytes_of(m->settings.source);
    bool found = false;
    if (!row_read(m, t, &key, NULL, &m->arena, row, &found, f))
        return false;
    if (!found) {
        fault_set(f, FAULT_REFUSED, "there is no such organisation in %s.organisation",
                  t->keyspace);
        fault_subject(f, "organisation %s", m->settings.source);
        return fault_hint(f, "check source_org_id and the keyspace; nothing was written");
    }
    return tenant_from_row(tenant, row, &m->arena, f);
}

static bool write_status(struct move *m, const struct table *t, const struct row *row, int column,
                         int status, struct fault *f)
{
    int64_t writetime = row->cells[column].writetime;
    if (writetime == WRITETIME_NONE)
        writetime = row_writetime_max(row);
    if (writetime == WRITETIME_NONE)
        return fault_set(f, FAULT_REFUSED, "the organisation's row has a key and nothing else");
    uint8_t value[4] = {0, 0, 0, (uint8_t)status};
    struct store_cell cell = {.column = column, .value = {value, sizeof value}};
    struct bytes key = bytes_of(m->settings.source);
    struct row_op op = {
        .op = {.kind = STORE_UPDATE,
               .table = t,
               .key = &key,
               .cells = &cell,
               .cell_count = 1,
               .timestamp = writetime + 1},
        .arena = &m->arena,
    };
    if (!row_ops_run(m, (struct row_op *const[]){&op}, 1, f))
        return false;
    if (op.op.outcome == STORE_OK)
        return true;
    *f = *op.op.fault;
    return false;
}

bool organisation_status_set(struct move *m, int status, bool dry,
                             void (*about)(void *context, const struct organisation_status *s),
                             void *context, struct organisation_status *out, struct fault *f)
{
    struct table *t = NULL;
    struct row row;
    *out = (struct organisation_status){0};
    if (!tenant_id_check("source", m->settings.source, f) || !move_store(m, f) ||
        !move_organisation_table(m, &t, f) || !read_row(m, t, &row, &out->before, f))
        return false;
    int column = table_column(t, "status");
    if (column < 0)
        return fault_set(f, FAULT_SCHEMA, "%s.organisation has no column status", t->keyspace);
    out->was_set = out->before.has_status && out->before.status == status;
    if (!move_custodian(m, &out->before, f))
        return false;
    if (out->before.is_custodian) {
        fault_set(f, FAULT_REFUSED,
                  "this is the custodian organisation, where all self-registered users are");
        fault_subject(f, "organisation %s", m->settings.source);
        return fault_hint(f, "check source_org_id; nothing was written");
    }
    about(context, out);
    if (dry || out->was_set) {
        out->is_set = out->was_set;
        return true;
    }
    struct tenant after;
    if (!store_may_write(m->store, t, f) || !write_status(m, t, &row, column, status, f) ||
        !read_row(m, t, &row, &after, f))
        return false;
    out->is_set = after.has_status && after.status == status;
    return true;
}
