/* tests/unit/phase/move_case.h: a small tenant in an embedded file, a move directory, and a store that can be
 * tripped: before its n-th operation it calls the test, which edits rows as an application would, or dies. */
#ifndef TEST_MOVE_CASE_H
#define TEST_MOVE_CASE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "embedded/file.h"
#include "phase/phase.h"

#define OLD_ORG "0124"
#define NEW_ORG "0999"

static const char case_schema[] =
    "CREATE TABLE sunbird.organisation (id text PRIMARY KEY, orgname text, channel text, hashtagid "
    "text, status int,"
    " isrootorg boolean);"
    "CREATE TABLE sunbird.user (id text PRIMARY KEY, channel text, rootorgid text, firstname text, "
    "isdeleted boolean);"
    "CREATE TABLE sunbird.user_organisation (userid text, organisationid text, hashtagid text, "
    "isdeleted boolean,"
    " orgjoindate text, position text, roles list<text>, PRIMARY KEY (userid, organisationid));"
    "CREATE TABLE sunbird_courses.course_batch (courseid text, batchid text, createdfor "
    "list<text>, name text,"
    " PRIMARY KEY (courseid, batchid));"
    "CREATE TABLE sunbird.system_settings (id text PRIMARY KEY, field text, value text);";

struct move_case {
    char dir[64];
    char file[128], address[160];
    struct settings settings;
    struct store *app; /* the application's own connection */
    struct arena arena;
    struct table *organisation, *user, *member, *batch;
};

static struct fault fault;

