/* Behaviour of the ext4 library, file by file and name by name, over an image in memory and over a device; every
 * image is judged by e2fsck in the end. */

#include "tests/unit/ext4/image.h"

static struct image image;

static struct fs *fs(void)
{
    return image.fs;
}

static u32 frames; /* of the group's cache; 0 = image in memory */

static int setup(void **state)
{
    image_make(&image, 4096, "-N 256", frames);
    image_mount(&image);
    return 0;
}

static int teardown(void **state)
{
    if (image.fs) {
        image_unmount(&image);
        image_check(&image);
    }
    image_free(&image);
    return 0;
}

static err_t stat_path(const char *path, struct fs_stat *stat)
{
    struct fs_inode *inode;
    err_t error = ext4_lookup(fs(), path_of(path), EXT4_NOFOLLOW, 0, &inode);
    if (error)
        return error;
    ext4_inode_stat(inode, stat);
    ext4_inode_put(inode);
    return E_OK;
}

static bool exists(const char *path)
{
    struct fs_stat stat;
    return stat_path(path, &stat) == E_OK;
}

static void make_file(const char *path, u32 seed, size_t size)
{
    struct fs_inode *inode = file_get(fs(), path, EXT4_CREATE);
    pattern_write(inode, seed, 0, size);
    ext4_inode_put(inode);
}

static void check_file(const char *path, u32 seed, size_t size)
{
    struct fs_inode *inode = file_get(fs(), path, 0);
    assert_int_equal(ext4_inode_size(inode), size);
    pattern_check(inode, seed, 0, size);
    ext4_inode_put(inode);
}

static u64 free_blocks(void)
{
    struct fs_info info;
    ext4_get_info(fs(), &info);
    return info.free_blocks;
}

static u64 free_inodes(void)
{
    struct fs_info info;
    ext4_get_info(fs(), &info);
    return info.free_inodes;
}

/* --- Files --------------------------------------------------------------------------------------------------- */

static void test_write_and_read_back(void **state)
{
    static const size_t sizes[] = {1, 100, 4095, 4096, 4097, 65536, 1000000};
    char name[16];
    for (u32 i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        snprintf(name, sizeof name, "/f%u", i);
        make_file(name, i, sizes[i]);
    }
    for (u32 i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        snprintf(name, sizeof name, "/f%u", i);
        check_file(name, i, sizes[i]);
    }
}

static void test_contents_survive_remount(void **state)
{
    make_file("/file", 7, 300000);
    image_unmount(&image);
    image_check(&image);
    image_mount(&image);
    check_file("/file", 7, 300000);
}

static void test_debugfs_reads_the_same(void **state)
{
    static char output[70000];
    make_file("/file", 3, 60000);
    image_unmount(&image);
    assert_int_equal(image_command(&image, "/sbin/debugfs -R 'cat /file' %s 2>/dev/null", output, sizeof output), 0);
    for (u32 i = 0; i < 60000; i++)
        assert_int_equal((u8)output[i], pattern_byte(3, i));
    image_mount(&image);
}

static void test_append_in_small_steps_is_contiguous(void **state)
{
    struct fs_inode *inode = file_get(fs(), "/log", EXT4_CREATE);
    u8 line[100];
    for (u32 i = 0; i < 3000; i++) {
        for (u32 k = 0; k < sizeof line; k++)
            line[k] = pattern_byte(1, i * sizeof line + k);
        assert_int_equal(file_append(inode, line, sizeof line), E_OK);
    }
    pattern_check(inode, 1, 0, 3000 * sizeof line);
    struct fs_stat stat;
    ext4_inode_stat(inode, &stat);
    ext4_inode_put(inode);
    assert_true(stat.blocks <= (3000 * sizeof line / 4096 + 1) * 8 + 512 * 8);
    assert_int_equal(stat_path("/log", &stat), E_OK);
    assert_int_equal(stat.blocks, (3000 * sizeof line / 4096 + 1) * 8); /* one extent, in the inode */
}

static void test_overwrite_in_the_middle(void **state)
{
    struct fs_inode *inode = file_get(fs(), "/file", EXT4_CREATE);
    pattern_write(inode, 1, 0, 100000);
    pattern_write(inode, 2, 30001, 20000);
    pattern_check(inode, 1, 0, 30001);
    pattern_check(inode, 2, 30001, 20000);
    pattern_check(inode, 1, 50001, 49999);
    assert_int_equal(ext4_inode_size(inode), 100000);
    ext4_inode_put(inode);
}

