/*
 * What the runtime's paths cost, in instructions of the whole machine: user, servers and kernel. Needs one hart under
 * `-icount shift=0`. Prints lines `# figure NAME VALUE` for tools/bench.
 *
 *   figures             files, pipes, processes
 *   figures since-boot  instructions from the kernel's entry until now: started at the first prompt
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/posix/file.h"
#include "proto/file.h"

#define MEBIBYTE     (1u << 20)
#define PIECE        4096u
#define PIPE_BYTES   65536u
#define PIPE_REPEATS 16
#define ROUNDS       5
#define WRITTEN_BACK 7 /* seconds after which the file server has nothing left to write */

extern char **environ;
static char buffer[MEBIBYTE] __attribute__((aligned(64)));
static const char *self;

static uint64_t instructions(void)
{
    uint64_t count;
    __asm__ volatile("csrr %0, instret" : "=r"(count)::"memory");
    return count;
}

static uint64_t ticks(void)
{
    uint64_t now;
    __asm__ volatile("rdtime %0" : "=r"(now));
    return now;
}

static void report(const char *name, uint64_t value)
{
    printf("# figure %s %llu\n", name, (unsigned long long)value);
}

static void check(int good, const char *what)
{
    if (good)
        return;
    perror(what);
    exit(1);
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* --- a service --- */

#define LIVE(x) __asm__ volatile("" : "+r"(x))

/* Generated stub, serve loop, generated dispatcher and handler: asks the file server for a file's position. */
static void call_service(void)
{
    int fd = open(self, O_RDONLY);
    check(fd >= 0, self);
    sleep(WRITTEN_BACK); /* until then the server waits with a time limit */
    cap_t gate = descriptor_get(fd)->gate;
    uint64_t best = UINT64_MAX, a = 1, b = 2, c = 3, d = 4, position;
    for (int i = 0; i < 32; i++) {
        LIVE(a);
        LIVE(b);
        LIVE(c);
        LIVE(d);
        uint64_t start = instructions();
        err_t error = file_seek(gate, 0, FILE_SEEK_CUR, &position);
        uint64_t spent = instructions() - start;
        LIVE(a);
        LIVE(b);
        LIVE(c);
        LIVE(d);
        check(!error && a + b + c + d == 10, "file_seek");
        best = least(best, spent);
    }
    report("ipc.call.service", best - 1); /* the second reading */
    close(fd);
}

/* --- files --- */

static int make_file(void)
{
    memset(buffer, 'x', sizeof buffer);
    int fd = open("/tmp/figures.data", O_RDWR | O_CREAT | O_TRUNC, 0644);
    check(fd >= 0, "/tmp/figures.data");
    check(write(fd, buffer, sizeof buffer) == sizeof buffer, "write");
    return fd;
}

static void read_files(void)
{
    int fd = make_file();
    uint64_t whole = UINT64_MAX, pieces = UINT64_MAX;
    for (int i = 0; i < ROUNDS; i++) {
        lseek(fd, 0, SEEK_SET);
        uint64_t start = instructions();
        check(read(fd, buffer, MEBIBYTE) == MEBIBYTE, "read");
        whole = least(whole, instructions() - start);
    }
    for (int i = 0; i < ROUNDS; i++) {
        lseek(fd, 0, SEEK_SET);
        uint64_t start = instructions();
        for (unsigned at = 0; at < MEBIBYTE; at += PIECE)
            check(read(fd, buffer, PIECE) == PIECE, "read");
        pieces = least(pieces, instructions() - start);
    }
    report("fs.read.1m", whole);
    report("fs.read.4k", pieces / (MEBIBYTE / PIECE));
    close(fd);
    unlink("/tmp/figures.data");
}

static void write_files(void)
{
    int fd = make_file();
    uint64_t overwrite = UINT64_MAX;
    for (int i = 0; i < ROUNDS; i++) {
        lseek(fd, 0, SEEK_SET);
        uint64_t start = instructions();
        check(write(fd, buffer, MEBIBYTE) == MEBIBYTE, "write");
        overwrite = least(overwrite, instructions() - start);
    }
    report("fs.write.1m", overwrite);
    close(fd);
    unlink("/tmp/figures.data");
}

static void name_files(void)
{
    uint64_t opens = UINT64_MAX, stats = UINT64_MAX, creates = UINT64_MAX;
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t start = instructions();
        close(open("/bin/true", O_RDONLY));
        opens = least(opens, instructions() - start);
        start = instructions();
        check(access("/bin/true", R_OK) == 0, "/bin/true");
        stats = least(stats, instructions() - start);
        start = instructions();
        close(open("/tmp/figures.new", O_WRONLY | O_CREAT, 0644));
        check(unlink("/tmp/figures.new") == 0, "unlink");
        creates = least(creates, instructions() - start);
    }
    report("fs.open", opens);
    report("fs.access", stats);
    report("fs.create", creates);
}

