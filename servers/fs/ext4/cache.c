/* The block cache: see cache.h. One frame = one struct cache_chunk with the same index. */

#include "lib/base/string.h"
#include "servers/fs/ext4/cache.h"

#define NO_CHUNK    0xffffffffu
#define CLEAN_AHEAD 12u /* chunks written together when one must go */
#define SUPERFRAME  32u /* frames of a 2 MiB page: a chunk prefers the frame whose index is congruent to its number */

struct cache_chunk {
    struct cache_chunk *hash_next;
    struct cache_chunk *newer, *older; /* order of use */
    u32 number;                        /* of the chunk on disk, or NO_CHUNK */
    u32 pins;
    u32 used;         /* the cache's clock at the last use */
    u16 valid, dirty; /* bit per block */
    bool exposed;     /* mapped somewhere, see cache_expose */
    bool written;     /* and stores may go on there: then some block is dirty */
    bool narrow;      /* a read of the whole chunk failed: read block by block */
    u8 io_first;      /* first block of the transfer under way */
    struct fs_io io;
};

size_t cache_memory_size(u32 frames)
{
    u32 buckets = 1;
    while (buckets < frames)
        buckets *= 2;
    return frames * sizeof(struct cache_chunk) + buckets * sizeof(struct cache_chunk *);
}

void cache_init(struct cache *c, struct fs_device *device, void *arena, u32 frames, void *memory)
{
    *c = (struct cache){.device = device, .arena = arena, .frames = frames, .chunks = memory};
    if (device->image || !frames)
        return;
    memset(memory, 0, cache_memory_size(frames));
    c->hash = (struct cache_chunk **)(c->chunks + frames);
    u32 buckets = 1;
    while (buckets < frames)
        buckets *= 2;
    c->hash_mask = buckets - 1;
    for (u32 i = 0; i < frames; i++) {
        struct cache_chunk *chunk = &c->chunks[i];
        chunk->number = NO_CHUNK;
        chunk->newer = i ? chunk - 1 : NULL;
        chunk->older = i + 1 < frames ? chunk + 1 : NULL;
    }
    c->newest = c->chunks;
    c->oldest = c->chunks + frames - 1;
}

static u8 *chunk_data(const struct cache *c, const struct cache_chunk *chunk)
{
    return c->arena + (size_t)(chunk - c->chunks) * CACHE_CHUNK_SIZE;
}

static struct cache_chunk *chunk_at(const struct cache *c, const u8 *data)
{
    return &c->chunks[(size_t)(data - c->arena) / CACHE_CHUNK_SIZE];
}

/* Bits of the chunk's blocks that the device has. */
static u32 chunk_blocks(const struct cache *c, const struct cache_chunk *chunk)
{
    u64 left = c->device->block_count - (u64)chunk->number * CACHE_CHUNK_BLOCKS;
    return left >= CACHE_CHUNK_BLOCKS ? 0xffffu : (1u << left) - 1;
}

/* Bits first .. first + count - 1. */
static u32 span_bits(u32 first, u32 count)
{
    return ((1u << count) - 1) << first;
}

/* --- Order of use and lookup --------------------------------------------------------------------------------- */

/* Notes a use. The order is kept roughly: a chunk that was moved to the front not long ago stays where it is. */
static void chunk_use(struct cache *c, struct cache_chunk *chunk)
{
    c->clock++;
    if (c->newest == chunk || (chunk->used && c->clock - chunk->used < c->frames / 4))
        return;
    chunk->used = c->clock;
    chunk->newer->older = chunk->older;
    if (chunk->older)
        chunk->older->newer = chunk->newer;
    else
        c->oldest = chunk->newer;
    chunk->newer = NULL;
    chunk->older = c->newest;
    c->newest->newer = chunk;
    c->newest = chunk;
}

static struct cache_chunk *chunk_find(const struct cache *c, u32 number)
{
    struct cache_chunk *chunk = c->hash[number & c->hash_mask];
    while (chunk && chunk->number != number)
        chunk = chunk->hash_next;
    return chunk;
}

