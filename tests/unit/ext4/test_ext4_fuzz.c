/*
 * Corrupt images: bytes of metadata are changed at random, then everything is tried. Whatever the bytes are, the
 * library must come back with or without an error: no crash, no loop, no access outside (sanitizers watch).
 * EXT4_TEST_SEED and EXT4_TEST_STEPS choose other or more mutations.
 */

#include <unistd.h>

#include "tests/unit/ext4/image.h"

static struct image image;
static u64 random_state;

static u32 random_below(u32 n)
{
    random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
    return (u32)(random_state >> 33) % n;
}

/* --- An image with one of everything -------------------------------------------------------------------------------
 */

static void populate(void)
{
    char name[64], target[200];
    ext4_mkdir(image.fs, PATH("/dir"), 0755);
    ext4_mkdir(image.fs, PATH("/dir/deep"), 0755);
    struct fs_inode *inode = file_get(image.fs, "/dir/comb", EXT4_CREATE); /* an extent tree with depth */
    for (u32 i = 0; i < 400; i++)
        pattern_write(inode, 1, i * 8192ull, 1);
    ext4_inode_put(inode);
    inode = file_get(image.fs, "/file", EXT4_CREATE);
    pattern_write(inode, 2, 0, 50000);
    ext4_inode_put(inode);
    for (u32 i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "/dir/deep/entry-with-some-length-%u", i);
        ext4_link(image.fs, PATH("/file"), path_of(name));
    }
    ext4_symlink(image.fs, PATH("/short"), "dir/deep", 8);
    memset(target, '.', sizeof target);
    target[1] = target[199] = '/';
    ext4_symlink(image.fs, PATH("/long"), target, sizeof target);
}

/* Blocks of metadata: all that are neither free nor data of the two files (those are never worth a mutation). */
static u32 metadata[1024], metadata_count;

static void find_metadata(void)
{
    for (u32 b = 0; b < image.size / EXT4_BLOCK_SIZE; b++) {
        const u8 *block = image.bytes + (size_t)b * EXT4_BLOCK_SIZE;
        u32 used = 0;
        for (u32 i = 0; i < EXT4_BLOCK_SIZE; i++)
            used += block[i] != 0;
        bool comb = used == 1 && block[0];
        if (used && !comb && metadata_count < sizeof metadata / sizeof metadata[0])
            metadata[metadata_count++] = b;
    }
}

/* --- Mutations --------------------------------------------------------------------------------------------------- */

/* Values that meet limits more often than chance does. */
static u32 random_value(void)
{
    static const u32 values[] = {0,    1,      2,      4,      11,     12,         0x7f,
                                 0xff, 0x7fff, 0x8000, 0x8001, 0xffff, 0x7fffffff, 0xffffffff};
    if (random_below(2))
        return values[random_below(sizeof values / sizeof values[0])];
    return random_below(2) ? random_below(1024) : random_below(0x7fffffff) * 2 + random_below(2);
}

static void mutate_once(void)
{
    u32 block = random_below(4) ? metadata[random_below(metadata_count)] : metadata[random_below(8)];
    u32 offset = random_below(4) ? random_below(EXT4_BLOCK_SIZE) : random_below(256);
    if (!block && random_below(2))
        offset = EXT4_SUPER_OFFSET + random_below(256);
    u32 value = random_value(), size = 1u << random_below(3);
    offset &= ~(size - 1);
    memcpy(image.bytes + (size_t)block * EXT4_BLOCK_SIZE + offset, &value, size);
}

/* --- Everything that can be done --------------------------------------------------------------------------------- */

static void try_file(struct fs_inode *inode)
{
    static u8 data[70000];
    struct fs_piece piece = {0};
    struct fs_stat stat;
    size_t got;
    u32 length;
    ext4_inode_stat(inode, &stat);
    ext4_readlink(inode, (char *)data, 4096, &length);
    file_read(inode, 0, data, sizeof data, &got);
    u64 middle = stat.size / 4096 / 2 * 4096;
    file_read(inode, middle, data, 10000, &got);
    file_write(inode, random_below(100000), data, 10000, 10000);
    file_append(inode, data, 5000);
    if (!ext4_piece_out(inode, random_below(1u << 31), 1, false, &piece))
        ext4_piece_commit(&piece, 1);
    ext4_inode_truncate(inode, random_below(4) ? random_below(60000) : 0);
}

