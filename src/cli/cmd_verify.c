#include <inttypes.h>
#include <stdio.h>

#include "base/json_write.h"
#include "cli/command.h"
#include "cli/session.h"
#include "cli/text.h"

enum { VERIFY_JSON_MAX = 4 * 1024 * 1024 };

static const char *const names[] = {
    [INDEX_USER] = "users", [INDEX_ORGANISATION] = "organisations", [INDEX_BATCH] = "batches"};

static void print_documents(const struct verify_result *r)
{
    static const char *const one[] = {
        [INDEX_USER] = "user", [INDEX_ORGANISATION] = "organisation", [INDEX_BATCH] = "batch"};
    const char *between = "  ";
    char count[64];
    for (int i = 0; i <= INDEX_BATCH; i++) {
        char right[TEXT_COUNT_MAX], all[TEXT_COUNT_MAX];
        if (r->documents[i] == 0)
            continue;
        printf("%s%s of %s %s", between, text_count(right, r->documents_right[i]),
               text_count(all, r->documents[i]), names[i]);
        between = ", ";
    }
    if (between[0] == ',')
        puts(" are right in Elasticsearch.");
    for (int i = 0; i <= INDEX_BATCH; i++) {
        if (r->documents_absent[i] > 0)
            printf("  Attention %s %s no document at all\n",
                   text_counted(count, r->documents_absent[i], one[i], names[i]),
                   r->documents_absent[i] == 1 ? "has" : "have");
        if (r->documents_stale[i] > 0)
            printf("  Attention %s of deleted %s, which the service does not index again\n",
                   text_counted(count, r->documents_stale[i], "document is", "documents are"),
                   names[i]);
    }
}

static void print_result(const struct cli *c, struct ledger *l, const struct verify_result *r)
{
    char left[64], right[TEXT_COUNT_MAX], all[TEXT_COUNT_MAX], command[512];
    printf("  %s to %s %s left in %d table%s",
           text_counted(left, r->references, "reference", "references"), c->values.settings.source,
           r->references == 1 ? "is" : "are", r->tables, r->tables == 1 ? "" : "s");
    if (r->graphs > 0)
        printf(", %d graph%s", r->graphs, r->graphs == 1 ? "" : "s");
    puts(".");
    session_print_unread(l, 0, "it is not known what they name");
    printf("  %s of %s changes read back as planned.\n", text_count(right, r->changes_right),
           text_count(all, r->changes));
    if (r->changes_other > 0)
        printf("  Attention %s changed by somebody since, which stays\n",
               text_counted(left, r->changes_other, "row was", "rows were"));
    if (r->rejected > 0)
        printf("  Attention %s not made, or not read back (%s)\n",
               text_counted(left, r->rejected, "change was", "changes were"),
               session_command(c, "show --rejected", command, sizeof command));
    if (r->documents_checked)
        print_documents(r);
    else
        puts("  Documents were not read back: `elasticsearch` is not set.");
    printf("%s %s, digest %.8s… · ", r->clean ? "Proof" : "Not clean:", r->proof_path,
           r->proof_digest);
    const char *next = r->references || r->open ? "apply"
                       : r->unread              ? "verify"
                       : r->clean               ? "retire"
                                                : "sync";
    if (c->in_chain)
        puts(r->clean ? "clean" : "the old organisation stays as it is");
    else if (r->clean && r->retired)
        puts("the move is done");
    else
        printf("Next: %s\n", session_command(c, next, command, sizeof command));
}

static bool json_unread(void *context, const struct unread_range *u)
{
    struct json_writer *w = context;
    json_begin_object(w);
    json_member_text(w, "rule", u->rule);
    json_member_text(w, "table", u->table);
    json_member_text(w, "partition", u->partition[0] ? u->partition : NULL);
    json_member_int(w, "after_token", u->range.start);
    json_member_int(w, "to_token", u->range.end);
    json_member_text(w, "reason", u->reason);
    json_end(w);
    return true;
}

static bool print_json(struct ledger *l, const struct verify_result *r, struct fault *f)
{
    struct buf out;
    struct json_writer w;
    buf_init(&out, VERIFY_JSON_MAX);
    json_writer_init(&w, &out, true);
    json_begin_object(&w);
    json_member_bool(&w, "clean", r->clean);
    json_member_int(&w, "references", (int64_t)r->references);
    json_key(&w, "unread");
    json_begin_array(&w);
    bool ok = ledger_each_unread(l, 0, json_unread, &w, f);
    json_end(&w);
    json_member_int(&w, "tables", r->tables);
    json_member_int(&w, "graphs", r->graphs);
    json_member_int(&w, "changes", (int64_t)r->changes);
    json_member_int(&w, "changes_right", (int64_t)r->changes_right);
    json_member_int(&w, "changes_by_others", (int64_t)r->changes_other);
    json_member_int(&w, "changes_rejected", (int64_t)r->rejected);
    json_member_int(&w, "nodes_left", (int64_t)r->nodes_left);
    json_member_int(&w, "nodes", (int64_t)r->nodes_all);
    json_member_bool(&w, "documents_checked", r->documents_checked);
    json_key(&w, "documents");
    json_begin_object(&w);
    for (int i = 0; i <= INDEX_BATCH; i++) {
        json_key(&w, names[i]);
        json_begin_object(&w);
        json_member_int(&w, "all", (int64_t)r->documents[i]);
        json_member_int(&w, "right", (int64_t)r->documents_right[i]);
        json_member_int(&w, "absent", (int64_t)r->documents_absent[i]);
        json_member_int(&w, "of_deleted", (int64_t)r->documents_stale[i]);
        json_end(&w);
    }
    json_end(&w);
    json_member_text(&w, "proof", r->proof_path);
    json_member_text(&w, "digest", r->proof_digest);
    json_end(&w);
    ok = ok && text_put(&out, f);
    buf_fini(&out);
    return ok;
}

int cmd_verify(struct cli *c)
{
    struct session s;
    struct fault f = {0};
    struct verify_result r = {0};
    int code;
    bool ok = session_open(&s, c, true, &f) && phase_verify(&s.move, &r, &f);
    progress_clear(&s.line);
    if (ok && c->values.json)
        ok = print_json(s.move.ledger, &r, &f);
    else if (ok)
        print_result(c, s.move.ledger, &r);
    if (ok) {
        code = r.clean ? EXIT_DONE : EXIT_SOME_ROWS;
    } else {
        if (f.code == FAULT_INTERRUPTED) {
            fault_set(&f, FAULT_INTERRUPTED, "stopped; no row was written");
            fault_hint(&f, "The same command starts again");
        }
        code = session_fail(&s, &f);
    }
    session_close(&s);
    c->clean = ok && r.clean;
    return code;
}
