/*
 * Mounting and unmounting: the superblock is checked, its geometry copied to struct fs, and the clean mark taken away
 * until everything is written at the end.
 */

#include "lib/base/string.h"
#include "servers/fs/ext4/group.h"
#include "servers/fs/ext4/inode.h"
#include "servers/fs/ext4/orphan.h"
#include "servers/fs/ext4/txn.h"

#define TXN_STACK_SIZE (128u << 10)

err_t ext4_corrupt(struct fs *fs, const char *what, u64 value)
{
    ext4_log(fs, what, value);
    if (fs->super && !fs->read_only) {
        fs->super->state |= EXT4_STATE_ERROR;
        cache_dirty(&fs->cache, &fs->super_run, 0, 1);
    }
    return E_IO;
}

static u64 now_seconds(struct fs *fs)
{
    return fs->env.now(fs->env.context) / 1000000000u;
}

/* --- Checks -------------------------------------------------------------------------------------------------- */

static err_t super_check_features(struct fs *fs, const struct ext4_super *s)
{
    u32 unknown = s->feature_incompat & ~EXT4_INCOMPAT_KNOWN;
    if (unknown & EXT4_INCOMPAT_RECOVER) {
        ext4_log(fs, "the journal holds changes: run e2fsck -p; features", unknown);
        return E_NOTSUP;
    }
    if (unknown) {
        ext4_log(fs, "refused: unknown incompatible features", unknown);
        return E_NOTSUP;
    }
    if (~s->feature_incompat & EXT4_INCOMPAT_FILETYPE) {
        ext4_log(fs, "refused: directories without file types", 0);
        return E_NOTSUP;
    }
    if ((s->feature_ro_compat & ~EXT4_RO_KNOWN) && !fs->read_only) {
        ext4_log(fs, "mounted read-only: unknown features", s->feature_ro_compat & ~EXT4_RO_KNOWN);
        fs->read_only = true;
    }
    return E_OK;
}

static bool is_power_of_two(u32 n)
{
    return n && !(n & (n - 1));
}

/* Copies the geometry, after checks that leave later arithmetic without overflow. */
static err_t super_check_geometry(struct fs *fs, const struct ext4_super *s)
{
    if (s->log_block_size != 2 || s->log_cluster_size != 2 || s->first_data_block) {
        ext4_log(fs, "refused: blocks are not 4 KiB; log2(block size / 1 KiB)", s->log_block_size);
        return E_NOTSUP;
    }
    fs->blocks = s->blocks_count;
    fs->blocks_per_group = s->blocks_per_group;
    fs->inodes = s->inodes_count;
    fs->inodes_per_group = s->inodes_per_group;
    fs->inode_size = s->rev_level ? s->inode_size : EXT4_INODE_BASE_SIZE;
    fs->first_ino = s->rev_level ? s->first_ino : 11;
    if (fs->blocks > fs->device->block_count) {
        ext4_log(fs, "refused: the image is cut short; blocks missing", fs->blocks - fs->device->block_count);
        return E_INVAL;
    }
    if (fs->blocks < 8 || fs->blocks_per_group < 8 || fs->blocks_per_group > EXT4_BLOCK_BITS ||
        fs->blocks_per_group % 8 || fs->inodes_per_group < 8 || fs->inodes_per_group > EXT4_BLOCK_BITS ||
        fs->inodes_per_group % 8)
        return ext4_corrupt(fs, "bad group size in the superblock", fs->blocks_per_group);
    fs->groups = (fs->blocks - 1) / fs->blocks_per_group + 1;
    if (!is_power_of_two(fs->inode_size) || fs->inode_size < EXT4_INODE_BASE_SIZE || fs->inode_size > EXT4_BLOCK_SIZE ||
        fs->inodes != (u64)fs->groups * fs->inodes_per_group || fs->first_ino < 11 || fs->first_ino > fs->inodes)
        return ext4_corrupt(fs, "bad inode geometry in the superblock", fs->inode_size);
    fs->table_blocks = (u32)(((u64)fs->inodes_per_group * fs->inode_size + EXT4_BLOCK_SIZE - 1) / EXT4_BLOCK_SIZE);
    return E_OK;
}

static err_t super_load(struct fs *fs)
{
    err_t error = cache_get(&fs->cache, 0, CACHE_READ, &fs->super_run);
    if (error)
        return error;
    struct ext4_super *s = (struct ext4_super *)(fs->super_run.data + EXT4_SUPER_OFFSET);
    if (s->magic != EXT4_SUPER_MAGIC) {
        ext4_log(fs, "refused: not an ext4 file system; magic", s->magic);
        return E_INVAL;
    }
    error = super_check_features(fs, s);
    if (!error)
        error = super_check_geometry(fs, s);
    if (error)
        return error;
    fs->super = s;
    fs->was_clean = (s->state & EXT4_STATE_CLEAN) && !(s->state & EXT4_STATE_ERROR);
    if (!fs->was_clean)
        ext4_log(fs, "the file system was not unmounted cleanly, e2fsck -p is advised; state", s->state);
    return E_OK;
}

