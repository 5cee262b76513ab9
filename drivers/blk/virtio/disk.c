/* Requests of a virtio block device (VIRTIO 1.2 §5.2): see disk.h. */
#include "disk.h"

#include "abi/error.h"
#include "hw/virtio_blk.h"
#include "hw/virtio_mmio.h"
#include "lib/drv/mmio.h"

#define QUEUE        0
#define REQUESTS     (DISK_CLIENTS_MAX * DISK_DEPTH)
#define REVIVALS_MAX 3
#define SEGMENTS_MAX (DISK_RUNS_MAX + 2) /* header, data, status */

struct disk_shared {
    struct virtio_blk_req header;
    u8 status;
    u8 unused[15];
};
#define STATUS_UNWRITTEN 0xff

/* Shared memory: the virtqueue, then the requests' headers and status bytes. */
static u64 shared_offset(void)
{
    return (virtqueue_bytes(VIRTQUEUE_SIZE_MAX) + 63) & ~63ull;
}

u64 disk_memory_bytes(void)
{
    return shared_offset() + REQUESTS * sizeof(struct disk_shared);
}

static struct disk_request *request_by_cookie(struct disk *disk, u64 cookie)
{
    return &disk->client[cookie / DISK_DEPTH].request[cookie % DISK_DEPTH];
}

static u32 min_u32(u32 a, u32 b)
{
    return a < b ? a : b;
}

/* Limits that the device announces (§5.2.4); one that forbids any data is taken for broken. */
static err_t read_limits(struct disk *disk)
{
    const struct virtio *device = &disk->device;
    disk->sectors = virtio_config64(device, VIRTIO_BLK_CONFIG_CAPACITY);
    disk->read_only = virtio_has(device, VIRTIO_BLK_F_RO);
    disk->has_flush = virtio_has(device, VIRTIO_BLK_F_FLUSH);
    disk->segment_max = DISK_BYTES_MAX;
    disk->segments_max = DISK_RUNS_MAX;
    if (virtio_has(device, VIRTIO_BLK_F_SIZE_MAX))
        disk->segment_max = min_u32(disk->segment_max, virtio_config32(device, VIRTIO_BLK_CONFIG_SIZE_MAX));
    if (virtio_has(device, VIRTIO_BLK_F_SEG_MAX))
        disk->segments_max = min_u32(disk->segments_max, virtio_config32(device, VIRTIO_BLK_CONFIG_SEG_MAX));
    disk->segments_max = min_u32(disk->segments_max, disk->queue.size - 2);
    return disk->segment_max < VIRTIO_BLK_SECTOR_SIZE || disk->segments_max == 0 ? E_NODEV : E_OK;
}

static err_t start_device(struct disk *disk)
{
    const u64 wanted = VIRTIO_FEATURE(VIRTIO_BLK_F_SIZE_MAX) | VIRTIO_FEATURE(VIRTIO_BLK_F_SEG_MAX) |
                       VIRTIO_FEATURE(VIRTIO_BLK_F_RO) | VIRTIO_FEATURE(VIRTIO_BLK_F_FLUSH);
    err_t error = virtio_start(&disk->device, disk->device.base, 0, wanted);
    if (error)
        return error;
    u16 size = virtio_queue_size(&disk->device, QUEUE);
    if (size < 4)
        return E_NODEV;
    if (!(error = virtqueue_init(&disk->queue, size, disk->slot, disk->memory, disk->memory_phys)) &&
        !(error = virtio_add_queue(&disk->device, QUEUE, &disk->queue)) && !(error = read_limits(disk)))
        error = virtio_run(&disk->device);
    return error;
}

err_t disk_start(struct disk *disk, vaddr_t base, void *memory, paddr_t phys)
{
    err_t error = virtio_probe(base, VIRTIO_ID_BLK);
    if (error)
        return error;
    __builtin_memset(disk, 0, sizeof *disk);
    disk->device.base = base;
    disk->memory = memory;
    disk->memory_phys = phys;
    disk->shared = (struct disk_shared *)((u8 *)memory + shared_offset());
    disk->shared_phys = phys + shared_offset();
    return start_device(disk);
}

