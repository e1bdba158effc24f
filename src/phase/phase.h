/* phase/phase.h: the phases of a move, as the command line calls them.
 *
 * A `move` is one move directory with its settings, connections and ledger. Phases open what they
 * need. They never print: they tell an observer, fill a result, and return false with one fault.
 */
#ifndef PHASE_PHASE_H
#define PHASE_PHASE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/fault.h"
#include "graph/graph.h"
#include "index/index.h"
#include "ledger/ledger.h"
#include "move/profile.h"
#include "move/tenant.h"
#include "net/loop.h"
#include "phase/settings.h"
#include "store/store.h"

/* How far a phase is; told often, the observer throttles. */
struct progress {
    const char *phase;    /* "plan", "apply", "sync", "verify" */
    const char *part;     /* "scan sunbird.user", "write", "read documents" … */
    uint64_t done, total; /* total 0: not known */
    const char *unit;     /* "rows", "changes", "ids", "ranges" */
    uint64_t conflicts, rejected, errors;
    uint64_t done_here; /* of |done|, those of this process (a resumed run counts only its own for
                           rate and ETA) */
    int in_flight; /* requests; 0: there are none, or it is not known. Both are filled on the way */
    const char *flow; /* "paused (…)", "slowed: …"; NULL: it goes as fast as it can */
    bool is_paused;
};

struct observer {
    void *context;
    void (*progress)(void *context, const struct progress *p);
    void (*rule)(void *context, const struct rule_total *t); /* a rule's scan ended */
    void (*note)(void *context, const char *text);           /* one line for the operator */
};

struct move_rules;
struct flow;

struct move {
    struct settings settings;
    struct observer observer;
    struct loop *loop;
    struct arena arena; /* lives as long as the move */
    struct flow *flow;  /* how fast it may go: phase/flow.h */
    struct store *store;
    struct graph *graph;             /* NULL: not set */
    struct index *index;             /* NULL: not set */
    struct sync *sync;               /* NULL: not set */
    enum sync_batch_form batch_form; /* once |sync| is open */
    struct ledger *ledger;
    struct profile profile;
    struct tenant source, target;
    struct store_about store_about;
    struct graph_about graph_about;
    struct index_about index_about;
    int64_t phase_id;
    struct move_rules *job_rules; /* between job_begin and job_apply */
};

/* |s| is copied as it is (its strings stay the caller's). */
bool move_init(struct move *m, const struct settings *s, const struct observer *o, struct fault *f);
void move_fini(struct move *m);
/* FAULT_USAGE. */
bool move_dir_is_there(const char *dir, struct fault *f);

/* ---- check ---- */

enum check_state { CHECK_OK, CHECK_NOTE, CHECK_STOPS };
struct check_item {
    enum check_state state;
    char what[64];    /* "cassandra", "source", "rights sunbird.user", "neo4j" … */
    char said[400];   /* "Cassandra 5.0.9, 3 nodes, LOCAL_QUORUM, protocol 5, LZ4" */
    char remedy[400]; /* for NOTE and STOPS */
};
enum { CHECK_ITEMS_MAX = 160 };
struct check_result {
    struct check_item items[CHECK_ITEMS_MAX];
    int count;
    int stops;
    struct tenant source, target;
    bool has_source, has_target;
};
/* Connects to every store and says what would stop the move. True when it could look at all, also
 * with |stops| > 0. */
bool phase_check(struct move *m, struct check_result *out, struct fault *f);

/* ---- plan ---- */

struct plan_result {
    char digest[65];
    char name[10];
    uint64_t changes; /* all rules of phase move */
    uint64_t collisions, rejected;
    uint64_t unread; /* parts of tables that could not be read: they are not in the plan */
    uint64_t duration_us;
};
/* Goes on where an earlier run was interrupted. FAULT_REFUSED when there is a plan, or when what the
 * interrupted one was made from has changed. */
bool phase_plan(struct move *m, struct plan_result *out, struct fault *f);

