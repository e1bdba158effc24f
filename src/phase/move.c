#include "phase/flow.h"
#include "phase/phase_private.h"

#include <stdlib.h>
#include <string.h>

enum { MOVE_ARENA_MAX = 64 * 1024 * 1024, KEYSPACE_MAPS_MAX = 16 };

bool move_init(struct move *m, const struct settings *s, const struct observer *o, struct fault *f)
{
    *m = (struct move){.settings = *s, .observer = *o};
    arena_init(&m->arena, MOVE_ARENA_MAX);
    m->loop = loop_new(f);
    m->flow = m->loop ? flow_new(m, f) : NULL;
    return m->flow != NULL;
}

void move_fini(struct move *m)
{
    if (m->flow)
        flow_stop(m->flow);
    if (m->ledger)
        ledger_close(m->ledger);
    if (m->sync)
        sync_free(m->sync);
    if (m->index)
        index_free(m->index);
    if (m->graph)
        graph_free(m->graph);
    if (m->store)
        store_free(m->store);
    flow_free(m->flow);
    if (m->loop)
        loop_free(m->loop);
    arena_fini(&m->arena);
    *m = (struct move){0};
}

bool move_store(struct move *m, struct fault *f)
{
    const struct settings *s = &m->settings;
    if (m->store)
        return true;
    if (!s->cassandra[0]) {
        fault_set(f, FAULT_USAGE, "no Cassandra address is given");
        return fault_hint(f, "set `cassandra: host[:port]` in move.yaml, or --cassandra");
    }
    struct store_options o = {
        .address = s->cassandra,
        .port = s->cassandra_port,
        .user = s->cassandra_user,
        .password = s->cassandra_password,
        .tls = s->cassandra_tls,
        .tls_verify = s->cassandra_tls_verify,
        .ca_file = s->cassandra_ca_file,
        .certificate_file = s->cassandra_certificate_file,
        .key_file = s->cassandra_key_file,
        .consistency = s->consistency[0] ? s->consistency : NULL,
        .local_dc = s->local_dc,
        .compression = s->compression,
        .in_flight = s->in_flight,
        .rows_per_request = s->rows_per_request,
        .protocol_version = s->protocol_version,
        .request_timeout_ms = s->request_timeout_ms,
        .pace = flow_pace(m->flow),
    };
    /* Before the first byte is sent, and each time: it must not become a habit. */
    if (o.tls && !o.tls_verify)
        move_note(m,
                  "who answers at %s is NOT checked (cassandra-tls-verify: no): anybody between "
                  "here and there can read and change everything, the password too",
                  s->cassandra);
    m->store = store_open(m->loop, &o, f);
    if (!m->store)
        return false;
    store_about(m->store, &m->store_about);
    flow_store_opened(m->flow);
    return true;
}

bool move_graph(struct move *m, struct fault *f)
{
    const struct settings *s = &m->settings;
    if (m->graph || !s->neo4j[0])
        return true;
    struct graph_options o = {
        .address = s->neo4j,
        .user = s->neo4j_user,
        .password = s->neo4j_password,
        .database = s->neo4j_database[0] ? s->neo4j_database : NULL,
    };
    m->graph = graph_open(m->loop, &o, f);
    if (!m->graph)
        return false;
    graph_about(m->graph, &m->graph_about);
    return true;
}

static const char *given(const char *text)
{
    return text[0] ? text : NULL;
}

bool move_index(struct move *m, struct fault *f)
{
    const struct settings *s = &m->settings;
    if (m->index || !s->elasticsearch[0])
        return true;
    struct index_options o = {
        .address = s->elasticsearch,
        .user = given(s->elasticsearch_user),
        .password = given(s->elasticsearch_password),
        .user_index = given(s->user_index),
        .organisation_index = given(s->organisation_index),
        .batch_index = given(s->batch_index),
    };
    m->index = index_open(m->loop, &o, f);
    if (!m->index)
        return false;
    index_about(m->index, &m->index_about);
    return true;
}

/* Which form batch ids must have is a matter of the service, and the service can be told from the
 * schema: a sunbird_courses.course_batch means the course service (sunbird 2.2). */
