/* Single rows, when there is no room to keep what is told of them. */
#include "move_case.h"
#include "phase/phase_private.h"

static struct move_case c;

static bool refuses_all(const struct store_op *op)
{
    (void)op;
    return true;
}

/* Reads a user into an arena that has no room. */
static bool read_user(const char *id, bool (*refuses)(const struct store_op *op))
{
    struct move m;
    struct observer o = {0};
    struct tripped t;
    struct arena none;
    struct row row;
    bool found;
    struct bytes key = bytes_of(id);
    must(move_init(&m, &c.settings, &o, &fault));
    tripped_open(&t, &c);
    t.refuses = refuses;
    m.store = &t.store;
    arena_init(&none, 0);
    bool done = row_read(&m, c.user, &key, NULL, &none, &row, &found, &fault);
    move_fini(&m);
    arena_fini(&none);
    return done;
}

static void a_row_that_cannot_be_kept_is_not_absent(void **state)
{
    (void)state;
    app_user(&c, "u1", OLD_ORG, "pilot");
    must(read_user("u2", NULL));
    assert_false(read_user("u1", NULL));
    assert_int_equal(fault.code, FAULT_MEMORY);
    assert_string_not_equal(fault.hint, "");
}

static void a_failure_that_cannot_be_kept_stays_one(void **state)
{
    (void)state;
    assert_false(read_user("u2", refuses_all));
    assert_int_equal(fault.code, FAULT_MEMORY);
    assert_string_not_equal(fault.hint, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE_TEST(&c, a_row_that_cannot_be_kept_is_not_absent),
        CASE_TEST(&c, a_failure_that_cannot_be_kept_stays_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
