/* Sessions on names: the handlers of proto/fs.idl. */
#include "proto/fs.h"

#include "lib/base/string.h"
#include "lib/tess/tess.h"
#include "proto/mount.h"
#include "servers/fs/ext4/ondisk.h"
#include "servers/fs/server.h"

#define DIRS_MAX 32u /* directory handles of one session */

struct names_session {
    struct session session;
    struct fs_inode *dirs[DIRS_MAX]; /* handle i + 1 */
    u32 from_dir;                    /* what rename_from left: for rename_to and link_to */
    u32 from_length;
    u32 target_length; /* and symlink_target, for symlink */
    char from[FS_RENAME_FROM_PATH_MAX];
    char target[FS_SYMLINK_TARGET_TARGET_MAX];
};

static const struct session_type names_type;

/* --- Paths --------------------------------------------------------------------------------------------------- */

/* A path relative to directory handle `dir`. Error: BADF. */
static err_t make_path(struct names_session *s, u32 dir, const char *text, size_t length, struct fs_path *path)
{
    if (dir > DIRS_MAX || (dir && !s->dirs[dir - 1]))
        return E_BADF;
    *path = (struct fs_path){dir ? s->dirs[dir - 1] : NULL, text, (u32)length};
    return E_OK;
}

/* What the path names; the caller puts it. */
static err_t find(void *self, u32 dir, u32 flags, const char *text, size_t length, struct fs_inode **out)
{
    struct fs_path path;
    err_t error = make_path(self, dir, text, length, &path);
    return error ? error : ext4_lookup(server_fs, path, flags & FS_NOFOLLOW ? EXT4_NOFOLLOW : 0, 0, out);
}

/* --- Opening ------------------------------------------------------------------------------------------------- */

static err_t open_check(const struct fs_inode *inode, u32 flags)
{
    switch (ext4_inode_mode(inode) & EXT4_MODE_TYPE) {
    case EXT4_MODE_FILE:
        return E_OK;
    case EXT4_MODE_DIR:
        return flags & (FS_WRITE | FS_TRUNC) ? E_ISDIR : E_OK;
    case EXT4_MODE_LINK:
        return E_LOOP;
    default:
        return E_NXIO;
    }
}

static u32 lookup_flags(u32 flags)
{
    return (flags & FS_CREATE ? EXT4_CREATE : 0) | (flags & FS_EXCL ? EXT4_EXCL : 0) |
           (flags & FS_DIRECTORY ? EXT4_DIRECTORY : 0) | (flags & FS_NOFOLLOW ? EXT4_NOFOLLOW : 0);
}

static bool is_read_only(void)
{
    struct fs_info info;
    ext4_get_info(server_fs, &info);
    return info.read_only;
}

static err_t serve_open(void *self, u32 dir, u32 flags, u32 mode, const char *text, size_t length, u32 *mode_out,
                        struct map_item *file)
{
    struct fs_path path;
    struct fs_inode *inode;
    err_t error = make_path(self, dir, text, length, &path);
    if (!error)
        error = ext4_lookup(server_fs, path, lookup_flags(flags), mode, &inode);
    if (error)
        return error;
    error = open_check(inode, flags);
    if (!error && (flags & FS_WRITE) && is_read_only())
        error = E_ROFS;
    if (!error && (flags & FS_TRUNC) && (flags & FS_WRITE))
        error = ext4_inode_truncate(inode, 0);
    if (flags & (FS_CREATE | FS_TRUNC))
        server_changed();
    if (error) {
        ext4_inode_put(inode);
        return error;
    }
    *mode_out = ext4_inode_mode(inode);
    return file_session_open(inode, flags, file);
}

static err_t serve_open_dir(void *self, u32 dir, const char *text, size_t length, u32 *handle)
{
    struct names_session *s = self;
    struct fs_path path;
    u32 i = 0;
    while (i < DIRS_MAX && s->dirs[i])
        i++;
    if (i == DIRS_MAX)
        return E_MFILE;
    err_t error = make_path(s, dir, text, length, &path);
    if (!error)
        error = ext4_lookup(server_fs, path, EXT4_DIRECTORY, 0, &s->dirs[i]);
    *handle = i + 1;
    return error;
}

static err_t serve_close_dir(void *self, u32 handle)
{
    struct names_session *s = self;
    if (!handle || handle > DIRS_MAX || !s->dirs[handle - 1])
        return E_BADF;
    ext4_inode_put(s->dirs[handle - 1]);
    s->dirs[handle - 1] = NULL;
    return E_OK;
}

