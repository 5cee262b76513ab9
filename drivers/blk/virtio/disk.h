/*
 * The virtio block device and the requests on their way to it and back, without any service around them. Each client
 * has a fixed number of requests of its own, so none can keep the others out:
 *
 *          submit            room in the virtqueue       device           collect
 *   FREE ----------> QUEUED ----------------------> FLYING -----> DONE -----------> FREE
 *
 * A closed client stays until its last request has come back: until then the device may write to its memory.
 */
#pragma once

#include "abi/types.h"
#include "lib/drv/virtio.h"

#define DISK_CLIENTS_MAX 8
#define DISK_DEPTH       16         /* requests of one client */
#define DISK_REGIONS_MAX 8          /* of one client */
#define DISK_RUNS_MAX    32         /* physical runs of a region */
#define DISK_BYTES_MAX   (4u << 20) /* of one request */

/* Operations, as in proto/blk.idl. */
enum disk_op { DISK_READ = 0, DISK_WRITE = 1, DISK_FLUSH = 2 };

/* A physically contiguous piece of a region. */
struct disk_run {
    paddr_t address;
    u64 length; /* bytes */
};

/* Memory that requests may name: runs in order, the first at offset 0. */
struct disk_region {
    u64 size;  /* bytes; 0 = this region does not exist */
    u32 users; /* requests that name it and are not done */
    u32 run_count;
    struct disk_run run[DISK_RUNS_MAX];
};

enum disk_request_state { REQUEST_FREE, REQUEST_QUEUED, REQUEST_FLYING, REQUEST_DONE };

/* What a client asks for. */
struct disk_order {
    u32 region, count, op; /* count in sectors of 512 bytes */
    u64 offset;            /* bytes, in the region */
    u64 sector, tag;
};

struct disk_request {
    enum disk_request_state state;
    u32 status;   /* error code, when DONE */
    u64 sequence; /* of submission, then of completion: oldest first */
    struct disk_order order;
};

enum disk_client_state { CLIENT_FREE, CLIENT_OPEN, CLIENT_CLOSING };

struct disk_client {
    enum disk_client_state state;
    struct disk_region region[DISK_REGIONS_MAX];
    struct disk_request request[DISK_DEPTH];
};

struct disk_shared; /* per request: what the device reads and writes beside the data */

struct disk {
    struct virtio device;
    struct virtqueue queue;
    struct virtqueue_slot slot[VIRTQUEUE_SIZE_MAX];
    void *memory; /* disk_memory_bytes() bytes, shared with the device at memory_phys */
    paddr_t memory_phys;
    struct disk_shared *shared;
    paddr_t shared_phys;
    u64 sectors;
    u32 segment_max;  /* bytes of one segment */
    u32 segments_max; /* data segments of one request */
    bool read_only, has_flush;
    bool dead;    /* given up: every request fails */
    bool runaway; /* dead, and not even a reset stops it: it may write for ever to memory that it was given */
    u32 revivals; /* resets after protocol errors */
    u64 sequence;
    u32 turn; /* client whose queued requests go first */
    struct disk_client client[DISK_CLIENTS_MAX];
};

/* Bytes of memory that disk_start wants. */
u64 disk_memory_bytes(void);

/*
 * Starts the device at `base`. `memory` (page aligned, contiguous, at `phys` for the device) stays its own until the
 * device is reset. Errors as virtio_probe and virtio_start; E_NODEV also if it has no usable queue.
 */
err_t disk_start(struct disk *disk, vaddr_t base, void *memory, paddr_t phys);

/* A new client. E_NFILE: all places are taken; E_IO: the device has failed. */
err_t disk_open(struct disk *disk, u32 *client);

/* The client has gone: its queued requests are dropped, those in flight awaited; then its place is free. */
void disk_close(struct disk *disk, u32 client);

/* Whether the place is free: nothing of the client's memory is used any more. */
bool disk_is_free(const struct disk *disk, u32 client);

/* Makes `count` runs a region. E_INVAL: no runs or too many, or they overflow; E_MFILE: too many regions. */
err_t disk_attach(struct disk *disk, u32 client, const struct disk_run *runs, u32 count, u32 *region);

/* E_NOENT: no such region; E_BUSY: requests that name it are not done. */
err_t disk_detach(struct disk *disk, u32 client, u32 region);

/*
 * Takes a request. E_AGAIN: the client has DISK_DEPTH of them already; E_NOENT: no such region; E_INVAL: operation,
 * count or alignment; E_FAULT: not inside the region; E_RANGE: not on the disk; E_ROFS; E_IO: the device has failed.
 */
err_t disk_submit(struct disk *disk, u32 client, const struct disk_order *order);

/* The next request of the client that is done: its tag and error code. E_AGAIN: none. */
err_t disk_collect(struct disk *disk, u32 client, u64 *tag, u32 *status);

/* Serves the device's interrupt: takes back what is done, hands over what is queued, revives a device that cheats. */
void disk_interrupt(struct disk *disk);
