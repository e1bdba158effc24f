/* The server on a loop in this thread; those who ask are other threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/line_server.h"

static char dir[4096];
static struct loop *loop;
static struct line_server *server;
static struct fault fault;
static int lines;
static size_t answer_bytes;

static void on_line(void *context, struct bytes line, uid_t uid, struct buf *answer)
{
    assert_ptr_equal(context, &lines);
    assert_int_equal(uid, geteuid());
    lines++;
    buf_append_text(answer, "you said ");
    buf_append_bytes(answer, line);
    for (size_t i = 0; i < answer_bytes; i++)
        buf_append_char(answer, '.');
}

static void open_server(void)
{
    server = line_server_open(loop, dir, "control.sock", on_line, &lines, &fault);
    if (!server)
        fail_msg("%s (%s)", fault.text, fault.subject);
}

static int begin(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/line-server.XXXXXX");
    assert_non_null(mkdtemp(dir));
    assert_non_null((loop = loop_new(&fault)));
    lines = 0;
    answer_bytes = 0;
    open_server();
    return 0;
}

static int end(void **state)
{
    (void)state;
    line_server_close(server);
    loop_free(loop);
    assert_int_equal(rmdir(dir), 0); /* the socket is gone */
    return 0;
}

struct question {
    const char *line;
    pthread_t thread;
    bool answered;
    struct buf answer;
    struct fault fault;
    atomic_bool finished;
};

static void *ask(void *context)
{
    struct question *q = context;
    q->answered = line_ask(dir, "control.sock", q->line, 3000, &q->answer, &q->fault);
    q->finished = true;
    return NULL;
}

static void start(struct question *q, const char *line)
{
    *q = (struct question){.line = line};
    buf_init(&q->answer, 64 * 1024);
    assert_int_equal(pthread_create(&q->thread, NULL, ask, q), 0);
}

static void wait_for(struct question *q)
{
    while (!q->finished)
        loop_sleep(loop, 2);
    pthread_join(q->thread, NULL);
}

static void a_line_is_answered(void **state)
{
    (void)state;
    struct question q;
    start(&q, "status");
    wait_for(&q);
    assert_true(q.answered);
    assert_string_equal(buf_text(&q.answer), "you said status");
    buf_fini(&q.answer);
}

static void many_ask_one_after_the_other_and_at_once(void **state)
{
    (void)state;
    struct question q[6];
    answer_bytes = 8000;
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 6; i++)
            start(&q[i], "hello");
        for (int i = 0; i < 6; i++) {
            wait_for(&q[i]);
            assert_true(q[i].answered);
            assert_int_equal(q[i].answer.n, 8014);
            buf_fini(&q[i].answer);
        }
    }
    assert_int_equal(lines, 18);
}

static void half_an_answer_is_none(void **state)
{
    (void)state;
    struct question q;
    answer_bytes = LINE_ANSWER_MAX;
    start(&q, "status");
    wait_for(&q);
    assert_false(q.answered);
    assert_int_equal(q.answer.n, 0);
    buf_fini(&q.answer);
}

static int connect_here(void)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    snprintf(a.sun_path, sizeof a.sun_path, "%.80s/control.sock", dir);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&a, sizeof a), 0);
    return fd;
}

static void a_line_in_pieces_is_one_line(void **state)
{
    (void)state;
    char answer[64] = "";
    int fd = connect_here();
    static const char text[] = "pause\n";
    for (int i = 0; i < 6; i++) {
        assert_int_equal(write(fd, text + i, 1), 1);
        loop_sleep(loop, 2);
    }
    assert_int_equal(read(fd, answer, sizeof answer), 14);
    assert_string_equal(answer, "you said pause");
    assert_int_equal(read(fd, answer, sizeof answer), 0);
    close(fd);
}

static void a_line_that_is_too_long_is_not_taken(void **state)
{
    (void)state;
    char text[LINE_MAX_BYTES + 1];
    memset(text, 'x', sizeof text);
    int fd = connect_here();
    assert_int_equal(write(fd, text, sizeof text), sizeof text);
    loop_sleep(loop, 10);
    assert_int_equal(lines, 0);
    assert_true(read(fd, text, sizeof text) <= 0);
    close(fd);
}

static void one_who_leaves_in_the_middle_does_no_harm(void **state)
{
    (void)state;
    int fd = connect_here();
    assert_int_equal(write(fd, "pau", 3), 3);
    loop_sleep(loop, 5);
    close(fd);
    fd = connect_here();
    assert_int_equal(write(fd, "pause\n", 6), 6);
    close(fd);
    loop_sleep(loop, 5);
    assert_int_equal(lines, 1);
}

