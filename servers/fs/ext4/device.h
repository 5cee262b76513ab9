/*
 * What the file system stands on: a device of 4 KiB blocks. Two kinds exist: one that is an image in memory, whose
 * blocks are used in place, and one that is reached by requests, which the cache stands before. The server implements
 * the second with a block driver, tests with an array that can be told to fail.
 */
#pragma once

#include "abi/error.h"
#include "abi/types.h"

/* One transfer of `count` blocks from `block` on. The submitter owns it again when busy is false. */
struct fs_io {
    void *data;
    u64 block;
    u32 count;
    bool write;
    volatile bool busy;
    err_t status; /* valid when not busy */
};

struct fs_device;

struct fs_device_ops {
    /* Starts a transfer; several may be under way. Failure shows in io->status, never otherwise. */
    void (*submit)(struct fs_device *device, struct fs_io *io);
    /* Returns when io is no longer busy. */
    void (*wait)(struct fs_device *device, struct fs_io *io);
    /* Returns when all that was written before will survive loss of power. */
    err_t (*flush)(struct fs_device *device);
};

struct fs_device {
    u64 block_count;
    bool read_only;
    void *image; /* all blocks in memory, page aligned; then ops are not used */
    const struct fs_device_ops *ops;
};
