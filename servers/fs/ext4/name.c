/*
 * Operations on names: creating, linking, removing, renaming. Each resolves its paths, checks everything that POSIX
 * wants checked, and then makes its changes in one transaction.
 */

#include "lib/base/string.h"
#include "servers/fs/ext4/alloc.h"
#include "servers/fs/ext4/extent.h"
#include "servers/fs/ext4/inode.h"
#include "servers/fs/ext4/path.h"
#include "servers/fs/ext4/txn.h"

/* --- Creating ------------------------------------------------------------------------------------------------ */

/* The text of a new symbolic link: within the inode if it is short, else in a block. */
static err_t link_fill(struct fs_inode *link, struct fs_name target)
{
    struct fs *fs = link->fs;
    struct extent_map map = {.count = 1};
    struct fs_run run;
    inode_set_size(link, target.length);
    if (target.length < sizeof link->raw->block) {
        memcpy(link->raw->block, target.text, target.length);
        return E_OK;
    }
    extent_init(link);
    err_t error = alloc_blocks(fs, alloc_inode_goal(fs, link->number), 1, ALLOC_NORMAL, &map.disk, &map.count);
    if (!error)
        error = extent_insert(link, map);
    if (!error)
        error = txn_fresh(fs, map.disk, &run);
    if (error)
        return error;
    memcpy(run.data, target.text, target.length);
    cache_put(&fs->cache, &run);
    return E_OK;
}

/* Gives a new inode its contents and its first links. */
static err_t node_fill(struct fs_inode *inode, struct fs_inode *parent, struct fs_name target)
{
    inode->raw->links = 1;
    switch (inode_type(inode)) {
    case EXT4_MODE_DIR:
        inode->raw->links = 2;
        err_t error = dir_init(inode, parent);
        return error ? error : inode_add_link(parent, +1);
    case EXT4_MODE_LINK:
        return link_fill(inode, target);
    default:
        extent_init(inode);
        return E_OK;
    }
}

/* Makes an inode with `mode` at the walk's entry, which is not there yet; walk->child holds it. */
static err_t node_create(struct fs *fs, struct walk *walk, u32 mode, struct fs_name target)
{
    struct fs_inode *inode = NULL;
    err_t error = txn_begin(fs);
    if (error)
        return error;
    error = inode_create(fs, walk->parent->number, mode, &inode);
    if (!error)
        error = node_fill(inode, walk->parent, target);
    if (!error)
        error = dir_add(walk->parent, walk->name, &walk->slot, inode);
    txn_end(fs, error);
    if (error && inode)
        inode_forget(inode);
    else
        walk->child = inode;
    return error;
}

/* What ext4_lookup wants of an inode that is there. */
static err_t lookup_check(const struct fs_inode *inode, u32 flags)
{
    if ((flags & EXT4_CREATE) && (flags & EXT4_EXCL))
        return E_EXIST;
    if ((flags & EXT4_CREATE) && inode_is_dir(inode))
        return E_ISDIR;
    return (flags & EXT4_DIRECTORY) && !inode_is_dir(inode) ? E_NOTDIR : E_OK;
}

err_t ext4_lookup(struct fs *fs, struct fs_path path, u32 flags, u32 mode, struct fs_inode **out)
{
    struct walk walk;
    bool follow = !(flags & EXT4_NOFOLLOW) && (~flags & (EXT4_CREATE | EXT4_EXCL));
    err_t error = walk_path(fs, path, follow, &walk);
    if (error)
        return error;
    if (walk.child)
        error = lookup_check(walk.child, flags);
    else if (!(flags & EXT4_CREATE))
        error = E_NOENT;
    else if (walk.slash)
        error = E_ISDIR;
    else
        error = node_create(fs, &walk, EXT4_MODE_FILE | (mode & 07777), (struct fs_name){0});
    if (!error)
        ext4_inode_hold(*out = walk.child);
    walk_end(&walk);
    return error;
}

static err_t create_at(struct fs *fs, struct fs_path path, u32 mode, struct fs_name target)
{
    struct walk walk;
    err_t error = walk_path(fs, path, false, &walk);
    if (error)
        return error;
    bool dir = (mode & EXT4_MODE_TYPE) == EXT4_MODE_DIR;
    if (walk.child)
        error = E_EXIST;
    else
        error = walk.slash && !dir ? E_NOENT : node_create(fs, &walk, mode, target);
    walk_end(&walk);
    return error;
}

err_t ext4_mkdir(struct fs *fs, struct fs_path path, u32 mode)
{
    return create_at(fs, path, EXT4_MODE_DIR | (mode & 07777), (struct fs_name){0});
}

