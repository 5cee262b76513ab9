/*
 * Extent trees: which disk blocks hold which blocks of a file. extent.c finds, extent_edit.c changes; the tree's shape
 * (growing, splitting, shrinking) is known to these two only.
 */
#pragma once

#include "servers/fs/ext4/core.h"

#define EXTENT_BLOCK_LIMIT 0xffffffffu /* files have blocks 0 .. limit - 1 */

/* Entries, all of one size, that fit into the root in the inode and into a block. */
#define EXTENT_ENTRY_SIZE ((u32)sizeof(struct ext4_extent))
#define EXTENT_IN_ROOT                                                                                                 \
    ((sizeof((struct ext4_inode *)0)->block - sizeof(struct ext4_extent_header)) / sizeof(struct ext4_extent))
#define EXTENT_IN_BLOCK ((EXT4_BLOCK_SIZE - sizeof(struct ext4_extent_header)) / sizeof(struct ext4_extent))

/* A node on the way from the root to a leaf, and the entry where the way goes on. */
struct extent_level {
    struct fs_run run; /* pins the node's block; for the root the inode's, which is not pinned again */
    struct ext4_extent_header *head;
    u32 at;
};

struct extent_path {
    struct extent_level level[EXT4_EXTENT_DEPTH + 1];
    u32 depth; /* level[depth] is the leaf */
};

static inline struct ext4_extent_index *extent_indexes(const struct extent_level *level)
{
    return (struct ext4_extent_index *)(level->head + 1);
}

static inline struct ext4_extent *extent_leaves(const struct extent_level *level)
{
    return (struct ext4_extent *)(level->head + 1);
}

/* An extent in host form. */
struct extent_map extent_read(const struct ext4_extent *e);
void extent_write(struct ext4_extent *e, struct extent_map map);

/* Cuts the front of an extent so that it begins at block; false if block is not in it. */
bool extent_map_cut(struct extent_map *map, u32 block);

/* The empty root of a new inode; needs inode_change before it. */
void extent_init(struct fs_inode *inode);

/*
 * The way to the leaf where `block` is or would be: each level's `at` is its last entry that does not begin behind
 * block (0 if all do). Release with extent_path_put, also after an error.
 */
err_t extent_path_find(struct fs_inode *inode, u32 block, struct extent_path *path);
void extent_path_put(struct fs_inode *inode, struct extent_path *path);

/*
 * What is at `block`: an extent cut to begin there, or the hole up to the next extent (disk 0). Constant time if it is
 * in the extent last found.
 */
err_t extent_lookup(struct fs_inode *inode, u32 block, struct extent_map *map);

/* Enters blocks, which must be a hole until now, within a transaction. Allocates tree blocks of class RESERVED. */
err_t extent_insert(struct fs_inode *inode, struct extent_map map);

/* Makes [block, + count), which lies within one unwritten extent, written; within a transaction. */
err_t extent_mark_written(struct fs_inode *inode, u32 block, u32 count);

/* The most tree blocks that one extent_insert may need. */
u32 extent_insert_cost(const struct fs_inode *inode);

/*
 * Frees all blocks from `from` on, the last first. Does its own transactions, each of which leaves a consistent file
 * whose size never exceeds what is left; after an error the file may be shorter than it was, but not inconsistent.
 */
err_t extent_cut(struct fs_inode *inode, u32 from);
