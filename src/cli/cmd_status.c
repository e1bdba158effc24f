#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/json_write.h"
#include "cli/command.h"
#include "cli/session.h"
#include "cli/text.h"

enum { STATUS_JSON_MAX = 64 * 1024 };

static const char *const object_names[] = {
    [SYNC_USER] = "users", [SYNC_ORGANISATION] = "organisations", [SYNC_BATCH] = "batches"};
static const char *const sync_names[] = {[SYNC_PENDING] = "pending",
                                         [SYNC_SENT] = "sent",
                                         [SYNC_RIGHT] = "right",
                                         [SYNC_WRONG] = "wrong",
                                         [SYNC_FAILED] = "failed"};

static void print_counts(const char *what, const struct change_counts *c)
{
    char count[TEXT_COUNT_MAX];
    if (c->all == 0)
        return;
    printf("  %-18s %9s in all", what, text_count(count, c->all));
    for (enum change_state s = CHANGE_PLANNED; s <= CHANGE_UNDONE; s++) {
        if (c->by_state[s] > 0)
            printf(" · %s %s", text_count(count, c->by_state[s]), change_state_name(s));
    }
    putchar('\n');
}

static uint64_t run_rate(const struct phase_run *p)
{
    int64_t us = p->ended_us - p->started_us;
    return us < 1000 ? 0 : p->done * 1000000 / (uint64_t)us;
}

/* "plan      done             6,510 changes in 0.9 s (7,109/s)" */
static void print_run(const struct status_result *r, const struct phase_run *p)
{
    char count[64], text[TEXT_COUNT_MAX];
    bool is_sync = strcmp(p->name, "sync") == 0;
    if (strcmp(p->name, "control") == 0) {
        printf("  %-8s  %s, by %s\n", p->name, p->outcome, p->who);
        return;
    }
    if (p->ended_us == 0) {
        printf("  %-8s  %s\n", p->name,
               p->pid == r->writer_pid ? "works" : "was cut off, which does no harm");
        return;
    }
    printf("  %-8s  %-12s %14s", p->name, p->outcome,
           text_counted(count, p->done, is_sync ? "id" : "change", is_sync ? "ids" : "changes"));
    printf(" in %s", text_duration(text, (uint64_t)(p->ended_us - p->started_us)));
    if (run_rate(p) > 0)
        printf(" (%s/s)", text_count(text, run_rate(p)));
    putchar('\n');
}

static void print_result(const struct cli *c, const struct status_result *r)
{
    if (r->has_plan)
        printf("Plan %s\n", r->plan_name);
    else
        puts("There is no plan yet.");
    if (r->writer_pid > 0)
        printf("Process %d works in this directory.\n", r->writer_pid);
    print_counts("changes", &r->changes);
    print_counts("retiring", &r->retire);
    for (int o = SYNC_USER; o <= SYNC_BATCH; o++) {
        uint64_t all = 0;
        char count[TEXT_COUNT_MAX];
        for (int s = SYNC_PENDING; s <= SYNC_FAILED; s++)
            all += r->sync_by_state[o][s];
        if (all == 0)
            continue;
        printf("  sync %-13s %9s in all", object_names[o], text_count(count, all));
        for (int s = SYNC_PENDING; s <= SYNC_FAILED; s++) {
            if (r->sync_by_state[o][s] > 0)
                printf(" · %s %s", text_count(count, r->sync_by_state[o][s]), sync_names[s]);
        }
        putchar('\n');
    }
    if (r->nodes[0]) {
        fputs("Cassandra, when last asked  ", stdout);
        text_print(stdout, bytes_of(r->nodes), 0);
        putchar('\n');
    }
    if (r->run_count > 0)
        puts("What ran here");
    for (int i = 0; i < r->run_count; i++)
        print_run(r, &r->runs[i]);
    char next[2 * PATH_MAX];
    printf("Next: %s\n", cli_with_dir(c, r->next, next, sizeof next));
}

static void json_runs(struct json_writer *w, const struct status_result *r)
{
    json_key(w, "runs");
    json_begin_array(w);
    for (int i = 0; i < r->run_count; i++) {
        const struct phase_run *p = &r->runs[i];
        json_begin_object(w);
        json_member_text(w, "phase", p->name);
        json_member_int(w, "started_us", p->started_us);
        json_member_int(w, "ended_us", p->ended_us);
        json_member_text(w, "outcome", p->outcome);
        json_member_text(w, "who", p->who);
        json_member_text(w, "host", p->host);
        json_member_int(w, "done", (int64_t)p->done);
        json_member_int(w, "total", (int64_t)p->total);
        json_end(w);
    }
    json_end(w);
}

static void json_counts(struct json_writer *w, const char *key, const struct change_counts *c)
{
    json_key(w, key);
    json_begin_object(w);
    json_member_int(w, "all", (int64_t)c->all);
    for (enum change_state s = CHANGE_PLANNED; s <= CHANGE_UNDONE; s++)
        json_member_int(w, change_state_name(s), (int64_t)c->by_state[s]);
    json_end(w);
}

static bool print_json(const struct cli *c, const struct status_result *r, struct fault *f)
{
    struct buf out;
    struct json_writer w;
    buf_init(&out, STATUS_JSON_MAX);
    json_writer_init(&w, &out, true);
    json_begin_object(&w);
    json_member_text(&w, "plan", r->has_plan ? r->plan_name : NULL);
    json_member_int(&w, "writer_pid", r->writer_pid);
    json_counts(&w, "changes", &r->changes);
    json_counts(&w, "retire", &r->retire);
    json_key(&w, "sync");
    json_begin_object(&w);
    for (int o = SYNC_USER; o <= SYNC_BATCH; o++) {
        json_key(&w, object_names[o]);
        json_begin_object(&w);
        for (int s = SYNC_PENDING; s <= SYNC_FAILED; s++)
            json_member_int(&w, sync_names[s], (int64_t)r->sync_by_state[o][s]);
        json_end(&w);
    }
    json_end(&w);
    json_runs(&w, r);
    char next[2 * PATH_MAX];
    json_member_text(&w, "next", cli_with_dir(c, r->next, next, sizeof next));
    json_end(&w);
    bool ok = text_put(&out, f);
    buf_fini(&out);
    return ok;
}

int cmd_status(struct cli *c)
{
    struct session s;
    struct fault f = {0};
    struct status_result r = {0};
    int code = EXIT_DONE;
    bool ok = session_open(&s, c, false, &f) && phase_status(&s.move, &r, &f);
    if (ok && c->values.json)
        ok = print_json(c, &r, &f);
    else if (ok)
        print_result(c, &r);
    if (!ok)
        code = session_fail(&s, &f);
    session_close(&s);
    return code;
}
