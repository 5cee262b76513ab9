/* The file server through its protocols, as clients see it: positions, windows and who loses them, names, handles. */

#include "tests/unit/fs/rig.h"

static u32 order; /* of the group's cache */

static int setup(void **state)
{
    rig_start(8192, order);
    return 0;
}

static int teardown(void **state)
{
    rig_stop();
    return 0;
}

static cap_t open_file(const char *path, u32 flags)
{
    cap_t slot = rig_slot();
    u32 mode;
    err_t error = fs_open(rig_service(), 0, flags, 0644, path, strlen(path), &mode, slot);
    if (error)
        fail_msg("open %s: error %d", path, error);
    return slot;
}

static err_t try_open(const char *path, u32 flags)
{
    cap_t slot = rig_slot();
    u32 mode;
    err_t error = fs_open(rig_service(), 0, flags, 0644, path, strlen(path), &mode, slot);
    if (!error)
        rig_close(slot);
    return error;
}

/* A piece as a client holds it. */
struct piece {
    u8 *memory;
    u64 length;
    u32 window, flags;
};

static err_t next_in(cap_t file, struct piece *p)
{
    u64 at;
    err_t error = file_next_in(file, 0, &at, &p->length, &p->flags, rig_window());
    if (!error && p->length)
        p->memory = rig_memory(&p->window) + at;
    return error;
}

static err_t next_out(cap_t file, u64 hint, struct piece *p)
{
    u64 at;
    err_t error = file_next_out(file, hint, 0, &at, &p->length, &p->flags, rig_window());
    if (!error)
        p->memory = rig_memory(&p->window) + at;
    return error;
}

static void write_pattern(cap_t file, u32 seed, u64 position, u64 size)
{
    struct piece p;
    u64 end;
    for (u64 done = 0; done < size; done += p.length) {
        assert_int_equal(next_out(file, size - done, &p), E_OK);
        assert_in_range(p.length, 1, size - done);
        for (u64 i = 0; i < p.length; i++)
            p.memory[i] = pattern_byte(seed, position + done + i);
        assert_int_equal(file_commit_out(file, p.length, &end), E_OK);
        assert_int_equal(end, position + done + p.length);
        assert_false(rig_window_stands(p.window));
    }
}

static u64 read_pattern(cap_t file, u32 seed, u64 position)
{
    struct piece p;
    u64 size = 0;
    while (next_in(file, &p) == E_OK && p.length) {
        for (u64 i = 0; i < p.length; i++)
            assert_int_equal(p.memory[i], pattern_byte(seed, position + size + i));
        size += p.length;
    }
    return size;
}

static cap_t make_file(const char *path, u32 seed, u64 size)
{
    cap_t file = open_file(path, FS_READ | FS_WRITE | FS_CREATE);
    write_pattern(file, seed, 0, size);
    return file;
}

/* --- Positions ----------------------------------------------------------------------------------------------- */

static void test_write_then_read(void **state)
{
    u64 position;
    cap_t file = make_file("/file", 1, 3000000);
    assert_int_equal(file_seek(file, 0, FILE_SEEK_SET, &position), E_OK);
    assert_int_equal(read_pattern(file, 1, 0), 3000000);
    assert_int_equal(file_seek(file, -1000, FILE_SEEK_END, &position), E_OK);
    assert_int_equal(position, 2999000);
    assert_int_equal(read_pattern(file, 1, position), 1000);
    assert_int_equal(file_seek(file, -1, FILE_SEEK_SET, &position), E_INVAL);
    assert_int_equal(file_seek(file, 0, 3, &position), E_INVAL);
}

static void test_commit_in_moves_by_what_was_consumed(void **state)
{
    struct piece p, q;
    u64 position;
    cap_t file = make_file("/file", 1, 100000);
    file_seek(file, 0, FILE_SEEK_SET, &position);
    assert_int_equal(next_in(file, &p), E_OK);
    assert_int_equal(file_commit_in(file, p.length + 1), E_INVAL);
    assert_int_equal(file_commit_in(file, 10), E_OK);
    assert_false(rig_window_stands(p.window));
    assert_int_equal(file_commit_in(file, 0), E_AGAIN);
    assert_int_equal(next_in(file, &q), E_OK);
    assert_int_equal(q.memory[0], pattern_byte(1, 10));
}

static void test_pieces_grow(void **state)
{
    struct piece p;
    u64 position, n = 0;
    cap_t file = make_file("/file", 1, 4 << 20);
    file_seek(file, 0, FILE_SEEK_SET, &position);
    while (next_in(file, &p) == E_OK && p.length)
        n++;
    assert_in_range(n, 5, 24);
}

