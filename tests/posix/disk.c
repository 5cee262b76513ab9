/* Files as they stand on the disk: sparse ones beyond 4 GiB, names that go or change while files are open, deep
 * folders; and random bytes, which nothing else asks for. The disk is judged by e2fsck afterwards. */
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/posix/check.h"

#define BASE  "/tmp/posix-test"
#define FAR   (5LL << 30)
#define DEPTH 100

static char buffer[1 << 16];

static void test_sparse(void)
{
    struct stat st;
    int fd = open("sparse", O_RDWR | O_CREAT | O_EXCL, 0644);
    CHECK(fd >= 0);
    CHECK(pwrite(fd, "far", 3, FAR) == 3);
    CHECK(pwrite(fd, "near", 4, 0) == 4);
    CHECK(fstat(fd, &st) == 0 && st.st_size == FAR + 3 && st.st_blocks <= 64);
    CHECK(lseek(fd, 0, SEEK_END) == FAR + 3);
    CHECK(pread(fd, buffer, 16, FAR - 4) == 7 && !memcmp(buffer, "\0\0\0\0far", 7));
    CHECK(pread(fd, buffer, 4, 1LL << 32) == 4 && !memcmp(buffer, "\0\0\0\0", 4));
    CHECK(ftruncate(fd, 2) == 0 && pread(fd, buffer, 16, 0) == 2);
    CHECK(ftruncate(fd, FAR) == 0 && pread(fd, buffer, 4, 0) == 4 && !memcmp(buffer, "ne\0\0", 4));
    CHECK(close(fd) == 0 && stat("sparse", &st) == 0 && st.st_size == FAR);
}

static void test_unlink_while_open(void)
{
    struct stat st;
    int fd = open("gone", O_RDWR | O_CREAT | O_EXCL, 0644);
    CHECK(write(fd, "still", 5) == 5 && unlink("gone") == 0);
    CHECK_ERROR(open("gone", O_RDONLY), ENOENT);
    CHECK(fstat(fd, &st) == 0 && st.st_nlink == 0);
    memset(buffer, 'x', sizeof buffer);
    CHECK(pwrite(fd, buffer, sizeof buffer, 5) == sizeof buffer);
    CHECK(pread(fd, buffer, 6, 0) == 6 && !memcmp(buffer, "stillx", 6));
    CHECK(close(fd) == 0);
}

static void test_rename_over_open(void)
{
    int old = open("target", O_RDWR | O_CREAT | O_EXCL, 0644);
    int new = open("source", O_RDWR | O_CREAT | O_EXCL, 0644);
    CHECK(write(old, "old", 3) == 3 && write(new, "new", 3) == 3);
    CHECK(rename("source", "target") == 0);
    CHECK_ERROR(access("source", F_OK), ENOENT);
    CHECK(pread(old, buffer, 8, 0) == 3 && !memcmp(buffer, "old", 3));
    int again = open("target", O_RDONLY);
    CHECK(pread(again, buffer, 8, 0) == 3 && !memcmp(buffer, "new", 3));
    CHECK(close(old) == 0 && close(new) == 0 && close(again) == 0 && unlink("target") == 0);
}

static void test_deep_folders(void)
{
    int made = 0;
    while (made < DEPTH && mkdir("folder", 0755) == 0 && chdir("folder") == 0)
        made++;
    CHECK(made == DEPTH); /* 714 bytes: deeper than getcwd can tell */
    CHECK_ERROR(getcwd(buffer, sizeof buffer) ? 0 : -1, ENAMETOOLONG);
    CHECK_ERROR(rename(BASE "/folder", "inside"), EINVAL);
    while (made > DEPTH / 2 && chdir("..") == 0 && rmdir("folder") == 0)
        made--;
    CHECK(getcwd(buffer, sizeof buffer) && strlen(buffer) == strlen(BASE) + DEPTH / 2 * strlen("/folder"));
    while (made > 0 && chdir("..") == 0 && rmdir("folder") == 0)
        made--;
    CHECK(made == 0);
}

static void test_random(void)
{
    unsigned char a[64] = {0}, b[64] = {0};
    CHECK(getrandom(a, sizeof a, 0) == sizeof a && getrandom(b, sizeof b, GRND_NONBLOCK) == sizeof b);
    CHECK(memcmp(a, b, sizeof a) != 0);
    CHECK(getentropy(a, sizeof a) == 0 && memcmp(a, b, sizeof a) != 0);
}

int main(void)
{
    CHECK(mkdir(BASE, 0755) == 0 && chdir(BASE) == 0);
    test_sparse();
    test_unlink_while_open();
    test_rename_over_open();
    test_deep_folders();
    test_random();
    CHECK(unlink("sparse") == 0 && chdir("/") == 0 && rmdir(BASE) == 0);
    return check_finish();
}
