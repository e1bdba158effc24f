#include "phase/phase_private.h"

#include <stdio.h>
#include <string.h>

#include "http/http.h"
#include "phase/flow.h"
#include "phase/governor.h"

static struct check_item *add(struct check_result *r, enum check_state state, const char *what)
{
    struct check_item *item =
        &r->items[r->count < CHECK_ITEMS_MAX ? r->count++ : CHECK_ITEMS_MAX - 1];
    *item = (struct check_item){.state = state};
    snprintf(item->what, sizeof item->what, "%s", what);
    r->stops += state == CHECK_STOPS;
    return item;
}

static void say(struct check_result *r, enum check_state state, const char *what,
                const char *remedy, const char *format, ...) __attribute__((format(printf, 5, 6)));

static void say(struct check_result *r, enum check_state state, const char *what,
                const char *remedy, const char *format, ...)
{
    struct check_item *item = add(r, state, what);
    va_list args;
    va_start(args, format);
    vsnprintf(item->said, sizeof item->said, format, args);
    va_end(args);
    snprintf(item->remedy, sizeof item->remedy, "%s", remedy);
}

static void stopped(struct check_result *r, const char *what, const struct fault *f)
{
    say(r, CHECK_STOPS, what, f->hint, "%.300s%s%.90s", f->text, f->subject[0] ? ": " : "",
        f->subject);
}

enum { NODES_DOWN_LISTED = 12 };

struct nodes_checked {
    struct check_result *result;
    int down, strangers;
};

static void check_node(void *context, const struct store_node *n)
{
    struct nodes_checked *seen = context;
    if (n->state == STORE_NODE_DOWN && seen->down++ < NODES_DOWN_LISTED)
        say(seen->result, CHECK_NOTE, "node",
            "start it first if you can: reads and writes need most of a row's replicas",
            "%.60s (data center %.60s, rack %.60s) is down: %.200s", n->address, n->data_center,
            n->rack, n->why);
    if (n->is_contact && !n->is_local && seen->strangers++ == 0)
        say(seen->result, CHECK_NOTE, "node",
            "name hosts of one data center in `cassandra`, or the one you mean in `local-dc`",
            "%.60s, which you named, is in data center %.60s, whose nodes are not asked",
            n->address, n->data_center);
}

static void check_nodes(struct move *m, struct check_result *r)
{
    struct nodes_checked seen = {.result = r};
    struct nodes_seen all;
    char what[64];
    store_nodes(m->store, true, check_node, &seen);
    nodes_look(m->store, &all);
    for (int i = 0; i < all.count; i++) {
        snprintf(what, sizeof what, "data center %.40s", all.centers[i].name);
        add(r, CHECK_OK, what);
        nodes_say(&all.centers[i], r->items[r->count - 1].said, sizeof r->items[r->count - 1].said);
    }
}

static bool check_cassandra(struct move *m, struct check_result *r)
{
    struct fault f = {0};
    if (!move_store(m, &f)) {
        stopped(r, "cassandra", &f);
        return false;
    }
    const struct store_about *a = &m->store_about;
    char wire[48] = "";
    if (a->protocol_version > 0)
        snprintf(wire, sizeof wire, ", protocol v%d%s", a->protocol_version,
                 a->is_compressed ? ", LZ4" : "");
    say(r, CHECK_OK, "cassandra", "", "%s at %s, %d node%s, %s%s%s%s", a->product, a->address,
        a->node_count, a->node_count == 1 ? "" : "s", a->consistency, wire,
        a->encryption[0] ? ", " : "", a->encryption);
    if (a->encryption[0] && !a->is_verified)
        say(r, CHECK_NOTE, "tls", "set cassandra-tls-verify: yes, and cassandra-ca-file",
            "the server's certificate is not checked: anybody may be the server");
    check_nodes(m, r);
    if (!a->schema_agrees)
        say(r, CHECK_STOPS, "schema",
            "wait until `nodetool describecluster` shows one schema version",
            "the nodes of the cluster do not agree on the schema");
    int64_t offset_ms = a->clock_offset_us / 1000;
    if (offset_ms > 60000 || offset_ms < -60000)
        say(r, CHECK_NOTE, "clock",
            "set both clocks by NTP: fences do not need it, conditional writes and reports do",
            "this machine's clock and the server's differ by %lld s",
            (long long)(offset_ms / 1000));
    return true;
}

static void say_tenant(struct check_result *r, const char *what, const struct tenant *t)
{
    say(r, CHECK_OK, what, "", "%.*s  %.*s  channel %.*s  hashtagid %.*s  %s%s", (int)t->id.n,
        (const char *)t->id.p, (int)t->name.n, t->name.p ? (const char *)t->name.p : "",
        (int)t->channel.n, t->channel.p ? (const char *)t->channel.p : "", (int)t->hashtagid.n,
        t->hashtagid.p ? (const char *)t->hashtagid.p : "", tenant_status_name(t),
        t->is_root ? "" : ", not a root organisation");
}

