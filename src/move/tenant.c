#include "move/tenant.h"

#include <stdio.h>
#include <string.h>

/* The cell of that name; a null cell when the table does not have it or it was not read. */
static struct bytes value_of(const struct row *r, const char *name)
{
    int column = table_column(r->table, name);
    return column < 0 ? bytes_null() : r->cells[column].value;
}

static bool copy_text(const struct row *r, const char *name, struct arena *a, struct bytes *out,
                      struct fault *f)
{
    struct bytes value = value_of(r, name);
    *out = arena_copy(a, value);
    if (bytes_are_null(*out) && !bytes_are_null(value))
        return fault_memory(f);
    return true;
}

static bool is_true(struct bytes value)
{
    bool answer = false;
    return value_boolean(value, &answer) && answer;
}

bool tenant_from_row(struct tenant *t, const struct row *r, struct arena *a, struct fault *f)
{
    *t = (struct tenant){0};
    if (!copy_text(r, "id", a, &t->id, f) || !copy_text(r, "orgname", a, &t->name, f) ||
        !copy_text(r, "channel", a, &t->channel, f) ||
        !copy_text(r, "hashtagid", a, &t->hashtagid, f))
        return false;
    struct bytes status = value_of(r, "status");
    t->has_status = value_int(status, &t->status);
    if (!t->has_status && !bytes_are_null(status)) {
        fault_set(f, FAULT_SCHEMA, "the column status is not an int");
        return fault_subject(f, "%s.%s", r->table->keyspace, r->table->name);
    }
    struct bytes is_tenant = value_of(r, "istenant");
    t->is_root = is_true(bytes_are_null(is_tenant) ? value_of(r, "isrootorg") : is_tenant);
    return true;
}

const char *tenant_status_name(const struct tenant *t)
{
    static _Thread_local char other[32];
    if (!t->has_status)
        return "without status";
    switch (t->status) {
    case 0: return "inactive";
    case 1: return "active";
    case 2: return "blocked";
    case 3: return "retired";
    default: break;
    }
    snprintf(other, sizeof other, "status %d", t->status);
    return other;
}

bool tenant_id_check(const char *which, const char *id, struct fault *f)
{
    enum { ID_MAX = 64 };
    size_t n = id ? strlen(id) : 0;
    if (n == 0) {
        fault_set(f, FAULT_USAGE, "the %s organisation has no id", which);
        return fault_hint(f, "give the id of the organisation, e.g. 01241408242723225614");
    }
    bool ok = n <= ID_MAX;
    for (size_t i = 0; ok && i < n; i++) {
        char c = id[i];
        ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             c == '_' || c == '-';
    }
    if (ok)
        return true;
    fault_set(f, FAULT_USAGE, "the %s organisation's id is not an organisation id", which);
    fault_subject(f, "%s", id);
    return fault_hint(f, "an id is 1 to %d letters, digits, '_' and '-'", ID_MAX);
}

static bool refuse(struct fault *f, const struct tenant *t, const char *text, const char *hint)
{
    fault_set(f, FAULT_REFUSED, "%s", text);
    fault_subject(f, "organisation %.*s", (int)(t->id.n < 64 ? t->id.n : 64),
                  t->id.p ? (const char *)t->id.p : "");
    return fault_hint(f, "%s", hint);
}

static bool custodian(struct fault *f, const struct tenant *t, const char *which)
{
    char text[160];
    snprintf(text, sizeof text,
             "the %s is the custodian organisation, the home of every user "
             "without a tenant",
             which);
    return refuse(f, t, text, "it is never moved: check the two ids");
}

bool tenants_check(const struct tenant *source, const struct tenant *target, struct fault *f)
{
    if (bytes_equal(source->id, target->id))
        return refuse(f, source, "source and target are the same organisation",
                      "give two different ids");
    if (source->is_custodian)
        return custodian(f, source, "source");
    if (target->is_custodian)
        return custodian(f, target, "target");
    if (!source->is_root)
        return refuse(f, source, "the source is not a root organisation",
                      "give the id of a tenant: isrootorg (or istenant) must be true");
    if (!target->is_root)
        return refuse(f, target, "the target is not a root organisation",
                      "give the id of a tenant: isrootorg (or istenant) must be true");
    if (!target->has_status || target->status != 1) {
        char text[96];
        snprintf(text, sizeof text, "the target is not active but %s", tenant_status_name(target));
        return refuse(f, target, text, "set its status to 1 first, or choose another target");
    }
    if (target->channel.n == 0)
        return refuse(f, target, "the target has no channel", "set the channel of its row first");
    if (target->hashtagid.n == 0)
        return refuse(f, target, "the target has no hashtagid",
                      "set the hashtagid of its row first (usually its own id)");
    return true;
}
