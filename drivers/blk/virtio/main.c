/*
 * The block device service (proto/blk.idl, service "blk") over the first virtio block device of the hw session. The
 * service's gate opens sessions; a session's state is its client's place in struct disk, the memory it has attached,
 * and at most one call of `complete` that waits.
 */
#include "drivers/blk/virtio/disk.h"

#include "hw/virtio_blk.h"
#include "lib/drv/device.h"
#include "lib/tess/tess.h"
#include "proto/blk.h"
#include "proto/dataspace.h"
#include "proto/hw.h"

struct disk_session {
    struct session session;
    u32 client;
    cap_t waiting; /* reply of the `complete` that waits, 0 = none */
};

static struct disk disk;
static struct disk_session *session_of[DISK_CLIENTS_MAX]; /* by client */

/* The pinned dataspaces of each client's regions: held until the device is done with them, even behind the session. */
static cap_t pinned[DISK_CLIENTS_MAX][DISK_REGIONS_MAX];

static void release_pins(u32 client)
{
    for (u32 i = 0; i < DISK_REGIONS_MAX; i++) {
        slot_drop(pinned[client][i]);
        pinned[client][i] = 0;
    }
}

/* --- handlers --- */

static err_t serve_info(void *self, u64 *sectors, u32 *sector_size, u32 *queue_depth, u32 *read_only, u32 *max_bytes)
{
    *sectors = disk.sectors;
    *sector_size = VIRTIO_BLK_SECTOR_SIZE;
    *queue_depth = DISK_DEPTH;
    *read_only = disk.read_only;
    *max_bytes = DISK_BYTES_MAX;
    return E_OK;
}

/* Where a dataspace is in physical memory. E_INVAL: in more pieces than a region may have. */
static err_t find_runs(cap_t dataspace, struct disk_run *runs, u32 *count)
{
    u64 size, offset = 0;
    u32 access;
    err_t error = dataspace_info(dataspace, &size, &access);
    for (*count = 0; !error && offset < size; ++*count) {
        if (*count == DISK_RUNS_MAX)
            return E_INVAL;
        struct disk_run *run = &runs[*count];
        error = dataspace_phys(dataspace, offset, &run->address, &run->length);
        if (!error && run->length == 0)
            return E_INVAL;
        offset += run->length;
    }
    return error;
}

/* `pin` is root's own word on the client's dataspace: what the client says of it is not asked for. */
static err_t attach_pinned(struct disk_session *s, cap_t pin, u32 *region)
{
    struct disk_run runs[DISK_RUNS_MAX];
    u32 count;
    err_t error = find_runs(pin, runs, &count);
    if (!error)
        error = disk_attach(&disk, s->client, runs, count, region);
    if (!error)
        pinned[s->client][*region] = pin;
    return error;
}

static err_t serve_attach(void *self, cap_t dataspace, u32 *region)
{
    cap_t pin = slot_alloc();
    if (!pin)
        return E_NOMEM;
    err_t error = hw_pin(env_cap("hw"), wire_cap(dataspace), pin);
    if (!error)
        error = attach_pinned(self, pin, region);
    if (error)
        slot_drop(pin);
    return error;
}

static err_t serve_detach(void *self, u32 region)
{
    struct disk_session *s = self;
    err_t error = disk_detach(&disk, s->client, region);
    if (error)
        return error;
    slot_drop(pinned[s->client][region]);
    pinned[s->client][region] = 0;
    return E_OK;
}

/* Answers the `complete` that waits, if a request is done. */
static void answer_waiting(struct disk_session *s)
{
    struct msg m = {0};
    u64 tag;
    u32 status;
    if (!s->waiting || disk_collect(&disk, s->client, &tag, &status))
        return;
    blk_complete_reply(&m, tag, status);
    serve_answer(s->waiting, &m);
    s->waiting = 0;
}

static err_t serve_submit(void *self, u32 region, u64 offset, u64 sector, u32 count, u32 op, u64 tag)
{
    struct disk_session *s = self;
    const struct disk_order order = {
        .region = region, .count = count, .op = op, .offset = offset, .sector = sector, .tag = tag};
    err_t error = disk_submit(&disk, s->client, &order);
    if (!error)
        answer_waiting(s); /* some requests are done without the device */
    return error;
}

static err_t serve_complete(void *self, u64 *tag, u32 *status)
{
    struct disk_session *s = self;
    if (s->waiting)
        return E_BUSY;
    if (!disk_collect(&disk, s->client, tag, status))
        return E_OK;
    s->waiting = serve_keep_reply();
    return s->waiting ? WIRE_LATER : E_AGAIN;
}

/* --- sessions --- */

static bool dispatch_session(struct session *session, struct msg *m)
{
    static const struct blk_handlers handlers = {.info = serve_info,
                                                 .attach = serve_attach,
                                                 .detach = serve_detach,
                                                 .submit = serve_submit,
                                                 .complete = serve_complete};
    return blk_dispatch(&handlers, session, m);
}

static void close_session(struct session *session)
{
    struct disk_session *s = (struct disk_session *)session;
    if (s->waiting)
        serve_drop_reply(s->waiting);
    session_of[s->client] = NULL;
    disk_close(&disk, s->client);
    if (disk_is_free(&disk, s->client))
        release_pins(s->client);
}

static const struct session_type session_type = {"blk", sizeof(struct disk_session), dispatch_session, close_session};

static err_t serve_open(void *self, struct map_item *session)
{
    u32 client;
    err_t error = disk_open(&disk, &client);
    if (error)
        return error;
    struct disk_session *s = (struct disk_session *)session_create(&session_type);
    if (!s) {
        disk_close(&disk, client);
        return E_NOMEM;
    }
    s->client = client;
    session_of[client] = s;
    *session = session_item(&s->session);
    return E_OK;
}

static bool dispatch_service(struct session *session, struct msg *m)
{
    static const struct blk_handlers handlers = {.info = serve_info, .open = serve_open};
    return blk_dispatch(&handlers, session, m);
}

static bool dispatch_irq(struct session *session, struct msg *m)
{
    disk_interrupt(&disk);
    irq_unmask(session->gate);
    for (u32 i = 0; i < DISK_CLIENTS_MAX; i++) {
        if (session_of[i])
            answer_waiting(session_of[i]);
        else if (disk_is_free(&disk, i))
            release_pins(i);
    }
    return false;
}

static const struct session_type service_type = {"blk service", sizeof(struct session), dispatch_service, NULL};
static const struct session_type irq_type = {"irq", sizeof(struct session), dispatch_irq, NULL};
static struct session service = {.type = &service_type};
static struct session irq_session = {.type = &irq_type};

/* --- start --- */

static err_t probe(vaddr_t registers)
{
    return virtio_probe(registers, VIRTIO_ID_BLK);
}

static err_t start(void)
{
    u32 index = 0;
    vaddr_t registers;
    cap_t irq;
    struct dma dma;
    err_t error = device_find(&index, &registers, probe);
    if (error || (error = device_irq(index, &irq)) || (error = dma_alloc(&dma, disk_memory_bytes())))
        return error;
    if ((error = disk_start(&disk, registers, dma.memory, dma.phys)) || (error = serve_init(1, DISK_CLIENTS_MAX + 1)))
        return error;
    if ((error = serve_irq(&irq_session, irq)) || (error = irq_unmask(irq)))
        return error;
    return serve_service(&service, "blk");
}

int main(void)
{
    err_t error = start();
    if (error)
        log_panic("no block device: error %d", error);
    serve_run();
}