static void chunk_conceal(struct cache *c, struct cache_chunk *chunk)
{
    if (chunk->exposed)
        c->conceal(c->context, chunk_data(c, chunk), CACHE_CHUNK_SIZE);
    chunk->exposed = chunk->written = false;
}

static void chunk_set_number(struct cache *c, struct cache_chunk *chunk, u32 number)
{
    chunk_conceal(c, chunk);
    if (chunk->number != NO_CHUNK) {
        struct cache_chunk **link = &c->hash[chunk->number & c->hash_mask];
        while (*link != chunk)
            link = &(*link)->hash_next;
        *link = chunk->hash_next;
    }
    chunk->number = number;
    chunk->valid = chunk->dirty = 0;
    chunk->narrow = false;
    if (number != NO_CHUNK) {
        chunk->hash_next = c->hash[number & c->hash_mask];
        c->hash[number & c->hash_mask] = chunk;
    }
}

/* --- Transfers ----------------------------------------------------------------------------------------------- */

/* Starts a transfer of the first run of blocks in `bits`; returns the bits that it covers. */
static u32 chunk_start(struct cache *c, struct cache_chunk *chunk, u32 bits, bool write)
{
    if (write && chunk->written)
        chunk_conceal(c, chunk); /* a store from now on faults, and makes it dirty again */
    u32 first = (u32)__builtin_ctz(bits), count = 1;
    while (!chunk->narrow && first + count < CACHE_CHUNK_BLOCKS && (bits >> (first + count) & 1))
        count++;
    chunk->io_first = (u8)first;
    chunk->io = (struct fs_io){.data = chunk_data(c, chunk) + first * EXT4_BLOCK_SIZE,
                               .block = (u64)chunk->number * CACHE_CHUNK_BLOCKS + first,
                               .count = count,
                               .write = write,
                               .busy = true};
    c->device->ops->submit(c->device, &chunk->io);
    return span_bits(first, count);
}

/* Waits for the chunk's transfer, if there is one, and enters its result into the bits. */
static err_t chunk_finish(struct cache *c, struct cache_chunk *chunk)
{
    if (!chunk->io.data)
        return E_OK;
    if (chunk->io.busy)
        c->device->ops->wait(c->device, &chunk->io);
    u32 bits = span_bits(chunk->io_first, chunk->io.count);
    chunk->io.data = NULL;
    if (chunk->io.write && chunk->io.status)
        chunk->dirty |= (u16)bits;
    if (!chunk->io.write && !chunk->io.status)
        chunk->valid |= (u16)bits;
    return chunk->io.status;
}

/* Starts writing part of the chunk's dirty blocks, unless a transfer is under way. */
static void chunk_start_write(struct cache *c, struct cache_chunk *chunk)
{
    if (!chunk->io.data && chunk->dirty)
        chunk->dirty &= (u16)~chunk_start(c, chunk, chunk->dirty, true);
}

/* Writes the chunk's dirty blocks. */
static err_t chunk_clean(struct cache *c, struct cache_chunk *chunk)
{
    err_t error = chunk_finish(c, chunk);
    u32 bits = chunk->dirty;
    while (bits) {
        u32 sent = chunk_start(c, chunk, bits, true);
        chunk->dirty &= (u16)~sent;
        bits &= ~sent;
        err_t e = chunk_finish(c, chunk);
        error = error ? error : e;
    }
    return error;
}

/*
 * Makes the blocks in `need` valid. The rest of the chunk is read with them, as it will be wanted soon, unless that
 * failed once: then a bad neighbour must not spoil the blocks that are good.
 */
static err_t chunk_read(struct cache *c, struct cache_chunk *chunk, u32 need)
{
    chunk_finish(c, chunk);
    while (need & ~chunk->valid) {
        u32 want = chunk->narrow ? need : chunk_blocks(c, chunk);
        chunk_start(c, chunk, want & ~chunk->valid, false);
        err_t error = chunk_finish(c, chunk);
        if (error && chunk->narrow)
            return error;
        chunk->narrow |= error != E_OK;
    }
    return E_OK;
}

/* --- Frames -------------------------------------------------------------------------------------------------- */

