/* phase/phase_private.h: what the phases share: opening the parts, reading and writing rows in
 * batches. */
#ifndef PHASE_PHASE_PRIVATE_H
#define PHASE_PHASE_PRIVATE_H

#include <stdio.h>

#include "base/log.h"
#include "move/decide.h"
#include "net/digest.h"
#include "phase/phase.h"

/* ---- move.c: opens what is set and not open yet ---- */

bool move_store(struct move *m, struct fault *f);
bool move_graph(struct move *m, struct fault *f);
bool move_index(struct move *m, struct fault *f);
bool move_sync(struct move *m, struct fault *f);
/* How batches are named: as the operator says, or as the tables tell. */
bool move_batch_form(struct move *m, enum sync_batch_form *form, struct fault *f);
bool move_profile(struct move *m, struct fault *f);
/* The actual name of a keyspace that the profile calls |name|. */
const char *move_keyspace(struct move *m, const char *name, const char *otherwise);
bool move_organisation_table(struct move *m, struct table **out, struct fault *f);
bool move_tenant(struct move *m, const struct table *organisation, const char *id,
                 struct tenant *out, bool *found, struct fault *f);
/* Sets |t|->is_custodian when system_settings names it. */
bool move_custodian(struct move *m, struct tenant *t, struct fault *f);
/* Reads both organisations and whether one is the custodian. FAULT_REFUSED when one is missing. */
bool move_tenants(struct move *m, struct fault *f);

void move_note(struct move *m, const char *format, ...) __attribute__((format(printf, 2, 3)));
void move_progress(struct move *m, const struct progress *p);
/* True, with |f| set, after Ctrl-C. */
bool move_interrupted(struct move *m, struct fault *f);
/* Between two batches, never from a callback: listens to the operator, waits while the move is paused.
 * False, with |f| set, after Ctrl-C. */
bool move_may_go_on(struct move *m, struct fault *f);

/* ---- journal.c: the ledger of the move directory ---- */

/* Opens DIR/ledger.db and begins a phase in it. */
bool journal_open(struct move *m, enum ledger_mode mode, const char *phase, struct fault *f);
/* Ends the phase with its outcome ("done", or the fault's name). */
void journal_end(struct move *m, bool ok, const struct fault *f, uint64_t done, uint64_t total);

/* ---- nodes.c: the nodes of the cluster, in words ---- */

enum { CENTERS_MAX = 8 };

struct center {
    char name[96];
    char list[300]; /* "10.0.0.5:9042 up, 10.0.0.6:9042 down" */
    int nodes, by_state[STORE_NODE_NOT_ASKED + 1];
    bool is_local;
};

struct nodes_seen {
    struct center centers[CENTERS_MAX];
    int count; /* 0: the store has no nodes */
};

void nodes_look(struct store *s, struct nodes_seen *out);
/* "3 nodes: 10.0.0.5:9042 up, …" */
void nodes_say(const struct center *c, char *out, size_t size);
/* Keeps them in the ledger, for `status`. */
void nodes_note(struct move *m);

/* ---- files.c ---- */

bool file_read(const char *path, size_t max, struct arena *a, struct bytes *out, struct fault *f);
/* Writes a file beside |path|, syncs it and renames it over |path|. */
bool file_write(const char *path, struct bytes content, struct fault *f);
/* DIR/name */
void move_path(const struct move *m, const char *name, char *out, size_t size);

/* ---- rows.c: operations in batches ---- */

/* One operation with its answer kept: the row is copied into |arena|. */
struct row_op {
    struct store_op op;
    struct arena *arena;
    bool found;
    struct row row;
    void *owner;
    struct row_op *next; /* sent when this one is answered, whatever the answer is */
    bool follows;        /* it is some other's |next| */
    struct store *store; /* the run's own */
};

/* |next| is sent when |first| is answered. */
void row_op_chain(struct row_op *first, struct row_op *next);

/* Runs |count| operations, pipelined, and waits for all. False only when the run cannot go on.
 * Operations with op.table == NULL are left out. Those that follow another are among |ops| too. */
bool row_ops_run(struct move *m, struct row_op *const *ops, int count, struct fault *f);

/* Reads one row. |selected| NULL: all columns. */
bool row_read(struct move *m, const struct table *t, const struct bytes *key, const bool *selected,
              struct arena *a, struct row *out, bool *found, struct fault *f);

/* The key of a change as values in the table's order, in |a|; NULL with |f| set when a part is
 * missing (FAULT_DAMAGED). */
const struct bytes *key_values(const struct table *t, const struct named_cells *key,
                               struct arena *a, struct fault *f);

/* ---- bind.c: the profile's rules bound to the live tables ---- */

struct move_rules {
    struct bound_rule *bound; /* one per rule of the profile, in its order */
    bool *present;            /* false: the table is not in this cluster, or it is a graph rule */
    struct bytes *note;       /* why it is skipped, or what is missing; null: nothing to say */
    int count;
};
bool move_bind(struct move *m, struct move_rules *out, struct fault *f);
/* The place of the rule in the profile, or -1. */
int rule_place(const struct move *m, struct bytes name);

/* ---- pass.c: scans every rule once and writes what must change into the ledger ---- */

