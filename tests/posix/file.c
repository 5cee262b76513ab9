/* Files: reading and writing at positions, flags of open, names, folders, attributes, mappings, bad arguments. */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/posix/check.h"

#define BASE "/tmp/posix-test"

static char buffer[3 << 20];

static void test_positions(void)
{
    int fd = open("file", O_RDWR | O_CREAT | O_EXCL, 0640);
    CHECK(fd >= 0);
    CHECK_ERROR(open("file", O_RDWR | O_CREAT | O_EXCL, 0640), EEXIST);
    CHECK(write(fd, "0123456789", 10) == 10);
    CHECK(lseek(fd, 0, SEEK_CUR) == 10);
    CHECK(lseek(fd, 2, SEEK_SET) == 2);
    CHECK(read(fd, buffer, 3) == 3 && !memcmp(buffer, "234", 3));
    CHECK(lseek(fd, 0, SEEK_CUR) == 5);
    CHECK(write(fd, "xy", 2) == 2); /* behind what was read */
    CHECK(read(fd, buffer, 100) == 3 && !memcmp(buffer, "789", 3));
    CHECK(read(fd, buffer, 100) == 0);
    CHECK(pread(fd, buffer, 100, 0) == 10 && !memcmp(buffer, "01234xy789", 10));
    CHECK(pread(fd, buffer, 100, 10) == 0);
    CHECK(pwrite(fd, "AB", 2, 1) == 2);
    CHECK(lseek(fd, -10, SEEK_END) == 0);
    CHECK(read(fd, buffer, 100) == 10 && !memcmp(buffer, "0AB34xy789", 10));
    CHECK_ERROR(lseek(fd, -11, SEEK_END), EINVAL);
    CHECK(pwrite(fd, "z", 1, 20000) == 1);
    CHECK(lseek(fd, 0, SEEK_END) == 20001);
    CHECK(pread(fd, buffer, 5, 19996) == 5 && !memcmp(buffer, "\0\0\0\0z", 5));
    CHECK(ftruncate(fd, 4) == 0);
    CHECK(pread(fd, buffer, 100, 0) == 4 && !memcmp(buffer, "0AB3", 4));
    int copy = dup(fd);
    CHECK(lseek(fd, 1, SEEK_SET) == 1);
    CHECK(read(copy, buffer, 1) == 1 && buffer[0] == 'A');
    CHECK(lseek(fd, 0, SEEK_CUR) == 2);
    CHECK(close(copy) == 0 && close(fd) == 0);
    CHECK_ERROR(read(fd, buffer, 1), EBADF);
}

static void test_flags(void)
{
    int fd = open("file", O_WRONLY | O_APPEND);
    CHECK(write(fd, "+", 1) == 1);
    CHECK(lseek(fd, 0, SEEK_SET) == 0);
    CHECK(write(fd, "+", 1) == 1);
    CHECK_ERROR(read(fd, buffer, 1), EBADF);
    CHECK(fcntl(fd, F_GETFL) == (O_WRONLY | O_APPEND));
    CHECK(fcntl(fd, F_SETFL, 0) == 0);
    CHECK(lseek(fd, 0, SEEK_SET) == 0);
    CHECK(write(fd, "-", 1) == 1);
    CHECK(close(fd) == 0);
    fd = open("file", O_RDONLY);
    CHECK(read(fd, buffer, 10) == 6 && !memcmp(buffer, "-AB3++", 6));
    CHECK_ERROR(write(fd, "x", 1), EBADF);
    CHECK(close(fd) == 0);
    fd = open("file", O_RDWR | O_TRUNC | O_CLOEXEC);
    CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC);
    CHECK(read(fd, buffer, 10) == 0);
    CHECK(fcntl(fd, F_DUPFD, 100) == 100 && fcntl(100, F_GETFD) == 0 && close(100) == 0);
    CHECK(close(fd) == 0);
    CHECK_ERROR(open("none", O_RDONLY), ENOENT);
    CHECK_ERROR(open("file/none", O_RDONLY), ENOTDIR);
    CHECK_ERROR(open("file", O_RDONLY | O_DIRECTORY), ENOTDIR);
    CHECK_ERROR(open(".", O_WRONLY), EISDIR);
    CHECK_ERROR(open("", O_RDONLY), ENOENT);
}