#define must(x)                                                                                    \
    do {                                                                                           \
        fault = (struct fault){0};                                                                 \
        if (!(x))                                                                                  \
            fail_msg("%s: %s (%s)", #x, fault.text, fault.subject);                                \
    } while (0)

static void app_organisation(struct move_case *c, const char *id, const char *channel);

/* Both organisations are there, and nothing else. */
static void case_begin(struct move_case *c)
{
    *c = (struct move_case){0};
    /* In memory where there is such a file system: these tests kill processes, not machines. */
    bool memory = access("/dev/shm", W_OK) == 0;
    snprintf(c->dir, sizeof c->dir, "%s/move-case.XXXXXX", memory ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(c->dir));
    snprintf(c->file, sizeof c->file, "%s/store", c->dir);
    snprintf(c->address, sizeof c->address, "embedded:%s", c->file);
    arena_init(&c->arena, (size_t)256 * 1024 * 1024);
    struct embedded *e = embedded_open(c->file, true, &fault);
    must(e && embedded_schema(e, bytes_of(case_schema), &fault));
    embedded_free(e);
    must((c->app = store_embedded_open(c->file, &fault)) != NULL);
    must(store_table(c->app, "sunbird", "organisation", &c->arena, &c->organisation, &fault));
    must(store_table(c->app, "sunbird", "user", &c->arena, &c->user, &fault));
    must(store_table(c->app, "sunbird", "user_organisation", &c->arena, &c->member, &fault));
    must(store_table(c->app, "sunbird_courses", "course_batch", &c->arena, &c->batch, &fault));
    c->settings = (struct settings){
        .dir = c->dir,
        .source = OLD_ORG,
        .target = NEW_ORG,
        .profile = "",
        .keyspace = "",
        .filter = "",
        .cassandra = c->address,
        .cassandra_user = "",
        .cassandra_password = "",
        .consistency = "",
        .neo4j = "",
        .elasticsearch = "",
        .sync_url = "",
        .sync_batch_url = "",
        .sync_key = "",
        .sync_batch_ids = "auto",
        .sync_block_size = 2,
        .user_index = "",
        .organisation_index = "",
        .batch_index = "",
        .elasticsearch_user = "",
        .elasticsearch_password = "",
        .verify_timeout_s = 2,
        .allow_empty = true,
    };
    app_organisation(c, OLD_ORG, "pilot");
    app_organisation(c, NEW_ORG, "rj");
}

static void remove_dir(const char *dir)
{
    char command[128];
    snprintf(command, sizeof command, "%s", dir);
    pid_t pid = fork();
    if (pid == 0) {
        execlp("rm", "rm", "-rf", "--", command, (char *)NULL);
        _exit(1);
    }
    waitpid(pid, NULL, 0);
}

static void case_end(struct move_case *c)
{
    store_free(c->app);
    arena_fini(&c->arena);
    remove_dir(c->dir);
}

__attribute__((unused)) static void case_begin_again(struct move_case *c)
{
    case_end(c);
    case_begin(c);
}

__attribute__((unused)) static int case_set_up(void **state)
{
    case_begin(*state);
    return 0;
}

__attribute__((unused)) static int case_tear_down(void **state)
{
    case_end(*state);
    return 0;
}

/* A test that finds |c| as case_begin leaves it. */
#define CASE_TEST(c, f) cmocka_unit_test_prestate_setup_teardown(f, case_set_up, case_tear_down, c)

/* ---- the application's own reads and writes ---- */

struct answer {
    bool found;
    struct row row;
    enum store_outcome outcome;
    struct arena *arena;
};

static void app_told(struct store_op *op)
{
    struct answer *a = op->context;
    a->found = op->row != NULL;
    a->outcome = op->outcome;
    if (op->row)
        a->row = row_copy(a->arena, op->row);
}

static struct answer app_run(struct move_case *c, struct store_op op)
{
    struct answer a = {.arena = &c->arena};
    op.done = app_told;
    op.context = &a;
    must(store_submit(c->app, &op, &fault));
    must(store_drive(c->app, 0, &fault));
    return a;
}

/* A value as text, "" for null; lists as "[a,b]"; booleans "true"; for asserting. */
__attribute__((unused)) static const char *app_value(struct move_case *c, const struct table *t,
                                                     const char *k1, const char *k2,
                                                     const char *column)
{
    struct bytes key[2] = {bytes_of(k1), bytes_of(k2)};
    struct answer a = app_run(c, (struct store_op){.kind = STORE_READ, .table = t, .key = key});
    if (!a.found)
        return "(no row)";
    struct buf text;
    buf_init(&text, 65536);
    int i = table_column(t, column);
    assert_true(i >= 0);
    if (bytes_are_null(a.row.cells[i].value))
        return "(null)";
    type_print(&t->columns[i].type, a.row.cells[i].value, &text);
    char *out = arena_text(&c->arena, buf_view(&text));
    buf_fini(&text);
    return out;
}

__attribute__((unused)) static struct bytes list_of(struct move_case *c, const char *a,
                                                    const char *b, const char *d)
{
    struct buf text;
    uint32_t n = 0;
    buf_init(&text, 65536);
    size_t start = list_begin(&text);
    const char *all[3] = {a, b, d};
    for (int i = 0; i < 3 && all[i]; i++, n++)
        list_add(&text, bytes_of(all[i]));
    list_end(&text, start, n);
    struct bytes out = arena_copy(&c->arena, buf_view(&text));
    buf_fini(&text);
    return out;
}

static struct bytes boolean_of(bool b)
{
    static const uint8_t values[2] = {0, 1};
    return (struct bytes){&values[b], 1};
}

__attribute__((unused)) static int64_t now(void)
{
    return clock_now_us();
}

#define assert_user(c, id, root, channel)                                                          \
    do {                                                                                           \
        assert_string_equal(app_value(c, (c)->user, id, NULL, "rootorgid"), root);                 \
        assert_string_equal(app_value(c, (c)->user, id, NULL, "channel"), channel);                \
    } while (0)

/* Writes one column; null deletes it. */
__attribute__((unused)) static void app_set(struct move_case *c, const struct table *t,
                                            const char *k1, const char *k2, const char *column,
                                            struct bytes value, int64_t at)
{
    struct bytes key[2] = {bytes_of(k1), bytes_of(k2)};
    struct store_cell cell = {table_column(t, column), value};
    app_run(c, (struct store_op){.kind = STORE_UPDATE,
                                 .table = t,
                                 .key = key,
                                 .cells = &cell,
                                 .cell_count = 1,
                                 .timestamp = at});
}

__attribute__((unused)) static void app_delete(struct move_case *c, const struct table *t,
                                               const char *k1, const char *k2, int64_t at)
{
    struct bytes key[2] = {bytes_of(k1), bytes_of(k2)};
    app_run(c,
            (struct store_op){.kind = STORE_DELETE_ROW, .table = t, .key = key, .timestamp = at});
}

static void app_organisation(struct move_case *c, const char *id, const char *channel)
{
    static const uint8_t one[4] = {0, 0, 0, 1};
    struct bytes key = bytes_of(id);
    struct store_cell cells[] = {
        {table_column(c->organisation, "orgname"), bytes_of("Name of it")},
        {table_column(c->organisation, "channel"), bytes_of(channel)},
        {table_column(c->organisation, "hashtagid"), bytes_of(id)},
        {table_column(c->organisation, "status"), {one, 4}},
        {table_column(c->organisation, "isrootorg"), boolean_of(true)},
    };
    app_run(c, (struct store_op){.kind = STORE_INSERT,
                                 .table = c->organisation,
                                 .key = &key,
                                 .cells = cells,
                                 .cell_count = 5,
                                 .timestamp = 1000});
}

__attribute__((unused)) static void app_user(struct move_case *c, const char *id, const char *root,
                                             const char *channel)
{
    struct bytes key = bytes_of(id);
    struct store_cell cells[] = {
        {table_column(c->user, "rootorgid"), bytes_of(root)},
        {table_column(c->user, "channel"), bytes_of(channel)},
        {table_column(c->user, "firstname"), bytes_of("Name")},
    };
    app_run(c, (struct store_op){.kind = STORE_INSERT,
                                 .table = c->user,
                                 .key = &key,
                                 .cells = cells,
                                 .cell_count = 3,
                                 .timestamp = 2000});
}

__attribute__((unused)) static void app_member(struct move_case *c, const char *user,
                                               const char *org, const char *joined, bool deleted)
{
    struct bytes key[2] = {bytes_of(user), bytes_of(org)};
    struct store_cell cells[] = {
        {table_column(c->member, "hashtagid"), bytes_of(org)},
        {table_column(c->member, "orgjoindate"), bytes_of(joined)},
        {table_column(c->member, "isdeleted"), boolean_of(deleted)},
        {table_column(c->member, "roles"), list_of(c, "PUBLIC", NULL, NULL)},
    };
    app_run(c, (struct store_op){.kind = STORE_INSERT,
                                 .table = c->member,
                                 .key = key,
                                 .cells = cells,
                                 .cell_count = 4,
                                 .timestamp = 3000});
}

__attribute__((unused)) static void app_batch(struct move_case *c, const char *course,
                                              const char *batch, struct bytes list)
{
    struct bytes key[2] = {bytes_of(course), bytes_of(batch)};
    struct store_cell cells[] = {
        {table_column(c->batch, "createdfor"), list},
        {table_column(c->batch, "name"), bytes_of("Batch")},
    };
    app_run(c, (struct store_op){.kind = STORE_INSERT,
                                 .table = c->batch,
                                 .key = key,
                                 .cells = cells,
                                 .cell_count = 2,
                                 .timestamp = 4000});
}

/* A profile of the test's own in the move directory. */
__attribute__((unused)) static void case_profile(struct move_case *c, const char *text)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/profile.yaml", c->dir);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
    c->settings.profile = path;
}

