/* Pipes: end of file, broken pipes, capacity, atomic writes, waiting in poll and select, ends held by several. */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/posix/check.h"

extern char **environ;
static char buffer[1 << 20];

static void test_basic(void)
{
    int end[2];
    struct stat status;
    CHECK(pipe(end) == 0);
    CHECK(fstat(end[0], &status) == 0 && S_ISFIFO(status.st_mode));
    CHECK(write(end[1], "hello", 5) == 5);
    CHECK(read(end[0], buffer, 2) == 2 && !memcmp(buffer, "he", 2));
    CHECK(read(end[0], buffer, 100) == 3 && !memcmp(buffer, "llo", 3));
    CHECK_ERROR(lseek(end[0], 0, SEEK_CUR), ESPIPE);
    CHECK_ERROR(read(end[1], buffer, 1), EBADF);
    CHECK_ERROR(write(end[0], buffer, 1), EBADF);
    CHECK(write(end[1], "end", 3) == 3);
    CHECK(close(end[1]) == 0);
    CHECK(read(end[0], buffer, 100) == 3);
    CHECK(read(end[0], buffer, 100) == 0);
    CHECK(close(end[0]) == 0);
    CHECK_ERROR(close(end[0]), EBADF);
}

static void test_broken(void)
{
    int end[2];
    signal(SIGPIPE, SIG_IGN);
    CHECK(pipe(end) == 0);
    CHECK(close(end[0]) == 0);
    CHECK_ERROR(write(end[1], "x", 1), EPIPE);
    CHECK(close(end[1]) == 0);
    signal(SIGPIPE, SIG_DFL);
}

static void test_capacity(void)
{
    int end[2];
    long total = 0, n;
    CHECK(pipe2(end, O_NONBLOCK | O_CLOEXEC) == 0);
    CHECK_ERROR(read(end[0], buffer, 1), EAGAIN);
    while ((n = write(end[1], buffer, 1000)) > 0)
        total += n;
    CHECK(n == -1 && errno == EAGAIN);
    CHECK(total >= 65536);
    CHECK(read(end[0], buffer, 10) == 10);
    CHECK_ERROR(write(end[1], buffer, 4096), EAGAIN); /* all or nothing */
    for (total -= 10; total > 0; total -= n)
        CHECK((n = read(end[0], buffer, sizeof buffer)) > 0);
    CHECK(total == 0);
    CHECK(close(end[0]) == 0 && close(end[1]) == 0);
}

/* ---- large writes against small reads, and pieces of memory ---- */

static void *write_much(void *fd)
{
    unsigned *words = malloc(sizeof buffer);
    for (unsigned i = 0; i < sizeof buffer / 4; i++)
        words[i] = i;
    CHECK(write(*(int *)fd, words, sizeof buffer) == sizeof buffer);
    close(*(int *)fd);
    free(words);
    return NULL;
}

static void test_large(void)
{
    int end[2];
    pthread_t writer;
    size_t total = 0;
    long n;
    CHECK(pipe(end) == 0);
    CHECK(pthread_create(&writer, NULL, write_much, &end[1]) == 0);
    do {
        struct iovec piece[2] = {{buffer + total, 3}, {buffer + total + 3, 7001}};
        n = readv(end[0], piece, total + 7004 <= sizeof buffer ? 2 : 1);
        total += n > 0 ? (size_t)n : 0;
    } while (n > 0);
    CHECK(pthread_join(writer, NULL) == 0);
    CHECK(total == sizeof buffer);
    unsigned bad = 0;
    for (unsigned i = 0; i < sizeof buffer / 4; i++)
        bad += ((unsigned *)buffer)[i] != i;
    CHECK(bad == 0);
    CHECK(close(end[0]) == 0);
}

#define RECORD  3000
#define RECORDS 50

static int shared_end;

static void *write_records(void *letter)
{
    char record[RECORD];
    memset(record, *(char *)letter, RECORD);
    for (int i = 0; i < RECORDS; i++)
        CHECK(write(shared_end, record, RECORD) == RECORD);
    return NULL;
}

