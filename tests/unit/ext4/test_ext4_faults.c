/*
 * What must fail, fails cleanly: a full disk, every single transfer or allocation failing, images that are not what
 * they should be. The judge is e2fsck: after an error the file system is as consistent as before.
 */

#include "tests/unit/ext4/image.h"

static struct image image;

/* --- Full disk ----------------------------------------------------------------------------------------------- */

static void fill_disk(void)
{
    char name[32];
    u8 *data = calloc(1, 100000);
    err_t error = E_OK;
    for (u32 i = 0; !error && i < 1000; i++) {
        struct fs_inode *inode;
        snprintf(name, sizeof name, "/file%u", i);
        error = ext4_lookup(image.fs, path_of(name), EXT4_CREATE, 0644, &inode);
        if (error)
            break;
        error = file_append(inode, data, 100000);
        ext4_inode_put(inode);
    }
    assert_int_equal(error, E_NOSPC);
    free(data);
}

static void test_full_disk(void **state)
{
    struct fs_inode *inode;
    struct fs_info info;
    image_make(&image, 512, "-N 64", 24);
    image_mount(&image);
    fill_disk();
    ext4_get_info(image.fs, &info);
    assert_true(info.free_blocks < 8);
    assert_int_equal(ext4_unlink(image.fs, PATH("/file0")), E_OK);
    inode = file_get(image.fs, "/again", EXT4_CREATE);
    pattern_write(inode, 1, 0, 50000);
    pattern_check(inode, 1, 0, 50000);
    ext4_inode_put(inode);
    image_unmount(&image);
    image_check(&image);
    image_free(&image);
}

static void test_no_inodes_left(void **state)
{
    char name[32];
    err_t error = E_OK;
    image_make(&image, 512, "-N 32", 0);
    image_mount(&image);
    for (u32 i = 0; !error; i++) {
        struct fs_inode *inode;
        snprintf(name, sizeof name, "/file%u", i);
        error = ext4_lookup(image.fs, path_of(name), EXT4_CREATE, 0644, &inode);
        if (!error)
            ext4_inode_put(inode);
    }
    assert_int_equal(error, E_NOSPC);
    assert_int_equal(ext4_mkdir(image.fs, PATH("/dir"), 0755), E_NOSPC);
    assert_int_equal(ext4_unlink(image.fs, PATH("/file0")), E_OK);
    assert_int_equal(ext4_mkdir(image.fs, PATH("/dir"), 0755), E_OK);
    image_unmount(&image);
    image_check(&image);
    image_free(&image);
}

/* Accepted data can always be committed, even if others take the rest of the disk meanwhile. */
static void test_commit_never_lacks_space(void **state)
{
    struct fs_piece pieces[16] = {0};
    image_make(&image, 512, "-N 64", 0);
    image_mount(&image);
    struct fs_inode *inode = file_get(image.fs, "/comb", EXT4_CREATE);
    pattern_write(inode, 1, 0, 100);
    for (u32 i = 0; i < 16; i++)
        assert_int_equal(ext4_piece_out(inode, (i + 1) * 16384ull, 100, false, &pieces[i]), E_OK);
    fill_disk();
    for (u32 i = 0; i < 16; i++)
        assert_int_equal(ext4_piece_commit(&pieces[i], 100), E_OK);
    ext4_inode_put(inode);
    image_unmount(&image);
    image_check(&image);
    image_free(&image);
}

/* --- Every transfer, every allocation fails once ---------------------------------------------------------------- */

/* A bit of everything; goes on after errors, as a server does. */
static void work(void)
{
    struct fs_inode *inode, *open;
    static u8 data[60000];
    for (u32 i = 0; i < 12; i++) {
        char name[128], other[128];
        snprintf(name, sizeof name, "/dir/f%u", i);
        snprintf(other, sizeof other, "/dir/%0100u", i);
        ext4_mkdir(image.fs, PATH("/dir"), 0755);
        if (ext4_lookup(image.fs, path_of(name), EXT4_CREATE, 0644, &inode) == E_OK) {
            file_append(inode, data, sizeof data);
            file_write(inode, 200000 + i * 8192, data, 5000, 3000);
            file_write(inode, 300000, data, 5000, 3000);
            ext4_inode_truncate(inode, 30000 * (i % 3));
            ext4_inode_put(inode);
        }
        ext4_link(image.fs, path_of(name), path_of(other));
        ext4_symlink(image.fs, PATH("/dir/link"), (const char *)memset(data, 'x', 100), i % 2 ? 100 : 10);
        ext4_rename(image.fs, PATH("/dir/link"), PATH("/moved"));
        if (ext4_lookup(image.fs, path_of(other), 0, 0, &open) == E_OK) {
            ext4_unlink(image.fs, path_of(name));
            ext4_unlink(image.fs, path_of(other));
            file_append(open, data, 10000);
            ext4_inode_put(open);
        }
        ext4_sync(image.fs);
    }
    ext4_rmdir(image.fs, PATH("/dir"));
}

/*
 * Runs the work with a budget and says whether it was used up. Then faults end, and what is in the cache is written.
 * A file whose deletion failed is left as orphan, on purpose: the next mount deletes it.
 */