err_t ext4_symlink(struct fs *fs, struct fs_path path, const char *target, u32 length)
{
    if (!length)
        return E_NOENT;
    if (length >= EXT4_BLOCK_SIZE)
        return E_NAMETOOLONG;
    if (text_has_nul(target, length))
        return E_INVAL;
    return create_at(fs, path, EXT4_MODE_LINK | 0777, (struct fs_name){target, length});
}

/* --- Removing and linking ------------------------------------------------------------------------------------ */

static err_t unlink_entry(struct fs *fs, struct walk *walk)
{
    if (!walk->child)
        return E_NOENT;
    if (inode_is_dir(walk->child))
        return E_ISDIR;
    err_t error = txn_begin(fs);
    if (error)
        return error;
    error = dir_remove(walk->parent, &walk->slot);
    if (!error)
        error = inode_add_link(walk->child, -1);
    return txn_end(fs, error);
}

err_t ext4_unlink(struct fs *fs, struct fs_path path)
{
    struct walk walk;
    err_t error = walk_path(fs, path, false, &walk);
    if (error)
        return error;
    error = unlink_entry(fs, &walk);
    walk_end(&walk);
    return error;
}

/* Whether a directory may be removed, or replaced by another one. */
static err_t rmdir_check(struct fs_inode *dir)
{
    bool empty;
    if (dir->number == EXT4_ROOT_INO)
        return E_BUSY;
    err_t error = dir_is_empty(dir, &empty);
    if (error)
        return error;
    return empty ? E_OK : E_NOTEMPTY;
}

static err_t rmdir_entry(struct fs *fs, struct walk *walk)
{
    if (!walk->child)
        return E_NOENT;
    if (!inode_is_dir(walk->child))
        return E_NOTDIR;
    if (walk_is_dot(walk))
        return walk->name.length == 1 ? E_INVAL : E_NOTEMPTY;
    err_t error = walk->name.length ? rmdir_check(walk->child) : E_BUSY;
    if (!error)
        error = txn_begin(fs);
    if (error)
        return error;
    error = dir_remove(walk->parent, &walk->slot);
    if (!error)
        error = inode_clear_links(walk->child);
    if (!error)
        error = inode_add_link(walk->parent, -1);
    return txn_end(fs, error);
}

err_t ext4_rmdir(struct fs *fs, struct fs_path path)
{
    struct walk walk;
    err_t error = walk_path(fs, path, false, &walk);
    if (error)
        return error;
    error = rmdir_entry(fs, &walk);
    walk_end(&walk);
    return error;
}

static err_t link_entry(struct fs *fs, struct walk *old, struct walk *new)
{
    if (!old->child)
        return E_NOENT;
    if (inode_is_dir(old->child))
        return E_PERM;
    if (new->child)
        return E_EXIST;
    if (new->slash)
        return E_NOENT;
    err_t error = txn_begin(fs);
    if (error)
        return error;
    error = dir_add(new->parent, new->name, &new->slot, old->child);
    if (!error)
        error = inode_add_link(old->child, +1);
    return txn_end(fs, error);
}

/* Resolves both paths and lets `change` do what it has to between them. */
static err_t change_pair(struct fs *fs, struct fs_path old, struct fs_path new,
                         err_t (*change)(struct fs *fs, struct walk *old, struct walk *new))
{
    struct walk from, to;
    err_t error = walk_path(fs, old, false, &from);
    if (error)
        return error;
    error = walk_path(fs, new, false, &to);
    if (!error) {
        error = change(fs, &from, &to);
        walk_end(&to);
    }
    walk_end(&from);
    return error;
}

err_t ext4_link(struct fs *fs, struct fs_path old, struct fs_path new)
{
    return change_pair(fs, old, new, link_entry);
}

/* --- Renaming ------------------------------------------------------------------------------------------------ */

static err_t dir_parent(struct fs_inode *dir, struct dir_slot *slot)
{
    err_t error = dir_find(dir, (struct fs_name){"..", 2}, slot);
    return !error && !slot->ino ? ext4_corrupt(dir->fs, "directory without parent", dir->number) : error;
}

/* INVAL if `dir` is `inside` or above it: moving it there would cut both off the tree. */
static err_t rename_check_loop(struct fs *fs, const struct fs_inode *dir, struct fs_inode *inside)
{
    struct dir_slot up;
    ext4_inode_hold(inside);
    for (u32 steps = 0; inside->number != EXT4_ROOT_INO; steps++) {
        err_t error = steps > fs->inodes ? ext4_corrupt(fs, "directories form a loop at", inside->number) : E_OK;
        if (inside == dir)
            error = E_INVAL;
        if (!error)
            error = dir_parent(inside, &up);
        ext4_inode_put(inside);
        if (!error)
            error = inode_get(fs, up.ino, false, &inside);
        if (error)
            return error;
        if (!inode_is_dir(inside)) {
            ext4_inode_put(inside);
            return ext4_corrupt(fs, "a directory's parent is none, inode", up.ino);
        }
    }
    bool is_root = inside == dir;
    ext4_inode_put(inside);
    return is_root ? E_INVAL : E_OK;
}

