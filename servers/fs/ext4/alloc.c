/* Allocation of blocks and inodes: see alloc.h. */

#include "servers/fs/ext4/alloc.h"
#include "servers/fs/ext4/group.h"
#include "servers/fs/ext4/txn.h"

#define GOOD_ENOUGH 16u /* a run of this many blocks is taken although a longer one might exist in another group */

/* A group while it is worked on: descriptor and one of its bitmaps, pinned. */
struct group_view {
    struct fs_run desc_run, map_run;
    struct ext4_group *desc;
};

static void view_close(struct fs *fs, struct group_view *v)
{
    cache_put(&fs->cache, &v->desc_run);
    cache_put(&fs->cache, &v->map_run);
}

static err_t view_open(struct fs *fs, u32 group, bool inodes, struct group_view *v)
{
    *v = (struct group_view){0};
    err_t error = group_get(fs, group, &v->desc_run, &v->desc);
    if (!error)
        error = cache_get(&fs->cache, inodes ? v->desc->inode_bitmap : v->desc->block_bitmap, CACHE_READ, &v->map_run);
    if (error)
        view_close(fs, v);
    return error;
}

/* Sets bits in the view's bitmap under the transaction. */
static err_t view_set(struct fs *fs, struct group_view *v, u32 first, u32 count, bool value)
{
    err_t error = txn_change(fs, &v->map_run, v->map_run.data + first / 8, (first + count - 1) / 8 - first / 8 + 1);
    if (!error)
        error = txn_change(fs, &v->desc_run, v->desc, sizeof *v->desc);
    if (!error)
        bitmap_set(v->map_run.data, first, count, value);
    return error;
}

/* Adds to the superblock's count of free blocks or inodes. */
static err_t super_count(struct fs *fs, u32 *field, i64 change)
{
    err_t error = txn_change(fs, &fs->super_run, field, sizeof *field);
    if (error)
        return error;
    if ((i64)*field + change < 0 || (i64)*field + change > 0xffffffffll)
        return ext4_corrupt(fs, "count of free blocks or inodes is wrong", *field);
    *field = (u32)((i64)*field + change);
    return E_OK;
}

/* --- Blocks -------------------------------------------------------------------------------------------------- */

/* A free run of a group: where, and how long. */
struct block_run {
    u32 start, count;
};

/*
 * The best run in one group's bitmap. The goal's own bit comes first, even if little follows: it makes a file's extent
 * longer. Else the first run of `want`, or the longest, behind the goal and then anywhere.
 */
static struct block_run map_search(const u8 *map, u32 size, u32 goal, u32 want)
{
    struct block_run run = {0, 0}, other = {0, 0};
    if (goal && bitmap_is(map, goal, 1, false)) {
        run.count = bitmap_find_clear(map, goal, size, want, false, &run.start);
        return run;
    }
    if (goal)
        run.count = bitmap_find_clear(map, goal, size, want, true, &run.start);
    if (run.count < want)
        other.count = bitmap_find_clear(map, 0, size, want, true, &other.start);
    return other.count > run.count ? other : run;
}

/* Looks for the best run in one group; `goal` is where it should be in it, 0 for groups without the goal. */
static err_t group_search(struct fs *fs, u32 group, u32 goal, u32 want, struct block_run *best)
{
    struct group_view v;
    err_t error = view_open(fs, group, false, &v);
    if (error)
        return error;
    struct block_run run = {0, 0};
    if (v.desc->free_blocks)
        run = map_search(v.map_run.data, group_count_blocks(fs, group), goal, want);
    if (run.count > v.desc->free_blocks)
        run.count = v.desc->free_blocks; /* the count is wrong, but shall not wrap */
    view_close(fs, &v);
    if (run.count > best->count)
        *best = (struct block_run){group * fs->blocks_per_group + run.start, run.count};
    return E_OK;
}

static err_t block_search(struct fs *fs, u32 goal, u32 want, struct block_run *best)
{
    u32 group = goal / fs->blocks_per_group, from = goal % fs->blocks_per_group;
    for (u32 i = 0; i < fs->groups; i++, group = group + 1 < fs->groups ? group + 1 : 0, from = 0) {
        err_t error = group_search(fs, group, from, want, best);
        if (error)
            return error;
        if (best->count == want || best->count >= GOOD_ENOUGH || (best->count && best->start == goal))
            break;
    }
    return best->count ? E_OK : E_NOSPC;
}

err_t alloc_blocks(struct fs *fs, u32 goal, u32 want, enum alloc_class class, u32 *start, u32 *count)
{
    u32 keep = class == ALLOC_NORMAL ? fs->reserved : 0, free = fs->super->free_blocks_count;
    if (free <= keep)
        return E_NOSPC;
    if (want > free - keep)
        want = free - keep;
    struct block_run best = {0, 0};
    err_t error = block_search(fs, goal < fs->blocks ? goal : 0, want, &best);
    if (error)
        return error;
    if (group_is_metadata(fs, best.start, best.count))
        return ext4_corrupt(fs, "metadata is marked as free, block", best.start);
    struct group_view v;
    error = view_open(fs, best.start / fs->blocks_per_group, false, &v);
    if (error)
        return error;
    error = view_set(fs, &v, best.start % fs->blocks_per_group, best.count, true);
    if (!error)
        v.desc->free_blocks -= (u16)best.count;
    view_close(fs, &v);
    *start = best.start;
    *count = best.count;
    return error ? error : super_count(fs, &fs->super->free_blocks_count, -(i64)best.count);
}

