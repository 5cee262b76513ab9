/*
 * The virtio block device; see virtio_blk.h. Requests are served in order, each completely, and the data of each take
 * their time.
 */
#include "machine/dev/virtio_blk.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hw/virtio.h"
#include "hw/virtio_blk.h"
#include "machine/dev/snapshot.h"

#define SERIAL  "mosaic"
#define SEG_MAX (VIRTIO_QUEUE_MAX - 2) /* all but header and status */

const char *virtio_blk_open(struct virtio_blk *b, const char *path, bool scratch, bool read_only)
{
    struct stat st;
    bool share = !scratch && !read_only;
    int fd = open(path, share ? O_RDWR : O_RDONLY);

    if (fd < 0)
        return "cannot be opened";
    if (fstat(fd, &st) != 0 || st.st_size < VIRTIO_BLK_SECTOR_SIZE || st.st_size % VIRTIO_BLK_SECTOR_SIZE != 0) {
        close(fd);
        return "is not an image: its size is not a multiple of 512 bytes";
    }
    void *data = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, share ? MAP_SHARED : MAP_PRIVATE, fd, 0);
    close(fd);
    if (data == MAP_FAILED)
        return "cannot be mapped";
    *b = (struct virtio_blk){.data = data, .size = (uint64_t)st.st_size, .read_only = read_only};
    return NULL;
}

void virtio_blk_close(struct virtio_blk *b)
{
    if (b->data)
        munmap(b->data, b->size);
    b->data = NULL;
}

static uint8_t config(void *device, unsigned offset)
{
    const struct virtio_blk *b = device;
    uint8_t bytes[24] = {0};
    uint64_t sectors = b->size / VIRTIO_BLK_SECTOR_SIZE;
    uint32_t seg_max = SEG_MAX;

    memcpy(bytes + VIRTIO_BLK_CONFIG_CAPACITY, &sectors, sizeof sectors);
    memcpy(bytes + VIRTIO_BLK_CONFIG_SEG_MAX, &seg_max, sizeof seg_max);
    return offset < sizeof bytes ? bytes[offset] : 0;
}

static bool in_range(const struct virtio_blk *b, uint64_t sector, uint64_t bytes)
{
    return sector <= b->size / VIRTIO_BLK_SECTOR_SIZE && bytes % VIRTIO_BLK_SECTOR_SIZE == 0 &&
           bytes <= b->size - sector * VIRTIO_BLK_SECTOR_SIZE;
}

/* Guest memory that turns out not to be RAM is an I/O error. The last byte of the chain is the status. */
static uint8_t transfer(struct virtio *v, struct virtio_blk *b, const struct virtio_chain *c,
                        const struct virtio_blk_req *req, uint32_t *written)
{
    uint64_t at = req->sector * VIRTIO_BLK_SECTOR_SIZE;
    uint64_t in = virtio_in_size(c) - 1, out = virtio_out_size(c) - sizeof *req;

    switch (req->type) {
    case VIRTIO_BLK_T_IN:
        if (!in_range(b, req->sector, in) || virtio_write(v, c, 0, b->data + at, in) != in)
            return VIRTIO_BLK_S_IOERR;
        *written += (uint32_t)in;
        return VIRTIO_BLK_S_OK;
    case VIRTIO_BLK_T_OUT:
        if (b->read_only || !in_range(b, req->sector, out) || virtio_read(v, c, sizeof *req, b->data + at, out) != out)
            return VIRTIO_BLK_S_IOERR;
        return VIRTIO_BLK_S_OK;
    case VIRTIO_BLK_T_FLUSH:
        return VIRTIO_BLK_S_OK;
    case VIRTIO_BLK_T_GET_ID: {
        static const char id[20] = SERIAL;
        *written += (uint32_t)virtio_write(v, c, 0, id, in < sizeof id ? in : sizeof id);
        return VIRTIO_BLK_S_OK;
    }
    default:
        return VIRTIO_BLK_S_UNSUPP;
    }
}

/* How much a request moves between disk and memory. */
static uint64_t bytes_moved(const struct virtio_blk *b, const struct virtio_chain *c, const struct virtio_blk_req *req)
{
    uint64_t in = virtio_in_size(c) - 1, out = virtio_out_size(c) - sizeof *req;
    uint64_t bytes = req->type == VIRTIO_BLK_T_IN ? in : req->type == VIRTIO_BLK_T_OUT ? out : 0;

    return in_range(b, req->sector, bytes) ? bytes : 0;
}

static void serve(struct virtio *v, void *device, unsigned queue)
{
    struct virtio_blk *b = device;
    struct virtio_chain c;
    struct virtio_blk_req req;

    while (virtio_next(v, queue, &c)) {
        uint32_t written = 0;
        uint64_t in = virtio_in_size(&c);
        if (in >= 1 && virtio_read(v, &c, 0, &req, sizeof req) == sizeof req) {
            if (virtio_delay(v, queue, bytes_moved(b, &c, &req)))
                return;
            uint8_t status = transfer(v, b, &c, &req, &written);
            written += (uint32_t)virtio_write(v, &c, in - 1, &status, 1);
        }
        virtio_complete(v, queue, &c, written);
    }
}

static void snapshot(void *device, struct snapshot *shot)
{
    struct virtio_blk *b = device;

    snapshot_section(shot, "virtio-blk", b->size);
    snapshot_bytes(shot, b->data, b->size);
}

const struct virtio_class virtio_blk_class = {
    .name = "blk",
    .id = VIRTIO_ID_BLK,
    .queues = 1,
    .features = VIRTIO_FEATURE(VIRTIO_BLK_F_SEG_MAX) | VIRTIO_FEATURE(VIRTIO_BLK_F_FLUSH),
    .config = config,
    .serve = serve,
    .snapshot = snapshot,
};
