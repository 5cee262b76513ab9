/*
 * The block device behind the file system: see disk.h. Transfers are sent as they come, as many as the driver takes;
 * their tags are their addresses, so completions may come in any order. If the driver dies, what was under way goes to
 * its successor, which answers at the same gate.
 */
#include "servers/fs/disk.h"

#include "lib/base/string.h"
#include "lib/tess/tess.h"
#include "proto/blk.h"
#include "servers/fs/ext4/ondisk.h"

#define DEPTH_MAX 16u    /* transfers under way at most, whatever the driver takes */
#define TRIES     3u     /* connections to try before a request fails: the driver may be restarting */
#define TRY_PAUSE 200000 /* microseconds */

static struct {
    struct fs_device device;
    cap_t gate, memory; /* for connecting again */
    cap_t session;
    u32 region;
    u8 *base;          /* of the region */
    u32 block_sectors; /* sectors of a block */
    u32 depth;
    struct fs_io *under_way[DEPTH_MAX]; /* NULL = free */
} disk;

/* --- Connecting ---------------------------------------------------------------------------------------------- */

static err_t disk_describe(void)
{
    u64 sectors;
    u32 sector_size, read_only, max_bytes;
    err_t error = blk_info(disk.session, &sectors, &sector_size, &disk.depth, &read_only, &max_bytes);
    if (error)
        return error;
    if (!disk.depth || !sector_size || EXT4_BLOCK_SIZE % sector_size || max_bytes < 16 * EXT4_BLOCK_SIZE)
        return E_INVAL;
    if (disk.depth > DEPTH_MAX)
        disk.depth = DEPTH_MAX;
    disk.block_sectors = EXT4_BLOCK_SIZE / sector_size;
    disk.device.block_count = sectors / disk.block_sectors;
    disk.device.read_only = read_only != 0;
    return E_OK;
}

static err_t disk_connect(void)
{
    slot_drop(disk.session);
    disk.session = slot_alloc();
    err_t error = disk.session ? blk_open(disk.gate, disk.session) : E_NOMEM;
    if (!error)
        error = blk_attach(disk.session, wire_cap(disk.memory), &disk.region);
    return error ? error : disk_describe();
}

/* Sends a transfer, or a flush if it has no memory. */
static err_t disk_request(struct fs_io *io)
{
    u32 op = !io->data ? BLK_FLUSH : io->write ? BLK_WRITE : BLK_READ;
    u64 offset = io->data ? (u64)((u8 *)io->data - disk.base) : 0;
    return blk_submit(disk.session, disk.region, offset, io->block * disk.block_sectors, io->count * disk.block_sectors,
                      op, (u64)io);
}

static void disk_end(struct fs_io **entry, err_t status)
{
    (*entry)->status = status;
    (*entry)->busy = false;
    *entry = NULL;
}

/* Sends again what the driver that has gone had not done; all of it can be done twice. */
static err_t disk_resend(void)
{
    err_t error = E_OK;
    for (u32 i = 0; i < DEPTH_MAX && !error; i++)
        if (disk.under_way[i])
            error = disk_request(disk.under_way[i]);
    return error;
}

/* After a failed call: connects to the driver's successor. False: there is none, all that was under way has failed. */
static bool disk_recover(void)
{
    for (u32 i = 0; i < TRIES; i++) {
        if (!disk_connect() && !disk_resend())
            return true;
        sys_sleep(TRY_PAUSE);
    }
    for (u32 i = 0; i < DEPTH_MAX; i++)
        if (disk.under_way[i])
            disk_end(&disk.under_way[i], E_IO);
    return false;
}

/* --- Transfers ----------------------------------------------------------------------------------------------- */

/* Waits for any transfer to end. */
static void disk_collect(void)
{
    u64 tag;
    u32 status;
    if (blk_complete(disk.session, &tag, &status)) {
        disk_recover();
        return;
    }
    for (u32 i = 0; i < DEPTH_MAX; i++)
        if (disk.under_way[i] && (u64)disk.under_way[i] == tag)
            disk_end(&disk.under_way[i], (err_t)status);
}

/* A free place in the table of transfers under way. */
static struct fs_io **disk_place(void)
{
    for (;;) {
        for (u32 i = 0; i < disk.depth; i++)
            if (!disk.under_way[i])
                return &disk.under_way[i];
        disk_collect();
    }
}

static void disk_submit(struct fs_device *device, struct fs_io *io)
{
    struct fs_io **place = disk_place();
    err_t error = disk_request(io);
    *place = io; /* now a recovery sends it with the others */
    if (error)
        disk_recover();
}

static void disk_wait(struct fs_device *device, struct fs_io *io)
{
    while (io->busy)
        disk_collect();
}

static err_t disk_flush(struct fs_device *device)
{
    struct fs_io io = {.busy = true};
    if (device->read_only)
        return E_OK;
    disk_submit(device, &io);
    disk_wait(device, &io);
    return io.status;
}

static const struct fs_device_ops disk_ops = {disk_submit, disk_wait, disk_flush};

err_t disk_open(cap_t gate, cap_t memory, void *base, struct fs_device **out)
{
    disk.gate = gate;
    disk.memory = memory;
    disk.base = base;
    disk.device.ops = &disk_ops;
    *out = &disk.device;
    return disk_connect();
}
