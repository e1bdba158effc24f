/* The embedded index and the service that fills it, through the interfaces that the phases use. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "embedded/rows.h"
#include "index/index.h"
#include "move/type.h"

static const char common[] =
    "CREATE TABLE s.user (id text PRIMARY KEY, rootorgid text, channel text, isdeleted boolean);"
    "CREATE TABLE s.organisation (id text PRIMARY KEY, channel text, status int);"
    "CREATE TABLE s.course_batch (id text PRIMARY KEY, createdfor list<text>);"
    "CREATE TABLE s.user_org (id text PRIMARY KEY, userid text, organisationid text, "
    "isdeleted boolean);";
static const char newer[] =
    "CREATE TABLE s.user_organisation (userid text, organisationid text, isdeleted boolean,"
    "PRIMARY KEY (userid, organisationid));"
    "CREATE TABLE c.course_batch (courseid text, batchid text, createdfor list<text>,"
    "PRIMARY KEY (courseid, batchid));";

static char dir[64], path[128];
static struct embedded *file;
static struct arena arena;
static struct sync *sync_service;
static struct index *documents;
static struct fault fault;

static int begin_with(bool with_newer)
{
    snprintf(dir, sizeof dir, "/tmp/embedded-test.XXXXXX");
    if (!mkdtemp(dir))
        return 1;
    snprintf(path, sizeof path, "%s/store", dir);
    arena_init(&arena, (size_t)16 * 1024 * 1024);
    file = embedded_open(path, true, &fault);
    bool ok = file && embedded_schema(file, bytes_of(common), &fault) &&
              (!with_newer || embedded_schema(file, bytes_of(newer), &fault));
    sync_service = ok ? sync_embedded_open(path, &fault) : NULL;
    documents = ok ? index_embedded_open(path, &fault) : NULL;
    return !(sync_service && documents);
}

static int begin_old(void **state)
{
    (void)state;
    return begin_with(false);
}

static int begin_new(void **state)
{
    (void)state;
    return begin_with(true);
}

static int end(void **state)
{
    (void)state;
    sync_free(sync_service);
    index_free(documents);
    embedded_free(file);
    arena_fini(&arena);
    unlink(path);
    return rmdir(dir);
}

/* Writes one cell of a row with a key of one or two parts. */
static void put(const char *keyspace, const char *name, const char *a, const char *b,
                const char *column, struct bytes value)
{
    const struct table *t;
    struct bytes key[2] = {bytes_of(a), bytes_of(b)};
    struct kept_row row;
    assert_true(embedded_table(file, keyspace, name, &t, &fault));
    assert_non_null(t);
    assert_true(rows_read(file, t, key, &arena, &row, &fault));
    kept_row_mark(&row, 10, 0);
    if (column)
        kept_row_write(&row, t, table_column(t, column),
                       (struct kept_cell){.timestamp = 10, .value = value});
    assert_true(rows_keep(file, t, key, &row, &fault));
}

static const struct bytes yes = {(const uint8_t *)"\1", 1}, no = {(const uint8_t *)"\0", 1};

static void tell(enum index_object object, const char *id, const char *course)
{
    struct sync_id one = {bytes_of(id), bytes_of(course)};
    assert_true(sync_block(sync_service, object, &one, 1, NULL, &fault));
}

struct seen {
    bool found;
    char root[16], status[16], organisations[64];
    int created_for;
};

static bool keep(void *context, int i, const struct document *d, struct fault *f)
{
    struct seen *s = context;
    (void)f;
    assert_int_equal(i, 0);
    s->found = d->found;
    snprintf(s->root, sizeof s->root, "%.*s", (int)d->root_org_id.n,
             (const char *)d->root_org_id.p);
    snprintf(s->status, sizeof s->status, "%.*s", (int)d->status.n, (const char *)d->status.p);
    for (int k = 0; k < d->organisation_count; k++) {
        size_t n = strlen(s->organisations);
        snprintf(s->organisations + n, sizeof s->organisations - n, "%.*s ",
                 (int)d->organisations[k].n, (const char *)d->organisations[k].p);
    }
    s->created_for = d->created_for_count;
    return true;
}

static struct seen read_document(enum index_object object, const char *id)
{
    struct seen s = {0};
    struct bytes one = bytes_of(id);
    assert_true(index_read(documents, object, &one, 1, keep, &s, &fault));
    return s;
}

