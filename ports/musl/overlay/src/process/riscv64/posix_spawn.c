/*
 * posix_spawn on Tessera: there is no fork behind it. The child is described to the process server, capability by
 * capability (lib/posix/spawn.c); file actions change a copy of the descriptor table. posix_spawnp sets attr->__fn to
 * __execvpe, which tries execve for each folder of PATH: while a spawn is being prepared, the thread's execve means
 * "start the child from this file" and fails with ECANCELED when that is done.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <spawn.h>
#include <unistd.h>

#include "../fdop.h"
#include "lib/posix/spawn.h"

static int add_actions(struct posix_spawn *child, const posix_spawn_file_actions_t *fa)
{
    struct fdop *op = fa ? fa->__actions : 0;
    while (op && op->next)
        op = op->next;
    int error = 0;
    for (; op && !error; op = op->prev) {
        switch (op->cmd) {
        case FDOP_CLOSE: error = posix_spawn_close(child, op->fd); break;
        case FDOP_DUP2: error = posix_spawn_dup2(child, op->srcfd, op->fd); break;
        case FDOP_OPEN: error = posix_spawn_open(child, op->fd, op->path, op->oflag, op->mode); break;
        case FDOP_CHDIR: error = posix_spawn_chdir(child, op->path); break;
        case FDOP_FCHDIR: error = posix_spawn_fchdir(child, op->fd); break;
        default: error = EINVAL;
        }
    }
    return error;
}

static void set_attributes(struct posix_spawn *child, const posix_spawnattr_t *attr)
{
    if (attr->__flags & POSIX_SPAWN_SETPGROUP)
        posix_spawn_set_group(child, attr->__pgrp);
    if (attr->__flags & POSIX_SPAWN_SETSIGDEF)
        posix_spawn_set_default(child, attr->__def.__bits[0]);
    if (attr->__flags & POSIX_SPAWN_SETSIGMASK)
        posix_spawn_set_mask(child, attr->__mask.__bits[0]);
    if (attr->__flags & POSIX_SPAWN_SETSID)
        posix_spawn_set_session(child);
}

static int start(struct posix_spawn *child, const char *path, int (*exec)(const char *, char *const *, char *const *),
                 char *const argv[], char *const envp[])
{
    if (!exec)
        return posix_spawn_exec(child, path, argv, envp);
    int saved = errno;
    exec(path, argv, envp);
    int error = errno == ECANCELED ? 0 : errno;
    errno = saved;
    return error;
}

int posix_spawn(pid_t *restrict res, const char *restrict path, const posix_spawn_file_actions_t *fa,
                const posix_spawnattr_t *restrict attr, char *const argv[restrict], char *const envp[restrict])
{
    static const posix_spawnattr_t none;
    int state, pid = 0;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    struct posix_spawn *child;
    int error = posix_spawn_begin(&child);
    if (!error) {
        attr = attr ? attr : &none;
        set_attributes(child, attr);
        error = add_actions(child, fa);
        if (!error)
            error = start(child, path, (int (*)(const char *, char *const *, char *const *))attr->__fn, argv, envp);
        pid = posix_spawn_end(child);
    }
    pthread_setcancelstate(state, 0);
    if (!error && res)
        *res = pid;
    return error;
}
