/* Calls on names: open, mkdir, unlink, rename, links, the current folder. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/posix/linux.h"
#include "lib/posix/mode.h"
#include "lib/posix/path.h"
#include "lib/posix/session.h"
#include "lib/posix/virtual.h"
#include "lib/tess/slot.h"
#include "lib/tess/start.h"
#include "proto/fs.h"

/* ---- open ---- */

/* The file protocol's flags for those of open. */
static u32 fs_flags(u32 flags)
{
    static const struct {
        u32 ours, theirs;
    } map[] = {
        {O_CREAT, FS_CREATE},  {O_EXCL, FS_EXCL},           {O_TRUNC, FS_TRUNC},
        {O_APPEND, FS_APPEND}, {O_DIRECTORY, FS_DIRECTORY}, {O_NOFOLLOW, FS_NOFOLLOW},
    };
    u32 access = flags & O_ACCMODE;
    u32 result = access == O_RDONLY ? FS_READ : access == O_WRONLY ? FS_WRITE : FS_READ | FS_WRITE;
    for (size_t i = 0; i < sizeof map / sizeof map[0]; i++)
        if ((flags & map[i].ours) == map[i].ours)
            result |= map[i].theirs;
    return result;
}

err_t name_open(long at, const char *name, u32 flags, u32 mode, cap_t *gate, u32 *type, u32 *folder)
{
    struct path path;
    err_t error = path_open(&path, at, name);
    if (error)
        return error;
    *folder = 0;
    *gate = slot_alloc();
    error = *gate ? fs_open(SLOT_FS, path.folder, fs_flags(flags), mode, path.text, path.length, type, *gate) : E_NFILE;
    if (!error && S_ISDIR(*type))
        error = fs_open_dir(SLOT_FS, path.folder, path.text, path.length, folder);
    if (error)
        slot_drop(*gate);
    path_close(&path);
    return error;
}

#define KEPT_FLAGS (O_ACCMODE | O_APPEND | O_NONBLOCK)

long linux_openat(long at, long name, long flags, long mode, long e, long f)
{
    long result;
    cap_t gate;
    u32 type, folder;
    if (virtual_open(at, (const char *)name, (u32)flags, &result))
        return result;
    err_t error = name_open(at, (const char *)name, (u32)flags, mode_mask((u32)mode), &gate, &type, &folder);
    if (error)
        return linux_error(error);
    struct file *file = file_create(&session_ops, gate, (u32)flags & KEPT_FLAGS, FILE_FLAG_SEEKABLE, type);
    if (!file) {
        session_close(gate);
        if (folder)
            path_close_folder(folder);
        return -E_NFILE;
    }
    file->folder = folder;
    return descriptor_add(file, flags & O_CLOEXEC, 0);
}

/* ---- calls with one name ---- */

long linux_mkdirat(long at, long name, long mode, long d, long e, long f)
{
    struct path path;
    err_t error = path_open(&path, at, (const char *)name);
    if (error)
        return linux_error(error);
    error = fs_mkdir(SLOT_FS, path.folder, mode_mask((u32)mode), path.text, path.length);
    path_close(&path);
    return linux_error(error);
}

long linux_unlinkat(long at, long name, long flags, long d, long e, long f)
{
    struct path path;
    if (virtual_is_folder(at, (const char *)name))
        return -E_BUSY;
    err_t error = path_open(&path, at, (const char *)name);
    if (error)
        return linux_error(error);
    error = fs_unlink(SLOT_FS, path.folder, flags & AT_REMOVEDIR ? FS_DIRECTORY : 0, path.text, path.length);
    path_close(&path);
    return linux_error(error);
}

long linux_readlinkat(long at, long name, long buffer, long room, long e, long f)
{
    struct path path;
    char target[FS_READLINK_TARGET_MAX];
    size_t length = sizeof target;
    struct file_stat_result status;
    err_t error;
    if (room <= 0)
        return -E_INVAL;
    if (virtual_stat(at, (const char *)name, &status, &error))
        return error ? linux_error(error) : -E_INVAL; /* none of them is a link */
    error = path_open(&path, at, (const char *)name);
    if (error)
        return linux_error(error);
    error = fs_readlink(SLOT_FS, path.folder, path.text, path.length, target, &length);
    path_close(&path);
    if (error)
        return linux_error(error);
    if (length > (size_t)room)
        length = (size_t)room;
    memcpy((void *)buffer, target, length);
    return (long)length;
}

/* ---- calls with two names: the metadata session remembers the first ---- */

static struct lock pair_lock; /* one such pair at a time */

typedef err_t name_call(cap_t gate, u32 folder, const char *path, size_t length);

static err_t call_with(long at, const char *name, name_call *call)
{
    struct path path;
    err_t error = path_open(&path, at, name);
    if (error)
        return error;
    error = call(SLOT_FS, path.folder, path.text, path.length);
    path_close(&path);
    return error;
}

static long call_with_pair(long from_at, long from, long to_at, long to, name_call *call)
{
    lock_take(&pair_lock);
    err_t error = call_with(from_at, (const char *)from, fs_rename_from);
    if (!error)
        error = call_with(to_at, (const char *)to, call);
    lock_give(&pair_lock);
    return linux_error(error);
}

long linux_renameat2(long from_at, long from, long to_at, long to, long flags, long f)
{
    if (virtual_is_folder(from_at, (const char *)from) || virtual_is_folder(to_at, (const char *)to))
        return -E_BUSY;
    return flags ? -E_INVAL : call_with_pair(from_at, from, to_at, to, fs_rename_to);
}

long linux_linkat(long from_at, long from, long to_at, long to, long flags, long f)
{
    return call_with_pair(from_at, from, to_at, to, fs_link_to);
}

long linux_symlinkat(long target, long at, long name, long d, long e, long f)
{
    const char *text = (const char *)target;
    if (!*text)
        return -E_NOENT;
    lock_take(&pair_lock);
    err_t error = fs_symlink_target(SLOT_FS, text, strlen(text));
    if (error == E_MSGSIZE)
        error = E_NAMETOOLONG;
    if (!error)
        error = call_with(at, (const char *)name, fs_symlink);
    lock_give(&pair_lock);
    return linux_error(error);
}

/* ---- the current folder ---- */

long linux_chdir(long name, long b, long c, long d, long e, long f)
{
    return linux_error(folder_change((const char *)name));
}

long linux_fchdir(long fd, long b, long c, long d, long e, long f)
{
    struct file *file = descriptor_get(fd);
    u32 handle;
    if (!file)
        return -E_BADF;
    err_t error = file->folder ? fs_open_dir(SLOT_FS, file->folder, ".", 1, &handle) : E_NOTDIR;
    if (!error)
        error = folder_take(handle);
    file_put(file);
    return linux_error(error);
}

long linux_getcwd(long buffer, long room, long c, long d, long e, long f)
{
    size_t length;
    err_t error = folder_name((char *)buffer, (size_t)room, &length);
    if (error == E_RANGE && (size_t)room > FS_REALPATH_PATH_OUT_MAX)
        error = E_NAMETOOLONG; /* the message's limit, not the caller's: more room would not help */
    return error ? linux_error(error) : (long)length;
}

long linux_sync(long a, long b, long c, long d, long e, long f)
{
    fs_sync(SLOT_FS);
    return 0;
}
