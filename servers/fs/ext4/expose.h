/* What mappings show of files without holding a piece: see the contract of ext4_expose in fs.h. */
#pragma once

#include "servers/fs/ext4/core.h"

/* Somewhere in the file data are now where a hole was: takes the zeros back that mappings of holes show. */
void expose_conceal_holes(struct fs_inode *inode);