/* ---- apply ---- */

struct apply_result {
    uint64_t read;      /* changes read back as planned, in all */
    uint64_t conflicts; /* somebody else's edit stayed */
    uint64_t rejected;
    uint64_t skipped;
    uint64_t open;     /* still planned or sent: after an interrupt */
    int passes;        /* of re-planning in this run */
    uint64_t appeared; /* changes that later passes added in this run */
    uint64_t unread;   /* parts of tables that the last pass could not read */
    bool converged;    /* the last pass found nothing */
    uint64_t duration_us;
    uint64_t write_us; /* of it: the writes and their read-back, without the scans */
    uint64_t done_here;
    bool wrote; /* something may have been written in this run */
};
/* Exactly the plan; then scans again until a pass finds nothing. FAULT_REFUSED with FAULT's text
 * "the plan is stale" when ledger, profile, schema or an organisation row is not what was planned.
 * FAULT_INTERRUPTED: |out| is filled too. */
bool phase_apply(struct move *m, struct apply_result *out, struct fault *f);

/* ---- sync ---- */

struct sync_result {
    uint64_t sent[INDEX_BATCH + 1], failed[INDEX_BATCH + 1]; /* by enum index_object */
    uint64_t blocks;
    uint64_t duration_us;
};
bool phase_sync(struct move *m, struct sync_result *out, struct fault *f);

/* ---- verify ---- */

struct verify_result {
    uint64_t references; /* to the source, left in rules that are not `leave` */
    uint64_t unread;     /* parts of tables that could not be read: what is there is not known */
    int tables, graphs, indexes;
    uint64_t changes, changes_right,
        changes_other; /* other: somebody changed the row since, which is said */
    uint64_t documents[INDEX_BATCH + 1], documents_right[INDEX_BATCH + 1],
        documents_absent[INDEX_BATCH + 1];
    uint64_t documents_stale[INDEX_BATCH +
                             1]; /* of deleted users, which the service does not re-index */
    uint64_t synced_again;
    uint64_t nodes_left, nodes_all;
    bool documents_checked;
    uint64_t open;     /* changes of the plan that are not carried out */
    uint64_t rejected; /* or could not be, or not be read back; a later pass may have done it */
    bool retired;      /* the old organisation is retired already, or need not be */
    bool clean;        /* nothing left to do: retire may go on */
    char proof_path[512];
    char proof_digest[65];
    uint64_t duration_us;
};
bool phase_verify(struct move *m, struct verify_result *out, struct fault *f);

/* ---- retire ---- */

struct retire_result {
    bool was_retired;    /* it had the status already */
    uint64_t references; /* why it was refused */
    uint64_t unread;     /* parts of tables that the last look could not read */
    struct apply_result apply;
    struct sync_result sync;
    bool synced;
    uint64_t documents, documents_right; /* of organisations, read back afterwards */
    uint64_t unsynced;                   /* users and batches whose documents are not right yet */
};
bool phase_retire(struct move *m, struct retire_result *out, struct fault *f);

/* ---- status ---- */

enum { STATUS_RUNS_MAX = 32, NODES_TEXT_MAX = 1024 };
struct status_result {
    bool has_plan;
    char plan_name[10];
    int writer_pid;               /* 0: nobody works in the directory */
    struct change_counts changes; /* of phase move */
    struct change_counts retire;
    bool is_collected; /* what was changed is known to sync: apply came to its end */
    uint64_t sync_by_state[SYNC_BATCH + 1][SYNC_FAILED + 1];
    struct phase_run runs[STATUS_RUNS_MAX]; /* the last ones, oldest first */
    int run_count;
    char nodes[NODES_TEXT_MAX]; /* "dc1: 3 nodes: 10.0.0.5:9042 up, …", when the last phase ended */
    char next[160];             /* the next command */
};
/* Reads the ledger only, also while another process writes. */
bool phase_status(struct move *m, struct status_result *out, struct fault *f);

#endif
