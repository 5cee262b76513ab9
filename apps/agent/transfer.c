/* Files to and from the guest, hashed as they stand in the file system. */
#include "transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "apps/lib/app.h"
#include "sha256.h"

/* Reads the file to its end, sending it as DATA frames if asked, and fills in an END frame's payload. */
static bool read_file(int fd, bool send, uint8_t end[8 + SHA256_SIZE])
{
    static uint8_t piece[FRAME_MAX];
    struct sha256 hash;
    uint64_t size = 0;
    ssize_t got;
    sha256_start(&hash);
    while ((got = io_read(fd, piece, sizeof piece)) > 0) {
        sha256_add(&hash, piece, (size_t)got);
        size += (uint64_t)got;
        if (send)
            channel_send(FRAME_DATA, piece, (size_t)got);
    }
    channel_put_number(end, size, 8);
    sha256_finish(&hash, end + 8);
    return got == 0;
}

static bool make_parents(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        int result = mkdir(path, 0755);
        *slash = '/';
        if (result && errno != EEXIST && errno != EISDIR && errno != EROFS)
            return false;
    }
    return true;
}

/* How many bytes can be written to the file, to which what is in it counts. */
static uint64_t room_for(int fd, const struct stat *status)
{
    struct statvfs system;
    return fstatvfs(fd, &system) ? UINT64_MAX : (uint64_t)system.f_bavail * system.f_frsize + (uint64_t)status->st_size;
}

/* Empties a file that will get `size` bytes, if there is room for them. Devices take what they take. */
static bool prepare(int fd, uint64_t size)
{
    struct stat status;
    if (fstat(fd, &status))
        return false;
    if (!S_ISREG(status.st_mode))
        return true;
    if (room_for(fd, &status) >= size)
        return ftruncate(fd, 0) == 0;
    errno = ENOSPC;
    return false;
}

static int create(char *path, mode_t mode)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, mode);
    if (fd < 0 && errno == ENOENT && make_parents(path))
        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, mode);
    return fd;
}

static void remove_partial(int fd, const char *path)
{
    struct stat status;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
        unlink(path);
}

/* Takes frames up to END, writing DATA to fd; when that fails, says so at once and drops the rest. */
static bool take_data(struct frame *frame, int fd, const char *path, bool *good)
{
    while (channel_receive(frame)) {
        if (frame->type == FRAME_END)
            return true;
        if (frame->type != FRAME_DATA)
            return false;
        if (!*good || io_write_full(fd, frame->payload, frame->length))
            continue;
        channel_fail(errno, path);
        remove_partial(fd, path);
        *good = false;
    }
    return false;
}

/* Answers for a file that was written: what it is when read again. */
static void confirm(int fd, const char *path)
{
    uint8_t end[8 + SHA256_SIZE];
    if (lseek(fd, 0, SEEK_SET) || !read_file(fd, false, end))
        channel_fail(errno, path);
    else
        channel_send(FRAME_END, end, sizeof end);
}

#define PUT_HEADER 12 /* mode, size */

bool transfer_put(struct frame *frame)
{
    if (frame->length <= PUT_HEADER)
        return false;
    mode_t mode = (mode_t)channel_number(frame->payload, 4) & 07777;
    uint64_t size = channel_number(frame->payload + 4, 8);
    char *path = app_strdup((char *)frame->payload + PUT_HEADER);
    int fd = create(path, mode);
    bool good = fd >= 0 && prepare(fd, size);
    if (!good)
        channel_fail(errno, path);
    bool alive = take_data(frame, fd, path, &good);
    if (alive && good)
        confirm(fd, path);
    if (fd >= 0)
        close(fd);
    free(path);
    return alive;
}

void transfer_get(const struct frame *frame)
{
    const char *path = (const char *)frame->payload;
    uint8_t end[8 + SHA256_SIZE];
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &status) == 0 && S_ISDIR(status.st_mode))
        channel_fail(EISDIR, path);
    else if (fd < 0 || !read_file(fd, true, end))
        channel_fail(errno, path);
    else
        channel_send(FRAME_END, end, sizeof end);
    if (fd >= 0)
        close(fd);
}
