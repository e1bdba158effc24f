/* A conversation in which the client's Nth allocation fails, alone or with all after it, in every
 * dialect: it ends with all rows and the write, or with a fault; nothing is left allocated.
 *
 * This program is linked with --wrap=malloc,calloc,realloc,strdup,free. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "conversation.h"

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void __real_free(void *p);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
char *__wrap_strdup(const char *text);
void __wrap_free(void *p);

/* Volatile: the compiler knows that malloc changes nothing of ours. */
static volatile struct {
    long count;    /* of the client's allocations so far */
    long fails_at; /* 0: none */
    bool fails_on;
    long live;   /* blocks, of both sides */
    bool server; /* the server's side is at work: its memory is endless */
} memory;

static bool may_have(void)
{
    if (memory.server || net.allocates)
        return true;
    memory.count++;
    return !memory.fails_at ||
           (memory.fails_on ? memory.count < memory.fails_at : memory.count != memory.fails_at);
}

static void *counted(void *p)
{
    memory.live += p != NULL;
    return p;
}

void *__wrap_malloc(size_t n)
{
    return may_have() ? counted(__real_malloc(n)) : NULL;
}

void *__wrap_calloc(size_t n, size_t size)
{
    return may_have() ? counted(__real_calloc(n, size)) : NULL;
}

void *__wrap_realloc(void *p, size_t n)
{
    if (!may_have())
        return NULL;
    return p ? __real_realloc(p, n) : counted(__real_realloc(p, n));
}

char *__wrap_strdup(const char *text)
{
    return may_have() ? counted(__real_strdup(text)) : NULL;
}

void __wrap_free(void *p)
{
    memory.live -= p != NULL;
    __real_free(p);
}

/* The server's own functions, with memory for them. */
static bool connected(struct tcp *t)
{
    memory.server = true;
    bool is = server_connected(t);
    memory.server = false;
    return is;
}

static void received(struct tcp *t, const uint8_t *p, size_t n)
{
    memory.server = true;
    server_received(t, p, n);
    memory.server = false;
}

static const struct {
    int version;
    bool lz4, login;
} dialects[] = {{3, false, true}, {4, true, false}, {5, false, false}, {5, true, true}};

enum { DIALECTS = sizeof dialects / sizeof dialects[0] };

static void converse_with(int i, long fails_at, bool fails_on)
{
    server_start(dialects[i].version, dialects[i].lz4, dialects[i].login);
    net.connected = connected;
    net.received = received;
    memory.count = memory.live = 0;
    memory.fails_at = fails_at;
    memory.fails_on = fails_on;
    converse(dialects[i].version);
}

static void assert_all_is_well(void)
{
    assert_true(talk.opened && talk.read && talk.wrote);
    assert_int_equal(talk.rows, SERVER_ROWS);
}

static int failures;

static void try(int i, long fails_at, bool fails_on)
{
    converse_with(i, fails_at, fails_on);
    bool well = talk.wrote && talk.read && talk.rows == SERVER_ROWS;
    bool said = !talk.wrote && talk.fault.code != FAULT_NONE && talk.fault.text[0];
    bool honest = !talk.read || talk.rows == SERVER_ROWS;
    bool memory_is_named = talk.wrote || strstr(talk.fault.text, "memory");
    if ((well || said) && honest && memory_is_named && memory.live == 0 && net.live == 0)
        return;
    print_error("version %d, allocation %ld%s: rows %d, wrote %d, %ld blocks and %d connections "
                "left; %s (%s)\n",
                dialects[i].version, fails_at, fails_on ? " and all after it" : "", talk.rows,
                talk.wrote, memory.live, net.live, talk.fault.text, talk.fault.subject);
    failures++;
}

static void every_allocation(bool fails_on)
{
    failures = 0;
    for (int i = 0; i < DIALECTS; i++) {
        converse_with(i, 0, false);
        assert_all_is_well();
        assert_int_equal(memory.live, 0);
        long all = memory.count;
        assert_true(all > 20);
        for (long n = 1; n <= all; n++)
            try(i, n, fails_on);
    }
    assert_int_equal(failures, 0);
}

static void any_allocation_may_fail(void **state)
{
    (void)state;
    every_allocation(false);
}

static void any_allocation_may_be_the_last(void **state)
{
    (void)state;
    every_allocation(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_allocation_may_fail),
        cmocka_unit_test(any_allocation_may_be_the_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
