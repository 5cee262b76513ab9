/*
 * The virtio block driver, but it dies at its LIFETIMEth request, which the device has then, and others before it: for
 * tests of what its clients see and of its restart.
 */
#include "drivers/blk/virtio/disk.h"

#define LIFETIME 1003

static err_t submit_and_die(struct disk *disk, u32 client, const struct disk_order *order)
{
    static u32 count;
    err_t error = disk_submit(disk, client, order);
    if (++count == LIFETIME)
        *(volatile int *)0 = 0;
    return error;
}

#define disk_submit submit_and_die
#include "drivers/blk/virtio/main.c"