err_t disk_open(struct disk *disk, u32 *client)
{
    if (disk->dead)
        return E_IO;
    for (u32 i = 0; i < DISK_CLIENTS_MAX; i++) {
        if (disk->client[i].state != CLIENT_FREE)
            continue;
        __builtin_memset(&disk->client[i], 0, sizeof disk->client[i]);
        disk->client[i].state = CLIENT_OPEN;
        *client = i;
        return E_OK;
    }
    return E_NFILE;
}

static bool has_flying(const struct disk_client *client)
{
    for (u32 i = 0; i < DISK_DEPTH; i++)
        if (client->request[i].state == REQUEST_FLYING)
            return true;
    return false;
}

static void free_if_drained(struct disk_client *client)
{
    if (client->state == CLIENT_CLOSING && !has_flying(client))
        client->state = CLIENT_FREE;
}

void disk_close(struct disk *disk, u32 index)
{
    struct disk_client *client = &disk->client[index];
    if (client->state != CLIENT_OPEN)
        return;
    for (u32 i = 0; i < DISK_DEPTH; i++)
        if (client->request[i].state != REQUEST_FLYING)
            client->request[i].state = REQUEST_FREE;
    client->state = CLIENT_CLOSING;
    free_if_drained(client);
}

bool disk_is_free(const struct disk *disk, u32 client)
{
    return disk->client[client].state == CLIENT_FREE && !disk->runaway;
}

static err_t fill_region(struct disk_region *region, const struct disk_run *runs, u32 count)
{
    u64 size = 0;
    if (count == 0 || count > DISK_RUNS_MAX)
        return E_INVAL;
    for (u32 i = 0; i < count; i++) {
        u64 end;
        if (runs[i].length == 0 || __builtin_add_overflow(runs[i].address, runs[i].length, &end) ||
            __builtin_add_overflow(size, runs[i].length, &size))
            return E_INVAL;
        region->run[i] = runs[i];
    }
    region->size = size;
    region->run_count = count;
    region->users = 0;
    return E_OK;
}

err_t disk_attach(struct disk *disk, u32 client, const struct disk_run *runs, u32 count, u32 *region)
{
    for (u32 i = 0; i < DISK_REGIONS_MAX; i++) {
        if (disk->client[client].region[i].size > 0)
            continue;
        *region = i;
        return fill_region(&disk->client[client].region[i], runs, count);
    }
    return E_MFILE;
}

static struct disk_region *find_region(struct disk *disk, u32 client, u32 region)
{
    if (region >= DISK_REGIONS_MAX || disk->client[client].region[region].size == 0)
        return NULL;
    return &disk->client[client].region[region];
}

err_t disk_detach(struct disk *disk, u32 client, u32 index)
{
    struct disk_region *region = find_region(disk, client, index);
    if (!region)
        return E_NOENT;
    if (region->users > 0 || disk->runaway)
        return E_BUSY;
    region->size = 0;
    return E_OK;
}

static err_t check_data_order(struct disk *disk, u32 client, const struct disk_order *order)
{
    const struct disk_region *region = find_region(disk, client, order->region);
    u64 bytes = (u64)order->count * VIRTIO_BLK_SECTOR_SIZE;
    if (!region)
        return E_NOENT;
    if (order->count == 0 || bytes > DISK_BYTES_MAX || order->offset % VIRTIO_BLK_SECTOR_SIZE)
        return E_INVAL;
    if (order->offset > region->size || bytes > region->size - order->offset)
        return E_FAULT;
    if (order->sector > disk->sectors || order->count > disk->sectors - order->sector)
        return E_RANGE;
    return order->op == DISK_WRITE && disk->read_only ? E_ROFS : E_OK;
}

static err_t check_order(struct disk *disk, u32 client, const struct disk_order *order)
{
    if (disk->dead)
        return E_IO;
    if (order->op > DISK_FLUSH)
        return E_INVAL;
    return order->op == DISK_FLUSH ? E_OK : check_data_order(disk, client, order);
}