/* ---- a store that can be tripped, that refuses some writes, and whose scans may tell a row twice ---- */

enum { REFUSED_MAX = 64 };

struct tripped {
    struct store store;
    struct store *real;
    int ops; /* submitted so far */
    int at;  /* trips before this one, from 1; 0: never */
    void (*trip)(void *context);
    void *context;
    bool (*refuses)(const struct store_op *op); /* NULL: nothing is refused */
    struct store_op *refused[REFUSED_MAX];      /* not told yet */
    int refused_count;
    bool scans_twice;
    const struct table *unscannable; /* the table of that name; NULL: none */
};

static void tripped_free(struct store *s)
{
    store_free(((struct tripped *)s)->real);
}

static void tripped_about(struct store *s, struct store_about *out)
{
    store_about(((struct tripped *)s)->real, out);
}

static bool tripped_table(struct store *s, const char *keyspace, const char *name, struct arena *a,
                          struct table **out, struct fault *f)
{
    return store_table(((struct tripped *)s)->real, keyspace, name, a, out, f);
}

static bool tripped_may_write(struct store *s, const struct table *t, struct fault *f)
{
    return store_may_write(((struct tripped *)s)->real, t, f);
}

static bool tripped_scan(struct store *s, const struct store_scan *scan, struct fault *f)
{
    struct tripped *t = (struct tripped *)s;
    if (t->unscannable && strcmp(t->unscannable->name, scan->table->name) == 0)
        return fault_set(f, FAULT_UNREACHABLE, "no node answers");
    if (t->scans_twice && scan->repeated) {
        *scan->repeated = true;
        if (!store_scan(t->real, scan, f))
            return false;
    }
    return store_scan(t->real, scan, f);
}

