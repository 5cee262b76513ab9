/* Block groups, zones and bitmaps: see group.h. */

#include "lib/base/string.h"
#include "servers/fs/ext4/group.h"

#define GROUPS_PER_BLOCK (EXT4_BLOCK_SIZE / sizeof(struct ext4_group))

err_t group_get(struct fs *fs, u32 group, struct fs_run *run, struct ext4_group **out)
{
    err_t error = cache_get(&fs->cache, 1 + group / GROUPS_PER_BLOCK, CACHE_READ, run);
    if (!error)
        *out = (struct ext4_group *)run->data + group % GROUPS_PER_BLOCK;
    return error;
}

/* --- Zones --------------------------------------------------------------------------------------------------- */

/* Adds a zone; descriptors mostly come in disk order, so most zones just grow the last one. */
static err_t zone_add(struct fs *fs, u32 start, u32 count)
{
    struct fs_zone *last = fs->zone_count ? &fs->zones[fs->zone_count - 1] : NULL;
    if (last && last->end == start) {
        last->end += count;
        return E_OK;
    }
    if (fs->zone_count == fs->zone_capacity) {
        u32 capacity = fs->zone_capacity ? 2 * fs->zone_capacity : 64;
        struct fs_zone *zones = fs->env.alloc(fs->env.context, capacity * sizeof *zones);
        if (!zones)
            return E_NOMEM;
        if (fs->zones) {
            memcpy(zones, fs->zones, fs->zone_count * sizeof *zones);
            fs->env.free(fs->env.context, fs->zones, fs->zone_capacity * sizeof *zones);
        }
        fs->zones = zones;
        fs->zone_capacity = capacity;
    }
    fs->zones[fs->zone_count++] = (struct fs_zone){start, start + count};
    return E_OK;
}

static void zone_sift(struct fs_zone *zones, u32 i, u32 n)
{
    for (u32 child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n && zones[child + 1].start > zones[child].start)
            child++;
        if (zones[i].start >= zones[child].start)
            return;
        struct fs_zone z = zones[i];
        zones[i] = zones[child];
        zones[child] = z;
    }
}

/* Heap sort: no memory, and no image makes it slow. */
static void zones_sort(struct fs_zone *zones, u32 n)
{
    for (u32 i = n / 2; i-- > 0;)
        zone_sift(zones, i, n);
    for (u32 end = n; end-- > 1;) {
        struct fs_zone z = zones[0];
        zones[0] = zones[end];
        zones[end] = z;
        zone_sift(zones, 0, end);
    }
}

/* After sorting, zones must be disjoint: two structures in one place would destroy each other. */
static err_t zones_finish(struct fs *fs)
{
    zones_sort(fs->zones, fs->zone_count);
    for (u32 i = 1; i < fs->zone_count; i++)
        if (fs->zones[i].start < fs->zones[i - 1].end)
            return ext4_corrupt(fs, "bitmaps or inode tables overlap at block", fs->zones[i].start);
    return E_OK;
}

bool group_is_metadata(const struct fs *fs, u32 block, u32 count)
{
    if (block >= fs->blocks || count > fs->blocks - block)
        return true;
    u32 low = 0, high = fs->zone_count;
    while (low < high) { /* the first zone that ends behind block */
        u32 middle = (low + high) / 2;
        if (fs->zones[middle].end > block)
            high = middle;
        else
            low = middle + 1;
    }
    return low < fs->zone_count && fs->zones[low].start < block + count;
}

/* --- Descriptors --------------------------------------------------------------------------------------------- */

static err_t group_check(struct fs *fs, u32 group)
{
    struct fs_run run;
    struct ext4_group *g;
    err_t error = group_get(fs, group, &run, &g);
    if (error)
        return error;
    const struct ext4_group d = *g;
    cache_put(&fs->cache, &run);
    if (d.block_bitmap >= fs->blocks || d.inode_bitmap >= fs->blocks || d.inode_table >= fs->blocks ||
        fs->table_blocks > fs->blocks - d.inode_table)
        return ext4_corrupt(fs, "bad block group descriptor", group);
    error = zone_add(fs, d.block_bitmap, 1);
    if (!error)
        error = zone_add(fs, d.inode_bitmap, 1);
    if (!error)
        error = zone_add(fs, d.inode_table, fs->table_blocks);
    return error;
}

err_t group_check_all(struct fs *fs)
{
    u32 table = (fs->groups + GROUPS_PER_BLOCK - 1) / GROUPS_PER_BLOCK;
    if (table >= fs->blocks)
        return ext4_corrupt(fs, "block group descriptors do not fit", fs->groups);
    err_t error = zone_add(fs, 0, 1 + table);
    for (u32 g = 0; g < fs->groups && !error; g++)
        error = group_check(fs, g);
    return error ? error : zones_finish(fs);
}

/* --- Bitmaps ------------------------------------------------------------------------------------------------- */

/* The first bit in [from, end) with the value, or end. Bitmaps are whole blocks, so words can be read. */
static u32 bitmap_next(const u8 *map, u32 from, u32 end, bool value)
{
    while (from < end) {
        u64 word;
        memcpy(&word, map + from / 64 * 8, sizeof word);
        word = (value ? word : ~word) >> (from % 64);
        if (word) {
            from += (u32)__builtin_ctzll(word);
            return from < end ? from : end;
        }
        from += 64 - from % 64;
    }
    return end;
}

u32 bitmap_find_clear(const u8 *map, u32 from, u32 end, u32 want, bool longest, u32 *start)
{
    u32 best = 0;
    while ((from = bitmap_next(map, from, end, false)) < end) {
        u32 limit = want < end - from ? from + want : end;
        u32 stop = bitmap_next(map, from, limit, true);
        if (stop - from > best) {
            best = stop - from;
            *start = from;
        }
        if (best == want || !longest)
            break;
        from = stop;
    }
    return best;
}

bool bitmap_is(const u8 *map, u32 first, u32 count, bool value)
{
    return bitmap_next(map, first, first + count, !value) == first + count;
}

void bitmap_set(u8 *map, u32 first, u32 count, bool value)
{
    for (; count && (first % 8 || count < 8); first++, count--) {
        u8 bit = (u8)(1u << first % 8);
        map[first / 8] = (u8)(value ? map[first / 8] | bit : map[first / 8] & ~bit);
    }
    if (!count)
        return;
    memset(map + first / 8, value ? 0xff : 0, count / 8);
    first += count & ~7u;
    count &= 7;
    if (count)
        bitmap_set(map, first, count, value);
}