static bool work_with_fault(u32 io_budget, u32 alloc_budget)
{
    image_make(&image, 512, "-N 64", 6);
    image.quiet = true;
    image_mount(&image);
    image.io_budget = io_budget;
    image.alloc_budget = alloc_budget;
    work();
    bool failed = image.failing;
    image.failing = false;
    image.io_budget = image.alloc_budget = 0;
    assert_int_equal(ext4_unmount(image.fs), E_OK);
    image_mount(&image);
    assert_int_equal(ext4_unmount(image.fs), E_OK);
    assert_int_equal(image.allocated, 0);
    char output[8192];
    int status = image_command(&image, "/sbin/e2fsck -fn %s", output, sizeof output);
    if (status)
        fail_msg("io %u alloc %u: e2fsck says %d: %s", io_budget, alloc_budget, status, output);
    image_free(&image);
    return failed;
}

/* With one failing transfer after the other; the step keeps the test short, the prime offsets vary. */
static void test_every_transfer_fails(void **state)
{
    u32 step = getenv("EXT4_TEST_LONG") ? 1 : 7;
    for (u32 n = 1; work_with_fault(n, 0); n += step)
        ;
}

static void test_every_allocation_fails(void **state)
{
    u32 n = 1;
    while (work_with_fault(0, n))
        n++;
    assert_true(n > 1);
}

/* A mount that fails half way leaks nothing. */
static void test_mount_fails(void **state)
{
    image_make(&image, 512, "-N 64", 6);
    image.quiet = true;
    for (u32 n = 1; n < 100; n++) {
        image.io_budget = n % 2 ? n / 2 + 1 : 0;
        image.alloc_budget = n % 2 ? 0 : n / 2;
        err_t error = ext4_mount(&image.env, &image.device, &image.options, &image.fs);
        image.failing = false;
        image.io_budget = image.alloc_budget = 0;
        if (!error)
            assert_int_equal(ext4_unmount(image.fs), E_OK);
        assert_int_equal(image.allocated, 0);
    }
    image_check(&image);
    image_free(&image);
}

/* --- Images that are refused ------------------------------------------------------------------------------------- */

static struct ext4_super *super(void)
{
    return (struct ext4_super *)(image.bytes + EXT4_SUPER_OFFSET);
}

static err_t try_mount(void)
{
    image.messages = 0;
    err_t error = ext4_mount(&image.env, &image.device, &image.options, &image.fs);
    assert_int_equal(image.messages > 0, error != E_OK);
    if (!error)
        image_unmount(&image);
    return error;
}

static void test_refuses_unknown_features(void **state)
{
    image_make(&image, 512, "-N 64", 0);
    image.quiet = true;
    for (u32 bit = 0; bit < 32; bit++) {
        bool known = EXT4_INCOMPAT_KNOWN >> bit & 1;
        super()->feature_incompat |= 1u << bit;
        assert_int_equal(try_mount(), known ? E_OK : E_NOTSUP);
        if (!known)
            super()->feature_incompat &= ~(1u << bit);
    }
    image_free(&image);
}

static void test_mounts_unknown_writable_features_read_only(void **state)
{
    struct fs_inode *inode;
    struct fs_info info;
    image_make(&image, 512, "-N 64", 0);
    image.quiet = true;
    super()->feature_ro_compat |= 0x400;
    image_mount(&image);
    ext4_get_info(image.fs, &info);
    assert_true(info.read_only);
    assert_int_equal(ext4_mkdir(image.fs, PATH("/dir"), 0755), E_ROFS);
    assert_int_equal(ext4_lookup(image.fs, PATH("/file"), EXT4_CREATE, 0644, &inode), E_ROFS);
    inode = file_get(image.fs, "/lost+found", 0);
    assert_int_equal(ext4_inode_chmod(inode, 0), E_ROFS);
    ext4_inode_put(inode);
    image_unmount(&image);
    assert_int_equal(super()->state, EXT4_STATE_CLEAN);
    image_free(&image);
}

static void test_refuses_other_images(void **state)
{
    image_make(&image, 512, "-N 64", 0);
    image.quiet = true;
    image.device.block_count = 500;
    assert_int_equal(try_mount(), E_INVAL); /* cut short */
    image.device.block_count = 512;
    super()->magic = 0;
    assert_int_equal(try_mount(), E_INVAL);
    image_free(&image);
}

static void test_is_marked_while_mounted(void **state)
{
    char output[4096];
    image_make(&image, 512, "-N 64", 8);
    image_mount(&image);
    assert_int_equal(super()->state & EXT4_STATE_CLEAN, 0);
    image_unmount(&image);
    assert_int_equal(super()->state, EXT4_STATE_CLEAN);
    image.quiet = true;
    image_mount(&image);
    ext4_abandon(image.fs);
    image_mount(&image); /* after an unclean stop it stays marked, whoever unmounts it, until e2fsck has seen it */
    image_unmount(&image);
    assert_int_equal(super()->state & EXT4_STATE_CLEAN, 0);
    image_command(&image, "/sbin/e2fsck -p %s", output, sizeof output);
    assert_int_equal(super()->state, EXT4_STATE_CLEAN);
    image_free(&image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_no_inodes_left),
        cmocka_unit_test(test_commit_never_lacks_space),
        cmocka_unit_test(test_every_transfer_fails),
        cmocka_unit_test(test_every_allocation_fails),
        cmocka_unit_test(test_mount_fails),
        cmocka_unit_test(test_refuses_unknown_features),
        cmocka_unit_test(test_mounts_unknown_writable_features_read_only),
        cmocka_unit_test(test_refuses_other_images),
        cmocka_unit_test(test_is_marked_while_mounted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
