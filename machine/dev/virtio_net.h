/*
 * The virtio network device (hw/virtio_net.h). Frames that the guest sends go to a function; frames for it wait in a
 * bounded queue until it has buffers, and are dropped when that is full, as a network does.
 */
#ifndef MACHINE_DEV_VIRTIO_NET_H
#define MACHINE_DEV_VIRTIO_NET_H

#include "machine/dev/virtio.h"

#define VIRTIO_NET_FRAME_MAX 1526 /* Ethernet with a VLAN tag */
#define VIRTIO_NET_WAITING   64

struct virtio_net_frame {
    uint32_t length;
    uint8_t bytes[VIRTIO_NET_FRAME_MAX];
};

struct virtio_net {
    struct {
        struct virtio_net_frame waiting[VIRTIO_NET_WAITING];
        uint32_t head, count;
    } state;
    uint8_t mac[6];
    struct virtio *virtio;
    void (*send)(void *ctx, const uint8_t *frame, size_t length);
    void *ctx;
    uint64_t dropped;
};

extern const struct virtio_class virtio_net_class;

/* A frame arrives for the guest. */
void virtio_net_receive(struct virtio_net *n, const uint8_t *frame, size_t length);

#endif