static void check_zeros(struct fs_inode *inode, u64 position, size_t size)
{
    u8 *data = malloc(size);
    size_t got;
    assert_int_equal(file_read(inode, position, data, size, &got), E_OK);
    assert_int_equal(got, size);
    for (size_t i = 0; i < size; i++)
        assert_int_equal(data[i], 0);
    free(data);
}

static void test_sparse_file_beyond_4_gib(void **state)
{
    struct fs_inode *inode = file_get(fs(), "/sparse", EXT4_CREATE);
    const u64 far = 5ull << 30;
    pattern_write(inode, 1, far + 5000, 3000);
    pattern_write(inode, 1, 10, 10);
    assert_int_equal(ext4_inode_size(inode), far + 8000);
    pattern_check(inode, 1, far + 5000, 3000);
    pattern_check(inode, 1, 10, 10);
    check_zeros(inode, 0, 10);
    check_zeros(inode, 20, 50000);
    check_zeros(inode, far, 5000);
    pattern_write(inode, 1, far / 2, 9000); /* into the hole */
    pattern_check(inode, 1, far / 2, 9000);
    check_zeros(inode, far / 2 + 9000, 10000);
    ext4_inode_put(inode);
}

static void test_largest_position(void **state)
{
    struct fs_inode *inode = file_get(fs(), "/huge", EXT4_CREATE);
    const u64 limit = 0xffffffffull * 4096;
    struct fs_piece piece = {0};
    assert_int_equal(ext4_piece_out(inode, limit, 1, false, &piece), E_FBIG);
    assert_int_equal(ext4_piece_out(inode, ~0ull, 1, false, &piece), E_FBIG);
    assert_int_equal(ext4_inode_truncate(inode, limit + 1), E_FBIG);
    pattern_write(inode, 1, limit - 10, 10);
    assert_int_equal(ext4_inode_size(inode), limit);
    pattern_check(inode, 1, limit - 10, 10);
    assert_int_equal(ext4_inode_truncate(inode, 0), E_OK);
    ext4_inode_put(inode);
}

/* Many extents: every second block is written, then the rest, then all is cut in steps. */
static void test_extent_tree_grows_joins_and_shrinks(void **state)
{
    u64 before = free_blocks();
    struct fs_inode *inode = file_get(fs(), "/comb", EXT4_CREATE);
    const u32 n = 1500;
    for (u32 i = 0; i < n; i += 2)
        pattern_write(inode, 1, i * 4096ull, 4096);
    for (u32 i = 0; i < n; i += 2)
        pattern_check(inode, 1, i * 4096ull, 4096);
    ext4_inode_put(inode);
    image_unmount(&image);
    image_check(&image);
    image_mount(&image);
    inode = file_get(fs(), "/comb", 0);
    for (u32 i = n - 1; i < n; i -= 2)
        pattern_write(inode, 1, i * 4096ull, 4096);
    pattern_check(inode, 1, 0, n * 4096ull);
    for (u32 i = n; i > 40; i -= 37) {
        assert_int_equal(ext4_inode_truncate(inode, i * 4096ull - 100), E_OK);
        pattern_check(inode, 1, 0, i * 4096ull - 100);
    }
    assert_int_equal(ext4_inode_truncate(inode, 0), E_OK);
    assert_int_equal(free_blocks(), before);
    ext4_inode_put(inode);
}

/* Blocks written from the end to the beginning make the first key of every node change. */
static void test_extents_inserted_backwards(void **state)
{
    struct fs_inode *inode = file_get(fs(), "/back", EXT4_CREATE);
    for (u32 i = 1000; i-- > 0;)
        pattern_write(inode, 1, i * 8192ull, 100);
    for (u32 i = 0; i < 1000; i++)
        pattern_check(inode, 1, i * 8192ull, 100);
    ext4_inode_put(inode);
}

static void test_truncate_clears_and_extends_with_zeros(void **state)
{
    struct fs_inode *inode = file_get(fs(), "/file", EXT4_CREATE);
    pattern_write(inode, 1, 0, 50000);
    assert_int_equal(ext4_inode_truncate(inode, 10001), E_OK);
    assert_int_equal(ext4_inode_truncate(inode, 50000), E_OK);
    pattern_check(inode, 1, 0, 10001);
    check_zeros(inode, 10001, 39999);
    pattern_write(inode, 2, 60000, 10);
    check_zeros(inode, 50000, 10000);
    ext4_inode_put(inode);
}

