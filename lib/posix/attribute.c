/* Calls on attributes: stat, chmod, chown, times, and reading folders. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <time.h>

#include "lib/posix/file.h"
#include "lib/posix/linux.h"
#include "lib/posix/mode.h"
#include "lib/posix/path.h"
#include "lib/posix/virtual.h"
#include "lib/tess/entry.h"
#include "lib/tess/slot.h"
#include "lib/tess/start.h"
#include "proto/fs.h"

/* ---- stat ---- */

#define NS 1000000000ull
#define LINUX_TIME(ns)                                                                                                 \
    {                                                                                                                  \
        (i64)((ns) / NS), (i64)((ns) % NS)                                                                             \
    }

static void put_stat(struct linux_stat *out, const struct file_stat_result *s)
{
    *out = (struct linux_stat){
        .st_dev = s->dev,
        .st_ino = s->ino,
        .st_mode = s->mode,
        .st_nlink = s->nlink,
        .st_uid = s->uid,
        .st_gid = s->gid,
        .st_rdev = s->rdev,
        .st_size = (i64)s->size,
        .st_blksize = 4096,
        .st_blocks = (i64)s->blocks,
        .st_atime_ = LINUX_TIME(s->atime_ns),
        .st_mtime_ = LINUX_TIME(s->mtime_ns),
        .st_ctime_ = LINUX_TIME(s->ctime_ns),
    };
}

_Static_assert(sizeof(struct fs_stat_result) == sizeof(struct file_stat_result), "the same fields in the same order");

static err_t stat_name(long at, const char *name, u32 flags, struct file_stat_result *result)
{
    struct path path;
    err_t error;
    if (virtual_stat(at, name, result, &error))
        return error;
    error = path_open(&path, at, name);
    if (error)
        return error;
    error = fs_stat(SLOT_FS, path.folder, flags & AT_SYMLINK_NOFOLLOW ? FS_NOFOLLOW : 0, path.text, path.length,
                    (struct fs_stat_result *)result);
    path_close(&path);
    return error;
}

static err_t stat_descriptor(long fd, struct file_stat_result *result)
{
    struct file *file = descriptor_get(fd);
    if (!file)
        return E_BADF;
    err_t error = file->ops->stat(file, result);
    file_put(file);
    return error;
}

long linux_fstat(long fd, long out, long c, long d, long e, long f)
{
    struct file_stat_result result;
    err_t error = stat_descriptor(fd, &result);
    if (!error)
        put_stat((struct linux_stat *)out, &result);
    return linux_error(error);
}

long linux_newfstatat(long at, long name, long out, long flags, long e, long f)
{
    struct file_stat_result result;
    const char *text = (const char *)name;
    if (!*text && (flags & AT_EMPTY_PATH) && (int)at != AT_FDCWD)
        return linux_fstat(at, out, 0, 0, 0, 0);
    err_t error = stat_name(at, *text || !(flags & AT_EMPTY_PATH) ? text : ".", (u32)flags, &result);
    if (!error)
        put_stat((struct linux_stat *)out, &result);
    return linux_error(error);
}

/* ---- access ---- */

static long access_virtual(const struct file_stat_result *status, u32 mode)
{
    return mode & ~((status->mode >> 6) & 7) ? -E_ACCES : 0;
}

long linux_faccessat(long at, long name, long mode, long d, long e, long f)
{
    struct path path;
    struct file_stat_result status;
    err_t error;
    if (virtual_stat(at, (const char *)name, &status, &error))
        return error ? linux_error(error) : access_virtual(&status, (u32)mode);
    error = path_open(&path, at, (const char *)name);
    if (error)
        return linux_error(error);
    error = fs_access(SLOT_FS, path.folder, (u32)mode, path.text, path.length);
    path_close(&path);
    return linux_error(error);
}

/* ---- changing attributes ---- */

static u32 creation_mask = 022;

u32 mode_mask(u32 mode)
{
    return mode & ~creation_mask & 07777;
}

long linux_umask(long mask, long b, long c, long d, long e, long f)
{
    return __atomic_exchange_n(&creation_mask, (u32)mask & 0777, __ATOMIC_RELAXED);
}

long linux_fchmod(long fd, long mode, long c, long d, long e, long f)
{
    struct file *file = descriptor_get(fd);
    if (!file)
        return -E_BADF;
    err_t error = file->gate ? file_chmod(file->gate, (u32)mode & 07777) : E_PERM;
    file_put(file);
    return linux_error(error);
}

long linux_fchmodat(long at, long name, long mode, long d, long e, long f)
{
    struct path path;
    err_t error = path_open(&path, at, (const char *)name);
    if (error)
        return linux_error(error);
    error = fs_chmod(SLOT_FS, path.folder, (u32)mode & 07777, path.text, path.length);
    path_close(&path);
    return linux_error(error);
}

long linux_fchown(long fd, long uid, long gid, long d, long e, long f)
{
    struct file *file = descriptor_get(fd);
    if (!file)
        return -E_BADF;
    err_t error = file->gate ? file_chown(file->gate, (u32)uid, (u32)gid) : E_PERM;
    file_put(file);
    return linux_error(error);
}