/* Sizes and alignments of all kinds, and much more than one window. */
static void test_amounts(void)
{
    int fd = open("large", O_RDWR | O_CREAT, 0600);
    unsigned bad = 0;
    for (size_t i = 0; i < sizeof buffer; i++)
        buffer[i] = (char)(i * 7 + i / 251);
    size_t done = 0;
    for (size_t n = 1; done < sizeof buffer; n = n * 5 / 3 + 1) {
        size_t piece = n < sizeof buffer - done ? n : sizeof buffer - done;
        CHECK(write(fd, buffer + done, piece) == (long)piece);
        done += piece;
    }
    char *other = malloc(sizeof buffer + 16);
    for (size_t shift = 0; shift < 3; shift++) {
        CHECK(lseek(fd, 0, SEEK_SET) == 0);
        for (done = 0; done < sizeof buffer;) {
            long n = read(fd, other + shift + done, 99991 * (shift + 1));
            CHECK(n > 0);
            done += n > 0 ? (size_t)n : sizeof buffer;
        }
        CHECK(done == sizeof buffer && !memcmp(buffer, other + shift, sizeof buffer));
    }
    for (size_t at = 0; at < sizeof buffer - 5000; at += 77777)
        bad += pread(fd, other, 5000, (off_t)at) != 5000 || memcmp(other, buffer + at, 5000);
    CHECK(bad == 0);
    struct iovec pieces[3] = {{other, 10}, {other + 10, 0}, {other + 10, 4090}};
    CHECK(preadv(fd, pieces, 3, 100) == 4100 && !memcmp(other, buffer + 100, 4100));
    CHECK(lseek(fd, 100, SEEK_SET) == 100 && readv(fd, pieces, 3) == 4100 && !memcmp(other, buffer + 100, 4100));
    CHECK_ERROR(readv(fd, pieces, -1), EINVAL);
    free(other);
    CHECK(close(fd) == 0);
}

/* What is at hand in a window is taken away when the file is cut, and changes with the file. */
static void test_windows(void)
{
    int reader = open("large", O_RDONLY), writer = open("large", O_RDWR);
    CHECK(read(reader, buffer, 100) == 100);
    CHECK(pwrite(writer, "changed", 7, 100) == 7);
    CHECK(read(reader, buffer, 7) == 7 && !memcmp(buffer, "changed", 7));
    CHECK(ftruncate(writer, 150) == 0);
    CHECK(read(reader, buffer, 100) == 43);
    CHECK(read(reader, buffer, 100) == 0);
    CHECK(lseek(writer, 0, SEEK_END) == 150 && write(writer, "more", 4) == 4);
    CHECK(read(reader, buffer, 100) == 4 && !memcmp(buffer, "more", 4));
    CHECK(ftruncate(writer, 0) == 0 && ftruncate(writer, 20000) == 0);
    CHECK(lseek(reader, 10000, SEEK_SET) == 10000 && read(reader, buffer, 5000) == 5000);
    CHECK(ftruncate(writer, 10) == 0);
    CHECK(read(reader, buffer, 100) == 0);
    CHECK(close(reader) == 0 && close(writer) == 0);
}

static void test_bad_memory(void)
{
    int fd = open("large", O_RDWR);
    CHECK_ERROR(read(fd, (void *)8, 100), EFAULT);
    CHECK_ERROR(write(fd, (void *)8, 100), EFAULT);
    CHECK(lseek(fd, 0, SEEK_SET) == 0);
    CHECK(read(fd, buffer, 100) == 100);
    CHECK(close(fd) == 0);
}

