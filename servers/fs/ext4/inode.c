/* Inodes in memory: see inode.h. */

#include "lib/base/string.h"
#include "servers/fs/ext4/alloc.h"
#include "servers/fs/ext4/extent.h"
#include "servers/fs/ext4/group.h"
#include "servers/fs/ext4/inode.h"
#include "servers/fs/ext4/orphan.h"
#include "servers/fs/ext4/txn.h"

#define SECTORS_PER_BLOCK (EXT4_BLOCK_SIZE / 512)
#define NS_PER_SECOND     1000000000u

/* --- Finding ------------------------------------------------------------------------------------------------- */

err_t inode_locate(struct fs *fs, u32 number, struct fs_run *run, struct ext4_inode **raw)
{
    if (number < 1 || number > fs->inodes)
        return ext4_corrupt(fs, "bad inode number", number);
    struct ext4_group *desc;
    struct fs_run desc_run;
    err_t error = group_get(fs, (number - 1) / fs->inodes_per_group, &desc_run, &desc);
    if (error)
        return error;
    u64 offset = (u64)((number - 1) % fs->inodes_per_group) * fs->inode_size;
    u32 block = desc->inode_table + (u32)(offset / EXT4_BLOCK_SIZE);
    cache_put(&fs->cache, &desc_run);
    error = cache_get(&fs->cache, block, CACHE_READ, run);
    if (!error)
        *raw = (struct ext4_inode *)(run->data + offset % EXT4_BLOCK_SIZE);
    return error;
}

static struct fs_inode **inode_bucket(struct fs *fs, u32 number)
{
    return &fs->inodes_by_number[number % INODE_BUCKETS];
}

/* An empty struct fs_inode, entered under its number with one reference. */
static struct fs_inode *inode_enter(struct fs *fs, u32 number)
{
    struct fs_inode *inode = fs->inode_pool;
    if (inode)
        fs->inode_pool = inode->hash_next;
    else if (!(inode = fs->env.alloc(fs->env.context, sizeof *inode)))
        return NULL;
    struct fs_inode **bucket = inode_bucket(fs, number);
    *inode = (struct fs_inode){.fs = fs, .number = number, .refs = 1, .hash_next = *bucket};
    *bucket = inode;
    fs->inodes_held++;
    return inode;
}

/* Takes an inode without references out of the table. */
static void inode_leave(struct fs_inode *inode)
{
    struct fs *fs = inode->fs;
    struct fs_inode **link = inode_bucket(fs, inode->number);
    while (*link != inode)
        link = &(*link)->hash_next;
    *link = inode->hash_next;
    cache_put(&fs->cache, &inode->run);
    inode->hash_next = fs->inode_pool;
    fs->inode_pool = inode;
    fs->inodes_held--;
}

/* Whether type, flags and size agree with each other: what the other parts rely on. */
static bool inode_is_sane(const struct fs_inode *inode)
{
    u64 size = inode_size(inode);
    bool extents = inode->raw->flags & EXT4_INODE_EXTENTS;
    switch (inode_type(inode)) {
    case EXT4_MODE_FILE:
        return extents && size <= (u64)EXTENT_BLOCK_LIMIT * EXT4_BLOCK_SIZE;
    case EXT4_MODE_DIR:
        return extents && size && size % EXT4_BLOCK_SIZE == 0 && size < 1ull << 32;
    case EXT4_MODE_LINK:
        return size && size < (extents ? EXT4_BLOCK_SIZE : sizeof inode->raw->block);
    case EXT4_MODE_FIFO:
    case EXT4_MODE_CHAR:
    case EXT4_MODE_BLOCK:
    case EXT4_MODE_SOCK:
        return !extents;
    default:
        return false;
    }
}

static err_t inode_check(const struct fs_inode *inode, bool orphan)
{
    struct fs *fs = inode->fs;
    if (inode->raw->flags & EXT4_INODE_REFUSED)
        return ext4_corrupt(fs, "inode with features we do not have", inode->number);
    if (!orphan && !inode->raw->links)
        return ext4_corrupt(fs, "a name leads to a deleted inode", inode->number);
    if (orphan && inode->raw->links)
        return ext4_corrupt(fs, "an inode with a name is listed as orphan", inode->number);
    bool emptied = orphan && !inode_size(inode); /* deleting it was interrupted */
    return emptied || inode_is_sane(inode) ? E_OK : ext4_corrupt(fs, "bad inode", inode->number);
}

