/* Images for the ext4 tests: see image.h. */

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/ext4/image.h"

/* --- Environment --------------------------------------------------------------------------------------------- */

static bool budget_spend(struct image *image, u32 *budget)
{
    if (image->failing)
        return false;
    if (*budget && !--*budget)
        image->failing = true;
    return !image->failing;
}

static void *env_alloc(void *context, size_t size)
{
    struct image *image = context;
    if (!budget_spend(image, &image->alloc_budget))
        return NULL;
    image->allocated += size;
    return malloc(size);
}

static void env_free(void *context, void *memory, size_t size)
{
    struct image *image = context;
    image->allocated -= size;
    free(memory);
}

static u64 env_now(void *context)
{
    struct image *image = context;
    return image->clock += 1000000;
}

static void env_log(void *context, const char *what, u64 value)
{
    struct image *image = context;
    image->messages++;
    if (!image->quiet)
        print_message("ext4: %s %llu\n", what, (unsigned long long)value);
}

static void env_revoke(void *context, struct fs_piece *piece)
{
    struct image *image = context;
    image->revoked++;
    assert_non_null(piece->inode);
}

static bool env_pressure(void *context)
{
    struct image *image = context;
    for (size_t i = 0; i < sizeof image->pieces / sizeof image->pieces[0]; i++) {
        if (!image->pieces[i] || !image->pieces[i]->inode)
            continue;
        ext4_piece_revoke(image->pieces[i]);
        return true;
    }
    return false;
}

static void env_conceal(void *context, void *memory, size_t size)
{
    struct image *image = context;
    image->concealed += size;
}

/* --- Device: transfers happen when somebody waits, the last first ---------------------------------------------- */

static void device_submit(struct fs_device *device, struct fs_io *io)
{
    struct image *image = (struct image *)device;
    assert_true(io->busy);
    assert_true(io->block + io->count <= device->block_count);
    if (image->waiting_count == sizeof image->waiting / sizeof image->waiting[0])
        device->ops->wait(device, image->waiting[0]);
    image->waiting[image->waiting_count++] = io;
}

static void device_transfer(struct image *image, struct fs_io *io)
{
    u8 *at = image->bytes + io->block * EXT4_BLOCK_SIZE;
    size_t size = (size_t)io->count * EXT4_BLOCK_SIZE;
    io->status = budget_spend(image, &image->io_budget) ? E_OK : E_IO;
    if (!io->status)
        memcpy(io->write ? at : io->data, io->write ? io->data : at, size);
    *(io->write ? &image->writes : &image->reads) += io->count;
    io->busy = false;
}

static void device_wait(struct fs_device *device, struct fs_io *io)
{
    struct image *image = (struct image *)device;
    while (io->busy) {
        assert_true(image->waiting_count > 0);
        device_transfer(image, image->waiting[--image->waiting_count]);
    }
}

static err_t device_flush(struct fs_device *device)
{
    struct image *image = (struct image *)device;
    assert_int_equal(image->waiting_count, 0);
    return image->failing ? E_IO : E_OK;
}

static const struct fs_device_ops device_ops = {device_submit, device_wait, device_flush};

/* --- Images -------------------------------------------------------------------------------------------------- */

