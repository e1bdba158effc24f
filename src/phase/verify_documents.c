#include "phase/verify_private.h"

#include <stdlib.h>
#include <string.h>

/* A 200 of the sync service proves nothing (sunbird 2.3): what counts is what Elasticsearch holds.
 * Documents are compared with what Cassandra says now, again and again, until all are right or the
 * time is over. */

enum {
    DOCUMENT_BLOCK = 500,
    DOCUMENT_ARENA_MAX = 256 * 1024 * 1024,
    OBJECT_CHANGES_MAX = 64,
    QUESTIONS_MAX = 8192
};

/* What a document must say. */
struct expected {
    bool exists;    /* the row is there */
    bool deleted;   /* a deleted user: services leave such documents as they are */
    bool is_member; /* of the target */
    struct bytes root_org_id, channel, created_for;
    char status[16]; /* of an organisation; "": it has none */
};

/* One row to read; |op| is the first member, so that an operation leads back to its question. */
struct question {
    struct row_op op;
    int item;
    const struct bound_rule *bound; /* NULL: the user's own row */
};

struct document_check {
    struct move *m;
    const struct move_rules *rules;
    struct verify_result *out;
    enum sync_object object;
    enum index_object index;
    struct arena arena;
    struct sync_item items[DOCUMENT_BLOCK];
    struct expected expected[DOCUMENT_BLOCK];
    struct bytes ids[DOCUMENT_BLOCK];
    struct table *user; /* NULL: not in this cluster */
    struct row_op *ops[QUESTIONS_MAX];
    int question_count;
    struct change changes[OBJECT_CHANGES_MAX];
    int count;
    uint64_t right, wrong, absent, stale;
    uint64_t missing;   /* of this round: absent, and must not be */
    struct fault blind; /* why the index could not be read in this round; FAULT_NONE: it could */
};

static struct bytes cell_value(const struct row *r, const char *name)
{
    int i = table_column(r->table, name);
    return i < 0 ? bytes_null() : r->cells[i].value;
}

static bool is_true(struct bytes value)
{
    bool b = false;
    return value_boolean(value, &b) && b;
}

/* Said to be false: the service leaves out a membership whose isdeleted is null. */
static bool is_false(struct bytes value)
{
    bool b = true;
    return value_boolean(value, &b) && !b;
}

/* ---- what Cassandra says: all rows of a block are asked for at once ---- */

static struct question *ask(struct document_check *d, int item, const struct table *t,
                            const struct bytes *key, const struct bound_rule *b, struct fault *f)
{
    struct question *q = arena_alloc(&d->arena, sizeof *q);
    if (!q || d->question_count == QUESTIONS_MAX) {
        fault_memory(f);
        return NULL;
    }
    *q = (struct question){
        .op = {.op = {.kind = STORE_READ, .table = t, .key = key}, .arena = &d->arena},
        .item = item,
        .bound = b,
    };
    d->ops[d->question_count++] = &q->op;
    return q;
}

/* Where both generations of the membership table stand side by side, services read the newer one, whose key holds the
 * organisation (sunbird 1.1). */
static bool says_membership(const struct document_check *d, const struct bound_rule *b)
{
    if (strcmp(b->rule->find_column, "organisationid") != 0)
        return false;
    for (int i = 0; !b->moves_row && i < d->rules->count; i++) {
        const struct bound_rule *other = &d->rules->bound[i];
        if (d->rules->present[i] && other->moves_row &&
            strcmp(other->rule->find_column, "organisationid") == 0)
            return false;
    }
    return true;
}

/* Is there a row that the document can be compared with, as it is now? */
static bool may_be_done(enum change_state state)
{
    return state == CHANGE_READ || state == CHANGE_CONFLICT || state == CHANGE_REJECTED;
}

/* The rows that this move made for the object: a batch, or a user's memberships. */
static bool ask_changes(struct document_check *d, int item, struct fault *f)
{
    struct change *changes = d->changes;
    int n = ledger_read_object(d->m->ledger, d->object, d->items[item].id, changes,
                               OBJECT_CHANGES_MAX, &d->arena, f);
    for (int k = 0; k < n; k++) {
        const struct change *c = &changes[k];
        int place = rule_place(d->m, c->rule);
        if (place < 0 || !d->rules->present[place] || !may_be_done(c->state))
            continue;
        const struct bound_rule *b = &d->rules->bound[place];
        if (d->object == SYNC_USER && !says_membership(d, b))
            continue;
        const struct bytes *key =
            key_values(b->table, c->kind == CHANGE_MOVE ? &c->new_key : &c->key, &d->arena, f);
        if (!key || !ask(d, item, b->table, key, b, f))
            return false;
    }
    return n >= 0;
}