static bool tripped_submit(struct store *s, struct store_op *op, struct fault *f)
{
    struct tripped *t = (struct tripped *)s;
    if (++t->ops == t->at) {
        /* What was submitted before is on the server by now. */
        if (!store_drive(t->real, 0, f))
            return false;
        t->trip(t->context);
    }
    if (!t->refuses || !t->refuses(op))
        return store_submit(t->real, op, f);
    assert_true(t->refused_count < REFUSED_MAX);
    t->refused[t->refused_count++] = op;
    return true;
}

static bool tripped_drive(struct store *s, int in_flight, struct fault *f)
{
    struct tripped *t = (struct tripped *)s;
    static const struct fault late = {.code = FAULT_TIMEOUT,
                                      .text = "the replicas did not answer in time"};
    bool ok = store_drive(t->real, in_flight, f);
    while (t->refused_count) {
        struct store_op *op = t->refused[--t->refused_count];
        op->outcome = STORE_ROW_FAILED;
        op->row = NULL;
        op->fault = &late;
        op->done(op);
    }
    return ok;
}

static const struct store_adapter tripped_adapter = {
    .free = tripped_free,
    .about = tripped_about,
    .table = tripped_table,
    .may_write = tripped_may_write,
    .scan = tripped_scan,
    .submit = tripped_submit,
    .drive = tripped_drive,
};

__attribute__((unused)) static void tripped_open(struct tripped *t, struct move_case *c)
{
    *t = (struct tripped){.store = {&tripped_adapter}};
    must((t->real = store_embedded_open(c->file, &fault)) != NULL);
}

/* ---- phases ---- */

__attribute__((unused)) static struct plan_result case_plan(struct move_case *c)
{
    struct move m;
    struct plan_result r;
    struct observer o = {0};
    must(move_init(&m, &c->settings, &o, &fault));
    must(phase_plan(&m, &r, &fault));
    move_fini(&m);
    return r;
}

static void case_die(void *context)
{
    (void)context;
    kill(getpid(), SIGKILL);
}

/* The child's death by SIGKILL before its n-th operation; false: it came to its end. */
__attribute__((unused)) static bool case_killed_at(const struct move_case *c, int n)
{
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct tripped t;
        struct move m;
        struct apply_result r;
        struct observer o = {0};
        t = (struct tripped){.store = {&tripped_adapter}, .at = n, .trip = case_die};
        t.real = store_embedded_open(c->file, &fault);
        bool ok = t.real && move_init(&m, &c->settings, &o, &fault);
        if (!ok)
            _exit(2);
        m.store = &t.store;
        _exit(phase_apply(&m, &r, &fault) ? 0 : 3);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status))
        assert_int_equal(WEXITSTATUS(status), 0);
    return WIFSIGNALED(status);
}

/* |t| NULL: nothing is tripped. */
__attribute__((unused)) static struct apply_result case_apply(struct move_case *c,
                                                              struct tripped *t)
{
    struct move m;
    struct apply_result r;
    struct observer o = {0};
    must(move_init(&m, &c->settings, &o, &fault));
    if (t)
        m.store = &t->store;
    must(phase_apply(&m, &r, &fault));
    move_fini(&m);
    return r;
}

#endif
