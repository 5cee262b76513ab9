/*
 * Directories as lists of entries. Hashed directories are read as the lists that they also are, and lose the mark of
 * being hashed when an entry is added, which makes their index plain free space.
 */
#pragma once

#include "servers/fs/ext4/core.h"

/* A name of 1..255 bytes, not terminated. */
struct fs_name {
    const char *text;
    u32 length;
};

/* Where an entry stands, or could stand: block of the directory and offset in it. */
struct dir_slot {
    u32 ino; /* 0 = the name was not found */
    u32 block, offset;
    u32 gap_block, gap_offset; /* the first entry with room behind it for the name; gap_block = DIR_NO_GAP: none */
    u8 type;
};
#define DIR_NO_GAP 0xffffffffu

/* Looks a name up; absence is no error. */
err_t dir_find(struct fs_inode *dir, struct fs_name name, struct dir_slot *slot);

/* Adds an entry for a name that dir_find has just not found, in a transaction. The directory may grow by a block. */
err_t dir_add(struct fs_inode *dir, struct fs_name name, const struct dir_slot *slot, const struct fs_inode *target);

/* Removes the entry that dir_find has just found, in a transaction. */
err_t dir_remove(struct fs_inode *dir, const struct dir_slot *slot);

/* Lets the entry lead to another inode, in a transaction. */
err_t dir_set(struct fs_inode *dir, const struct dir_slot *slot, const struct fs_inode *target);

/* Makes the first block of a new directory, in a transaction. */
err_t dir_init(struct fs_inode *dir, const struct fs_inode *parent);

/* Whether there is nothing in it but "." and "..". */
err_t dir_is_empty(struct fs_inode *dir, bool *empty);
