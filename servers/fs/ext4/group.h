/*
 * Block groups: descriptors, bitmaps, and the zones of the disk that hold the file system's own structures.
 */
#pragma once

#include "servers/fs/ext4/core.h"

/* Checks all descriptors and notes what they describe as zones. For mount only. */
err_t group_check_all(struct fs *fs);

/* The descriptor of a group, in place; *run pins it. */
err_t group_get(struct fs *fs, u32 group, struct fs_run *run, struct ext4_group **out);

/* Whether any of the blocks [block, + count) holds file system structures or is outside of the disk. */
bool group_is_metadata(const struct fs *fs, u32 block, u32 count);

/*
 * Bitmaps. The first run of clear bits in [from, end): its length up to `want` (0 = none) and *start. `longest`: not
 * the first run, but the first of `want` or else the longest.
 */
u32 bitmap_find_clear(const u8 *map, u32 from, u32 end, u32 want, bool longest, u32 *start);

/* Whether all bits first .. first + count - 1 have this value. */
bool bitmap_is(const u8 *map, u32 first, u32 count, bool value);

void bitmap_set(u8 *map, u32 first, u32 count, bool value);
