/*
 * Running command lines. stdout and stderr come by a pipe each, and a thread each carries them to the channel, so
 * neither can block the other. The status is sent when both pipes are at their end, that is, when the last process
 * that could write has gone.
 */
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "apps/lib/app.h"

#define SHELL "/bin/sh"

extern char **environ;

/* The pipes of a command; [0] is the end to read from, [1] the one to write to. */
struct pipes {
    int in[2], out[2], err[2];
};

struct forwarder {
    pthread_t thread;
    int fd;
    enum frame_type type;
};

static void *forward(void *argument)
{
    struct forwarder *self = argument;
    uint8_t piece[16384];
    ssize_t got;
    while ((got = io_read(self->fd, piece, sizeof piece)) > 0)
        channel_send(self->type, piece, (size_t)got);
    return NULL;
}

static void close_pipe(int fd[2])
{
    close(fd[0]);
    close(fd[1]);
}

/* No child must keep an end that it does not use, or nobody would see the end of the pipe. */
static bool open_pipe(int fd[2])
{
    if (pipe(fd))
        return false;
    fcntl(fd[0], F_SETFD, FD_CLOEXEC);
    fcntl(fd[1], F_SETFD, FD_CLOEXEC);
    return true;
}

static bool open_pipes(struct pipes *pipes)
{
    if (!open_pipe(pipes->in))
        return false;
    if (open_pipe(pipes->out)) {
        if (open_pipe(pipes->err))
            return true;
        close_pipe(pipes->out);
    }
    close_pipe(pipes->in);
    return false;
}

static int spawn_shell(pid_t *child, const char *line, const struct pipes *pipes)
{
    char *arguments[] = {SHELL, "-c", (char *)line, NULL};
    posix_spawn_file_actions_t actions;
    int error = posix_spawn_file_actions_init(&actions);
    if (error)
        return error;
    posix_spawn_file_actions_adddup2(&actions, pipes->in[0], 0);
    posix_spawn_file_actions_adddup2(&actions, pipes->out[1], 1);
    posix_spawn_file_actions_adddup2(&actions, pipes->err[1], 2);
    error = posix_spawn(child, SHELL, &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

/* Carries both streams to the channel until both are at their end. */
static void forward_both(int out, int err)
{
    struct forwarder forwarders[] = {{.fd = out, .type = FRAME_OUT}, {.fd = err, .type = FRAME_ERR}};
    int error = pthread_create(&forwarders[1].thread, NULL, forward, &forwarders[1]);
    if (error) {
        errno = error;
        app_die_errno("thread");
    }
    forward(&forwarders[0]);
    pthread_join(forwarders[1].thread, NULL);
}

/* Exit status as a shell tells it: 128 + signal for a child that was killed. */
static int wait_for(pid_t child)
{
    int status;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return 126;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

void command_run(const struct frame *frame)
{
    struct pipes pipes;
    uint8_t payload[4];
    pid_t child;
    if (!open_pipes(&pipes)) {
        channel_fail(errno, "pipe");
        return;
    }
    int error = spawn_shell(&child, (const char *)frame->payload, &pipes);
    close_pipe(pipes.in);
    close(pipes.out[1]);
    close(pipes.err[1]);
    if (!error)
        forward_both(pipes.out[0], pipes.err[0]);
    close(pipes.out[0]);
    close(pipes.err[0]);
    if (error) {
        channel_fail(error, SHELL);
        return;
    }
    channel_put_number(payload, (uint64_t)wait_for(child), 4);
    channel_send(FRAME_STATUS, payload, sizeof payload);
}

void command_power_off(void)
{
    char *arguments[] = {"poweroff", NULL};
    pid_t child;
    channel_send(FRAME_DONE, NULL, 0);
    int error = posix_spawnp(&child, "poweroff", NULL, NULL, arguments, environ);
    if (error)
        channel_fail(error, "poweroff");
    else
        wait_for(child);
}
