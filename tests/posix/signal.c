/* Signal handlers: called wherever the first thread is, and nothing that it does is lost by it. */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/posix/check.h"

extern char **environ;

static volatile sig_atomic_t calls, last, drained;
static sigjmp_buf place;

static void note(int signal)
{
    calls++;
    last = signal;
}

static void jump(int signal)
{
    siglongjmp(place, signal);
}

static void note_details(int signal, siginfo_t *info, void *context)
{
    calls += info->si_signo == signal && context;
}

static void note_end(int signal)
{
    drained = 1;
}

static void *raise_end(void *unused)
{
    kill(getpid(), SIGHUP);
    return NULL;
}

/* Waits until all signals that were sent before have been delivered: they come one after the other. */
static void drain(void)
{
    pthread_t thread;
    drained = 0;
    signal(SIGHUP, note_end);
    CHECK(pthread_create(&thread, NULL, raise_end, NULL) == 0);
    while (!drained)
        usleep(1000);
    pthread_join(thread, NULL);
}

/* Signals that are still under way go to nobody. */
static void handle(int number, void (*handler)(int), int flags)
{
    signal(number, SIG_IGN);
    drain();
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
    sigemptyset(&action.sa_mask);
    CHECK(sigaction(number, &action, NULL) == 0);
    calls = last = 0;
}

/* Starts a shell that runs the line with our process id as $1. */
static pid_t start(const char *line)
{
    char id[16];
    pid_t child = 0;
    snprintf(id, sizeof id, "%d", (int)getpid());
    char *arguments[] = {"sh", "-c", (char *)line, "sh", id, NULL};
    CHECK(posix_spawn(&child, "/bin/sh", NULL, NULL, arguments, environ) == 0);
    return child;
}

static void finish(pid_t child)
{
    pid_t got;
    while ((got = waitpid(child, NULL, 0)) < 0 && errno == EINTR)
        ;
    CHECK(got == child);
}

/* A signal that was sent comes, but nobody says when. */
static void wait_for_call(void)
{
    while (!calls)
        usleep(1000);
}

static void test_own_signals(void)
{
    struct sigaction old;
    handle(SIGUSR1, note, 0);
    CHECK(raise(SIGUSR1) == 0 && calls == 1 && last == SIGUSR1);
    CHECK(kill(getpid(), SIGUSR1) == 0 && calls == 2);
    CHECK(sigaction(SIGUSR1, NULL, &old) == 0 && old.sa_handler == note);
    handle(SIGUSR1, note, SA_RESETHAND);
    CHECK(raise(SIGUSR1) == 0 && calls == 1);
    CHECK(sigaction(SIGUSR1, NULL, &old) == 0 && old.sa_handler == SIG_DFL);
    struct sigaction detailed = {.sa_sigaction = note_details, .sa_flags = SA_SIGINFO};
    CHECK(sigaction(SIGUSR2, &detailed, NULL) == 0 && raise(SIGUSR2) == 0 && calls == 2);
    CHECK(signal(SIGUSR2, SIG_IGN) != SIG_ERR && raise(SIGUSR2) == 0 && calls == 2);
    CHECK_ERROR(sigaction(SIGKILL, &detailed, NULL), EINVAL);
}

static bool pending(int number)
{
    sigset_t set;
    CHECK(sigpending(&set) == 0);
    return sigismember(&set, number);
}

static void test_masks(void)
{
    sigset_t set, old;
    handle(SIGUSR1, note, 0);
    handle(SIGUSR2, note, 0);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGUSR2);
    CHECK(sigprocmask(SIG_BLOCK, &set, &old) == 0 && raise(SIGUSR1) == 0 && calls == 0);
    CHECK(pending(SIGUSR1) && !pending(SIGUSR2));
    pid_t child = start("kill -USR2 $1");
    finish(child);
    while (!pending(SIGUSR2))
        usleep(1000);
    CHECK(calls == 0);
    CHECK(sigprocmask(SIG_SETMASK, &old, NULL) == 0 && calls == 2);
    sigprocmask(SIG_BLOCK, &set, &old);
    child = start("sleep 0.1; kill -USR1 $1");
    CHECK_ERROR(sigsuspend(&old), EINTR);
    CHECK(calls == 3);
    sigprocmask(SIG_SETMASK, &old, NULL);
    finish(child);
}