/* Each record arrives in one piece. */
static void test_atomic(void)
{
    int end[2], bad = 0;
    pthread_t writer[4];
    CHECK(pipe(end) == 0);
    shared_end = end[1];
    for (int i = 0; i < 4; i++)
        CHECK(pthread_create(&writer[i], NULL, write_records, &"abcd"[i]) == 0);
    for (int i = 0; i < 4 * RECORDS; i++) {
        for (long n = 0, got; n < RECORD; n += got)
            if ((got = read(end[0], buffer + n, (size_t)(RECORD - n))) <= 0)
                break;
        for (int k = 1; k < RECORD; k++)
            bad += buffer[k] != buffer[0];
    }
    CHECK(bad == 0);
    for (int i = 0; i < 4; i++)
        CHECK(pthread_join(writer[i], NULL) == 0);
    close(end[0]), close(end[1]);
}

/* ---- waiting ---- */

static void *write_later(void *fd)
{
    usleep(30000);
    CHECK(write(*(int *)fd, "now", 3) == 3);
    return NULL;
}

static void test_poll(void)
{
    int end[2], other[2];
    pthread_t writer;
    CHECK(pipe(end) == 0 && pipe(other) == 0);
    struct pollfd fds[2] = {{.fd = other[0], .events = POLLIN}, {.fd = end[0], .events = POLLIN}};
    CHECK(poll(fds, 2, 0) == 0);
    CHECK(poll(fds, 2, 20) == 0);
    CHECK(pthread_create(&writer, NULL, write_later, &end[1]) == 0);
    CHECK(poll(fds, 2, 300000) == 1 && fds[0].revents == 0 && fds[1].revents == POLLIN);
    CHECK(pthread_join(writer, NULL) == 0);
    fd_set set;
    FD_ZERO(&set);
    FD_SET(end[0], &set);
    FD_SET(other[0], &set);
    CHECK(select(64, &set, NULL, NULL, NULL) == 1 && FD_ISSET(end[0], &set) && !FD_ISSET(other[0], &set));
    CHECK(read(end[0], buffer, 10) == 3);
    fds[0] = (struct pollfd){.fd = end[1], .events = POLLOUT};
    CHECK(poll(fds, 1, -1) == 1 && fds[0].revents == POLLOUT);
    close(end[1]);
    fds[0] = (struct pollfd){.fd = end[0], .events = POLLIN};
    CHECK(poll(fds, 1, -1) == 1 && (fds[0].revents & POLLHUP));
    fds[0] = (struct pollfd){.fd = 200, .events = POLLIN};
    CHECK(poll(fds, 1, -1) == 1 && fds[0].revents == POLLNVAL);
    close(end[0]), close(other[0]), close(other[1]);
}

/* ---- with another process ---- */

/* A child reads the first line; the rest is still there for us: the position is shared. */
static void test_shared_reader(void)
{
    int end[2], status;
    pid_t child;
    posix_spawn_file_actions_t actions;
    char *const arguments[] = {"head", "-c", "4", NULL};
    CHECK(pipe2(end, O_CLOEXEC) == 0);
    CHECK(write(end[1], "one\ntwo\n", 8) == 8);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, end[0], 0);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    CHECK(posix_spawn(&child, "/bin/head", &actions, NULL, arguments, environ) == 0);
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    close(end[1]);
    long n = read(end[0], buffer, 100);
    CHECK(n == 4 || n == 0); /* head may read ahead; nothing may be lost in between */
    CHECK(n == 0 || !memcmp(buffer, "two\n", 4));
    close(end[0]);
}

/* The writer dies of SIGPIPE when the reader has gone. */
static void test_signal(void)
{
    int end[2], status;
    pid_t child;
    posix_spawn_file_actions_t actions;
    char *const arguments[] = {"yes", NULL};
    CHECK(pipe2(end, O_CLOEXEC) == 0);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, end[1], 1);
    CHECK(posix_spawn(&child, "/bin/yes", &actions, NULL, arguments, environ) == 0);
    close(end[1]);
    CHECK(read(end[0], buffer, 4) > 0);
    close(end[0]);
    CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE);
}

int main(void)
{
    test_basic();
    test_broken();
    test_capacity();
    test_large();
    test_atomic();
    test_poll();
    test_shared_reader();
    test_signal();
    return check_finish();
}
