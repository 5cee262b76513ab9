/*
 * Pieces of files: windows onto the cache. Space for writing is allocated ahead, outside of the extent tree, and
 * entered when a commit says that it holds data:
 *
 *     file blocks   0 ........ n-1 | n .............. n+k |
 *                   in the tree    | ahead: allocated,    |
 *                                  | zeroed when shown    |
 *                                  ^ end of file moves this way with each commit
 *
 * So bytes that were never committed are never in the file, and a commit needs neither a search for space (the tree's
 * own growth is reserved) nor, for a file that is written in order, more than a longer last extent.
 */

#include "lib/base/string.h"
#include "servers/fs/ext4/alloc.h"
#include "servers/fs/ext4/expose.h"
#include "servers/fs/ext4/extent.h"
#include "servers/fs/ext4/inode.h"
#include "servers/fs/ext4/tail.h"
#include "servers/fs/ext4/txn.h"

#define ALIGN_SMALL  16u  /* blocks: alignment of new files that do not fill more */
#define ALIGN_LARGE  64u  /* and of those that do */
#define PREFETCH_MAX 64u  /* blocks read in advance */
#define AHEAD_MAX    512u /* blocks allocated ahead at most, unless a single piece wants more */

static u32 blocks_for(u64 bytes)
{
    return (u32)((bytes + EXT4_BLOCK_SIZE - 1) / EXT4_BLOCK_SIZE);
}

static u32 min_u32(u32 a, u32 b)
{
    return a < b ? a : b;
}

static struct fs_run piece_run(const struct fs_piece *piece)
{
    return (struct fs_run){piece->page, piece->block, piece->blocks};
}

/* First file block of the piece. */
static u32 piece_start(const struct fs_piece *piece)
{
    return (u32)(piece->position / EXT4_BLOCK_SIZE);
}

u32 ext4_piece_pages(const struct fs_piece *piece)
{
    return blocks_for((u64)piece->offset + piece->length);
}

static void piece_link(struct fs_piece *piece, struct fs_inode *inode)
{
    piece->inode = inode;
    piece->next = inode->pieces;
    piece->link = &inode->pieces;
    if (piece->next)
        piece->next->link = &piece->next;
    inode->pieces = piece;
}

void ext4_piece_release(struct fs_piece *piece)
{
    struct fs_inode *inode = piece->inode;
    if (!inode)
        return;
    *piece->link = piece->next;
    if (piece->next)
        piece->next->link = piece->link;
    struct fs_run run = piece_run(piece);
    if (!piece->hole)
        cache_put(&inode->fs->cache, &run);
    piece->inode = NULL;
}

void ext4_piece_revoke(struct fs_piece *piece)
{
    struct fs_inode *inode = piece->inode;
    if (!inode)
        return;
    inode->fs->env.revoke(inode->fs->env.context, piece);
    ext4_piece_release(piece);
}

/* --- Reading ------------------------------------------------------------------------------------------------- */

static err_t piece_check(const struct fs_inode *inode)
{
    if (inode_type(inode) == EXT4_MODE_FILE)
        return E_OK;
    return inode_is_dir(inode) ? E_ISDIR : E_INVAL;
}

/* Sets the piece to what the run holds of [position, + left). */
static void piece_set(struct fs_piece *piece, struct fs_inode *inode, u64 position, u32 left, struct fs_run run)
{
    piece->position = position;
    piece->offset = position % EXT4_BLOCK_SIZE;
    piece->length = (u32)(run.count * (u64)EXT4_BLOCK_SIZE - piece->offset);
    piece->length = min_u32(piece->length, left);
    piece->page = run.data;
    piece->block = run.block;
    piece->blocks = run.count;
    piece_link(piece, inode);
}

/* Maps up to `want` blocks of a hole: pages of zeros but the last, which is for mappings. */
static struct fs_run zero_run(const struct fs *fs, u32 want)
{
    return (struct fs_run){fs->options.zeros, 0, min_u32(want, (u32)(fs->options.zeros_size / EXT4_BLOCK_SIZE) - 1)};
}