static err_t rename_check(struct fs *fs, const struct walk *old, const struct walk *new)
{
    if (!old->child)
        return E_NOENT;
    if (walk_is_dot(old) || walk_is_dot(new) || !old->name.length || !new->name.length)
        return E_BUSY;
    if (old->child == new->child) /* two names of one file: nothing to do, says POSIX */
        return E_OK;
    bool dir = inode_is_dir(old->child);
    if (dir && old->parent != new->parent) {
        err_t error = rename_check_loop(fs, old->child, new->parent);
        if (error)
            return error;
    }
    if (!new->child)
        return new->slash && !dir ? E_NOTDIR : E_OK;
    if (!dir)
        return inode_is_dir(new->child) ? E_ISDIR : E_OK;
    return inode_is_dir(new->child) ? rmdir_check(new->child) : E_NOTDIR;
}

/* The new name leads to the old inode; what it led to before loses it. */
static err_t rename_enter(const struct walk *old, const struct walk *new)
{
    if (!new->child)
        return dir_add(new->parent, new->name, &new->slot, old->child);
    err_t error = dir_set(new->parent, &new->slot, old->child);
    if (error)
        return error;
    if (!inode_is_dir(new->child))
        return inode_add_link(new->child, -1);
    error = inode_clear_links(new->child);
    return error ? error : inode_add_link(new->parent, -1);
}

/* A directory that moves has another parent. */
static err_t rename_adopt(const struct walk *old, const struct walk *new)
{
    struct dir_slot up;
    err_t error = dir_parent(old->child, &up);
    if (!error)
        error = dir_set(old->child, &up, new->parent);
    if (!error)
        error = inode_add_link(old->parent, -1);
    return error ? error : inode_add_link(new->parent, +1);
}

static err_t rename_entry(struct fs *fs, struct walk *old, struct walk *new)
{
    err_t error = rename_check(fs, old, new);
    if (error || old->child == new->child)
        return error;
    error = txn_begin(fs);
    if (error)
        return error;
    error = rename_enter(old, new);
    if (!error)
        error = dir_remove(old->parent, &old->slot);
    if (!error && inode_is_dir(old->child) && old->parent != new->parent)
        error = rename_adopt(old, new);
    if (!error)
        error = inode_change(old->child);
    if (!error)
        inode_touch(old->child, INODE_CTIME);
    return txn_end(fs, error);
}

err_t ext4_rename(struct fs *fs, struct fs_path old, struct fs_path new)
{
    return change_pair(fs, old, new, rename_entry);
}

/* --- From a directory to its path ---------------------------------------------------------------------------- */

/* Puts the name that `child` has in `parent` in front of text[*start ..). */
static err_t path_prepend(struct fs_inode *parent, u32 child, char *text, u32 *start)
{
    struct fs_entry entry = {.next = 0};
    do {
        err_t error = ext4_readdir(parent, entry.next, &entry);
        if (error)
            return error;
    } while (entry.ino != child ||
             (entry.name[0] == '.' && (entry.length == 1 || (entry.length == 2 && entry.name[1] == '.'))));
    if (*start < entry.length + 1u)
        return E_RANGE;
    *start -= entry.length + 1u;
    text[*start] = '/';
    memcpy(text + *start + 1, entry.name, entry.length);
    return E_OK;
}

err_t ext4_get_path(struct fs_inode *dir, char *text, u32 size, u32 *start)
{
    err_t error = inode_is_dir(dir) ? E_OK : E_NOTDIR;
    *start = size;
    ext4_inode_hold(dir);
    while (!error && dir->number != EXT4_ROOT_INO) { /* ends at the latest when the text is full */
        struct dir_slot up;
        struct fs_inode *parent;
        error = dir->raw->links ? dir_parent(dir, &up) : E_NOENT;
        if (!error)
            error = inode_get(dir->fs, up.ino, false, &parent);
        if (error)
            break;
        error = path_prepend(parent, dir->number, text, start);
        ext4_inode_put(dir);
        dir = parent;
    }
    ext4_inode_put(dir);
    if (!error && *start == size && size)
        text[--*start] = '/';
    return error;
}