static void a_user_has_the_memberships_that_are_not_deleted(void **state)
{
    (void)state;
    put("s", "user", "u1", NULL, "rootorgid", bytes_of("r"));
    put("s", "user_organisation", "u1", "o1", "isdeleted", no);
    put("s", "user_organisation", "u1", "o2", "isdeleted", yes);
    put("s", "user_organisation", "u1", "o3", "isdeleted", no);
    put("s", "user_organisation", "u1", "o5", NULL, bytes_null()); /* does not say: left out */
    put("s", "user_organisation", "u11", "o4", "isdeleted", no);
    tell(INDEX_USER, "u1", NULL);
    struct seen s = read_document(INDEX_USER, "u1");
    assert_true(s.found);
    assert_string_equal(s.root, "r");
    assert_string_equal(s.organisations, "o1 o3 ");
}

static void memberships_of_the_older_table_are_seen_and_followed(void **state)
{
    (void)state;
    put("s", "user", "u1", NULL, "rootorgid", bytes_of("r"));
    put("s", "user_org", "m1", NULL, "userid", bytes_of("u1"));
    put("s", "user_org", "m1", NULL, "organisationid", bytes_of("o1"));
    put("s", "user_org", "m1", NULL, "isdeleted", no);
    tell(INDEX_USER, "u1", NULL);
    assert_string_equal(read_document(INDEX_USER, "u1").organisations, "o1 ");
    put("s", "user_org", "m2", NULL, "userid", bytes_of("u1"));
    put("s", "user_org", "m2", NULL, "organisationid", bytes_of("o2"));
    put("s", "user_org", "m2", NULL, "isdeleted", no);
    tell(INDEX_USER, "u1", NULL);
    assert_string_equal(read_document(INDEX_USER, "u1").organisations, "o1 o2 ");
}

static void unknown_ids_are_ignored_and_deleted_users_keep_their_document(void **state)
{
    (void)state;
    tell(INDEX_USER, "nobody", NULL);
    assert_false(read_document(INDEX_USER, "nobody").found);
    put("s", "user", "u1", NULL, "rootorgid", bytes_of("a"));
    tell(INDEX_USER, "u1", NULL);
    put("s", "user", "u1", NULL, "rootorgid", bytes_of("b")); /* the greater value wins the tie */
    put("s", "user", "u1", NULL, "isdeleted", yes);
    tell(INDEX_USER, "u1", NULL);
    assert_string_equal(read_document(INDEX_USER, "u1").root, "a");
}

static void organisations_have_a_status_and_batches_their_list(void **state)
{
    static const uint8_t list[] = {0, 0, 0, 2, 0, 0, 0, 1, 'x', 0, 0, 0, 1, 'y'};
    static const uint8_t status[] = {0, 0, 0, 1};
    (void)state;
    put("s", "organisation", "o1", NULL, "status", (struct bytes){status, 4});
    tell(INDEX_ORGANISATION, "o1", NULL);
    assert_string_equal(read_document(INDEX_ORGANISATION, "o1").status, "1");
    put("c", "course_batch", "c1", "b1", "createdfor", (struct bytes){list, sizeof list});
    tell(INDEX_BATCH, "b1", NULL); /* the newer service takes objects only, and ignores this */
    assert_false(read_document(INDEX_BATCH, "b1").found);
    tell(INDEX_BATCH, "b1", "c1");
    assert_int_equal(read_document(INDEX_BATCH, "b1").created_for, 2);
    put("s", "course_batch", "b2", NULL, "createdfor", (struct bytes){list, sizeof list});
    tell(INDEX_BATCH, "b2", NULL);
    assert_int_equal(read_document(INDEX_BATCH, "b2").created_for, 2);
}

static void an_empty_block_is_refused(void **state)
{
    struct sync_id none = {0};
    (void)state;
    assert_false(sync_block(sync_service, INDEX_USER, &none, 0, NULL, &fault));
    assert_int_equal(fault.code, FAULT_INTERNAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_user_has_the_memberships_that_are_not_deleted, begin_new,
                                        end),
        cmocka_unit_test_setup_teardown(memberships_of_the_older_table_are_seen_and_followed,
                                        begin_old, end),
        cmocka_unit_test_setup_teardown(
            unknown_ids_are_ignored_and_deleted_users_keep_their_document, begin_new, end),
        cmocka_unit_test_setup_teardown(organisations_have_a_status_and_batches_their_list,
                                        begin_new, end),
        cmocka_unit_test_setup_teardown(an_empty_block_is_refused, begin_new, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