/* Pins up to `want` blocks of the map for a reader; one who takes much at a time will want as much again. */
static err_t in_pin(struct fs_inode *inode, struct extent_map map, u32 want, struct fs_run *run)
{
    struct cache *cache = &inode->fs->cache;
    err_t error = cache_get_run(cache, map.disk, want, CACHE_READ, run);
    u32 behind = map.count - want;
    if (!error && want >= CACHE_CHUNK_BLOCKS && behind)
        cache_prefetch(cache, map.disk + want, min_u32(behind, min_u32(want, PREFETCH_MAX)));
    return error;
}

err_t ext4_piece_in(struct fs_inode *inode, u64 position, u32 max, struct fs_piece *piece)
{
    void *owner = piece->owner;
    *piece = (struct fs_piece){.owner = owner, .position = position};
    u64 size = inode_size(inode);
    err_t error = piece_check(inode);
    if (error || position >= size || !max)
        return error;
    u32 left = size - position < max ? (u32)(size - position) : max;
    u32 block = (u32)(position / EXT4_BLOCK_SIZE), want = blocks_for(position % EXT4_BLOCK_SIZE + (u64)left);
    if (position + left == size && (error = tail_clean(inode)))
        return error;
    struct extent_map map;
    struct fs_run run;
    error = extent_lookup(inode, block, &map);
    if (error)
        return error;
    want = min_u32(want, map.count);
    piece->hole = !map.disk || map.unwritten;
    if (piece->hole)
        run = zero_run(inode->fs, want);
    else if ((error = in_pin(inode, map, want, &run)))
        return error;
    piece_set(piece, inode, position, left, run);
    return E_OK;
}

/* --- Space ahead --------------------------------------------------------------------------------------------- */

/* Whether a writer's piece covers `block`; *count is cut to the blocks from there on that are alike. */
static bool pieces_cover(const struct fs_inode *inode, u32 block, u32 *count)
{
    bool covered = false;
    for (const struct fs_piece *p = inode->pieces; p; p = p->next) {
        u32 start = piece_start(p), end = start + p->blocks;
        if (!p->write || end <= block)
            continue;
        if (start > block) {
            *count = min_u32(*count, start - block);
        } else {
            *count = min_u32(*count, end - block);
            covered = true;
        }
    }
    return covered;
}

static bool ahead_in_use(const struct fs_inode *inode)
{
    u32 count = inode->ahead.count;
    return pieces_cover(inode, inode->ahead.block, &count) || count < inode->ahead.count;
}

static void ahead_forget(struct fs_inode *inode)
{
    alloc_unreserve(inode->fs, inode->ahead_reserved);
    inode->ahead_reserved = 0;
    inode->ahead.count = 0;
}

/* Enters `map`, part of the space ahead, as unwritten: it stays the file's, but reads as zeros. */
static err_t ahead_enter_unwritten(struct fs_inode *inode, struct extent_map map)
{
    map.unwritten = true;
    while (map.count) {
        struct extent_map part = map;
        part.count = min_u32(map.count, EXT4_EXTENT_LEN_MAX - 1);
        err_t error = extent_insert(inode, part);
        if (error)
            return error;
        map.block += part.count;
        map.disk += part.count;
        map.count -= part.count;
    }
    return E_OK;
}

/* Gives up the space ahead. What writers hold pieces of cannot be freed: that goes into the tree, unwritten. */
static err_t ahead_drop(struct fs_inode *inode)
{
    if (!inode->ahead.count)
        return E_OK;
    err_t error = txn_begin(inode->fs);
    if (error)
        return error;
    error = ahead_in_use(inode) ? ahead_enter_unwritten(inode, inode->ahead)
                                : alloc_free_blocks(inode->fs, inode->ahead.disk, inode->ahead.count);
    txn_end(inode->fs, error);
    if (!error)
        ahead_forget(inode);
    return error;
}

