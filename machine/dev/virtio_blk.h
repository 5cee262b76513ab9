/* The virtio block device (hw/virtio_blk.h), on a file of the host that is mapped into memory. */
#ifndef MACHINE_DEV_VIRTIO_BLK_H
#define MACHINE_DEV_VIRTIO_BLK_H

#include "machine/dev/virtio.h"

struct virtio_blk {
    uint8_t *data;
    uint64_t size; /* bytes, a multiple of the sector size */
    bool read_only;
};

extern const struct virtio_class virtio_blk_class;

/*
 * Opens the image `path`. With `scratch`, writes stay in memory and the file is not changed. Returns NULL, or a text
 * that says what is wrong.
 */
const char *virtio_blk_open(struct virtio_blk *b, const char *path, bool scratch, bool read_only);

void virtio_blk_close(struct virtio_blk *b);

#endif
