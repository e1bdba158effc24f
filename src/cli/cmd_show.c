#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/json_write.h"
#include "cli/command.h"
#include "cli/session.h"
#include "cli/show_change.h"
#include "cli/text.h"
#include "net/digest.h"

enum { READ_COUNT = 64, SHOW_ARENA_MAX = 512 * 1024 * 1024, SHOW_TEXT_MAX = 64 * 1024 * 1024 };

struct show {
    struct cli *cli;
    struct ledger *ledger;
    struct show_types types;
    struct arena arena;
    struct buf text;
    uint64_t shown, all;
    struct json_writer json;
};

static bool is_listing(const struct values *v)
{
    return v->rule[0] || v->row[0] || v->changes || v->collisions || v->conflicts || v->rejected;
}

/* "user:8a1c*" and "user:8a1c…" name every row that begins so. */
static size_t prefix_length(const char *row)
{
    static const char dots[] = "…";
    size_t n = strlen(row), d = sizeof dots - 1;
    if (n > 0 && row[n - 1] == '*')
        return n - 1;
    if (n >= d && strcmp(row + n - d, dots) == 0)
        return n - d;
    return 0;
}

static bool wants(struct show *s, const struct change *c, size_t prefix)
{
    if (prefix == 0)
        return true;
    buf_clear(&s->text);
    change_row_name(c, &s->text);
    return s->text.n >= prefix && memcmp(s->text.p, s->cli->values.row, prefix) == 0;
}

static bool show_one(struct show *s, const struct change *c, struct fault *f)
{
    int limit = s->cli->values.limit;
    s->all++;
    if (limit > 0 && s->shown >= (uint64_t)limit)
        return true;
    s->shown++;
    buf_clear(&s->text);
    bool ok = s->cli->values.json ? show_change_json(&s->types, c, &s->text, f)
                                  : show_change_text(&s->types, c, &s->text, f);
    fwrite(s->text.p, 1, s->text.n, stdout);
    return ok;
}

static bool list_rows(struct show *s, struct fault *f)
{
    const struct values *v = &s->cli->values;
    size_t prefix = prefix_length(v->row);
    struct change changes[READ_COUNT];
    struct ledger_query q = {.rule = v->rule[0] ? v->rule : NULL};
    if (v->collisions)
        q.origin_mask = 1u << CHANGE_MERGE | 1u << CHANGE_DROP;
    if (v->conflicts)
        q.state_mask |= 1u << CHANGE_CONFLICT;
    if (v->rejected)
        q.state_mask |= 1u << CHANGE_REJECTED;
    int n = 1;
    while (n > 0 && !ferror(stdout)) {
        arena_reset(&s->arena);
        if (v->row[0] && prefix == 0)
            n = ledger_read_row(s->ledger, v->row, changes, READ_COUNT, &s->arena, f);
        else
            n = ledger_read(s->ledger, &q, changes, READ_COUNT, &s->arena, f);
        for (int i = 0; i < n; i++) {
            if (wants(s, &changes[i], prefix) && !show_one(s, &changes[i], f))
                return false;
        }
        if (v->row[0] && prefix == 0)
            return n >= 0;
        if (n > 0)
            q.after_seq = changes[n - 1].seq;
    }
    return n >= 0;
}

static bool check_rule(void *context, const char *rule, enum rule_phase phase)
{
    const char **wanted = context;
    (void)phase;
    if (*wanted && strcmp(*wanted, rule) == 0)
        *wanted = NULL;
    return true;
}

static bool list(struct show *s, struct fault *f)
{
    const char *rule = s->cli->values.rule[0] ? s->cli->values.rule : NULL;
    char count[TEXT_COUNT_MAX];
    if (rule && !ledger_each_rule(s->ledger, check_rule, &rule, f))
        return false;
    if (rule) {
        fault_set(f, FAULT_USAGE, "the plan has no rule %s", rule);
        return fault_hint(f, "tenantmove show lists the rules");
    }
    if (!list_rows(s, f))
        return false;
    if (s->all == 0 && !s->cli->values.json)
        puts("No change is like that.");
    else if (s->all > s->shown)
        fprintf(stderr, "%s more; --limit 0 shows all.\n", text_count(count, s->all - s->shown));
    return true;
}

static bool total_text(void *context, const struct rule_total *t)
{
    struct show *s = context;
    if (t->pass <= 1 || t->changes > 0)
        session_print_rule(t);
    s->all += t->pass <= 1 ? t->collisions : 0;
    return true;
}

