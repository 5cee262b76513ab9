/* Orphans and the deletion of inodes: see orphan.h. */

#include "servers/fs/ext4/alloc.h"
#include "servers/fs/ext4/extent.h"
#include "servers/fs/ext4/inode.h"
#include "servers/fs/ext4/orphan.h"
#include "servers/fs/ext4/txn.h"

err_t orphan_add(struct fs_inode *inode)
{
    struct fs *fs = inode->fs;
    err_t error = inode_change(inode);
    if (!error)
        error = txn_change(fs, &fs->super_run, &fs->super->last_orphan, sizeof fs->super->last_orphan);
    if (error)
        return error;
    inode->raw->dtime = fs->super->last_orphan;
    fs->super->last_orphan = inode->number;
    inode_touch(inode, INODE_CTIME);
    return E_OK;
}

/* Takes inode `number` out of the chain by letting `link`, which lies in the run, lead to `next`. */
static err_t orphan_unlink(struct fs *fs, const struct fs_run *run, u32 *link, u32 next)
{
    err_t error = txn_change(fs, run, link, sizeof *link);
    if (!error)
        *link = next;
    return error;
}

err_t orphan_remove(struct fs_inode *inode)
{
    struct fs *fs = inode->fs;
    if (fs->super->last_orphan == inode->number)
        return orphan_unlink(fs, &fs->super_run, &fs->super->last_orphan, inode->raw->dtime);
    u32 number = fs->super->last_orphan;
    for (u32 steps = 0; number && steps < fs->inodes; steps++) {
        struct fs_run run;
        struct ext4_inode *raw;
        err_t error = inode_locate(fs, number, &run, &raw);
        if (error)
            return error;
        number = raw->dtime;
        bool found = number == inode->number;
        if (found)
            error = orphan_unlink(fs, &run, &raw->dtime, inode->raw->dtime);
        cache_put(&fs->cache, &run);
        if (found)
            return error;
    }
    return ext4_corrupt(fs, "orphan is not on the list", inode->number);
}

/* Drops the inode's share of its block of extended attributes. */
static err_t orphan_free_xattr(struct fs_inode *inode)
{
    struct fs *fs = inode->fs;
    u32 block = inode->raw->file_acl;
    struct fs_run run;
    if (!block)
        return E_OK;
    err_t error = cache_get(&fs->cache, block, CACHE_READ, &run);
    if (error)
        return error;
    struct ext4_xattr_header *head = (struct ext4_xattr_header *)run.data;
    if (head->magic != EXT4_XATTR_MAGIC || !head->refs)
        error = ext4_corrupt(fs, "bad attribute block of inode", inode->number);
    else if (head->refs == 1)
        error = alloc_free_blocks(fs, block, 1);
    else if (!(error = txn_change(fs, &run, head, sizeof *head)))
        head->refs--;
    cache_put(&fs->cache, &run);
    return error;
}

/* The last step: the inode has no blocks any more and goes itself. */
static err_t orphan_free(struct fs_inode *inode)
{
    err_t error = orphan_free_xattr(inode);
    if (!error)
        error = orphan_remove(inode);
    if (!error)
        error = alloc_free_inode(inode->fs, inode->number, inode_is_dir(inode));
    if (!error)
        error = inode_change(inode);
    if (error)
        return error;
    inode->raw->file_acl = 0;
    inode->raw->blocks_lo = inode->raw->blocks_hi = 0;
    inode_set_size(inode, 0);
    inode->raw->dtime = (u32)(inode->fs->env.now(inode->fs->env.context) / 1000000000u);
    return E_OK;
}

err_t orphan_delete(struct fs_inode *inode)
{
    err_t error = extent_cut(inode, 0);
    if (!error)
        error = txn_begin(inode->fs);
    return error ? error : txn_end(inode->fs, orphan_free(inode));
}

/* Cuts the list behind a chain that cannot be followed: e2fsck will find the inodes by their link counts. */
static void orphan_drop_list(struct fs *fs)
{
    ext4_log(fs, "the list of orphans is broken, left for e2fsck; inode", fs->super->last_orphan);
    fs->was_clean = false;
    fs->super->last_orphan = 0;
    cache_dirty(&fs->cache, &fs->super_run, 0, 1);
}

/* Files that still have a name are there because cutting them short was interrupted: they are taken off the list. */
static err_t orphan_finish_cut(struct fs *fs, u32 number)
{
    struct fs_inode *inode;
    err_t error = inode_get(fs, number, false, &inode);
    if (error)
        return error;
    u64 end = (inode_size(inode) + EXT4_BLOCK_SIZE - 1) / EXT4_BLOCK_SIZE;
    if (inode->raw->flags & EXT4_INODE_EXTENTS)
        error = extent_cut(inode, (u32)end);
    if (!error && !(error = txn_begin(fs))) {
        error = orphan_remove(inode);
        if (!error && !(error = inode_change(inode)))
            inode->raw->dtime = 0;
        error = txn_end(fs, error);
    }
    ext4_inode_put(inode);
    return error;
}

/* Deletes, or finishes cutting, the first orphan. */
static err_t orphan_delete_first(struct fs *fs)
{
    u32 number = fs->super->last_orphan;
    struct fs_run run;
    struct ext4_inode *raw;
    err_t error = inode_locate(fs, number, &run, &raw);
    if (error)
        return error;
    bool named = raw->links != 0;
    cache_put(&fs->cache, &run);
    if (named)
        return orphan_finish_cut(fs, number);
    struct fs_inode *inode;
    error = inode_get(fs, number, true, &inode);
    if (!error)
        ext4_inode_put(inode);
    return error;
}

void orphan_delete_all(struct fs *fs)
{
    for (u32 steps = 0; fs->super->last_orphan && steps < fs->inodes; steps++) {
        u32 first = fs->super->last_orphan;
        if (orphan_delete_first(fs) || fs->super->last_orphan == first) {
            orphan_drop_list(fs);
            return;
        }
    }
}