long linux_fchownat(long at, long name, long uid, long gid, long flags, long f)
{
    struct path path;
    err_t error = path_open(&path, at, (const char *)name);
    if (error)
        return linux_error(error);
    error = fs_chown(SLOT_FS, path.folder, (u32)uid, (u32)gid, path.text, path.length);
    path_close(&path);
    return linux_error(error);
}

/* Times of proto/fs.idl: nanoseconds, or "now" or "as it is". */
static u64 wire_time(const struct timespec *t)
{
    if (!t || t->tv_nsec == UTIME_NOW)
        return ~0ull;
    if (t->tv_nsec == UTIME_OMIT)
        return ~0ull - 1;
    return (u64)t->tv_sec * NS + (u64)t->tv_nsec;
}

static err_t set_times(long fd, u64 accessed, u64 modified)
{
    struct file *file = descriptor_get(fd);
    if (!file)
        return E_BADF;
    err_t error = file->gate ? file_utimes(file->gate, accessed, modified) : E_PERM;
    file_put(file);
    return error;
}

long linux_utimensat(long at, long name, long times, long flags, long e, long f)
{
    const struct timespec *t = (const struct timespec *)times;
    u64 accessed = wire_time(t), modified = wire_time(t ? t + 1 : t);
    struct path path;
    if (!name)
        return linux_error(set_times(at, accessed, modified));
    err_t error = path_open(&path, at, (const char *)name);
    if (error)
        return linux_error(error);
    error = fs_utimes(SLOT_FS, path.folder, accessed, modified, flags & AT_SYMLINK_NOFOLLOW ? FS_NOFOLLOW : 0,
                      path.text, path.length);
    path_close(&path);
    return linux_error(error);
}

long linux_truncate(long name, long size, long c, long d, long e, long f)
{
    cap_t gate;
    u32 type, folder;
    if (size < 0)
        return -E_INVAL;
    err_t error = name_open(AT_FDCWD, (const char *)name, O_WRONLY, 0, &gate, &type, &folder);
    if (error)
        return linux_error(error);
    error = file_truncate(gate, (u64)size);
    session_close(gate);
    return linux_error(error);
}

/* ---- file systems ---- */

#define EXT4_MAGIC 0xef53

static long put_statfs(struct statfs *out)
{
    struct fs_statfs_result s;
    err_t error = fs_statfs(SLOT_FS, &s);
    if (!error)
        *out = (struct statfs){
            .f_type = EXT4_MAGIC,
            .f_bsize = s.block_size,
            .f_frsize = s.block_size,
            .f_blocks = s.blocks,
            .f_bfree = s.free_blocks,
            .f_bavail = s.free_blocks,
            .f_files = s.inodes,
            .f_ffree = s.free_inodes,
            .f_namelen = s.name_max,
        };
    return linux_error(error);
}

long linux_statfs(long name, long out, long c, long d, long e, long f)
{
    struct file_stat_result status;
    err_t error = stat_name(AT_FDCWD, (const char *)name, 0, &status);
    return error ? linux_error(error) : put_statfs((struct statfs *)out);
}

long linux_fstatfs(long fd, long out, long c, long d, long e, long f)
{
    return descriptor_flag(fd) < 0 ? -E_BADF : put_statfs((struct statfs *)out);
}

/* ---- folders ---- */

/*
 * Turns packed entries into those that getdents64 gives, as many as there is room for; *cookie moves behind the last of
 * these. Returns bytes, 0 = none, or -errno.
 */
static long put_entries(const char *text, size_t length, char *out, size_t room, u64 *cookie)
{
    size_t done = 0, at = 0;
    struct folder_entry from;
    const char *name;
    while ((name = entry_get(text, length, &at, &from))) {
        size_t size = (offsetof(struct linux_dirent, d_name) + from.length + 1u + 7) & ~(size_t)7;
        if (size > room - done)
            return done ? (long)done : -E_INVAL;
        struct linux_dirent *to = (struct linux_dirent *)(out + done);
        *to = (struct linux_dirent){from.ino, (i64)from.next, (u16)size, from.type};
        memcpy(to->d_name, name, from.length);
        to->d_name[from.length] = 0;
        *cookie = from.next;
        done += size;
    }
    return at < length ? -E_PROTO : (long)done;
}

static err_t ask_entries(struct file *file, char *text, size_t *length)
{
    return file->gate ? file_readdir(file->gate, file->cookie, text, length) : virtual_readdir(file, text, length);
}

static long read_folder(struct file *file, char *out, size_t room)
{
    char text[FILE_READDIR_ENTRIES_MAX];
    long done = 0;
    for (;;) { /* as many messages as there is room for the longest answer */
        size_t length = sizeof text;
        err_t error = ask_entries(file, text, &length);
        if (error)
            return done ? done : linux_error(error);
        long n = put_entries(text, length, out + done, room - (size_t)done, &file->cookie);
        if (n <= 0)
            return done ? done : n;
        done += n;
        if (room - (size_t)done < 2 * sizeof text)
            return done;
    }
}

long linux_getdents64(long fd, long out, long room, long d, long e, long f)
{
    struct file *file = descriptor_get(fd);
    if (!file)
        return -E_BADF;
    lock_take(&file->in_lock);
    long result = S_ISDIR(file->mode) ? read_folder(file, (char *)out, (size_t)room) : -E_NOTDIR;
    lock_give(&file->in_lock);
    file_put(file);
    return result;
}
