/*
 * Orphans: inodes without a name that are still in use. They are chained on disk, from the superblock through the
 * deletion times, so that after an unclean stop whoever comes first (we or e2fsck) deletes them.
 */
#pragma once

#include "servers/fs/ext4/core.h"

/* Puts an inode on the list, takes it off; within a transaction. */
err_t orphan_add(struct fs_inode *inode);
err_t orphan_remove(struct fs_inode *inode);

/* Frees an orphan's blocks and the inode itself. On an error it stays an orphan, perhaps with fewer blocks. */
err_t orphan_delete(struct fs_inode *inode);

/* Deletes the orphans that an unclean stop left behind. Failures are logged; the rest stays for e2fsck. */
void orphan_delete_all(struct fs *fs);
