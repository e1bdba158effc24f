#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/session.h"
#include "cli/text.h"
#include "phase/id_file.h"
#include "report/ids.h"

static uint64_t sum(const uint64_t n[INDEX_BATCH + 1])
{
    return n[INDEX_USER] + n[INDEX_ORGANISATION] + n[INDEX_BATCH];
}

/* "2 organisations, 179 users, 7 batches" */
static void print_objects(FILE *to, const uint64_t n[INDEX_BATCH + 1])
{
    static const struct {
        enum index_object object;
        const char *one, *many;
    } names[] = {{INDEX_ORGANISATION, "organisation", "organisations"},
                 {INDEX_USER, "user", "users"},
                 {INDEX_BATCH, "batch", "batches"}};
    const char *between = "";
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char text[64];
        if (n[names[i].object] == 0)
            continue;
        fprintf(to, "%s%s", between,
                text_counted(text, n[names[i].object], names[i].one, names[i].many));
        between = ", ";
    }
    if (between[0] == '\0')
        fputs("nothing", to);
}

enum { READ_COUNT = 256, IDS_ARENA_MAX = 16 * 1024 * 1024 };

/* DIR/not-synced-user.ids: what the service did not take, ready for another try by hand. |left_out|: ids that no line
 * can hold. */
static bool write_ids(struct ledger *l, enum sync_object object, const char *path,
                      uint64_t *left_out, struct fault *f)
{
    struct sync_item items[READ_COUNT];
    struct arena a;
    struct ids_file *x = ids_new(path, f);
    bool ok = x != NULL;
    struct buf after; /* outlives the arena's contents */
    int n = 1;
    arena_init(&a, IDS_ARENA_MAX);
    buf_init(&after, IDS_ARENA_MAX);
    while (ok && n > 0) {
        arena_reset(&a);
        n = ledger_sync_read(l, object, 1u << SYNC_PENDING | 1u << SYNC_FAILED, buf_view(&after),
                             items, READ_COUNT, &a, f);
        ok = n >= 0;
        buf_clear(&after);
        if (n > 0)
            ok = buf_append_bytes(&after, items[n - 1].id) || fault_memory(f);
        for (int i = 0; ok && i < n; i++) {
            if (id_file_can_hold(items[i].id))
                ok = ids_add(x, items[i].id, f);
            else
                ++*left_out;
        }
    }
    ok = ok && ids_finish(x, NULL, 0, NULL, f);
    ids_free(x);
    buf_fini(&after);
    arena_fini(&a);
    return ok;
}

/* Of every type: a file of an earlier run whose ids are synced now would be sent again by hand for nothing. */
static void write_failed(const struct session *s, const struct sync_result *r)
{
    static const enum sync_object objects[] = {[INDEX_USER] = SYNC_USER,
                                               [INDEX_ORGANISATION] = SYNC_ORGANISATION,
                                               [INDEX_BATCH] = SYNC_BATCH};
    for (int i = 0; i <= INDEX_BATCH; i++) {
        char path[PATH_MAX], count[64];
        struct fault f = {0};
        uint64_t left_out = 0;
        snprintf(path, sizeof path, "%s/not-synced-%s.ids", s->cli->values.settings.dir,
                 index_object_name((enum index_object)i));
        if (r->failed[i] == 0) {
            unlink(path);
            continue;
        }
        if (write_ids(s->move.ledger, objects[i], path, &left_out, &f))
            printf("            their ids: %s\n", path);
        else
            cli_warn("the file of ids that were not synced could not be written: %s", f.text);
        if (left_out > 0)
            printf("            but for %s that no line can hold: only tenantmove sync sends %s\n",
                   text_counted(count, left_out, "id", "ids"), left_out == 1 ? "it" : "them");
    }
}

static void print_failed(const struct session *s, const struct sync_result *r, const char *what)
{
    char command[512];
    fputs("  Attention ", stdout);
    print_objects(stdout, r->failed);
    printf(" %s (%s tries them again)\n", what,
           session_command(s->cli, "sync", command, sizeof command));
    write_failed(s, r);
}

static int print_result(const struct session *s, const struct sync_result *r)
{
    const struct cli *c = s->cli;
    char blocks[64], time[TEXT_COUNT_MAX];
    fputs("Sent ", stdout);
    print_objects(stdout, r->sent);
    printf(" in %s, in %s.\n", text_counted(blocks, r->blocks, "block", "blocks"),
           text_duration(time, r->duration_us));
    if (sum(r->failed) > 0) {
        print_failed(s, r, "could not be synced");
        return EXIT_SOME_ROWS;
    }
    write_failed(s, r);
    if (!c->values.settings.elasticsearch[0])
        puts("  The service works after its answer; without `elasticsearch` nobody looks whether "
             "it did.");
    session_next(c, "verify");
    return EXIT_DONE;
}

int cmd_sync(struct cli *c)
{
    struct session s;
    struct fault f = {0};
    struct sync_result r = {0};
    int code;
    bool ok = session_open(&s, c, true, &f) && phase_sync(&s.move, &r, &f);
    progress_clear(&s.line);
    if (ok) {
        code = print_result(&s, &r);
    } else if (f.code == FAULT_INTERRUPTED) {
        char command[512];
        fprintf(stderr, "Stopped between two calls: ");
        print_objects(stderr, r.sent);
        fprintf(stderr, " sent.\n  Next      %s   (goes on)\n",
                session_command(c, "sync", command, sizeof command));
        code = EXIT_INTERRUPTED;
    } else {
        code = session_fail(&s, &f);
        if (f.code == FAULT_DENIED && sum(r.failed) > 0)
            print_failed(&s, &r, "are not synced");
    }
    session_close(&s);
    c->clean = ok && sum(r.failed) == 0;
    return code;
}
