#include "phase/verify_private.h"

#include <time.h>

#include "base/json_write.h"

enum { PROOF_MAX = 4 * 1024 * 1024 };

static void member_bytes_of(struct move *m, struct json_writer *w, const char *key,
                            const char *name)
{
    struct bytes value = bytes_null();
    struct fault ignored;
    ledger_get(m->ledger, name, &m->arena, &value, &ignored);
    json_member_bytes(w, key, value);
}

static void write_tenant(struct json_writer *w, const char *key, const struct tenant *t)
{
    json_key(w, key);
    json_begin_object(w);
    json_member_bytes(w, "id", t->id);
    json_member_bytes(w, "name", t->name);
    json_member_bytes(w, "channel", t->channel);
    json_member_bytes(w, "hashtagid", t->hashtagid);
    json_member_text(w, "status", tenant_status_name(t));
    json_end(w);
}

struct rule_writer {
    struct move *m;
    struct json_writer *w;
};

static bool write_rule(void *context, const char *rule, enum rule_phase phase)
{
    struct rule_writer *r = context;
    struct change_counts c = {0};
    struct fault ignored;
    ledger_count(r->m->ledger, rule, phase, 0, &c, &ignored);
    json_key(r->w, rule);
    json_begin_object(r->w);
    json_member_int(r->w, "changes", (int64_t)c.all);
    for (int s = CHANGE_PLANNED; s < CHANGE_STATES; s++)
        if (c.by_state[s])
            json_member_int(r->w, change_state_name((enum change_state)s), (int64_t)c.by_state[s]);
    json_end(r->w);
    return true;
}

static void write_documents(struct json_writer *w, const struct verify_result *v)
{
    json_key(w, "documents");
    if (!v->documents_checked) {
        json_null_value(w);
        return;
    }
    json_begin_object(w);
    for (int i = 0; i <= INDEX_BATCH; i++) {
        json_key(w, index_object_name((enum index_object)i));
        json_begin_object(w);
        json_member_int(w, "synced", (int64_t)v->documents[i]);
        json_member_int(w, "right", (int64_t)v->documents_right[i]);
        json_member_int(w, "absent", (int64_t)v->documents_absent[i]);
        json_member_int(w, "of deleted users, left", (int64_t)v->documents_stale[i]);
        json_end(w);
    }
    json_end(w);
}

static void write_body(struct move *m, struct json_writer *w, const struct references *left,
                       const struct verify_result *v)
{
    char when[32];
    time_t now = time(NULL);
    struct tm tm;
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
    json_member_text(w, "proof of", "tenantmove");
    json_member_text(w, "made at", when);
    member_bytes_of(m, w, "plan digest", "plan.digest");
    write_tenant(w, "source", &m->source);
    write_tenant(w, "target", &m->target);
    json_member_text(w, "cassandra", m->store_about.product);
    json_member_text(w, "consistency", m->store_about.consistency);
    json_member_text(w, "graph", m->graph ? m->graph_about.product : NULL);
    json_member_text(w, "index", m->index ? m->index_about.product : NULL);
    json_key(w, "references left");
    json_begin_object(w);
    json_member_int(w, "rows", (int64_t)left->rows);
    json_member_text(w, "where", left->first);
    json_member_int(w, "parts that could not be read", (int64_t)left->unread);
    json_member_int(w, "tables scanned", left->tables);
    json_member_int(w, "graphs scanned", left->graphs);
    json_end(w);
    json_key(w, "changes read back");
    json_begin_object(w);
    json_member_int(w, "all", (int64_t)v->changes);
    json_member_int(w, "as planned", (int64_t)v->changes_right);
    json_member_int(w, "changed by others since", (int64_t)v->changes_other);
    json_end(w);
    json_key(w, "rules");
    json_begin_object(w);
    struct rule_writer r = {.m = m, .w = w};
    struct fault ignored;
    ledger_each_rule(m->ledger, write_rule, &r, &ignored);
    json_end(w);
    write_documents(w, v);
    json_key(w, "nodes");
    json_begin_object(w);
    json_member_int(w, "left", (int64_t)v->nodes_left);
    json_member_int(w, "all", (int64_t)v->nodes_all);
    json_end(w);
    json_member_bool(w, "clean", v->clean);
}

bool proof_write(struct move *m, const struct references *left, struct verify_result *out,
                 struct fault *f)
{
    struct buf text;
    struct json_writer w;
    buf_init(&text, PROOF_MAX);
    json_writer_init(&w, &text, true);
    json_begin_object(&w);
    write_body(m, &w, left, out);
    /* The digest covers everything before its own member. */
    digest_of(buf_view(&text), out->proof_digest);
    json_member_text(&w, "sha256 of all above", out->proof_digest);
    json_end(&w);
    buf_append_char(&text, '\n');
    move_path(m, "proof.json", out->proof_path, sizeof out->proof_path);
    bool ok = text.failed ? fault_memory(f) : file_write(out->proof_path, buf_view(&text), f);
    buf_fini(&text);
    return ok && ledger_put(m->ledger, "proof.sha256", bytes_of(out->proof_digest), f) &&
           ledger_flush(m->ledger, f);
}