/* Interrupted between any two instructions, a computation comes out as without. */
static void test_busy(void)
{
    handle(SIGUSR1, note, 0);
    pid_t child = start("while kill -USR1 $1; do sleep 0.001; done");
    unsigned long whole = 1, expected_whole = 1;
    double real = 1, expected_real = 1;
    long rounds = 0;
    for (; calls < 50; rounds++) {
        whole = whole * 6364136223846793005ul + 1;
        real = real * 1.0000001 + 1e-9;
    }
    for (long i = 0; i < rounds; i++) {
        expected_whole = expected_whole * 6364136223846793005ul + 1;
        expected_real = expected_real * 1.0000001 + 1e-9;
    }
    CHECK(whole == expected_whole && real == expected_real);
    kill(child, SIGKILL);
    finish(child);
}

/*
 * A handler that does not come back, each twice, so that the first has left nothing behind. The signal is blocked until
 * there is a place to jump to, and again from the jump on.
 */
static void test_jump(void)
{
    sigset_t blocked, old;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    handle(SIGUSR1, jump, 0);
    CHECK(sigprocmask(SIG_BLOCK, &blocked, &old) == 0);
    for (volatile int round = 0; round < 4; round++) {
        volatile pid_t child = start("sleep 0.05; kill -USR1 $1");
        if (!sigsetjmp(place, 1)) {
            sigprocmask(SIG_SETMASK, &old, NULL);
            for (;;)
                if (round % 2)
                    pause();
        }
        finish(child);
    }
    CHECK(sigprocmask(SIG_SETMASK, &old, NULL) == 0 && calls == 0);
}

/* Signals come again and again: one of them finds each call waiting. */
static void test_interrupted_calls(void)
{
    int end[2];
    char byte = 0;
    struct timespec minutes = {300, 0}, left = {0, 0};
    handle(SIGUSR1, note, 0);
    CHECK(pipe(end) == 0);
    struct pollfd poll_in = {.fd = end[0], .events = POLLIN};
    pid_t child = start("while kill -USR1 $1; do sleep 0.1; done");
    CHECK_ERROR(read(end[0], &byte, 1), EINTR);
    CHECK_ERROR(nanosleep(&minutes, &left), EINTR);
    CHECK(left.tv_sec > 0 && left.tv_sec < 300 && left.tv_nsec < 1000000000);
    CHECK_ERROR(poll(&poll_in, 1, 300000), EINTR);
    CHECK_ERROR(waitpid(child, NULL, 0), EINTR);
    CHECK(calls >= 4);
    kill(child, SIGKILL);
    finish(child);
    CHECK(write(end[1], "x", 1) == 1 && read(end[0], &byte, 1) == 1 && byte == 'x');
    handle(SIGUSR1, note, SA_RESTART);
    fcntl(end[1], F_SETFD, FD_CLOEXEC);
    child = start("sleep 0.1; kill -USR1 $1; kill -USR1 $1; sleep 0.1");
    CHECK(waitpid(child, NULL, 0) == child);
    wait_for_call();
    close(end[0]);
    close(end[1]);
}