err_t inode_get(struct fs *fs, u32 number, bool orphan, struct fs_inode **out)
{
    struct fs_inode *inode = *inode_bucket(fs, number);
    while (inode && inode->number != number)
        inode = inode->hash_next;
    if (inode) {
        err_t bad = inode_check(inode, orphan);
        if (bad)
            return bad;
        inode->refs++;
        *out = inode;
        return E_OK;
    }
    if (number != EXT4_ROOT_INO && number < fs->first_ino)
        return ext4_corrupt(fs, "a name leads to a reserved inode", number);
    if (!(inode = inode_enter(fs, number)))
        return E_NOMEM;
    err_t error = inode_locate(fs, number, &inode->run, &inode->raw);
    if (!error)
        error = inode_check(inode, orphan);
    if (error)
        inode_leave(inode);
    else
        *out = inode;
    return error;
}

void ext4_inode_hold(struct fs_inode *inode)
{
    inode->refs++;
}

/* Deletes the inode if it has no name. */
static void inode_reap(struct fs_inode *inode)
{
    if (inode->raw->links || inode->fs->read_only || inode->deleted)
        return;
    inode->deleted = true;
    if (orphan_delete(inode))
        ext4_log(inode->fs, "could not delete an inode, left for e2fsck", inode->number);
}

void ext4_inode_put(struct fs_inode *inode)
{
    if (!inode || --inode->refs)
        return;
    ext4_inode_trim(inode);
    inode_reap(inode);
    inode_leave(inode);
}

void inode_settle_all(struct fs *fs)
{
    for (u32 i = 0; i < INODE_BUCKETS; i++)
        for (struct fs_inode *inode = fs->inodes_by_number[i]; inode; inode = inode->hash_next) {
            while (inode->pieces)
                ext4_piece_revoke(inode->pieces);
            ext4_inode_trim(inode);
            inode_reap(inode);
        }
}

void inode_forget(struct fs_inode *inode)
{
    inode->refs = 0;
    inode_leave(inode);
}

static void inode_free_list(struct fs *fs, struct fs_inode *inode)
{
    while (inode) {
        struct fs_inode *next = inode->hash_next;
        fs->env.free(fs->env.context, inode, sizeof *inode);
        inode = next;
    }
}

void inode_drop_all(struct fs *fs)
{
    inode_free_list(fs, fs->inode_pool);
    for (u32 i = 0; i < INODE_BUCKETS; i++)
        inode_free_list(fs, fs->inodes_by_number[i]);
}

/* --- Changing ------------------------------------------------------------------------------------------------ */

static u32 inode_raw_size(const struct fs *fs)
{
    return fs->inode_size < sizeof(struct ext4_inode) ? EXT4_INODE_BASE_SIZE : sizeof(struct ext4_inode);
}

err_t inode_change(struct fs_inode *inode)
{
    return txn_change(inode->fs, &inode->run, inode->raw, inode_raw_size(inode->fs));
}

void inode_set_size(struct fs_inode *inode, u64 size)
{
    inode->raw->size_lo = (u32)size;
    inode->raw->size_hi = (u32)(size >> 32);
}

static u64 inode_sectors(const struct fs_inode *inode)
{
    u64 n = inode->raw->blocks_lo | (u64)inode->raw->blocks_hi << 32;
    return inode->raw->flags & EXT4_INODE_HUGE_FILE ? n * SECTORS_PER_BLOCK : n;
}

void inode_add_blocks(struct fs_inode *inode, i64 blocks)
{
    i64 unit = inode->raw->flags & EXT4_INODE_HUGE_FILE ? 1 : SECTORS_PER_BLOCK;
    u64 n = (inode->raw->blocks_lo | (u64)inode->raw->blocks_hi << 32) + (u64)(blocks * unit);
    inode->raw->blocks_lo = (u32)n;
    inode->raw->blocks_hi = (u16)(n >> 32);
}

