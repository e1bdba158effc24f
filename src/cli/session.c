#include "cli/session.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "cli/command.h"
#include "cli/text.h"

void session_print_tenant(const char *which, const struct tenant *t)
{
    printf("%s  ", which);
    text_print(stdout, t->id, 20);
    fputs("  ", stdout);
    text_print(stdout, t->name, 20);
    fputs("  channel ", stdout);
    text_print(stdout, t->channel, 15);
    printf("  %s\n", tenant_status_name(t));
}

static void print_head(struct session *s)
{
    const struct move *m = &s->move;
    s->head_shown = true;
    if (bytes_are_null(m->source.id))
        return;
    session_print_tenant("Source", &m->source);
    session_print_tenant("Target", &m->target);
    const struct store_about *a = &m->store_about;
    fputs(a->product, stdout);
    if (strncmp(a->address, "embedded", 8) != 0 && a->protocol_version > 0)
        printf(" at %d node%s", a->node_count, a->node_count == 1 ? "" : "s");
    printf(", %s", a->consistency);
    if (m->index)
        printf(" · %s", m->index_about.product);
    if (m->graph)
        printf(" · %s", m->graph_about.product);
    fputs("\n\n", stdout);
}

/* Lines stand under each other: name, rows, changes. */
void session_print_rule(const struct rule_total *t)
{
    char rows[TEXT_COUNT_MAX], changes[TEXT_COUNT_MAX], time[TEXT_COUNT_MAX];
    bool is_graph = strncmp(t->table, "graph ", 6) == 0;
    const char *table = is_graph ? t->table + 6 : t->table;
    if (t->note[0] && t->scanned == 0 && t->matched == 0) {
        printf("  skip  %-30s %s\n", table, t->note);
        return;
    }
    printf("  %s %-30s %11s %s %9s to change %9s", is_graph ? "graph" : "scan ", table,
           text_count(rows, t->scanned),
           is_graph             ? "nodes"
           : t->server_filtered ? "sent "
                                : "rows ",
           text_count(changes, t->changes), text_duration(time, t->duration_us));
    if (t->collisions)
        printf("   %" PRIu64 " meet a row of the target", t->collisions);
    if (t->rejected)
        printf("   %" PRIu64 " cannot be changed", t->rejected);
    if (t->unread)
        printf("   %" PRIu64 " could not be read", t->unread);
    if (t->server_filtered)
        fputs("   filtered by the servers: how many they read is not known", stdout);
    if (t->note[0])
        printf("   %s", t->note);
    putchar('\n');
}

struct unread_list {
    uint64_t count;
    bool prints;
};

enum { UNREAD_SHOWN = 20 };

static bool list_unread(void *context, const struct unread_range *u)
{
    struct unread_list *list = context;
    list->count++;
    if (!list->prints || list->count > UNREAD_SHOWN)
        return true;
    printf("            %s ", u->table);
    if (u->partition[0]) {
        fputs("partition ", stdout);
        text_print(stdout, bytes_of(u->partition), 1);
        printf(" (token %" PRId64 ")", u->range.end);
    } else {
        printf("tokens %" PRId64 " to %" PRId64, u->range.start, u->range.end);
    }
    fputs(": ", stdout);
    text_print(stdout, bytes_of(u->reason), 1);
    putchar('\n');
    return true;
}

void session_print_unread(struct ledger *l, int pass, const char *meaning)
{
    struct unread_list list = {0};
    char text[64];
    if (!l)
        return;
    struct fault f = {0};
    if (!ledger_each_unread(l, pass, list_unread, &list, &f)) {
        cli_warn("what could not be read cannot be listed: %s", f.text);
        return;
    }
    if (list.count == 0)
        return;
    printf("  Attention %s could not be read: %s\n",
           text_counted(text, list.count, "partition", "partitions"), meaning);
    uint64_t all = list.count;
    list = (struct unread_list){.prints = true};
    ledger_each_unread(l, pass, list_unread, &list, NULL);
    if (all > UNREAD_SHOWN)
        printf("            … and %" PRIu64 " more\n", all - UNREAD_SHOWN);
}

static void on_progress(void *context, const struct progress *p)
{
    struct session *s = context;
    progress_show(&s->line, p);
}

static void on_rule(void *context, const struct rule_total *t)
{
    struct session *s = context;
    progress_clear(&s->line);
    if (!s->shows_rules)
        return;
    if (!s->head_shown)
        print_head(s);
    if (t->pass <= 1 || t->changes > 0)
        session_print_rule(t);
    fflush(stdout);
}

static void on_note(void *context, const char *text)
{
    struct session *s = context;
    progress_clear(&s->line);
    fflush(stdout);
    char shown[2 * PATH_MAX];
    fprintf(stderr, "  note  %s\n", cli_with_dir(s->cli, text, shown, sizeof shown));
}

bool session_open(struct session *s, struct cli *c, bool catches, struct fault *f)
{
    *s = (struct session){.cli = c};
    const struct observer o = {
        .context = s, .progress = on_progress, .rule = on_rule, .note = on_note};
    progress_init(&s->line, c->values.quiet || c->values.json);
    if (catches) {
        char path[PATH_MAX];
        snprintf(path, sizeof path, "%s/log.ndjson", c->values.settings.dir);
        if (!log_open(path, LOG_INFO, c->values.verbose, f))
            return false;
    }
    s->open = true;
    if (!move_init(&s->move, &c->values.settings, &o, f))
        return false;
    return !catches || loop_catch_signals(s->move.loop, f);
}

void session_close(struct session *s)
{
    progress_clear(&s->line);
    if (s->open) {
        /* What an operator set holds for the steps of `run` that follow. */
        const struct settings *now = &s->move.settings;
        s->cli->values.settings.max_rate = now->max_rate;
        s->cli->values.settings.max_latency_us = now->max_latency_us;
        s->cli->values.settings.in_flight = now->in_flight;
        move_fini(&s->move);
    }
    s->open = false;
    log_close();
}

int session_fail(struct session *s, const struct fault *f)
{
    progress_clear(&s->line);
    return cli_fail(s->cli, f);
}

const char *session_command(const struct cli *c, const char *command, char *out, size_t room)
{
    const char *dir = c->values.settings.dir;
    if (strcmp(dir, ".") == 0)
        snprintf(out, room, "tenantmove %s", command);
    else
        snprintf(out, room, "tenantmove %s --dir %s", command, dir);
    return out;
}

void session_next(const struct cli *c, const char *next)
{
    char command[PATH_MAX + 64];
    if (!c->in_chain)
        printf("  Next      %s\n", session_command(c, next, command, sizeof command));
}
