#include "phase/phase_private.h"

#include <string.h>

/* The fields of an organisation row that rules or prechecks use, as one line each, so that a
 * difference can be named. */
static bool tenant_text(const struct tenant *t, struct buf *out)
{
    const struct {
        const char *name;
        struct bytes value;
    } fields[] = {
        {"id", t->id}, {"name", t->name}, {"channel", t->channel}, {"hashtagid", t->hashtagid}};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        buf_printf(out, "%s\x1f", fields[i].name);
        if (fields[i].value.p)
            buf_append_bytes(out, fields[i].value);
        else
            buf_append_text(out, "(null)");
        buf_append_char(out, '\x1e');
    }
    buf_printf(out, "status\x1f%s\x1e", tenant_status_name(t));
    buf_printf(out, "root organisation\x1f%s\x1e", t->is_root ? "yes" : "no");
    return !out->failed;
}

static bool put_tenant(struct move *m, const char *name, const struct tenant *t, struct fault *f)
{
    struct buf text;
    buf_init(&text, 64 * 1024);
    bool ok =
        tenant_text(t, &text) ? ledger_put(m->ledger, name, buf_view(&text), f) : fault_memory(f);
    buf_fini(&text);
    return ok;
}

static bool shape_text(const struct move_rules *rules, struct buf *out)
{
    for (int i = 0; i < rules->count; i++) {
        if (!rules->present[i])
            continue;
        table_shape(rules->bound[i].table, out);
        buf_append_char(out, '\n');
    }
    return !out->failed;
}

static bool shape_digest(const struct move_rules *rules, char out[DIGEST_TEXT], struct fault *f)
{
    struct buf text;
    buf_init(&text, 16 * 1024 * 1024);
    bool ok = shape_text(rules, &text);
    if (ok)
        digest_of(buf_view(&text), out);
    buf_fini(&text);
    return ok || fault_memory(f);
}

static bool put_text(struct move *m, const char *name, const char *text, struct fault *f)
{
    return ledger_put(m->ledger, name, bytes_of(text), f);
}

bool plan_begin(struct move *m, const struct move_rules *rules, struct fault *f)
{
    enum sync_batch_form form;
    char profile[DIGEST_TEXT], shape[DIGEST_TEXT];
    digest_of(m->profile.text, profile);
    return move_batch_form(m, &form, f) && shape_digest(rules, shape, f) &&
           put_text(m, "plan.batch_ids", form == SYNC_BATCH_OBJECT ? "object" : "plain", f) &&
           ledger_put(m->ledger, "profile.text", m->profile.text, f) &&
           put_text(m, "profile.sha256", profile, f) && put_text(m, "schema.sha256", shape, f) &&
           put_text(m, "server.cassandra", m->store_about.product, f) &&
           put_text(m, "server.graph", m->graph ? m->graph_about.product : "", f) &&
           put_tenant(m, "source.row", &m->source, f) &&
           put_tenant(m, "target.row", &m->target, f) &&
           put_text(m, "plan.source", m->settings.source, f) &&
           put_text(m, "plan.target", m->settings.target, f) &&
           put_text(m, "plan.keyspace", m->settings.keyspace, f) &&
           put_text(m, "plan.state", "planning", f) && ledger_flush(m->ledger, f);
}

bool plan_seal(struct move *m, char digest[DIGEST_TEXT], struct fault *f)
{
    return ledger_digest(m->ledger, digest, f) && put_text(m, "plan.digest", digest, f) &&
           put_text(m, "plan.state", "planned", f) && ledger_flush(m->ledger, f);
}

static bool stale(struct fault *f)
{
    fault_set(f, FAULT_REFUSED, "the plan is stale");
    fault_hint(f, "Nothing was written. Next: tenantmove plan --again");
    return false;
}

static struct bytes next_field(struct bytes *text, char end)
{
    const uint8_t *stop = text->n ? memchr(text->p, end, text->n) : NULL;
    struct bytes field = {text->p, stop ? (size_t)(stop - text->p) : text->n};
    size_t used = stop ? field.n + 1 : field.n;
    text->p += used;
    text->n -= used;
    return field;
}

