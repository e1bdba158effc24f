/* A conversation that is cut after every one of its bytes, either way, in every dialect: it ends with
 * all rows and the write, or with a fault; never with fewer rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "conversation.h"

static const struct {
    int version;
    bool lz4, login;
} dialects[] = {{3, false, false}, {3, true, true},  {4, false, true}, {4, true, false},
                {5, false, false}, {5, false, true}, {5, true, false}, {5, true, true}};

enum { DIALECTS = sizeof dialects / sizeof dialects[0] };

static void start(int i)
{
    server_start(dialects[i].version, dialects[i].lz4, dialects[i].login);
}

static void assert_all_is_well(void)
{
    assert_true(talk.opened && talk.read && talk.wrote);
    assert_int_equal(talk.rows, SERVER_ROWS);
    assert_int_equal(net.live, 0);
}

/* What did not come about has a fault with words, which names the node or the statement. */
static void assert_said(void)
{
    if (talk.wrote) {
        assert_all_is_well();
        return;
    }
    assert_int_not_equal(talk.fault.code, FAULT_NONE);
    assert_int_not_equal(talk.fault.code, FAULT_INTERNAL);
    assert_true(talk.fault.text[0] && talk.fault.subject[0]);
    assert_true(!talk.read || talk.rows == SERVER_ROWS);
    assert_int_equal(net.live, 0);
}

static void it_is_whole_in_pieces_of_any_size(void **state)
{
    (void)state;
    for (int i = 0; i < DIALECTS; i++) {
        for (size_t piece = 0; piece < 40; piece++) {
            start(i);
            net.piece = piece;
            converse(dialects[i].version);
            assert_all_is_well();
            assert_int_equal(net.connections, 1);
        }
    }
}

/* The bytes each way of one whole conversation. */
static void measure(int i, long *down, long *up)
{
    start(i);
    converse(dialects[i].version);
    assert_all_is_well();
    *down = net.down_bytes;
    *up = net.up_bytes;
    assert_true(*down > 200 && *up > 200);
}

static void cut_once(int i, bool is_down, long at)
{
    start(i);
    *(is_down ? &net.cut_down : &net.cut_up) = at;
    net.cuts = 1;
    converse(dialects[i].version);
    assert_said();
    /* Once it was open, another connection does all that the first did not. */
    if (talk.opened)
        assert_all_is_well();
    else
        assert_int_equal(talk.fault.code, FAULT_UNREACHABLE);
}

static void a_connection_that_is_cut_at_any_byte_is_made_up_for(void **state)
{
    (void)state;
    for (int i = 0; i < DIALECTS; i++) {
        long down, up, opened = 0;
        measure(i, &down, &up);
        for (long at = 0; at < down; at++) {
            cut_once(i, true, at);
            opened += talk.opened;
        }
        for (long at = 0; at < up; at++) {
            cut_once(i, false, at);
            opened += talk.opened;
        }
        assert_true(opened > 200);
    }
}

static void when_every_connection_is_cut_there_that_is_said(void **state)
{
    (void)state;
    for (int i = 0; i < DIALECTS; i++) {
        long down, up;
        measure(i, &down, &up);
        for (long at = 0; at < down + up; at++) {
            start(i);
            net.cuts = 1 << 20;
            *(at < down ? &net.cut_down : &net.cut_up) = at < down ? at : at - down;
            converse(dialects[i].version);
            assert_said();
        }
    }
}

/* A server that says nothing more, but keeps the connection. */
static long silent_after;

static bool fall_silent(struct server_conn *c, int16_t stream, enum cql_opcode opcode,
                        struct bytes body)
{
    (void)c, (void)stream, (void)opcode, (void)body;
    return silent_after-- <= 0;
}

static void a_server_that_falls_silent_after_any_answer_is_left(void **state)
{
    (void)state;
    for (int i = 0; i < DIALECTS; i++) {
        for (long after = 0; after < 12; after++) {
            start(i);
            silent_after = after;
            server.twist = fall_silent;
            converse(dialects[i].version);
            assert_said();
        }
    }
}

static void the_version_is_found_downwards(void **state)
{
    (void)state;
    for (int version = 3; version <= 5; version++) {
        server_start(version, true, true);
        converse(0);
        assert_all_is_well();
        assert_int_equal(server.refusals, version < 5); /* the refusal names its newest */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_whole_in_pieces_of_any_size),
        cmocka_unit_test(a_connection_that_is_cut_at_any_byte_is_made_up_for),
        cmocka_unit_test(when_every_connection_is_cut_there_that_is_said),
        cmocka_unit_test(a_server_that_falls_silent_after_any_answer_is_left),
        cmocka_unit_test(the_version_is_found_downwards),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