static void test_mappings(void)
{
    int fd = open("large", O_RDWR);
    char *shared = mmap(NULL, 100000, PROT_READ, MAP_SHARED, fd, 0);
    char *private = mmap(NULL, 100000, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 4096);
    CHECK(shared != MAP_FAILED && private != MAP_FAILED);
    CHECK(pread(fd, buffer, 100000, 0) == 100000);
    CHECK(!memcmp(shared, buffer, 100000) && !memcmp(private, buffer + 4096, 90000));
    private[0] ^= 1;
    CHECK(shared[4096] == buffer[4096]);
    CHECK(pwrite(fd, "S", 1, 5000) == 1 && shared[5000] == 'S');
    CHECK(munmap(shared, 100000) == 0 && munmap(private, 100000) == 0);
    CHECK(close(fd) == 0);
    char *memory = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(memory != MAP_FAILED && memory[12345] == 0);
    memory[12345] = 1;
    CHECK(mprotect(memory, 4096, PROT_READ) == 0);
    CHECK(munmap(memory, 1 << 20) == 0);
    CHECK_ERROR((long)mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), EINVAL);
    CHECK_ERROR((long)mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 99, 0), EBADF);
}

/* What is stored through a mapping is the file's, for everybody at once and for good. */
static void test_written_mappings(void)
{
    int fd = open("mapped", O_RDWR | O_CREAT | O_TRUNC, 0600);
    CHECK(ftruncate(fd, 50000) == 0 && pwrite(fd, "begin", 5, 0) == 5);
    char *a = mmap(NULL, 50000, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    char *b = mmap(NULL, 50000, PROT_READ, MAP_SHARED, fd, 0);
    CHECK(a != MAP_FAILED && b != MAP_FAILED);
    CHECK(!memcmp(b, "begin", 5) && b[20000] == 0 && b[40000] == 0); /* the latter are holes */
    for (int i = 0; i < 50000; i += 1000)
        a[i] = (char)(i / 1000);
    CHECK(b[20000] == 20 && b[40000] == 40 && a[20000] == 20);
    CHECK(pread(fd, buffer, 50000, 0) == 50000 && !memcmp(buffer, b, 50000));
    CHECK(pwrite(fd, "X", 1, 30000) == 1 && a[30000] == 'X' && b[30000] == 'X');
    CHECK(msync(a, 50000, MS_SYNC) == 0 && b[41000] == 41);
    a[41000] = 'Y'; /* once more, behind the writing */
    CHECK(b[41000] == 'Y' && pread(fd, buffer, 1, 41000) == 1 && buffer[0] == 'Y');
    a[50001] = 'Z'; /* behind the end: not the file's */
    CHECK(ftruncate(fd, 60000) == 0 && pread(fd, buffer, 10, 50000) == 10 && !buffer[1]);
    CHECK(ftruncate(fd, 4096) == 0 && b[4095] == 0);
    CHECK_ERROR(msync(a + 1, 4096, MS_SYNC), EINVAL);
    CHECK(munmap(a, 50000) == 0 && munmap(b, 50000) == 0 && close(fd) == 0);
    fd = open("mapped", O_RDONLY);
    CHECK_ERROR((long)mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), EACCES);
    CHECK(read(fd, buffer, 10000) == 4096 && !memcmp(buffer, "\0egin", 5) && buffer[3000] == 3);
    CHECK(close(fd) == 0 && unlink("mapped") == 0);
}

static int count_entries(const char *name)
{
    int count = 0;
    DIR *folder = opendir(name);
    CHECK(folder);
    if (!folder)
        return -1;
    while (readdir(folder))
        count++;
    rewinddir(folder);
    while (readdir(folder))
        count++;
    closedir(folder);
    return count / 2 - 2;
}

static void test_folders(void)
{
    char name[300];
    CHECK(mkdir("d", 0755) == 0);
    CHECK_ERROR(mkdir("d", 0755), EEXIST);
    int folder = open("d", O_RDONLY | O_DIRECTORY);
    CHECK(folder >= 0);
    for (int i = 0; i < 200; i++) {
        snprintf(name, sizeof name, "entry-with-a-rather-long-name-%d", i);
        int fd = openat(folder, name, O_WRONLY | O_CREAT, 0600);
        CHECK(fd >= 0 && close(fd) == 0);
    }
    CHECK(count_entries("d") == 200);
    CHECK_ERROR(rmdir("d"), ENOTEMPTY);
    CHECK_ERROR(read(folder, name, 10), EISDIR);
    CHECK(fchdir(folder) == 0);
    CHECK(getcwd(name, sizeof name) && !strcmp(name, BASE "/d"));
    CHECK_ERROR((long)getcwd(name, 3) - 1, ERANGE);
    for (int i = 0; i < 200; i++) {
        snprintf(name, sizeof name, "entry-with-a-rather-long-name-%d", i);
        CHECK(unlink(name) == 0);
    }
    CHECK(chdir("..") == 0);
    CHECK(unlinkat(AT_FDCWD, "d", AT_REMOVEDIR) == 0);
    CHECK(close(folder) == 0);
    CHECK_ERROR(chdir("d"), ENOENT);
    CHECK_ERROR(unlink("d"), ENOENT);
}