static void more_than_a_few_at_once_are_sent_away(void **state)
{
    (void)state;
    int fds[LINE_CLIENTS_MAX + 1];
    char byte;
    for (int i = 0; i <= LINE_CLIENTS_MAX; i++) {
        fds[i] = connect_here();
        loop_sleep(loop, 2);
    }
    assert_true(read(fds[LINE_CLIENTS_MAX], &byte, 1) <= 0);
    assert_int_equal(write(fds[0], "a\n", 2), 2);
    loop_sleep(loop, 5);
    assert_int_equal(lines, 1);
    for (int i = 0; i <= LINE_CLIENTS_MAX; i++)
        close(fds[i]);
    loop_sleep(loop, 5);
}

static void the_file_is_for_this_user_alone(void **state)
{
    (void)state;
    struct stat st;
    char path[8192];
    snprintf(path, sizeof path, "%s/control.sock", dir);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
}

static void a_socket_that_a_killed_run_left_is_replaced(void **state)
{
    (void)state;
    char path[8192], kept[8200];
    struct question q;
    line_server_close(server);
    open_server();
    snprintf(path, sizeof path, "%s/control.sock", dir);
    snprintf(kept, sizeof kept, "%s.kept", path);
    assert_int_equal(rename(path, kept), 0);
    line_server_close(server);
    assert_int_equal(rename(kept, path), 0); /* nobody listens there any more */
    buf_init(&q.answer, 100);
    assert_false(line_ask(dir, "control.sock", "x", 100, &q.answer, &fault));
    assert_int_equal(fault.code, FAULT_REFUSED);
    buf_fini(&q.answer);
    open_server();
    start(&q, "status");
    wait_for(&q);
    assert_true(q.answered);
    buf_fini(&q.answer);
}

static void a_socket_that_another_run_made_meanwhile_stays(void **state)
{
    (void)state;
    struct question q;
    struct line_server *before = server;
    open_server();
    line_server_close(before);
    start(&q, "status");
    wait_for(&q);
    assert_true(q.answered);
    buf_fini(&q.answer);
}

static void a_file_that_is_no_socket_is_left_alone(void **state)
{
    (void)state;
    char path[8192];
    line_server_close(server);
    server = NULL;
    snprintf(path, sizeof path, "%s/control.sock", dir);
    close(open(path, O_CREAT | O_WRONLY, 0600));
    assert_null(line_server_open(loop, dir, "control.sock", on_line, &lines, &fault));
    assert_int_equal(fault.code, FAULT_REFUSED);
    assert_int_equal(unlink(path), 0);
}

static void nobody_there_and_a_silent_one_are_told_apart(void **state)
{
    (void)state;
    struct buf answer;
    buf_init(&answer, 100);
    assert_false(line_ask(dir, "other.sock", "x", 100, &answer, &fault));
    assert_int_equal(fault.code, FAULT_REFUSED);
    assert_false(line_ask(dir, "control.sock", "x", 100, &answer, &fault)); /* the loop stands */
    assert_int_equal(fault.code, FAULT_TIMEOUT);
    buf_fini(&answer);
}

static void a_path_may_be_longer_than_an_address(void **state)
{
    (void)state;
    char top[64];
    struct question q;
    line_server_close(server);
    snprintf(top, sizeof top, "%.63s", dir);
    for (int i = 0; i < 4; i++) {
        size_t n = strlen(dir);
        snprintf(dir + n, sizeof dir - n, "/%0100d", i);
        assert_int_equal(mkdir(dir, 0700), 0);
    }
    open_server();
    start(&q, "status");
    wait_for(&q);
    assert_true(q.answered);
    buf_fini(&q.answer);
    line_server_close(server);
    server = NULL;
    while (strlen(dir) > strlen(top)) {
        assert_int_equal(rmdir(dir), 0);
        *strrchr(dir, '/') = '\0';
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_line_is_answered, begin, end),
        cmocka_unit_test_setup_teardown(many_ask_one_after_the_other_and_at_once, begin, end),
        cmocka_unit_test_setup_teardown(half_an_answer_is_none, begin, end),
        cmocka_unit_test_setup_teardown(a_line_in_pieces_is_one_line, begin, end),
        cmocka_unit_test_setup_teardown(a_line_that_is_too_long_is_not_taken, begin, end),
        cmocka_unit_test_setup_teardown(one_who_leaves_in_the_middle_does_no_harm, begin, end),
        cmocka_unit_test_setup_teardown(more_than_a_few_at_once_are_sent_away, begin, end),
        cmocka_unit_test_setup_teardown(the_file_is_for_this_user_alone, begin, end),
        cmocka_unit_test_setup_teardown(a_socket_that_a_killed_run_left_is_replaced, begin, end),
        cmocka_unit_test_setup_teardown(a_socket_that_another_run_made_meanwhile_stays, begin, end),
        cmocka_unit_test_setup_teardown(a_file_that_is_no_socket_is_left_alone, begin, end),
        cmocka_unit_test_setup_teardown(nobody_there_and_a_silent_one_are_told_apart, begin, end),
        cmocka_unit_test_setup_teardown(a_path_may_be_longer_than_an_address, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