/* Whether the inode has the extra fields up to crtime_extra. */
static bool inode_has_extra(const struct fs_inode *inode)
{
    return inode->fs->inode_size >= sizeof(struct ext4_inode) &&
           inode->raw->extra_isize >= offsetof(struct ext4_inode, version_hi) - EXT4_INODE_BASE_SIZE;
}

/* A time is 32 bits of seconds (signed), and in the extra field 2 more bits of seconds below 30 bits of nanoseconds. */
static u64 time_get(u32 seconds, u32 extra)
{
    i64 s = (i32)seconds + ((i64)(extra & 3) << 32);
    return s < 0 ? 0 : (u64)s * NS_PER_SECOND + (extra >> 2);
}

static void time_set(u32 *seconds, u32 *extra, u64 ns)
{
    u64 s = ns / NS_PER_SECOND;
    *seconds = (u32)s;
    if (extra)
        *extra = (u32)((s - (u64)(i64)(i32)(u32)s) >> 32 & 3) | (u32)(ns % NS_PER_SECOND) << 2;
}

void inode_set_times(struct fs_inode *inode, u32 which, u64 ns)
{
    struct ext4_inode *raw = inode->raw;
    bool extra = inode_has_extra(inode);
    if (which & INODE_ATIME)
        time_set(&raw->atime, extra ? &raw->atime_extra : NULL, ns);
    if (which & INODE_MTIME)
        time_set(&raw->mtime, extra ? &raw->mtime_extra : NULL, ns);
    if (which & INODE_CTIME)
        time_set(&raw->ctime, extra ? &raw->ctime_extra : NULL, ns);
    if ((which & INODE_CRTIME) && extra)
        time_set(&raw->crtime, &raw->crtime_extra, ns);
}

void inode_touch(struct fs_inode *inode, u32 which)
{
    inode_set_times(inode, which, inode->fs->env.now(inode->fs->env.context));
}

err_t inode_mark_modified(struct fs_inode *inode)
{
    err_t error = inode_change(inode);
    if (!error)
        inode_touch(inode, INODE_MTIME | INODE_CTIME);
    return error;
}

err_t inode_change_size(struct fs_inode *inode, u64 size)
{
    struct fs *fs = inode->fs;
    u32 *features = &fs->super->feature_ro_compat;
    err_t error = inode_mark_modified(inode);
    if (!error && size > 0x7fffffff && !(*features & EXT4_RO_LARGE_FILE)) {
        error = txn_change(fs, &fs->super_run, features, sizeof *features);
        if (!error)
            *features |= EXT4_RO_LARGE_FILE; /* the superblock announces files of 2 GiB and more */
    }
    if (!error)
        inode_set_size(inode, size);
    return error;
}

err_t inode_clear_links(struct fs_inode *inode)
{
    err_t error = inode_change(inode);
    if (error)
        return error;
    inode->raw->links = 0;
    return orphan_add(inode);
}

err_t inode_add_link(struct fs_inode *inode, i32 change)
{
    u32 links = inode->raw->links;
    bool dir = inode_is_dir(inode);
    if (dir && links == 1)
        return E_OK; /* more subdirectories than can be counted: stays so */
    if (change < 0 && links == 1)
        return inode_clear_links(inode);
    if (change < 0 && !links)
        return ext4_corrupt(inode->fs, "bad link count of inode", inode->number);
    if (change > 0 && links >= EXT4_LINK_MAX && !(dir && (inode->fs->super->feature_ro_compat & EXT4_RO_DIR_NLINK)))
        return E_MLINK;
    err_t error = inode_change(inode);
    if (error)
        return error;
    inode->raw->links = (u16)(change > 0 && links >= EXT4_LINK_MAX ? 1 : (i32)links + change);
    inode_touch(inode, INODE_CTIME);
    return E_OK;
}

static void inode_fill(struct fs_inode *inode, u32 mode)
{
    struct ext4_inode *raw = inode->raw;
    raw->mode = (u16)mode;
    if (inode->fs->inode_size >= sizeof *raw)
        raw->extra_isize = EXT4_INODE_EXTRA_SIZE;
    inode_touch(inode, INODE_ATIME | INODE_MTIME | INODE_CTIME | INODE_CRTIME);
    raw->generation = raw->ctime ^ inode->number * 2654435761u;
}