/*
 * The data's physical segments, cut at the runs' borders and at the device's limit. Returns how many; E_INVAL if the
 * device cannot take that many in one request.
 */
static err_t cut_segments(const struct disk *disk, const struct disk_region *region, const struct disk_order *order,
                          struct virtqueue_buffer *segment, u32 *count)
{
    u64 skip = order->offset, left = (u64)order->count * VIRTIO_BLK_SECTOR_SIZE;
    u32 n = 0, i = 0;
    for (; skip >= region->run[i].length; i++)
        skip -= region->run[i].length;
    while (left > 0) {
        u64 length = region->run[i].length - skip;
        length = length < left ? length : left;
        length = length < disk->segment_max ? length : disk->segment_max;
        if (n == disk->segments_max)
            return E_INVAL;
        segment[n++] = (struct virtqueue_buffer){region->run[i].address + skip, (u32)length, order->op == DISK_READ};
        left -= length;
        skip += length;
        if (skip == region->run[i].length)
            i++, skip = 0;
    }
    *count = n;
    return E_OK;
}

/* The whole chain of a request (§5.2.6): header, data, status. */
static err_t make_chain(struct disk *disk, u64 cookie, struct virtqueue_buffer *chain, u32 *count)
{
    const struct disk_order *order = &request_by_cookie(disk, cookie)->order;
    paddr_t phys = disk->shared_phys + cookie * sizeof(struct disk_shared);
    u32 segments = 0;
    if (order->op != DISK_FLUSH) {
        const struct disk_region *region = &disk->client[cookie / DISK_DEPTH].region[order->region];
        err_t error = cut_segments(disk, region, order, chain + 1, &segments);
        if (error)
            return error;
    }
    chain[0] = (struct virtqueue_buffer){phys, sizeof(struct virtio_blk_req), false};
    chain[1 + segments] = (struct virtqueue_buffer){phys + offsetof(struct disk_shared, status), 1, true};
    *count = segments + 2;
    return E_OK;
}

static void write_header(struct disk *disk, u64 cookie)
{
    static const u32 type[] = {
        [DISK_READ] = VIRTIO_BLK_T_IN, [DISK_WRITE] = VIRTIO_BLK_T_OUT, [DISK_FLUSH] = VIRTIO_BLK_T_FLUSH};
    const struct disk_order *order = &request_by_cookie(disk, cookie)->order;
    disk->shared[cookie].header =
        (struct virtio_blk_req){.type = type[order->op], .sector = order->op == DISK_FLUSH ? 0 : order->sector};
    disk->shared[cookie].status = STATUS_UNWRITTEN;
}

static void finish(struct disk *disk, u64 cookie, u32 status)
{
    struct disk_client *client = &disk->client[cookie / DISK_DEPTH];
    struct disk_request *request = request_by_cookie(disk, cookie);
    if (request->order.op != DISK_FLUSH)
        client->region[request->order.region].users--;
    request->status = status;
    request->sequence = disk->sequence++;
    request->state = client->state == CLIENT_CLOSING ? REQUEST_FREE : REQUEST_DONE;
    free_if_drained(client);
}

/* Hands one queued request to the device. False: the virtqueue is full, it stays queued. */
static bool launch(struct disk *disk, u64 cookie)
{
    struct virtqueue_buffer chain[SEGMENTS_MAX];
    u32 count;
    err_t error = make_chain(disk, cookie, chain, &count);
    if (!error) {
        write_header(disk, cookie);
        error = virtqueue_add(&disk->queue, chain, (u16)count, cookie);
    }
    if (error == E_AGAIN)
        return false;
    if (error)
        finish(disk, cookie, (u32)error);
    else
        request_by_cookie(disk, cookie)->state = REQUEST_FLYING;
    return true;
}

/* The oldest request of a client in a state, or NULL. */
static struct disk_request *oldest(struct disk_client *client, enum disk_request_state state)
{
    struct disk_request *best = NULL;
    for (u32 i = 0; i < DISK_DEPTH; i++) {
        struct disk_request *request = &client->request[i];
        if (request->state == state && (!best || request->sequence < best->sequence))
            best = request;
    }
    return best;
}

