/* time: runs a program and says on stderr how long it took. */
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "apps/lib/app.h"

extern char **environ;

static double seconds_now(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_MONOTONIC, &now) < 0)
        app_die_errno("cannot tell the time");
    return now.tv_sec + now.tv_nsec * 1e-9;
}

static double seconds_of(const struct timeval *time)
{
    return time->tv_sec + time->tv_usec * 1e-6;
}

int main(int argc, char **argv)
{
    app_start(argv[0]);
    if (getopt(argc, argv, "+p") == '?' || optind == argc)
        app_usage("time [-p] PROGRAM [ARGUMENT]...");
    double start = seconds_now();
    pid_t child;
    int error = posix_spawnp(&child, argv[optind], NULL, NULL, argv + optind, environ);
    if (error) {
        errno = error;
        app_warn_errno("%s", argv[optind]);
        return error == ENOENT ? 127 : 126;
    }
    int status;
    struct rusage usage;
    while (wait4(child, &status, 0, &usage) < 0) {
        if (errno != EINTR)
            app_die_errno("cannot wait for %s", argv[optind]);
    }
    fprintf(stderr, "real %.3f\nuser %.3f\nsys %.3f\n", seconds_now() - start, seconds_of(&usage.ru_utime),
            seconds_of(&usage.ru_stime));
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