static void expect_organisation(struct document_check *d, struct bytes id, struct expected *e)
{
    const struct tenant *both[] = {&d->m->source, &d->m->target};
    for (int i = 0; i < 2; i++) {
        if (!bytes_equal(both[i]->id, id))
            continue;
        e->exists = true;
        e->channel = both[i]->channel;
        if (both[i]->has_status)
            snprintf(e->status, sizeof e->status, "%d", both[i]->status);
    }
}

static void take_answer(struct document_check *d, const struct question *q)
{
    struct expected *e = &d->expected[q->item];
    const struct row *row = &q->op.row;
    if (!q->op.found)
        return;
    if (!q->bound) { /* the user's own row */
        e->exists = true;
        e->deleted = is_true(cell_value(row, "isdeleted"));
        e->root_org_id = cell_value(row, "rootorgid");
        e->channel = cell_value(row, "channel");
    } else if (d->object == SYNC_BATCH) {
        e->exists = true;
        e->created_for = row->cells[q->bound->find_column].value;
    } else {
        e->is_member |= bytes_equal(row->cells[q->bound->find_column].value, d->m->target.id) &&
                        is_false(cell_value(row, "isdeleted"));
    }
}

static bool expect_block(struct document_check *d, struct fault *f)
{
    d->question_count = 0;
    for (int i = 0; i < d->count; i++) {
        d->expected[i] = (struct expected){0};
        if (d->object == SYNC_ORGANISATION)
            expect_organisation(d, d->items[i].id, &d->expected[i]);
        else if (!ask_changes(d, i, f))
            return false;
        if (d->object == SYNC_USER && d->user && !ask(d, i, d->user, &d->items[i].id, NULL, f))
            return false;
    }
    if (!row_ops_run(d->m, d->ops, d->question_count, f))
        return false;
    for (int i = 0; i < d->question_count; i++) {
        if (d->ops[i]->op.outcome != STORE_OK) {
            *f = *d->ops[i]->op.fault;
            return false;
        }
        take_answer(d, (const struct question *)d->ops[i]);
    }
    return true;
}

/* ---- what the document says ---- */

static bool names(const struct bytes *list, int n, struct bytes id)
{
    for (int i = 0; i < n; i++)
        if (bytes_equal(list[i], id))
            return true;
    return false;
}

static bool same_list(struct bytes list, const struct bytes *have, int n)
{
    size_t cursor = 0;
    struct bytes element;
    int i = 0;
    while (list.p && list_next(list, &cursor, &element)) {
        if (i >= n || !bytes_equal(element, have[i]))
            return false;
        i++;
    }
    return i == n;
}

static bool is_right(const struct document_check *d, const struct expected *e,
                     const struct document *doc)
{
    switch (d->object) {
    case SYNC_USER:
        return bytes_equal(doc->root_org_id, e->root_org_id) &&
               bytes_equal(doc->channel, e->channel) &&
               !names(doc->organisations, doc->organisation_count, d->m->source.id) &&
               (!e->is_member ||
                names(doc->organisations, doc->organisation_count, d->m->target.id));
    case SYNC_BATCH: return same_list(e->created_for, doc->created_for, doc->created_for_count);
    case SYNC_ORGANISATION:
        return bytes_equal(doc->channel, e->channel) &&
               (!e->status[0] || bytes_are(doc->status, e->status));
    case SYNC_NONE: break;
    }
    return false;
}