/* --- Mount and unmount --------------------------------------------------------------------------------------- */

/*
 * Sets or takes the clean mark and writes it. Taking it waits for no flush, which is dear on some hosts and would delay
 * each boot: the first sync flushes it together with what it announces.
 */
static err_t super_mark(struct fs *fs, bool clean)
{
    struct ext4_super *s = fs->super;
    if (clean)
        s->state |= EXT4_STATE_CLEAN;
    else
        s->state &= (u16)~EXT4_STATE_CLEAN;
    u32 now = (u32)now_seconds(fs);
    s->wtime = now > s->wtime ? now : s->wtime; /* a machine without a clock begins where the last one ended */
    if (!clean) {
        s->mtime = s->wtime;
        s->mnt_count++;
    }
    cache_dirty(&fs->cache, &fs->super_run, 0, 1);
    return clean ? cache_sync(&fs->cache) : cache_write(&fs->cache);
}

static err_t ext4_alloc_memory(struct fs *fs)
{
    u32 frames = fs->device->image ? 0 : (u32)(fs->options.arena_size / CACHE_CHUNK_SIZE);
    fs->cache_memory_size = cache_memory_size(frames);
    fs->cache_memory = fs->env.alloc(fs->env.context, fs->cache_memory_size);
    fs->txn.stack = fs->env.alloc(fs->env.context, TXN_STACK_SIZE);
    if (!fs->cache_memory || !fs->txn.stack)
        return E_NOMEM;
    fs->txn.size = TXN_STACK_SIZE;
    cache_init(&fs->cache, fs->device, fs->options.arena, frames, fs->cache_memory);
    fs->cache.pressure = fs->env.pressure;
    fs->cache.conceal = fs->env.conceal;
    fs->cache.context = fs->env.context;
    return E_OK;
}

static err_t ext4_mount_steps(struct fs *fs)
{
    err_t error = ext4_alloc_memory(fs);
    if (!error)
        error = super_load(fs);
    if (!error)
        error = group_check_all(fs);
    if (!error && !fs->read_only)
        error = super_mark(fs, false);
    if (!error && !fs->read_only)
        orphan_delete_all(fs);
    return error;
}

err_t ext4_mount(const struct fs_env *env, struct fs_device *device, const struct fs_options *options, struct fs **out)
{
    struct fs *fs = env->alloc(env->context, sizeof *fs);
    if (!fs)
        return E_NOMEM;
    memset(fs, 0, sizeof *fs);
    fs->env = *env;
    fs->device = device;
    fs->options = *options;
    fs->read_only = options->read_only || device->read_only;
    err_t error = ext4_mount_steps(fs);
    if (error)
        ext4_abandon(fs);
    else
        *out = fs;
    return error;
}

static void ext4_free(struct fs *fs, void *memory, size_t size)
{
    if (memory)
        fs->env.free(fs->env.context, memory, size);
}

void ext4_abandon(struct fs *fs)
{
    cache_drop(&fs->cache);
    inode_drop_all(fs);
    ext4_free(fs, fs->zones, fs->zone_capacity * sizeof *fs->zones);
    ext4_free(fs, fs->txn.stack, TXN_STACK_SIZE);
    ext4_free(fs, fs->cache_memory, fs->cache_memory_size);
    ext4_free(fs, fs, sizeof *fs);
}

/* Writes everything, and then, when it is on the disk, the mark that says so. */
static err_t super_finish(struct fs *fs)
{
    err_t error = fs->read_only ? E_OK : cache_sync(&fs->cache);
    if (!error && !fs->read_only && fs->was_clean && !(fs->super->state & EXT4_STATE_ERROR))
        error = super_mark(fs, true);
    return error;
}

err_t ext4_unmount(struct fs *fs)
{
    err_t error = fs->inodes_held ? E_BUSY : super_finish(fs);
    if (!error)
        ext4_abandon(fs);
    return error;
}

err_t ext4_freeze(struct fs *fs)
{
    if (fs->read_only)
        return E_OK;
    inode_settle_all(fs);
    err_t error = super_finish(fs);
    if (!error)
        fs->read_only = true;
    return error;
}

err_t ext4_sync(struct fs *fs)
{
    return fs->read_only ? E_OK : cache_sync(&fs->cache);
}

void ext4_get_info(struct fs *fs, struct fs_info *info)
{
    *info = (struct fs_info){.blocks = fs->blocks,
                             .free_blocks = fs->super->free_blocks_count,
                             .inodes = fs->inodes,
                             .free_inodes = fs->super->free_inodes_count,
                             .written = fs->super->wtime,
                             .read_only = fs->read_only};
    info->free_blocks -= info->free_blocks < fs->reserved ? info->free_blocks : fs->reserved;
}