void ext4_inode_trim(struct fs_inode *inode)
{
    if (inode->ahead.count && !ahead_in_use(inode) && ahead_drop(inode)) {
        ext4_log(inode->fs, "could not give back space, left for e2fsck; inode", inode->number);
        inode->fs->was_clean = false;
        ahead_forget(inode);
    }
}

/* Where new blocks for `block` should go: behind the block before it. *fresh: there is none. */
static err_t ahead_goal(struct fs_inode *inode, u32 block, u32 *goal, bool *fresh)
{
    struct extent_map before = {0};
    err_t error = block ? extent_lookup(inode, block - 1, &before) : E_OK;
    *fresh = !before.disk;
    *goal = before.disk ? before.disk + 1 : alloc_inode_goal(inode->fs, inode->number);
    return error;
}

/*
 * The alignment on disk, and so in memory, that lets windows onto so many blocks be large, and lets the beginning of a
 * program be mapped by one page of 64 KiB or what it fills of it.
 */
static u32 ahead_alignment(u32 want)
{
    u32 align = 1;
    while (align < want && align < ALIGN_SMALL)
        align *= 2;
    while (align * 2 <= want && align < ALIGN_LARGE)
        align *= 2;
    return align;
}

/* Cuts what was allocated to at most `want` blocks from the first aligned one on, and frees the rest. */
static err_t ahead_fit(struct fs *fs, struct extent_map *map, u32 align, u32 want)
{
    u32 skip = -map->disk % align;
    if (skip >= map->count)
        skip = 0;
    u32 rest = map->count - skip > want ? map->count - skip - want : 0;
    err_t error = skip ? alloc_free_blocks(fs, map->disk, skip) : E_OK;
    if (!error && rest)
        error = alloc_free_blocks(fs, map->disk + map->count - rest, rest);
    map->disk += skip;
    map->count -= skip + rest;
    return error;
}

static err_t ahead_take(struct fs *fs, u32 goal, u32 align, u32 want, struct extent_map *map)
{
    err_t error = txn_begin(fs);
    if (error)
        return error;
    error = alloc_blocks(fs, goal, want + align - 1, ALLOC_NORMAL, &map->disk, &map->count);
    if (!error)
        error = ahead_fit(fs, map, align, want);
    return txn_end(fs, error);
}

/* Allocates space ahead at `block`, in a hole of `hole` blocks: `want` blocks, more if the file is large. */
static err_t ahead_alloc(struct fs_inode *inode, u32 block, u32 want, u32 hole)
{
    struct fs *fs = inode->fs;
    struct extent_map map = {.block = block};
    u32 goal, cost = extent_insert_cost(inode), grow = min_u32(blocks_for(inode_size(inode)), AHEAD_MAX);
    bool fresh;
    err_t error = ahead_goal(inode, block, &goal, &fresh);
    if (!error)
        error = alloc_reserve(fs, cost);
    if (error)
        return error;
    want = min_u32(want > grow ? want : grow, hole);
    error = ahead_take(fs, goal, fresh ? ahead_alignment(want) : 1, want, &map);
    if (error) {
        alloc_unreserve(fs, cost);
        return error;
    }
    inode->ahead = map;
    inode->ahead_reserved = cost;
    return E_OK;
}

/* Makes *map, a hole at map->block, the space ahead that begins there: what there is, or new. */
static err_t ahead_get(struct fs_inode *inode, u32 want, struct extent_map *map)
{
    struct extent_map ahead = inode->ahead;
    if (!extent_map_cut(&ahead, map->block)) {
        u32 hole = map->count;
        if (inode->ahead.block > map->block && inode->ahead.count)
            hole = min_u32(hole, inode->ahead.block - map->block);
        err_t error = ahead_drop(inode);
        if (!error)
            error = ahead_alloc(inode, map->block, min_u32(want, hole), hole);
        if (error)
            return error;
        ahead = inode->ahead;
    }
    *map = ahead;
    return E_OK;
}

