/* Directories: see dir.h. */

#include "lib/base/string.h"
#include "servers/fs/ext4/alloc.h"
#include "servers/fs/ext4/dir.h"
#include "servers/fs/ext4/extent.h"
#include "servers/fs/ext4/inode.h"
#include "servers/fs/ext4/txn.h"

static inline u32 entry_size(u32 name_length)
{
    return (EXT4_DIRENT_HEAD + name_length + 3) & ~3u;
}

/* Bytes that an entry really uses of its record. */
static inline u32 entry_used(const struct ext4_dirent *e)
{
    return e->inode ? entry_size(e->name_len) : 0;
}

static inline struct ext4_dirent *entry_at(const struct fs_run *run, u32 offset)
{
    return (struct ext4_dirent *)(run->data + offset);
}

/* Whether an entry is a legal one, where `left` bytes are left of the block. */
static inline bool entry_is_legal(const struct ext4_dirent *e, u32 left)
{
    u32 size = e->rec_len;
    return size >= EXT4_DIRENT_HEAD && size % 4 == 0 && size <= left && entry_used(e) <= size &&
           (e->name_len || !e->inode);
}

/* The entry at an offset below the block's size, or NULL if it is not a legal one. */
static inline struct ext4_dirent *entry_check(struct fs_inode *dir, const struct fs_run *run, u32 offset)
{
    struct ext4_dirent *e = entry_at(run, offset);
    if (__builtin_expect(entry_is_legal(e, EXT4_BLOCK_SIZE - offset), 1))
        return e;
    ext4_corrupt(dir->fs, "bad directory entry in inode", dir->number);
    return NULL;
}

static u32 dir_blocks(const struct fs_inode *dir)
{
    return (u32)(inode_size(dir) / EXT4_BLOCK_SIZE);
}

/* Pins a block of the directory. */
static err_t dir_block(struct fs_inode *dir, u32 block, struct fs_run *run)
{
    struct extent_map map;
    run->count = 0;
    err_t error = extent_lookup(dir, block, &map);
    if (error)
        return error;
    if (!map.disk || map.unwritten)
        return ext4_corrupt(dir->fs, "hole in directory", dir->number);
    return cache_get(&dir->fs->cache, map.disk, CACHE_READ, run);
}

/* --- Finding ------------------------------------------------------------------------------------------------- */

/* Looks through one block; notes the first gap of `need` bytes on the way. */
static err_t block_find(struct fs_inode *dir, u32 block, struct fs_name name, struct dir_slot *slot)
{
    struct fs_run run;
    struct ext4_dirent *e;
    err_t error = dir_block(dir, block, &run);
    if (error)
        return error;
    for (u32 offset = 0, need = entry_size(name.length); offset < EXT4_BLOCK_SIZE; offset += e->rec_len) {
        if (!(e = entry_check(dir, &run, offset))) {
            error = E_IO;
            break;
        }
        if (e->name_len == name.length && e->inode && e->name[0] == name.text[0] &&
            !memcmp(e->name, name.text, name.length)) {
            slot->ino = e->inode;
            slot->type = e->type;
            slot->block = block;
            slot->offset = offset;
            break;
        }
        if (slot->gap_block == DIR_NO_GAP && e->rec_len - entry_used(e) >= need) {
            slot->gap_block = block;
            slot->gap_offset = offset;
        }
    }
    cache_put(&dir->fs->cache, &run);
    return error;
}

err_t dir_find(struct fs_inode *dir, struct fs_name name, struct dir_slot *slot)
{
    *slot = (struct dir_slot){.gap_block = DIR_NO_GAP};
    err_t error = E_OK;
    for (u32 b = 0, n = dir_blocks(dir); b < n && !error && !slot->ino; b++)
        error = block_find(dir, b, name, slot);
    return error;
}

static bool entry_is_dot(const struct ext4_dirent *e)
{
    return e->name[0] == '.' && (e->name_len == 1 || (e->name_len == 2 && e->name[1] == '.'));
}

