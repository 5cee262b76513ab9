/* Calls on descriptors: close, dup, fcntl, pipe. */
#include <fcntl.h>

#include "lib/posix/file.h"
#include "lib/posix/linux.h"
#include "lib/posix/session.h"
#include "lib/tess/slot.h"
#include "lib/tess/start.h"
#include "proto/pipe.h"

long linux_close(long fd, long b, long c, long d, long e, long f)
{
    return descriptor_close(fd);
}

static long duplicate(long fd, long least, bool close_on_exec)
{
    if ((u64)least >= DESCRIPTORS_MAX)
        return -E_INVAL;
    struct file *file = descriptor_get(fd);
    return file ? descriptor_add(file, close_on_exec, least) : -E_BADF;
}

long linux_dup(long fd, long b, long c, long d, long e, long f)
{
    return duplicate(fd, 0, false);
}

long linux_dup3(long from, long to, long flags, long d, long e, long f)
{
    if (from == to)
        return -E_INVAL;
    struct file *file = descriptor_get(from);
    return file ? descriptor_set(to, file, flags & O_CLOEXEC) : -E_BADF;
}

#define SETTABLE (O_APPEND | O_NONBLOCK)

static long set_flags(struct file *file, u32 flags)
{
    err_t error = E_OK;
    if (file->gate && ((file->flags ^ flags) & O_APPEND))
        error = file_set_flags(file->gate, flags & O_APPEND ? FILE_FLAG_APPEND : 0);
    if (!error)
        file->flags = (file->flags & ~(u32)SETTABLE) | (flags & SETTABLE);
    return linux_error(error);
}

static long status_flags(long fd, long command, long flags)
{
    struct file *file = descriptor_get(fd);
    if (!file)
        return -E_BADF;
    long result = command == F_GETFL ? (long)file->flags : set_flags(file, (u32)flags);
    file_put(file);
    return result;
}

/* Record locks would be between processes that trust each other: there is no server for them. */
static long lock_record(long fd, long command, struct flock *lock)
{
    if (descriptor_flag(fd) < 0)
        return -E_BADF;
    if (command == F_GETLK)
        lock->l_type = F_UNLCK;
    return 0;
}

long linux_fcntl(long fd, long command, long argument, long d, long e, long f)
{
    switch (command) {
    case F_DUPFD:
        return duplicate(fd, argument, false);
    case F_DUPFD_CLOEXEC:
        return duplicate(fd, argument, true);
    case F_GETFD:
        return descriptor_flag(fd);
    case F_SETFD:
        return descriptor_set_flag(fd, argument & FD_CLOEXEC);
    case F_GETFL:
    case F_SETFL:
        return status_flags(fd, command, argument);
    case F_GETLK:
    case F_SETLK:
    case F_SETLKW:
        return lock_record(fd, command, (struct flock *)argument);
    default:
        return -E_INVAL;
    }
}

static long open_ends(cap_t reader, cap_t writer, int fds[2], u32 flags)
{
    bool close_on_exec = flags & O_CLOEXEC;
    long in = session_open(reader, O_RDONLY | (flags & O_NONBLOCK), 0, close_on_exec);
    if (in < 0) {
        session_close(writer);
        return in;
    }
    long out = session_open(writer, O_WRONLY | (flags & O_NONBLOCK), 0, close_on_exec);
    if (out < 0) {
        descriptor_close(in);
        return out;
    }
    fds[0] = (int)in;
    fds[1] = (int)out;
    return 0;
}

long linux_pipe2(long fds, long flags, long c, long d, long e, long f)
{
    if (flags & ~(O_CLOEXEC | O_NONBLOCK))
        return -E_INVAL;
    cap_t reader = slot_alloc(), writer = slot_alloc();
    err_t error = reader && writer ? pipe_create(SLOT_PIPE, reader, writer) : E_NFILE;
    if (error) {
        slot_drop(reader);
        slot_drop(writer);
        return linux_error(error == E_NOENT ? E_IO : error); /* there is no pipe server any more */
    }
    return open_ends(reader, writer, (int *)fds, (u32)flags);
}
