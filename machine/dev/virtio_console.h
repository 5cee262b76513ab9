/*
 * The virtio console (hw/virtio_console.h) with several named ports, each a byte stream to and from the host, such as
 * scripts use to move files and results. Ports are numbered from 1; there is no port 0, which would be a console.
 */
#ifndef MACHINE_DEV_VIRTIO_CONSOLE_H
#define MACHINE_DEV_VIRTIO_CONSOLE_H

#include "machine/dev/virtio.h"

#define VIRTIO_CONSOLE_PORTS   4
#define VIRTIO_CONSOLE_PENDING 64

/* What stands behind a port on the host. Functions do not block. */
struct console_peer {
    void (*send)(void *ctx, const uint8_t *bytes, size_t count);
    size_t (*receive)(void *ctx, uint8_t *bytes, size_t room); /* 0: nothing now; NULL: never anything */
    void *ctx;
};

struct virtio_console_message {
    uint32_t id;
    uint16_t event, value;
};

struct virtio_console {
    struct {
        struct virtio_console_message pending[VIRTIO_CONSOLE_PENDING]; /* control messages for the driver */
        uint32_t pending_count;
        bool guest_open[VIRTIO_CONSOLE_PORTS];
    } state;
    unsigned port_count;                     /* highest number + 1 */
    const char *names[VIRTIO_CONSOLE_PORTS]; /* NULL: no such port */
    struct console_peer peers[VIRTIO_CONSOLE_PORTS];
    struct virtio *virtio;
};

extern const struct virtio_class virtio_console_class;

/* Moves what the hosts' peers have to say into the guest's buffers. Called from time to time by the machine. */
void virtio_console_poll(struct virtio_console *c);

#endif