static void test_unlinked_file_lives_while_it_is_open(void **state)
{
    u64 blocks = free_blocks(), inodes = free_inodes();
    struct fs_inode *a = file_get(fs(), "/a", EXT4_CREATE), *b = file_get(fs(), "/b", EXT4_CREATE);
    struct fs_inode *c = file_get(fs(), "/c", EXT4_CREATE);
    pattern_write(a, 1, 0, 100000);
    assert_int_equal(ext4_unlink(fs(), PATH("/a")), E_OK);
    assert_int_equal(ext4_unlink(fs(), PATH("/b")), E_OK);
    assert_int_equal(ext4_unlink(fs(), PATH("/c")), E_OK);
    assert_false(exists("/a"));
    pattern_check(a, 1, 0, 100000);
    pattern_write(b, 2, 0, 5000);
    assert_int_equal(ext4_unmount(fs()), E_BUSY);
    ext4_inode_put(b); /* from the middle of the list */
    ext4_inode_put(a);
    ext4_inode_put(c);
    assert_int_equal(free_blocks(), blocks);
    assert_int_equal(free_inodes(), inodes);
}

static void test_orphans_are_deleted_at_the_next_mount(void **state)
{
    u64 blocks = free_blocks(), inodes = free_inodes();
    static const char *const names[] = {"/a", "/b", "/c"};
    struct fs_inode *open[3];
    for (u32 i = 0; i < 3; i++) {
        open[i] = file_get(fs(), names[i], EXT4_CREATE);
        pattern_write(open[i], i, 0, 20000);
        assert_int_equal(ext4_unlink(fs(), path_of(names[i])), E_OK);
    }
    assert_int_equal(ext4_sync(fs()), E_OK);
    ext4_abandon(fs()); /* power fails */
    image.quiet = true;
    image_mount(&image);
    image.quiet = false;
    assert_int_equal(free_blocks(), blocks);
    assert_int_equal(free_inodes(), inodes);
    image_unmount(&image);
    char output[4096];
    image_command(&image, "/sbin/e2fsck -fp %s", output, sizeof output);
    image_mount(&image);
}

/* --- Names --------------------------------------------------------------------------------------------------- */

static void test_names_up_to_255_bytes(void **state)
{
    char name[300] = "/";
    memset(name + 1, 'n', 256);
    struct fs_inode *inode;
    assert_int_equal(ext4_lookup(fs(), path_of(name), EXT4_CREATE, 0644, &inode), E_NAMETOOLONG);
    name[256] = 0;
    make_file(name, 1, 10);
    check_file(name, 1, 10);
    assert_int_equal(ext4_unlink(fs(), path_of(name)), E_OK);
    assert_false(exists(name));
    assert_int_equal(ext4_lookup(fs(), (struct fs_path){NULL, "/a\0b", 4}, EXT4_CREATE, 0644, &inode), E_INVAL);
    assert_int_equal(ext4_lookup(fs(), PATH(""), 0, 0, &inode), E_NOENT);
}

static void test_many_entries(void **state)
{
    char name[300];
    const u32 n = 200;
    assert_int_equal(ext4_mkdir(fs(), PATH("/dir"), 0755), E_OK);
    for (u32 i = 0; i < n; i++) {
        snprintf(name, sizeof name, "/dir/%0*u", (int)(1 + i % 250), i);
        make_file(name, i, 1);
    }
    struct fs_inode *dir = file_get(fs(), "/dir", 0);
    struct fs_entry entry = {0};
    u32 count = 0;
    for (u64 cookie = 0; ext4_readdir(dir, cookie, &entry) == E_OK; cookie = entry.next)
        count++;
    assert_int_equal(count, n + 2);
    ext4_inode_put(dir);
    for (u32 i = 0; i < n; i++) {
        snprintf(name, sizeof name, "/dir/%0*u", (int)(1 + i % 250), i);
        assert_true(exists(name));
        if (i % 3)
            assert_int_equal(ext4_unlink(fs(), path_of(name)), E_OK);
    }
    assert_int_equal(ext4_rmdir(fs(), PATH("/dir")), E_NOTEMPTY);
}

static void test_deep_directories(void **state)
{
    char path[1000] = "";
    for (u32 depth = 0; depth < 100; depth++) {
        strcat(path, "/dir");
        assert_int_equal(ext4_mkdir(fs(), path_of(path), 0755), E_OK);
    }
    struct fs_inode *deep = file_get(fs(), path, EXT4_DIRECTORY);
    char text[600];
    u32 start;
    assert_int_equal(ext4_get_path(deep, text, sizeof text, &start), E_OK);
    assert_int_equal(sizeof text - start, strlen(path));
    assert_memory_equal(text + start, path, sizeof text - start);
    assert_int_equal(ext4_get_path(deep, text, 100, &start), E_RANGE);
    struct fs_inode *up;
    assert_int_equal(ext4_lookup(fs(), (struct fs_path){deep, "../..", 5}, 0, 0, &up), E_OK);
    assert_int_equal(ext4_get_path(up, text, sizeof text, &start), E_OK);
    assert_int_equal(sizeof text - start, strlen(path) - 8);
    ext4_inode_put(up);
    ext4_inode_put(deep);
}