/* Deeper than fits into one message. */
static void test_long_names(void)
{
    char path[PATH_MAX] = "deep", part[] = "/a-folder-with-a-name-of-forty-characters";
    CHECK(mkdir(path, 0700) == 0);
    for (int i = 0; i < 20; i++)
        CHECK(mkdir(strcat(path, part), 0700) == 0);
    int fd = open(strcat(path, "/file"), O_WRONLY | O_CREAT, 0600);
    CHECK(fd >= 0 && close(fd) == 0 && unlink(path) == 0);
    for (int i = 0; i <= 20; i++) {
        *strrchr(path, '/') = 0;
        CHECK(rmdir(path) == 0);
        if (!strchr(path, '/'))
            break;
    }
    memset(path, 'x', 300);
    path[300] = 0;
    CHECK_ERROR(open(path, O_RDONLY), ENAMETOOLONG);
}

static void test_names(void)
{
    struct stat one, two;
    char text[100];
    CHECK(rename("file", "renamed") == 0);
    CHECK_ERROR(stat("file", &one), ENOENT);
    CHECK(link("renamed", "linked") == 0);
    CHECK(stat("renamed", &one) == 0 && stat("linked", &two) == 0);
    CHECK(one.st_ino == two.st_ino && one.st_nlink == 2);
    CHECK(symlink("renamed", "symbolic") == 0);
    CHECK(readlink("symbolic", text, sizeof text) == 7 && !memcmp(text, "renamed", 7));
    CHECK(lstat("symbolic", &two) == 0 && S_ISLNK(two.st_mode));
    CHECK(stat("symbolic", &two) == 0 && two.st_ino == one.st_ino);
    CHECK_ERROR(open("symbolic", O_RDONLY | O_NOFOLLOW), ELOOP);
    CHECK(unlink("symbolic") == 0 && unlink("linked") == 0);
    int fd = open("renamed", O_RDWR);
    CHECK(unlink("renamed") == 0);
    CHECK(write(fd, "still", 5) == 5 && pread(fd, text, 10, 0) == 5); /* open without a name */
    CHECK(fstat(fd, &one) == 0 && one.st_nlink == 0 && one.st_size == 5);
    CHECK(close(fd) == 0);
}

static void test_attributes(void)
{
    struct stat status;
    struct statvfs system;
    umask(027);
    int fd = open("mode", O_WRONLY | O_CREAT, 0666);
    CHECK(fstat(fd, &status) == 0 && (status.st_mode & 0777) == 0640 && S_ISREG(status.st_mode));
    CHECK(fchmod(fd, 0604) == 0 && stat("mode", &status) == 0 && (status.st_mode & 0777) == 0604);
    CHECK(chmod("mode", 0755) == 0 && access("mode", X_OK) == 0);
    struct timespec times[2] = {{100, 0}, {.tv_nsec = UTIME_OMIT}};
    time_t before = status.st_mtime;
    CHECK(futimens(fd, times) == 0 && stat("mode", &status) == 0);
    CHECK(status.st_atime == 100 && status.st_mtime == before);
    CHECK(truncate("mode", 5000) == 0 && stat("mode", &status) == 0 && status.st_size == 5000);
    CHECK(close(fd) == 0 && unlink("mode") == 0);
    CHECK_ERROR(access("mode", F_OK), ENOENT);
    CHECK(statvfs("/", &system) == 0 && system.f_bsize == 4096 && system.f_bfree > 0 &&
          system.f_bfree <= system.f_blocks);
    CHECK(stat("/dev/null", &status) == 0 && S_ISCHR(status.st_mode));
    umask(022);
}

