/*
 * Pages for memory mappings. They are not pinned: the cache conceals them before it uses the frame for something else.
 *
 * A page that a mapping may write counts as changed from then on. Writing it to the disk takes it away first, so that
 * the next store faults and it counts as changed anew:
 *
 *     fault (write) -> dirty, mapped writable -> stores ... -> flush: concealed, clean, on its way to the disk -> fault
 */

#include "servers/fs/ext4/expose.h"
#include "servers/fs/ext4/extent.h"
#include "servers/fs/ext4/inode.h"
#include "servers/fs/ext4/tail.h"

/* The page of zeros that no piece shows. */
static u8 *hole_page(const struct fs *fs)
{
    return (u8 *)fs->options.zeros + fs->options.zeros_size - EXT4_BLOCK_SIZE;
}

static err_t expose_hole(struct fs_inode *inode, u32 index, struct fs_pages *pages)
{
    *pages = (struct fs_pages){hole_page(inode->fs), index, 1};
    inode->hole_shown = true;
    return E_OK;
}

/* Other files' holes are concealed with them, and faulted in again. */
void expose_conceal_holes(struct fs_inode *inode)
{
    struct fs_env *env = &inode->fs->env;
    if (inode->hole_shown)
        env->conceal(env->context, hole_page(inode->fs), EXT4_BLOCK_SIZE);
    inode->hole_shown = false;
}

/* The pages around page `index` that lie in the same extent and the same 64 KiB of the disk, so in one frame. */
static err_t expose_run(struct fs_inode *inode, u32 index, struct fs_pages *pages)
{
    struct fs *fs = inode->fs;
    struct extent_map map, whole;
    struct fs_run run;
    err_t error = extent_lookup(inode, index, &map);
    if (error)
        return error;
    if (!map.disk || map.unwritten)
        return expose_hole(inode, index, pages);
    whole = inode->hint; /* the extent just found, from its beginning */
    u32 back = map.disk % CACHE_CHUNK_BLOCKS, before = index - whole.block;
    u32 ahead = CACHE_CHUNK_BLOCKS - back, end = (u32)((inode_size(inode) + EXT4_BLOCK_SIZE - 1) / EXT4_BLOCK_SIZE);
    back = back < before ? back : before;
    ahead = ahead < map.count ? ahead : map.count;
    ahead = ahead < end - index ? ahead : end - index;
    error = cache_get_run(&fs->cache, map.disk - back, back + ahead, CACHE_READ, &run);
    if (error)
        return error;
    *pages = (struct fs_pages){run.data, index - back, run.count};
    cache_expose(&fs->cache, &run);
    cache_put(&fs->cache, &run);
    return E_OK;
}

static err_t expose_check(const struct fs_inode *inode, u64 index)
{
    if (inode_type(inode) != EXT4_MODE_FILE)
        return inode_is_dir(inode) ? E_ISDIR : E_INVAL;
    return index < (inode_size(inode) + EXT4_BLOCK_SIZE - 1) / EXT4_BLOCK_SIZE ? E_OK : E_RANGE;
}

err_t ext4_expose(struct fs_inode *inode, u64 index, struct fs_pages *pages)
{
    err_t error = expose_check(inode, index);
    if (!error)
        error = expose_run(inode, (u32)index, pages);
    if (!error && (pages->first + pages->count) * EXT4_BLOCK_SIZE > inode_size(inode))
        error = tail_clean(inode); /* the last page is among them */
    return error;
}

/* Makes the page one that was written, as a write of what it holds would: it has a block of its own and is dirty. */
static err_t expose_as_written(struct fs_inode *inode, u64 index)
{
    struct fs_piece piece = {0};
    u64 position = index * EXT4_BLOCK_SIZE, left = inode_size(inode) - position;
    u32 length = left < EXT4_BLOCK_SIZE ? (u32)left : EXT4_BLOCK_SIZE;
    err_t error = ext4_piece_out(inode, position, length, false, &piece);
    return error ? error : ext4_piece_commit(&piece, length);
}

err_t ext4_expose_written(struct fs_inode *inode, u64 index, struct fs_pages *pages)
{
    struct extent_map map;
    struct fs_run run;
    err_t error = expose_check(inode, index);
    if (!error)
        error = expose_as_written(inode, index);
    if (!error)
        error = extent_lookup(inode, (u32)index, &map);
    if (!error)
        error = cache_get(&inode->fs->cache, map.disk, CACHE_READ, &run);
    if (error)
        return error;
    inode->map_written = true;
    inode->tail_clean = false;
    *pages = (struct fs_pages){run.data, index, 1};
    cache_expose_written(&inode->fs->cache, &run);
    cache_put(&inode->fs->cache, &run);
    return E_OK;
}
