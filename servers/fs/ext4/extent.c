/* Extent trees, finding: see extent.h. */

#include "lib/base/string.h"
#include "servers/fs/ext4/extent.h"
#include "servers/fs/ext4/group.h"
#include "servers/fs/ext4/inode.h"

struct extent_map extent_read(const struct ext4_extent *e)
{
    struct extent_map map = {.block = e->block, .disk = e->start, .count = e->length};
    if (map.count > EXT4_EXTENT_LEN_MAX) {
        map.count -= EXT4_EXTENT_LEN_MAX;
        map.unwritten = true;
    }
    return map;
}

void extent_write(struct ext4_extent *e, struct extent_map map)
{
    u32 length = map.unwritten ? map.count + EXT4_EXTENT_LEN_MAX : map.count;
    *e = (struct ext4_extent){.block = map.block, .length = (u16)length, .start = map.disk};
}

void extent_init(struct fs_inode *inode)
{
    struct ext4_extent_header head = {.magic = EXT4_EXTENT_MAGIC, .max = EXTENT_IN_ROOT};
    memset(inode->raw->block, 0, sizeof inode->raw->block);
    memcpy(inode->raw->block, &head, sizeof head);
    inode->raw->flags |= EXT4_INODE_EXTENTS;
}

static err_t node_check(struct fs_inode *inode, const struct ext4_extent_header *head, u32 depth, u32 capacity,
                        bool root)
{
    if (head->magic != EXT4_EXTENT_MAGIC || head->depth != depth || head->max > capacity || head->entries > head->max ||
        (!head->entries && (!root || depth)))
        return ext4_corrupt(inode->fs, "bad extent node of inode", inode->number);
    return E_OK;
}

/*
 * The last entry that begins at or before block, or 0. Indexes and extents begin alike, with their first file block,
 * so one search does for both. On a corrupt node it ends all the same; its result is checked by the callers.
 */
static u32 node_search(const struct extent_level *level, u32 block)
{
    const struct ext4_extent_index *entries = extent_indexes(level);
    u32 low = 0, high = level->head->entries;
    while (high - low > 1) {
        u32 middle = (low + high) / 2;
        if (entries[middle].block <= block)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static err_t path_descend(struct fs_inode *inode, struct extent_path *path, u32 block)
{
    struct fs *fs = inode->fs;
    struct extent_level *parent = &path->level[path->depth], *level = parent + 1;
    const struct ext4_extent_index index = extent_indexes(parent)[parent->at];
    if (index.child_hi || group_is_metadata(fs, index.child, 1))
        return ext4_corrupt(fs, "bad extent index of inode", inode->number);
    err_t error = cache_get(&fs->cache, index.child, CACHE_READ, &level->run);
    if (error)
        return error;
    path->depth++;
    level->head = (struct ext4_extent_header *)level->run.data;
    error = node_check(inode, level->head, parent->head->depth - 1u, EXTENT_IN_BLOCK, false);
    if (!error)
        level->at = node_search(level, block);
    return error;
}

err_t extent_path_find(struct fs_inode *inode, u32 block, struct extent_path *path)
{
    path->depth = 0;
    struct extent_level *root = &path->level[0];
    root->run = inode->run;
    root->head = (struct ext4_extent_header *)inode->raw->block;
    u32 depth = root->head->depth;
    if (depth > EXT4_EXTENT_DEPTH)
        return ext4_corrupt(inode->fs, "extent tree too deep, inode", inode->number);
    err_t error = node_check(inode, root->head, depth, EXTENT_IN_ROOT, true);
    if (error)
        return error;
    root->at = node_search(root, block);
    while (!error && path->depth < depth)
        error = path_descend(inode, path, block);
    return error;
}

void extent_path_put(struct fs_inode *inode, struct extent_path *path)
{
    for (; path->depth; path->depth--)
        cache_put(&inode->fs->cache, &path->level[path->depth].run);
}

/* Where the entry behind the path's leaf entry begins: a limit for holes and extents. */
static u32 path_next_block(const struct extent_path *path)
{
    for (u32 i = path->depth + 1; i-- > 0;) {
        const struct extent_level *level = &path->level[i];
        if (level->at + 1 < level->head->entries)
            return extent_indexes(level)[level->at + 1].block;
    }
    return EXTENT_BLOCK_LIMIT;
}

/* Checks an extent that is about to be believed. */
static err_t extent_check(struct fs_inode *inode, struct extent_map map, u16 start_hi)
{
    if (!map.count || start_hi || map.count > EXTENT_BLOCK_LIMIT - map.block ||
        group_is_metadata(inode->fs, map.disk, map.count))
        return ext4_corrupt(inode->fs, "bad extent of inode", inode->number);
    return E_OK;
}

/* The map at `block` by a path that was found for it: the entire extent, or the hole from block on. */
static err_t path_lookup(struct fs_inode *inode, const struct extent_path *path, u32 block, struct extent_map *map)
{
    const struct extent_level *leaf = &path->level[path->depth];
    u32 next = path_next_block(path);
    *map = (struct extent_map){.block = block, .count = next - block};
    if (!leaf->head->entries)
        return E_OK;
    const struct ext4_extent *e = &extent_leaves(leaf)[leaf->at];
    struct extent_map found = extent_read(e);
    if (found.block > block) {
        map->count = found.block - block;
        return E_OK;
    }
    err_t error = extent_check(inode, found, e->start_hi);
    if (error)
        return error;
    if (next <= block || found.count > next - found.block)
        return ext4_corrupt(inode->fs, "extents overlap in inode", inode->number);
    if (block - found.block >= found.count)
        return E_OK;
    inode->hint = *map = found;
    inode->hint_epoch = inode->fs->epoch;
    return E_OK;
}

bool extent_map_cut(struct extent_map *map, u32 block)
{
    u32 skip = block - map->block;
    if (block < map->block || skip >= map->count)
        return false;
    map->block += skip;
    map->disk += skip;
    map->count -= skip;
    return true;
}

err_t extent_lookup(struct fs_inode *inode, u32 block, struct extent_map *map)
{
    *map = inode->hint;
    if (inode->hint_epoch == inode->fs->epoch && extent_map_cut(map, block))
        return E_OK;
    struct extent_path path;
    err_t error = extent_path_find(inode, block, &path);
    if (!error)
        error = path_lookup(inode, &path, block, map);
    extent_path_put(inode, &path);
    if (!error && map->disk)
        extent_map_cut(map, block);
    return error;
}