static void test_virtual(void)
{
    int fd = open("/dev/zero", O_RDWR);
    buffer[0] = 1;
    CHECK(read(fd, buffer, 10) == 10 && buffer[0] == 0 && write(fd, buffer, 10) == 10);
    CHECK(close(fd) == 0);
    fd = open("/dev/null", O_RDWR);
    CHECK(read(fd, buffer, 10) == 0 && write(fd, buffer, 10) == 10 && close(fd) == 0);
    fd = open("/dev/full", O_WRONLY);
    CHECK_ERROR(write(fd, "x", 1), ENOSPC);
    CHECK(close(fd) == 0);
    fd = open("/proc/tasks", O_RDONLY);
    CHECK(read(fd, buffer, 4096) > 20 && memchr(buffer, 10, 20 + 80));
    CHECK(close(fd) == 0);
    CHECK_ERROR(open("/proc/tasks", O_WRONLY), EACCES);
}

/* How often a folder lists the name. */
static int listed(const char *folder, const char *name)
{
    int count = 0;
    DIR *open_folder = opendir(folder);
    for (struct dirent *e; open_folder && (e = readdir(open_folder));)
        count += strcmp(e->d_name, name) == 0;
    if (open_folder)
        closedir(open_folder);
    return count;
}

/* /dev and /proc: listed, changed to, named from elsewhere, and not to be changed. */
static void test_made_up_folders(void)
{
    struct stat st;
    char target[8];
    CHECK(listed("/", "dev") == 1 && listed("/dev", "null") == 1 && listed("//dev/./", "zero") == 1);
    CHECK(listed("/dev", ".") == 1 && listed("/dev", "..") == 1 && listed("/dev", "tasks") == 0);
    CHECK(stat("/dev", &st) == 0 && S_ISDIR(st.st_mode) && stat("/dev/../tmp", &st) == 0);
    int folder = open("/dev", O_RDONLY | O_DIRECTORY), null = openat(folder, "null", O_WRONLY);
    CHECK(folder >= 0 && null >= 0 && write(null, "x", 1) == 1);
    CHECK_ERROR(read(folder, buffer, 1), EISDIR);
    CHECK(fstatat(folder, "zero", &st, 0) == 0 && S_ISCHR(st.st_mode));
    CHECK(close(null) == 0 && close(folder) == 0);
    CHECK(chdir("/proc") == 0 && listed(".", "tasks") == 1 && access("tasks", R_OK) == 0);
    CHECK(getcwd(buffer, sizeof buffer) && !strcmp(buffer, "/proc"));
    CHECK(chdir("../dev") == 0 && access("./null", R_OK | W_OK) == 0);
    CHECK_ERROR(open("new", O_WRONLY | O_CREAT, 0644), EACCES);
    CHECK_ERROR(unlink("null"), EACCES);
    CHECK(chdir("/") == 0 && access("dev/full", F_OK) == 0);
    CHECK_ERROR(rmdir("dev"), EBUSY);
    CHECK_ERROR(rename("/proc", "/other"), EBUSY);
    CHECK_ERROR(link("/dev/null", "/other"), EACCES);
    CHECK_ERROR(chdir("/dev/null"), ENOTDIR);
    CHECK_ERROR(readlink("/dev/null", target, sizeof target), EINVAL);
    CHECK_ERROR(stat("/dev/nothing", &st), ENOENT);
    CHECK_ERROR(open("/dev", O_WRONLY), EISDIR);
    CHECK(chdir(BASE) == 0);
}

int main(void)
{
    CHECK(mkdir(BASE, 0755) == 0 || errno == EEXIST);
    CHECK(chdir(BASE) == 0);
    test_positions();
    test_flags();
    test_amounts();
    test_bad_memory();
    test_mappings();
    test_written_mappings();
    test_windows();
    test_folders();
    test_long_names();
    test_names();
    test_attributes();
    test_virtual();
    test_made_up_folders();
    CHECK(unlink("large") == 0);
    CHECK(chdir("/") == 0 && rmdir(BASE) == 0);
    return check_finish();
}