static bool check_tenants(struct move *m, struct check_result *r)
{
    struct fault f = {0};
    if (!move_tenants(m, &f)) {
        stopped(r, "organisations", &f);
        return false;
    }
    r->source = m->source;
    r->target = m->target;
    r->has_source = r->has_target = true;
    say_tenant(r, "source", &m->source);
    say_tenant(r, "target", &m->target);
    if (tenants_check(&m->source, &m->target, &f))
        return true;
    stopped(r, "organisations", &f);
    return false;
}

static void check_latency(struct move *m, struct check_result *r)
{
    static const char what[] = "probe reads";
    struct flow_latency seen;
    struct fault f = {0};
    char p99[16], most[16];
    uint32_t most_us = (uint32_t)m->settings.max_latency_us;
    if (!store_can_probe(m->store))
        return;
    if (!flow_measure_latency(m->flow, &seen, &f)) {
        if (f.code != FAULT_NONE)
            stopped(r, what, &f);
    } else if (seen.failed) {
        say(r, CHECK_NOTE, what, "see the servers' logs first", "%d of %d failed", seen.failed,
            seen.reads);
    } else if (seen.p99_us > most_us && most_us) {
        say(r, CHECK_NOTE, what, "set a larger one, or the move is held back from its first row",
            "p99 %s > max-latency %s, with nothing else of the move at work",
            governor_ms(seen.p99_us, p99), governor_ms(most_us, most));
    } else {
        say(r, CHECK_OK, what, "", "p99 %s now; a max-latency must be above",
            governor_ms(seen.p99_us, p99));
    }
}

static void check_rules(struct move *m, struct check_result *r)
{
    struct move_rules rules;
    struct fault f = {0};
    char what[64], table[160];
    if (!move_bind(m, &rules, &f)) {
        stopped(r, "profile", &f);
        return;
    }
    for (int i = 0; i < rules.count; i++) {
        const struct rule *rule = &m->profile.rules[i];
        if (rule->is_graph)
            continue;
        snprintf(what, sizeof what, "rule %.50s", rule->name);
        snprintf(table, sizeof table, "%s.%s", rule->keyspace, rule->table);
        if (!rules.present[i]) {
            say(r, CHECK_NOTE, what, "", "%s is not in this cluster: skipped", table);
        } else if (rule->leave) {
            say(r, CHECK_OK, what, "", "%s is counted and left: %.200s", table, rule->leave);
        } else if (!store_may_write(m->store, rules.bound[i].table, &f)) {
            stopped(r, what, &f);
        } else {
            say(r, rules.note[i].p ? CHECK_NOTE : CHECK_OK, what, "",
                "%s can be read and written%s%.*s%s", table, rules.note[i].p ? ", " : "",
                (int)rules.note[i].n, rules.note[i].p ? (const char *)rules.note[i].p : "",
                rules.bound[i].table->has_trigger
                    ? "; it has a trigger, which fires for every change"
                    : "");
        }
    }
}

static void check_others(struct move *m, struct check_result *r)
{
    struct fault f = {0};
    if (!move_graph(m, &f))
        stopped(r, "neo4j", &f);
    else if (m->graph)
        say(r, CHECK_OK, "neo4j", "", "%s at %s, %s", m->graph_about.product,
            m->graph_about.address, m->graph_about.endpoint);
    else
        say(r, CHECK_NOTE, "neo4j", "set neo4j: http://host:7474 if content must move too",
            "not set: content stays");
    f = (struct fault){0};
    if (!move_index(m, &f))
        stopped(r, "elasticsearch", &f);
    else if (m->index)
        say(r, CHECK_OK, "elasticsearch", "", "%s at %s, indices %s", m->index_about.product,
            m->index_about.address, m->index_about.indices);
    else
        say(r, CHECK_NOTE, "elasticsearch",
            "set elasticsearch: http://host:9200, so that verify can read documents",
            "not set: documents are not read back, and a 200 of the sync service proves nothing");
    char shown[HTTP_URL_SHOWN_MAX];
    url_show(m->settings.sync_url, shown);
    f = (struct fault){0};
    if (!move_sync(m, &f))
        stopped(r, "sync", &f);
    else if (m->sync)
        say(r, CHECK_OK, "sync", "", "%s (nothing is sent by check)", shown);
    else
        say(r, CHECK_NOTE, "sync", "set sync-url, or sync the ids by hand",
            "not set: Elasticsearch is not synced");
}

bool phase_check(struct move *m, struct check_result *out, struct fault *f)
{
    struct fault profile = {0};
    *out = (struct check_result){0};
    bool read = move_profile(m, &profile);
    if (!read && profile.code == FAULT_MEMORY) {
        *f = profile;
        return false;
    }
    if (!read)
        stopped(out, "profile", &profile);
    if (check_cassandra(m, out) && check_tenants(m, out)) {
        check_latency(m, out);
        if (read)
            check_rules(m, out);
    }
    check_others(m, out);
    return !move_interrupted(m, f);
}