static bool on_document(void *context, int i, const struct document *doc, struct fault *f)
{
    struct document_check *d = context;
    struct sync_item *item = &d->items[i];
    const struct expected *e = &d->expected[i];
    (void)f;
    item->state = SYNC_RIGHT;
    item->reason = bytes_null();
    if (!doc->found) {
        /* No row, no document; and a deleted user need not have one. */
        d->absent += !e->exists || e->deleted;
        d->missing += e->exists && !e->deleted;
        if (e->exists && !e->deleted) {
            item->state = SYNC_WRONG;
            item->reason = bytes_of(sync_no_document);
        }
    } else if (!e->exists) {
        item->reason = bytes_of("the row is gone; its document was left as it is");
    } else if (!is_right(d, e, doc)) {
        item->state = e->deleted ? SYNC_RIGHT : SYNC_WRONG;
        item->reason = bytes_of(e->deleted ? "a deleted user: the service keeps the old document"
                                           : "the document differs from the row");
        d->stale += e->deleted;
    }
    d->right += item->state == SYNC_RIGHT;
    d->wrong += item->state == SYNC_WRONG;
    return true;
}

/* The index has not been made yet, or its server is not ready: what is asked again may be answered. */
static bool may_pass(enum fault_code code)
{
    return code == FAULT_SCHEMA || code == FAULT_UNAVAILABLE || code == FAULT_TIMEOUT ||
           code == FAULT_UNREACHABLE || code == FAULT_SERVER;
}

static bool check_block(struct document_check *d, struct fault *f)
{
    struct fault why = {0};
    for (int i = 0; i < d->count; i++)
        d->ids[i] = d->items[i].id;
    if (!expect_block(d, f))
        return false;
    if (index_read(d->m->index, d->index, d->ids, d->count, on_document, d, &why))
        return ledger_sync_settle(d->m->ledger, d->items, d->count, f);
    if (!may_pass(why.code)) {
        *f = why;
        return false;
    }
    d->blind = why;
    d->wrong += (uint64_t)d->count;
    return true;
}

/* One look at every item that was sent, or only at |those_left|, which are not known to be right. */
static bool check_round(struct document_check *d, bool those_left, struct fault *f)
{
    struct buf last;
    bool ok = true, first = true;
    const unsigned left = 1u << SYNC_SENT | 1u << SYNC_WRONG;
    const unsigned states = those_left ? left : left | 1u << SYNC_RIGHT;
    buf_init(&last, 1024 * 1024);
    d->wrong = d->missing = 0;
    if (!those_left)
        d->right = d->absent = d->stale = 0;
    while (ok) {
        arena_reset(&d->arena);
        d->count = ledger_sync_read(d->m->ledger, d->object, states,
                                    first ? bytes_null() : buf_view(&last), d->items,
                                    DOCUMENT_BLOCK, &d->arena, f);
        ok = d->count >= 0 && move_may_go_on(d->m, f);
        if (d->count <= 0 || !ok)
            break;
        buf_clear(&last);
        ok = (buf_append_bytes(&last, d->items[d->count - 1].id) || fault_memory(f)) &&
             check_block(d, f);
        first = false;
        move_progress(d->m, &(struct progress){.phase = "verify",
                                               .part = "read documents",
                                               .unit = index_object_name(d->index),
                                               .done = d->right,
                                               .done_here = d->right,
                                               .errors = d->wrong});
    }
    buf_fini(&last);
    return ok;
}

static bool sync_wrong_again(struct document_check *d, struct fault *f)
{
    struct sync_result again = {0};
    if (!d->m->settings.sync_url[0])
        return true;
    if (d->object == SYNC_ORGANISATION && d->missing > 0 && !sync_remember_users(d->m, true, f))
        return false;
    move_note(d->m, "%llu %s documents are still not right: their ids are synced again",
              (unsigned long long)d->wrong, index_object_name(d->index));
    if (!move_sync(d->m, f) || !sync_objects(d->m, 1u << d->object, 1u << SYNC_WRONG, &again, f))
        return false;
    d->out->synced_again += again.sent[d->index];
    return true;
}

/* Its names are found when it is opened, and one may have been made since. */
static bool look_for_indices(struct move *m, struct fault *f)
{
    index_free(m->index);
    m->index = NULL;
    return move_index(m, f);
}

/* Services take what time they take: only a time in which no document becomes right counts. Half of it through, the ids
 * that are left are synced once more. */