err_t inode_create(struct fs *fs, u32 parent, u32 mode, struct fs_inode **out)
{
    u32 number;
    err_t error = alloc_inode(fs, parent, (mode & EXT4_MODE_TYPE) == EXT4_MODE_DIR, &number);
    if (error)
        return error;
    for (struct fs_inode *i = *inode_bucket(fs, number); i; i = i->hash_next)
        if (i->number == number)
            return ext4_corrupt(fs, "an inode in use is marked as free", number);
    struct fs_inode *inode = inode_enter(fs, number);
    if (!inode)
        return E_NOMEM;
    error = inode_locate(fs, number, &inode->run, &inode->raw);
    if (!error)
        error = txn_change(fs, &inode->run, inode->raw, fs->inode_size);
    if (error) {
        inode_forget(inode);
        return error;
    }
    memset(inode->raw, 0, fs->inode_size);
    inode_fill(inode, mode);
    *out = inode;
    return E_OK;
}

/* --- What users may ask and set ------------------------------------------------------------------------------ */

void ext4_inode_stat(struct fs_inode *inode, struct fs_stat *stat)
{
    const struct ext4_inode *raw = inode->raw;
    bool extra = inode_has_extra(inode);
    *stat = (struct fs_stat){.ino = inode->number,
                             .mode = raw->mode,
                             .links = raw->links,
                             .uid = raw->uid | (u32)raw->uid_hi << 16,
                             .gid = raw->gid | (u32)raw->gid_hi << 16,
                             .size = inode_size(inode),
                             .blocks = inode_sectors(inode),
                             .atime = time_get(raw->atime, extra ? raw->atime_extra : 0),
                             .mtime = time_get(raw->mtime, extra ? raw->mtime_extra : 0),
                             .ctime = time_get(raw->ctime, extra ? raw->ctime_extra : 0)};
}

u64 ext4_inode_size(struct fs_inode *inode)
{
    return inode_size(inode);
}

u32 ext4_inode_number(const struct fs_inode *inode)
{
    return inode->number;
}

u32 ext4_inode_mode(const struct fs_inode *inode)
{
    return inode->raw->mode;
}

err_t ext4_inode_chmod(struct fs_inode *inode, u32 mode)
{
    err_t error = txn_begin(inode->fs);
    if (error)
        return error;
    error = inode_change(inode);
    if (!error) {
        inode->raw->mode = (u16)(inode_type(inode) | (mode & 07777));
        inode_touch(inode, INODE_CTIME);
    }
    return txn_end(inode->fs, error);
}

err_t ext4_inode_chown(struct fs_inode *inode, u32 uid, u32 gid)
{
    err_t error = txn_begin(inode->fs);
    if (error)
        return error;
    error = inode_change(inode);
    if (!error && uid != ~0u) {
        inode->raw->uid = (u16)uid;
        inode->raw->uid_hi = (u16)(uid >> 16);
    }
    if (!error && gid != ~0u) {
        inode->raw->gid = (u16)gid;
        inode->raw->gid_hi = (u16)(gid >> 16);
    }
    if (!error)
        inode_touch(inode, INODE_CTIME);
    return txn_end(inode->fs, error);
}

static void inode_set_asked(struct fs_inode *inode, u32 which, u64 ns)
{
    if (ns == EXT4_TIME_NOW)
        inode_touch(inode, which);
    else if (ns != EXT4_TIME_OMIT)
        inode_set_times(inode, which, ns);
}

err_t ext4_inode_utimes(struct fs_inode *inode, u64 atime, u64 mtime)
{
    err_t error = txn_begin(inode->fs);
    if (error)
        return error;
    error = inode_change(inode);
    if (!error) {
        inode_set_asked(inode, INODE_ATIME, atime);
        inode_set_asked(inode, INODE_MTIME, mtime);
        inode_touch(inode, INODE_CTIME);
    }
    return txn_end(inode->fs, error);
}
