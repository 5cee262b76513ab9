/*
 * The block cache. Memory is an arena of 64 KiB frames; a frame holds one chunk, 16 blocks of the disk aligned to 16,
 * with a valid and a dirty bit per block. Neighbouring chunks are put into neighbouring frames where possible, so that
 * a file that is contiguous on disk is contiguous in memory, and windows onto it can be large. Over an image in memory
 * the cache is only a bounds check.
 *
 * Everything handed out is a run: consecutive blocks at consecutive addresses, pinned until cache_put.
 */
#pragma once

#include "servers/fs/ext4/device.h"
#include "servers/fs/ext4/ondisk.h"

#define CACHE_CHUNK_BLOCKS 16u
#define CACHE_CHUNK_SIZE   (CACHE_CHUNK_BLOCKS * EXT4_BLOCK_SIZE)

/* Blocks block .. block + count - 1, at data. count 0 = nothing held. */
struct fs_run {
    u8 *data;
    u32 block, count;
};

struct cache_chunk;

struct cache {
    struct fs_device *device;
    u8 *arena;                  /* frames, CACHE_CHUNK_SIZE each */
    struct cache_chunk *chunks; /* what each frame holds */
    u32 frames;
    u32 hash_mask;
    u32 clock;                           /* counts uses */
    bool exposed;                        /* over an image in memory: something was */
    struct cache_chunk **hash;           /* by chunk number */
    struct cache_chunk *newest, *oldest; /* order of use */
    bool (*pressure)(void *context);     /* asked to unpin something when all frames are pinned; false = cannot */
    void (*conceal)(void *context, void *data, size_t size); /* unmap this memory from everybody it was exposed to */
    void *context;                                           /* of both */
};

enum cache_fill {
    CACHE_READ,  /* as on disk */
    CACHE_FRESH, /* zeroed, without reading: the blocks were free until now */
};

/* Bytes of bookkeeping memory that cache_init needs for an arena of `frames` frames. */
size_t cache_memory_size(u32 frames);

/* Sets up an empty cache over the device. `arena` (aligned to 64 KiB) and `memory` belong to it until it is dropped. */
void cache_init(struct cache *cache, struct fs_device *device, void *arena, u32 frames, void *memory);

/*
 * Pins up to `count` (>= 1) blocks from `block` on that are contiguous in memory; *run gets at least one.
 * Errors: IO (device, or blocks outside of it), NOMEM (all frames are pinned).
 */
err_t cache_get_run(struct cache *cache, u32 block, u32 count, enum cache_fill fill, struct fs_run *run);

/* The same for one block. */
err_t cache_get(struct cache *cache, u32 block, enum cache_fill fill, struct fs_run *run);

/* Starts reading these blocks, which will be wanted soon, if there are frames that nobody would miss. */
void cache_prefetch(struct cache *cache, u32 block, u32 count);

/* Pins the run's blocks once more. */
void cache_hold(struct cache *cache, const struct fs_run *run);

/* Unpins the run, which is empty afterwards. An empty run may be put. */
void cache_put(struct cache *cache, struct fs_run *run);

/*
 * The run's memory is going to be mapped where the cache cannot see it, unpinned: before it is used for other blocks,
 * or the blocks are freed, cache->conceal is called. Over an image in memory only the latter happens.
 */
void cache_expose(struct cache *cache, const struct fs_run *run);

/* The same for one dirty block whose mapping may write: it is concealed, too, before it is written to the disk. */
void cache_expose_written(struct cache *cache, const struct fs_run *run);

/* Blocks first .. first + count - 1 of the run differ from the disk. */
void cache_dirty(struct cache *cache, const struct fs_run *run, u32 first, u32 count);

/* What the cache holds of these blocks, which are free now, need not be written, nor be seen by anybody. */
void cache_forget(struct cache *cache, u32 block, u32 count);

/* Writes everything that is dirty; the device may still keep it where loss of power reaches it. */
err_t cache_write(struct cache *cache);

/* Writes everything that is dirty and flushes the device. Error: IO; what could not be written stays dirty. */
err_t cache_sync(struct cache *cache);

/* Ends the cache's use of device and memory without writing anything: waits for what is under way. */
void cache_drop(struct cache *cache);
