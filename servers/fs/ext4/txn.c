/*
 * Transactions with undo: see txn.h. Old bytes are kept on one stack; each record ends with its description, so that
 * the stack is undone from the top:
 *
 *    | old bytes | struct undo | old bytes | struct undo | ...          used -> grows this way
 */

#include "lib/base/string.h"
#include "servers/fs/ext4/txn.h"

struct undo {
    void *at;
    u32 size, padded;
    struct fs_run run; /* the block, pinned until the end */
};

err_t txn_begin(struct fs *fs)
{
    if (fs->read_only)
        return E_ROFS;
    fs->txn.active = true;
    fs->txn.used = 0;
    fs->txn.freed_count = 0;
    return E_OK;
}

err_t txn_change(struct fs *fs, const struct fs_run *run, void *at, u32 size)
{
    struct fs_txn *t = &fs->txn;
    u32 first = (u32)((u8 *)at - run->data) >> EXT4_BLOCK_SHIFT, padded = (size + 7u) & ~7u;
    if (t->size - t->used < padded + sizeof(struct undo)) {
        ext4_log(fs, "transaction too large", t->used);
        return E_NOMEM;
    }
    struct undo undo = {at, size, padded, {run->data + first * EXT4_BLOCK_SIZE, run->block + first, 1}};
    memcpy(t->stack + t->used, at, size);
    memcpy(t->stack + t->used + padded, &undo, sizeof undo);
    t->used += padded + (u32)sizeof undo;
    cache_hold(&fs->cache, &undo.run);
    cache_dirty(&fs->cache, &undo.run, 0, 1);
    return E_OK;
}

err_t txn_fresh(struct fs *fs, u32 block, struct fs_run *run)
{
    err_t error = cache_get(&fs->cache, block, CACHE_FRESH, run);
    if (!error)
        cache_dirty(&fs->cache, run, 0, 1);
    return error;
}

err_t txn_note_freed(struct fs *fs, u32 block, u32 count)
{
    struct fs_txn *t = &fs->txn;
    struct fs_zone *last = t->freed_count ? &t->freed[t->freed_count - 1] : NULL;
    if (last && block + count == last->start) {
        last->start = block; /* files are cut from the end */
        return E_OK;
    }
    if (t->freed_count == sizeof t->freed / sizeof t->freed[0])
        return E_NOMEM;
    t->freed[t->freed_count++] = (struct fs_zone){block, block + count};
    return E_OK;
}

u32 txn_room(const struct fs *fs)
{
    return fs->txn.size - fs->txn.used;
}

err_t txn_end(struct fs *fs, err_t error)
{
    struct fs_txn *t = &fs->txn;
    struct undo undo;
    while (t->used) {
        memcpy(&undo, t->stack + t->used - sizeof undo, sizeof undo);
        t->used -= undo.padded + (u32)sizeof undo;
        if (error)
            memcpy(undo.at, t->stack + t->used, undo.size);
        cache_put(&fs->cache, &undo.run);
    }
    if (error)
        fs->epoch++;
    for (u32 i = 0; !error && i < t->freed_count; i++)
        cache_forget(&fs->cache, t->freed[i].start, t->freed[i].end - t->freed[i].start);
    t->active = false;
    return error;
}