static void test_symbolic_links(void **state)
{
    char longer[1000], text[1000];
    u32 length;
    make_file("/file", 1, 100);
    assert_int_equal(ext4_mkdir(fs(), PATH("/dir"), 0755), E_OK);
    assert_int_equal(ext4_symlink(fs(), PATH("/dir/short"), "../file", 7), E_OK);
    check_file("/dir/short", 1, 100);
    memset(longer, '/', sizeof longer); /* slow link: does not fit into the inode */
    memcpy(longer + 500, "dir/short", 9);
    assert_int_equal(ext4_symlink(fs(), PATH("/long"), longer, 509), E_OK);
    check_file("/long", 1, 100);
    struct fs_inode *link = file_get(fs(), "/long", EXT4_NOFOLLOW);
    assert_int_equal(ext4_readlink(link, text, sizeof text, &length), E_OK);
    assert_int_equal(length, 509);
    assert_memory_equal(text, longer, length);
    ext4_inode_put(link);
    assert_int_equal(ext4_symlink(fs(), PATH("/loop"), "loop", 4), E_OK);
    assert_int_equal(ext4_lookup(fs(), PATH("/loop"), 0, 0, &link), E_LOOP);
    assert_int_equal(ext4_symlink(fs(), PATH("/todir"), "dir", 3), E_OK);
    check_file("/todir/short", 1, 100);
    assert_int_equal(ext4_symlink(fs(), PATH("/dangling"), "dir/new", 7), E_OK);
    assert_int_equal(ext4_lookup(fs(), PATH("/dangling"), 0, 0, &link), E_NOENT);
    assert_int_equal(ext4_lookup(fs(), PATH("/dangling"), EXT4_CREATE | EXT4_EXCL, 0644, &link), E_EXIST);
    make_file("/dangling", 2, 10);
    check_file("/dir/new", 2, 10);
    assert_int_equal(ext4_unlink(fs(), PATH("/long")), E_OK);
}

static void test_hard_links(void **state)
{
    struct fs_stat stat;
    make_file("/one", 1, 5000);
    assert_int_equal(ext4_link(fs(), PATH("/one"), PATH("/two")), E_OK);
    assert_int_equal(ext4_link(fs(), PATH("/one"), PATH("/two")), E_EXIST);
    assert_int_equal(stat_path("/one", &stat), E_OK);
    assert_int_equal(stat.links, 2);
    assert_int_equal(ext4_unlink(fs(), PATH("/one")), E_OK);
    check_file("/two", 1, 5000);
    assert_int_equal(ext4_mkdir(fs(), PATH("/dir"), 0755), E_OK);
    assert_int_equal(ext4_link(fs(), PATH("/dir"), PATH("/three")), E_PERM);
}

static void test_directories_count_links(void **state)
{
    struct fs_stat stat;
    assert_int_equal(ext4_mkdir(fs(), PATH("/d/"), 0755), E_OK);
    assert_int_equal(ext4_mkdir(fs(), PATH("/d"), 0755), E_EXIST);
    assert_int_equal(ext4_mkdir(fs(), PATH("/d/e"), 0755), E_OK);
    assert_int_equal(ext4_mkdir(fs(), PATH("/none/e"), 0755), E_NOENT);
    assert_int_equal(stat_path("/d", &stat), E_OK);
    assert_int_equal(stat.links, 3);
    assert_int_equal(ext4_rmdir(fs(), PATH("/d")), E_NOTEMPTY);
    assert_int_equal(ext4_rmdir(fs(), PATH("/d/.")), E_INVAL);
    assert_int_equal(ext4_rmdir(fs(), PATH("/d/e/..")), E_NOTEMPTY);
    assert_int_equal(ext4_rmdir(fs(), PATH("/")), E_BUSY);
    assert_int_equal(ext4_unlink(fs(), PATH("/d/e")), E_ISDIR);
    assert_int_equal(ext4_rmdir(fs(), PATH("/d/e")), E_OK);
    assert_int_equal(stat_path("/d", &stat), E_OK);
    assert_int_equal(stat.links, 2);
    make_file("/file", 1, 1);
    assert_int_equal(ext4_rmdir(fs(), PATH("/file")), E_NOTDIR);
    assert_int_equal(ext4_mkdir(fs(), PATH("/file/x"), 0755), E_NOTDIR);
    assert_int_equal(ext4_unlink(fs(), PATH("/file/")), E_NOTDIR);
}

