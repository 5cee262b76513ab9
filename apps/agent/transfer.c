/* Files to and from the guest, hashed as they stand in the file system. */
#include "transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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

static int create(char *path, mode_t mode)
{
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    if (fd < 0 && errno == ENOENT && make_parents(path))
        fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    return fd;
}

/* Takes frames up to END, writing DATA to fd while there is no error; *error is 0 or the first errno value. */
static bool take_data(struct frame *frame, int fd, int *error)
{
    while (channel_receive(frame)) {
        if (frame->type == FRAME_END)
            return true;
        if (frame->type != FRAME_DATA)
            return false;
        if (!*error && !io_write_full(fd, frame->payload, frame->length))
            *error = errno;
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

bool transfer_put(struct frame *frame)
{
    if (frame->length < 5)
        return false;
    mode_t mode = (mode_t)channel_number(frame->payload, 4) & 07777;
    char *path = app_strdup((char *)frame->payload + 4);
    int fd = create(path, mode);
    int error = fd < 0 ? errno : 0;
    bool alive = take_data(frame, fd, &error);
    if (alive && error)
        channel_fail(error, path);
    else if (alive)
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