int image_command(struct image *image, const char *format, char *output, size_t size)
{
    char command[512];
    snprintf(command, sizeof command, format, image->file);
    if (!strstr(command, "2>"))
        strncat(command, " 2>&1", sizeof command - strlen(command) - 1);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    size_t got = fread(output, 1, size - 1, pipe);
    output[got] = 0;
    while (fgetc(pipe) != EOF)
        ;
    int status = pclose(pipe);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void image_map(struct image *image, int fd)
{
    image->bytes = mmap(NULL, image->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert_true(image->bytes != MAP_FAILED);
    close(fd);
}

void image_make(struct image *image, u32 blocks, const char *options, u32 frames)
{
    char output[4096], command[256];
    memset(image, 0, sizeof *image);
    image->size = (size_t)blocks * EXT4_BLOCK_SIZE;
    strcpy(image->file, "/tmp/tessera-ext4-XXXXXX");
    int fd = mkstemp(image->file);
    assert_true(fd >= 0 && !ftruncate(fd, (off_t)image->size));
    snprintf(command, sizeof command, "/sbin/mke2fs -q -F " MKE2FS_OPTIONS " %s %%s", options);
    if (image_command(image, command, output, sizeof output))
        fail_msg("mke2fs: %s", output);
    image_map(image, fd);
    image->env = (struct fs_env){image, env_alloc, env_free, env_now, env_log, env_revoke, env_pressure, env_conceal};
    image->device = (struct fs_device){.block_count = blocks, .ops = &device_ops};
    image->clock = 1700000000000000000ull;
    image->options.zeros_size = 4 * EXT4_BLOCK_SIZE;
    image->options.zeros = aligned_alloc(EXT4_BLOCK_SIZE, image->options.zeros_size);
    memset(image->options.zeros, 0, image->options.zeros_size);
    image->options.arena_size = frames * 65536ul;
    if (frames)
        image->options.arena = aligned_alloc(65536, image->options.arena_size);
    else
        image->device.image = image->bytes;
}

void image_free(struct image *image)
{
    munmap(image->bytes, image->size);
    free(image->options.zeros);
    free(image->options.arena);
    unlink(image->file);
}

void image_mount(struct image *image)
{
    assert_int_equal(ext4_mount(&image->env, &image->device, &image->options, &image->fs), E_OK);
}

void image_unmount(struct image *image)
{
    assert_int_equal(ext4_unmount(image->fs), E_OK);
    image->fs = NULL;
    assert_int_equal(image->allocated, 0);
}

void image_check(struct image *image)
{
    static char output[16384];
    int status = image_command(image, "/sbin/e2fsck -fn %s", output, sizeof output);
    if (status)
        fail_msg("e2fsck says %d: %s", status, output);
    if (strstr(output, "could be shorter"))
        fail_msg("e2fsck would optimise: %s", output);
}

/* --- Files --------------------------------------------------------------------------------------------------- */

struct fs_path path_of(const char *text)
{
    return (struct fs_path){NULL, text, (u32)strlen(text)};
}

struct fs_inode *file_get(struct fs *fs, const char *path, u32 flags)
{
    struct fs_inode *inode;
    err_t error = ext4_lookup(fs, path_of(path), flags, 0644, &inode);
    if (error)
        fail_msg("%s: error %d", path, error);
    return inode;
}

err_t file_write(struct fs_inode *inode, u64 position, const void *data, size_t size, u32 max)
{
    struct fs_piece piece = {0};
    for (size_t done = 0; done < size;) {
        u32 left = size - done < max ? (u32)(size - done) : max;
        err_t error = ext4_piece_out(inode, position + done, left, false, &piece);
        if (error)
            return error;
        assert_in_range(piece.length, 1, left);
        u32 n = piece.length;
        memcpy(piece.page + piece.offset, (const u8 *)data + done, n);
        error = ext4_piece_commit(&piece, n);
        if (error)
            return error;
        done += n;
    }
    return E_OK;
}

err_t file_append(struct fs_inode *inode, const void *data, size_t size)
{
    struct fs_piece piece = {0};
    while (size) {
        err_t error = ext4_piece_out(inode, 0, (u32)size, true, &piece);
        if (error)
            return error;
        u32 n = piece.length;
        memcpy(piece.page + piece.offset, data, n);
        error = ext4_piece_commit(&piece, n);
        if (error)
            return error;
        data = (const u8 *)data + n;
        size -= n;
    }
    return E_OK;
}

err_t file_read(struct fs_inode *inode, u64 position, void *data, size_t size, size_t *got)
{
    struct fs_piece piece = {0};
    for (*got = 0; *got < size; *got += piece.length) {
        err_t error = ext4_piece_in(inode, position + *got, (u32)(size - *got), &piece);
        if (error)
            return error;
        if (!piece.length)
            break;
        memcpy((u8 *)data + *got, piece.page + piece.offset, piece.length);
        ext4_piece_release(&piece);
    }
    return E_OK;
}

u8 pattern_byte(u32 seed, u64 offset)
{
    u64 x = (offset + 1) * 0x9e3779b97f4a7c15ull ^ seed * 0x85ebca6bull;
    return (u8)(x >> 29 ^ x >> 47) | 1; /* never 0: holes would hide mistakes */
}

void pattern_write(struct fs_inode *inode, u32 seed, u64 position, size_t size)
{
    u8 *data = malloc(size + 1);
    for (size_t i = 0; i < size; i++)
        data[i] = pattern_byte(seed, position + i);
    assert_int_equal(file_write(inode, position, data, size, 65536), E_OK);
    free(data);
}

void pattern_check(struct fs_inode *inode, u32 seed, u64 position, size_t size)
{
    u8 *data = malloc(size + 1);
    size_t got;
    assert_int_equal(file_read(inode, position, data, size, &got), E_OK);
    assert_int_equal(got, size);
    for (size_t i = 0; i < size; i++)
        if (data[i] != pattern_byte(seed, position + i))
            fail_msg("byte %llu is wrong", (unsigned long long)(position + i));
    free(data);
}