static bool check_object(struct document_check *d, struct fault *f)
{
    int limit_s = d->m->settings.verify_timeout_s;
    uint64_t limit_ms = (uint64_t)(limit_s > 0 ? limit_s : 0) * 1000;
    uint64_t pause_ms = 250, last_wrong = UINT64_MAX, moved_ms = loop_now_ms(d->m->loop);
    bool again = false, those_left = false;
    for (;;) {
        d->blind = (struct fault){0};
        if (!check_round(d, those_left, f))
            return false;
        /* What an earlier verify saw proves nothing of now: all are read, once. */
        those_left = those_left || !d->blind.code;
        if (d->wrong == 0)
            return true;
        if (d->wrong < last_wrong)
            moved_ms = loop_now_ms(d->m->loop);
        last_wrong = d->wrong;
        uint64_t waited = loop_now_ms(d->m->loop) - moved_ms;
        if (waited >= limit_ms && d->blind.code) {
            *f = d->blind;
            return false;
        }
        if (waited >= limit_ms)
            return true;
        if (d->blind.code == FAULT_SCHEMA && !look_for_indices(d->m, f))
            return false;
        if (!again && waited > limit_ms / 2) {
            again = true;
            moved_ms = loop_now_ms(d->m->loop);
            if (!sync_wrong_again(d, f))
                return false;
        }
        if (!loop_sleep(d->m->loop, pause_ms))
            return !move_interrupted(d->m, f);
        pause_ms = pause_ms < 4000 ? pause_ms * 2 : 5000;
    }
}

/* Organisations whose documents were missing before were missing when the users were indexed, and an old service left
 * the users' `organisations` empty then, also where no row of this move says so (sunbird 2.6): all users once more. */
static bool sync_users_again(struct document_check *d, struct fault *f)
{
    struct sync_result again = {0};
    const unsigned every = 1u << SYNC_SENT | 1u << SYNC_RIGHT | 1u << SYNC_WRONG;
    move_note(d->m, "the users are synced again: their organisations had no document before");
    if (!move_sync(d->m, f) || !sync_objects(d->m, 1u << SYNC_USER, every, &again, f))
        return false;
    d->out->synced_again += again.sent[INDEX_USER];
    return again.failed[INDEX_USER] > 0 || sync_remember_users(d->m, false, f);
}

/* It may be another run that sees them right. */
static bool follow_organisations(struct document_check *d, struct fault *f)
{
    bool remembered;
    if (!d->m->settings.sync_url[0])
        return true;
    if (d->missing > 0)
        return sync_remember_users(d->m, true, f);
    return sync_users_remembered(d->m, &remembered, f) && (!remembered || sync_users_again(d, f));
}

bool verify_documents(struct move *m, const struct move_rules *rules, unsigned objects,
                      struct verify_result *out, struct fault *f)
{
    static const struct {
        enum sync_object object;
        enum index_object index;
    } kinds[] = {{SYNC_ORGANISATION, INDEX_ORGANISATION},
                 {SYNC_USER, INDEX_USER},
                 {SYNC_BATCH, INDEX_BATCH}};
    struct document_check *d = calloc(1, sizeof *d);
    bool ok = d != NULL || fault_memory(f);
    for (size_t i = 0; ok && i < sizeof kinds / sizeof *kinds; i++) {
        uint64_t by_state[SYNC_FAILED + 1];
        enum index_object x = kinds[i].index;
        if (!(objects & 1u << kinds[i].object))
            continue;
        *d = (struct document_check){
            .m = m, .rules = rules, .out = out, .object = kinds[i].object, .index = x};
        arena_init(&d->arena, DOCUMENT_ARENA_MAX);
        ok = store_table(m->store, move_keyspace(m, "sunbird", "sunbird"), "user", &m->arena,
                         &d->user, f) &&
             check_object(d, f) && ledger_sync_count(m->ledger, d->object, by_state, f);
        arena_fini(&d->arena);
        if (ok && d->object == SYNC_ORGANISATION && (objects & 1u << SYNC_USER))
            ok = follow_organisations(d, f);
        if (!ok)
            break;
        out->documents[x] = by_state[SYNC_SENT] + by_state[SYNC_RIGHT] + by_state[SYNC_WRONG] +
                            by_state[SYNC_PENDING] + by_state[SYNC_FAILED];
        out->documents_right[x] = by_state[SYNC_RIGHT];
        out->documents_absent[x] = d->absent + d->missing;
        out->documents_stale[x] = d->stale;
    }
    out->documents_checked = ok;
    free(d);
    return ok;
}