/* --- Writing ------------------------------------------------------------------------------------------------- */

/* Pins up to `want` blocks of the map for a writer; those that hold no data yet are shown as zeros. */
static err_t out_pin(struct fs_inode *inode, struct extent_map map, bool fresh, u32 want, struct fs_run *run)
{
    want = min_u32(want, map.count);
    if (fresh && pieces_cover(inode, map.block, &want)) /* another writer's, perhaps not committed: not to be cleared */
        fresh = false;
    return cache_get_run(&inode->fs->cache, map.disk, want, fresh ? CACHE_FRESH : CACHE_READ, run);
}

/* The blocks that follow a run, if they are space ahead and lie behind it on disk and in memory: a longer piece. */
static void out_extend(struct fs_inode *inode, u32 block, u32 want, struct fs_run *run)
{
    struct cache *cache = &inode->fs->cache;
    struct extent_map map, ahead = inode->ahead;
    struct fs_run more, joined = *run;
    if (extent_lookup(inode, block, &map) || map.disk)
        return;
    if (!extent_map_cut(&ahead, block) && (ahead_get(inode, want, &map) || (ahead = map, false)))
        return;
    if (ahead.disk != run->block + run->count || out_pin(inode, ahead, true, want, &more))
        return;
    if (more.data == run->data + (size_t)run->count * EXT4_BLOCK_SIZE) {
        joined.count += more.count;
        cache_hold(cache, &joined);
        cache_put(cache, run);
        *run = joined;
    }
    cache_put(cache, &more);
}

/* Pins a run of up to `want` blocks for writing at `block`. */
static err_t out_run(struct fs_inode *inode, u32 block, u32 want, struct fs_run *run)
{
    struct extent_map map;
    err_t error = extent_lookup(inode, block, &map);
    if (error)
        return error;
    bool fresh = !map.disk || map.unwritten;
    if (!map.disk)
        error = ahead_get(inode, want, &map);
    if (!error)
        error = out_pin(inode, map, fresh, want, run);
    if (!error && !fresh && run->count == map.count && run->count < want)
        out_extend(inode, block + run->count, want - run->count, run);
    return error;
}

/* Two appenders cannot both write at the end: the one that asks last gets it, the other will ask again. */
static void out_revoke_appenders(struct fs_inode *inode)
{
    for (struct fs_piece *p = inode->pieces, *next; p; p = next) {
        next = p->next;
        if (p->write && p->append)
            ext4_piece_revoke(p);
    }
}

err_t ext4_piece_out(struct fs_inode *inode, u64 position, u32 max, bool append, struct fs_piece *piece)
{
    const u64 limit = (u64)EXTENT_BLOCK_LIMIT * EXT4_BLOCK_SIZE;
    void *owner = piece->owner;
    *piece = (struct fs_piece){.owner = owner, .write = true, .append = append};
    err_t error = piece_check(inode);
    if (error || inode->fs->read_only)
        return error ? error : E_ROFS;
    if (append) {
        position = inode_size(inode);
        out_revoke_appenders(inode);
    }
    if (position >= limit)
        return E_FBIG;
    max = limit - position < max ? (u32)(limit - position) : max ? max : 1;
    if (position + max > inode_size(inode) && (error = tail_clean(inode)))
        return error;
    struct fs_run run;
    u32 want = blocks_for(position % EXT4_BLOCK_SIZE + (u64)max);
    error = out_run(inode, (u32)(position / EXT4_BLOCK_SIZE), want, &run);
    if (!error)
        piece_set(piece, inode, position, max, run);
    return error;
}

/* --- Committing ---------------------------------------------------------------------------------------------- */

/*
 * Enters up to `count` blocks of the space ahead (*ahead) at block as written. What lies in front of them was skipped
 * by its writer so far; it goes into the tree unwritten.
 */