static void test_removed_directory_in_use(void **state)
{
    struct fs_inode *dir, *inode;
    assert_int_equal(ext4_mkdir(fs(), PATH("/d"), 0755), E_OK);
    dir = file_get(fs(), "/d", EXT4_DIRECTORY);
    assert_int_equal(ext4_rmdir(fs(), PATH("/d")), E_OK);
    assert_int_equal(ext4_lookup(fs(), (struct fs_path){dir, "x", 1}, EXT4_CREATE, 0644, &inode), E_NOENT);
    ext4_inode_put(dir);
}

static void test_rename(void **state)
{
    struct fs_stat stat;
    make_file("/a", 1, 1000);
    make_file("/b", 2, 2000);
    assert_int_equal(ext4_rename(fs(), PATH("/a"), PATH("/b")), E_OK);
    check_file("/b", 1, 1000);
    assert_false(exists("/a"));
    assert_int_equal(ext4_link(fs(), PATH("/b"), PATH("/c")), E_OK);
    assert_int_equal(ext4_rename(fs(), PATH("/b"), PATH("/c")), E_OK); /* same file: both names stay */
    assert_true(exists("/b") && exists("/c"));
    assert_int_equal(ext4_mkdir(fs(), PATH("/d"), 0755), E_OK);
    assert_int_equal(ext4_mkdir(fs(), PATH("/d/e"), 0755), E_OK);
    assert_int_equal(ext4_rename(fs(), PATH("/d"), PATH("/d/e/f")), E_INVAL);
    assert_int_equal(ext4_rename(fs(), PATH("/d"), PATH("/d/f")), E_INVAL);
    assert_int_equal(ext4_rename(fs(), PATH("/d"), PATH("/b")), E_NOTDIR);
    assert_int_equal(ext4_rename(fs(), PATH("/b"), PATH("/d")), E_ISDIR);
    assert_int_equal(ext4_rename(fs(), PATH("/none"), PATH("/x")), E_NOENT);
    assert_int_equal(ext4_rename(fs(), PATH("/d/."), PATH("/x")), E_BUSY);
    assert_int_equal(ext4_rename(fs(), PATH("/b"), PATH("/x/")), E_NOTDIR);
    assert_int_equal(ext4_rename(fs(), PATH("/d/e"), PATH("/moved")), E_OK);
    assert_int_equal(stat_path("/d", &stat), E_OK);
    assert_int_equal(stat.links, 2);
    assert_int_equal(ext4_rename(fs(), PATH("/moved"), PATH("/d")), E_OK); /* over an empty directory */
    assert_false(exists("/moved"));
    make_file("/d/file", 3, 10);
    assert_int_equal(ext4_mkdir(fs(), PATH("/other"), 0755), E_OK);
    assert_int_equal(ext4_rename(fs(), PATH("/other"), PATH("/d")), E_NOTEMPTY);
    assert_int_equal(ext4_rename(fs(), PATH("/d"), PATH("/other/in")), E_OK);
    check_file("/other/in/file", 3, 10);
    check_file("/other/in/../in/file", 3, 10);
    assert_int_equal(ext4_rename(fs(), PATH("/other/in/file"), PATH("/other/in/name-that-is-longer")), E_OK);
    check_file("/other/in/name-that-is-longer", 3, 10);
}

static void test_attributes(void **state)
{
    struct fs_stat stat;
    struct fs_inode *inode = file_get(fs(), "/file", EXT4_CREATE);
    assert_int_equal(ext4_inode_chmod(inode, 04711), E_OK);
    assert_int_equal(ext4_inode_chown(inode, 70000, ~0u), E_OK);
    const u64 late = 7000000000ull * 1000000000 + 123456789; /* year 2191: needs the extra bits */
    assert_int_equal(ext4_inode_utimes(inode, late, EXT4_TIME_OMIT), E_OK);
    ext4_inode_stat(inode, &stat);
    assert_int_equal(stat.mode, 0104711);
    assert_int_equal(stat.uid, 70000);
    assert_int_equal(stat.gid, 0);
    assert_int_equal(stat.atime, late);
    assert_true(stat.mtime >= 1700000000000000000ull && stat.mtime < stat.ctime);
    ext4_inode_put(inode);
}

/* --- Hashed directories: made by e2fsck -D, read, changed ------------------------------------------------------ */