/* --- Attributes ---------------------------------------------------------------------------------------------- */

static err_t serve_stat(void *self, u32 dir, u32 flags, const char *text, size_t length, struct fs_stat_result *result)
{
    struct fs_inode *inode;
    struct file_stat_result status;
    _Static_assert(sizeof status == sizeof *result, "both stats tell the same");
    err_t error = find(self, dir, flags, text, length, &inode);
    if (error)
        return error;
    file_status(inode, &status);
    ext4_inode_put(inode);
    memcpy(result, &status, sizeof status);
    return E_OK;
}

/* There is one user, who may read and write everything, and execute what anybody may. */
static err_t serve_access(void *self, u32 dir, u32 mode, const char *text, size_t length)
{
    struct fs_inode *inode;
    err_t error = find(self, dir, 0, text, length, &inode);
    if (error)
        return error;
    u32 bits = ext4_inode_mode(inode);
    bool dir_or_program = (bits & EXT4_MODE_TYPE) == EXT4_MODE_DIR || (bits & 0111);
    ext4_inode_put(inode);
    if ((mode & DATASPACE_WRITE) && is_read_only())
        return E_ROFS;
    return (mode & DATASPACE_EXEC) && !dir_or_program ? E_ACCES : E_OK;
}

static err_t serve_chmod(void *self, u32 dir, u32 mode, const char *text, size_t length)
{
    struct fs_inode *inode;
    err_t error = find(self, dir, 0, text, length, &inode);
    if (error)
        return error;
    error = ext4_inode_chmod(inode, mode);
    ext4_inode_put(inode);
    server_changed();
    return error;
}

static err_t serve_chown(void *self, u32 dir, u32 uid, u32 gid, const char *text, size_t length)
{
    struct fs_inode *inode;
    err_t error = find(self, dir, 0, text, length, &inode);
    if (error)
        return error;
    error = ext4_inode_chown(inode, uid, gid);
    ext4_inode_put(inode);
    server_changed();
    return error;
}

static err_t serve_utimes(void *self, u32 dir, u64 atime_ns, u64 mtime_ns, u32 flags, const char *text, size_t length)
{
    struct fs_inode *inode;
    err_t error = find(self, dir, flags, text, length, &inode);
    if (error)
        return error;
    error = ext4_inode_utimes(inode, atime_ns, mtime_ns);
    ext4_inode_put(inode);
    server_changed();
    return error;
}

static err_t serve_readlink(void *self, u32 dir, const char *text, size_t length, char *target, size_t *target_length)
{
    struct fs_inode *inode;
    u32 n = 0;
    err_t error = find(self, dir, FS_NOFOLLOW, text, length, &inode);
    if (error)
        return error;
    error = ext4_readlink(inode, target, FS_READLINK_TARGET_MAX, &n);
    ext4_inode_put(inode);
    *target_length = n;
    return error;
}

static err_t serve_realpath(void *self, u32 dir, const char *text, size_t length, char *out, size_t *out_length)
{
    struct fs_inode *inode;
    u32 start = 0;
    err_t error = find(self, dir, 0, text, length, &inode);
    if (error)
        return error;
    error = ext4_get_path(inode, out, FS_REALPATH_PATH_OUT_MAX, &start);
    ext4_inode_put(inode);
    *out_length = FS_REALPATH_PATH_OUT_MAX - start;
    memmove(out, out + start, *out_length);
    return error;
}

/* --- Changing names ------------------------------------------------------------------------------------------ */

static err_t serve_mkdir(void *self, u32 dir, u32 mode, const char *text, size_t length)
{
    struct fs_path path;
    err_t error = make_path(self, dir, text, length, &path);
    server_changed();
    return error ? error : ext4_mkdir(server_fs, path, mode);
}

static err_t serve_unlink(void *self, u32 dir, u32 flags, const char *text, size_t length)
{
    struct fs_path path;
    err_t error = make_path(self, dir, text, length, &path);
    if (error)
        return error;
    server_changed();
    return flags & FS_DIRECTORY ? ext4_rmdir(server_fs, path) : ext4_unlink(server_fs, path);
}

static err_t serve_rename_from(void *self, u32 dir, const char *text, size_t length)
{
    struct names_session *s = self;
    memcpy(s->from, text, length);
    s->from_length = (u32)length;
    s->from_dir = dir;
    return E_OK;
}

/* Both paths of an operation: the one that rename_from left, and this one. */
static err_t make_paths(struct names_session *s, u32 dir, const char *text, size_t length, struct fs_path *old,
                        struct fs_path *new)
{
    err_t error = make_path(s, s->from_dir, s->from, s->from_length, old);
    s->from_length = 0;
    server_changed();
    return error ? error : make_path(s, dir, text, length, new);
}