static void test_pieces_at_a_place_leave_the_position(void **state)
{
    u64 at, length, position;
    u32 window;
    cap_t file = make_file("/file", 1, 100000);
    assert_int_equal(file_in_at(file, 50000, &at, &length, rig_window()), E_OK);
    assert_int_equal(rig_memory(&window)[at], pattern_byte(1, 50000));
    assert_int_equal(file_commit_in(file, 1), E_INVAL);
    assert_int_equal(file_out_at(file, 10, 5, &at, &length, rig_window()), E_OK);
    rig_memory(&window)[at] = 7;
    assert_int_equal(file_commit_at(file, 1), E_OK);
    assert_int_equal(file_seek(file, 0, FILE_SEEK_CUR, &position), E_OK);
    assert_int_equal(position, 100000);
    assert_int_equal(file_in_at(file, 10, &at, &length, rig_window()), E_OK);
    assert_int_equal(rig_memory(&window)[at], 7);
    assert_int_equal(file_in_at(file, 100000, &at, &length, rig_window()), E_OK);
    assert_int_equal(length, 0);
}

static void test_clones_share_the_position(void **state)
{
    struct piece p, q;
    u64 position;
    cap_t file = make_file("/file", 1, 100000), other = rig_slot();
    file_seek(file, 0, FILE_SEEK_SET, &position);
    assert_int_equal(file_clone(file, other), E_OK);
    assert_int_equal(next_in(file, &p), E_OK);
    assert_true(p.flags & FILE_FLAG_SHARED);
    assert_int_equal(next_in(other, &q), E_OK); /* takes the piece away from the first */
    assert_false(rig_window_stands(p.window));
    assert_int_equal(file_commit_in(file, 5), E_AGAIN);
    assert_int_equal(file_commit_in(other, 5), E_OK);
    rig_close(other);
    assert_int_equal(next_in(file, &p), E_OK);
    assert_int_equal(p.memory[0], pattern_byte(1, 5));
}

static void test_append(void **state)
{
    struct piece p, q;
    u64 position;
    cap_t a = open_file("/log", FS_WRITE | FS_CREATE | FS_APPEND), b = open_file("/log", FS_WRITE | FS_APPEND);
    assert_int_equal(next_out(a, 100, &p), E_OK);
    assert_int_equal(next_out(b, 100, &q), E_OK);
    assert_false(rig_window_stands(p.window));
    assert_int_equal(file_commit_out(a, 10, &position), E_AGAIN);
    memset(q.memory, 'b', 10);
    assert_int_equal(file_commit_out(b, 10, &position), E_OK);
    assert_int_equal(next_out(a, 100, &p), E_OK);
    memset(p.memory, 'a', 10);
    assert_int_equal(file_commit_out(a, 10, &position), E_OK);
    assert_int_equal(position, 20);
}

/* --- Windows ------------------------------------------------------------------------------------------------- */

static void test_a_session_has_one_window_each_way(void **state)
{
    struct piece p, q;
    u64 position;
    cap_t file = make_file("/file", 1, 2 << 20);
    file_seek(file, 0, FILE_SEEK_SET, &position);
    assert_int_equal(next_in(file, &p), E_OK);
    assert_int_equal(next_in(file, &q), E_OK);
    assert_false(rig_window_stands(p.window));
    assert_true(rig_window_stands(q.window));
    assert_int_equal(next_out(file, 10, &p), E_OK);
    assert_int_equal(rig_windows_standing(), 2);
    rig_close(file);
    assert_int_equal(rig_windows_standing(), 0);
}

static void test_windows_are_revoked_one_by_one(void **state)
{
    struct piece p, q;
    u64 position;
    cap_t a = make_file("/file", 1, 100000), b = open_file("/file", FS_READ);
    file_seek(a, 0, FILE_SEEK_SET, &position);
    assert_int_equal(next_in(a, &p), E_OK);
    assert_int_equal(next_in(b, &q), E_OK);
    assert_int_equal(file_commit_in(a, 1), E_OK);
    assert_int_equal(rig_window_stands(q.window), order != 0); /* over an image in memory all lose the pages */
    assert_int_equal(q.memory[0], pattern_byte(1, 0));
}

static void test_truncate_revokes(void **state)
{
    struct piece p;
    cap_t a = make_file("/file", 1, 100000), b = open_file("/file", FS_READ);
    assert_int_equal(next_in(b, &p), E_OK);
    assert_int_equal(file_truncate(b, 0), E_INVAL);
    assert_int_equal(file_truncate(a, 10), E_OK);
    assert_false(rig_window_stands(p.window));
    assert_int_equal(file_commit_in(b, 5), E_OK); /* what was read before still counts */
    assert_int_equal(next_in(b, &p), E_OK);
    assert_int_equal(p.length, 5);
}

