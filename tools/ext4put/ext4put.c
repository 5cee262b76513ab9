/*
 * ext4put: puts files of the host into an ext4 image, by the file server's own library, which places them such that
 * they can be mapped in large pieces (mke2fs -d packs them one behind the other). Same input, same bytes.
 *
 *     ext4put IMAGE SECONDS < LIST
 *
 * LIST has lines `MODE PATH FILE`; FILE `-` makes a folder. Missing folders on the way are made. All files belong to
 * root, and their time is SECONDS since 1970.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "servers/fs/ext4/fs.h"
#include "servers/fs/ext4/ondisk.h"

static struct fs *fs;
static u64 now;

static _Noreturn void fail(const char *what, const char *why)
{
    fprintf(stderr, "ext4put: %s: %s\n", what, why);
    exit(1);
}

static void check(err_t error, const char *what)
{
    if (error)
        fail(what, strerror(error));
}

/* --- What the library needs ---------------------------------------------------------------------------------- */

static void *env_alloc(void *context, size_t size)
{
    return malloc(size);
}

static void env_free(void *context, void *memory, size_t size)
{
    free(memory);
}

static u64 env_now(void *context)
{
    return now;
}

static void env_log(void *context, const char *what, u64 value)
{
    fprintf(stderr, "ext4put: %s %llu\n", what, (unsigned long long)value);
}

static void env_revoke(void *context, struct fs_piece *piece)
{
}

static const struct fs_env env = {
    .alloc = env_alloc, .free = env_free, .now = env_now, .log = env_log, .revoke = env_revoke};

/* The image, mapped, as a device in memory. */
static void mount_image(const char *name)
{
    static struct fs_device device;
    static u8 zeros[EXT4_BLOCK_SIZE] __attribute__((aligned(EXT4_BLOCK_SIZE)));
    struct fs_options options = {.zeros = zeros, .zeros_size = sizeof zeros};
    struct stat stat;
    int fd = open(name, O_RDWR);
    if (fd < 0 || fstat(fd, &stat))
        fail(name, "cannot be opened");
    device.block_count = (u64)stat.st_size / EXT4_BLOCK_SIZE;
    device.image = mmap(NULL, (size_t)stat.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (device.image == MAP_FAILED)
        fail(name, "cannot be mapped");
    close(fd);
    check(ext4_mount(&env, &device, &options, &fs), name);
}

/* --- Files --------------------------------------------------------------------------------------------------- */

static struct fs_path path_of(const char *text, size_t length)
{
    return (struct fs_path){NULL, text, (u32)length};
}

/* Makes the folders on the way to `path`, as far as they are missing. */
static void make_parents(const char *path)
{
    for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        err_t error = ext4_mkdir(fs, path_of(path, (size_t)(slash - path)), 0755);
        check(error == E_EXIST ? E_OK : error, path);
    }
}

/* Writes what the stream holds, in one piece if the image has room for that. */
static void copy_contents(FILE *from, struct fs_inode *inode, const char *path)
{
    struct fs_piece piece = {0};
    struct stat stat;
    if (fstat(fileno(from), &stat))
        fail(path, "no status");
    for (u64 done = 0, size = (u64)stat.st_size; done < size; done += piece.length) {
        u64 left = size - done;
        check(ext4_piece_out(inode, done, left < 1u << 30 ? (u32)left : 1u << 30, false, &piece), path);
        if (fread(piece.page + piece.offset, 1, piece.length, from) != piece.length)
            fail(path, "source is shorter than it was");
        check(ext4_piece_commit(&piece, piece.length), path);
    }
}

static void put_file(u32 mode, const char *path, const char *source)
{
    struct fs_inode *inode;
    make_parents(path);
    if (!strcmp(source, "-")) {
        err_t error = ext4_mkdir(fs, path_of(path, strlen(path)), mode);
        check(error == E_EXIST ? E_OK : error, path);
        return;
    }
    FILE *from = fopen(source, "rb");
    if (!from)
        fail(source, "cannot be opened");
    check(ext4_lookup(fs, path_of(path, strlen(path)), EXT4_CREATE | EXT4_EXCL, mode, &inode), path);
    copy_contents(from, inode, path);
    ext4_inode_put(inode);
    fclose(from);
}

int main(int argc, char **argv)
{
    unsigned mode;
    char path[4096], source[4096];
    if (argc != 3)
        fail("usage", "ext4put IMAGE SECONDS < LIST");
    now = strtoull(argv[2], NULL, 10) * 1000000000;
    mount_image(argv[1]);
    while (scanf("%o %4095s %4095[^\n]", &mode, path, source) == 3)
        put_file(mode, path, source);
    check(ext4_unmount(fs), argv[1]);
    return 0;
}