bool move_batch_form(struct move *m, enum sync_batch_form *form, struct fault *f)
{
    const char *said = m->settings.sync_batch_ids;
    *form = SYNC_BATCH_PLAIN;
    if (strcmp(said, "plain") == 0)
        return true;
    if (strcmp(said, "object") == 0) {
        *form = SYNC_BATCH_OBJECT;
        return true;
    }
    if (said[0] && strcmp(said, "auto") != 0)
        return fault_set(f, FAULT_USAGE, "sync-batch-ids must be auto, plain or object, not \"%s\"",
                         said);
    if (!m->store)
        return true;
    struct table *t = NULL;
    if (!store_table(m->store, move_keyspace(m, "courses", "sunbird_courses"), "course_batch",
                     &m->arena, &t, f))
        return false;
    *form = t ? SYNC_BATCH_OBJECT : SYNC_BATCH_PLAIN;
    return true;
}

bool move_sync(struct move *m, struct fault *f)
{
    const struct settings *s = &m->settings;
    if (m->sync || !s->sync_url[0])
        return true;
    struct sync_options o = {
        .url = s->sync_url,
        .batch_url = given(s->sync_batch_url),
        .key = given(s->sync_key),
        .synchronous = s->sync_synchronous,
    };
    if (!move_batch_form(m, &o.batch_form, f))
        return false;
    m->batch_form = o.batch_form;
    m->sync = sync_open(m->loop, &o, f);
    return m->sync != NULL;
}

/* "name=actual,other=actual" or "actual", into |maps|; all text in the move's arena. */
static int keyspace_maps(struct move *m, struct keyspace_map *maps, int max, struct fault *f)
{
    int n = 0;
    for (const char *p = m->settings.keyspace; *p;) {
        const char *end = strchrnul(p, ',');
        const char *equals = memchr(p, '=', (size_t)(end - p));
        struct bytes name = bytes_of("sunbird");
        struct bytes actual = {(const uint8_t *)p, (size_t)(end - p)};
        if (equals) {
            name = (struct bytes){(const uint8_t *)p, (size_t)(equals - p)};
            actual = (struct bytes){(const uint8_t *)equals + 1, (size_t)(end - equals - 1)};
        }
        if (name.n == 0 || actual.n == 0 || actual.n >= NAME_TEXT_MAX || n == max) {
            fault_set(f, FAULT_USAGE, "the keyspace option \"%s\" cannot be read",
                      m->settings.keyspace);
            fault_hint(
                f, "write --keyspace sunbird, or --keyspace sunbird=my_sunbird,courses=my_courses");
            return -1;
        }
        maps[n].name = arena_text(&m->arena, name);
        maps[n].actual = arena_text(&m->arena, actual);
        if (!maps[n].name || !maps[n].actual) {
            fault_memory(f);
            return -1;
        }
        n++;
        p = *end ? end + 1 : end;
    }
    return n;
}

const char *move_keyspace(struct move *m, const char *name, const char *otherwise)
{
    struct keyspace_map maps[KEYSPACE_MAPS_MAX];
    int n = keyspace_maps(m, maps, KEYSPACE_MAPS_MAX, NULL);
    for (int i = 0; i < n; i++)
        if (strcmp(maps[i].name, name) == 0)
            return maps[i].actual;
    return otherwise;
}

/* A plan goes on with the rules that it was made with, also after this program was renewed. *text
 * stays as it is when there is none. */
static bool planned_profile(struct move *m, struct bytes *text, struct fault *f)
{
    char digest[DIGEST_TEXT];
    struct bytes planned, said;
    if (!m->ledger)
        return true;
    if (!ledger_get(m->ledger, "profile.text", &m->arena, &planned, f) ||
        !ledger_get(m->ledger, "profile.sha256", &m->arena, &said, f))
        return false;
    if (!planned.n || !said.n)
        return true;
    digest_of(planned, digest);
    if (!bytes_are(said, digest)) {
        fault_set(f, FAULT_DAMAGED, "the profile in the ledger is not the one it was planned with");
        fault_subject(f, "%s/ledger.db", m->settings.dir);
        return fault_hint(f, "restore the ledger from a copy; nothing was written");
    }
    *text = planned;
    return true;
}

bool move_profile(struct move *m, struct fault *f)
{
    if (m->profile.rules)
        return true;
    struct keyspace_map maps[KEYSPACE_MAPS_MAX];
    int n = keyspace_maps(m, maps, KEYSPACE_MAPS_MAX, f);
    if (n < 0)
        return false;
    struct bytes text = profile_builtin();
    const char *path = m->settings.profile;
    if (!path[0] && !planned_profile(m, &text, f))
        return false;
    if (path[0] && !file_read(path, PROFILE_TEXT_MAX, &m->arena, &text, f))
        return false;
    return profile_parse(&m->profile, text, path[0] ? path : "built-in profile", maps, n, &m->arena,
                         f);
}