/* Frees blocks of one group. */
static err_t group_free_blocks(struct fs *fs, u32 group, u32 first, u32 count)
{
    struct group_view v;
    err_t error = view_open(fs, group, false, &v);
    if (error)
        return error;
    if (!bitmap_is(v.map_run.data, first, count, true) || v.desc->free_blocks + count > group_count_blocks(fs, group))
        error = ext4_corrupt(fs, "freed blocks are free already, group", group);
    if (!error)
        error = view_set(fs, &v, first, count, false);
    if (!error)
        v.desc->free_blocks += (u16)count;
    view_close(fs, &v);
    return error ? error : super_count(fs, &fs->super->free_blocks_count, count);
}

err_t alloc_free_blocks(struct fs *fs, u32 start, u32 count)
{
    if (group_is_metadata(fs, start, count))
        return ext4_corrupt(fs, "freed blocks are metadata, block", start);
    err_t noted = txn_note_freed(fs, start, count);
    if (noted)
        return noted;
    while (count) {
        u32 group = start / fs->blocks_per_group, first = start % fs->blocks_per_group;
        u32 n = count < fs->blocks_per_group - first ? count : fs->blocks_per_group - first;
        err_t error = group_free_blocks(fs, group, first, n);
        if (error)
            return error;
        start += n;
        count -= n;
    }
    return E_OK;
}

err_t alloc_reserve(struct fs *fs, u32 count)
{
    if (fs->super->free_blocks_count < (u64)fs->reserved + count)
        return E_NOSPC;
    fs->reserved += count;
    return E_OK;
}

void alloc_unreserve(struct fs *fs, u32 count)
{
    fs->reserved -= count;
}

/* --- Inodes -------------------------------------------------------------------------------------------------- */

u32 alloc_inode_goal(const struct fs *fs, u32 number)
{
    return (number - 1) / fs->inodes_per_group * fs->blocks_per_group;
}

/* Takes the first free inode of a group; *number stays 0 if there is none. */
static err_t group_take_inode(struct fs *fs, u32 group, bool directory, u32 *number)
{
    struct group_view v;
    err_t error = view_open(fs, group, true, &v);
    if (error)
        return error;
    u32 from = group ? 0 : fs->first_ino - 1, bit = 0;
    if (v.desc->free_inodes && bitmap_find_clear(v.map_run.data, from, fs->inodes_per_group, 1, false, &bit)) {
        error = view_set(fs, &v, bit, 1, true);
        if (!error) {
            v.desc->free_inodes--;
            v.desc->used_dirs += directory;
            *number = group * fs->inodes_per_group + bit + 1;
        }
    }
    view_close(fs, &v);
    return error;
}

/* The group with the most free blocks among those that have inodes: spreads directories, and so their files. */
static err_t group_for_directory(struct fs *fs, u32 *group)
{
    u32 most = 0;
    for (u32 g = 0; g < fs->groups; g++) {
        struct fs_run run;
        struct ext4_group *desc;
        err_t error = group_get(fs, g, &run, &desc);
        if (error)
            return error;
        if (desc->free_inodes && desc->free_blocks > most) {
            most = desc->free_blocks;
            *group = g;
        }
        cache_put(&fs->cache, &run);
    }
    return E_OK;
}

err_t alloc_inode(struct fs *fs, u32 parent, bool directory, u32 *number)
{
    u32 group = (parent - 1) / fs->inodes_per_group;
    err_t error = directory && parent == EXT4_ROOT_INO ? group_for_directory(fs, &group) : E_OK;
    *number = 0;
    for (u32 i = 0; i < fs->groups && !error && !*number; i++, group = group + 1 < fs->groups ? group + 1 : 0)
        error = group_take_inode(fs, group, directory, number);
    if (error)
        return error;
    return *number ? super_count(fs, &fs->super->free_inodes_count, -1) : E_NOSPC;
}

err_t alloc_free_inode(struct fs *fs, u32 number, bool directory)
{
    struct group_view v;
    err_t error = view_open(fs, (number - 1) / fs->inodes_per_group, true, &v);
    if (error)
        return error;
    u32 bit = (number - 1) % fs->inodes_per_group;
    if (!bitmap_is(v.map_run.data, bit, 1, true) || (directory && !v.desc->used_dirs))
        error = ext4_corrupt(fs, "freed inode is free already", number);
    if (!error)
        error = view_set(fs, &v, bit, 1, false);
    if (!error) {
        v.desc->free_inodes++;
        v.desc->used_dirs -= directory;
    }
    view_close(fs, &v);
    return error ? error : super_count(fs, &fs->super->free_inodes_count, 1);
}
