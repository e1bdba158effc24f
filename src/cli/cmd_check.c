#include <stdio.h>

#include "base/json_write.h"
#include "cli/command.h"
#include "cli/session.h"
#include "cli/text.h"

enum { CHECK_JSON_MAX = 1024 * 1024 };

static void print_items(const struct check_result *r)
{
    static const char *const marks[] = {"ok  ", "note", "STOP"};
    for (int i = 0; i < r->count; i++) {
        const struct check_item *item = &r->items[i];
        printf("  %s  %-20s ", marks[item->state], item->what);
        text_print(stdout, bytes_of(item->said), 0);
        putchar('\n');
        if (item->remedy[0]) {
            printf("  %24s   ", "");
            text_print(stdout, bytes_of(item->remedy), 0);
            putchar('\n');
        }
    }
}

static void json_tenant(struct json_writer *w, const char *key, const struct tenant *t)
{
    json_key(w, key);
    json_begin_object(w);
    json_member_bytes(w, "id", t->id);
    json_member_bytes(w, "name", t->name);
    json_member_bytes(w, "channel", t->channel);
    json_member_bytes(w, "hashtagid", t->hashtagid);
    json_member_text(w, "status", tenant_status_name(t));
    json_member_bool(w, "root", t->is_root);
    json_member_bool(w, "custodian", t->is_custodian);
    json_end(w);
}

static bool print_json(const struct check_result *r, struct fault *f)
{
    static const char *const states[] = {"ok", "note", "stops"};
    struct buf out;
    struct json_writer w;
    buf_init(&out, CHECK_JSON_MAX);
    json_writer_init(&w, &out, true);
    json_begin_object(&w);
    json_member_int(&w, "stops", r->stops);
    if (r->has_source)
        json_tenant(&w, "source", &r->source);
    if (r->has_target)
        json_tenant(&w, "target", &r->target);
    json_key(&w, "items");
    json_begin_array(&w);
    for (int i = 0; i < r->count; i++) {
        json_begin_object(&w);
        json_member_text(&w, "state", states[r->items[i].state]);
        json_member_text(&w, "what", r->items[i].what);
        json_member_text(&w, "said", r->items[i].said);
        json_member_text(&w, "remedy", r->items[i].remedy[0] ? r->items[i].remedy : NULL);
        json_end(&w);
    }
    json_end(&w);
    json_end(&w);
    bool ok = text_put(&out, f);
    buf_fini(&out);
    return ok;
}

int cmd_check(struct cli *c)
{
    struct session s;
    struct fault f = {0};
    struct check_result *r = arena_alloc(&c->arena, sizeof *r);
    int code;
    if (!r)
        fault_memory(&f);
    if (!r || !session_open(&s, c, true, &f) || !phase_check(&s.move, r, &f)) {
        code = cli_fail(c, &f);
    } else {
        progress_clear(&s.line);
        code = r->stops > 0 ? EXIT_REFUSED : EXIT_DONE;
        if (!c->values.json)
            print_items(r);
        else if (!print_json(r, &f))
            code = cli_fail(c, &f);
    }
    if (!c->values.json && f.code == FAULT_NONE && r) {
        char next[512];
        if (r->stops > 0)
            printf("%d thing%s stop%s this move. Nothing was written.\n", r->stops,
                   r->stops == 1 ? "" : "s", r->stops == 1 ? "s" : "");
        else if (!c->in_chain)
            printf("Nothing stops this move. Next: %s\n",
                   session_command(c, "plan", next, sizeof next));
    }
    if (r)
        session_close(&s);
    return code;
}