/* The next queued request, the clients in turn. False: none. */
static bool next_queued(struct disk *disk, u64 *cookie)
{
    for (u32 i = 0; i < DISK_CLIENTS_MAX; i++) {
        u32 index = (disk->turn + i) % DISK_CLIENTS_MAX;
        struct disk_request *request = oldest(&disk->client[index], REQUEST_QUEUED);
        if (!request)
            continue;
        *cookie = (u64)index * DISK_DEPTH + (u64)(request - disk->client[index].request);
        disk->turn = index + 1;
        return true;
    }
    return false;
}

/* Fills the virtqueue from what is queued. */
static void launch_queued(struct disk *disk)
{
    u64 cookie;
    bool any = false;
    while (next_queued(disk, &cookie)) {
        if (!launch(disk, cookie)) {
            disk->turn = (u32)(cookie / DISK_DEPTH); /* it goes first when there is room */
            break;
        }
        any = true;
    }
    if (any)
        virtio_notify(&disk->device, QUEUE, &disk->queue);
}

err_t disk_submit(struct disk *disk, u32 index, const struct disk_order *order)
{
    struct disk_client *client = &disk->client[index];
    struct disk_request *request = client->request;
    err_t error = check_order(disk, index, order);
    if (error)
        return error;
    while (request < client->request + DISK_DEPTH && request->state != REQUEST_FREE)
        request++;
    if (request == client->request + DISK_DEPTH)
        return E_AGAIN;
    *request = (struct disk_request){.state = REQUEST_QUEUED, .sequence = disk->sequence++, .order = *order};
    if (order->op != DISK_FLUSH)
        client->region[order->region].users++;
    else if (!disk->has_flush) /* a device without FLUSH writes through (§5.2.6.2) */
        finish(disk, (u64)index * DISK_DEPTH + (u64)(request - client->request), E_OK);
    launch_queued(disk);
    return E_OK;
}

err_t disk_collect(struct disk *disk, u32 client, u64 *tag, u32 *status)
{
    struct disk_request *request = oldest(&disk->client[client], REQUEST_DONE);
    if (!request)
        return E_AGAIN;
    *tag = request->order.tag;
    *status = request->status;
    request->state = REQUEST_FREE;
    return E_OK;
}

/* What the device says of a request, as an error code. A read counts only if all of it was written. */
static u32 result_of(struct disk *disk, u64 cookie, u32 written)
{
    const struct disk_order *order = &request_by_cookie(disk, cookie)->order;
    u64 expected = 1 + (order->op == DISK_READ ? (u64)order->count * VIRTIO_BLK_SECTOR_SIZE : 0);
    u8 status = *(volatile u8 *)&disk->shared[cookie].status;
    if (status == VIRTIO_BLK_S_UNSUPP)
        return E_NOTSUP;
    return status == VIRTIO_BLK_S_OK && written == expected ? E_OK : E_IO;
}

/* The device broke the protocol: it is reset, what was in flight fails, and after a few such times it stays off. */
static void revive(struct disk *disk)
{
    disk->runaway = virtio_reset(&disk->device) != E_OK;
    for (u64 cookie = 0; cookie < REQUESTS; cookie++)
        if (request_by_cookie(disk, cookie)->state == REQUEST_FLYING)
            finish(disk, cookie, E_IO);
    disk->dead = disk->runaway || ++disk->revivals > REVIVALS_MAX || start_device(disk) != E_OK;
}

/* What waits for a dead device need not wait on. */
static void fail_queued(struct disk *disk)
{
    u64 cookie;
    while (next_queued(disk, &cookie))
        finish(disk, cookie, E_IO);
}

void disk_interrupt(struct disk *disk)
{
    u64 cookie;
    u32 written;
    err_t error;
    if (disk->dead)
        return;
    virtio_interrupts(&disk->device);
    while (!(error = virtqueue_take(&disk->queue, &cookie, &written)))
        finish(disk, cookie, result_of(disk, cookie, written));
    if (error == E_IO)
        revive(disk);
    if (disk->dead)
        fail_queued(disk);
    else
        launch_queued(disk);
}
