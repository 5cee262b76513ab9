/* Pages of files for memory mappings: shown, stored to, taken back; over an image in memory and over a device. */

#include "tests/unit/ext4/image.h"

static struct image image;
static u32 frames; /* of the group's cache; 0 = image in memory */

static int setup(void **state)
{
    image_make(&image, 4096, "-N 256", frames);
    image_mount(&image);
    return 0;
}

static int teardown(void **state)
{
    image_unmount(&image);
    image_check(&image);
    image_free(&image);
    return 0;
}

static void test_exposed_pages_are_concealed(void **state)
{
    struct fs_pages pages;
    struct fs_inode *inode = file_get(image.fs, "/file", EXT4_CREATE);
    pattern_write(inode, 1, 0, 200000);
    for (u32 i = 0; i < 49; i++) {
        assert_int_equal(ext4_expose(inode, i, &pages), E_OK);
        assert_true(pages.first <= i && i < pages.first + pages.count);
        assert_int_equal(pages.page[(i - pages.first) * 4096], pattern_byte(1, i * 4096));
    }
    assert_int_equal(pages.page[(48 - pages.first) * 4096 + 200000 % 4096], 0);
    assert_int_equal(ext4_expose(inode, 49, &pages), E_RANGE);
    assert_int_equal(image.concealed, 0);
    assert_int_equal(ext4_inode_truncate(inode, 0), E_OK);
    assert_true(image.concealed >= 200000 / 4096 * 4096);
    ext4_inode_put(inode);
}

/* The page as a mapping that may write would have it, with a byte stored. */
static void store(struct fs_inode *inode, u64 index, u8 byte)
{
    struct fs_pages pages;
    assert_int_equal(ext4_expose_written(inode, index, &pages), E_OK);
    assert_int_equal(pages.count, 1);
    assert_int_equal(pages.first, index);
    pages.page[7] = byte;
}

static void test_stores_through_mappings_reach_the_disk(void **state)
{
    struct fs_pages pages;
    struct fs_inode *inode = file_get(image.fs, "/file", EXT4_CREATE);
    pattern_write(inode, 1, 0, 20000);
    assert_int_equal(ext4_inode_truncate(inode, 100000), E_OK);
    assert_int_equal(ext4_expose(inode, 20, &pages), E_OK); /* a hole */
    assert_int_equal(pages.page[7], 0);
    store(inode, 20, 0x55);
    assert_int_equal(image.concealed, 4096); /* the page of zeros */
    store(inode, 2, 0x66);
    assert_int_equal(ext4_expose_written(inode, 25, &pages), E_RANGE);
    u64 before = image.concealed;
    assert_int_equal(ext4_sync(image.fs), E_OK);
    assert_true(image.concealed > before || image.device.image); /* who stores again must fault again */
    before = image.concealed;
    assert_int_equal(ext4_sync(image.fs), E_OK);
    assert_int_equal(image.concealed, before);
    ext4_inode_put(inode);
    image_unmount(&image);
    image_check(&image);
    image_mount(&image);
    inode = file_get(image.fs, "/file", 0);
    assert_int_equal(ext4_expose(inode, 20, &pages), E_OK);
    assert_int_equal(pages.page[(20 - pages.first) * 4096 + 7], 0x55);
    assert_int_equal(ext4_expose(inode, 2, &pages), E_OK);
    assert_int_equal(pages.page[(2 - pages.first) * 4096 + 7], 0x66);
    ext4_inode_put(inode);
}

static void test_stores_behind_the_end_are_cleared(void **state)
{
    struct fs_pages pages;
    struct fs_inode *inode = file_get(image.fs, "/file", EXT4_CREATE);
    pattern_write(inode, 1, 0, 5000);
    assert_int_equal(ext4_expose_written(inode, 1, &pages), E_OK);
    pages.page[2000] = 0x77;
    assert_int_equal(ext4_inode_truncate(inode, 8192), E_OK);
    assert_int_equal(ext4_expose(inode, 1, &pages), E_OK);
    assert_int_equal(pages.page[(1 - pages.first) * 4096 + 2000], 0);
    ext4_inode_put(inode);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static const struct CMUnitTest tests[] = {
    TEST(test_exposed_pages_are_concealed),
    TEST(test_stores_through_mappings_reach_the_disk),
    TEST(test_stores_behind_the_end_are_cleared),
};

int main(void)
{
    frames = 0;
    int failed = cmocka_run_group_tests_name("image in memory", tests, NULL, NULL);
    frames = 24;
    return failed + cmocka_run_group_tests_name("device and cache", tests, NULL, NULL);
}
