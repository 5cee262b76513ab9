/*
 * Allocation of blocks and inodes in the groups' bitmaps, within a transaction.
 */
#pragma once

#include "servers/fs/ext4/core.h"

enum alloc_class {
    ALLOC_NORMAL,  /* leaves the blocks alone that are reserved */
    ALLOC_RESERVED /* may take reserved ones: for extent trees of files whose data has been accepted */
};

/*
 * Allocates up to `want` consecutive blocks, at `goal` if that is free, else near it; *start and *count (>= 1) tell
 * what was got. Error: NOSPC.
 */
err_t alloc_blocks(struct fs *fs, u32 goal, u32 want, enum alloc_class class, u32 *start, u32 *count);

/* Frees blocks, which must be in use and no metadata. */
err_t alloc_free_blocks(struct fs *fs, u32 start, u32 count);

/* Promises `count` free blocks to later ALLOC_RESERVED calls; alloc_unreserve takes the promise back. Error: NOSPC. */
err_t alloc_reserve(struct fs *fs, u32 count);
void alloc_unreserve(struct fs *fs, u32 count);

/* Allocates the number of an inode: files near their directory `parent`, directories where there is room. NOSPC. */
err_t alloc_inode(struct fs *fs, u32 parent, bool directory, u32 *number);
err_t alloc_free_inode(struct fs *fs, u32 number, bool directory);

/* The group of an inode, and the block where its file's data should go if nothing else is known. */
u32 alloc_inode_goal(const struct fs *fs, u32 number);