/* Much data through a pipe while signals rain on the reader, or on the writer: no byte is lost or doubled. */
static void test_transfers(void)
{
    static unsigned char buffer[5000];
    static const char *const lines[] = {
        "(i=0; while [ $i -lt 60 ]; do kill -USR1 $1; i=$((i + 1)); done) & "
        "i=0; while [ $i -lt 300 ]; do echo $i; i=$((i + 1)); done; wait",
        "(i=0; while [ $i -lt 60 ]; do kill -USR1 $1; i=$((i + 1)); done) & "
        "x=0; while read line; do x=$((x + line)); done; echo $x > /tmp/signal-sum; wait",
    };
    for (int writer = 0; writer < 2; writer++) {
        int end[2], saved;
        long long sum = 0, number = 0;
        handle(SIGUSR1, note, SA_RESTART);
        CHECK(pipe(end) == 0);
        fcntl(end[0], F_SETFD, FD_CLOEXEC);
        fcntl(end[1], F_SETFD, FD_CLOEXEC);
        saved = fcntl(!writer, F_DUPFD_CLOEXEC, 10);
        dup2(end[!writer], !writer);
        pid_t child = start(lines[writer]);
        dup2(saved, !writer);
        close(saved);
        close(end[!writer]);
        if (writer) {
            for (int i = 0; i < 300; i++) {
                int n = sprintf((char *)buffer, "%d\n", i);
                CHECK(write(end[1], buffer, (size_t)n) == n);
                sum += i;
            }
            close(end[1]);
        } else {
            ssize_t n;
            while ((n = read(end[0], buffer, 7)) > 0)
                for (ssize_t k = 0; k < n; k++)
                    if (buffer[k] == '\n')
                        sum += number, number = 0;
                    else
                        number = number * 10 + buffer[k] - '0';
            CHECK(n == 0);
            close(end[0]);
        }
        finish(child);
        CHECK(sum == 300 * 299 / 2);
        wait_for_call();
        if (writer) {
            FILE *file = fopen("/tmp/signal-sum", "r");
            long long told = 0;
            CHECK(file && fscanf(file, "%lld", &told) == 1 && told == sum);
            fclose(file);
        }
    }
}

static void test_children(void)
{
    signal(SIGUSR1, SIG_IGN);
    handle(SIGCHLD, note, SA_RESTART);
    pid_t child = start("exit 3");
    finish(child);
    wait_for_call();
    CHECK(calls == 1 && last == SIGCHLD);
    signal(SIGCHLD, SIG_DFL);
    handle(SIGTERM, note, 0);
    int status = 0;
    child = start("kill -TERM $$"); /* what has a handler here is default there */
    CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM && calls == 0);
}

static void *signal_often(void *done)
{
    while (!*(volatile bool *)done) {
        kill(getpid(), SIGUSR1);
        usleep(10000);
    }
    return NULL;
}

/* The first thread waits in a call while another one sends the program a signal. */
static void test_signals_of_another_thread(void)
{
    int end[2];
    volatile bool done = false;
    pthread_t thread;
    char byte;
    handle(SIGUSR1, note, 0);
    CHECK(pipe(end) == 0 && pthread_create(&thread, NULL, signal_often, (void *)&done) == 0);
    CHECK_ERROR(read(end[0], &byte, 1), EINTR);
    CHECK(calls >= 1);
    done = true;
    CHECK(pthread_join(thread, NULL) == 0);
    signal(SIGUSR1, SIG_IGN);
    close(end[0]);
    close(end[1]);
}

static void *wait_for_ever(void *end)
{
    char byte;
    read(*(int *)end, &byte, 1);
    return NULL;
}

static void test_cancelled_thread(void)
{
    int end[2];
    pthread_t thread;
    void *result;
    CHECK(pipe(end) == 0 && pthread_create(&thread, NULL, wait_for_ever, end) == 0);
    usleep(50000);
    CHECK(pthread_cancel(thread) == 0 && pthread_join(thread, &result) == 0 && result == PTHREAD_CANCELED);
    close(end[0]);
    close(end[1]);
}

int main(void)
{
    test_own_signals();
    test_masks();
    test_busy();
    test_jump();
    test_interrupted_calls();
    test_transfers();
    test_children();
    test_signals_of_another_thread();
    test_cancelled_thread();
    return check_finish();
}