/* More readers than there are windows or frames: the oldest lose theirs, everybody gets on. */
static void test_many_sessions(void **state)
{
    struct piece p[100];
    cap_t files[100];
    u64 position;
    files[0] = make_file("/file", 1, 4 << 20);
    for (u32 i = 1; i < 100; i++)
        files[i] = open_file("/file", FS_READ);
    for (u32 i = 0; i < 100; i++) {
        assert_int_equal(file_seek(files[i], i * 40000, FILE_SEEK_SET, &position), E_OK);
        assert_int_equal(next_in(files[i], &p[i]), E_OK);
        assert_int_equal(p[i].memory[0], pattern_byte(1, i * 40000));
    }
    for (u32 i = 0; i < 100; i++)
        rig_close(files[i]);
}

static void test_mappings(void **state)
{
    u64 offset, base = CLIENT_WINDOW + (5 << 12);
    u32 window, access;
    cap_t file = make_file("/file", 1, 300001);
    u64 size;
    assert_int_equal(dataspace_info(file, &size, &access), E_OK);
    assert_int_equal(size, 300001);
    for (offset = 0; offset < 300001; offset += 4096) {
        assert_int_equal(dataspace_map(file, offset, base + offset, 20, DATASPACE_READ, rig_window()), E_OK);
        u64 piece_base = sys_utcb->item[0].base, skip = base + offset - piece_base;
        assert_true(piece_base <= base + offset);
        assert_int_equal(rig_memory(&window)[skip], pattern_byte(1, offset));
    }
    assert_int_equal(dataspace_map(file, 303104, base, 20, DATASPACE_READ, 0), E_RANGE);
    u32 read_write = DATASPACE_READ | DATASPACE_WRITE;
    cap_t reader = open_file("/file", FS_READ), writer = open_file("/file", FS_WRITE);
    assert_int_equal(dataspace_map(reader, 0, base, 20, read_write, rig_window()), E_ACCES);
    assert_int_equal(dataspace_map(writer, 0, base, 20, read_write, rig_window()), E_ACCES);
    assert_int_equal(dataspace_map(file, 8192, base, 20, read_write, rig_window()), E_OK);
    rig_memory(&window)[5] = 77;
    assert_int_equal(dataspace_map(reader, 8192, base, 12, DATASPACE_READ, rig_window()), E_OK);
    assert_int_equal(rig_memory(&window)[5], 77);
    rig_close(reader);
    rig_close(writer);
    assert_true(rig_windows_standing() > 0);
    assert_int_equal(file_truncate(file, 0), E_OK);
    assert_int_equal(rig_windows_standing(), 0);
}

/* --- Names --------------------------------------------------------------------------------------------------- */

static void test_open_modes(void **state)
{
    struct piece p;
    assert_int_equal(try_open("/none", FS_READ), E_NOENT);
    assert_int_equal(try_open("/", FS_READ), E_OK);
    assert_int_equal(try_open("/", FS_WRITE), E_ISDIR);
    rig_close(make_file("/file", 1, 1000));
    assert_int_equal(try_open("/file", FS_READ | FS_DIRECTORY), E_NOTDIR);
    assert_int_equal(try_open("/file", FS_WRITE | FS_CREATE | FS_EXCL), E_EXIST);
    cap_t reader = open_file("/file", FS_READ), writer = open_file("/file", FS_WRITE | FS_TRUNC);
    struct file_stat_result stat;
    assert_int_equal(file_stat(reader, &stat), E_OK);
    assert_int_equal(stat.size, 0);
    assert_int_equal(stat.mode, 0100644);
    assert_int_equal(stat.flags, FILE_FLAG_SEEKABLE);
    assert_int_equal(next_out(reader, 1, &p), E_BADF);
    assert_int_equal(next_in(writer, &p), E_BADF);
}

