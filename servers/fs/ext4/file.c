/* The size of files: truncation, and the bytes behind the end (tail.h). */

#include "lib/base/string.h"
#include "servers/fs/ext4/extent.h"
#include "servers/fs/ext4/inode.h"
#include "servers/fs/ext4/tail.h"
#include "servers/fs/ext4/txn.h"

/* Pins the block that byte `size` falls into, if it holds data behind the end; else run->count = 0. */
static err_t tail_get(struct fs_inode *inode, u64 size, struct fs_run *run)
{
    struct extent_map map;
    run->count = 0;
    if (size % EXT4_BLOCK_SIZE == 0)
        return E_OK;
    err_t error = extent_lookup(inode, (u32)(size / EXT4_BLOCK_SIZE), &map);
    if (error || !map.disk || map.unwritten)
        return error;
    return cache_get(&inode->fs->cache, map.disk, CACHE_READ, run);
}

/* Clears the block behind byte `size`, and unpins it. */
static void tail_clear(struct fs_inode *inode, u64 size, struct fs_run *run)
{
    struct fs *fs = inode->fs;
    if (run->count) {
        u32 used = size % EXT4_BLOCK_SIZE;
        memset(run->data + used, 0, EXT4_BLOCK_SIZE - used);
        if (!fs->read_only)
            cache_dirty(&fs->cache, run, 0, 1);
        cache_put(&fs->cache, run);
    }
    inode->tail_clean = !inode->map_written;
}

static bool tail_has_writer(const struct fs_inode *inode, u64 size)
{
    for (const struct fs_piece *p = inode->pieces; p; p = p->next)
        if (p->write && p->position / EXT4_BLOCK_SIZE + p->blocks > size / EXT4_BLOCK_SIZE)
            return true;
    return false;
}

/* Whether bytes behind the end are other than zero: what is clean already shall not be written. */
static bool tail_is_dirty(const struct fs_run *run, u64 size)
{
    u32 i = size % EXT4_BLOCK_SIZE;
    if (!run->count)
        return false;
    for (; i % sizeof(u64); i++)
        if (run->data[i])
            return true;
    for (const u64 *word = (const u64 *)(run->data + i); i < EXT4_BLOCK_SIZE; i += sizeof(u64))
        if (*word++)
            return true;
    return false;
}

err_t tail_clean(struct fs_inode *inode)
{
    struct fs_run run;
    u64 size = inode_size(inode);
    bool fixed = inode->fs->read_only && inode->fs->device->image; /* perhaps not even writable memory */
    if (inode->tail_clean || fixed || tail_has_writer(inode, size))
        return E_OK;
    err_t error = tail_get(inode, size, &run);
    if (error)
        return error;
    if (tail_is_dirty(&run, size))
        tail_clear(inode, size, &run);
    else
        cache_put(&inode->fs->cache, &run);
    /* Else what was cleared is lost when the cache needs the frame, or a mapping may write there again. */
    inode->tail_clean = !inode->fs->read_only && !inode->map_written;
    return E_OK;
}

/* Takes pieces beyond the new end away from their users. */
static void truncate_revoke(struct fs_inode *inode, u64 size)
{
    for (struct fs_piece *p = inode->pieces, *next; p; p = next) {
        next = p->next;
        if (p->position + p->length > size)
            ext4_piece_revoke(p);
    }
}

static err_t truncate_set(struct fs_inode *inode, u64 size)
{
    err_t error = txn_begin(inode->fs);
    return error ? error : txn_end(inode->fs, inode_change_size(inode, size));
}

static err_t truncate_cut(struct fs_inode *inode, u64 size)
{
    struct fs_run tail;
    truncate_revoke(inode, size);
    ext4_inode_trim(inode);
    err_t error = tail_get(inode, size, &tail); /* first: nothing may fail once the size is set */
    if (error)
        return error;
    error = extent_cut(inode, (u32)((size + EXT4_BLOCK_SIZE - 1) / EXT4_BLOCK_SIZE));
    if (!error)
        error = truncate_set(inode, size);
    if (error)
        cache_put(&inode->fs->cache, &tail);
    else
        tail_clear(inode, size, &tail);
    return error;
}

err_t ext4_inode_truncate(struct fs_inode *inode, u64 size)
{
    if (inode_is_dir(inode))
        return E_ISDIR;
    if (inode_type(inode) != EXT4_MODE_FILE)
        return E_INVAL;
    if (inode->fs->read_only)
        return E_ROFS;
    if (size > (u64)EXTENT_BLOCK_LIMIT * EXT4_BLOCK_SIZE)
        return E_FBIG;
    if (size < inode_size(inode))
        return truncate_cut(inode, size);
    err_t error = tail_clean(inode);
    if (!error)
        error = truncate_set(inode, size);
    if (!error && size % EXT4_BLOCK_SIZE)
        inode->tail_clean = false; /* it is another block now */
    return error;
}
