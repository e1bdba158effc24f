#include "phase/phase_private.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCKS_FAILED_MAX = 3, SYNC_ARENA_MAX = 64 * 1024 * 1024 };

/* Organisations first: an old service that finds no organisation document empties the users'
 * `organisations` and still says 200 (sunbird 2.6). */
static const struct {
    enum sync_object object;
    enum index_object index;
} order[] = {
    {SYNC_ORGANISATION, INDEX_ORGANISATION},
    {SYNC_USER, INDEX_USER},
    {SYNC_BATCH, INDEX_BATCH},
};

struct block {
    struct sync_item *items;
    struct sync_id *ids;
    bool *failed;
    int *place; /* of each item among |ids|; -1: it cannot be sent */
    int max, count;
    struct arena arena;
};

static bool block_init(struct block *b, int size, struct fault *f)
{
    *b = (struct block){.max = size};
    arena_init(&b->arena, SYNC_ARENA_MAX);
    b->items = calloc((size_t)size, sizeof *b->items);
    b->ids = calloc((size_t)size, sizeof *b->ids);
    b->failed = calloc((size_t)size, sizeof *b->failed);
    b->place = calloc((size_t)size, sizeof *b->place);
    return (b->items && b->ids && b->failed && b->place) || fault_memory(f);
}

static void block_fini(struct block *b)
{
    free(b->items);
    free(b->ids);
    free(b->failed);
    free(b->place);
    arena_fini(&b->arena);
}

/* These end the whole run: nothing that follows can go better. */
static bool is_final(enum fault_code code)
{
    return code == FAULT_DENIED || code == FAULT_INTERRUPTED || code == FAULT_USAGE ||
           code == FAULT_INTERNAL || code == FAULT_MEMORY || code == FAULT_DISK_FULL;
}

/* The course service names a batch by course and batch: one whose row has no course cannot be named. */
static bool can_be_named(const struct move *m, enum index_object index,
                         const struct sync_item *item)
{
    return index != INDEX_BATCH || m->batch_form == SYNC_BATCH_PLAIN || item->course_id.n > 0;
}

static void take_answer(struct block *b, enum index_object index, bool ok, const struct fault *why,
                        struct sync_result *out)
{
    int sent = 0;
    for (int i = 0; i < b->count; i++) {
        struct sync_item *item = &b->items[i];
        bool named = b->place[i] >= 0;
        bool right = named && ok && !b->failed[b->place[i]];
        item->state = right ? SYNC_SENT : SYNC_FAILED;
        item->reason = bytes_null();
        if (!named)
            item->reason = bytes_of("its row has no course id");
        else if (!right)
            item->reason = bytes_of(ok ? "the service did not write it" : why->text);
        out->failed[index] += !right;
        sent += right;
    }
    out->sent[index] += (uint64_t)sent;
}

static bool send_block(struct move *m, enum index_object index, struct block *b,
                       struct sync_result *out, bool *service_failed, struct fault *f)
{
    struct fault why = {0};
    int n = 0;
    for (int i = 0; i < b->count; i++) {
        b->place[i] = can_be_named(m, index, &b->items[i]) ? n : -1;
        if (b->place[i] < 0)
            continue;
        b->failed[n] = false;
        b->ids[n++] = (struct sync_id){.id = b->items[i].id, .course_id = b->items[i].course_id};
    }
    bool ok = n == 0 || sync_block(m->sync, index, b->ids, n, b->failed, &why);
    if (!ok && is_final(why.code)) {
        *f = why;
        return false;
    }
    *service_failed = !ok;
    out->blocks += n > 0;
    take_answer(b, index, ok, &why, out);
    return ledger_sync_settle(m->ledger, b->items, b->count, f);
}

/* The biggest id is remembered outside the block's arena, which is reset for the next one. */
static bool remember(struct buf *last, const struct block *b)
{
    buf_clear(last);
    return buf_append_bytes(last, b->items[b->count - 1].id);
}

static bool send_object(struct move *m, enum sync_object object, enum index_object index,
                        unsigned states, struct block *b, struct sync_result *out, struct fault *f)
{
    uint64_t by_state[SYNC_FAILED + 1], total = 0, done = 0;
    int failed_in_a_row = 0;
    struct buf last;
    bool ok = ledger_sync_count(m->ledger, object, by_state, f), first = true;
    for (int s = 0; ok && s <= SYNC_FAILED; s++)
        total += states & (1u << s) ? by_state[s] : 0;
    buf_init(&last, 1024 * 1024);
    while (ok && failed_in_a_row < BLOCKS_FAILED_MAX) {
        bool failed = false;
        arena_reset(&b->arena);
        b->count =
            ledger_sync_read(m->ledger, object, states, first ? bytes_null() : buf_view(&last),
                             b->items, b->max, &b->arena, f);
        ok = b->count >= 0;
        if (b->count <= 0)
            break;
        ok = remember(&last, b) || fault_memory(f);
        if (ok && !first && m->settings.sync_pause_ms > 0)
            loop_sleep(m->loop, (uint64_t)m->settings.sync_pause_ms);
        ok = ok && move_may_go_on(m, f) && send_block(m, index, b, out, &failed, f);
        failed_in_a_row = failed ? failed_in_a_row + 1 : 0;
        done += (uint64_t)b->count;
        first = false;
        move_progress(m, &(struct progress){.phase = "sync",
                                            .part = index_object_name(index),
                                            .unit = "ids",
                                            .done = done,
                                            .done_here = done,
                                            .total = total,
                                            .errors = out->failed[index]});
    }
    if (ok && failed_in_a_row >= BLOCKS_FAILED_MAX)
        move_note(m, "%d blocks in a row failed: no more ids of type %s are sent", failed_in_a_row,
                  index_object_name(index));
    buf_fini(&last);
    return ok;
}