err_t dir_is_empty(struct fs_inode *dir, bool *empty)
{
    struct fs_run run;
    struct ext4_dirent *e;
    *empty = true;
    for (u32 b = 0, n = dir_blocks(dir); b < n && *empty; b++) {
        err_t error = dir_block(dir, b, &run);
        for (u32 offset = 0; !error && *empty && offset < EXT4_BLOCK_SIZE; offset += e->rec_len) {
            if (!(e = entry_check(dir, &run, offset))) {
                error = E_IO;
                break;
            }
            *empty = !e->inode || entry_is_dot(e);
        }
        cache_put(&dir->fs->cache, &run);
        if (error)
            return error;
    }
    return E_OK;
}

/* The first entry in use of a block at or behind the offset; entry->ino stays 0 if there is none. */
static err_t block_next(struct fs_inode *dir, u32 block, u32 from, struct fs_entry *entry)
{
    struct fs_run run;
    struct ext4_dirent *e;
    err_t error = dir_block(dir, block, &run);
    for (u32 offset = 0; !error && !entry->ino && offset < EXT4_BLOCK_SIZE; offset += e->rec_len) {
        if (!(e = entry_check(dir, &run, offset))) {
            error = E_IO;
            break;
        }
        if (offset < from || !e->inode)
            continue;
        entry->next = (u64)block * EXT4_BLOCK_SIZE + offset + e->rec_len;
        entry->ino = e->inode;
        entry->type = e->type;
        entry->length = e->name_len;
        memcpy(entry->name, e->name, e->name_len);
    }
    cache_put(&dir->fs->cache, &run);
    return error;
}

err_t ext4_readdir(struct fs_inode *dir, u64 cookie, struct fs_entry *entry)
{
    if (!inode_is_dir(dir))
        return E_NOTDIR;
    u64 end = inode_size(dir);
    entry->ino = 0;
    while (cookie < end) {
        err_t error = block_next(dir, (u32)(cookie / EXT4_BLOCK_SIZE), cookie % EXT4_BLOCK_SIZE, entry);
        if (error || entry->ino)
            return error;
        cookie = (cookie / EXT4_BLOCK_SIZE + 1) * EXT4_BLOCK_SIZE;
    }
    return E_NOENT;
}

/* --- Changing ------------------------------------------------------------------------------------------------ */

static u8 type_of(const struct fs_inode *inode)
{
    static const u8 types[16] = {[EXT4_MODE_FIFO >> 12] = EXT4_FT_FIFO, [EXT4_MODE_CHAR >> 12] = EXT4_FT_CHAR,
                                 [EXT4_MODE_DIR >> 12] = EXT4_FT_DIR,   [EXT4_MODE_BLOCK >> 12] = EXT4_FT_BLOCK,
                                 [EXT4_MODE_FILE >> 12] = EXT4_FT_FILE, [EXT4_MODE_LINK >> 12] = EXT4_FT_LINK,
                                 [EXT4_MODE_SOCK >> 12] = EXT4_FT_SOCK};
    return types[inode_type(inode) >> 12];
}

static void entry_fill(struct ext4_dirent *e, u32 rec_len, struct fs_name name, const struct fs_inode *target)
{
    *e = (struct ext4_dirent){
        .inode = target->number, .rec_len = (u16)rec_len, .name_len = (u8)name.length, .type = type_of(target)};
    memcpy(e->name, name.text, name.length);
}

/* A new block at the end of the directory, zeroed and pinned. */
static err_t dir_grow(struct fs_inode *dir, struct fs_run *run)
{
    struct fs *fs = dir->fs;
    struct extent_map map = {.block = dir_blocks(dir)};
    u32 goal = alloc_inode_goal(fs, dir->number);
    if (dir->hint.count && dir->hint_epoch == fs->epoch)
        goal = dir->hint.disk + dir->hint.count;
    run->count = 0;
    if (inode_size(dir) + EXT4_BLOCK_SIZE >= 1ull << 32)
        return E_NOSPC;
    err_t error = alloc_blocks(fs, goal, 1, ALLOC_NORMAL, &map.disk, &map.count);
    if (!error)
        error = extent_insert(dir, map);
    if (!error)
        error = inode_change(dir);
    if (error)
        return error;
    inode_set_size(dir, inode_size(dir) + EXT4_BLOCK_SIZE);
    return txn_fresh(fs, map.disk, run);
}