static void test_hashed_directory(void **state)
{
    char name[100], output[4096];
    assert_int_equal(ext4_mkdir(fs(), PATH("/dir"), 0755), E_OK);
    make_file("/file", 1, 1);
    for (u32 i = 0; i < 500; i++) {
        snprintf(name, sizeof name, "/dir/some-name-that-fills-the-directory-%u", i);
        assert_int_equal(ext4_link(fs(), PATH("/file"), path_of(name)), E_OK);
    }
    image_unmount(&image);
    image_command(&image, "/sbin/e2fsck -fyD %s", output, sizeof output);
    image_command(&image, "/sbin/debugfs -R 'htree_dump /dir' %s", output, sizeof output);
    assert_non_null(strstr(output, "Root node dump"));
    image_mount(&image);
    for (u32 i = 0; i < 500; i++) {
        snprintf(name, sizeof name, "/dir/some-name-that-fills-the-directory-%u", i);
        assert_true(exists(name));
        if (i % 2)
            assert_int_equal(ext4_unlink(fs(), path_of(name)), E_OK);
    }
    image_unmount(&image);
    image_check(&image); /* removing leaves the index valid */
    image_mount(&image);
    make_file("/dir/new", 1, 10);
    for (u32 i = 0; i < 500; i += 2) {
        snprintf(name, sizeof name, "/dir/some-name-that-fills-the-directory-%u", i);
        assert_true(exists(name));
    }
}

/* --- What others have written ---------------------------------------------------------------------------------- */

/* Runs a debugfs command that changes the unmounted image. */
static void debugfs(const char *command)
{
    char line[400], output[4096];
    snprintf(line, sizeof line, "/sbin/debugfs -w -R '%s' %%s", command);
    image_unmount(&image);
    assert_int_equal(image_command(&image, line, output, sizeof output), 0);
    image_mount(&image);
}

static void test_unwritten_extents(void **state)
{
    make_file("/file", 1, 5000);
    debugfs("fallocate /file 2 99");
    struct fs_inode *inode = file_get(fs(), "/file", 0);
    assert_int_equal(ext4_inode_truncate(inode, 400000), E_OK);
    check_zeros(inode, 8192, 391808);
    pattern_write(inode, 2, 100000, 10000); /* in the middle: makes three of it */
    pattern_write(inode, 2, 8192, 4096);    /* its front */
    pattern_check(inode, 2, 100000, 10000);
    pattern_check(inode, 2, 8192, 4096);
    pattern_check(inode, 1, 0, 5000);
    check_zeros(inode, 12288, 100000 - 12288);
    check_zeros(inode, 110000, 290000);
    pattern_write(inode, 3, 0, 400000);
    pattern_check(inode, 3, 0, 400000);
    ext4_inode_put(inode);
}

static void test_attribute_blocks_are_freed(void **state)
{
    make_file("/file", 1, 100);
    u64 before = free_blocks();
    debugfs("ea_set /file user.long "
            "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
            "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789");
    assert_int_equal(free_blocks(), before - 1);
    check_file("/file", 1, 100);
    assert_int_equal(ext4_unlink(fs(), PATH("/file")), E_OK);
    assert_int_equal(free_blocks(), before + 1);
}

/* A tree that mke2fs has copied into the image. */
static void test_image_populated_by_mke2fs(void **state)
{
    const char *file = image.file;
    char command[600], options[100];
    struct image other;
    snprintf(command, sizeof command,
             "rm -rf %s.d && mkdir -p %s.d/a/b && cd %s.d && seq 1 100000 > a/b/numbers && "
             "ln -s a/b/numbers link && ln a/b/numbers a/hard",
             file, file, file);
    assert_int_equal(system(command), 0);
    snprintf(options, sizeof options, "-d %s.d", file);
    image_make(&other, 2048, options, frames);
    image_mount(&other);
    struct fs_inode *inode = file_get(other.fs, "/link", 0);
    u8 bytes[12];
    size_t got;
    assert_int_equal(ext4_inode_size(inode), 588895);
    assert_int_equal(file_read(inode, 588895 - 7, bytes, 7, &got), E_OK);
    assert_memory_equal(bytes, "100000\n", 7);
    assert_int_equal(file_append(inode, "100001\n", 7), E_OK);
    ext4_inode_put(inode);
    image_unmount(&other);
    image_check(&other);
    image_free(&other);
    snprintf(command, sizeof command, "rm -rf %s.d", file);
    assert_int_equal(system(command), 0);
}

/* --- Pieces -------------------------------------------------------------------------------------------------- */