/* --- processes --- */

static pid_t spawn(const char *path, char *argument, int in, int out)
{
    posix_spawn_file_actions_t actions;
    char *argv[] = {(char *)path, argument, NULL};
    pid_t pid;
    posix_spawn_file_actions_init(&actions);
    if (in >= 0)
        posix_spawn_file_actions_adddup2(&actions, in, 0);
    if (out >= 0)
        posix_spawn_file_actions_adddup2(&actions, out, 1);
    check(posix_spawn(&pid, path, &actions, NULL, argv, environ) == 0, path);
    posix_spawn_file_actions_destroy(&actions);
    return pid;
}

static void spawns(void)
{
    uint64_t cost = UINT64_MAX;
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t start = instructions();
        pid_t pid = spawn("/bin/true", NULL, -1, -1);
        check(waitpid(pid, NULL, 0) == pid, "waitpid");
        cost = least(cost, instructions() - start);
    }
    report("spawn", cost);
}

/* --- pipes --- */

/* The other end: takes all that comes, and says so at the end of each round. */
static void drain(void)
{
    for (;;) {
        for (size_t left = PIPE_BYTES * PIPE_REPEATS; left;) {
            ssize_t n = read(0, buffer, PIPE_BYTES);
            if (n <= 0)
                exit(0);
            left -= (size_t)n;
        }
        check(write(1, "", 1) == 1, "write");
    }
}

static void pipes(void)
{
    int data[2], back[2];
    char byte;
    uint64_t cost = UINT64_MAX;
    check(pipe2(data, O_CLOEXEC) == 0 && pipe2(back, O_CLOEXEC) == 0, "pipe");
    pid_t pid = spawn(self, "drain", data[0], back[1]);
    close(data[0]);
    close(back[1]);
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t start = instructions();
        for (int k = 0; k < PIPE_REPEATS; k++)
            check(write(data[1], buffer, PIPE_BYTES) == PIPE_BYTES, "write");
        check(read(back[0], &byte, 1) == 1, "read");
        cost = least(cost, instructions() - start);
    }
    report("pipe.64k", cost / PIPE_REPEATS);
    close(data[1]);
    waitpid(pid, NULL, 0);
}

/* The clock started with the kernel; under -icount a tick is 100 instructions as long as nobody has waited. */
static void since_boot(void)
{
    struct timespec now;
    uint64_t count = instructions(), at = ticks();
    clock_gettime(CLOCK_MONOTONIC, &now);
    uint64_t uptime = (uint64_t)now.tv_sec * 10000000 + (uint64_t)now.tv_nsec / 100;
    report("boot.prompt", count - (at - uptime) * 100);
}

int main(int argc, char **argv)
{
    self = argv[0];
    if (argc > 1 && !strcmp(argv[1], "drain")) {
        drain();
    } else if (argc > 1 && !strcmp(argv[1], "since-boot")) {
        since_boot();
    } else {
        call_service();
        read_files();
        write_files();
        name_files();
        pipes();
        spawns();
    }
    return 0;
}