/* Puts the entry into the room behind the one at the offset. */
static err_t block_add(struct fs_inode *dir, const struct dir_slot *slot, struct fs_name name,
                       const struct fs_inode *target)
{
    struct fs_run run;
    err_t error = dir_block(dir, slot->gap_block, &run);
    if (error)
        return error;
    struct ext4_dirent *e = entry_at(&run, slot->gap_offset);
    u32 used = entry_used(e), room = e->rec_len - used;
    error = txn_change(dir->fs, &run, e, used + entry_size(name.length));
    if (!error) {
        if (used)
            e->rec_len = (u16)used;
        entry_fill(entry_at(&run, slot->gap_offset + used), room, name, target);
    }
    cache_put(&dir->fs->cache, &run);
    return error;
}

err_t dir_add(struct fs_inode *dir, struct fs_name name, const struct dir_slot *slot, const struct fs_inode *target)
{
    err_t error = inode_mark_modified(dir);
    if (error)
        return error;
    dir->raw->flags &= ~EXT4_INODE_INDEX;
    if (slot->gap_block != DIR_NO_GAP)
        return block_add(dir, slot, name, target);
    struct fs_run run;
    error = dir_grow(dir, &run);
    if (!error)
        entry_fill(entry_at(&run, 0), EXT4_BLOCK_SIZE, name, target);
    cache_put(&dir->fs->cache, &run);
    return error;
}

/* The entry in front of the one at `offset` swallows it; the first of a block is just marked free. */
static err_t block_remove(struct fs_inode *dir, const struct fs_run *run, u32 offset)
{
    struct ext4_dirent *e = entry_at(run, offset), *before = NULL;
    for (u32 at = 0; at < offset; at += before->rec_len)
        if (!(before = entry_check(dir, run, at)))
            return E_IO;
    err_t error = txn_change(dir->fs, run, e, EXT4_DIRENT_HEAD);
    if (!error && before)
        error = txn_change(dir->fs, run, before, EXT4_DIRENT_HEAD);
    if (error)
        return error;
    e->inode = 0;
    if (before)
        before->rec_len += e->rec_len;
    return E_OK;
}

err_t dir_remove(struct fs_inode *dir, const struct dir_slot *slot)
{
    struct fs_run run;
    err_t error = inode_mark_modified(dir);
    if (!error)
        error = dir_block(dir, slot->block, &run);
    if (error)
        return error;
    error = block_remove(dir, &run, slot->offset);
    cache_put(&dir->fs->cache, &run);
    return error;
}

err_t dir_set(struct fs_inode *dir, const struct dir_slot *slot, const struct fs_inode *target)
{
    struct fs_run run;
    err_t error = inode_mark_modified(dir);
    if (!error)
        error = dir_block(dir, slot->block, &run);
    if (error)
        return error;
    struct ext4_dirent *e = entry_at(&run, slot->offset);
    error = txn_change(dir->fs, &run, e, EXT4_DIRENT_HEAD);
    if (!error) {
        e->inode = target->number;
        e->type = type_of(target);
    }
    cache_put(&dir->fs->cache, &run);
    return error;
}

err_t dir_init(struct fs_inode *dir, const struct fs_inode *parent)
{
    struct fs_run run;
    u32 first = entry_size(1);
    extent_init(dir);
    err_t error = dir_grow(dir, &run);
    if (!error) {
        entry_fill(entry_at(&run, 0), first, (struct fs_name){".", 1}, dir);
        entry_fill(entry_at(&run, first), EXT4_BLOCK_SIZE - first, (struct fs_name){"..", 2}, parent);
    }
    cache_put(&dir->fs->cache, &run);
    return error;
}