static void try_dir(struct fs_inode *dir, u32 depth);

static void try_entry(struct fs_inode *dir, const struct fs_entry *entry, u32 depth)
{
    struct fs_inode *inode;
    struct fs_path path = {dir, entry->name, entry->length};
    if (ext4_lookup(image.fs, path, EXT4_NOFOLLOW, 0, &inode))
        return;
    try_file(inode);
    if (depth < 4)
        try_dir(inode, depth + 1);
    ext4_inode_put(inode);
    char other[24];
    snprintf(other, sizeof other, "r%u", random_below(50));
    struct fs_path to = {random_below(2) ? dir : NULL, other, (u32)strlen(other)};
    switch (random_below(6)) {
    case 0:
        ext4_unlink(image.fs, path);
        break;
    case 1:
        ext4_rmdir(image.fs, path);
        break;
    case 2:
        ext4_rename(image.fs, path, to);
        break;
    case 3:
        ext4_link(image.fs, path, to);
    }
}

static void try_dir(struct fs_inode *dir, u32 depth)
{
    struct fs_entry entry;
    char path[1024];
    u32 start, n = 0;
    ext4_get_path(dir, path, sizeof path, &start);
    for (u64 cookie = 0; n < 12 && ext4_readdir(dir, cookie, &entry) == E_OK; cookie = entry.next, n++)
        if (entry.length > 2 || entry.name[0] != '.')
            try_entry(dir, &entry, depth);
    for (u32 i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "new-%u-%0*u", i, (int)random_below(200), depth);
        struct fs_path at = {dir, path, (u32)strlen(path)};
        if (i)
            ext4_mkdir(image.fs, at, 0755);
        else
            ext4_symlink(image.fs, at, "/dir/comb", 9);
    }
}

static void try_everything(void)
{
    struct fs_inode *inode;
    if (!ext4_lookup(image.fs, PATH("/"), 0, 0, &inode)) {
        try_dir(inode, 0);
        ext4_inode_put(inode);
    }
    if (!ext4_lookup(image.fs, PATH("/long/short/entry-with-some-length-7"), 0, 0, &inode)) {
        try_file(inode);
        ext4_inode_put(inode);
    }
    ext4_sync(image.fs);
}

static void fuzz(u32 frames, u32 standard)
{
    const char *seed = getenv("EXT4_TEST_SEED"), *steps = getenv("EXT4_TEST_STEPS");
    random_state = seed ? strtoull(seed, NULL, 0) : 1;
    image_make(&image, 1024, "-N 128", frames);
    image_mount(&image);
    populate();
    image_unmount(&image);
    metadata_count = 0;
    find_metadata();
    u8 *good = malloc(image.size);
    memcpy(good, image.bytes, image.size);
    image.quiet = true;
    u32 mounted = 0, n = steps ? (u32)atoi(steps) : standard;
    for (u32 i = 0; i < n; i++) {
        alarm(20); /* a loop is a failure */
        memcpy(image.bytes, good, image.size);
        for (u32 k = 1 + random_below(12); k > 0; k--)
            mutate_once();
        if (ext4_mount(&image.env, &image.device, &image.options, &image.fs))
            continue;
        mounted++;
        try_everything();
        if (ext4_unmount(image.fs))
            fail_msg("step %u: cannot unmount", i);
        assert_int_equal(image.allocated, 0);
    }
    alarm(0);
    assert_true(mounted > n / 4);
    free(good);
    image_free(&image);
}

static void test_corrupt_image_in_memory(void **state)
{
    fuzz(0, 1500);
}

static void test_corrupt_image_behind_cache(void **state)
{
    fuzz(10, 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_corrupt_image_in_memory),
        cmocka_unit_test(test_corrupt_image_behind_cache),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
