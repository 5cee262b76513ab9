/* The block device behind the file system: a client of proto/blk.idl with several requests under way. */
#pragma once

#include "servers/fs/ext4/device.h"

/*
 * Opens a session with the service in `gate` and attaches the memory at `base` (dataspace `memory`, allocated
 * CONTIGUOUS), which all transfers must name. Errors: INVAL if sectors do not fit into blocks of 4 KiB.
 */
err_t disk_open(cap_t gate, cap_t memory, void *base, struct fs_device **out);
