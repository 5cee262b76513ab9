/*
 * The end of a file: bytes behind it in the last block are zero, whoever wrote the image and whatever writers left
 * there, so that nobody ever reads them as data, neither in a window nor after the file has grown.
 */
#pragma once

#include "servers/fs/ext4/core.h"

/* Clears the bytes behind the end of file, unless that is known to be done or a writer is just at work there. */
err_t tail_clean(struct fs_inode *inode);