static err_t serve_rename_to(void *self, u32 dir, const char *text, size_t length)
{
    struct fs_path old, new;
    err_t error = make_paths(self, dir, text, length, &old, &new);
    return error ? error : ext4_rename(server_fs, old, new);
}

static err_t serve_link_to(void *self, u32 dir, const char *text, size_t length)
{
    struct fs_path old, new;
    err_t error = make_paths(self, dir, text, length, &old, &new);
    return error ? error : ext4_link(server_fs, old, new);
}

static err_t serve_symlink_target(void *self, const char *target, size_t length)
{
    struct names_session *s = self;
    memcpy(s->target, target, length);
    s->target_length = (u32)length;
    return E_OK;
}

static err_t serve_symlink(void *self, u32 dir, const char *text, size_t length)
{
    struct names_session *s = self;
    struct fs_path path;
    u32 target = s->target_length;
    err_t error = make_path(s, dir, text, length, &path);
    s->target_length = 0;
    server_changed();
    return error ? error : ext4_symlink(server_fs, path, s->target, target);
}

/* --- The file system as a whole ------------------------------------------------------------------------------ */

static err_t serve_statfs(void *self, struct fs_statfs_result *result)
{
    struct fs_info info;
    ext4_get_info(server_fs, &info);
    *result = (struct fs_statfs_result){.blocks = info.blocks,
                                        .free_blocks = info.free_blocks,
                                        .inodes = info.inodes,
                                        .free_inodes = info.free_inodes,
                                        .block_size = EXT4_BLOCK_SIZE,
                                        .name_max = EXT4_NAME_MAX};
    return E_OK;
}

static err_t serve_sync(void *self)
{
    return ext4_sync(server_fs);
}

/* --- Sessions ------------------------------------------------------------------------------------------------ */

/* A session of its own for another task; it has the same directory handles. */
static err_t serve_clone(void *self, struct map_item *item)
{
    const struct names_session *s = self;
    struct names_session *new = (struct names_session *)session_create(&names_type);
    if (!new)
        return E_NOMEM;
    for (u32 i = 0; i < DIRS_MAX; i++)
        if (s->dirs[i])
            ext4_inode_hold(new->dirs[i] = s->dirs[i]);
    *item = session_item(&new->session);
    return E_OK;
}

static void close_names(struct session *session)
{
    struct names_session *s = (struct names_session *)session;
    for (u32 i = 0; i < DIRS_MAX; i++)
        ext4_inode_put(s->dirs[i]);
}

static bool dispatch_names(struct session *session, struct msg *m)
{
    static const struct fs_handlers handlers = {.open = serve_open,
                                                .open_dir = serve_open_dir,
                                                .close_dir = serve_close_dir,
                                                .stat = serve_stat,
                                                .mkdir = serve_mkdir,
                                                .unlink = serve_unlink,
                                                .rename_from = serve_rename_from,
                                                .rename_to = serve_rename_to,
                                                .link_to = serve_link_to,
                                                .symlink = serve_symlink,
                                                .readlink = serve_readlink,
                                                .chmod = serve_chmod,
                                                .utimes = serve_utimes,
                                                .statfs = serve_statfs,
                                                .sync = serve_sync,
                                                .clone = serve_clone,
                                                .symlink_target = serve_symlink_target,
                                                .access = serve_access,
                                                .chown = serve_chown,
                                                .realpath = serve_realpath};
    if (server_fs)
        return fs_dispatch(&handlers, session, m);
    wire_reply_error(m, E_NODEV);
    return true;
}

static const struct session_type names_type = {"names", sizeof(struct names_session), dispatch_names, close_names};
static struct names_session service = {.session = {.type = &names_type}};

struct session *names_service(void)
{
    return &service.session;
}

/* --- The right to unmount ------------------------------------------------------------------------------------ */

static err_t serve_unmount(void *self)
{
    return ext4_freeze(server_fs);
}

static bool dispatch_mount(struct session *session, struct msg *m)
{
    static const struct mount_handlers handlers = {.unmount = serve_unmount};
    if (server_fs)
        return mount_dispatch(&handlers, session, m);
    wire_reply_error(m, E_NODEV);
    return true;
}

static const struct session_type mount_type = {.name = "mount", .dispatch = dispatch_mount};
static struct session mount_session = {.type = &mount_type};

struct session *mount_service(void)
{
    return &mount_session;
}