/* Whether the frame may be taken out of turn: nobody would miss what it holds. */
static bool frame_is_idle(const struct cache *c, const struct cache_chunk *chunk)
{
    if (chunk->number == NO_CHUNK)
        return true;
    return !chunk->pins && !chunk->dirty && !chunk->io.data && c->clock - chunk->used > c->frames;
}

/* Starts writing the chunks that will have to go next, so that the disk has several requests at a time. */
static void frames_start_cleaning(struct cache *c, struct cache_chunk *from)
{
    for (u32 n = 0; from && n < CLEAN_AHEAD; from = from->newer, n++)
        if (!from->pins)
            chunk_start_write(c, from);
}

/* The least recently used frame that can be had, cleaned if need be. NULL: all are pinned, or *error is set. */
static struct cache_chunk *frame_evict(struct cache *c, err_t *error)
{
    for (struct cache_chunk *chunk = c->oldest; chunk; chunk = chunk->newer) {
        if (chunk->pins)
            continue;
        if (chunk->dirty)
            frames_start_cleaning(c, chunk);
        *error = chunk_clean(c, chunk);
        if (!*error)
            return chunk;
    }
    return NULL;
}

/* How many frames from the i-th on are free, up to the end of its 2 MiB. */
static u32 frames_free_from(const struct cache *c, u32 i)
{
    u32 n = 0, end = (i / SUPERFRAME + 1) * SUPERFRAME;
    while (i + n < c->frames && i + n < end && c->chunks[i + n].number == NO_CHUNK)
        n++;
    return n;
}

/* A free frame that keeps to the 2 MiB grid: the one with the most room behind it, for the chunks that will follow. */
static struct cache_chunk *frame_on_grid(struct cache *c, u32 number)
{
    u32 most = 0, best = 0;
    for (u32 i = number % SUPERFRAME; i < c->frames; i += SUPERFRAME) {
        u32 room = frames_free_from(c, i);
        if (room > most)
            most = room, best = i;
    }
    return most ? &c->chunks[best] : NULL;
}

/* The frame behind the one that holds the preceding chunk, if it is idle. */
static struct cache_chunk *frame_beside(struct cache *c, u32 number)
{
    struct cache_chunk *before = number ? chunk_find(c, number - 1) : NULL;
    if (!before || before + 1 == c->chunks + c->frames)
        return NULL;
    return frame_is_idle(c, before + 1) ? before + 1 : NULL;
}

/* The best frame for the chunk among those that can be had for nothing, or NULL. */
static struct cache_chunk *frame_free(struct cache *c, u32 number)
{
    struct cache_chunk *chunk = frame_beside(c, number);
    return chunk ? chunk : frame_on_grid(c, number);
}

/* The chunk with this number, pinned, in whichever frame; nothing of it need be valid. */
static err_t chunk_get(struct cache *c, u32 number, struct cache_chunk **out)
{
    struct cache_chunk *chunk = chunk_find(c, number);
    if (!chunk) {
        err_t error = E_OK;
        chunk = frame_free(c, number);
        while (!chunk && !(chunk = frame_evict(c, &error)))
            if (error || !c->pressure || !c->pressure(c->context))
                return error ? error : E_NOMEM;
        chunk_set_number(c, chunk, number);
    }
    chunk->pins++;
    chunk_use(c, chunk);
    *out = chunk;
    return E_OK;
}

/* --- Runs ---------------------------------------------------------------------------------------------------- */

/* Bits of the run's blocks within the chunk. */
static u32 run_bits(const struct fs_run *run, const struct cache_chunk *chunk)
{
    u64 base = (u64)chunk->number * CACHE_CHUNK_BLOCKS, end = (u64)run->block + run->count;
    u32 from = run->block > base ? (u32)(run->block - base) : 0;
    u32 to = end < base + CACHE_CHUNK_BLOCKS ? (u32)(end - base) : CACHE_CHUNK_BLOCKS;
    return span_bits(from, to - from);
}

static u32 run_chunks(const struct fs_run *run)
{
    return (run->block % CACHE_CHUNK_BLOCKS + run->count + CACHE_CHUNK_BLOCKS - 1) / CACHE_CHUNK_BLOCKS;
}