struct pass_result {
    uint64_t planned; /* changes of phase move */
    uint64_t retire;  /* changes of phase retire */
    uint64_t collisions, rejected;
    uint64_t unread; /* parts of tables that could not be read */
};
/* Goes on where an earlier run of the same pass was cut short. Which rules: |only| NULL: all of |phase_mask| (1 << enum rule_phase). */
bool pass_run(struct move *m, const struct move_rules *rules, int pass, unsigned phase_mask,
              const char *const *only, struct pass_result *out, struct fault *f);
/* How many rows of every scanned rule still name the source: no change is written. */
struct references {
    uint64_t rows;
    uint64_t unread; /* parts of tables that could not be read: what is there is not known */
    int tables, graphs;
    char first[128]; /* "membership 3, user 1": where they are */
};
bool references_count(struct move *m, const struct move_rules *rules, const char *const *only,
                      struct references *out, struct fault *f);

/* ---- stale.c: is the plan still the truth? ---- */

/* Writes the column types of each rule's table, so that reports can show values without the server,
 * and which of them they must not show. */
bool plan_put_columns(struct move *m, const struct move_rules *rules, struct fault *f);
/* Writes what a plan is made from: both organisation rows, every table's shape, the profile. */
bool plan_begin(struct move *m, const struct move_rules *rules, struct fault *f);
/* Is what plan_begin wrote still so? FAULT_REFUSED "the plan that was interrupted cannot go on" with
 * what differs. */
bool plan_may_go_on(struct move *m, const struct move_rules *rules, struct fault *f);
/* The plan is whole: its digest is its name. */
bool plan_seal(struct move *m, char digest[DIGEST_TEXT], struct fault *f);
/* FAULT_REFUSED "the plan is stale" with what differs. */
bool plan_check(struct move *m, const struct move_rules *rules, struct fault *f);
/* FAULT_REFUSED when the ledger is of other organisations, or of other keyspaces. */
bool plan_is_of_this_move(struct move *m, struct fault *f);

/* ---- sync.c ---- */

/* Users, batches and, if |organisations|, organisations that the service has not taken, or not made right. */
bool sync_count_open(struct move *m, bool organisations, uint64_t *open, struct fault *f);

/* ---- write.c: carries out a batch of changes ---- */

/* Writes, reads back and heals |count| changes; sets every .state and .reason (in |a|). |copied| is
 * called once, when all row moves of the batch are copied and read back, before their old rows are
 * deleted: it must make that durable. */
bool write_batch(struct move *m, const struct move_rules *rules, struct change *changes, int count,
                 struct arena *a,
                 bool (*copied)(struct move *m, struct change *c, int count, struct fault *f),
                 struct fault *f);

/* Takes and writes until the ledger has no open change of |phase|. Fills counts of |out|. */
bool write_all(struct move *m, const struct move_rules *rules, enum rule_phase phase,
               struct apply_result *out, struct fault *f);

/* ---- plan.c, apply.c ---- */

/* Opens stores, reads the tenants, checks them and binds the rules: what plan, apply and verify
 * begin with. */
bool move_open_all(struct move *m, struct move_rules *rules, struct fault *f);
/* The same on a directory that has a finished plan, which must still be the truth. */
bool move_open_plan(struct move *m, struct move_rules *rules, const char *phase, struct fault *f);
/* The same for what only looks at changes that are done: those are true, whatever the plan is. */
bool move_open_done(struct move *m, struct move_rules *rules, const char *phase, struct fault *f);
/* FAULT_DENIED for the first table of a rule that this login may not write. */
bool may_write_all(struct move *m, const struct move_rules *rules, const char *const *only,
                   struct fault *f);
/* What a scan finds now, as a pass of its own that nobody carries out; forget_look takes it away again. */
bool look_again(struct move *m, const struct move_rules *rules, const char *const *only,
                struct pass_result *found, struct fault *f);
bool forget_look(struct move *m, struct fault *f);
/* Writes what is open, scans again, and so on until a pass finds nothing. */
bool converge(struct move *m, const struct move_rules *rules, const char *const *only,
              struct apply_result *out, struct fault *f);
bool fill_counts(struct move *m, enum rule_phase phase, struct apply_result *out, struct fault *f);

/* ---- sync.c ---- */

/* Sends the items of |objects| (1 << enum sync_object) that are in one of |states|, organisations
 * first. */
bool sync_objects(struct move *m, unsigned objects, unsigned states, struct sync_result *out,
                  struct fault *f);
bool sync_needs_url(struct move *m, struct fault *f);
extern const char sync_no_document[]; /* why an item is SYNC_WRONG */
/* Whether all users must be sent once more when the organisations' documents are there. */
bool sync_remember_users(struct move *m, bool again, struct fault *f);
bool sync_users_remembered(struct move *m, bool *out, struct fault *f);
/* |retire|: of RULE_RETIRE. Also true when the plan found nothing to do for it. */
bool is_retired(const struct change_counts *retire);
/* FAULT_REFUSED while a change of the plan is not carried out. */
bool move_applied(struct move *m, struct fault *f);

/* ---- verify_documents.c ---- */

/* Reads the synced documents of |objects| (1 << enum sync_object) back until all are right or the time is over; those that
 * stay wrong are synced again. */
bool verify_documents(struct move *m, const struct move_rules *rules, unsigned objects,
                      struct verify_result *out, struct fault *f);

#endif