bool sync_objects(struct move *m, unsigned objects, unsigned states, struct sync_result *out,
                  struct fault *f)
{
    struct block b;
    int size = m->settings.sync_block_size;
    if (size < 1 || size > SYNC_BLOCK_MAX)
        return fault_set(f, FAULT_USAGE, "sync-block-size must be 1 to %d", SYNC_BLOCK_MAX);
    bool ok = block_init(&b, size, f);
    for (size_t i = 0; ok && i < sizeof order / sizeof *order; i++) {
        if (!(objects & (1u << order[i].object)))
            continue;
        if (order[i].object == SYNC_USER && out->failed[INDEX_ORGANISATION] > 0)
            move_note(m, "no users are sent, since an organisation was not synced: an old service "
                         "would empty their organisations");
        else
            ok = send_object(m, order[i].object, order[i].index, states, &b, out, f);
    }
    block_fini(&b);
    return ok;
}

/* What the service has not taken, of this run and of earlier ones. */
static bool count_failed(struct move *m, struct sync_result *out, struct fault *f)
{
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        uint64_t by_state[SYNC_FAILED + 1];
        if (!ledger_sync_count(m->ledger, order[i].object, by_state, f))
            return false;
        out->failed[order[i].index] = by_state[SYNC_PENDING] + by_state[SYNC_FAILED];
    }
    return true;
}

bool sync_count_open(struct move *m, bool organisations, uint64_t *open, struct fault *f)
{
    *open = 0;
    if (!ledger_sync_collect(m->ledger, f))
        return false;
    for (enum sync_object o = SYNC_USER; o <= SYNC_BATCH; o++) {
        uint64_t by_state[SYNC_FAILED + 1];
        if (!ledger_sync_count(m->ledger, o, by_state, f))
            return false;
        if (organisations || o != SYNC_ORGANISATION)
            *open += by_state[SYNC_PENDING] + by_state[SYNC_WRONG] + by_state[SYNC_FAILED];
    }
    return true;
}

/* Users that were indexed while an organisation had no document must be sent once more when it has one. */
static const char users_again[] = "sync.users_again";

bool sync_remember_users(struct move *m, bool again, struct fault *f)
{
    return ledger_put_int(m->ledger, users_again, again, f) && ledger_flush(m->ledger, f);
}

bool sync_users_remembered(struct move *m, bool *out, struct fault *f)
{
    int64_t value = 0;
    bool ok = ledger_get_int(m->ledger, users_again, 0, &value, f);
    *out = value != 0;
    return ok;
}

const char sync_no_document[] = "there is no document";

/* A verify that was cut short: the organisation is about to be made pending, and may be right when it is looked at next. */
static bool remember_missing(struct move *m, struct fault *f)
{
    struct sync_item items[2];
    int n = ledger_sync_read(m->ledger, SYNC_ORGANISATION, 1u << SYNC_WRONG, bytes_null(), items, 2,
                             &m->arena, f);
    bool is_missing = false;
    for (int i = 0; i < n; i++)
        is_missing |= bytes_are(items[i].reason, sync_no_document);
    return n >= 0 && (!is_missing || sync_remember_users(m, true, f));
}

static bool add_organisation(struct move *m, struct bytes id, struct fault *f)
{
    struct sync_item item = {.object = SYNC_ORGANISATION, .id = id, .state = SYNC_PENDING};
    return ledger_sync_add(m->ledger, &item, f);
}

bool sync_needs_url(struct move *m, struct fault *f)
{
    if (m->settings.sync_url[0])
        return true;
    fault_set(f, FAULT_USAGE, "no address of the Data Sync API is given");
    return fault_hint(
        f, "set `sync-url: http://learner-service:9000/v1/data/sync` in move.yaml, or --sync-url");
}

static bool refuse_open(struct move *m, struct fault *f)
{
    struct change_counts c;
    if (!ledger_count(m->ledger, NULL, RULE_MOVE, 0, &c, f))
        return false;
    uint64_t open = change_counts_open(&c);
    if (open == 0)
        return true;
    fault_set(f, FAULT_REFUSED, "%llu changes of the plan are not carried out yet",
              (unsigned long long)open);
    return fault_hint(f, "Next: tenantmove apply");
}

bool move_applied(struct move *m, struct fault *f)
{
    return refuse_open(m, f);
}

static bool sync_all(struct move *m, struct sync_result *out, struct fault *f)
{
    struct move_rules rules;
    const unsigned every = 1u << SYNC_ORGANISATION | 1u << SYNC_USER | 1u << SYNC_BATCH;
    const unsigned states = 1u << SYNC_PENDING | 1u << SYNC_FAILED | 1u << SYNC_WRONG;
    if (!sync_needs_url(m, f) || !move_open_done(m, &rules, "sync", f) || !refuse_open(m, f) ||
        !move_sync(m, f))
        return false;
    if (!ledger_sync_collect(m->ledger, f) || !remember_missing(m, f) ||
        !add_organisation(m, m->target.id, f) || !add_organisation(m, m->source.id, f))
        return false;
    return sync_objects(m, every, states, out, f) && count_failed(m, out, f);
}

bool phase_sync(struct move *m, struct sync_result *out, struct fault *f)
{
    int64_t started = clock_now_us();
    *out = (struct sync_result){0};
    bool ok = sync_all(m, out, f);
    struct fault ignored;
    if (!ok && m->ledger)
        count_failed(m, out, &ignored);
    out->duration_us = (uint64_t)(clock_now_us() - started);
    uint64_t sent = out->sent[INDEX_USER] + out->sent[INDEX_ORGANISATION] + out->sent[INDEX_BATCH];
    journal_end(m, ok, f, sent, sent);
    return ok;
}
