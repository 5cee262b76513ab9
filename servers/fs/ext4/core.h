/*
 * What the library's files share: the mounted file system and the inode in memory. Only they include it; users of the
 * library see fs.h. Each part's operations stand in the header of its name.
 */
#pragma once

#include "servers/fs/ext4/cache.h"
#include "servers/fs/ext4/fs.h"
#include "servers/fs/ext4/ondisk.h"

#define INODE_BUCKETS 256u
#define PATH_LIMIT    4096u

/* Blocks that hold no file data and must never be given to one: [start, end). */
struct fs_zone {
    u32 start, end;
};

/* Consecutive file blocks at consecutive disk blocks; disk 0 = a hole. */
struct extent_map {
    u32 block, disk, count;
    bool unwritten;
};

struct fs_inode {
    struct fs *fs;
    u32 number;
    u32 refs;
    struct fs_run run;      /* pins the block of the inode table */
    struct ext4_inode *raw; /* in place, within run */
    struct fs_inode *hash_next;
    struct extent_map hint; /* the extent last found; count 0 = none */
    u32 hint_epoch;         /* fs->epoch when it was entered */
    /* Space allocated but not in the extent tree yet: file blocks [.block, + .count) at .disk. For writers' pieces. */
    struct extent_map ahead;
    u32 ahead_reserved; /* tree blocks reserved so that entering them cannot fail for want of space */
    struct fs_piece *pieces;
    bool deleted;     /* although in use, by ext4_freeze */
    bool tail_clean;  /* bytes beyond the end of file in the last block are known to be zero */
    bool hole_shown;  /* a mapping shows zeros where a hole is */
    bool map_written; /* pages were given to mappings that may write, even behind the end of file */
};

/* A change is under way between txn_begin and txn_end; old bytes are kept on a stack so that it can be undone. */
struct fs_txn {
    bool active;
    u8 *stack;
    u32 used, size;
    struct fs_zone freed[64]; /* blocks freed by it: the cache forgets them when it succeeds */
    u32 freed_count;
};

struct fs {
    struct fs_env env;
    struct fs_options options;
    struct fs_device *device;
    struct cache cache;
    void *cache_memory;
    size_t cache_memory_size;
    struct fs_run super_run;
    struct ext4_super *super; /* in place, within super_run; fields below were checked at mount and do not change */
    u32 blocks, groups, blocks_per_group, inodes, inodes_per_group, inode_size, first_ino, table_blocks;
    bool read_only;
    bool was_clean;        /* when mounted: only then may it be marked clean again */
    struct fs_zone *zones; /* sorted, disjoint */
    u32 zone_count, zone_capacity;
    struct fs_txn txn;
    u32 epoch;    /* counts undone transactions: hints of an earlier epoch are void */
    u32 reserved; /* free blocks promised to the extent trees of inodes with `ahead` */
    struct fs_inode *inodes_by_number[INODE_BUCKETS];
    struct fs_inode *inode_pool; /* unused ones, linked by hash_next */
    u32 inodes_held;
    char path[2][PATH_LIMIT]; /* the path resolver's: what is left of the path, with links spliced in */
};

static inline void ext4_log(struct fs *fs, const char *what, u64 value)
{
    fs->env.log(fs->env.context, what, value);
}

/* The image is corrupt: says so, remembers it for e2fsck and returns the error for it. */
err_t ext4_corrupt(struct fs *fs, const char *what, u64 value);

static inline u32 group_count_blocks(const struct fs *fs, u32 group)
{
    u32 start = group * fs->blocks_per_group;
    return fs->blocks - start < fs->blocks_per_group ? fs->blocks - start : fs->blocks_per_group;
}