/* Pins the chunks of [run->block, + count) as far as they are neighbours in memory, and sets the run's extent. */
static err_t run_pin(struct cache *c, struct fs_run *run, u32 count)
{
    struct cache_chunk *first, *next;
    u32 offset = run->block % CACHE_CHUNK_BLOCKS, number = run->block / CACHE_CHUNK_BLOCKS, n = 1;
    err_t error = chunk_get(c, number, &first);
    if (error)
        return error;
    for (; n * CACHE_CHUNK_BLOCKS < offset + count; n++) {
        if (first + n == c->chunks + c->frames || chunk_get(c, number + n, &next))
            break;
        if (next != first + n) {
            next->pins--;
            break;
        }
    }
    u32 reach = n * CACHE_CHUNK_BLOCKS - offset;
    run->data = chunk_data(c, first) + offset * EXT4_BLOCK_SIZE;
    run->count = count < reach ? count : reach;
    return E_OK;
}

/* Gives back the chunks of a run from its i-th on and shortens the run to those before. */
static void run_cut(struct cache *c, struct fs_run *run, u32 i)
{
    struct cache_chunk *first = chunk_at(c, run->data);
    for (u32 k = i, n = run_chunks(run); k < n; k++)
        first[k].pins--;
    run->count = i ? i * CACHE_CHUNK_BLOCKS - run->block % CACHE_CHUNK_BLOCKS : 0;
}

static bool run_is_valid(const struct cache *c, const struct fs_run *run)
{
    const struct cache_chunk *first = chunk_at(c, run->data);
    for (u32 i = 0, n = run_chunks(run); i < n; i++)
        if (run_bits(run, &first[i]) & ~(u32)first[i].valid)
            return false;
    return true;
}

/* Makes the run's blocks valid by reading, as far as that is possible; an error only if the first cannot be read. */
static err_t run_read(struct cache *c, struct fs_run *run)
{
    struct cache_chunk *first = chunk_at(c, run->data);
    u32 n = run_chunks(run);
    for (u32 i = 0; i < n; i++) { /* start all, then wait for each */
        u32 missing = chunk_blocks(c, &first[i]) & ~(u32)first[i].valid;
        if ((run_bits(run, &first[i]) & missing) && !first[i].narrow && !first[i].io.data)
            chunk_start(c, &first[i], missing, false);
    }
    for (u32 i = 0; i < n; i++) {
        err_t error = chunk_read(c, &first[i], run_bits(run, &first[i]));
        if (!error)
            continue;
        run_cut(c, run, i);
        return i ? E_OK : error;
    }
    return E_OK;
}

static void run_zero(struct cache *c, struct fs_run *run)
{
    struct cache_chunk *first = chunk_at(c, run->data);
    for (u32 i = 0, n = run_chunks(run); i < n; i++) {
        chunk_finish(c, &first[i]);
        first[i].valid |= (u16)run_bits(run, &first[i]);
    }
    memset(run->data, 0, (size_t)run->count * EXT4_BLOCK_SIZE);
}

err_t cache_get_run(struct cache *c, u32 block, u32 count, enum cache_fill fill, struct fs_run *run)
{
    *run = (struct fs_run){.block = block};
    if (block >= c->device->block_count || count > c->device->block_count - block)
        return E_IO;
    if (c->device->image) {
        run->data = (u8 *)c->device->image + (size_t)block * EXT4_BLOCK_SIZE;
        run->count = count;
        if (fill == CACHE_FRESH)
            memset(run->data, 0, (size_t)count * EXT4_BLOCK_SIZE);
        return E_OK;
    }
    err_t error = run_pin(c, run, count);
    if (error)
        return error;
    if (fill == CACHE_READ)
        return run_is_valid(c, run) ? E_OK : run_read(c, run);
    run_zero(c, run);
    return E_OK;
}

err_t cache_get(struct cache *c, u32 block, enum cache_fill fill, struct fs_run *run)
{
    struct cache_chunk *chunk = c->hash && fill == CACHE_READ ? chunk_find(c, block / CACHE_CHUNK_BLOCKS) : NULL;
    u32 offset = block % CACHE_CHUNK_BLOCKS;
    if (!chunk || !(chunk->valid >> offset & 1))
        return cache_get_run(c, block, 1, fill, run);
    chunk->pins++; /* what nearly always happens, shortly */
    chunk_use(c, chunk);
    *run = (struct fs_run){chunk_data(c, chunk) + offset * EXT4_BLOCK_SIZE, block, 1};
    return E_OK;
}