static void test_names(void **state)
{
    cap_t fs = rig_service();
    struct fs_stat_result stat;
    char text[640];
    size_t length = sizeof text;
    u32 dir;
    assert_int_equal(fs_mkdir(fs, 0, 0755, "/dir", 4), E_OK);
    assert_int_equal(fs_open_dir(fs, 0, "/dir", 4, &dir), E_OK);
    assert_int_equal(fs_mkdir(fs, dir, 0755, "sub", 3), E_OK);
    assert_int_equal(fs_symlink_target(fs, "sub/../file", 11), E_OK);
    assert_int_equal(fs_symlink(fs, dir, "link", 4), E_OK);
    rig_close(make_file("/dir/link", 1, 123));
    assert_int_equal(fs_stat(fs, dir, 0, "file", 4, &stat), E_OK);
    assert_int_equal(stat.size, 123);
    assert_int_equal(fs_readlink(fs, dir, "link", 4, text, &length), E_OK);
    assert_int_equal(length, 11);
    assert_int_equal(fs_rename_from(fs, dir, "file", 4), E_OK);
    assert_int_equal(fs_rename_to(fs, 0, "/moved", 6), E_OK);
    assert_int_equal(fs_rename_to(fs, 0, "/again", 6), E_NOENT); /* remembered once */
    assert_int_equal(fs_rename_from(fs, 0, "/moved", 6), E_OK);
    assert_int_equal(fs_link_to(fs, dir, "second", 6), E_OK);
    length = sizeof text;
    assert_int_equal(fs_realpath(fs, dir, "sub", 3, text, &length), E_OK);
    assert_int_equal(length, 8);
    assert_memory_equal(text, "/dir/sub", 8);
    assert_int_equal(fs_unlink(fs, dir, FS_DIRECTORY, "sub", 3), E_OK);
    assert_int_equal(fs_unlink(fs, dir, 0, "second", 6), E_OK);
    assert_int_equal(fs_access(fs, 0, 1, "/moved", 6), E_ACCES);
    assert_int_equal(fs_chmod(fs, 0, 0755, "/moved", 6), E_OK);
    assert_int_equal(fs_access(fs, 0, 1, "/moved", 6), E_OK);
    assert_int_equal(fs_close_dir(fs, dir), E_OK);
    assert_int_equal(fs_close_dir(fs, dir), E_BADF);
    assert_int_equal(fs_stat(fs, dir, 0, "link", 4, &stat), E_BADF);
    assert_int_equal(fs_stat(fs, 99, 0, "link", 4, &stat), E_BADF);
}

static void test_directory_handles_run_out(void **state)
{
    cap_t fs = rig_slot();
    u32 dir, n = 0;
    assert_int_equal(fs_clone(rig_service(), fs), E_OK);
    while (fs_open_dir(fs, 0, "/", 1, &dir) == E_OK)
        n++;
    assert_int_equal(n, 32);
    assert_int_equal(fs_open_dir(fs, 0, "/", 1, &dir), E_MFILE);
}

static void test_readdir(void **state)
{
    char name[300], entries[FILE_READDIR_ENTRIES_MAX];
    u32 count = 0;
    u64 cookie = 0;
    for (u32 i = 0; i < 40; i++) {
        snprintf(name, sizeof name, "/%0*u", (int)(1 + i * 6), i);
        rig_close(open_file(name, FS_WRITE | FS_CREATE));
    }
    cap_t dir = open_file("/", FS_READ | FS_DIRECTORY);
    for (;;) {
        size_t length = sizeof entries;
        assert_int_equal(file_readdir(dir, cookie, entries, &length), E_OK);
        if (!length)
            break;
        for (size_t at = 0; at < length; at += 18 + (u8)entries[at + 17], count++)
            memcpy(&cookie, entries + at + 8, 8);
    }
    assert_int_equal(count, 43); /* with ".", ".." and lost+found */
}

static void test_unmount_leaves_files_readable(void **state)
{
    struct piece p;
    u64 position;
    cap_t file = make_file("/file", 1, 100000);
    assert_int_equal(next_out(file, 10, &p), E_OK);
    assert_int_equal(mount_unmount(rig_mount_service()), E_OK);
    assert_false(rig_window_stands(p.window));
    image_check(&rig_image);
    assert_int_equal(fs_mkdir(rig_service(), 0, 0755, "/dir", 4), E_ROFS);
    assert_int_equal(file_commit_out(file, 10, &position), E_AGAIN);
    assert_int_equal(next_out(file, 10, &p), E_ROFS);
    file_seek(file, 0, FILE_SEEK_SET, &position);
    assert_int_equal(read_pattern(file, 1, 0), 100000);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static const struct CMUnitTest tests[] = {
    TEST(test_write_then_read),
    TEST(test_commit_in_moves_by_what_was_consumed),
    TEST(test_pieces_grow),
    TEST(test_pieces_at_a_place_leave_the_position),
    TEST(test_clones_share_the_position),
    TEST(test_append),
    TEST(test_a_session_has_one_window_each_way),
    TEST(test_windows_are_revoked_one_by_one),
    TEST(test_truncate_revokes),
    TEST(test_many_sessions),
    TEST(test_mappings),
    TEST(test_open_modes),
    TEST(test_names),
    TEST(test_directory_handles_run_out),
    TEST(test_readdir),
    TEST(test_unmount_leaves_files_readable),
};

int main(void)
{
    order = 0;
    int failed = cmocka_run_group_tests_name("image in memory", tests, NULL, NULL);
    order = 22;
    return failed + cmocka_run_group_tests_name("device and cache", tests, NULL, NULL);
}
