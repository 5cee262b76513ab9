/* The virtio network device; see virtio_net.h. No offloads: a packet is a header of zeros and an Ethernet frame. */
#include "machine/dev/virtio_net.h"

#include <string.h>

#include "hw/virtio.h"
#include "hw/virtio_net.h"
#include "machine/dev/snapshot.h"

/* Moves waiting frames into the guest's buffers. One that is too small loses the frame. */
static void deliver(struct virtio_net *n)
{
    struct virtio_net_hdr header = {.num_buffers = 1};
    struct virtio_chain chain;

    while (n->state.count && virtio_next(n->virtio, VIRTIO_NET_QUEUE_RX, &chain)) {
        struct virtio_net_frame *f = &n->state.waiting[n->state.head];
        size_t done = virtio_write(n->virtio, &chain, 0, &header, sizeof header);
        done += virtio_write(n->virtio, &chain, sizeof header, f->bytes, f->length);
        virtio_complete(n->virtio, VIRTIO_NET_QUEUE_RX, &chain, (uint32_t)done);
        n->state.head = (n->state.head + 1) % VIRTIO_NET_WAITING;
        n->state.count--;
    }
}

void virtio_net_receive(struct virtio_net *n, const uint8_t *frame, size_t length)
{
    if (length > VIRTIO_NET_FRAME_MAX || n->state.count == VIRTIO_NET_WAITING) {
        n->dropped++;
        return;
    }
    struct virtio_net_frame *f = &n->state.waiting[(n->state.head + n->state.count++) % VIRTIO_NET_WAITING];
    f->length = (uint32_t)length;
    memcpy(f->bytes, frame, length);
    deliver(n);
}

static void transmit(struct virtio_net *n)
{
    struct virtio_chain chain;
    uint8_t frame[VIRTIO_NET_FRAME_MAX];

    while (virtio_next(n->virtio, VIRTIO_NET_QUEUE_TX, &chain)) {
        size_t length = virtio_read(n->virtio, &chain, sizeof(struct virtio_net_hdr), frame, sizeof frame);
        if (length && n->send)
            n->send(n->ctx, frame, length);
        virtio_complete(n->virtio, VIRTIO_NET_QUEUE_TX, &chain, 0);
    }
}

static void serve(struct virtio *v, void *device, unsigned queue)
{
    if (queue == VIRTIO_NET_QUEUE_TX)
        transmit(device);
    else
        deliver(device);
}

static uint8_t config(void *device, unsigned offset)
{
    const struct virtio_net *n = device;

    if (offset < VIRTIO_NET_CONFIG_MAC + sizeof n->mac)
        return n->mac[offset];
    return offset == VIRTIO_NET_CONFIG_STATUS ? VIRTIO_NET_S_LINK_UP : 0;
}

static void reset(void *device)
{
    struct virtio_net *n = device;

    n->state.head = n->state.count = 0;
}

static void snapshot(void *device, struct snapshot *shot)
{
    struct virtio_net *n = device;

    snapshot_state(shot, "virtio-net", &n->state);
    if (n->state.head >= VIRTIO_NET_WAITING || n->state.count > VIRTIO_NET_WAITING)
        shot->failed = true;
}

const struct virtio_class virtio_net_class = {
    .name = "net",
    .id = VIRTIO_ID_NET,
    .queues = 2,
    .features = VIRTIO_FEATURE(VIRTIO_NET_F_MAC) | VIRTIO_FEATURE(VIRTIO_NET_F_STATUS),
    .config = config,
    .serve = serve,
    .reset = reset,
    .snapshot = snapshot,
};