static void test_uncommitted_bytes_do_not_count(void **state)
{
    struct fs_piece piece = {0}, other = {0};
    struct fs_inode *inode = file_get(fs(), "/file", EXT4_CREATE);
    assert_int_equal(ext4_piece_out(inode, 0, 10000, false, &piece), E_OK);
    memset(piece.page, 0xee, ext4_piece_pages(&piece) * 4096);
    assert_int_equal(ext4_inode_size(inode), 0);
    assert_int_equal(ext4_piece_in(inode, 0, 100, &other), E_OK);
    assert_int_equal(other.length, 0);
    assert_int_equal(ext4_piece_commit(&piece, 100), E_OK);
    assert_int_equal(ext4_inode_size(inode), 100);
    assert_int_equal(ext4_inode_truncate(inode, 10000), E_OK);
    check_zeros(inode, 100, 9900); /* what was put behind the 100 bytes never shows */
    assert_int_equal(ext4_piece_out(inode, 20000, 1, false, &piece), E_OK);
    assert_int_equal(ext4_piece_commit(&piece, piece.length + 1), E_INVAL);
    assert_int_equal(ext4_piece_commit(&piece, 0), E_OK);
    assert_int_equal(ext4_inode_size(inode), 10000);
    assert_int_equal(ext4_piece_commit(&piece, 1), E_AGAIN);
    ext4_inode_put(inode);
}

static void test_appenders_take_turns(void **state)
{
    struct fs_piece a = {0}, b = {0};
    struct fs_inode *inode = file_get(fs(), "/file", EXT4_CREATE);
    assert_int_equal(ext4_piece_out(inode, 0, 100, true, &a), E_OK);
    assert_int_equal(ext4_piece_out(inode, 0, 100, true, &b), E_OK);
    assert_int_equal(ext4_piece_commit(&a, 10), E_AGAIN); /* revoked by b */
    memset(b.page + b.offset, 'b', 10);
    assert_int_equal(ext4_piece_commit(&b, 10), E_OK);
    assert_int_equal(ext4_piece_out(inode, 0, 100, true, &a), E_OK);
    assert_int_equal(a.position, 10);
    pattern_write(inode, 1, 10, 5); /* somebody else moves the end */
    assert_int_equal(ext4_piece_commit(&a, 10), E_AGAIN);
    assert_int_equal(ext4_inode_size(inode), 15);
    assert_int_equal(image.revoked, 1);
    ext4_inode_put(inode);
}

static void test_truncate_revokes_pieces(void **state)
{
    struct fs_piece in = {0}, low = {0}, out = {0};
    struct fs_inode *inode = file_get(fs(), "/file", EXT4_CREATE);
    pattern_write(inode, 1, 0, 100000);
    assert_int_equal(ext4_piece_in(inode, 50000, 4096, &in), E_OK);
    assert_int_equal(ext4_piece_in(inode, 0, 4096, &low), E_OK);
    assert_int_equal(ext4_piece_out(inode, 99000, 5000, false, &out), E_OK);
    assert_int_equal(ext4_inode_truncate(inode, 20000), E_OK);
    assert_null(in.inode);
    assert_null(out.inode);
    assert_non_null(low.inode);
    assert_int_equal(ext4_piece_commit(&out, 100), E_AGAIN);
    assert_int_equal(ext4_inode_size(inode), 20000);
    ext4_piece_release(&low);
    ext4_inode_put(inode);
}

static void test_filling_a_hole_revokes_its_zeros(void **state)
{
    struct fs_piece in = {0};
    struct fs_inode *inode = file_get(fs(), "/file", EXT4_CREATE);
    assert_int_equal(ext4_inode_truncate(inode, 100000), E_OK);
    assert_int_equal(ext4_piece_in(inode, 8192, 4096, &in), E_OK);
    assert_int_equal(in.page[in.offset], 0);
    pattern_write(inode, 1, 9000, 10);
    assert_null(in.inode);
    pattern_check(inode, 1, 9000, 10);
    check_zeros(inode, 8192, 808);
    ext4_inode_put(inode);
}

/* Two writers far apart: the space ahead of one must survive the other's. */
static void test_two_writers_beyond_the_end(void **state)
{
    struct fs_piece a = {0}, b = {0}, c = {0};
    struct fs_inode *inode = file_get(fs(), "/file", EXT4_CREATE);
    assert_int_equal(ext4_piece_out(inode, 0, 8192, false, &a), E_OK);
    memset(a.page, 'a', 8192);
    assert_int_equal(ext4_piece_out(inode, 1 << 20, 8192, false, &b), E_OK);
    memset(b.page, 'b', 8192);
    assert_int_equal(ext4_piece_out(inode, 4096, 8192, false, &c), E_OK); /* overlaps a: same page */
    assert_int_equal(c.page[0], 'a');
    c.page[0] = 'c';
    assert_int_equal(ext4_piece_commit(&b, 8192), E_OK);
    assert_int_equal(ext4_piece_commit(&c, 1), E_OK);
    assert_int_equal(ext4_piece_commit(&a, 8192), E_OK);
    u8 data[3];
    size_t got;
    file_read(inode, 4095, data, 3, &got);
    assert_memory_equal(data, "aca", 3);
    check_zeros(inode, 8192, 10000);
    file_read(inode, (1 << 20) + 8191, data, 3, &got);
    assert_int_equal(got, 1);
    assert_int_equal(data[0], 'b');
    ext4_inode_put(inode);
}