/* Names the first field that differs; the source's own status may be what our retire made it. */
static bool tenant_same(struct move *m, const char *name, const struct tenant *t, bool retired,
                        struct fault *f)
{
    struct bytes old = bytes_null();
    struct buf text;
    bool ok = true;
    buf_init(&text, 64 * 1024);
    ok = ledger_get(m->ledger, name, &m->arena, &old, f) &&
         (tenant_text(t, &text) || fault_memory(f));
    struct bytes now = buf_view(&text);
    while (ok && old.n && now.n) {
        struct bytes field = next_field(&now, '\x1f'), value = next_field(&now, '\x1e');
        struct bytes old_field = next_field(&old, '\x1f'), old_value = next_field(&old, '\x1e');
        bool may_differ = retired && bytes_are(field, "status");
        if (may_differ || (bytes_equal(field, old_field) && bytes_equal(value, old_value)))
            continue;
        ok = stale(f);
        fault_subject(f, "organisation %.*s changed since the plan: %.*s \"%.*s\" is now \"%.*s\"",
                      (int)t->id.n, (const char *)t->id.p, (int)field.n, (const char *)field.p,
                      (int)old_value.n, (const char *)old_value.p, (int)value.n,
                      (const char *)value.p);
    }
    buf_fini(&text);
    return ok;
}

static bool text_same(struct move *m, const char *name, const char *now, const char *what,
                      struct fault *f)
{
    struct bytes old;
    if (!ledger_get(m->ledger, name, &m->arena, &old, f))
        return false;
    if (bytes_are(old, now))
        return true;
    stale(f);
    return fault_subject(f, "%s", what);
}

/* |name|: "plan.source" … */
static bool move_same(struct move *m, const char *name, const char *now, struct fault *f)
{
    struct bytes old;
    if (!ledger_get(m->ledger, name, &m->arena, &old, f))
        return false;
    if (bytes_are(old, now))
        return true;
    fault_set(f, FAULT_REFUSED, "this ledger belongs to another move");
    fault_subject(f, "%s is \"%.*s\" in the ledger, and \"%s\" now", name + sizeof "plan." - 1,
                  (int)old.n, old.p ? (const char *)old.p : "", now);
    return fault_hint(
        f, "use the directory of this move (--dir), or make a new one with tenantmove init");
}

bool plan_is_of_this_move(struct move *m, struct fault *f)
{
    return move_same(m, "plan.source", m->settings.source, f) &&
           move_same(m, "plan.target", m->settings.target, f) &&
           move_same(m, "plan.keyspace", m->settings.keyspace, f);
}

static bool made_from(struct move *m, const struct move_rules *rules, struct fault *f)
{
    char profile[DIGEST_TEXT], shape[DIGEST_TEXT];
    struct change_counts retire;
    digest_of(m->profile.text, profile);
    if (!plan_is_of_this_move(m, f))
        return false;
    if (!text_same(m, "profile.sha256", profile, "the profile was changed since the plan", f))
        return false;
    if (!shape_digest(rules, shape, f) ||
        !text_same(m, "schema.sha256", shape, "the schema of a table that the plan touches changed",
                   f))
        return false;
    if (!ledger_count(m->ledger, NULL, RULE_RETIRE, 0, &retire, f))
        return false;
    bool retired = retire.all > retire.by_state[CHANGE_PLANNED];
    return tenant_same(m, "source.row", &m->source, retired, f) &&
           tenant_same(m, "target.row", &m->target, false, f);
}

bool plan_may_go_on(struct move *m, const struct move_rules *rules, struct fault *f)
{
    struct fault why = {0};
    if (made_from(m, rules, &why))
        return true;
    if (why.code != FAULT_REFUSED) {
        *f = why;
        return false;
    }
    fault_set(f, FAULT_REFUSED, "the plan that was interrupted cannot go on");
    fault_subject(f, "%s", why.subject);
    return fault_hint(f, "Nothing was written. Next: tenantmove plan --again (begins anew)");
}

bool plan_check(struct move *m, const struct move_rules *rules, struct fault *f)
{
    char digest[DIGEST_TEXT];
    if (!made_from(m, rules, f) || !ledger_digest(m->ledger, digest, f))
        return false;
    return text_same(m, "plan.digest", digest,
                     "the changes in the ledger are not the ones that were planned", f);
}
