/* Calls that move bytes: read, write and their relatives. */
#include <fcntl.h>
#include <limits.h>
#include <sys/uio.h>

#include "lib/posix/file.h"
#include "lib/posix/linux.h"
#include "lib/posix/session.h"

static bool may_read(const struct file *file)
{
    return (file->flags & O_ACCMODE) != O_WRONLY && file->ops->read;
}

static bool may_write(const struct file *file)
{
    return (file->flags & O_ACCMODE) != O_RDONLY && file->ops->write;
}

static long read_file(long fd, void *to, size_t n, i64 offset)
{
    struct file *file = descriptor_get(fd);
    if (!file)
        return -E_BADF;
    long result = may_read(file) ? file->ops->read(file, to, n, offset) : -E_BADF;
    file_put(file);
    return result;
}

static long write_file(long fd, const void *from, size_t n, i64 offset)
{
    struct file *file = descriptor_get(fd);
    if (!file)
        return -E_BADF;
    long result = may_write(file) ? file->ops->write(file, from, n, offset) : -E_BADF;
    file_put(file);
    return result;
}

long linux_read(long fd, long to, long n, long d, long e, long f)
{
    return read_file(fd, (void *)to, (size_t)n, FILE_POSITION);
}

long linux_write(long fd, long from, long n, long d, long e, long f)
{
    return write_file(fd, (const void *)from, (size_t)n, FILE_POSITION);
}

long linux_pread64(long fd, long to, long n, long offset, long e, long f)
{
    return offset < 0 ? -E_INVAL : read_file(fd, (void *)to, (size_t)n, offset);
}

long linux_pwrite64(long fd, long from, long n, long offset, long e, long f)
{
    return offset < 0 ? -E_INVAL : write_file(fd, (const void *)from, (size_t)n, offset);
}

/* True if reading on would find bytes without waiting. */
static bool has_more(long fd)
{
    struct file *file = descriptor_get(fd);
    bool more = file && (!file->ops->poll || (file->kind & FILE_FLAG_SEEKABLE) || file->in.used < file->in.length);
    file_put(file);
    return more;
}

/*
 * One call per piece of memory; the first short one ends it. A read that has something already does not go on to wait
 * for more (pipes, terminals): stdio reads into the program's memory first and then into its buffer.
 */
static long each_piece(long fd, const struct iovec *piece, long count, i64 offset, bool write)
{
    long done = 0;
    if ((u64)count > IOV_MAX)
        return -E_INVAL;
    for (; count; count--, piece++) {
        if (!piece->iov_len)
            continue;
        if (done && !write && !has_more(fd))
            break;
        i64 at = offset == FILE_POSITION ? offset : offset + done;
        long n = write ? write_file(fd, piece->iov_base, piece->iov_len, at)
                       : read_file(fd, piece->iov_base, piece->iov_len, at);
        if (n < 0)
            return done ? done : n;
        done += n;
        if ((size_t)n < piece->iov_len)
            break;
    }
    return done;
}

long linux_readv(long fd, long pieces, long count, long d, long e, long f)
{
    return each_piece(fd, (const struct iovec *)pieces, count, FILE_POSITION, false);
}

long linux_writev(long fd, long pieces, long count, long d, long e, long f)
{
    return each_piece(fd, (const struct iovec *)pieces, count, FILE_POSITION, true);
}

long linux_preadv(long fd, long pieces, long count, long offset, long high, long f)
{
    return offset < 0 ? -E_INVAL : each_piece(fd, (const struct iovec *)pieces, count, offset, false);
}

long linux_pwritev(long fd, long pieces, long count, long offset, long high, long f)
{
    return offset < 0 ? -E_INVAL : each_piece(fd, (const struct iovec *)pieces, count, offset, true);
}

long linux_lseek(long fd, long offset, long whence, long d, long e, long f)
{
    struct file *file = descriptor_get(fd);
    if (!file)
        return -E_BADF;
    long result = (u64)whence > FILE_SEEK_END ? -E_INVAL
                  : file->ops->seek           ? file->ops->seek(file, offset, (u32)whence)
                                              : -E_SPIPE;
    file_put(file);
    return result;
}

/* Calls `change` with the session behind the descriptor; files without session have nothing to do. */
static long on_session(long fd, err_t (*change)(cap_t gate, u64 argument), u64 argument)
{
    struct file *file = descriptor_get(fd);
    if (!file)
        return -E_BADF;
    err_t error = file->gate ? change(file->gate, argument) : E_OK;
    file_put(file);
    return linux_error(error);
}

static err_t sync_session(cap_t gate, u64 argument)
{
    err_t error = file_sync(gate);
    return error == E_NOSYS ? E_INVAL : error;
}

static err_t truncate_session(cap_t gate, u64 size)
{
    return file_truncate(gate, size);
}

long linux_fsync(long fd, long b, long c, long d, long e, long f)
{
    return on_session(fd, sync_session, 0);
}

long linux_fdatasync(long fd, long b, long c, long d, long e, long f)
{
    return on_session(fd, sync_session, 0);
}

long linux_ftruncate(long fd, long size, long c, long d, long e, long f)
{
    return size < 0 ? -E_INVAL : on_session(fd, truncate_session, (u64)size);
}