static void test_sequential_pieces_are_large(void **state)
{
    struct fs_piece piece = {0};
    make_file("/file", 1, 1 << 20);
    image_unmount(&image);
    image_mount(&image);
    struct fs_inode *inode = file_get(fs(), "/file", 0);
    u32 pieces = 0;
    for (u64 position = 0; position < 1 << 20; position += piece.length, pieces++) {
        assert_int_equal(ext4_piece_in(inode, position, 1 << 20, &piece), E_OK);
        ext4_piece_release(&piece);
    }
    assert_in_range(pieces, 1, 4);
    ext4_inode_put(inode);
}

static void test_pieces_only_of_files(void **state)
{
    struct fs_piece piece = {0};
    struct fs_inode *root = file_get(fs(), "/", 0);
    assert_int_equal(ext4_piece_in(root, 0, 10, &piece), E_ISDIR);
    assert_int_equal(ext4_piece_out(root, 0, 10, false, &piece), E_ISDIR);
    assert_int_equal(ext4_inode_truncate(root, 0), E_ISDIR);
    ext4_inode_put(root);
}

static void test_freeze_with_open_files(void **state)
{
    struct fs_piece out = {0}, in = {0};
    struct fs_inode *kept = file_get(fs(), "/kept", EXT4_CREATE), *gone = file_get(fs(), "/gone", EXT4_CREATE);
    pattern_write(kept, 1, 0, 50000);
    pattern_write(gone, 2, 0, 50000);
    assert_int_equal(ext4_unlink(fs(), PATH("/gone")), E_OK);
    assert_int_equal(ext4_piece_in(gone, 0, 4096, &in), E_OK);
    assert_int_equal(ext4_piece_out(kept, 100000, 4096, false, &out), E_OK);
    assert_int_equal(ext4_freeze(fs()), E_OK);
    image_check(&image);
    assert_null(in.inode);
    assert_int_equal(ext4_piece_commit(&out, 10), E_AGAIN);
    assert_int_equal(ext4_piece_out(kept, 0, 10, false, &out), E_ROFS);
    assert_int_equal(ext4_unlink(fs(), PATH("/kept")), E_ROFS);
    pattern_check(kept, 1, 0, 50000);
    ext4_inode_put(kept);
    ext4_inode_put(gone);
}

/* --- Groups -------------------------------------------------------------------------------------------------- */

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static const struct CMUnitTest tests[] = {
    TEST(test_write_and_read_back),
    TEST(test_contents_survive_remount),
    TEST(test_debugfs_reads_the_same),
    TEST(test_append_in_small_steps_is_contiguous),
    TEST(test_overwrite_in_the_middle),
    TEST(test_sparse_file_beyond_4_gib),
    TEST(test_largest_position),
    TEST(test_extent_tree_grows_joins_and_shrinks),
    TEST(test_extents_inserted_backwards),
    TEST(test_truncate_clears_and_extends_with_zeros),
    TEST(test_unlinked_file_lives_while_it_is_open),
    TEST(test_orphans_are_deleted_at_the_next_mount),
    TEST(test_names_up_to_255_bytes),
    TEST(test_many_entries),
    TEST(test_deep_directories),
    TEST(test_symbolic_links),
    TEST(test_hard_links),
    TEST(test_directories_count_links),
    TEST(test_removed_directory_in_use),
    TEST(test_rename),
    TEST(test_attributes),
    TEST(test_hashed_directory),
    TEST(test_unwritten_extents),
    TEST(test_attribute_blocks_are_freed),
    TEST(test_image_populated_by_mke2fs),
    TEST(test_uncommitted_bytes_do_not_count),
    TEST(test_appenders_take_turns),
    TEST(test_truncate_revokes_pieces),
    TEST(test_filling_a_hole_revokes_its_zeros),
    TEST(test_two_writers_beyond_the_end),
    TEST(test_sequential_pieces_are_large),
    TEST(test_pieces_only_of_files),
    TEST(test_freeze_with_open_files),
};

int main(void)
{
    frames = 0;
    int failed = cmocka_run_group_tests_name("image in memory", tests, NULL, NULL);
    frames = 24;
    return failed + cmocka_run_group_tests_name("device and cache", tests, NULL, NULL);
}