static err_t commit_ahead(struct fs_inode *inode, u32 block, u32 *count, struct extent_map *ahead)
{
    struct extent_map map = *ahead;
    if (!extent_map_cut(&map, block))
        return E_AGAIN;
    err_t error = E_OK;
    if (block > ahead->block) {
        struct extent_map front = *ahead;
        front.count = block - ahead->block;
        error = ahead_enter_unwritten(inode, front);
    }
    *count = map.count = min_u32(min_u32(*count, map.count), EXT4_EXTENT_LEN_MAX);
    if (!error)
        error = extent_insert(inode, map);
    if (!extent_map_cut(ahead, block + map.count))
        ahead->count = 0;
    return error;
}

/* Makes blocks [block, + count) of the file written. *filled: some were not before. */
static err_t commit_blocks(struct fs_inode *inode, u32 block, u32 count, struct extent_map *ahead, bool *filled)
{
    while (count) {
        struct extent_map map;
        err_t error = extent_lookup(inode, block, &map);
        u32 n = min_u32(count, map.count);
        if (!error && (!map.disk || map.unwritten)) {
            *filled = true;
            error = map.disk ? extent_mark_written(inode, block, n) : commit_ahead(inode, block, &n, ahead);
        }
        if (error)
            return error;
        block += n;
        count -= n;
    }
    return E_OK;
}

/* Readers that look at zeros where data are now must look again. */
static void commit_revoke_holes(struct fs_inode *inode, u32 block, u32 count)
{
    for (struct fs_piece *p = inode->pieces, *next; p; p = next) {
        next = p->next;
        if (p->hole && piece_start(p) < block + count && block < piece_start(p) + p->blocks)
            ext4_piece_revoke(p);
    }
    expose_conceal_holes(inode);
}

/* The committed bytes end the file: what the writer put behind them in the last block does not count. */
static void commit_clear_rest(struct fs_inode *inode, const struct fs_piece *piece, u32 n)
{
    u32 end = piece->offset + n, rest = -end % EXT4_BLOCK_SIZE, one = 1;
    inode->tail_clean = false;
    if (pieces_cover(inode, (u32)((piece->position + n) / EXT4_BLOCK_SIZE), &one))
        return; /* another writer may be writing just there; readers will see to it */
    memset(piece->page + end, 0, rest);
    inode->tail_clean = !inode->map_written;
}

static err_t commit_change(struct fs_piece *piece, u32 n)
{
    struct fs_inode *inode = piece->inode;
    struct extent_map ahead = inode->ahead;
    u32 block = piece_start(piece), count = blocks_for((u64)piece->offset + n);
    bool filled = false;
    err_t error = txn_begin(inode->fs);
    if (error)
        return error;
    error = commit_blocks(inode, block, count, &ahead, &filled);
    if (!error && piece->position + n > inode_size(inode))
        error = inode_change_size(inode, piece->position + n);
    else if (!error)
        error = inode_mark_modified(inode);
    txn_end(inode->fs, error);
    if (error)
        return error;
    inode->ahead = ahead;
    if (!ahead.count)
        ahead_forget(inode);
    struct fs_run run = piece_run(piece);
    cache_dirty(&inode->fs->cache, &run, 0, count);
    if (filled)
        commit_revoke_holes(inode, block, count);
    return E_OK;
}

err_t ext4_piece_commit(struct fs_piece *piece, u32 n)
{
    struct fs_inode *inode = piece->inode;
    if (!inode)
        return E_AGAIN;
    if (!piece->write || n > piece->length)
        return E_INVAL;
    err_t error = piece->append && piece->position != inode_size(inode) ? E_AGAIN : E_OK;
    if (!error && n)
        error = commit_change(piece, n);
    piece->write = false; /* it covers nothing any more */
    if (!error && n && piece->position + n == inode_size(inode))
        commit_clear_rest(inode, piece, n);
    ext4_piece_release(piece);
    return error;
}