void cache_prefetch(struct cache *c, u32 block, u32 count)
{
    struct fs_run run = {NULL, block, count};
    if (c->device->image || block >= c->device->block_count || count > c->device->block_count - block)
        return;
    for (u32 number = block / CACHE_CHUNK_BLOCKS, n = run_chunks(&run); n; n--, number++) {
        struct cache_chunk *chunk = chunk_find(c, number);
        if (chunk)
            continue;
        chunk = frame_free(c, number);
        if (!chunk && !frame_is_idle(c, chunk = c->oldest))
            return; /* nothing that is worth more shall go for it */
        chunk_set_number(c, chunk, number);
        chunk_use(c, chunk);
        chunk_start(c, chunk, chunk_blocks(c, chunk), false);
    }
}

void cache_hold(struct cache *c, const struct fs_run *run)
{
    if (c->device->image || !run->count)
        return;
    struct cache_chunk *first = chunk_at(c, run->data);
    for (u32 i = 0, n = run_chunks(run); i < n; i++)
        first[i].pins++;
}

void cache_put(struct cache *c, struct fs_run *run)
{
    if (!c->device->image && run->count)
        run_cut(c, run, 0);
    run->count = 0;
}

void cache_expose(struct cache *c, const struct fs_run *run)
{
    if (c->device->image) {
        c->exposed = true;
        return;
    }
    struct cache_chunk *first = chunk_at(c, run->data);
    for (u32 i = 0, n = run_chunks(run); i < n; i++)
        first[i].exposed = true;
}

void cache_expose_written(struct cache *c, const struct fs_run *run)
{
    cache_expose(c, run);
    if (!c->device->image)
        chunk_at(c, run->data)->written = true;
}

void cache_dirty(struct cache *c, const struct fs_run *run, u32 first, u32 count)
{
    if (c->device->image || !count)
        return;
    struct fs_run part = {run->data + (size_t)first * EXT4_BLOCK_SIZE, run->block + first, count};
    struct cache_chunk *chunk = chunk_at(c, part.data);
    for (u32 i = 0, n = run_chunks(&part); i < n; i++)
        chunk[i].dirty |= (u16)run_bits(&part, &chunk[i]);
}

void cache_forget(struct cache *c, u32 block, u32 count)
{
    struct fs_run run = {NULL, block, count};
    if (c->device->image) {
        if (c->exposed)
            c->conceal(c->context, (u8 *)c->device->image + (size_t)block * EXT4_BLOCK_SIZE,
                       (size_t)count * EXT4_BLOCK_SIZE);
        return;
    }
    for (u32 number = block / CACHE_CHUNK_BLOCKS, n = run_chunks(&run); n; n--, number++) {
        struct cache_chunk *chunk = chunk_find(c, number);
        if (!chunk)
            continue;
        u32 bits = run_bits(&run, chunk);
        chunk->dirty &= (u16)~bits;
        chunk_conceal(c, chunk);
        if (bits == chunk_blocks(c, chunk) && !chunk->pins && !chunk->io.data)
            chunk_set_number(c, chunk, NO_CHUNK); /* the frame is free, so that what comes next can lie in one piece */
    }
}

err_t cache_write(struct cache *c)
{
    if (c->device->image)
        return E_OK;
    err_t error = E_OK;
    for (u32 i = 0; i < c->frames; i++)
        chunk_start_write(c, &c->chunks[i]);
    for (u32 i = 0; i < c->frames; i++) {
        err_t e = chunk_clean(c, &c->chunks[i]);
        error = error ? error : e;
    }
    return error;
}

err_t cache_sync(struct cache *c)
{
    err_t error = cache_write(c), flushed = c->device->image ? E_OK : c->device->ops->flush(c->device);
    return error ? error : flushed;
}

void cache_drop(struct cache *c)
{
    for (u32 i = 0; c->hash && i < c->frames; i++)
        chunk_finish(c, &c->chunks[i]);
}
