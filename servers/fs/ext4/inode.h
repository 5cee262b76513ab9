/*
 * Inodes in memory: one struct fs_inode per inode in use, found by number; its fields on disk are used in place, in
 * the pinned block of the inode table.
 */
#pragma once

#include "servers/fs/ext4/core.h"

/* A counted reference to inode `number`; checks what it says of itself. `orphan`: it must have no name, else it must.
 */
err_t inode_get(struct fs *fs, u32 number, bool orphan, struct fs_inode **out);

/* The raw inode, unchecked, in the block that *run pins. IO: no such number. */
err_t inode_locate(struct fs *fs, u32 number, struct fs_run *run, struct ext4_inode **raw);

/* Declares that the raw inode is about to change, within a transaction. */
err_t inode_change(struct fs_inode *inode);

/* Allocates and fills an inode with `mode` (type and permissions) and no links, within a transaction; held. */
err_t inode_create(struct fs *fs, u32 parent, u32 mode, struct fs_inode **out);

/* Drops the reference to an inode that inode_create made in a transaction that is being undone. */
void inode_forget(struct fs_inode *inode);

/* Prepares all inodes in use for the end: no pieces, no space ahead, and the orphans deleted. */
void inode_settle_all(struct fs *fs);

/* Forgets all inodes without writing: for ext4_abandon. */
void inode_drop_all(struct fs *fs);

static inline u32 inode_type(const struct fs_inode *inode)
{
    return inode->raw->mode & EXT4_MODE_TYPE;
}

static inline bool inode_is_dir(const struct fs_inode *inode)
{
    return inode_type(inode) == EXT4_MODE_DIR;
}

static inline u64 inode_size(const struct fs_inode *inode)
{
    return inode->raw->size_lo | (u64)inode->raw->size_hi << 32;
}

/* The setters below need inode_change before them. */
void inode_set_size(struct fs_inode *inode, u64 size);

/* Counts blocks of data or of the extent tree in or out. */
void inode_add_blocks(struct fs_inode *inode, i64 blocks);

enum inode_time { INODE_ATIME = 1, INODE_MTIME = 2, INODE_CTIME = 4, INODE_CRTIME = 8 };
/* Sets the times in the mask `which` to `ns`. */
void inode_set_times(struct fs_inode *inode, u32 which, u64 ns);

/* Sets times to now: what each change of a file does. */
void inode_touch(struct fs_inode *inode, u32 which);

/* Within a transaction: inode_change, and modification and change time are now. */
err_t inode_mark_modified(struct fs_inode *inode);

/* The same, and the size is another. */
err_t inode_change_size(struct fs_inode *inode, u64 size);

/* One link more (+1) or less (-1), within a transaction; at 0 the inode joins the orphans. Error: MLINK. */
err_t inode_add_link(struct fs_inode *inode, i32 change);

/* No links at all: what happens to a directory that is removed. */
err_t inode_clear_links(struct fs_inode *inode);