/* ---- the two organisations ---- */

static bool is_custodian_row(void *context, const struct row *row, struct fault *f)
{
    struct tenant *t = context;
    (void)f;
    int id = table_column(row->table, "id");
    int field = table_column(row->table, "field");
    int value = table_column(row->table, "value");
    bool named = (id >= 0 && bytes_are(row->cells[id].value, "custodianOrgId")) ||
                 (field >= 0 && bytes_are(row->cells[field].value, "custodianOrgId"));
    if (named && value >= 0 && bytes_equal(row->cells[value].value, t->id))
        t->is_custodian = true;
    return true;
}

bool move_custodian(struct move *m, struct tenant *t, struct fault *f)
{
    struct table *settings = NULL;
    if (!store_table(m->store, move_keyspace(m, "sunbird", "sunbird"), "system_settings", &m->arena,
                     &settings, f))
        return false;
    if (!settings)
        return true;
    struct store_scan scan = {.table = settings, .row = is_custodian_row, .context = t, .split = 1};
    return store_scan(m->store, &scan, f);
}

bool move_tenant(struct move *m, const struct table *organisation, const char *id,
                 struct tenant *out, bool *found, struct fault *f)
{
    struct bytes key = bytes_of(id);
    struct row row;
    if (!row_read(m, organisation, &key, NULL, &m->arena, &row, found, f))
        return false;
    return !*found || tenant_from_row(out, &row, &m->arena, f);
}

bool move_organisation_table(struct move *m, struct table **out, struct fault *f)
{
    const char *keyspace = move_keyspace(m, "sunbird", "sunbird");
    if (!store_table(m->store, keyspace, "organisation", &m->arena, out, f))
        return false;
    if (!*out) {
        fault_set(f, FAULT_SCHEMA, "there is no table %s.organisation in this cluster", keyspace);
        return fault_hint(
            f, "name the keyspace that Sunbird uses with --keyspace, or check the address");
    }
    if ((*out)->key_count != 1)
        return fault_set(f, FAULT_SCHEMA,
                         "table %s.organisation does not have `id` as its only key", keyspace);
    return true;
}

bool move_tenants(struct move *m, struct fault *f)
{
    struct table *t = NULL;
    const char *ids[2] = {m->settings.source, m->settings.target};
    struct tenant *tenants[2] = {&m->source, &m->target};
    const char *names[2] = {"source", "target"};
    for (int i = 0; i < 2; i++)
        if (!tenant_id_check(names[i], ids[i], f))
            return false;
    if (strcmp(ids[0], ids[1]) == 0) {
        fault_set(f, FAULT_REFUSED, "source and target are the same organisation");
        fault_subject(f, "%s", ids[0]);
        return fault_hint(f, "nothing has to be moved; check --source and --target");
    }
    if (!move_organisation_table(m, &t, f))
        return false;
    for (int i = 0; i < 2; i++) {
        bool found = false;
        if (!move_tenant(m, t, ids[i], tenants[i], &found, f))
            return false;
        if (!found) {
            fault_set(f, FAULT_REFUSED, "the %s organisation is not in %s.organisation", names[i],
                      t->keyspace);
            fault_subject(f, "organisation %s", ids[i]);
            return fault_hint(f, "check the id; `tenantmove check` shows what was found");
        }
    }
    flow_probe(m->flow, t, m->settings.source);
    return move_custodian(m, &m->source, f) && move_custodian(m, &m->target, f);
}

void move_note(struct move *m, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    log_write(LOG_INFO, "phase", "%s", text);
    if (m->observer.note)
        m->observer.note(m->observer.context, text);
}

void move_progress(struct move *m, const struct progress *p)
{
    struct progress whole = *p;
    flow_progress(m->flow, &whole);
    if (m->observer.progress)
        m->observer.progress(m->observer.context, &whole);
}

bool move_interrupted(struct move *m, struct fault *f)
{
    if (!loop_interrupted(m->loop))
        return false;
    fault_set(f, FAULT_INTERRUPTED, "interrupted");
    return true;
}