static bool total_json(void *context, const struct rule_total *t)
{
    struct json_writer *w = &((struct show *)context)->json;
    json_begin_object(w);
    json_member_text(w, "rule", t->rule);
    json_member_text(w, "table", t->table);
    json_member_int(w, "pass", t->pass);
    json_member_int(w, "scanned", (int64_t)t->scanned);
    json_member_int(w, "matched", (int64_t)t->matched);
    json_member_int(w, "changes", (int64_t)t->changes);
    json_member_int(w, "collisions", (int64_t)t->collisions);
    json_member_int(w, "rejected", (int64_t)t->rejected);
    json_member_bool(w, "filtered_by_servers", t->server_filtered);
    json_member_int(w, "unread", (int64_t)t->unread);
    json_member_int(w, "duration_us", (int64_t)t->duration_us);
    json_member_text(w, "note", t->note[0] ? t->note : NULL);
    json_end(w);
    return true;
}

struct head {
    char name[16];
    struct bytes digest;
    struct change_counts counts;
};

static bool read_head(struct show *s, struct head *h, struct fault *f)
{
    if (!ledger_get(s->ledger, "plan.digest", &s->arena, &h->digest, f) ||
        !ledger_count(s->ledger, NULL, RULE_MOVE, 0, &h->counts, f))
        return false;
    char *hex = arena_text(&s->arena, h->digest);
    if (!hex || strlen(hex) < 8) {
        fault_set(f, FAULT_REFUSED, "the plan did not come to its end");
        return fault_hint(f, "Make it again: tenantmove plan");
    }
    digest_short(hex, h->name);
    return true;
}

static bool totals_text(struct show *s, struct fault *f)
{
    struct head h = {0};
    char text[64], count[TEXT_COUNT_MAX], command[512];
    if (!read_head(s, &h, f))
        return false;
    printf("Plan %s: %s\n", h.name, text_counted(text, h.counts.all, "change", "changes"));
    if (!ledger_each_total(s->ledger, 0, total_text, s, f))
        return false;
    fputs(" ", stdout);
    for (enum change_state state = CHANGE_PLANNED; state <= CHANGE_UNDONE; state++) {
        if (h.counts.by_state[state] > 0)
            printf(" %s %s", text_count(count, h.counts.by_state[state]), change_state_name(state));
    }
    putchar('\n');
    if (s->all > 0)
        printf("  Attention %s on both sides (%s)\n",
               text_counted(text, s->all, "row exists", "rows exist"),
               session_command(s->cli, "show --collisions", command, sizeof command));
    session_print_unread(s->ledger, 1, "what they hold is not in the plan");
    printf("  Look      %s    --row RULE:KEY    --changes    --json\n",
           session_command(s->cli, "show --rule RULE", command, sizeof command));
    return true;
}

static bool totals_json(struct show *s, struct fault *f)
{
    struct head h = {0};
    struct json_writer *w = &s->json;
    if (!read_head(s, &h, f))
        return false;
    json_writer_init(w, &s->text, true);
    json_begin_object(w);
    json_member_text(w, "plan", h.name);
    json_member_bytes(w, "digest", h.digest);
    json_key(w, "changes");
    json_begin_object(w);
    json_member_int(w, "all", (int64_t)h.counts.all);
    for (enum change_state state = CHANGE_PLANNED; state <= CHANGE_UNDONE; state++)
        json_member_int(w, change_state_name(state), (int64_t)h.counts.by_state[state]);
    json_end(w);
    json_key(w, "rules");
    json_begin_array(w);
    if (!ledger_each_total(s->ledger, 0, total_json, s, f))
        return false;
    json_end(w);
    json_end(w);
    return text_put(&s->text, f);
}

int cmd_show(struct cli *c)
{
    struct show s = {.cli = c};
    struct fault f = {0};
    arena_init(&s.arena, SHOW_ARENA_MAX);
    buf_init(&s.text, SHOW_TEXT_MAX);
    s.ledger = ledger_open(c->values.settings.dir, LEDGER_READ, &f);
    show_types_init(&s.types, s.ledger);
    bool ok = s.ledger != NULL;
    if (ok && is_listing(&c->values))
        ok = list(&s, &f);
    else if (ok)
        ok = c->values.json ? totals_json(&s, &f) : totals_text(&s, &f);
    show_types_fini(&s.types);
    if (s.ledger)
        ledger_close(s.ledger);
    buf_fini(&s.text);
    arena_fini(&s.arena);
    return ok ? EXIT_DONE : cli_fail(c, &f);
}
